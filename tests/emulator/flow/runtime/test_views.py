"""Runs, flows and phones as the page sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.emulator import RUNS_SHOWN

from ...asking import ask
from ..flows import AGENT, CALLER, NUMBER, StillEmulator, document


def _long_run(still: StillEmulator, seconds: int) -> Any:
    still.load("Menu", Menu={"next": "Menu", "timeout": "1"})
    run = still.emulator.phone(CALLER).calls(NUMBER)
    still.clock.advance(seconds)
    assert len(run.path) == 2 + seconds
    return run


def test_an_outline_has_the_end_of_a_long_path(still: StillEmulator) -> None:
    run = _long_run(still, 300)

    (outline,) = ask(still.emulator, "GET", "/_emulator/runs").json["runs"]
    whole = ask(still.emulator, "GET", f"/_emulator/runs/{run.run_id}").json
    assert outline["path"] == ["Menu"] * 100
    assert outline["steps"] == 301
    assert whole["path"] == run.path


def test_each_event_of_a_long_run_is_short(still: StillEmulator) -> None:
    _long_run(still, 900)

    stream = still.emulator.events
    events = stream.after(stream.latest - 500) or []
    assert len(events) == 500
    assert max(len(json.dumps(event.data())) for event in events if event.kind == "run") < 2000


def test_the_dashboard_has_the_latest_runs(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    runs = []
    for _ in range(RUNS_SHOWN + 10):
        runs.append(emulator.phone(CALLER).calls(NUMBER))
        emulator.phone(CALLER).hangs_up()

    shown: Any = emulator.dashboard()["runs"]

    assert [one["run_id"] for one in shown] == [run.run_id for run in runs[: -RUNS_SHOWN - 1 : -1]]


def test_the_event_of_a_step_counts_the_phones_that_it_dials(still: StillEmulator) -> None:
    emulator = still.load("Forward")
    for _ in range(2):
        emulator.phone(CALLER).calls(NUMBER)
        emulator.phone(CALLER).hangs_up()

    events = [one.data() for one in emulator.events.after(0) or [] if one.kind == "run"]

    assert [event["dialled"] for event in events if event["dialled"]] == [{AGENT: 1}, {AGENT: 2}]


def test_an_explained_run_says_how_long_each_phone_rings(still: StillEmulator) -> None:
    emulator = still.load("Forward", Forward={"ring_timeout": "25"})
    emulator.set_phone(AGENT, "ring")
    emulator.phone(CALLER).calls(NUMBER)

    _, *waits = emulator.explain_runs().splitlines()

    assert waits == [
        "  waits at Forward for: forward",
        f"    {AGENT}: ring, 25 seconds at most",
    ]


def test_the_dashboard_has_every_live_run(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    for number in range(RUNS_SHOWN + 10):
        emulator.phone(f"1303555{number:04}").calls(NUMBER)
    emulator.phone("13035550000").hangs_up()

    shown: Any = emulator.dashboard()["runs"]

    assert [one["ended"] for one in shown] == [None] * (RUNS_SHOWN + 9)


def test_no_answer_and_no_event_has_the_auth_token(still: StillEmulator) -> None:
    token = still.emulator.auth_token
    spy = {"component": "HTTP Request", "method": "POST", "auth": {"bearer": token}}
    body = {"json": {"token": token, "again": "{{Start.http.params.secret}}"}}
    emulator = still.load(
        *("Spy", "Text"),
        Spy={**spy, "url": f"http://127.0.0.1:9/{token}", "body": body},
        Text={"message": f"{token} {{{{Start.http.params.secret}}}}"},
    )
    still.emulator.load_flow(
        {**_flow_named(token), "numbers": []}, http={"POST http://127.0.0.1:9/*": {"echo": token}}
    )
    run = emulator.run("test", secret=token)
    paths = ("runs", f"runs/{run.run_id}", "dashboard", "state", "deliveries", "log")

    answers = [_text(emulator, f"/_emulator/{path}") for path in paths]

    assert run.path == ["Start", "Spy", "Text"]
    assert [path for path, text in zip(paths, answers, strict=True) if token in text] == []


def _flow_named(name: str) -> dict[str, Any]:
    return {
        **{"phlo": name, "id": "named", "start": {"API Request": "Bye"}},
        "nodes": {"Bye": {"component": "Hangup"}},
    }


def _text(emulator: Any, path: str) -> str:
    return json.dumps(ask(emulator, "GET", path).json)


def get(emulator: PhloEmulator, path: str) -> dict[str, Any]:
    answer = ask(emulator, "GET", f"/_emulator/{path}")
    assert answer.status == 200
    content: dict[str, Any] = answer.json
    return content


def taken(emulator: PhloEmulator) -> dict[str, dict[str, int]]:
    (flow,) = get(emulator, "dashboard")["flows"]
    counts: dict[str, dict[str, int]] = flow["taken"]
    return counts


def test_a_flow_counts_the_states_of_all_its_runs(still: StillEmulator) -> None:
    emulator = still.load("Menu", "Ask", Menu={"next": {"1": "Ask"}})
    for caller in ("12025550001", "12025550002"):
        emulator.phone(caller).calls(NUMBER)
        emulator.phone(caller).presses("1")
    emulator.phone("12025550003").calls(NUMBER)

    assert taken(emulator) == {"Start": {"Incoming Call": 3}, "Menu": {"1": 2}}


def test_a_reset_drops_the_counts(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    emulator.phone(CALLER).calls(NUMBER)
    emulator.reset()

    assert taken(emulator) == {}


def test_the_counts_of_a_snapshot_are_those_of_its_runs(still: StillEmulator) -> None:
    emulator = still.load("Menu", "Ask", Menu={"next": {"1": "Ask"}})
    emulator.phone(CALLER).calls(NUMBER)
    emulator.phone(CALLER).presses("1")
    other = StillEmulator().load("Menu", "Ask", Menu={"next": {"1": "Ask"}})
    other.restore(emulator.snapshot())

    assert taken(other) == taken(emulator)


def test_an_outline_has_the_phones_of_its_run(still: StillEmulator) -> None:
    emulator = still.load("Forward", "Text", Forward={"to": "+13035550100"})
    emulator.phone(CALLER).calls(NUMBER)
    emulator.phone("13035550100").hangs_up()
    (run,) = get(emulator, "dashboard")["runs"]

    assert run["phones"] == [CALLER, "13035550100", AGENT]


def test_a_state_has_the_variables_of_its_node_then(still: StillEmulator) -> None:
    phone = still.load("Menu", Menu={"next": {"1": "Menu"}}).phone(CALLER)
    run = phone.calls(NUMBER)
    phone.presses("1")
    states = get(still.emulator, f"runs/{run.run_id}")["states"]

    assert states[1]["variables"]["digits"] == "1"
    assert run.outputs["Menu"]["digits"] == ""


def test_a_state_has_no_long_variable(still: StillEmulator) -> None:
    emulator = still.load("Menu", Menu={"next": {"1": "Menu"}})
    run = emulator.phone(CALLER).texts(NUMBER, "Long. " * 100)
    (state, *_) = get(emulator, f"runs/{run.run_id}")["states"]

    assert "message.msg" not in state["variables"]
    assert "message.from" in state["variables"]


def test_the_dashboard_has_the_live_runs_first(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    live = emulator.phone(CALLER).calls(NUMBER)
    for number in range(RUNS_SHOWN):
        caller = emulator.phone(f"1303555{number:04}")
        caller.calls(NUMBER)
        caller.hangs_up()
    shown = get(emulator, "dashboard")["runs"]

    assert len(shown) == RUNS_SHOWN
    assert shown[0]["run_id"] == live.run_id


def test_a_flow_is_described_with_the_keys_of_its_payload(still: StillEmulator) -> None:
    start = {"keys": {"to": None, "shop": "North"}, "API Request": "Menu"}
    still.emulator.load_flow({**document("Menu"), "start": start})

    assert get(still.emulator, "flows/test")["keys"] == {"to": None, "shop": "North"}


def test_a_flow_is_described_with_the_options_of_its_nodes(still: StillEmulator) -> None:
    emulator = still.load("Menu")

    assert get(emulator, "flows/test")["options"] == {
        "Menu": {"prompt": "Press 1 or 2.", "inputs": ["1", "2"]}
    }


@pytest.mark.parametrize("auth", [{"basic": ["user", "secret"]}, {"bearer": "secret"}])
def test_the_options_of_a_node_are_described_without_credentials(
    still: StillEmulator, auth: dict[str, object]
) -> None:
    headers = {"X-Kind": "plain", "Authorization": "secret"}
    emulator = still.load("Fetch", Fetch={"auth": auth, "headers": headers})
    described = get(emulator, "flows/test")

    assert "secret" not in json.dumps(described)
    assert described["options"]["Fetch"]["headers"]["X-Kind"] == "plain"


def test_there_is_no_description_of_an_unknown_flow(still: StillEmulator) -> None:
    emulator = still.load("Menu")

    assert ask(emulator, "GET", "/_emulator/flows/other").status == 404


def test_a_phone_is_described_with_what_it_has_heard_and_received(still: StillEmulator) -> None:
    emulator = still.load("Text", "Menu", Text={"to": CALLER, "next": "Menu"})
    run = emulator.phone(CALLER).calls(NUMBER)
    phone = get(emulator, f"phones/{CALLER}")

    assert (phone["heard"], phone["heard_count"]) == (["Press 1 or 2."], 1)
    assert phone["received"] == [{"from": NUMBER, "text": "Hi.", "media": []}]
    assert phone["received_count"] == 1
    assert phone["calls"] == [
        {
            "run_id": run.run_id,
            "phlo_id": "test",
            "call_uuid": run.call_uuids[0],
            "direction": "inbound",
            "state": "up",
            "from": CALLER,
            "to": NUMBER,
            "node": "Menu",
            "for": "keys",
        }
    ]


def test_a_phone_in_no_call_is_described_as_such(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    emulator.phone(CALLER).calls(NUMBER)
    emulator.phone(CALLER).hangs_up()

    assert get(emulator, f"phones/{CALLER}")["calls"] == []


def test_an_unknown_phone_has_heard_nothing(still: StillEmulator) -> None:
    nothing = {"heard": [], "heard_count": 0, "received": [], "received_count": 0, "calls": []}
    expected = {"address": "77", **nothing}

    assert get(still.load("Menu"), "phones/77") == expected
    assert get(PhloEmulator(), "phones/77") == expected
