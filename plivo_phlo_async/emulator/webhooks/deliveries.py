"""Webhook deliveries: kept, sent in order within a call, retried once if no response came."""

import threading
from collections import deque
from collections.abc import Awaitable, Callable

import anyio
import attrs

from ..calls.log_entry import NodeKey
from .callbacks import Callback
from .http_client import WebhookRequest, build_request

DELIVERY_LIMIT = 1000
"""How many of the latest deliveries are kept, whatever their outcome."""

ATTEMPTS = 2
"""The maximum number of attempts; only a delivery without a response is retried."""

Deliver = Callable[[WebhookRequest], Awaitable[int]]
"""Sends a request and returns the status of its response; raises `OSError` where none came."""


@attrs.define
class Delivery:
    """The delivery of one event to a callback.

    Attributes:
        number: the number of the delivery, from 1.
        at: the time of the event, in seconds since 1970.
        node_key: the ids of the PHLO and of the node of the call.
        callback: the callback.
        variables: the variables of the event.
        request: the signed request.
        redelivery_of: the number of the delivery that this one repeats, None for an original.
        outcome: "waiting", "delivered" (a 2xx), "refused" (another status) or "failed" (no
            response).
        status: the HTTP status of the response, None while there is none.
        attempts: the number of attempts, at most two.
        error: the error of the last attempt, None where a response came.
    """

    number: int
    at: float
    node_key: NodeKey
    callback: Callback
    variables: dict[str, str]
    request: WebhookRequest
    redelivery_of: int | None = None
    outcome: str = "waiting"
    status: int | None = None
    attempts: int = 0
    error: str | None = None

    def describe(self) -> dict[str, object]:
        """Return the delivery as plain data."""
        request = self.request
        phlo_id, node_id = self.node_key
        return {
            "id": self.number,
            "time": self.at,
            "phlo_id": phlo_id,
            "node_id": node_id,
            "event": self.variables["event"],
            "member": self.variables["to"] or self.variables["from"],
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": request.body.decode(),
            "variables": self.variables,
            "signed": request.signed,
            "outcome": self.outcome,
            "status": self.status,
            "attempts": self.attempts,
            "error": self.error,
            "redelivery_of": self.redelivery_of,
        }


class Deliveries:
    """Keeps deliveries, and sends the waiting ones when `flush` is awaited.

    `deliver` sends a request, `token` returns the Auth Token that signs it, `new_id` a nonce, `now`
    the seconds since 1970; `changed` is called with every delivery that is new or has changed.
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
        self._last_number = 0
        self.reset()

    def reset(self) -> None:
        """Drop every delivery; one that is being sent completes."""
        with self._lock:
            self.kept: deque[Delivery] = deque(maxlen=DELIVERY_LIMIT)
            self._waiting: dict[NodeKey, deque[Delivery]] = {}
            self._busy: set[NodeKey] = set()

    @property
    def unfinished(self) -> int:
        """How many are waiting or being sent."""
        with self._lock:
            return sum(delivery.outcome == "waiting" for delivery in self.kept)

    def all(self) -> tuple[Delivery, ...]:
        """Return the kept deliveries, oldest first."""
        with self._lock:
            return tuple(self.kept)

    def find(self, number: int) -> Delivery | None:
        """Return a delivery by its number, None if it is not kept."""
        with self._lock:
            return next((one for one in self.kept if one.number == number), None)

    def add(
        self,
        node_key: NodeKey,
        callback: Callback,
        variables: dict[str, str],
        redelivery_of: int | None = None,
    ) -> Delivery:
        """Queue an event for delivery, after earlier events of the same call."""
        nonce = self._new_id()
        request = build_request(callback, variables, self._token(), nonce)
        with self._lock:
            self._last_number += 1
            number, now = self._last_number, self._now()
            delivery = Delivery(number, now, node_key, callback, variables, request, redelivery_of)
            self._make_room()
            self.kept.append(delivery)
            self._waiting.setdefault(node_key, deque()).append(delivery)
        self._changed(delivery)
        return delivery

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Queue the same event again, with a new signature."""
        given = (delivery.node_key, delivery.callback, delivery.variables)
        return self.add(*given, redelivery_of=delivery.number)

    async def flush(self) -> None:
        """Send what is waiting, the calls concurrently, until nothing waits."""
        async with anyio.create_task_group() as tasks:
            for node_key in self._take_free_calls():
                tasks.start_soon(self._send_all, node_key)

    def _take_free_calls(self) -> list[NodeKey]:
        with self._lock:
            free = [node_key for node_key in self._waiting if node_key not in self._busy]
            self._busy.update(free)
            return free

    async def _send_all(self, node_key: NodeKey) -> None:
        busy = self._busy
        try:
            while (delivery := self._next(node_key)) is not None:
                await self._send(delivery)
        finally:
            busy.discard(node_key)

    def _next(self, node_key: NodeKey) -> Delivery | None:
        with self._lock:
            queue = self._waiting.get(node_key)
            if queue:
                return queue.popleft()
            self._waiting.pop(node_key, None)
            return None

    async def _send(self, delivery: Delivery) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            delivery.attempts = attempt
            try:
                status = await self._deliver(delivery.request)
            except Exception as error:
                # No error may end the other deliveries.
                delivery.error = str(error) or type(error).__name__
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
        # Drop the oldest even if it waits: a receiver that never answers must not fill the memory.
        if len(self.kept) == DELIVERY_LIMIT and self.kept[0].outcome == "waiting":
            queue = self._waiting.get(self.kept[0].node_key)
            if queue and queue[0] is self.kept[0]:
                queue.popleft()
