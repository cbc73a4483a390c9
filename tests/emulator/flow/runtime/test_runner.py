"""Runs in the emulator: how they start, wait and end."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import anyio
import pytest

from plivo_phlo_async.emulator import DEMO_PHLO_ID
from plivo_phlo_async.emulator.errors import ApiError
from plivo_phlo_async.emulator.flow.runtime.runner import LIVE_LIMIT
from plivo_phlo_async.testing import client_of

from ..flows import AGENT, CALLER, NUMBER, StillEmulator, document


def test_a_call_to_a_number_runs_its_flow(still: StillEmulator) -> None:
    phone = still.load("Say", "Bye").phone(CALLER)

    run = phone.calls(NUMBER)

    assert run.path == ["Start", "Say", "Bye"]
    assert run.ended == "hung up at Bye"
    assert phone.heard == ["Hello."]


def test_a_message_to_a_number_runs_its_flow(still: StillEmulator) -> None:
    emulator = still.load("Text")

    run = emulator.phone(CALLER).texts(NUMBER, "Hello?")

    assert run.states == [("Start", "Incoming Message"), ("Text", "Sent")]
    assert emulator.texts(AGENT) == ["Hi."]


def test_a_number_is_found_in_any_spelling(still: StillEmulator) -> None:
    phone = still.load("Say").phone(CALLER)

    assert phone.calls(NUMBER.removeprefix("+")).path == ["Start", "Say"]


def test_a_number_of_no_flow_cannot_be_called(still: StillEmulator) -> None:
    phone = still.load("Say").phone(CALLER)

    with pytest.raises(ApiError) as caught:
        phone.calls("+14155550199")
    assert caught.value.reason == "There is no PHLO with the number '+14155550199'."


def test_a_trigger_that_leads_nowhere_ends_the_call(still: StillEmulator) -> None:
    flow = document("Say")
    flow["start"] = {"API Request": "Say"}
    still.emulator.load_flow(flow)

    run = still.emulator.phone(CALLER).calls(NUMBER)

    assert run.ended == "Start: nothing is connected to Incoming Call"


def test_a_prompt_takes_as_long_as_its_text() -> None:
    still = StillEmulator(prompt_speed=2)
    run = still.load("Say", "Bye").phone(CALLER).calls(NUMBER)

    still.clock.advance(2.9)
    assert run.waiting == ["Say"]
    still.clock.advance(0.1)
    assert run.waiting == []


def test_a_speed_makes_seconds_shorter() -> None:
    still = StillEmulator(prompt_speed=2, speed=10)
    run = still.load("Say", "Bye").phone(CALLER).calls(NUMBER)

    still.clock.advance(0.29)
    assert run.waiting == ["Say"]
    still.clock.advance(0.02)
    assert run.waiting == []


def test_what_is_due_happens_in_order_and_at_its_time(still: StillEmulator) -> None:
    emulator = still.load("Menu", "Say", Menu={"next": {"No Input": "Say"}})
    emulator.phone(CALLER).calls(NUMBER)
    still.clock.advance(1)
    emulator.phone(AGENT).calls(NUMBER)

    still.clock.advance(60)

    first, second = emulator.runs
    ended = [json.loads(run.dump())["ended_at"] for run in (first, second)]
    assert ended[1] - ended[0] == pytest.approx(1)


def test_a_loop_of_prompts_without_length_ends_at_the_limit(still: StillEmulator) -> None:
    run = still.load("Say", Say={"next": "Say"}).phone(CALLER).calls(NUMBER)

    assert run.ended == "stopped at Say: more than 1000 steps"


def test_a_run_can_be_stopped(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    run = emulator.phone(CALLER).calls(NUMBER)

    emulator.stop_run(run.run_id)

    assert run.ended == "stopped by hand"


def test_a_flow_that_is_loaded_again_stops_its_runs(still: StillEmulator) -> None:
    run = still.load("Menu").phone(CALLER).calls(NUMBER)

    still.load("Say")

    assert run.ended == "stopped: the PHLO was replaced"
    assert still.emulator.phone(CALLER).calls(NUMBER).path == ["Start", "Say"]


def test_two_flows_cannot_have_the_same_number(still: StillEmulator) -> None:
    still.load("Say")

    with pytest.raises(ApiError) as caught:
        still.emulator.load_flow({**document("Bye"), "id": "other"})
    assert caught.value.error == "+14155550100 belongs to the PHLO 'Test' already."


def test_the_number_of_live_runs_is_limited(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    for number in range(LIVE_LIMIT):
        emulator.phone(str(number)).calls(NUMBER)

    with pytest.raises(ApiError) as caught:
        emulator.phone(CALLER).calls(NUMBER)
    assert caught.value.status == 503


def test_the_oldest_ended_run_is_forgotten(
    still: StillEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plivo_phlo_async.emulator.flow.runtime.runner.RUN_LIMIT", 2)
    phone = still.load("Menu").phone(AGENT)
    live = still.emulator.phone(CALLER).calls(NUMBER)
    ended = phone.calls(NUMBER)
    phone.hangs_up()

    last = phone.calls(NUMBER)

    assert [run.run_id for run in still.emulator.runs] == [live.run_id, last.run_id]
    with pytest.raises(ApiError):
        _ = ended.path


def test_a_reset_forgets_the_runs_and_keeps_the_flows(still: StillEmulator) -> None:
    emulator = still.load("Menu")
    emulator.phone(CALLER).calls(NUMBER)

    emulator.reset()

    assert emulator.runs == []
    assert emulator.phone(CALLER).calls(NUMBER).waiting == ["Menu"]


@pytest.mark.anyio
async def test_an_api_request_that_leads_nowhere_names_the_state_as_plivo_does(
    still: StillEmulator,
) -> None:
    still.emulator.load_flow({**document("Say"), "start": {}})

    async with client_of(still.emulator) as client:
        started = await client.phlo("test").run()

    assert (started.message or "").startswith(
        "stopped. next node uuid not found for b'Start' - b'Start' with output state: http - "
    )


@pytest.mark.parametrize("value", [date(2026, 1, 1), float("inf"), "\ud800", {"a": [b"b"]}])
def test_a_payload_that_is_no_json_is_refused(still: StillEmulator, value: object) -> None:
    emulator = still.load("Say")

    with pytest.raises(ApiError) as caught:
        emulator.run("test", when=value)
    assert caught.value.error == "when: give a value that JSON can have."


def test_a_payload_is_kept_as_json(still: StillEmulator) -> None:
    run = still.load("Say").run("test", when=("now", 1))

    assert run.outputs["Start"]["http.params"] == {"when": ["now", 1]}


@pytest.mark.parametrize("url", ["nonsense", "httpx://a", "http://"])
def test_a_host_is_mapped_to_a_url(url: str) -> None:
    with pytest.raises(ApiError) as caught:
        StillEmulator(allow_hosts={"api.example.com": url})
    assert caught.value.error == (
        "allow_hosts['api.example.com']: give a URL that begins with http:// or https://, or None"
        " for the host itself."
    )


def test_a_phlo_that_is_no_flow_cannot_be_run_in_process(still: StillEmulator) -> None:
    with pytest.raises(ApiError) as caught:
        still.emulator.run(DEMO_PHLO_ID)
    assert caught.value.reason == f"There is no flow {DEMO_PHLO_ID!r}."


@pytest.mark.parametrize("source", [5, None, b"phlo: x"])
def test_what_is_no_flow_is_refused(still: StillEmulator, source: Any) -> None:
    with pytest.raises(TypeError) as caught:
        still.emulator.load_flow(source)
    assert str(caught.value) == (
        f"give a flow as a path, a text, a mapping or a Phlo, not {type(source).__name__}."
    )


def test_a_flow_may_be_json_in_one_line(still: StillEmulator) -> None:
    assert still.emulator.load_flow(json.dumps(document("Say"))).name == "Test"


@pytest.mark.parametrize("answer", [date(2026, 1, 1), TimeoutError, float("inf"), (200, b"")])
def test_an_answer_that_is_no_json_is_refused(still: StillEmulator, answer: object) -> None:
    with pytest.raises(ValueError, match="give a status, a JSON body, a pair of both") as caught:
        still.emulator.load_flow(document("Fetch"), http={"GET http://x/": answer})
    assert str(caught.value).startswith("http['GET http://x/']: ")


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_prompt_speed_is_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="prompt_speed: give a number above 0, or None"):
        StillEmulator(prompt_speed=speed)


def test_one_host_may_be_allowed_as_a_text() -> None:
    still = StillEmulator(allow_hosts="api.example.com")
    flow = document("Fetch", Fetch={"url": "https://a/x"})
    run = _answered(still, flow)

    assert run.notes == ("Fetch: a is not allowed; start the emulator with --allow-host a",)


def _answered(still: StillEmulator, flow: dict[str, Any]) -> Any:
    still.emulator.load_flow(flow)
    run = still.emulator.run("test")
    anyio.run(still.emulator.delivered)
    return run
