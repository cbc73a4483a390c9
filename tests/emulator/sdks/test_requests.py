"""Each request of each official SDK, sent byte for byte, does what that SDK expects."""

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from string import Template
from typing import Any
from urllib.parse import urlsplit

import plivo
import pytest

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_BRIDGE_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer

from ..asking import NODE, ask
from . import dotnet, go, java, node, php, python, ruby
from .requests import AGENT, CUSTOMER, SUPERVISOR, VOICEMAIL, Sdk, SdkRequest

SDKS = (python.SDK, node.SDK, go.SDK, ruby.SDK, php.SDK, java.SDK, dotnet.SDK)
ALL = [(sdk, request) for sdk in SDKS for request in sdk.requests]
ACTIONS = [(sdk, request) for sdk, request in ALL if request.verb is not None]
IDS = {
    "account": DEMO_AUTH_ID,
    "phlo": DEMO_PHLO_ID,
    "node": DEMO_NODE_ID,
    "bridge": DEMO_BRIDGE_ID,
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    emulator = PhloEmulator(phones={VOICEMAIL: "voicemail"}, rate_limit=None)
    with EmulatorServer(emulator) as running:
        yield running


def dial(emulator: PhloEmulator, verb: str, to: str, role: str) -> None:
    content = {"action": verb, "trigger_source": AGENT, "to": to, "role": role}
    assert ask(emulator, "POST", NODE, content).status == 201


def arrange(emulator: PhloEmulator, scene: str) -> None:
    emulator.reset()
    if scene in ("talk", "transfer"):
        dial(emulator, "call", CUSTOMER, "customer")
    if scene == "transfer":
        dial(emulator, "warm_transfer", SUPERVISOR, "agent")
    if scene == "voicemail":
        dial(emulator, "call", VOICEMAIL, "customer")
    if scene == "bridge":
        emulator.join(DEMO_PHLO_ID, DEMO_BRIDGE_ID, CUSTOMER)


def filled(text: str) -> str:
    return Template(text).substitute(IDS)


def send(server: EmulatorServer, sdk: Sdk, request: SdkRequest) -> tuple[int, dict[str, Any]]:
    """Send a request as it is written down, and return the status and the JSON."""
    host = urlsplit(server.base_url).netloc
    credentials = base64.b64encode(f"{DEMO_AUTH_ID}:{DEMO_AUTH_TOKEN}".encode()).decode()
    body = request.body.encode()
    connection = http.client.HTTPConnection(host)
    connection.putrequest(
        request.method, filled(request.target), skip_host=True, skip_accept_encoding=True
    )
    length = {"Content-Length": str(len(body))} if request.method == "POST" else {}
    own = {"Host": host, "Authorization": f"Basic {credentials}", **length}
    for name, value in {**sdk.headers, **own}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response.status, content


@pytest.mark.parametrize(("sdk", "request_"), ALL, ids=str)
def test_a_request_is_answered_as_its_sdk_expects(
    server: EmulatorServer, sdk: Sdk, request_: SdkRequest
) -> None:
    arrange(server.emulator, request_.after)

    status, content = send(server, sdk, request_)

    assert (status, set(request_.reads) - set(content)) == (request_.status, set())


@pytest.mark.parametrize(("sdk", "request_"), ACTIONS, ids=str)
def test_an_action_of_an_sdk_is_performed(
    server: EmulatorServer, sdk: Sdk, request_: SdkRequest
) -> None:
    emulator = server.emulator
    arrange(emulator, request_.after)
    before = len(emulator.log)

    _, content = send(server, sdk, request_)

    caused = [step.verb for step in emulator.log[before:] if step.api_id == content["api_id"]]
    assert caused[:1] == [request_.verb]


RUNS = [(sdk, request) for sdk, request in ALL if request.call.startswith("run")]
FLOW = {
    "phlo": "Reminder",
    "id": DEMO_PHLO_ID,
    "start": {"API Request": "Text"},
    "nodes": {
        "Text": {
            "component": "Send SMS",
            "from": "+14155550100",
            "to": "{{Start.http.params.to | default: '+12025550102'}}",
            "message": "You have {{Start.http.params.count | default: 'no'}} orders.",
        }
    },
}


@pytest.fixture(scope="module")
def flow_server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator(flows=[FLOW], rate_limit=None)) as running:
        yield running


