"""What happened lately, for those who follow it live: a bounded ring, told as server-sent events.

A follower has no buffer of its own: it reads the ring at its own pace, and one that has fallen
behind the ring's oldest event gets a snapshot instead of what it missed.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping

import anyio
import attrs

from .bell import Bell, Ear
from .breaking import Exchange
from .http import Request
from .refusals import Refusal
from .safety import PAGE_HEADERS

EVENT_LIMIT = 1000
"""How many of the latest events can be resumed from."""

FOLLOWER_LIMIT = 100
"""How many can follow at once; one more is answered 503."""

BATCH = 50
"""How many events go out together."""

HEARTBEAT_SECONDS = 15.0
PATIENCE_SECONDS = 10.0
"""How long a follower may take to accept what is sent before it is dropped."""


class TooManyFollowers(Refusal):
    """`FOLLOWER_LIMIT` follow the events already (503)."""

    status = 503

    def __init__(self) -> None:
        text = f"{FOLLOWER_LIMIT} clients follow the events already."
        super().__init__(text, (("retry-after", "5"),))


@attrs.frozen
class Happened:
    """One event: its number, counted from 1, its kind, and what makes its data when it is told."""

    number: int
    kind: str
    data: Callable[[], Mapping[str, object]]


class Events:
    """The latest events. `ring` on `bell` tells followers that there are new ones."""

    def __init__(self) -> None:
        self.bell = Bell()
        self._ring: deque[Happened] = deque(maxlen=EVENT_LIMIT)
        self._lock = threading.Lock()
        self._numbered = 0

    @property
    def latest(self) -> int:
        """The number of the latest event; 0 before the first."""
        return self._numbered

    def publish(self, kind: str, data: Callable[[], Mapping[str, object]]) -> None:
        """Add an event and wake the followers."""
        with self._lock:
            self._numbered += 1
            self._ring.append(Happened(self._numbered, kind, data))
        self.bell.ring()

    def after(self, number: int | None) -> list[Happened] | None:
        """Return what came after an event; None when that is not known any more, or never was."""
        with self._lock:
            oldest = self._ring[0].number if self._ring else self._numbered + 1
            if number is None or not oldest - 1 <= number <= self._numbered:
                return None
            missed = self._numbered - number
            return list(self._ring)[-missed:] if missed else []


def last_seen(request: Request) -> int | None:
    """Return the event a follower saw last, from `Last-Event-ID` or `?last_event_id=`, or None."""
    query = request.query.decode("latin-1").removeprefix("last_event_id=")
    said = request.headers.get("last-event-id", query)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None


class Follower:
    """One client that follows the events until it goes, is too slow, or the server stops."""

    def __init__(
        self,
        events: Events,
        exchange: Exchange,
        snapshot: Callable[[], tuple[int, Mapping[str, object]]],
        discreet: Callable[[str], str],
    ) -> None:
        self._events = events
        self._exchange = exchange
        self._snapshot = snapshot
        self._discreet = discreet

    async def follow(self, seen: int | None) -> None:
        """Tell everything after the event `seen`, and then whatever happens."""
        head = [(b"content-type", b"text/event-stream; charset=utf-8")]
        head += [(name.encode(), value.encode()) for name, value in PAGE_HEADERS]
        await self._exchange.send({"type": "http.response.start", "status": 200, "headers": head})
        with self._events.bell.listen() as ear:
            async with anyio.create_task_group() as group:

                async def watch() -> None:
                    await self._exchange.until_gone_or_closing()
                    group.cancel_scope.cancel()

                group.start_soon(watch)
                await self._tell_all(ear, seen)
                group.cancel_scope.cancel()
        await self._end()

    async def _tell_all(self, ear: Ear, seen: int | None) -> None:
        while True:
            text, seen = self._news(seen)
            if text and not await self._sent(text):
                return
            if self._events.latest > seen:
                continue
            with anyio.move_on_after(HEARTBEAT_SECONDS) as quiet:
                await ear.heard()
            if quiet.cancelled_caught and not await self._sent(": still here\n\n"):
                return

    def _news(self, seen: int | None) -> tuple[str, int]:
        events = self._events.after(seen)
        if seen is None or events is None:
            number, data = self._snapshot()
            return "retry: 1000\n" + self._write(number, "snapshot", data), number
        batch = events[:BATCH]
        text = "".join(self._write(one.number, one.kind, one.data()) for one in batch)
        return text, batch[-1].number if batch else seen

    def _write(self, number: int, kind: str, data: Mapping[str, object]) -> str:
        return f"id: {number}\nevent: {kind}\ndata: {self._discreet(json.dumps(data))}\n\n"

    async def _sent(self, text: str) -> bool:
        with anyio.move_on_after(PATIENCE_SECONDS) as patience:
            part = {"type": "http.response.body", "body": text.encode(), "more_body": True}
            await self._exchange.send(part)
        return not patience.cancelled_caught

    async def _end(self) -> None:
        # Ended properly where it can be, so that the browser comes back by itself; a client that
        # takes nothing is cut off.
        with anyio.move_on_after(0.5) as moment:
            await self._exchange.send({"type": "http.response.body", "body": b""})
        if moment.cancelled_caught and self._exchange.wire is not None:
            self._exchange.wire.reset()
            await self._exchange.until_gone()
