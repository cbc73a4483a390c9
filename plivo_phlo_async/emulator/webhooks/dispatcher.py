"""Dispatch the events of calls: kept, sent in order within a call, retried if no response came."""

import threading
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from ..calls.log_entry import LogEntry
from ..calls.members import NodeKey
from ..spawn import SpawnedTask
from .callbacks import Callback, CallbackRegistry
from .delivery import Delivery
from .http_client import WebhookRequest, build_request
from .member_events import CallLegs

DELIVERY_LIMIT = 1000
"""How many of the latest deliveries are kept, whatever their outcome."""

ATTEMPTS = 2
"""The maximum number of attempts; only a delivery without a response is retried."""

Deliver = Callable[[WebhookRequest], Awaitable[int]]
"""Sends a request and returns the status of its response; raises `OSError` where none came."""


class WebhookDispatcher:
    """Keeps deliveries, and sends the waiting ones when `flush` is awaited; safe in any thread.

    `deliver` sends a request, `token` returns the Auth Token that signs it, `now` the seconds since
    1970; `changed` is called with every delivery that is new or has changed.
    """

    def __init__(
        self,
        callbacks: CallbackRegistry,
        *,
        deliver: Deliver,
        token: Callable[[], str],
        now: Callable[[], float],
        changed: Callable[[Delivery], None],
    ) -> None:
        self._callbacks = callbacks
        self._deliver = deliver
        self._token = token
        self._now = now
        self._changed = changed
        self._legs = CallLegs(lambda: str(uuid.uuid4()))
        self._lock = threading.RLock()
        self._last_number = 0
        self.reset()

    def reset(self) -> None:
        """Drop every call leg and delivery; one that is being sent completes."""
        with self._lock:
            self._legs.reset()
            self._kept: deque[Delivery] = deque(maxlen=DELIVERY_LIMIT)
            self._waiting: dict[str, deque[Delivery]] = {}
            # By call: the task that sends, None for one of `flush`.
            self._busy: dict[str, SpawnedTask | None] = {}

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The kept deliveries, oldest first."""
        with self._lock:
            return tuple(self._kept)

    @property
    def unfinished(self) -> int:
        """How many are waiting or being sent."""
        return sum(delivery.outcome == "waiting" for delivery in self.deliveries)

    def dispatch(
        self, step: LogEntry, conference: str, sends: Callable[[NodeKey, str], bool]
    ) -> None:
        """Queue the events of a step that `sends` has for its node.

        `conference` is the name of the conference, or of the node.
        """
        callback = self._callbacks.find(step.node_key)
        events = self._legs.variables(step, conference)
        if callback is not None:
            for variables in events:
                if sends(step.node_key, variables["event"]):
                    self._add(step.call_id, step.node_key, callback, variables)

    def post(
        self, key: str, node_key: NodeKey, callback: Callback, variables: dict[str, str]
    ) -> None:
        """Queue variables for a callback, after those with the same key."""
        self._add(key, node_key, callback, variables)

    def assign_leg(self, call_id: str, address: str, call_uuid: str) -> str:
        """Set the id of a member's call; returns the id of the member."""
        return self._legs.assign(call_id, address, call_uuid)

    def redeliver(self, number: int) -> Delivery | None:
        """Queue the event of a delivery again, newly signed; None if the number is unknown."""
        found = next((one for one in self.deliveries if one.number == number), None)
        if found is None:
            return None
        event = (found.call_id, found.node_key, found.callback, found.variables)
        return self._add(*event, redelivery_of=number)

    def _add(
        self,
        call_id: str,
        node_key: NodeKey,
        callback: Callback,
        variables: dict[str, str],
        redelivery_of: int | None = None,
    ) -> Delivery:
        request = build_request(callback, variables, self._token(), uuid.uuid4().hex)
        with self._lock:
            self._last_number += 1
            event = (self._last_number, self._now(), call_id, node_key, callback, variables)
            delivery = Delivery(*event, request, redelivery_of)
            self._make_room()
            self._kept.append(delivery)
            self._waiting.setdefault(call_id, deque()).append(delivery)
        self._changed(delivery)
        return delivery

    def _make_room(self) -> None:
        # Drop the oldest even if it waits: a receiver that never answers must not fill the memory.
        if len(self._kept) == DELIVERY_LIMIT and self._kept[0].outcome == "waiting":
            queue = self._waiting.get(self._kept[0].call_id)
            if queue and queue[0] is self._kept[0]:
                queue.popleft()
                if not queue:
                    del self._waiting[self._kept[0].call_id]

    # Sending

    async def flush(self) -> None:
        """Send what is waiting, the calls concurrently, until nothing waits."""
        async with anyio.create_task_group() as tasks:
            for call_id in self._take_free_calls():
                tasks.start_soon(self._send_all, call_id)

    def spawn_sends(self) -> None:
        """Start to send what is waiting, in tasks of the running event loop."""
        for call_id in self._take_free_calls():
            task = SpawnedTask(partial(self._send_all, call_id))
            self._busy[call_id] = task
            task.start()

    def _take_free_calls(self) -> list[str]:
        with self._lock:
            free = [call_id for call_id in self._waiting if not self._is_busy(call_id)]
            self._busy.update(dict.fromkeys(free))
            return free

    def _is_busy(self, call_id: str) -> bool:
        task = self._busy.get(call_id)
        return call_id in self._busy and not (task is not None and task.ended)

    async def _send_all(self, call_id: str) -> None:
        busy = self._busy
        try:
            while (delivery := self._next(call_id)) is not None:
                await self._send(delivery)
        finally:
            busy.pop(call_id, None)

    def _next(self, call_id: str) -> Delivery | None:
        with self._lock:
            queue = self._waiting.get(call_id)
            if queue:
                return queue.popleft()
            self._waiting.pop(call_id, None)
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
