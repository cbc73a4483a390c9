"""The page on scenarios: its files, and what a failure looks like."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plivo_phlo_async.cli import plivo_phlo
from plivo_phlo_async.emulator import PhoneBehaviour
from plivo_phlo_async.emulator.flow.scenario.reader import read_scenarios
from plivo_phlo_async.emulator.flow.scenario.values import EXPECT_KEYS, STEPS

from .test_phlo_files import FILE

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "test-a-phlo-in-ci.md").read_text()
YAML = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SCENARIOS, UNANSWERED, ANSWERS, ACTIONS = YAML
(FAILURE,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
TIME = re.compile(r"\((\d+ ms|\d+\.\d\d s)\)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.phlo.yaml").write_text(FILE)
    (tmp_path / "shop.scenario.yaml").write_text(SCENARIOS)
    return tmp_path


def _tested() -> Result:
    return CliRunner().invoke(plivo_phlo, ["test", "shop.phlo.yaml", "shop.scenario.yaml"])


@pytest.mark.usefixtures("folder")
def test_the_scenarios_pass() -> None:
    done = _tested()

    assert done.exit_code == 0, done.stdout


def test_the_scenario_of_a_desk_that_does_not_answer_passes(folder: Path) -> None:
    (folder / "shop.scenario.yaml").write_text(UNANSWERED)
    done = _tested()

    assert done.exit_code == 0, done.stdout


def test_a_failure_is_printed_as_the_page_shows_it(folder: Path) -> None:
    broken = FILE.replace("2: Leave_message", "2: Desk")
    (folder / "shop.phlo.yaml").write_text(broken)
    done = _tested()

    assert done.exit_code == 1
    assert TIME.sub("(TIME)", done.stdout) == TIME.sub("(TIME)", FAILURE)


def test_the_answers_are_read() -> None:
    (scenario,) = read_scenarios(ANSWERS)

    assert [*scenario.http.values()] == [
        {"name": "Ann", "tier": "gold"},
        201,
        (409, "Not now"),
        "refused",
    ]


def test_every_step_key_and_behaviour_of_a_phone_is_on_the_page() -> None:
    assert all(f"| `{does}` |" in PAGE for does in PhoneBehaviour)
    assert all(re.search(rf"`{step}[:`]", PAGE) for step in STEPS)
    assert all(f"| `{key}` |" in PAGE for key in EXPECT_KEYS)


def test_the_commands_of_the_workflow_are_those_of_the_page() -> None:
    assert "plivo-phlo test shop.phlo.yaml shop.scenario.yaml --junit results.xml" in ACTIONS
