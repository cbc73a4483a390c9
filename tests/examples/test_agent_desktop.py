"""The agent desktop with two workers on one socket, as uvicorn and as gunicorn start them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from plivo_phlo_async.emulator import PhloEmulator

from ..shared_limit.server import needed
from .desktop import backends, gunicorn, listening, uvicorn

ELSEWHERE = Origin("https://elsewhere.example")
AGENT, CUSTOMER = "12025550101", "12025550199"
CALL = {"verb": "call", "trigger_source": AGENT, "to": CUSTOMER, "role": "customer"}
UVICORN = uvicorn, "--workers", "2", "--timeout-worker-healthcheck", "60", "--loop", "uvloop"
GUNICORN = gunicorn, "--workers", "2", "--worker-class", "uvicorn.workers.UvicornWorker"


@pytest.fixture(params=[UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def desktop(request: pytest.FixtureRequest, unmeasured: None) -> Iterator[tuple[str, PhloEmulator]]:
    needed()
    serve, *options = request.param
    with listening() as (sock, url), backends(url) as (emulator, env), serve(sock, env, *options):
        yield url, emulator


def _page(url: str, origin: Origin | None = None) -> AbstractContextManager[ClientConnection]:
    """Connect as a page does that the agent has opened."""
    socket = url.replace("http", "ws")
    return connect(f"{socket}/agents/{AGENT}", origin=origin, proxy=None, open_timeout=60)


def _message(page: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(page.recv(timeout=60))
    return message


@contextmanager
def _frozen(process: int) -> Iterator[None]:
    """Stop a worker, so that another one accepts the next connection."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _addresses(page: ClientConnection, count: int) -> list[str]:
    """Return the members that a page shows, once there are so many."""
    while True:
        members = _message(page).get("members", ())
        if len(members) == count:
            return [member["address"] for member in members]


def test_an_event_that_reaches_one_worker_shows_on_the_pages_of_both(
    desktop: tuple[str, PhloEmulator],
) -> None:
    url, emulator = desktop
    with ExitStack() as stack:
        one = stack.enter_context(_page(url))
        worker = _message(one)["worker"]
        with _frozen(worker):
            two = stack.enter_context(_page(url))
            other = _message(two)["worker"]
        one.send(json.dumps({"action": CALL}))

        shown = [_addresses(page, 2) for page in (one, two)]
    asyncio.run(emulator.delivered())

    assert worker != other
    assert shown == [[AGENT, CUSTOMER], [AGENT, CUSTOMER]]
    assert [delivery.status for delivery in emulator.deliveries] == [200, 200]


def test_a_page_of_another_site_is_refused(desktop: tuple[str, PhloEmulator]) -> None:
    url, _ = desktop
    with pytest.raises(InvalidStatus) as refused, _page(url, ELSEWHERE):
        pass

    assert refused.value.response.status_code == 403


def test_an_action_that_is_no_action_shows_why(desktop: tuple[str, PhloEmulator]) -> None:
    url, emulator = desktop
    with _page(url) as page:
        page.send(json.dumps({"action": {"verb": "hold", "member_address": ""}}))
        messages = [_message(page), _message(page)]

    (error,) = [message["error"] for message in messages if "error" in message]
    assert error["type"] == "InvalidArgumentError"
    assert emulator.requests == 0
