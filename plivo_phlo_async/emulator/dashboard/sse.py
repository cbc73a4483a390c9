"""The latest events, streamed to subscribers as server-sent events.

A subscriber has no buffer: it reads the kept events at its own pace. One that has fallen behind
the oldest of them receives a snapshot instead, and so does one whose last event belongs to another
emulator, or to this one before a restart.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice

import attrs

from ..errors import ApiError
from ..http.connection import Exchange
from ..http.request import HttpRequest
from ..http.security import PAGE_HEADERS
from ..notifier import Notifier, Subscription
from ..race import first_completed
from .sized_log import SizedLog

EVENT_LIMIT = 1000
"""How many of the latest events are kept."""

SIZE_LIMIT = 4 * 1024 * 1024
"""How many bytes of events are kept at most."""

SUBSCRIBER_LIMIT = 100
"""The maximum number of subscribers; one more is answered 503."""

BATCH = 50
"""How many events are sent together."""

HEARTBEAT_SECONDS = 15.0
"""How long a stream is idle before a comment is sent."""

SEND_SECONDS = 10.0
"""How long a subscriber may take to accept data before it is dropped."""

CLOSE_SECONDS = 0.5
"""How long a subscriber may take to accept the end of the stream."""


class TooManySubscribers(ApiError):
    """There are `SUBSCRIBER_LIMIT` subscribers already (503)."""

    status = 503

    def __init__(self) -> None:
        text = f"{SUBSCRIBER_LIMIT} clients are subscribed to the events already."
        super().__init__(text, (("retry-after", "5"),))


@attrs.define
class StreamEvent:
    """One event: its number, from 1, its kind, and what makes its data when it is first sent."""

    number: int
    kind: str
    data: Callable[[], Mapping[str, object]]
    _text: str | None = None

    def text(self, write: Callable[[int, str, Mapping[str, object]], str]) -> str:
        """Return the event as it is sent; `write` makes it once for all subscribers."""
        if self._text is None:
            self._text = write(self.number, self.kind, self.data())
        return self._text


class EventStream:
    """The latest events; `notifier` notifies of new ones.

    The id of an event is `INSTANCE-NUMBER`: the numbers start at 1 in each emulator, and `instance`
    identifies it.
    """

    def __init__(self, instance: str) -> None:
        self.notifier: Notifier = Notifier()
        self._instance = instance
        self._events: SizedLog[StreamEvent] = SizedLog(EVENT_LIMIT, SIZE_LIMIT)
        self._lock = threading.Lock()
        self._last_number = 0

    @property
    def latest(self) -> int:
        """The number of the latest event; 0 before the first."""
        return self._last_number

    def id_of(self, number: int) -> str:
        """Return the id of an event."""
        return f"{self._instance}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """Return the number of an event of this instance, None for any other text."""
        instance, _, number = event_id.rpartition("-")
        valid = number.isascii() and number.isdigit() and len(number) < 19
        return int(number) if instance == self._instance and valid else None

    def publish(
        self, kind: str, data: Callable[[], Mapping[str, object]], *, size: int = 0
    ) -> None:
        """Add an event, which keeps `size` bytes in memory, and notify the subscribers."""
        with self._lock:
            self._last_number += 1
            self._events.append(StreamEvent(self._last_number, kind, data), size)
        self.notifier.notify()

    def after(self, number: int | None) -> list[StreamEvent] | None:
        """Return the events after a number, None if some of them are no longer kept."""
        with self._lock:
            oldest = self._last_number - len(self._events) + 1
            if number is None or not oldest - 1 <= number <= self._last_number:
                return None
            return list(islice(reversed(self._events), self._last_number - number))[::-1]


def last_event_id(request: HttpRequest) -> str:
    """Return the last event that a client received: `Last-Event-ID` or `?last_event_id=`."""
    query = request.query.decode("latin-1").removeprefix("last_event_id=")
    return request.headers.get("last-event-id", query)


class Subscriber:
    """One client of the event stream, until it disconnects, is too slow, or the server stops.

    `snapshot` returns the number of the latest event and the whole dashboard, `mask` hides the
    secret in a text, `sleep` waits.
    """

    def __init__(
        self,
        events: EventStream,
        exchange: Exchange,
        *,
        snapshot: Callable[[], tuple[int, Mapping[str, object]]],
        mask: Callable[[str], str],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._events = events
        self._exchange = exchange
        self._snapshot = snapshot
        self._mask = mask
        self._sleep = sleep

    async def stream(self, last_number: int | None) -> None:
        """Send the events after `last_number`, then each new one."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        headers += [(name.encode(), value.encode()) for name, value in PAGE_HEADERS]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await self._exchange.send(start)
        with self._events.notifier.subscribe() as subscription:
            await first_completed(
                self._exchange.until_disconnected_or_closing,
                lambda: self._send_all(subscription, last_number),
            )
        await self._close()

    async def _send_all(self, subscription: Subscription, number: int | None) -> None:
        """Return only when the subscriber is too slow."""
        text, number = self._next(number)
        while await self._send(text):
            latest = self._events.latest > number
            if latest or await self._completes_within(HEARTBEAT_SECONDS, subscription.wait):
                text, number = self._next(number)
            else:
                text = ": heartbeat\n\n"

    def _next(self, number: int | None) -> tuple[str, int]:
        events = self._events.after(number)
        if number is None or events is None:
            number, data = self._snapshot()
            return "retry: 1000\n" + self._format(number, "snapshot", data), number
        batch = events[:BATCH]
        text = "".join(event.text(self._format) for event in batch)
        return text, batch[-1].number if batch else number

    def _format(self, number: int, kind: str, data: Mapping[str, object]) -> str:
        masked = self._mask(json.dumps(data))
        return f"id: {self._events.id_of(number)}\nevent: {kind}\ndata: {masked}\n\n"

    async def _send(self, text: str) -> bool:
        part = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        return await self._completes_within(SEND_SECONDS, lambda: self._exchange.send(part))

    async def _completes_within(
        self, seconds: float, wait: Callable[[], Awaitable[object]]
    ) -> bool:
        return await first_completed(wait, lambda: self._sleep(seconds)) == 0

    async def _close(self) -> None:
        # A browser reconnects after a proper end; a client that accepts nothing is reset.
        end = {"type": "http.response.body", "body": b""}
        sent = await self._completes_within(CLOSE_SECONDS, lambda: self._exchange.send(end))
        if not sent and self._exchange.raw is not None:
            self._exchange.raw.reset()
            await self._exchange.until_disconnected()
