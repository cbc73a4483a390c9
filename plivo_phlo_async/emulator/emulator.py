"""The emulator: its parts, and everything that can be seen of it and done to it, without HTTP."""

import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping

import anyio
import attrs

from .calls.log_entry import LogEntry, NodeKey
from .calls.members import Call, CallMember, MemberRole
from .calls.phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_PHLO,
    EmulatedPhlo,
    Phone,
    PhoneBehaviour,
)
from .calls.phones import Phones
from .calls.switchboard import Snapshot, Switchboard
from .dashboard.request_log import RequestLog, RequestLogEntry
from .dashboard.sse import EventStream
from .dashboard.views import DashboardViews
from .errors import ApiError, CallError
from .faults.injection import FaultInjection
from .faults.registry import FaultRegistry
from .faults.rules import FaultKind, FaultRule, parse_rule, read_rule
from .http.phlo_api import PhloApi
from .http.rate_limit import RateLimiter
from .http.request_info import RequestInfo
from .http.response import HttpResponse
from .http.routes import ReceivedRequest, api_handlers, dispatch, received_request
from .http.security import authenticate
from .lifespan import BackgroundTasks
from .notifier import Notifier
from .persistence import StateFile
from .seed import Seed
from .webhooks.callbacks import Callback
from .webhooks.deliveries import Deliver, Delivery
from .webhooks.dispatcher import WebhookDispatcher
from .webhooks.http_client import send_request


def new_uuid() -> str:
    """Return a new id in Plivo's form, a UUID."""
    return str(uuid.uuid4())


