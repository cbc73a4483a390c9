"""What a bulk run does beside its actions: signals, progress and advice."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.cli.bulk.summary import print_summary
from plivo_phlo_async.emulator import PhloEmulator

from ..conftest import Run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("calls.csv").write_text("verb,trigger_source,to\ncall,12025550000,12025551001\n")


def test_a_ctrl_c_after_the_last_action_changes_neither_summary_nor_exit_code(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        print_summary(*args)

    monkeypatch.setattr("plivo_phlo_async.cli.bulk.command.print_summary", interrupted)
    code, _, err = plivo_phlo("bulk", "calls.csv")

    assert code == 0
    assert "done       1" in err
