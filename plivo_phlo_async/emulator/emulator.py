"""The emulator: its parts, and how they react to each other. It knows no ASGI."""

import logging
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import anyio
import attrs

from .._masking import mask_numbers
from .calls.log_entry import LogEntry
from .calls.members import Call
from .calls.phlos import DEMO_AUTH_TOKEN
from .calls.phones import PhoneRegistry
from .calls.switchboard import Snapshot, Switchboard
from .dashboard.request_log import RequestLog
from .dashboard.snippets import default_node
from .dashboard.sse import EventStream
from .dashboard.views import DashboardViews
from .errors import ApiError, CallError, WrongCredentials
from .faults.injection import FaultInjection
from .faults.registry import FaultRegistry, describe_kinds
from .flow_support import FlowSupport
from .http.phlo_api import PhloApi
from .http.rate_limit import RateLimiter
from .http.request import BasicCredentials
from .http.request_handler import RequestHandler
from .http.request_info import RequestInfo
from .http.response import HttpResponse
from .http.security import authenticate
from .lifespan import BackgroundTasks
from .notifier import Notifier
from .persistence import StateFile
from .seed import Seed
from .webhooks.callbacks import CallbackRegistry
from .webhooks.delivery import Delivery
from .webhooks.dispatcher import Deliver, WebhookDispatcher

if TYPE_CHECKING:
    from .flow.phlo import Phlo

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")


RUNS_SHOWN = 100
"""How many runs the dashboard has: the live ones, however many, and the latest of the others."""


