"""Who may touch the emulator's own pages, and what they are sent with."""

import json
from typing import Any

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.http.security import OPEN

from ..asking import NODE, PHLO, Heard, ask, basic, exchange, heard


def ask_as(
    host: str,
    *,
    method: str = "GET",
    path: str = "/_emulator/dashboard",
    origin: str | None = None,
    site: str | None = None,
    server: str = "127.0.0.1",
    opened: bool = False,
) -> Heard:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if site is not None:
        headers.append((b"sec-fetch-site", site.encode()))
    if path.startswith("/v1"):
        headers.append((b"authorization", basic()))
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
@pytest.mark.parametrize("path", ["/_emulator/dashboard", "/_emulator/events", PHLO])
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


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"site": "none"}, False),
        ({"site": "same-origin", "origin": "http://localhost"}, False),
        ({"site": "cross-site"}, True),
        ({"site": "same-site"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
    ],
)
def test_another_sites_page_reaches_nothing_of_the_api(
    method: str, headers: dict[str, Any], refused: bool
) -> None:
    answer = ask_as("localhost", method=method, path=PHLO, **headers)

    assert (answer.status == 403) is refused


def test_another_sites_form_changes_nothing() -> None:
    assert (
        ask_as("localhost", method="POST", path="/_emulator/reset", site="cross-site").status == 403
    )


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


def test_what_is_not_authenticated_uses_up_no_fault() -> None:
    emulator = PhloEmulator(faults=["500 x1"])
    wrong = ask(emulator, "GET", PHLO, authorization=basic("MAMINE", "x"))
    right = ask(emulator, "GET", PHLO)

    assert (wrong.status, right.status) == (401, 500)


def test_the_body_of_what_is_not_authenticated_is_not_kept() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", NODE, {"action": "x" * 1000}, authorization=b"")
    (entry,) = emulator.exchanges()

    assert (entry.status, entry.request.body if entry.request else None) == (401, b"")


def test_of_a_body_that_is_not_authenticated_only_so_much_is_read() -> None:
    parts = iter([{"type": "http.request", "body": b"x" * 60_000, "more_body": True}] * 10)
    scope = {"type": "http", "method": "POST", "path": NODE, "headers": []}
    answer = heard(exchange(PhloEmulator(), scope, parts))

    assert answer.status == 401
    assert len(list(parts)) == 8
