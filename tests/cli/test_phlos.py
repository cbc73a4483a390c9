"""The commands for a PHLO: `run` and `show`."""

from __future__ import annotations

import json

import pytest

from plivo_phlo_async.emulator import PhloEmulator

from .conftest import Run


def test_run_gives_its_start_node_what_it_declares(plivo_phlo: Run, emulator: PhloEmulator) -> None:
    code, out, _ = plivo_phlo("run", "name=Carl", "--payload", '{"name": "x", "times": 3}')

    assert code == 0
    assert ": accepted in " in out
    assert emulator.received[-1].body == {"name": "Carl", "times": 3}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_show_prints_the_phlo_its_node_and_a_run(
    plivo_phlo: Run, emulator: PhloEmulator, options: list[str]
) -> None:
    run_id = json.loads(plivo_phlo("run", "--json")[1])["result"]["run_id"]
    code, out, err = plivo_phlo("show", "--run", run_id, *options)

    assert (code, err) == (0, "")
    assert all(word in out for word in ("phlo", "node", "run", run_id, "multi_party_call"))


def test_show_prints_the_phlo_alone_where_no_node_is_named(
    plivo_phlo: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLIVO_NODE_ID")
    code, out, _ = plivo_phlo("show", "--json")

    assert (code, list(json.loads(out))) == (0, ["phlo"])
