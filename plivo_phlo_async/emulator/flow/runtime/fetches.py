"""The HTTP requests of flows: sent over the network, or answered by stubs."""

from __future__ import annotations

import fnmatch
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from urllib.parse import urlencode

import anyio
import attrs

from ...spawn import SpawnedTask
from ..engine.effects import Fetch
from ..engine.events import FlowEvent, Replied, Unreachable
from ..fetch import AllowedHosts, FetchFailed, FetchReply, FetchRequest, fetch

__all__ = ["FetchedRequest", "FlowFetches", "HttpStubs", "StubAnswer"]

FETCHED_LIMIT = 1000
"""How many of the latest requests are kept."""

StubAnswer = object
"""What answers a stubbed request: a status, a JSON body, a pair of both, an exception, "pass"."""


@attrs.frozen
class FetchedRequest:
    """A request that an HTTP Request node has sent.

    Attributes:
        method: the HTTP method.
        url: the URL, without the parameters of the query.
        params: the parameters of the query.
        headers: the headers of the node.
        body: the body as text: JSON, or a form.
        status: the status of the response, None where none came.
    """

    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    status: int | None


@attrs.define(eq=False)
class _OpenFetch:
    """A request that a task sends: of which run, and for which wait."""

    waiting: tuple[str, int, FetchRequest] = attrs.field(init=False)
    task: SpawnedTask | None = None
    cancelled: bool = False

    @property
    def lost(self) -> bool:
        """Whether no response will come."""
        return self.cancelled or (self.task is not None and self.task.ended)


class HttpStubs:
    """Answers for requests."""

    def __init__(self) -> None:
        self._answers: dict[str, StubAnswer] = {}
        self.unused: set[str] = set()

    def add(self, answers: Mapping[str, StubAnswer]) -> None:
        """Add answers, before the others.

        Args:
            answers: the answers by "METHOD URL" with `*`; "pass" sends the request.

        Raises:
            ValueError: a name is not of this form.
        """
        for pattern in answers:
            if len(pattern.split(" ")) != 2:
                raise ValueError(f"http[{pattern!r}]: give METHOD URL, as GET http://127.0.0.1/*")
        self._answers = {**answers, **self._answers}
        self._answers |= answers
        self.unused |= answers.keys()

    def find(self, request: FetchRequest) -> FetchReply | FetchFailed | None:
        """Return the answer of a request, None to send it."""
        line = f"{request.method} {request.url}"
        for pattern, answer in self._answers.items():
            if line == pattern or fnmatch.fnmatchcase(line, pattern):
                self.unused.discard(pattern)
                return _reply(answer)
        return None


def _reply(answer: StubAnswer) -> FetchReply | FetchFailed | None:
    match answer:
        case "pass":
            return None
        case BaseException():
            return FetchFailed(str(answer) or type(answer).__name__)
        case bool():
            return FetchReply(200, "application/json", json.dumps(answer))
        case int():
            return FetchReply(answer, "", "")
        case (int(status), str(text)):
            return FetchReply(status, "text/plain", text)
        case (int(status), body):
            return FetchReply(status, "application/json", json.dumps(body))
        case str():
            return FetchReply(200, "text/plain", answer)
    return FetchReply(200, "application/json", json.dumps(answer))


class FlowFetches:
    """Sends requests in the background, and returns the responses to the runs.

    Args:
        send: sends an event to a run.
        locked: holds the emulator's lock.
        wake: lets the background send what waits, and those see it who wait for responses.
        allowed: returns the hosts that requests may reach.
    """

    def __init__(
        self,
        send: Callable[[str, FlowEvent], None],
        locked: Callable[[], AbstractContextManager[object]],
        wake: Callable[[], None],
        allowed: Callable[[], Mapping[str, str | None]],
    ) -> None:
        self._send = send
        self._locked = locked
        self._wake = wake
        self._allowed = allowed
        self.stubs: HttpStubs = HttpStubs()
        self.reset()

    def reset(self) -> None:
        """Forget every request; the response to one that is being sent is discarded."""
        self._waiting: deque[tuple[str, int, FetchRequest]] = deque()
        self._sending: list[_OpenFetch] = []
        self.fetched: list[FetchedRequest] = []

    @property
    def unfinished(self) -> int:
        """How many requests wait or are being sent."""
        return len(self._waiting) + len(self._sending)

    def start(self, run_id: str, effect: Fetch) -> None:
        """Answer a request by a stub, or let it be sent."""
        request = FetchRequest(
            effect.method, effect.url, effect.headers, effect.params, effect.body, effect.auth
        )
        answer = self.stubs.find(request)
        if answer is not None:
            self._answer(run_id, effect.wait, request, answer)
        else:
            self._waiting.append((run_id, effect.wait, request))
            self._wake()

    def spawn(self) -> None:
        """Start to send what waits, in tasks of the running event loop."""
        self._fail_lost()
        for _ in range(len(self._waiting)):
            exchange = _OpenFetch()
            exchange.task = SpawnedTask(partial(self._send_next, exchange))
            exchange.task.start()

    async def flush(self) -> None:
        """Send what waits, concurrently, and return when all is answered."""
        self._fail_lost()
        async with anyio.create_task_group() as tasks:
            for _ in range(len(self._waiting)):
                tasks.start_soon(self._send_next, _OpenFetch())

    def _fail_lost(self) -> None:
        """Let the requests fail whose event loop has ended.

        Not when it ends: the run could send the next request, in a loop that runs no more tasks.
        """
        with self._locked():
            for exchange in [one for one in self._sending if one.lost]:
                self._finish(exchange, FetchFailed("the emulator stopped"))

    async def _send_next(self, exchange: _OpenFetch) -> None:
        # A task that an event loop ends before it has begun takes nothing: the request still waits.
        with self._locked():
            if not self._waiting:
                return
            exchange.waiting = self._waiting.popleft()
            self._sending.append(exchange)
        try:
            answer = await fetch(exchange.waiting[2], allowed=self._allowed_hosts())
        except BaseException:
            exchange.cancelled = True
            raise
        with self._locked():
            self._finish(exchange, answer)
        # Also where no run goes on: who waits for the response must see that it is here.
        self._wake()

    def _finish(self, exchange: _OpenFetch, answer: FetchReply | FetchFailed) -> None:
        if exchange in self._sending:  # else it was reset
            self._sending.remove(exchange)
            self._answer(*exchange.waiting, answer)

    def _allowed_hosts(self) -> AllowedHosts:
        hosts = self._allowed()
        mapped = {host: url for host, url in hosts.items() if url is not None}
        return AllowedHosts(frozenset(hosts), mapped)

    def _answer(
        self, run_id: str, wait: int, request: FetchRequest, answer: FetchReply | FetchFailed
    ) -> None:
        status = answer.status if isinstance(answer, FetchReply) else None
        self.fetched.append(_fetched(request, status))
        del self.fetched[:-FETCHED_LIMIT]
        if isinstance(answer, FetchReply):
            reply = (answer.status, answer.content_type, answer.text)
            self._send(run_id, Replied(0.0, wait, *reply))
        else:
            self._send(run_id, Unreachable(0.0, wait, answer.reason))


def _fetched(request: FetchRequest, status: int | None) -> FetchedRequest:
    text = ""
    for kind, body in request.body.items():
        text = json.dumps(body) if kind == "json" else _form(body)
    return FetchedRequest(
        request.method, request.url, request.params, request.headers, text, status
    )


def _form(body: object) -> str:
    assert isinstance(body, Mapping)
    return urlencode(body)
