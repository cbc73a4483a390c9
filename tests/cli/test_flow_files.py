"""The flows of `plivo-phlo emulate`: loaded, reloaded, and refused with every problem."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from plivo_phlo_async.cli.flow_files import FlowFiles
from plivo_phlo_async.emulator import PhloEmulator

from .conftest import Run
from .test_emulate import ask, emulating

FLOW = """\
phlo: Hello
id: hello
numbers: ["+14155550100"]
start: {Incoming Call: Say}
nodes:
  Say: {component: Play Audio, prompt: Hello.}
"""


def _changed(path: Path, text: str) -> None:
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 1, before + 1))  # a clock may be too coarse to differ


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hello.phlo.yaml"
    path.write_text(FLOW)
    return path


def test_a_file_is_loaded_again_when_it_changes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator, files = PhloEmulator(), FlowFiles([path])
    files.load(emulator)
    _changed(path, FLOW.replace("phlo: Hello", "phlo: Changed"))

    files.reload_changed(emulator)

    assert emulator.phlos[0].name == "Changed"
    assert capsys.readouterr().err == f"# {path}: loaded again.\n"


def test_a_file_that_has_not_changed_keeps_its_runs(path: Path) -> None:
    emulator, files = PhloEmulator(), FlowFiles([path])
    files.load(emulator)
    run = emulator.phone("12025550000").calls("+14155550100")

    files.reload_changed(emulator)

    assert run.ended is None


def test_a_change_with_problems_is_reported_once_and_leaves_the_flow(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator, files = PhloEmulator(), FlowFiles([path])
    files.load(emulator)
    _changed(path, FLOW.replace("Call: Say", "Call: Sai"))

    files.reload_changed(emulator)
    files.reload_changed(emulator)

    problem = f"{path}:4:24: start.Incoming Call: no node 'Sai' (did you mean Say?)."
    reported = f"{problem}\n# {path}: not loaded; the version before still runs.\n"
    assert capsys.readouterr().err == reported
    assert emulator.dashboard()["file_problems"] == {str(path): problem}
    assert emulator.phone("12025550000").calls("+14155550100").path == ["Start", "Say"]


def test_the_problems_of_a_file_end_with_its_next_version(path: Path) -> None:
    emulator, files = PhloEmulator(), FlowFiles([path])
    files.load(emulator)
    _changed(path, FLOW.replace("Call: Say", "Call: Sai"))
    files.reload_changed(emulator)

    _changed(path, FLOW.replace("phlo: Hello", "phlo: Changed again"))
    files.reload_changed(emulator)

    assert emulator.dashboard()["file_problems"] == {}


def test_a_change_says_how_many_live_runs_it_stops(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator, files = PhloEmulator(), FlowFiles([path])
    files.load(emulator)
    run = emulator.phone("12025550000").calls("+14155550100")
    _changed(path, FLOW.replace("phlo: Hello", "phlo: Changed"))

    files.reload_changed(emulator)

    assert run.ended == "stopped: the PHLO was replaced"
    assert capsys.readouterr().err == f"# {path}: loaded again; stopped 1 live run.\n"


def test_a_flow_takes_the_place_of_the_demo_phlo(path: Path) -> None:
    with emulating("--flow", str(path)) as settings:
        nodes = ask(settings, "dashboard")["nodes"]

    assert settings["PLIVO_PHLO_ID"] == "hello"
    assert "PLIVO_NODE_ID" not in settings
    assert nodes == []


def test_a_file_that_is_gone_leaves_its_flow(path: Path) -> None:
    emulator, files = PhloEmulator(), FlowFiles([path])
    files.load(emulator)
    path.unlink()

    files.reload_changed(emulator)

    assert emulator.phlos[0].name == "Hello"


def test_the_first_flow_is_the_phlo_of_the_environment(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.phlo.yaml"
    other.write_text(FLOW.replace("hello", "other").replace("0100", "0101"))

    with emulating("--flow", str(path), "--flow", str(other)) as settings:
        flows = ask(settings, "runs")["flows"]

    assert settings["PLIVO_PHLO_ID"] == "hello"
    assert {flow["phlo_id"] for flow in flows} == {"hello", "other"}


def test_the_options_of_flows_reach_the_emulator(path: Path) -> None:
    options = ["--flow", str(path), "--prompt-speed", "0", "--speed", "10"]
    with emulating(*options, "--allow-host", "api.example.com") as settings:
        ask(settings, "phones/12025550000/call", {"to": "+14155550100"})
        (run,) = ask(settings, "runs")["runs"]

    assert run["ended"] == "finished at Say with Prompt Completed"


def test_runs_outlive_the_command(path: Path, tmp_path: Path) -> None:
    options = ["--flow", str(path), "--state", str(tmp_path / "state.json")]
    with emulating(*options, "--prompt-speed", "0.001") as settings:
        ask(settings, "phones/12025550000/call", {"to": "+14155550100"})
    with emulating(*options) as settings:
        (run,) = ask(settings, "runs")["runs"]

    assert [token["node"] for token in run["waiting"]] == ["Say"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--flow", "none.phlo.yaml"], "none.phlo.yaml: No such file or directory"),
        (["--watch"], "--watch needs a --flow."),
        (["--speed", "0"], "0.0 is not in the range"),
        (["--allow-host", "http://x"], "give HOST or HOST=URL"),
        (["--allow-host", "x=y"], "give HOST or HOST=URL"),
    ],
)
def test_what_is_wrong_is_one_line(plivo_phlo: Run, options: list[str], says: str) -> None:
    code, _, printed = plivo_phlo("emulate", *options)

    assert code == 2
    assert says in printed


def test_a_flow_with_problems_shows_all_of_them(plivo_phlo: Run, path: Path) -> None:
    path.write_text(FLOW.replace("Call: Say", "Call: Sai").replace("Play Audio", "Play"))

    code, _, printed = plivo_phlo("emulate", "--flow", str(path))

    assert code == 2
    assert "no node 'Sai'" in printed
    assert "no component 'Play'" in printed


def test_a_state_with_damaged_runs_is_one_line(plivo_phlo: Run, path: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    kept = {"version": 2, "calls": [], "dialled": {}, "phones": {}, "flow_runs": {"runs": []}}
    state.write_text(json.dumps(kept))

    code, _, printed = plivo_phlo("emulate", "--flow", str(path), "--state", str(state))

    assert code == 2
    assert "--state: flow_runs: it is not of an emulator's state (KeyError: 'timers')." in printed


def test_two_files_with_the_same_id_are_refused(
    plivo_phlo: Run, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.phlo.yaml"
    other.write_text(FLOW)

    code, _, printed = plivo_phlo("emulate", "--flow", str(path), "--flow", str(other))

    assert code == 2
    assert f"{other}: {path} has the id 'hello' too." in printed
