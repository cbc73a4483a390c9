"""Flows in tests: what a phone hears, stubs that must be used, failures, recorded runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plivo_phlo_async.testing import RecordedRun, load_run

from ..emulator.flow.flows import AGENT, CALLER, NUMBER, StillEmulator, document

pytest_plugins = ["pytester"]

FLOW = """
phlo: Hello
numbers: ["+14155550100"]
start: {Incoming Call: Look_up}
nodes:
  Look_up:
    component: HTTP Request
    method: GET
    url: http://127.0.0.1:8000/customers
    next: Menu
  Menu: {component: IVR Menu, prompt: Press 1., inputs: [1]}
"""


@pytest.fixture
def still() -> StillEmulator:
    return StillEmulator()


def test_a_phone_hears_a_part_of_its_last_prompt(still: StillEmulator) -> None:
    phone = still.load("Say", "Menu").phone(CALLER)
    phone.calls(NUMBER)

    phone.hears("Press 1")


def test_a_prompt_before_the_last_is_not_heard_now(still: StillEmulator) -> None:
    phone = still.load("Say", "Menu").phone(CALLER)
    phone.calls(NUMBER)

    with pytest.raises(AssertionError) as caught:
        phone.hears("Hello")
    assert str(caught.value).splitlines() == [
        "12025550000 did not hear 'Hello' last.",
        "It heard:",
        "  1. Hello.",
        "  2. Press 1 or 2.",
        "Run of Test (Incoming Call): Start > Say > Menu",
        "  waits at Menu for: keys, 5 seconds at most",
        "  12025550000 heard: Hello.",
        "  12025550000 heard: Press 1 or 2.",
    ]


def test_a_phone_that_heard_nothing_says_so(still: StillEmulator) -> None:
    phone = still.load("Say").phone(CALLER)

    with pytest.raises(AssertionError, match="did not hear 'Hello'; it has heard nothing"):
        phone.hears("Hello")


def _project(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makefile(".phlo.yaml", hello=FLOW)
    pytester.makepyfile(test)
    return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")


LOAD = """
def test_it(phlo_emulator, phlo_clock):
    phlo_emulator.load_flow("hello.phlo.yaml", http={"GET http://127.0.0.1:8000/customers": 404})
    caller = phlo_emulator.phone("12025550000")
"""


@pytest.mark.usefixtures("unmeasured")
def test_a_stub_that_no_request_uses_fails_the_test(pytester: pytest.Pytester) -> None:
    result = _project(pytester, LOAD)

    result.assert_outcomes(passed=1, errors=1)
    text = "no request used these answers of load_flow(http=): GET http://127.0.0.1:8000/customers"
    result.stdout.fnmatch_lines([f"*{text}*"])


@pytest.mark.usefixtures("unmeasured")
def test_a_failure_shows_the_runs(pytester: pytest.Pytester) -> None:
    lines = """
    run = caller.calls("+14155550100")
    assert run.ended
"""
    result = _project(pytester, LOAD + lines)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*Runs of PHLOs*",
            "Run of Hello (Incoming Call): Start > Look_up > Menu",
            "  waits at Menu for: keys, 5 seconds at most",
            "  12025550000 heard: Press 1.",
        ]
    )


def _recorded(still: StillEmulator, *names: str) -> str:
    phone = still.load(names[0], *names[1:]).phone(CALLER)
    run = phone.calls(NUMBER)
    phone.presses("1")
    still.clock.advance(30)
    return run.dump()


def test_a_recorded_run_is_repeated(still: StillEmulator, tmp_path: Path) -> None:
    dump = _recorded(still, "Menu", "Forward", "Text")
    (run,) = still.emulator.runs
    path = tmp_path / "run.json"
    path.write_text(dump)

    repeated = load_run(path)

    assert repeated == load_run(dump)
    assert repeated == RecordedRun(
        run.path, run.states, run.outputs, run.waiting, run.ended, run.notes
    )


def test_a_recorded_run_shows_what_a_change_of_the_flow_does(still: StillEmulator) -> None:
    dump = _recorded(still, "Menu", "Text")
    changed = document("Menu", "Bye", Menu={"next": {"1": "Bye"}})

    repeated = load_run(dump, still.emulator.load_flow(changed))

    assert json.loads(dump)["path"] == ["Start", "Menu", "Text"]
    assert repeated.path == ["Start", "Menu", "Bye"]
    assert repeated.ended == "hung up at Bye"


@pytest.mark.parametrize("dump", ["{}", '{"flow": {}}', '{"history": 5}', "{"])
def test_what_is_no_recorded_run_is_an_error(dump: str) -> None:
    with pytest.raises(ValueError, match=r"dump is not of a run|Expecting"):
        load_run(dump)


def test_a_forwarded_call_is_repeated_with_its_legs(still: StillEmulator) -> None:
    emulator = still.load("Forward")
    emulator.set_phone(AGENT, "reject")
    run = emulator.phone(CALLER).calls(NUMBER)

    repeated = load_run(run.dump())

    assert repeated.states == run.states
    assert repeated.states[-1] == ("Forward", "Busy/Rejected")
