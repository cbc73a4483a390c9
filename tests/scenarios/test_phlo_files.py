"""The page on PHLOs as files: its file, what it says about errors, and the same in Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from plivo_phlo_async.cli import plivo_phlo
from plivo_phlo_async.emulator.flow import Phlo
from plivo_phlo_async.emulator.flow.drawing.svg import to_svg
from plivo_phlo_async.emulator.flow.reader import read_phlo_text

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "phlo-files.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


(FILE,) = _blocks("yaml")
ERRORS, OUTLINE = _blocks("text")
(PROGRAM,) = (block for block in _blocks("python") if "Flow(" in block)


def test_the_file_and_the_program_are_the_same_phlo() -> None:
    names: dict[str, object] = {}
    exec(PROGRAM, names)

    assert isinstance(names["phlo"], Phlo)
    assert names["phlo"] == read_phlo_text(FILE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_has_no_errors_and_no_warnings(folder: Path) -> None:
    (folder / "shop.phlo.yaml").write_text(FILE)
    done = CliRunner().invoke(plivo_phlo, ["check", "shop.phlo.yaml"])

    assert done.exit_code == 0
    assert "no errors, no warnings" in done.stdout


def test_the_errors_are_those_of_the_command(folder: Path) -> None:
    broken = FILE.replace("[1, 2]", "[1, 2, 22]").replace("No Input:", "No input:")
    (folder / "shop.phlo.yaml").write_text(broken)
    done = CliRunner().invoke(plivo_phlo, ["check", "shop.phlo.yaml"])

    assert done.exit_code == 2
    assert done.stdout == ERRORS


def test_the_drawing_is_that_of_the_command(folder: Path) -> None:
    (folder / "shop.phlo.yaml").write_text(FILE)
    done = CliRunner().invoke(plivo_phlo, ["flow", "draw", "shop.phlo.yaml"])

    assert done.stdout == OUTLINE


def test_the_image_is_that_of_the_command() -> None:
    image = Path(__file__).parents[2] / "docs" / "images" / "shop-phlo.svg"

    assert image.read_text() == to_svg(read_phlo_text(FILE))
