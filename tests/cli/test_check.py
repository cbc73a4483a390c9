"""`plivo-phlo check`: what is wrong with files of PHLOs, line by line or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plivo_phlo_async.emulator.flow.schema import json_schema

from .conftest import Installed, Run

GOOD = """\
phlo: Good
start: {Incoming Call: Menu}
nodes:
  Menu: {component: Play Audio, prompt: "Hi {{Start.message.text}}"}
"""
BROKEN = """\
phlo: Broken
start: {Incoming Call: '12025550123'}
nodes: {}
"""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD)
    Path("broken.yaml").write_text(BROKEN)


def test_warnings_and_notes_are_shown_and_refuse_nothing(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("check", "good.yaml")

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "good.yaml:4:3: note: nodes.Menu: nothing is connected to Prompt Completed.",
        "good.yaml:4:41: warning: nodes.Menu.prompt: {{Start.message.text}}: it is empty in a run"
        " that began by Incoming Call.",
        "good.yaml: 1 node; no errors, 1 warning, 1 note.",
    ]


def test_an_error_is_shown_as_it_is_and_exits_2(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("check", "broken.yaml")

    assert (code, err) == (2, "")
    assert out.splitlines() == [
        "broken.yaml:2:24: start.Incoming Call: no node '…0123'.",
        "broken.yaml: 1 error, no warnings, no notes.",
    ]


def test_one_file_of_several_with_an_error_exits_2(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("check", "good.yaml", "broken.yaml", "missing.yaml")

    assert code == 2
    assert "missing.yaml: No such file or directory." in out.splitlines()
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        *["good.yaml"] * 3,
        *["broken.yaml"] * 2,
        *["missing.yaml"] * 2,
    ]


def test_problems_are_a_json_list(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("check", "--json", "good.yaml", "broken.yaml")
    problems = json.loads(out)

    assert (code, err) == (2, "")
    assert [problem["severity"] for problem in problems] == ["note", "warning", "error"]
    assert problems[2] == {
        "source": "broken.yaml",
        "line": 2,
        "column": 24,
        "place": "start.Incoming Call",
        "text": "no node '12025550123'.",
        "severity": "error",
    }


def test_files_without_problems_are_an_empty_list(plivo_phlo: Run) -> None:
    Path("bye.yaml").write_text(
        "phlo: T\nstart: {Incoming Call: B}\nnodes: {B: {component: hangup}}"
    )

    assert plivo_phlo("check", "--json", "bye.yaml") == (0, "[]\n", "")


def test_the_schema_is_printed(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("check", "--schema")

    assert (code, err) == (0, "")
    assert json.loads(out) == json_schema()


def test_without_a_file_it_says_so(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("check")

    assert (code, out) == (2, "")
    assert err == "plivo-phlo check: give a file: plivo-phlo check support.phlo.yaml.\n"


@pytest.mark.parametrize("missing", ["yaml", "liquid"])
def test_without_the_libraries_of_flows_it_says_what_to_install(
    without: Installed, missing: str
) -> None:
    done = without(missing, argv=["check", "good.yaml"])

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "plivo-phlo check: Flows need python-liquid, PyYAML and phonenumberslite:"
        " pip install 'plivo-phlo-async[flows]'\n"
    )
