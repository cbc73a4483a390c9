"""The emulator on a socket, and Plivo's own synchronous client talking to it."""

import builtins
import http.client
import threading
from collections.abc import Iterator
from typing import Any

import plivo
import pytest

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    EmulatedNode,
    EmulatedPhlo,
    NodeType,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.testing import Clock

from .asking import NODE, basic
from .scenes import states

BRIDGE = "b1f5c3a0-5a0b-4c7e-8b8e-0d2f4c6a8e10"
PHLO = EmulatedPhlo(
    DEMO_PHLO_ID,
    nodes=(EmulatedNode(DEMO_NODE_ID), EmulatedNode(BRIDGE, NodeType.CONFERENCE_BRIDGE)),
)


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator(phlos=[PHLO], phones={"4": "voicemail"})) as running:
        yield running


@pytest.fixture
def emulator(server: EmulatorServer) -> PhloEmulator:
    server.emulator.reset()
    return server.emulator


@pytest.fixture
def official(server: EmulatorServer) -> Iterator[Any]:
    with plivo.phlo.RestClient(DEMO_AUTH_ID, DEMO_AUTH_TOKEN) as client:
        client.phlo_base_uri = server.base_url
        yield client


def now(emulator: PhloEmulator) -> dict[str, str]:
    (call,) = emulator.calls.values()
    return states(call)


def test_the_official_client_reads_a_phlo_and_its_nodes(
    official: Any, emulator: PhloEmulator
) -> None:
    phlo = official.phlo.get(DEMO_PHLO_ID)
    node = phlo.node("conference_bridge", BRIDGE)
    party = phlo.multi_party_call(DEMO_NODE_ID)

    assert (phlo.name, node.node_type, party.node_id) == (
        "Emulated PHLO",
        "conference_bridge",
        DEMO_NODE_ID,
    )


def test_the_official_client_runs_a_phlo(official: Any, emulator: PhloEmulator) -> None:
    started = official.phlo.get(DEMO_PHLO_ID).run(to="222")

    assert (started.phlo_id, started.api_id) == (DEMO_PHLO_ID, started.phlo_run_id)
    assert emulator.received[-1].body == {"to": "222"}


def test_the_official_client_does_every_action(official: Any, emulator: PhloEmulator) -> None:
    party = official.phlo.get(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    done = [
        party.call("1", "2", "customer"),
        party.member("2").hold(),
        party.member("2").unhold(),
        party.member("2").mute(),
        party.member("2").unmute(),
        party.warm_transfer("1", "3"),
        party.member("1").resume_call(),
        party.member("3").hangup(),
        party.warm_transfer("1", "3", "agent"),
        party.member("1").abort_transfer(),
        party.call("1", "4", "customer"),
        party.member("4").voicemail_drop(),
        party.cold_transfer("1", "+3"),
    ]

    assert {answer.error for answer in done} == {""}
    assert now(emulator) == {"1": "left", "2": "in_call", "+3": "in_call", "4": "left"}
    assert emulator.dialled == {"2": 1, "3": 3, "4": 1}


def test_the_official_clients_shorter_way_does_every_action(
    official: Any, emulator: PhloEmulator
) -> None:
    node = (DEMO_PHLO_ID, DEMO_NODE_ID)
    official.phlo.multi_party_call(
        *node, "call", trigger_source="1", to="sip:bob@phone.example", role="customer"
    )
    official.phlo.multi_party_call(*node, "warm_transfer", trigger_source="1", to="3")
    official.phlo.member(*node, "1", "resume_call", "multi_party_call")
    official.phlo.member(*node, "sip:bob@phone.example", "hold", node_type="multi_party_call")
    official.phlo.multi_party_call(*node, "member", member_id="3").mute()

    assert now(emulator) == {"1": "in_call", "sip:bob@phone.example": "on_hold", "3": "in_call"}


def test_the_official_client_acts_on_a_conference_bridge(
    official: Any, emulator: PhloEmulator
) -> None:
    emulator.join(DEMO_PHLO_ID, BRIDGE, "1")
    emulator.join(DEMO_PHLO_ID, BRIDGE, "2")
    for member, action in (("1", "mute"), ("1", "unmute"), ("2", "hangup")):
        official.phlo.member(DEMO_PHLO_ID, BRIDGE, member, action)

    assert now(emulator) == {"1": "in_call", "2": "left"}


def test_the_official_client_understands_a_no(official: Any, emulator: PhloEmulator) -> None:
    node = (DEMO_PHLO_ID, DEMO_NODE_ID)

    with pytest.raises(plivo.exceptions.ResourceNotFoundError, match="No such member"):
        official.phlo.member(*node, "1", "hold", node_type="multi_party_call")
    with pytest.raises(plivo.exceptions.ValidationError, match="provided for role"):
        official.phlo.multi_party_call(*node, "call", trigger_source="1", to="2", role="boss")


def test_a_long_body_is_413_over_the_wire(server: EmulatorServer, emulator: PhloEmulator) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    auth = {"Authorization": basic().decode()}
    connection.request("POST", NODE, body=b" " * 70_000, headers=auth)
    answer = connection.getresponse()
    answer.read()
    connection.close()

    assert (answer.status, emulator.dialled) == (413, {})


def test_stopping_leaves_no_thread_and_a_port_that_refuses() -> None:
    before = threading.active_count()
    with EmulatorServer() as running:
        port = running.port
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        idle.request("GET", "/_emulator/state")
        idle.getresponse().read()

    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()

    idle.close()
    assert threading.active_count() == before


def test_a_server_stopped_before_anyone_called_ends_cleanly() -> None:
    before = threading.active_count()
    server = EmulatorServer().start()
    server.stop()
    server.stop()

    assert threading.active_count() == before


def test_a_server_can_be_started_again() -> None:
    server = EmulatorServer()
    for _ in range(2):
        with server:
            assert state(server)


def test_a_running_server_is_not_started_twice(server: EmulatorServer) -> None:
    with pytest.raises(RuntimeError, match="already"):
        server.start()


def test_a_server_that_is_not_running_has_no_port() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = EmulatorServer().base_url


def test_a_port_that_is_taken_is_an_oserror(server: EmulatorServer) -> None:
    with pytest.raises(OSError, match="use"):
        EmulatorServer(port=server.port).start()


@pytest.mark.anyio
async def test_a_server_can_be_an_asynchronous_context() -> None:
    async with EmulatorServer() as running:
        assert running.base_url == f"http://127.0.0.1:{running.port}/v1"


def test_without_uvicorn_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "uvicorn":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ImportError, match=r"pip install \"plivo-phlo-async\[emulator\]\""):
        EmulatorServer(PhloEmulator()).start()


