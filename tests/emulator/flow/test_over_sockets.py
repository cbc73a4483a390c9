"""A whole PHLO over sockets: official clients start runs, and a person plays a call by HTTP."""

from __future__ import annotations

import http.server
import io
import json
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import plivo
import pytest

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.webhooks import Event, parse_request, verify_v3

from .flows import NODES, NUMBER, document

FLOW = Path(__file__).parents[3] / "examples" / "flows" / "14-warm-transfer.phlo.yaml"
CALLER, AGENT, OTHER = "12025550000", "12025550101", "12025550102"


class WebhookServer:
    """A server that receives webhooks, verifies each, and keeps its event."""

    def __init__(self, token: str) -> None:
        self.events: list[Event] = []
        self.errors: list[Exception] = []
        received = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.receive(f"{received.url}{self.path}", dict(self.headers), body, token)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def receive(self, url: str, headers: dict[str, str], body: bytes, token: str) -> None:
        """Verify and keep one webhook."""
        params = dict(parse_qsl(body.decode(), keep_blank_values=True))
        try:
            verify_v3("POST", url, headers, params, token)
            self.events.append(parse_request("POST", url, headers, body))
        except Exception as error:
            self.errors.append(error)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    emulator = PhloEmulator(prompt_speed=None, rate_limit=None)
    with EmulatorServer(emulator) as running:
        yield running


@pytest.fixture
def webhooks(server: EmulatorServer) -> Iterator[WebhookServer]:
    running = WebhookServer(server.emulator.auth_token)
    yield running
    running.close()


@pytest.fixture
def person(server: EmulatorServer) -> Iterator[Person]:
    with httpx.Client(base_url=server.base_url.replace("/v1", "/_emulator")) as client:
        yield Person(client)


class Person:
    """A person who uses the emulator's phones by HTTP."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def does(self, address: str, action: str, **body: object) -> dict[str, Any]:
        """Do something with a phone."""
        response = self._client.post(f"/phones/{address}/{action}", json=body)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def run(self, run_id: object) -> dict[str, Any]:
        """Look at a run."""
        found: dict[str, Any] = self._client.get(f"/runs/{run_id}").json()
        return found

    def get(self, path: str) -> httpx.Response:
        """Look at anything."""
        return self._client.get(path)


async def _transfer(server: EmulatorServer) -> None:
    """Transfer the call of the caller by the client's actions, and hang up."""
    emulator = server.emulator
    client = AsyncPhloClient(emulator.auth_id, emulator.auth_token, base_url=server.base_url)
    async with client:
        node = client.phlo("warm-transfer").multi_party_call("agents")
        await node.member(CALLER).hold()
        await node.member(CALLER).unhold()
        await node.warm_transfer(AGENT, OTHER)
        await node.member(AGENT).resume_call()
        for member in (AGENT, CALLER, OTHER):
            await node.member(member).hangup()
        await emulator.delivered()


@pytest.mark.asyncio
async def test_a_person_plays_a_warm_transfer_from_the_call_to_the_text(
    server: EmulatorServer, person: Person, webhooks: WebhookServer
) -> None:
    text = FLOW.read_text().replace("http://127.0.0.1:8000", webhooks.url)
    server.emulator.load_flow(text)
    server.emulator.set_phone(AGENT, "ring")

    run_id = person.does(CALLER, "call", to="+14155550114")["run_id"]
    person.does(CALLER, "press", keys="1")
    person.does(AGENT, "answer")
    await _transfer(server)

    run = person.run(run_id)
    assert run["path"] == ["Start", "Greeting", "Menu", "Agents", "Thanks"]
    assert run["ended"] == "finished at Thanks with Sent"
    assert [message["text"] for message in run["messages"]] == [
        "Thank you for calling Harbour Bikes."
    ]
    assert webhooks.errors == []
    happened = [event.raw.get("state") or event.raw["event"] for event in webhooks.events]
    assert happened.count("ConferenceEnter") == happened.count("ConferenceExit") == 3
    assert happened.count("Completed") == 1


def test_a_message_is_recorded_and_can_be_heard(server: EmulatorServer, person: Person) -> None:
    server.emulator.load_flow(FLOW)
    run_id = person.does(CALLER, "call", to="+14155550114")["run_id"]
    person.does(CALLER, "press", keys="2")
    person.does(CALLER, "speak", seconds=2.5)
    person.does(CALLER, "press", keys="#")

    variables = person.run(run_id)["variables"]["Voicemail"]
    recording = httpx.get(str(variables["recording_url"]))

    assert recording.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(recording.content)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    assert seconds >= 2.5
    assert seconds == pytest.approx(int(variables["recording_duration"]) / 1000, abs=0.01)


