"""What happened lately, for those who follow it live: a bounded ring, told as server-sent events.

A follower has no buffer of its own: it reads the ring at its own pace, and one that has fallen
behind the ring's oldest event gets a snapshot instead of what it missed. So does one whose last
event was another emulator's, or this one's before it was started again.
"""

import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import attrs

from ..errors import Refusal
from ..faults.injection import Exchange
from ..http.request import Request
from ..http.security import PAGE_HEADERS
from ..notifier import Bell, Ear
from ..race import first_of

EVENT_LIMIT = 1000
"""How many of the latest events can be resumed from."""

FOLLOWER_LIMIT = 100
"""How many can follow at once; one more is answered 503."""

BATCH = 50
"""How many events go out together."""

HEARTBEAT_SECONDS = 15.0
"""How long a line may be quiet before something is said on it."""

PATIENCE_SECONDS = 10.0
"""How long a follower may take to accept what is sent before it is dropped."""

FAREWELL_SECONDS = 0.5
"""How long one may take to accept the end."""


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
    """The latest events. `bell` tells followers that there are new ones.

    An event's id is `LIFE-NUMBER`: numbers begin anew with each emulator, `life` is its own.
    """

    def __init__(self, life: str) -> None:
        self.bell: Bell = Bell()
        self._life = life
        self._ring: deque[Happened] = deque(maxlen=EVENT_LIMIT)
        self._lock = threading.Lock()
        self._numbered = 0

    @property
    def latest(self) -> int:
        """The number of the latest event; 0 before the first."""
        return self._numbered

    def id_of(self, number: int) -> str:
        """Return the id of an event."""
        return f"{self._life}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """Return the number of an event of this life, None for any other text."""
        life, _, number = event_id.rpartition("-")
        if life != self._life or not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        return int(number)

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


def last_seen(request: Request) -> str:
    """Return the id of the last event a follower saw, by `Last-Event-ID` or `?last_event_id=`."""
    query = request.query.decode("latin-1").removeprefix("last_event_id=")
    return request.headers.get("last-event-id", query)


class Follower:
    """One client that follows the events until it goes, is too slow, or the server stops.

    `snapshot` gives all there is and the number of its latest event, `hide` keeps the secret out
    of a text, `sleep` waits.
    """

    def __init__(
        self,
        events: Events,
        exchange: Exchange,
        *,
        snapshot: Callable[[], tuple[int, Mapping[str, object]]],
        hide: Callable[[str], str],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._events = events
        self._exchange = exchange
        self._snapshot = snapshot
        self._hide = hide
        self._sleep = sleep

    async def follow(self, seen: int | None) -> None:
        """Tell everything after the event numbered `seen`, and then whatever happens."""
        head = [(b"content-type", b"text/event-stream; charset=utf-8")]
        head += [(name.encode(), value.encode()) for name, value in PAGE_HEADERS]
        await self._exchange.send({"type": "http.response.start", "status": 200, "headers": head})
        with self._events.bell.listen() as ear:
            await first_of(self._exchange.until_gone_or_closing, lambda: self._tell_all(ear, seen))
        await self._end()

    async def _tell_all(self, ear: Ear, seen: int | None) -> None:
        """Return only when the follower is too slow."""
        text, seen = self._news(seen)
        while await self._sent(text):
            if self._events.latest > seen or await self._within(HEARTBEAT_SECONDS, ear.heard):
                text, seen = self._news(seen)
            else:
                text = ": still here\n\n"

    def _news(self, seen: int | None) -> tuple[str, int]:
        events = self._events.after(seen)
        if seen is None or events is None:
            number, data = self._snapshot()
            return "retry: 1000\n" + self._write(number, "snapshot", data), number
        batch = events[:BATCH]
        text = "".join(self._write(one.number, one.kind, one.data()) for one in batch)
        return text, batch[-1].number if batch else seen

    def _write(self, number: int, kind: str, data: Mapping[str, object]) -> str:
        told = self._hide(json.dumps(data))
        return f"id: {self._events.id_of(number)}\nevent: {kind}\ndata: {told}\n\n"

    async def _sent(self, text: str) -> bool:
        part = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        return await self._within(PATIENCE_SECONDS, lambda: self._exchange.send(part))

    async def _within(self, seconds: float, wait: Callable[[], Awaitable[object]]) -> bool:
        return await first_of(wait, lambda: self._sleep(seconds)) == 0

    async def _end(self) -> None:
        # Ended properly where it can be, so that the browser comes back by itself; a client that
        # takes nothing is cut off.
        farewell = {"type": "http.response.body", "body": b""}
        took = await self._within(FAREWELL_SECONDS, lambda: self._exchange.send(farewell))
        if not took and self._exchange.wire is not None:
            self._exchange.wire.reset()
            await self._exchange.until_gone()