class Emulator:
    """The parts of an emulator, connected.

    The methods may be called from any thread; the parts are used while `current` holds the lock.

    Attributes:
        auth_id: the Auth ID of the account.
        auth_token: its Auth Token.
        latency: the seconds that each response to the account takes; may be set at any time.
        state_file: the file that keeps the calls while a server runs, None for none.
        clock: returns monotonic seconds.
        sleep: waits, in seconds.
        changed: notifies of changes to the calls, the phones or the deliveries.
        closing: notifies that the server is shutting down.
        events: the latest events, for subscribers.
        switchboard: the calls and the phones.
        api: the PHLOs, and the responses to requests.
        faults: the active fault rules.
        request_log: the latest requests with their responses.
        callbacks: the URLs that receive webhooks.
        webhooks: the deliveries of webhooks.
        flows: the PHLOs that are flows, and their runs.
        background: the tasks that run while a server runs.
    """

    auth_id: str
    auth_token: str
    latency: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    changed: Notifier
    closing: Notifier
    events: EventStream
    switchboard: Switchboard
    api: PhloApi
    faults: FaultRegistry
    request_log: RequestLog
    callbacks: CallbackRegistry
    webhooks: WebhookDispatcher
    flows: FlowSupport
    background: BackgroundTasks

    def __init__(
        self,
        seed: Seed,
        *,
        rate_limiter: RateLimiter | None,
        auto_join: bool,
        latency: float,
        clock: Callable[[], float],
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        sleep_until_due: Callable[[float], Awaitable[object]],
        deliver: Deliver,
        new_id: Callable[[], str],
    ) -> None:
        self.latency, self.clock, self.sleep = latency, clock, sleep
        self.state_file: StateFile | None = None
        self.changed, self.closing = Notifier(), Notifier()
        self.events = EventStream(secrets.token_hex(4))
        self._lock = threading.RLock()
        self._acting_at: float | None = None
        self._wall, self._new_id = wall, new_id
        self.switchboard = Switchboard(
            PhoneRegistry(changed=self._on_phones),
            clock=self._event_clock,
            auto_join=auto_join,
            on_step=self._on_step,
        )
        self.api = PhloApi(self.switchboard, new_id=new_id)
        self._handler = RequestHandler(self.api, rate_limiter)
        self.faults = FaultRegistry(changed=self._on_faults)
        self.request_log = RequestLog(wall)
        self._views = DashboardViews(self.api, self.switchboard, clock=clock, wall=wall)
        self.callbacks = CallbackRegistry(changed=self._on_callbacks)
        self.webhooks = WebhookDispatcher(
            self.callbacks,
            deliver=deliver,
            token=lambda: self.auth_token,
            now=wall,
            changed=self._on_delivery,
        )
        self.flows = self._flow_support()
        self.file_problems: dict[str, str] = {}
        self.background = self._background_tasks(sleep_until_due)
        self._configure(seed)

    def _flow_support(self) -> FlowSupport:
        return FlowSupport(
            self.switchboard,
            self.api,
            self.webhooks,
            self.callbacks,
            clock=self._event_clock,
            wall=self._event_wall,
            new_id=self._new_id,
            locked=self.current,
            wake=self._wake,
            changed=self._on_run,
        )

    def _background_tasks(
        self, sleep_until_due: Callable[[float], Awaitable[object]]
    ) -> BackgroundTasks:
        return BackgroundTasks(
            lock=self._lock,
            changed=self.changed,
            tick=self.tick,
            flush=self.flush,
            spawn_sends=self._spawn_sends,
            unfinished=lambda: self.unfinished,
            clock=self.clock,
            sleep=sleep_until_due,
        )

    async def flush(self) -> None:
        """Send the webhooks and the HTTP requests that wait, until none waits."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.webhooks.flush)
            tasks.start_soon(self.flows.flush)

    def _spawn_sends(self) -> None:
        self.webhooks.spawn_sends()
        self.flows.spawn_sends()

    @property
    def unfinished(self) -> int:
        """How many webhooks and HTTP requests wait or are being sent."""
        return self.webhooks.unfinished + self.flows.unfinished

    @contextmanager
    def current(self) -> Iterator[Self]:
        """Hold the lock while the block runs, after the phones and runs that are due have acted."""
        with self._lock:
            self._act_when_due()
            yield self

    def _act_when_due(self) -> None:
        if self._acting_at is not None:  # an action looks at the emulator
            return
        try:
            while (due := self._due()) is not None and due <= self.clock():
                self._acting_at = due
                if due == self.switchboard.due:
                    self.switchboard.tick()
                else:
                    self.flows.tick()
        finally:
            self._acting_at = None

    def _event_clock(self) -> float:
        """Return when what happens now happens: when it was due, however late it is looked at."""
        return self.clock() if self._acting_at is None else self._acting_at

    def _event_wall(self) -> float:
        late = 0.0 if self._acting_at is None else self.clock() - self._acting_at
        return self._wall() - late

    def _due(self) -> float | None:
        phones, flows = self.switchboard.due, self.flows.due
        if phones is None or flows is None:
            return flows if phones is None else phones
        return min(phones, flows)

    def tick(self) -> float | None:
        """Let act what is due; return the seconds until the next phone or run does, if any."""
        with self.current():
            due = self._due()
            return None if due is None else max(0.0, due - self.clock())

    # Requests

    def authenticate(self, given: BasicCredentials | None) -> None:
        """Check credentials against the account; raises `WrongCredentials`."""
        authenticate(given, self.auth_id, self.auth_token)

    async def answer(self, info: RequestInfo) -> tuple[HttpResponse, FaultInjection]:
        """Answer a request under `/v1` after its latency, and log it.

        Returns the response before its fault breaks it, and the fault.
        """
        fault = self.match_fault(info)
        wait = self.latency + fault.delay
        if wait > 0:
            await self.sleep(wait)
        return self.respond(info, fault), fault

    def match_fault(self, info: RequestInfo) -> FaultInjection:
        """Return the fault of a request, and count it."""
        with self.current():
            return FaultInjection(self.faults.match(info))

    def respond(self, info: RequestInfo, fault: FaultInjection) -> HttpResponse:
        """Answer a request under `/v1` with this fault, and log it; never raises.

        Returns the response before the fault breaks it.
        """
        with self.current():
            steps = self.switchboard.steps
            response = fault.replace(self._new_id)
            if response is None:
                response = self._handler.handle(info, self.auth_id)
            step = self.switchboard.log[-1] if self.switchboard.steps > steps else None
            unchanged = self._call_of(info)
            before = unchanged if step is None else step.before
            after = unchanged if step is None else step.after
            self._log_exchange(info, response, before, after, fault.kind)
            return response

    def refuse(self, info: RequestInfo, error: ApiError) -> HttpResponse:
        """Refuse a request whose body was not read, and log it if it is one of a client's."""
        with self.current():
            response = self.error_response(error)
            if isinstance(error, WrongCredentials):
                self._log_exchange(info, response, Call(), Call(), None)
            else:
                _log_refusal(info, response.status, error.reason)
            return response

    def _log_exchange(
        self,
        info: RequestInfo,
        response: HttpResponse,
        before: Call,
        after: Call,
        fault: str | None,
    ) -> None:
        entry = self.request_log.add_exchange(info, response, before, after, fault)
        self.events.publish("log", entry.describe, size=entry.size)
        if response.reason is not None:
            _log_refusal(info, response.status, response.reason)

    def _call_of(self, info: RequestInfo) -> Call:
        """Return the call that a request concerns, one without an id for none."""
        if info.node_key is None or info.found_by is None:
            return Call()
        return self.switchboard.find(info.node_key, info.found_by) or Call()

    def error_response(self, error: ApiError | CallError) -> HttpResponse:
        """Return an error response in Plivo's form."""
        return self.api.error_response(error)

    # Views

    def state(self) -> dict[str, object]:
        """Return the live calls and the counts, as plain data."""
        with self.current():
            return {**self._views.state(), "requests": self.request_log.requests}

    def dashboard(self) -> dict[str, object]:
        """Return everything but the log and the deliveries, as plain data."""
        with self.current():
            return {
                **self._views.dashboard(),
                "event": self.events.id_of(self.events.latest),
                "account": {
                    "auth_id": self.auth_id,
                    "demo_token": self.auth_token == DEMO_AUTH_TOKEN,
                    "default_node": default_node(self.api.phlos),
                },
                "requests": self.request_log.requests,
                "faults": self.faults.describe(),
                "fault_kinds": describe_kinds(),
                "latency": self.latency,
                "deliveries": self.webhooks.unfinished,
                "flows": self.flows.flows(),
                "file_problems": self.file_problems,
                "runs": self.flows.runs(RUNS_SHOWN),
            }

    def latest_dashboard(self) -> tuple[int, Mapping[str, object]]:
        """Return the number of the latest event, and the dashboard at that moment."""
        with self.current():
            return self.events.latest, self.dashboard()

    # Reset and restart

    def reset(self) -> None:
        """Drop all calls, counts and logs, and restore everything as first configured."""
        with self.current():
            self._handler.reset()
            self.faults.reset()
            self.callbacks.reset()
            self.webhooks.reset()
            self.flows.reset()
            self.request_log.reset()
        self._publish_all()

    def load(self, seed: Seed) -> None:
        """Replace the configuration by a seed, and reset."""
        with self.current():
            self._configure(seed)
            self.reset()

    def load_flow(self, phlo: "Phlo") -> None:
        """Add a flow; raises `InvalidParameter` if another one has one of its numbers."""
        with self.current():
            self.flows.load(phlo)
        self._publish_all()

    def set_file_problems(self, problems: Mapping[str, str]) -> None:
        """Set the problems of files whose flows run as they were loaded before."""
        with self.current():
            self.file_problems = dict(problems)
        self._publish_all()

    def snapshot(self) -> Snapshot:
        """Return what survives a restart: the calls, the counts, the phones."""
        with self.current():
            return attrs.evolve(self.switchboard.snapshot(), flow_runs=self.flows.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot without its calls at nodes that do not exist."""
        with self.current():
            known = {
                call_id: call
                for call_id, call in snapshot.calls.items()
                if call.node_key in self.api.nodes
            }
            self.switchboard.restore(attrs.evolve(snapshot, calls=known))
            self.flows.restore(snapshot.flow_runs)
        self._publish_all()

    def _configure(self, seed: Seed) -> None:
        if seed.auth_id is not None and seed.auth_token is not None:
            self.auth_id, self.auth_token = seed.auth_id, seed.auth_token
        self.file_problems = {}
        self.flows.clear()
        self.flows.set_seed_hosts(seed.hosts)
        self.api.configure(seed.phlos)
        for flow in seed.flows:
            self.flows.load(flow)
        self.switchboard.phones.configure(seed.phones, seed.default_phone)
        self.faults.configure(seed.faults)
        self.callbacks.configure(seed.callback, seed.callbacks)

    # How the parts react to each other

    def _on_step(self, step: LogEntry) -> None:
        wall = self._wall()
        self._publish("state", lambda: self._views.step(step, wall))
        if step.api_id is None:
            self.events.publish("log", self.request_log.add_step(step).describe)
        conference = self.flows.conference_of(step.call_id) or self.api.node_name(step.node_key)
        self.webhooks.dispatch(step, conference, self.flows.sends)
        self.flows.on_step(step)
        self._wake()

    def _on_run(self, describe: Callable[[], Mapping[str, object]]) -> None:
        self._publish("run", describe)
        self._wake()

    def _wake(self) -> None:
        self.changed.notify()
        self.background.wake()

    def _on_delivery(self, delivery: Delivery) -> None:
        self.events.publish("delivery", delivery.describe)
        self.changed.notify()
        if delivery.outcome == "waiting":
            self.background.wake()

    def _on_faults(self) -> None:
        self._publish("faults", lambda: {"faults": self.faults.describe()})

    def _on_callbacks(self) -> None:
        self._publish("callbacks", self.callbacks.describe)

    def _on_phones(self) -> None:
        self._publish("phones", lambda: {"phones": self.switchboard.phones.describe()})
        self.changed.notify()

    def _publish_all(self) -> None:
        self._publish("snapshot", self.dashboard)
        self.changed.notify()

    def _publish(self, kind: str, describe: Callable[[], Mapping[str, object]]) -> None:
        def describe_locked() -> Mapping[str, object]:
            with self.current():
                return describe()

        self.events.publish(kind, describe_locked)


def _log_refusal(info: RequestInfo, status: int, reason: str) -> None:
    masked = mask_numbers(reason, (info.address, info.found_by))
    _LOGGER.info("%s refused with %d: %s", info.action or info.request.method, status, masked)
