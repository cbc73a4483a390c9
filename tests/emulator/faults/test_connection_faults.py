"""Faults over a socket: what really arrives, seen with a bare one."""

import json
import socket
from collections.abc import Iterator

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from ..asking import DIAL, NODE, basic


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator(rate_limit=None)) as running:
        yield running


@pytest.fixture
def emulator(server: EmulatorServer) -> PhloEmulator:
    server.emulator.reset()
    return server.emulator


def dial(server: EmulatorServer, patience: float = 5.0, more: int = 0) -> bytes:
    """Everything that comes back until the connection ends, or nothing comes for so long."""
    body = json.dumps(DIAL).encode() + b" " * more
    head = f"POST {NODE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((server.host, server.port), timeout=patience) as connection:
        connection.sendall(head.encode() + b"Authorization: " + basic() + b"\r\n\r\n" + body)
        heard = b""
        while piece := connection.recv(65536):
            heard += piece
        return heard


@pytest.mark.parametrize(("kind", "dialled"), [("close_before", {}), ("close_after", {"222": 1})])
def test_a_connection_is_closed_with_no_answer(
    server: EmulatorServer, emulator: PhloEmulator, kind: str, dialled: dict[str, int]
) -> None:
    emulator.fail_next(kind)

    assert dial(server) == b""
    assert emulator.dialled == dialled


def test_a_connection_is_reset_after_acting(server: EmulatorServer, emulator: PhloEmulator) -> None:
    emulator.fail_next("reset_after")

    with pytest.raises(ConnectionResetError):
        dial(server)

    assert emulator.dialled == {"222": 1}


def test_nothing_comes_after_acting(server: EmulatorServer, emulator: PhloEmulator) -> None:
    emulator.fail_next("hang_after")

    with pytest.raises(TimeoutError):
        dial(server, 0.2)

    assert emulator.dialled == {"222": 1}


def test_a_body_that_is_still_being_sent_changes_nothing_about_a_fault(
    server: EmulatorServer, emulator: PhloEmulator
) -> None:
    emulator.fail_next("hang_after")

    with pytest.raises(TimeoutError):
        dial(server, 0.2, more=1_000_000)

    assert (emulator.requests, emulator.dialled) == (1, {})


def test_a_body_ends_too_early(server: EmulatorServer, emulator: PhloEmulator) -> None:
    emulator.fail_next("cut_body")
    head, _, body = dial(server).partition(b"\r\n\r\n")
    declared = int(head.lower().partition(b"content-length: ")[2].split()[0])

    assert (head.startswith(b"HTTP/1.1 201"), 0 < len(body) < declared) == (True, True)
    assert emulator.dialled == {"222": 1}


def test_what_comes_is_no_http(server: EmulatorServer, emulator: PhloEmulator) -> None:
    emulator.fail_next("garbage")

    assert dial(server).startswith(b"\x16\x03\x01 this is no answer")
    assert emulator.dialled == {"222": 1}


def test_a_client_that_hangs_does_not_keep_the_server_from_stopping() -> None:
    with EmulatorServer(PhloEmulator(faults=["hang_after"])) as running:
        connection = socket.create_connection((running.host, running.port), timeout=5)
        head = b"GET /v1/phlo/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + basic()
        connection.sendall(head + b"\r\n\r\n")
        while not running.emulator.closing.subscribers:
            pass
    ended = connection.recv(10)
    connection.close()

    assert ended == b""
