"""Who may touch the emulator's own pages, and what they are sent with."""

import json
from typing import Any

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.http.security import OPEN

from ..asking import Heard, exchange, heard


def ask_as(
    host: str,
    *,
    method: str = "GET",
    path: str = "/_emulator/dashboard",
    origin: str | None = None,
    server: str = "127.0.0.1",
    opened: bool = False,
) -> Heard:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": headers,
        "server": (server, 7461),
        "extensions": {OPEN: {}} if opened else {},
    }
    return heard(exchange(PhloEmulator(), scope, [{"type": "http.request", "body": b""}]))


@pytest.mark.parametrize("host", ["127.0.0.1:7461", "localhost", "LOCALHOST:1", "[::1]:7461"])
def test_this_machines_names_are_let_in(host: str) -> None:
    assert ask_as(host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7461", "127.0.0.1.evil.example", "", "[", "10.0.0.1"]
)
@pytest.mark.parametrize("path", ["/_emulator/dashboard", "/_emulator/events"])
def test_a_strangers_name_for_this_machine_is_403(host: str, path: str) -> None:
    answer = ask_as(host, path=path)

    assert (answer.status, "error" in answer.json) == (403, True)


@pytest.mark.parametrize("elsewhere", [{"server": "10.0.0.5"}, {"opened": True}])
def test_a_server_meant_to_be_reached_has_any_name(elsewhere: dict[str, Any]) -> None:
    assert ask_as("emulator.example", **elsewhere).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://127.0.0.1:7461", 200),
        ("http://127.0.0.1:8000", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
    ],
)
def test_another_sites_page_changes_nothing(origin: str | None, status: int) -> None:
    answer = ask_as("127.0.0.1:7461", method="POST", path="/_emulator/reset", origin=origin)

    assert answer.status == status


def test_a_look_needs_no_origin_of_ours() -> None:
    assert ask_as("localhost", origin="https://evil.example").status == 200


def test_every_answer_forbids_inline_scripts_frames_and_guessing() -> None:
    answer = ask_as("localhost")
    policy = answer.headers["content-security-policy"]

    assert ("unsafe" in policy, "script-src 'self';" in policy) == (False, True)
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("path", ["faults", "seed", "callback", "phones/2"])
def test_a_long_body_is_413(path: str) -> None:
    scope = {"type": "http", "method": "POST", "path": f"/_emulator/{path}", "headers": []}
    body = json.dumps({"x": "y" * 70_000}).encode()
    answer = heard(exchange(PhloEmulator(), scope, [{"type": "http.request", "body": body}]))

    assert answer.status == 413
