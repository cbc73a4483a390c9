"""The page on PHLOs as files: its file, what it says about errors, and the same in Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plivo_phlo_async.emulator.flow import FlowError, Phlo
from plivo_phlo_async.emulator.flow.reader import read_phlo_text

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "phlo-files.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


(FILE,) = _blocks("yaml")
(ERRORS,) = _blocks("text")
(PROGRAM,) = _blocks("python")


def test_the_file_and_the_program_are_the_same_phlo() -> None:
    names: dict[str, object] = {}
    exec(PROGRAM, names)

    assert isinstance(names["phlo"], Phlo)
    assert names["phlo"] == read_phlo_text(FILE)


def test_the_errors_are_those_of_the_file() -> None:
    broken = FILE.replace("[1, 2]", "[1, 2, 22]").replace("No Input:", "No input:")

    with pytest.raises(FlowError) as caught:
        read_phlo_text(broken, "shop.phlo.yaml")

    assert f"{caught.value}\n" == ERRORS
