"""The example PHLOs load, and name only what is there on every machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plivo_phlo_async.emulator.flow.check import check_file
from plivo_phlo_async.emulator.flow.problems import Severity
from plivo_phlo_async.emulator.flow.reader import load_phlo

FLOWS = Path(__file__).parents[2] / "examples" / "flows"
FILES = sorted(FLOWS.glob("*.phlo.yaml"))
NUMBER = re.compile(r"\+?\b[0-9]{10,}\b")
FICTIONAL = re.compile(r"\+1415555[0-9]{4}|\+?1202555[0-9]{4}|442079460[0-9]{3}")
URL = re.compile(r"https?://[^/\s]+")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def test_there_are_fourteen() -> None:
    assert [path.name[:2] for path in FILES] == [f"{number:02}" for number in range(1, 15)]


@each_file
def test_it_loads(path: Path) -> None:
    phlo = load_phlo(path)

    assert phlo.nodes
    assert phlo.phlo_id == path.name[3:].removesuffix(".phlo.yaml")


@each_file
def test_it_has_no_warnings(path: Path) -> None:
    found = check_file(path).problems

    assert [str(each) for each in found if each.severity is not Severity.NOTE] == []


@each_file
def test_its_comment_shows_how_to_try_it(path: Path) -> None:
    comment = path.read_text().partition("\nphlo:")[0]

    assert f"#   plivo-phlo emulate --flow examples/flows/{path.name}\n" in comment
    assert all(line.startswith("#") for line in comment.strip().splitlines())


@each_file
def test_what_starts_it_is_in_its_comment(path: Path) -> None:
    phlo = load_phlo(path)
    comment = path.read_text().partition("\nphlo:")[0]

    assert all(number in comment for number in phlo.numbers)
    if "API Request" in phlo.start.triggers:
        assert f"#   plivo-phlo run --phlo {phlo.phlo_id} " in comment
        assert all(f" {key}=" in comment for key in phlo.start.keys)


@each_file
def test_its_numbers_are_fictional(path: Path) -> None:
    found = NUMBER.findall(path.read_text())

    assert [number for number in found if not FICTIONAL.fullmatch(number)] == []


@each_file
def test_its_requests_stay_on_the_machine(path: Path) -> None:
    assert {*URL.findall(path.read_text())} <= {"http://127.0.0.1:8000"}


def test_each_has_its_own_id_and_numbers() -> None:
    phlos = [load_phlo(path) for path in FILES]
    numbers = [number for phlo in phlos for number in phlo.numbers]

    assert len({phlo.phlo_id for phlo in phlos}) == len(phlos)
    assert len({*numbers}) == len(numbers)


def test_the_table_lists_every_file() -> None:
    table = (FLOWS / "README.md").read_text()

    assert re.findall(r"\(([^)]+\.phlo\.yaml)\)", table) == [path.name for path in FILES]
