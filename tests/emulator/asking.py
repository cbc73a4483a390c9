"""Asking the emulator something with no socket and no event loop."""

import base64
import json
from collections.abc import Coroutine, Iterable
from typing import Any

import attrs

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)

PHLO = f"/v1/phlo/{DEMO_PHLO_ID}"
NODE = f"{PHLO}/multi_party_call/{DEMO_NODE_ID}"
RUN = f"/v1/account/{DEMO_AUTH_ID}/phlo/{DEMO_PHLO_ID}"

DIAL = {"action": "call", "trigger_source": "111", "to": "222", "role": "customer"}
WARM = {"action": "warm_transfer", "trigger_source": "111", "to": "333", "role": "agent"}


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@attrs.frozen
class Heard:
    """An answer as it came: the status, the headers, the JSON."""

    status: int
    headers: dict[str, str]
    json: Any


def basic(auth_id: str = DEMO_AUTH_ID, auth_token: str = DEMO_AUTH_TOKEN) -> bytes:
    return b"Basic " + base64.b64encode(f"{auth_id}:{auth_token}".encode())


def ask(
    emulator: PhloEmulator,
    method: str,
    path: str,
    content: object = None,
    *,
    raw: bytes | None = None,
    authorization: bytes | None = None,
) -> Heard:
    body = raw if raw is not None else b"" if content is None else json.dumps(content).encode()
    given = basic() if authorization is None else authorization
    raw_path, _, query = path.encode("latin-1").partition(b"?")
    scope = {
        "type": "http",
        "method": method,
        "path": raw_path.decode("latin-1"),
        "raw_path": raw_path,
        "query_string": query,
        "headers": [(b"authorization", given)],
    }
    return heard(exchange(emulator, scope, [{"type": "http.request", "body": body}]))


def say(emulator: PhloEmulator, member: str, action: str) -> Heard:
    return ask(emulator, "POST", f"{NODE}/members/{member}", {"action": action})


def heard(sent: list[Any]) -> Heard:
    start, body = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    is_json = headers["content-type"].startswith("application/json")
    content = json.loads(body["body"]) if is_json else {}  # the page and its files are for people
    return Heard(start["status"], headers, content)


def exchange(emulator: PhloEmulator, scope: Any, messages: Iterable[Any]) -> list[Any]:
    """Run one ASGI connection to its end, giving it `messages`; return what it sent."""
    arriving, sent = iter(messages), []

    async def receive() -> Any:
        return next(arriving)

    async def send(message: Any) -> None:
        sent.append(message)

    finish(emulator(scope, receive, send))
    return sent


def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the emulator waited for an event loop")
