"""Calls that have ended: kept for a while, and never among the live ones."""

from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.calls.switchboard import ENDED_LIMIT
from plivo_phlo_async.emulator.persistence import StateFile, dump_snapshot, parse_snapshot

from ..asking import DIAL, NODE, Clock, ask, say


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> PhloEmulator:
    return PhloEmulator(clock=clock, wall=lambda: clock() + 1000)


def ended(emulator: PhloEmulator) -> Any:
    return ask(emulator, "GET", "/_emulator/dashboard").json["ended"]


def end(emulator: PhloEmulator, *addresses: str) -> None:
    for address in addresses:
        say(emulator, address, "hangup")


def test_an_ended_call_has_its_members_and_its_times(emulator: PhloEmulator, clock: Clock) -> None:
    ask(emulator, "POST", NODE, DIAL)
    call_id = next(iter(emulator.calls))
    clock.now += 60
    say(emulator, "222", "mute")
    end(emulator, "222")
    clock.now += 5
    end(emulator, "111")
    clock.now += 7

    assert ended(emulator) == [
        {
            "call_id": call_id,
            "phlo_id": DEMO_PHLO_ID,
            "node_id": DEMO_NODE_ID,
            "name": "Multi-Party Call_1",
            "opened": 1100.0,
            "ended": 1165.0,
            "members": [
                {"address": "111", "role": "agent", "state": "left", "muted": False},
                {"address": "222", "role": "customer", "state": "left", "muted": True},
            ],
        }
    ]


def test_an_ended_call_is_not_live(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    end(emulator, "111", "222")
    state = ask(emulator, "GET", "/_emulator/state").json
    dashboard = ask(emulator, "GET", "/_emulator/dashboard").json

    assert (state["calls"], dashboard["calls"], emulator.calls) == ([], [], {})
    assert "ended" not in state


def test_a_live_call_says_when_it_was_opened(emulator: PhloEmulator, clock: Clock) -> None:
    ask(emulator, "POST", NODE, DIAL)
    clock.now += 60
    say(emulator, "222", "hold")
    call = ask(emulator, "GET", "/_emulator/dashboard").json["calls"][0]

    assert call["opened"] == 1100.0


def test_the_calls_that_ended_last_are_kept_and_come_first(emulator: PhloEmulator) -> None:
    addresses = [f"5{number}" for number in range(ENDED_LIMIT + 5)]
    for address in addresses:
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, address)
        emulator.hang_up(address)
    kept = [call["members"][0]["address"] for call in ended(emulator)]

    assert kept == addresses[: -ENDED_LIMIT - 1 : -1]


def test_a_reset_drops_the_ended_calls(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    end(emulator, "111", "222")
    emulator.reset()

    assert ended(emulator) == []


def test_how_long_a_call_lasted_counts_the_time_before_a_restart(
    emulator: PhloEmulator, clock: Clock, tmp_path: Path
) -> None:
    ask(emulator, "POST", NODE, DIAL)
    clock.now += 60
    say(emulator, "222", "hold")
    say(emulator, "111", "hold")
    file = StateFile(tmp_path / "calls.json")
    file.write(emulator.snapshot())
    kept = file.read()
    assert kept is not None
    later = Clock()
    after = PhloEmulator(clock=later, wall=later)
    after.restore(kept)
    later.now += 5
    end(after, "111", "222")
    (call,) = ended(after)

    assert call["ended"] - call["opened"] == 65.0


def test_a_state_file_without_durations_is_read(emulator: PhloEmulator, clock: Clock) -> None:
    ask(emulator, "POST", NODE, DIAL)
    clock.now += 60
    say(emulator, "222", "hold")
    clock.now += 5
    dumped: Any = dump_snapshot(emulator.snapshot())
    del dumped["calls"][0]["lasted"]

    assert list(parse_snapshot(dumped).lasted.values()) == [65.0]