@pytest.mark.parametrize(
    ("address", "action", "body", "status", "error"),
    [
        (CALLER, "press", {"keys": "1"}, 404, f"{CALLER} is in no call of a flow."),
        (CALLER, "press", {}, 400, "keys: give a string that is not empty."),
        (CALLER, "speak", {"seconds": "x"}, 400, "seconds: give a number."),
        (CALLER, "call", {"to": "1"}, 404, "There is no PHLO with the number '1'."),
        (CALLER, "text", {"to": "1"}, 400, "message: give a string that is not empty."),
    ],
)
def test_a_mistake_is_answered_with_one_line(
    server: EmulatorServer, address: str, action: str, body: object, status: int, error: str
) -> None:
    server.emulator.load_flow(FLOW)
    url = server.base_url.replace("/v1", f"/_emulator/phones/{address}/{action}")

    response = httpx.post(url, json=body)

    assert response.status_code == status
    assert response.json()["error"] == error


BROADCAST = FLOW.parent / "08-broadcast.phlo.yaml"


def test_the_official_client_starts_a_run_and_reads_its_message(server: EmulatorServer) -> None:
    emulator = server.emulator
    emulator.load_flow(BROADCAST)
    emulator.set_phone("12025550181", "ring")
    with plivo.phlo.RestClient(emulator.auth_id, emulator.auth_token) as client:
        client.phlo_base_uri = server.base_url
        started = client.phlo.get("broadcast").run(message="Hello")

    run_id = started.phlo_run_id
    assert started.message.startswith(
        f"b'Initiate Call' - b'Ring_everyone' with phlo_run_uuid: {run_id} executed"
    )
    details = httpx.get(
        f"{server.base_url}/phlo/broadcast/runs/{run_id}",
        auth=(emulator.auth_id, emulator.auth_token),
    ).json()
    assert len(details["call_uuids"]) == 5


def test_a_run_that_stops_at_once_says_where(server: EmulatorServer) -> None:
    emulator = server.emulator
    emulator.load_flow(FLOW)
    started = httpx.post(
        f"{server.base_url}/account/{emulator.auth_id}/phlo/warm-transfer",
        auth=(emulator.auth_id, emulator.auth_token),
    ).json()

    assert started["message"] == (
        "stopped. next node uuid not found for b'Start' - b'Start' with output state:"
        f" http - phlo_run_id {started['phlo_run_id']}"
    )


def test_a_run_is_listed_streamed_and_stopped(server: EmulatorServer, person: Person) -> None:
    server.emulator.load_flow(FLOW)
    with httpx.stream("GET", server.base_url.replace("/v1", "/_emulator/events")) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line == "event: snapshot")
        run_id = person.does(CALLER, "call", to="+14155550114")["run_id"]
        next(line for line in lines if line == "event: run")
        data = json.loads(next(lines).removeprefix("data: "))
    assert data["run_id"] == run_id

    listed = person.get("/runs").json()
    assert [flow["name"] for flow in listed["flows"]] == ["Warm transfer"]
    assert [run["run_id"] for run in listed["runs"]] == [run_id]
    stopped = httpx.post(server.base_url.replace("/v1", f"/_emulator/runs/{run_id}/stop"))
    assert stopped.json()["ended"] == "stopped by hand"
    assert person.get("/runs/none").status_code == 404


def test_no_event_of_the_stream_has_the_auth_token(server: EmulatorServer, person: Person) -> None:
    token = server.emulator.auth_token
    name = f"Menu {token}"
    server.emulator.load_flow(document(name, **{name: {**NODES["Menu"]}}))
    with httpx.stream("GET", server.base_url.replace("/v1", "/_emulator/events")) as stream:
        lines = stream.iter_lines()
        snapshot = next(line for line in lines if line.startswith("data: "))
        person.does(CALLER, "call", to=NUMBER)
        next(line for line in lines if line == "event: run")
        step = next(lines)

    assert "***" in step
    assert token not in snapshot + step


@pytest.mark.parametrize(
    "path", [f"phones/{CALLER}/call", f"phones/{CALLER}/text", "runs/1/stop", "seed"]
)
@pytest.mark.parametrize(
    "header", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_starts_and_stops_nothing(
    server: EmulatorServer, path: str, header: dict[str, str]
) -> None:
    server.emulator.load_flow(FLOW)
    url = server.base_url.replace("/v1", f"/_emulator/{path}")

    response = httpx.post(url, json={"to": "+14155550114", "message": "Hi"}, headers=header)

    assert response.status_code == 403
    assert server.emulator.runs == []