class Emulator:
    """The parts of an emulator, connected; every method may be called from any thread.

    Attributes:
        auth_id: the Auth ID of the account.
        auth_token: its Auth Token.
        latency: the seconds that every response under `/v1` takes; may be set at any time.
        state_file: the file that keeps the calls while a server runs, None for none.
        events: the latest events, for subscribers.
        changed: notifies of changes to the calls, the phones or the deliveries.
        closing: notifies that the server is shutting down.
        background: the tasks that run while a server runs.
    """

    def __init__(
        self,
        *,
        auth_id: str = DEMO_AUTH_ID,
        auth_token: str = DEMO_AUTH_TOKEN,
        phlos: Iterable[EmulatedPhlo] = (DEMO_PHLO,),
        phones: Phones | None = None,
        rate_limit: tuple[int, float] | None = (300, 5.0),
        retry_after: bool = True,
        auto_join: bool = False,
        latency: float = 0.0,
        faults: Iterable[FaultRule | str] = (),
        callback: Callback | str | None = None,
        callbacks: Mapping[NodeKey, Callback] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        deliver: Deliver = send_request,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self.auth_id: str = auth_id
        self.auth_token: str = auth_token
        self.latency: float = latency
        self.state_file: StateFile | None = None
        self.closing: Notifier = Notifier()
        self.changed: Notifier = Notifier()
        self.events: EventStream = EventStream(secrets.token_hex(4))
        self.sleep: Callable[[float], Awaitable[object]] = sleep
        self._clock, self._wall, self._new_id = clock, wall, new_id
        self._lock = threading.RLock()
        self._in_request = False
        self._faults = FaultRegistry(faults)
        self._request_log = RequestLog(wall)
        self._rate_limiter: RateLimiter | None = None
        if rate_limit is not None:
            self._rate_limiter = RateLimiter(*rate_limit, clock=clock, retry_after=retry_after)
        self._switchboard = Switchboard(
            clock=clock, phones=phones or {}, auto_join=auto_join, on_step=self._on_step
        )
        self._api = PhloApi(phlos, self._switchboard, new_id=new_id)
        self._views = DashboardViews(self._api, self._switchboard, clock=clock, wall=wall)
        self._webhooks = WebhookDispatcher(
            callback,
            callbacks or {},
            deliver=deliver,
            token=lambda: self.auth_token,
            now=wall,
            changed=self._on_delivery,
        )
        self.background: BackgroundTasks = BackgroundTasks(
            changed=self.changed,
            tick=self.tick,
            until_due=self._until_due,
            flush=self._webhooks.deliveries.flush,
            sleep=sleep,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(auth_id={self.auth_id!r}, requests={self.requests})"

    # What a test looks at

    @property
    def clock(self) -> Callable[[], float]:
        """The clock."""
        return self._clock

    @property
    def phlos(self) -> tuple[EmulatedPhlo, ...]:
        """The PHLOs that exist."""
        return self._api.phlos

    @property
    def calls(self) -> dict[NodeKey, Call]:
        """The live calls, by the ids of their PHLO and node."""
        with self._lock:
            self.tick()
            return dict(self._switchboard.calls)

    def member(self, address: str) -> CallMember | None:
        """Return the live member at an address, ringing or not.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The member, of the call opened first where there are several; None if no call has a
            live member at that address.
        """
        with self._lock:
            self.tick()
            return self._switchboard.member(address)

    @property
    def dialled(self) -> Counter[str]:
        """How often each address was dialled, by the spelling dialled first."""
        with self._lock:
            return Counter(self._switchboard.dialled)

    @property
    def requests(self) -> int:
        """The number of requests under `/v1`, including rejected ones."""
        return self._request_log.requests

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """The latest requests under `/v1`, oldest first, at most a thousand."""
        with self._lock:
            return tuple(self._request_log.received)

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """The latest steps of all calls, oldest first, at most a thousand."""
        with self._lock:
            self.tick()
            return tuple(self._switchboard.log)

    def exchanges(
        self, call: str = "", member: str = "", errors: bool = False
    ) -> list[RequestLogEntry]:
        """Return the latest requests with their responses, and steps of phones, newest first.

        Args:
            call: only those of a call, as `PHLO/NODE`.
            member: only those that concern an address, in any spelling.
            errors: only those with an error response or a fault.

        Returns:
            At most a thousand.
        """
        with self._lock:
            self.tick()
            return self._request_log.select(call, member, errors)

    def state(self) -> dict[str, object]:
        """Return the body of `GET /_emulator/state`, as plain data."""
        with self._lock:
            self.tick()
            return {**self._views.state(), "requests": self.requests}

    def dashboard(self) -> dict[str, object]:
        """Return the body of `GET /_emulator/dashboard`: everything but the log and deliveries."""
        with self._lock:
            self.tick()
            return {
                "now": round(self._wall(), 3),
                "event": self.events.id_of(self.events.latest),
                "calls": self._views.calls(),
                "nodes": self._views.nodes(),
                "phones": self._views.phones(),
                "dialled": dict(self._switchboard.dialled),
                "requests": self.requests,
                "faults": self._faults.describe(),
                "fault_kinds": [
                    {"kind": kind.value, "summary": kind.summary, "usable": kind.usable}
                    for kind in FaultKind
                ],
                "latency": self.latency,
                "deliveries": self._webhooks.deliveries.unfinished,
            }

    def latest_dashboard(self) -> tuple[int, Mapping[str, object]]:
        """Return the number of the latest event, and the dashboard at that moment."""
        with self._lock:
            return self.events.latest, self.dashboard()

    def phones(self) -> dict[str, dict[str, object]]:
        """Return the configured phones by address, as plain data."""
        with self._lock:
            return self._views.phones()

    @property
    def faults(self) -> list[dict[str, object]]:
        """The active fault rules, as plain data."""
        with self._lock:
            return self._faults.describe()

    def callbacks(self) -> dict[str, object]:
        """Return the callbacks, as plain data."""
        with self._lock:
            return self._webhooks.describe()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The latest webhook deliveries, oldest first, at most a thousand."""
        self.tick()
        return self._webhooks.deliveries.all()

    # What people do

    def set_phone(
        self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0.0
    ) -> None:
        """Set what a phone does when it next rings.

        Args:
            address: the phone's address, in any spelling.
            behaviour: what it does, as "ring", or a `Phone`.
            after: how many seconds it rings first; ignored for a `Phone`.

        Raises:
            ValueError: the behaviour is unknown, or the seconds are negative or not finite.
        """
        with self._lock:
            self._switchboard.phones.set(address, behaviour, after)
        self.events.publish("phones", lambda: {"phones": self.phones()})
        self.changed.notify()

    def join(
        self,
        phlo_id: str,
        node_id: str,
        address: str,
        role: MemberRole | str = MemberRole.CUSTOMER,
    ) -> None:
        """Let a caller dial in to a node.

        Args:
            phlo_id: the id of the PHLO.
            node_id: the id of the node.
            address: the caller's address.
            role: the caller's role, "agent" or "customer".

        Raises:
            ApiError: the PHLO or the node does not exist.
            InvalidState: the caller is in the call already.
            MemberNotFound: the caller has left this call.
            ValueError: the role is unknown.
        """
        with self._lock:
            self.tick()
            self._api.join(phlo_id, node_id, address, role)

    def answer(self, address: str) -> None:
        """Answer a phone wherever it rings.

        Args:
            address: the phone's address, in any spelling.

        Raises:
            MemberNotFound: it does not ring.
            InvalidState: it never answers.
        """
        with self._lock:
            self.tick()
            self._switchboard.answer(address)

    def reject(self, address: str) -> None:
        """Reject the call at a phone wherever it rings.

        Args:
            address: the phone's address, in any spelling.

        Raises:
            MemberNotFound: it does not ring.
        """
        with self._lock:
            self.tick()
            self._switchboard.reject(address)

    def hang_up(self, address: str) -> None:
        """Hang up a phone in every call it is in.

        Args:
            address: the phone's address, in any spelling.

        Raises:
            MemberNotFound: it is in no call.
        """
        with self._lock:
            self.tick()
            self._switchboard.hang_up(address)

    # Faults

    def fail_next(
        self,
        kind: FaultKind | str = FaultKind.ERROR,
        *,
        action: str | None = None,
        address: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        seconds: float | None = None,
    ) -> None:
        """Inject a fault into the next matching request.

        Args:
            kind: the kind of fault.
            action: the action, as "hold"; None for any.
            address: the member it applies to; None for any.
            path: the path, with `*` and `?`; None for any.
            times: how many requests are affected; None for all.
            seconds: the latency, or the value of `Retry-After`.

        Raises:
            ApiError: an argument is invalid; the message names it.
        """
        match = {"action": action, "address": address, "path": path, "seconds": seconds}
        self.add_fault(read_rule({"kind": str(kind), "count": times, **match}, "fault"))

    def add_fault(self, rule: FaultRule | str) -> dict[str, object]:
        """Activate a fault rule, after the others.

        Args:
            rule: the rule, or its text, as "hold:500 x1".

        Returns:
            The active rule as plain data: its `id`, its parts, its `text`.

        Raises:
            ApiError: the text is invalid, or a hundred rules are active already.
        """
        with self._lock:
            added = self._faults.add(parse_rule(rule) if isinstance(rule, str) else rule)
            described = added.describe()
        self.publish_faults()
        return described

    def clear_faults(self) -> None:
        """Remove every fault rule."""
        with self._lock:
            self._faults.clear()
        self.publish_faults()

    def remove_fault(self, number: int) -> bool:
        """Remove one fault rule.

        Args:
            number: the rule's `id`.

        Returns:
            Whether it existed.
        """
        with self._lock:
            found = self._faults.remove(number)
        self.publish_faults()
        return found

    def publish_faults(self) -> None:
        """Publish the active fault rules to the subscribers of the events."""
        self.events.publish("faults", lambda: {"faults": self.faults})

    # Webhooks

    def set_callback(
        self, callback: Callback | str | None, node_key: NodeKey | None = None
    ) -> None:
        """Set the callback URL; None disables it.

        Args:
            callback: the callback, or its URL; None for none.
            node_key: the ids of the PHLO and the node it is for; None for every node without a
                callback.

        Raises:
            ApiError: the URL is invalid.
        """
        with self._lock:
            self._webhooks.set(callback, node_key)
        self.events.publish("callbacks", self.callbacks)

    def redeliver(self, number: int) -> Delivery | None:
        """Deliver the event of a delivery again, with a new signature.

        Args:
            number: the number of the delivery.

        Returns:
            The new delivery, None if the number is unknown.
        """
        found = self._webhooks.deliveries.find(number)
        return None if found is None else self._webhooks.deliveries.redeliver(found)

    async def delivered(self) -> None:
        """Wait until every event so far is delivered or has failed; a failure raises nothing.

        In process, this sends the webhooks; a server sends them in the background.
        """
        self.tick()
        with self.changed.subscribe() as subscription:
            while True:
                if not self.background.running:
                    await self._webhooks.deliveries.flush()
                if not self._webhooks.deliveries.unfinished:
                    return
                await subscription.wait()

    # Requests

    def match_fault(self, info: RequestInfo) -> FaultInjection:
        """Return the fault of a request, and count it.

        Args:
            info: what the request asks for.
        """
        with self._lock:
            return FaultInjection(self._faults.match(info))

    def respond(self, info: RequestInfo, fault: FaultInjection) -> HttpResponse:
        """Answer a request under `/v1`, and log it; never raises, whatever the request.

        Args:
            info: what the request asks for.
            fault: its fault.

        Returns:
            The response, before a fault breaks it.
        """
        with self._lock:
            self.tick()
            before = self._switchboard.calls.get(info.node_key or ("", ""), Call())
            steps = self._switchboard.steps
            self._request_log.receive(received_request(info))
            response = fault.replace(self._new_id) or self._act(info, fault)
            stepped = self._switchboard.steps > steps
            entry = self._request_log.add(
                action=info.action,
                address=info.address,
                node_key=info.node_key,
                before=before,
                after=self._switchboard.log[-1].after if stepped else before,
                info=info,
                status=response.status,
                answer=response.body,
                fault=None if fault.kind is None else fault.kind.value,
            )
            self.events.publish("log", entry.describe)
            return response

    def _act(self, info: RequestInfo, fault: FaultInjection) -> HttpResponse:
        self._in_request = True
        try:
            authenticate(info.request.credentials, self.auth_id, self.auth_token)
            if self._rate_limiter is not None:
                self._rate_limiter.acquire()
            handlers = api_handlers(self._api, self.auth_id, info.segments[1:])
            return fault.alter(dispatch(info, handlers))
        except (ApiError, CallError) as error:
            return self._api.error_response(error)
        finally:
            self._in_request = False

    def error_response(self, error: ApiError | CallError) -> HttpResponse:
        """Return an error response in Plivo's form.

        Args:
            error: the error.
        """
        return self._api.error_response(error)

    # Time, reset, restart

    def tick(self) -> None:
        """Let the phones act that are due; every look at the calls does so first."""
        with self._lock:
            self._switchboard.tick()

    def reset(self) -> None:
        """Drop all calls, counts and logs, and restore everything as first configured."""
        with self._lock:
            self._api.reset()
            if self._rate_limiter is not None:
                self._rate_limiter.reset()
            self._faults.reset()
            self._webhooks.reset()
            self._request_log.reset()
        self._publish_all()

    def load(self, seed: Seed) -> None:
        """Replace the configuration by a seed, and reset.

        Args:
            seed: the account, the PHLOs, the phones, the callbacks and the faults.
        """
        with self._lock:
            self.auth_id, self.auth_token = seed.auth_id, seed.auth_token
            self._api.configure(seed.phlos)
            self._switchboard.phones.configure(seed.phones)
            self._faults.configure(seed.faults)
            self._webhooks.configure(seed.callback, seed.callbacks)
            self.reset()

    def snapshot(self) -> Snapshot:
        """Return what survives a restart: the calls, the counts, the phones."""
        with self._lock:
            return self._switchboard.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot; ringing phones then wait to be answered by hand.

        Args:
            snapshot: what `snapshot` or `StateFile.read` returned; calls at nodes that no longer
                exist are dropped.
        """
        with self._lock:
            nodes = self._api.nodes
            calls = {key: call for key, call in snapshot.calls.items() if key in nodes}
            self._switchboard.restore(attrs.evolve(snapshot, calls=calls))
        self._publish_all()

    # How the parts react to each other

    def _on_step(self, step: LogEntry) -> None:
        self.changed.notify()
        wall = self._wall()
        self.events.publish("state", lambda: self._describe_step(step, wall))
        if not self._in_request:
            self.events.publish("log", self._request_log.add_step(step).describe)
        self._webhooks.dispatch(step, self._api.node_name(step.node_key))

    def _describe_step(self, step: LogEntry, wall: float) -> dict[str, object]:
        with self._lock:
            return self._views.step(step, wall)

    def _on_delivery(self, delivery: Delivery) -> None:
        self.events.publish("delivery", delivery.describe)
        self.changed.notify()

    def _publish_all(self) -> None:
        self.events.publish("snapshot", self.dashboard)
        self.changed.notify()

    def _until_due(self) -> float | None:
        with self._lock:
            due = self._switchboard.next_due
        return None if due is None else max(0.0, due - self._clock())
