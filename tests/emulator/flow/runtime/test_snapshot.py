"""Runs survive a restart, whatever they wait for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from plivo_phlo_async.emulator import PhloEmulator, Phone
from plivo_phlo_async.emulator.errors import ApiError, InvalidParameter
from plivo_phlo_async.emulator.persistence import dump_snapshot, parse_snapshot

from ..flows import AGENT, CALLER, NUMBER, StillEmulator, document


def _restart(still: StillEmulator, flow: dict[str, Any]) -> PhloEmulator:
    """Return a new emulator with what the first one kept, as JSON, and the same clock."""
    text = json.dumps(dump_snapshot(still.emulator.snapshot()))
    clock = still.clock
    after = PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep, prompt_speed=None)
    after.load_flow(flow)
    after.restore(parse_snapshot(json.loads(text)))
    return after


@pytest.mark.parametrize(
    ("first", "seconds", "state"),
    [
        ("Menu", 5, "No Input"),
        ("Ask", 5, "No Input"),
        ("Ring", 20, "No Answer"),
        ("Forward", 30, "No Answer"),
        ("Voicemail", 15, "Recording Completed"),
        ("Fetch", 0, "Failed"),
    ],
)
def test_a_run_goes_on_after_a_restart(
    still: StillEmulator, first: str, seconds: float, state: str
) -> None:
    flow = document(first)
    still.emulator.load_flow(flow)
    still.emulator.set_phone(AGENT, "never")
    run_id = still.emulator.phone(CALLER).calls(NUMBER).run_id
    still.clock.advance(seconds / 2)

    after = _restart(still, flow)

    still.clock.advance(seconds / 2 + 0.1)
    assert [run.run_id for run in after.runs] == [run_id]
    assert after.runs[0].states[-1] == (first, state)


def test_a_run_in_a_conference_goes_on_after_a_restart(still: StillEmulator) -> None:
    flow = document("Agents", "Text")
    still.emulator.load_flow(flow)
    still.emulator.phone(CALLER).calls(NUMBER)

    after = _restart(still, flow)
    after.phone(CALLER).hangs_up()
    after.phone(AGENT).hangs_up()

    assert after.runs[0].states[1:] == [("Agents", "Completed"), ("Text", "Sent")]


def test_a_phone_is_still_in_its_call_after_a_restart(still: StillEmulator) -> None:
    flow = document("Menu")
    still.emulator.load_flow(flow)
    still.emulator.phone(CALLER).calls(NUMBER)

    after = _restart(still, flow)
    after.phone(CALLER).presses("1")

    assert after.runs[0].states[-1] == ("Menu", "1")


def test_a_recording_goes_on_after_a_restart(still: StillEmulator) -> None:
    flow = document("Voicemail")
    still.emulator.load_flow(flow)
    still.emulator.phone(CALLER).calls(NUMBER)
    still.emulator.phone(CALLER).speaks(2)

    after = _restart(still, flow)
    after.phone(CALLER).speaks(3)
    after.phone(CALLER).presses("#")

    assert after.runs[0].outputs["Voicemail"]["recording_duration"] == "5000"


def test_a_script_of_keys_goes_on_after_a_restart(still: StillEmulator) -> None:
    flow = document("Menu", "Ask", Menu={"next": {"2": "Ask", "No Input": "Ask"}})
    still.emulator.load_flow(flow)
    still.emulator.set_phone(CALLER, Phone(keys=("", "12#")))
    still.emulator.phone(CALLER).calls(NUMBER)

    after = _restart(still, flow)
    still.clock.advance(5)

    assert after.runs[0].states[1:] == [("Menu", "No Input"), ("Ask", "Successful Input")]


def test_a_run_whose_node_is_gone_is_dropped(
    still: StillEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    still.emulator.load_flow(document("Menu"))
    run_id = still.emulator.phone(CALLER).calls(NUMBER).run_id

    after = _restart(still, document("Say"))

    assert after.runs == []
    assert f"The run {run_id} is dropped: its PHLO has changed." in caplog.messages


def test_a_run_whose_node_has_another_component_is_dropped(still: StillEmulator) -> None:
    still.emulator.load_flow(document("Fetch", Fetch={"url": "http://127.0.0.1:9/x"}))
    still.emulator.run("test")

    after = _restart(still, document("Fetch", Fetch={"component": "Play Audio", "prompt": "Hi."}))

    assert after.runs == []


def test_an_ended_run_and_its_recording_are_kept(still: StillEmulator) -> None:
    flow = document("Voicemail")
    still.emulator.load_flow(flow)
    phone = still.emulator.phone(CALLER)
    run = phone.calls(NUMBER)
    phone.speaks(2)
    phone.hangs_up()

    after = _restart(still, flow)

    assert after.runs[0].ended == run.ended
    assert after.runs[0].recording_ids == run.recording_ids


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("timers"),
        lambda data: data.update(runs=5),
        lambda data: data["runs"][0].update(legs=[]),
        lambda data: data["runs"][0].update(odd=1),
        lambda data: data["timers"][0]["event"].update(event="Odd"),
        lambda data: data["timers"][0]["event"].update(odd=1),
        lambda data: data.update(conferences=[{}]),
    ],
)
def test_damaged_runs_are_refused_and_none_is_restored(
    still: StillEmulator, damage: Callable[[dict[str, Any]], object]
) -> None:
    still.load("Menu").phone(CALLER).calls(NUMBER)
    kept = still.emulator.snapshot()
    still.emulator.reset()
    data = json.loads(json.dumps(kept.flow_runs))
    damage(data)

    with pytest.raises(InvalidParameter, match="flow_runs: it is not of an emulator's state"):
        still.emulator.restore(attrs.evolve(kept, flow_runs=data))
    assert still.emulator.runs == []


def test_a_snapshot_replaces_the_runs_that_there_are(still: StillEmulator) -> None:
    emulator = still.load("Agents")
    kept = emulator.snapshot()
    emulator.phone(CALLER).calls(NUMBER)

    emulator.restore(kept)

    assert emulator.runs == []
    assert emulator.calls == {}


@pytest.mark.parametrize(
    ("part", "damaged"),
    [
        ("runs", [{}]),
        ("runs", 5),
        ("timers", [{"event": {"event": "Nothing"}, "seconds": 1, "run_id": "1"}]),
        ("timers", [{"event": {"event": "Played", "x": 1}, "seconds": 1, "run_id": "1"}]),
        ("conferences", [1]),
        ("components", []),
        ("phones", {"entries": 1, "recordings": {}}),
    ],
)
def test_a_damaged_snapshot_is_refused_in_one_line(
    still: StillEmulator, part: str, damaged: object
) -> None:
    emulator = still.load("Menu")
    emulator.phone(CALLER).calls(NUMBER)
    kept = emulator.snapshot()

    with pytest.raises(ApiError, match="flow_runs: it is not of an emulator's state"):
        emulator.restore(attrs.evolve(kept, flow_runs={**kept.flow_runs, part: damaged}))
