"""Deliveries of callbacks: kept, sent in order for each call, tried twice if nothing answered."""

import threading
from collections import deque
from collections.abc import Awaitable, Callable

import anyio
import attrs

from ..calls.log_entry import Place
from .callbacks import Callback, Letter, write_letter

DELIVERY_LIMIT = 1000
"""How many deliveries are kept, waiting ones and finished ones together."""

ATTEMPTS = 2
"""How often one is tried: again only when nobody could be reached or no answer came."""

Deliver = Callable[[Letter], Awaitable[int]]
"""Sends a letter, gives the status; raises `OSError` where none came."""


@attrs.define
class Delivery:
    """One callback on its way: the call it tells of, what it says, and how it fares.

    Attributes:
        number: which delivery it is, from 1.
        at: when the event happened, in seconds since 1970.
        place: where the call is: the ids of its PHLO and of its node.
        callback: where it is told.
        variables: what is told.
        letter: the request that tells it, signed.
        again_of: the number of the delivery this one repeats, None for a first one.
        outcome: "waiting", "delivered" (a 2xx), "refused" (another status) or "failed" (no answer).
        status: the HTTP status it was answered with, None while there is none.
        attempts: how often it was tried, twice at most.
        error: what went wrong at the last attempt, None where an answer came.
    """

    number: int
    at: float
    place: Place
    callback: Callback
    variables: dict[str, str]
    letter: Letter
    again_of: int | None = None
    outcome: str = "waiting"
    status: int | None = None
    attempts: int = 0
    error: str | None = None

    def describe(self) -> dict[str, object]:
        """Return the delivery as plain data."""
        letter = self.letter
        phlo_id, node_id = self.place
        return {
            "id": self.number,
            "time": self.at,
            "phlo_id": phlo_id,
            "node_id": node_id,
            "event": self.variables["event"],
            "member": self.variables["to"] or self.variables["from"],
            "method": letter.method,
            "url": letter.url,
            "headers": letter.headers,
            "body": letter.body.decode(),
            "variables": self.variables,
            "signed": letter.signed,
            "outcome": self.outcome,
            "status": self.status,
            "attempts": self.attempts,
            "error": self.error,
            "again_of": self.again_of,
        }


class Deliveries:
    """Keeps what is to be told, and tells it when `flush` is awaited.

    `token` gives the Auth Token that signs, `new_id` a nonce, `now` the time; `changed` is told of
    every delivery that is new or has moved on.
    """

    def __init__(
        self,
        *,
        deliver: Deliver,
        token: Callable[[], str],
        new_id: Callable[[], str],
        now: Callable[[], float],
        changed: Callable[[Delivery], None],
    ) -> None:
        self._deliver = deliver
        self._token = token
        self._new_id = new_id
        self._now = now
        self._changed = changed
        self._lock = threading.RLock()
        self._numbered = 0
        self.reset()

    def reset(self) -> None:
        """Forget every delivery; one that is being sent is not called back."""
        with self._lock:
            self.kept: deque[Delivery] = deque(maxlen=DELIVERY_LIMIT)
            self._waiting: dict[Place, deque[Delivery]] = {}
            self._busy: set[Place] = set()

    @property
    def unfinished(self) -> int:
        """How many are waiting or on their way."""
        with self._lock:
            return sum(delivery.outcome == "waiting" for delivery in self.kept)

    def all(self) -> tuple[Delivery, ...]:
        """Return what is kept, oldest first."""
        with self._lock:
            return tuple(self.kept)

    def find(self, number: int) -> Delivery | None:
        """Return the delivery of that number, or None."""
        with self._lock:
            return next((one for one in self.kept if one.number == number), None)

    def add(
        self,
        place: Place,
        callback: Callback,
        variables: dict[str, str],
        again_of: int | None = None,
    ) -> Delivery:
        """Have `variables` told to `callback` after what is told of the same call already."""
        nonce = self._new_id()
        letter = write_letter(callback, variables, self._token(), nonce)
        with self._lock:
            self._numbered += 1
            delivery = Delivery(
                self._numbered, self._now(), place, callback, variables, letter, again_of
            )
            self._make_room()
            self.kept.append(delivery)
            self._waiting.setdefault(place, deque()).append(delivery)
        self._changed(delivery)
        return delivery

    def again(self, delivery: Delivery) -> Delivery:
        """Tell the same once more, newly signed."""
        return self.add(delivery.place, delivery.callback, delivery.variables, delivery.number)

    async def flush(self) -> None:
        """Send what is waiting, calls beside each other, until nothing waits."""
        async with anyio.create_task_group() as calls:
            for place in self._take_places():
                calls.start_soon(self._send_all, place)

    def _take_places(self) -> list[Place]:
        with self._lock:
            free = [place for place in self._waiting if place not in self._busy]
            self._busy.update(free)
            return free

    async def _send_all(self, place: Place) -> None:
        busy = self._busy
        try:
            while (delivery := self._next(place)) is not None:
                await self._send(delivery)
        finally:
            busy.discard(place)

    def _next(self, place: Place) -> Delivery | None:
        with self._lock:
            queue = self._waiting.get(place)
            if queue:
                return queue.popleft()
            self._waiting.pop(place, None)
            return None

    async def _send(self, delivery: Delivery) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            delivery.attempts = attempt
            try:
                status = await self._deliver(delivery.letter)
            except Exception as wrong:
                # Whatever it is, it must not take the other deliveries with it.
                delivery.error = str(wrong) or type(wrong).__name__
            except BaseException:
                delivery.outcome, delivery.error = "failed", "the emulator stopped"
                raise
            else:
                delivery.error, delivery.status = None, status
                delivery.outcome = "delivered" if 200 <= status < 300 else "refused"
                break
        else:
            delivery.outcome = "failed"
        self._changed(delivery)

    def _make_room(self) -> None:
        # The oldest goes, told or not: a receiver that never answers must not fill the memory.
        if len(self.kept) == DELIVERY_LIMIT and self.kept[0].outcome == "waiting":
            queue = self._waiting.get(self.kept[0].place)
            if queue and queue[0] is self.kept[0]:
                queue.popleft()