def test_a_client_that_left_before_its_reset_harms_no_other(
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock = Clock(runs=False)
    emulator = PhloEmulator(latency=1, sleep=clock.sleep, faults=["reset_after"])
    with EmulatorServer(emulator) as running:
        gone = http.client.HTTPConnection(running.host, running.port, timeout=5)
        credentials = {"Authorization": basic().decode()}
        gone.request("GET", f"/v1/phlo/{DEMO_PHLO_ID}", headers=credentials)
        while not clock.sleepers:
            pass
        gone.close()
        state(running)  # by then the server has seen the other one leave
        clock.advance(1)
        while not emulator.requests:
            pass
        state(running)

    assert capfd.readouterr().err == ""


def state(server: EmulatorServer) -> bytes:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("GET", "/_emulator/state")
    body = connection.getresponse().read()
    connection.close()
    return body


def test_waiting_ends_with_the_server() -> None:
    server = EmulatorServer()
    server.wait()
    with server:
        waiting = threading.Thread(target=server.wait)
        waiting.start()
        waits = waiting.is_alive()
    waiting.join(5)
    server.wait()

    assert (waits, waiting.is_alive()) == (True, False)


def test_the_environment_points_a_client_at_the_server(
    server: EmulatorServer, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert server.env == {
        "PLIVO_AUTH_ID": DEMO_AUTH_ID,
        "PLIVO_AUTH_TOKEN": DEMO_AUTH_TOKEN,
        "PLIVO_PHLO_BASE_URL": server.base_url,
        "PLIVO_PHLO_ID": DEMO_PHLO_ID,
        "PLIVO_NODE_ID": DEMO_NODE_ID,
        "NO_PROXY": "127.0.0.1",
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NO_PROXY", "", "127.0.0.1"),
        ("NO_PROXY", "a.example, .b.example:80", "a.example,.b.example:80,127.0.0.1"),
        ("NO_PROXY", "127.0.0.1,a.example", "127.0.0.1,a.example"),
        ("NO_PROXY", "*", "*"),
        ("no_proxy", "a.example", "a.example,127.0.0.1"),
    ],
)
def test_the_environment_adds_the_server_to_what_no_proxy_is_for(
    server: EmulatorServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    expected: str,
) -> None:
    for each in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, value)

    assert server.env[name] == expected


@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
async def test_with_it_a_client_reaches_the_server_though_a_proxy_is_set(
    server: EmulatorServer,
    emulator: PhloEmulator,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    async with AsyncPhloClient() as client:
        result = await client.multi_party_call().call("1", "2", "customer")

    assert result.status_code == 201


@pytest.mark.parametrize(
    ("phlos", "named"),
    [([], {}), ([EmulatedPhlo("p")], {"PLIVO_PHLO_ID": "p"})],
)
def test_what_an_emulator_has_not_is_not_in_the_environment(
    phlos: list[EmulatedPhlo], named: dict[str, str]
) -> None:
    with EmulatorServer(PhloEmulator(phlos=phlos)) as running:
        variables = running.env

    assert {name: variables[name] for name in variables if name.endswith("_ID")} == {
        "PLIVO_AUTH_ID": DEMO_AUTH_ID,
        **named,
    }


def test_a_server_that_is_not_running_has_no_environment() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = EmulatorServer().env
