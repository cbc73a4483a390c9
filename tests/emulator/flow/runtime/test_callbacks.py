"""The callbacks of nodes, read back by the SDK's own parser and verified."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import plivo
import pytest

from plivo_phlo_async.emulator import Phone
from plivo_phlo_async.emulator.webhooks.http_client import WebhookRequest
from plivo_phlo_async.webhooks import parse, verify_v3

from ..flows import AGENT, CALLER, NUMBER, StillEmulator, document

pytestmark = pytest.mark.anyio
URL = "http://127.0.0.1:8000/plivo"


class Receiver:
    """Receives the callbacks of a flow, and verifies each."""

    def __init__(self, prompt_speed: float | None = None) -> None:
        self.requests: list[WebhookRequest] = []
        self.still = StillEmulator(deliver=self._deliver, prompt_speed=prompt_speed)
        self.emulator = self.still.emulator

    async def _deliver(self, request: WebhookRequest) -> int:
        self.requests.append(request)
        return 200

    def load(self, first: str, *others: str, **changes: dict[str, Any]) -> None:
        """Load a flow whose nodes all have a callback."""
        flow = document(first, *others, **changes)
        for name, node in flow["nodes"].items():
            node.setdefault("callback", f"{URL}/{name}")
        self.emulator.load_flow(flow)

    async def events(self, name: str, component: str) -> list[Any]:
        """Return the events of a node, each verified."""
        await self.emulator.delivered()
        found = [one for one in self.requests if one.url == f"{URL}/{name}"]
        return [parse(component, _verified(one)) for one in found]


def _verified(request: WebhookRequest) -> dict[str, str]:
    params = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    verify_v3(request.method, request.url, request.headers, params, _TOKEN)
    signature, nonce = (request.headers[f"X-Plivo-Signature-V3{end}"] for end in ("", "-Nonce"))
    official = (request.method, request.url, nonce, _TOKEN, signature, params)
    assert plivo.utils.validate_v3_signature(*official)
    return params


_TOKEN = StillEmulator().emulator.auth_token


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.mark.parametrize(
    ("name", "component", "state"),
    [
        ("Say", "Play Audio", "Prompt Completed"),
        ("Menu", "IVR Menu", "1"),
        ("Ask", "Get Input", "Successful Input"),
        ("Ring", "Initiate Call", "Answered"),
        ("Forward", "Call Forward", "Completed"),
        ("Voicemail", "Record Audio", "Recording Completed"),
        ("Agents", "Multiparty Call", "Completed"),
        ("Bridge", "Conference Bridge", "Completed"),
        ("Fetch", "HTTP Request", "Failed"),
        ("Bye", "Hangup", "Hangup Complete"),
    ],
)
async def test_a_node_sends_the_state_that_it_reaches(
    receiver: Receiver, name: str, component: str, state: str
) -> None:
    receiver.load(name)
    receiver.emulator.set_phone(AGENT, Phone(talks=9))
    receiver.emulator.set_phone(CALLER, Phone(keys=("1#",), talks=20))

    receiver.emulator.phone(CALLER).calls(NUMBER)
    receiver.still.clock.advance(60)
    for address in (CALLER, AGENT):
        if receiver.emulator.member(address) is not None:
            receiver.emulator.hang_up(address)

    states = [event.state for event in await receiver.events(name, component)]
    assert state in states


async def test_a_message_sends_each_status_in_order(receiver: Receiver) -> None:
    receiver.load("Text")

    receiver.emulator.run("test")

    events = await receiver.events("Text", "Send SMS")
    assert [event.status for event in events] == ["queued", "sent", "delivered"]
    assert events[0].to_iso2 == "US"
    assert events[0].message_uuid == receiver.emulator.runs[0].message_uuids[0]


async def test_only_the_chosen_events_are_sent(receiver: Receiver) -> None:
    callback = {"url": f"{URL}/Text", "events": ["delivered"]}
    receiver.load("Text", Text={"callback": callback})

    receiver.emulator.run("test")

    assert [one.status for one in await receiver.events("Text", "Send SMS")] == ["delivered"]


async def test_a_conference_sends_its_members_with_the_calls_of_the_run(
    receiver: Receiver,
) -> None:
    receiver.load("Agents")

    run = receiver.emulator.phone(CALLER).calls(NUMBER)

    events = await receiver.events("Agents", "Multiparty Call")
    assert [event.event for event in events] == ["ConferenceEnter", "ConferenceEnter"]
    assert events[0].call_uuid == run.call_uuids[0]
    assert {event.conference_name for event in events} == {run.outputs["Agents"]["conference_name"]}


async def test_a_call_sends_how_it_ended() -> None:
    receiver = Receiver(prompt_speed=0.01)
    receiver.load("Ring", "Say")
    receiver.emulator.set_phone(AGENT, Phone(talks=90))

    receiver.emulator.run("test")
    receiver.still.clock.advance(90)

    events = await receiver.events("Ring", "Initiate Call")
    assert [event.state for event in events] == ["Answered", "hangup"]
    assert events[1].duration == timedelta(seconds=90)
    assert events[1].hangup_cause == "4000"


async def test_a_receiver_that_is_down_does_not_stop_the_run() -> None:
    async def refuse(_: WebhookRequest) -> int:
        raise ConnectionRefusedError("refused")

    still = StillEmulator(deliver=refuse)
    flow = document("Say", "Bye", Say={"callback": URL})
    still.emulator.load_flow(flow)

    run = still.emulator.phone(CALLER).calls(NUMBER)
    await still.emulator.delivered()

    assert run.path == ["Start", "Say", "Bye"]
    assert [one.error for one in still.emulator.deliveries] == ["refused"]


async def test_start_sends_what_started_the_run(receiver: Receiver) -> None:
    flow = document("Bye")
    flow["start"]["callback"] = f"{URL}/Start"
    receiver.emulator.load_flow(flow)

    receiver.emulator.phone(CALLER).calls(NUMBER)

    (event,) = await receiver.events("Start", "Start")
    assert event.state == "Incoming Call"
    assert event.from_ == CALLER
    assert event.from_country == "United States"


async def test_the_events_of_a_message_are_chosen_by_its_states_too(receiver: Receiver) -> None:
    callback = {"url": f"{URL}/Text", "events": ["Sent"]}
    receiver.load("Text", Text={"callback": callback})

    receiver.emulator.run("test")

    assert [one.status for one in await receiver.events("Text", "Send SMS")] == ["sent"]


async def test_a_message_that_is_not_sent_sends_failed(receiver: Receiver) -> None:
    receiver.load("Text", Text={"to": "{{Start.http.params.to}}"})

    receiver.emulator.run("test")

    (event,) = await receiver.events("Text", "Send SMS")
    assert event.status == "failed"
    assert event.msg == "Hi."
    assert event.message_uuid == ""


async def test_a_flow_that_is_loaded_again_without_a_callback_has_none(
    receiver: Receiver,
) -> None:
    receiver.load("Bridge")
    receiver.emulator.load_flow(document("Bridge"))

    receiver.emulator.phone(CALLER).calls(NUMBER)

    assert await receiver.events("Bridge", "Conference Bridge") == []


async def test_a_callback_goes_to_the_url_that_its_template_renders(receiver: Receiver) -> None:
    receiver.load("Say", Say={"callback": f"{URL}/{{{{Start.call.from}}}}"})

    receiver.emulator.phone(CALLER).calls(NUMBER)

    (event,) = await receiver.events(CALLER, "Play Audio")
    assert event.state == "Prompt Completed"


async def test_a_template_in_the_url_of_a_conference_is_for_its_states(receiver: Receiver) -> None:
    receiver.load("Bridge", Bridge={"callback": f"{URL}/{{{{Start.call.from}}}}"})
    receiver.emulator.phone(CALLER).calls(NUMBER)

    receiver.emulator.phone(CALLER).hangs_up()

    (event,) = await receiver.events(CALLER, "Conference Bridge")
    assert event.state == "Completed"
    assert len(receiver.requests) == 1