@pytest.mark.parametrize(("sdk", "request_"), RUNS, ids=str)
def test_a_run_of_an_sdk_runs_a_flow_with_its_variables(
    flow_server: EmulatorServer, sdk: Sdk, request_: SdkRequest
) -> None:
    emulator = flow_server.emulator
    emulator.reset()

    _, content = send(flow_server, sdk, request_)

    sent = request_.body + request_.target.partition("?")[2]
    count = "2" if "count" in sent else "no"
    assert emulator.texts(CUSTOMER) == [f"You have {count} orders."]
    assert content["message"].startswith("b'Send SMS' - b'Text' with phlo_run_uuid: ")


def on_bridge(client: Any, verb: str) -> None:
    client.phlo.member(DEMO_PHLO_ID, DEMO_BRIDGE_ID, CUSTOMER, verb)


def member(address: str, verb: str) -> Callable[[Any], Any]:
    return lambda client: getattr(party(client).member(address), verb)()


def party(client: Any) -> Any:
    return client.phlo.get(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)


CALLS: dict[str, Callable[[Any], Any]] = {
    "get": lambda client: client.phlo.get(DEMO_PHLO_ID),
    "multi_party_call": party,
    "node": lambda client: client.phlo.get(DEMO_PHLO_ID).node("conference_bridge", DEMO_BRIDGE_ID),
    "run": lambda client: client.phlo.get(DEMO_PHLO_ID).run(),
    "run with fields": lambda client: client.phlo.get(DEMO_PHLO_ID).run(to=CUSTOMER, count=2),
    "call": lambda client: party(client).call(AGENT, CUSTOMER, "customer"),
    "warm_transfer": lambda client: party(client).warm_transfer(AGENT, SUPERVISOR, "agent"),
    "cold_transfer": lambda client: party(client).cold_transfer(AGENT, SUPERVISOR, "agent"),
    "warm_transfer without a role": lambda client: client.phlo.multi_party_call(
        DEMO_PHLO_ID, DEMO_NODE_ID, "warm_transfer", trigger_source=AGENT, to=SUPERVISOR
    ),
    "hold": member(CUSTOMER, "hold"),
    "unhold": member(CUSTOMER, "unhold"),
    "mute": member(CUSTOMER, "mute"),
    "unmute": member(CUSTOMER, "unmute"),
    "hangup": member(SUPERVISOR, "hangup"),
    "resume_call": member(AGENT, "resume_call"),
    "abort_transfer": member(AGENT, "abort_transfer"),
    "voicemail_drop": member(VOICEMAIL, "voicemail_drop"),
    "bridge mute": lambda client: on_bridge(client, "mute"),
    "bridge unmute": lambda client: on_bridge(client, "unmute"),
    "bridge hangup": lambda client: on_bridge(client, "hangup"),
}


@pytest.mark.parametrize("request_", python.SDK.requests, ids=str)
def test_the_installed_python_sdk_sends_what_is_recorded(
    server: EmulatorServer, request_: SdkRequest
) -> None:
    arrange(server.emulator, request_.after)
    with plivo.phlo.RestClient(DEMO_AUTH_ID, DEMO_AUTH_TOKEN) as client:
        client.phlo_base_uri = server.base_url
        CALLS[request_.call](client)
    sent = server.emulator.received[-1]

    assert (sent.method, sent.path, sent.query) == (request_.method, filled(request_.target), "")
    assert sent.body == json.loads(request_.body or "{}")
