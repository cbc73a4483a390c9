"""`PhloEmulator`: the ASGI application, and what a test looks at and does."""

import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

from .app import EmulatorApp
from .asgi import Receive, Scope, Send
from .calls.log_entry import LogEntry
from .calls.members import Call, CallMember, MemberRole, NodeKey
from .calls.phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_PHLO,
    EmulatedPhlo,
    Phone,
    PhoneBehaviour,
    SmsOutcome,
    SmsScript,
)
from .calls.phone_mix import DEFAULT_MIX, PhoneMix
from .calls.phones import Phones
from .calls.switchboard import Snapshot
from .dashboard.request_log import RequestLogEntry
from .dashboard.snippets import default_node
from .dashboard.sse import EventStream
from .emulated_phones import EmulatedPhones
from .emulator import Emulator
from .faults.rules import FaultKind, FaultRule, read_rule
from .flow_runs import FlowRun, SimulatedPhone
from .http.rate_limit import RateLimiter
from .http.routes import ReceivedRequest
from .notifier import Notifier
from .persistence import StateFile
from .seed import Seed
from .time_scale import TimeScale
from .webhooks.callbacks import AnyCallback, Callback
from .webhooks.delivery import Delivery
from .webhooks.dispatcher import Deliver
from .webhooks.http_client import send_request

if TYPE_CHECKING:
    from .flow.phlo import Phlo
    from .flow.runtime.fetches import FetchedRequest
    from .flow_support import FlowSource


def new_uuid() -> str:
    """Return a new id in Plivo's form, a UUID."""
    return str(uuid.uuid4())


def _rate_limiter(
    rate_limit: tuple[int, float] | None, retry_after: bool, clock: Callable[[], float]
) -> RateLimiter | None:
    if rate_limit is None:
        return None
    return RateLimiter(*rate_limit, clock=clock, retry_after=retry_after)


class PhloEmulator:
    """A PHLO runner with multi-party calls: an ASGI application for tests and for development.

    Every method may be called from any thread.

    Args:
        auth_id: the Auth ID of the account.
        auth_token: its Auth Token.
        phlos: the PHLOs that exist; a demo PHLO by default.
        phones: the phones by address: a `Phone`, or what it does when it rings, as "ring".
        default_phone: what every other phone does, as a `PhoneMix` or its text, for example
            "answer 70% after 5-20s, reject 10%, never 20%"; by default it answers at once.
        rate_limit: how many requests are allowed in how many seconds; None for no limit.
        retry_after: whether a 429 has `Retry-After`.
        auto_join: whether everyone is together when the target of a warm transfer answers.
        latency: the seconds that each response to the account takes.
        faults: the active fault rules, or their texts, as "hold:500 x1".
        callback: the callback of every node without one of its own, its URL, or an ASGI
            application that receives it; None for none.
        callbacks: the callbacks of single nodes, by the ids of their PHLO and node.
        clock: returns monotonic seconds.
        wall: returns the seconds since 1970.
        sleep: waits, in seconds.
        deliver: sends a webhook request and returns the status of the response; raises `OSError`
            where none came.
        new_id: makes the ids of requests and runs.
        flows: PHLOs that are flows: files, texts, or values.
        speed: how many simulated seconds of phones and flows pass in a second.
        prompt_speed: the characters of a prompt a second; None for prompts without length.
        allow_hosts: the hosts, besides this machine, that HTTP Request nodes may reach; a mapping
            also names the URL that a host's requests go to instead.

    Raises:
        FlowError: a flow is invalid; it has every problem.
        ImportError: the extra `flows` is missing.
        ApiError: the text of a fault rule, or the URL of a callback or a host, is invalid.
        ValueError: the behaviour of a phone is unknown, `default_phone` is invalid, or a speed is
            not above 0.

    Attributes:
        clock: returns monotonic seconds.
        events: the latest events, for subscribers.
        changed: notifies of changes to the calls, the phones or the deliveries.
        closing: notifies that the server is shutting down.
    """

    def __init__(
        self,
        *,
        auth_id: str = DEMO_AUTH_ID,
        auth_token: str = DEMO_AUTH_TOKEN,
        phlos: Iterable[EmulatedPhlo] = (DEMO_PHLO,),
        phones: Phones | None = None,
        default_phone: PhoneMix | str = DEFAULT_MIX,
        rate_limit: tuple[int, float] | None = (300, 5.0),
        retry_after: bool = True,
        auto_join: bool = False,
        latency: float = 0.0,
        faults: Iterable[FaultRule | str] = (),
        callback: AnyCallback | None = None,
        callbacks: Mapping[NodeKey, Callback] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        deliver: Deliver = send_request,
        new_id: Callable[[], str] = new_uuid,
        flows: "Iterable[FlowSource]" = (),
        speed: float = 1.0,
        prompt_speed: float | None = 15.0,
        allow_hosts: Iterable[str] | Mapping[str, str | None] = (),
    ) -> None:
        scale = TimeScale(speed, clock, wall, sleep)
        timed = scale.clock if speed != 1 else clock
        self._emulator = emulator = Emulator(
            Seed(
                auth_id,
                auth_token,
                phlos,
                phones or {},
                callback,
                callbacks or {},
                faults,
                default_phone=default_phone,
            ),
            rate_limiter=_rate_limiter(rate_limit, retry_after, clock),
            auto_join=auto_join,
            latency=latency,
            clock=timed,
            wall=scale.wall if speed != 1 else wall,
            sleep=sleep,
            sleep_until_due=scale.sleep if speed != 1 else sleep,
            deliver=deliver,
            new_id=new_id,
        )
        emulator.flows.prompt_speed = prompt_speed
        emulator.flows.allow(allow_hosts)
        self._app = EmulatorApp(emulator)
        self.clock: Callable[[], float] = timed
        self.events: EventStream = emulator.events
        self.changed: Notifier = emulator.changed
        self.closing: Notifier = emulator.closing
        for flow in flows:
            self.load_flow(flow)

    def __repr__(self) -> str:
        return f"PhloEmulator(auth_id={self.auth_id!r}, requests={self.requests})"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection: HTTP or lifespan; a websocket is rejected.

        Args:
            scope: the connection scope.
            receive: receives its messages.
            send: sends messages.

        Raises:
            BrokenExchange: a fault broke the response, and there is no connection to break.
        """
        await self._app(scope, receive, send)

    # How it is configured

    @property
    def auth_id(self) -> str:
        """The Auth ID of the account."""
        return self._emulator.auth_id

    @property
    def auth_token(self) -> str:
        """Its Auth Token."""
        return self._emulator.auth_token

    @property
    def phlos(self) -> tuple[EmulatedPhlo, ...]:
        """The PHLOs that exist."""
        return self._emulator.api.phlos

    @property
    def latency(self) -> float:
        """The seconds that each response to the account takes; may be set at any time."""
        return self._emulator.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._emulator.latency = seconds

    @property
    def state_file(self) -> StateFile | None:
        """The file that keeps the calls while a server runs, None for none; may be set."""
        return self._emulator.state_file

    @state_file.setter
    def state_file(self, file: StateFile | None) -> None:
        self._emulator.state_file = file

    def env(self, base_url: str) -> dict[str, str]:
        """Return the environment variables that point a client at this emulator.

        Args:
            base_url: the URL at which it is served, ending in `/v1`.

        Returns:
            `PLIVO_AUTH_ID`, `PLIVO_AUTH_TOKEN` and `PLIVO_PHLO_BASE_URL`; `PLIVO_PHLO_ID` and
            `PLIVO_NODE_ID` are the first PHLO and its first node, omitted where there is none.
        """
        return {
            "PLIVO_AUTH_ID": self.auth_id,
            "PLIVO_AUTH_TOKEN": self.auth_token,
            "PLIVO_PHLO_BASE_URL": base_url,
            **default_node(self.phlos),
        }

    @property
    def served(self) -> bool:
        """Whether a server serves it, which then sends the webhooks; may be set."""
        return self._emulator.background.served

    @served.setter
    def served(self, served: bool) -> None:
        self._emulator.background.served = served

    # What a test looks at

    @property
    def calls(self) -> dict[str, Call]:
        """The live calls by their ids, in the order they were opened."""
        with self._emulator.current() as emulator:
            return dict(emulator.switchboard.calls)

    def member(self, address: str) -> CallMember | None:
        """Return the live member at an address, ringing or not.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The member, of the call opened last where there are several; None if no call has a live
            member at that address.
        """
        with self._emulator.current() as emulator:
            return emulator.switchboard.member(address)

    @property
    def dialled(self) -> Counter[str]:
        """How often each address was dialled, by the spelling dialled first."""
        with self._emulator.current() as emulator:
            return Counter(emulator.switchboard.dialled)

    @property
    def requests(self) -> int:
        """The number of requests under `/v1`, except those refused for their `Host` or site."""
        return self._emulator.request_log.requests

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """The latest requests under `/v1`, oldest first: at most a thousand, and at most 4 MiB."""
        with self._emulator.current() as emulator:
            return tuple(emulator.request_log.received)

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """The latest steps of all calls, oldest first, at most a thousand."""
        with self._emulator.current() as emulator:
            return tuple(emulator.switchboard.log)

    def exchanges(
        self, call: str = "", member: str = "", errors: bool = False
    ) -> list[RequestLogEntry]:
        """Return the latest requests with their responses, and steps of phones, newest first.

        Args:
            call: only those of a call, by its id; or of all calls of a node, as `PHLO/NODE`.
            member: only those that concern an address, in any spelling.
            errors: only those with an error response or a fault.

        Returns:
            At most a thousand, and at most 4 MiB of requests.
        """
        with self._emulator.current() as emulator:
            return emulator.request_log.select(call, member, errors)

    def state(self) -> dict[str, object]:
        """Return the body of `GET /_emulator/state`, as plain data."""
        return self._emulator.state()

    def dashboard(self) -> dict[str, object]:
        """Return the body of `GET /_emulator/dashboard`: everything but the log and deliveries."""
        return self._emulator.dashboard()

    # What people do

    def phones(self) -> dict[str, dict[str, object]]:
        """Return the configured phones by address, as plain data."""
        with self._emulator.current() as emulator:
            return emulator.switchboard.phones.describe()

    def set_phone(
        self,
        address: str,
        behaviour: Phone | PhoneBehaviour | str,
        after: float = 0.0,
        *,
        keys: Iterable[str] = (),
        confirm: str = "",
        talks: float | None = None,
        speaks: float | None = None,
        sms: SmsScript | SmsOutcome | str = SmsOutcome.DELIVERED,
    ) -> None:
        """Set what a phone does when it next rings, and in a PHLO that the emulator runs.

        Args:
            address: the phone's address, in any spelling.
            behaviour: what it does, as "ring"; or a `Phone`, which replaces all that follows.
            after: how many seconds it rings first.
            keys: the keys that it presses, a text for each prompt; "" for none.
            confirm: the key that it presses where it has to accept a call, "" for none.
            talks: how many seconds after it was answered it hangs up, None for never.
            speaks: how many seconds it speaks into a recording, None for silence.
            sms: what becomes of an SMS to it: an `SmsScript`, or the final status.

        Raises:
            ValueError: the behaviour or the status is unknown, a key is none, or seconds are
                negative or not finite.
        """
        if not isinstance(behaviour, Phone):
            behaviour = Phone(
                PhoneBehaviour(behaviour),
                after,
                keys=keys,
                confirm=confirm,
                talks=talks,
                speaks=speaks,
                sms=sms,
            )
        with self._emulator.current() as emulator:
            emulator.switchboard.phones.set(address, behaviour)

    def join(
        self,
        phlo_id: str,
        node_id: str,
        address: str,
        role: MemberRole | str = MemberRole.CUSTOMER,
        *,
        call_id: str | None = None,
        new_call: bool = False,
    ) -> None:
        """Let a caller dial in to a node: by default to the call opened last there, if any.

        Args:
            phlo_id: the id of the PHLO.
            node_id: the id of the node.
            address: the caller's address.
            role: the caller's role, "agent" or "customer".
            call_id: the id of the call to join.
            new_call: whether to open a new call; ignored with a `call_id`.

        Raises:
            ApiError: the PHLO, the node or the call does not exist.
            InvalidState: the caller is in the call already.
            MemberNotFound: the caller has left this call.
            ValueError: the role is unknown.
        """
        with self._emulator.current() as emulator:
            where = (phlo_id, node_id)
            emulator.api.join(where, address, role, call_id=call_id, new_call=new_call)

    @contextmanager
    def _phones(self) -> Iterator[EmulatedPhones]:
        with self._emulator.current() as emulator:
            yield EmulatedPhones(emulator.switchboard, emulator.flows)

    def answer(self, address: str, call_id: str | None = None) -> None:
        """Answer a phone wherever it rings.

        Args:
            address: the phone's address, in any spelling.
            call_id: the id of the one call it applies to; None for all.

        Raises:
            MemberNotFound: it does not ring.
            InvalidState: it never answers.
        """
        with self._phones() as phones:
            phones.answer(address, call_id)

    def reject(self, address: str, call_id: str | None = None) -> None:
        """Reject the call at a phone wherever it rings.

        Args:
            address: the phone's address, in any spelling.
            call_id: the id of the one call it applies to; None for all.

        Raises:
            MemberNotFound: it does not ring.
        """
        with self._phones() as phones:
            phones.reject(address, call_id)

    def hang_up(self, address: str, call_id: str | None = None) -> None:
        """Hang up a phone in every call it is in.

        Args:
            address: the phone's address, in any spelling.
            call_id: the id of the one call it applies to; None for all.

        Raises:
            MemberNotFound: it is in no call.
        """
        with self._phones() as phones:
            phones.hang_up(address, call_id)

    # Flows

    def load_flow(
        self, source: "FlowSource", *, http: Mapping[str, object] | None = None
    ) -> "Phlo":
        """Load a PHLO that runs as a whole; it replaces the one with the same id.

        Args:
            source: the path of a file, the text or the data of one, or a flow built in Python.
            http: answers for the HTTP Request nodes of all flows, by "METHOD URL" with `*`: a
                status, a JSON body, a pair of both, an exception, or "pass" to send the request.

        Returns:
            The PHLO.

        Raises:
            FlowError: it is invalid; the error has every problem.
            ApiError: another flow has one of its numbers.
            ImportError: the extra `flows` is missing.
            TypeError: the source is none of these.
            ValueError: an answer is invalid.
        """
        with self._emulator.current() as emulator:
            phlo = emulator.flows.read(source)
            stubs = emulator.flows.runner.fetches.stubs.read(http or {})
            emulator.load_flow(phlo)
            emulator.flows.runner.fetches.stubs.add(stubs)
            return phlo

    def report_file_problems(self, problems: Mapping[str, str]) -> None:
        """Report in the dashboard which files have problems; their flows run as loaded before.

        Args:
            problems: the problems by file, a line each; they replace those reported before.
        """
        self._emulator.set_file_problems(problems)

    def run(self, phlo_id: str, /, **params: object) -> FlowRun:
        """Start a flow by API request.

        Args:
            phlo_id: its id.
            params: the payload.

        Raises:
            ApiError: there is no such flow, a value is no JSON, or too many runs are live.
        """
        with self._emulator.current() as emulator:
            run_id = emulator.flows.start(phlo_id, params, "").run_id
        return FlowRun(self._emulator.current, run_id)

    def stop_run(self, run_id: str) -> None:
        """End a run of a flow; no effect if it has ended.

        Args:
            run_id: its id.

        Raises:
            ApiError: there is no such run.
        """
        with self._emulator.current() as emulator:
            emulator.flows.find(run_id)
            emulator.flows.runner.stop(run_id)

    @property
    def runs(self) -> list[FlowRun]:
        """The runs of flows, oldest first."""
        with self._emulator.current() as emulator:
            run_ids = [*emulator.flows.runner.runs] if emulator.flows.loaded else []
        return [FlowRun(self._emulator.current, run_id) for run_id in run_ids]

    def phone(self, address: str) -> SimulatedPhone:
        """Return the phone at an address, which calls and texts the numbers of flows.

        Args:
            address: the phone's address, in any spelling.
        """
        return SimulatedPhone(self._emulator.current, address)

    def texts(self, address: str) -> list[str]:
        """Return the texts that a phone has received from flows, oldest first.

        Args:
            address: the phone's address, in any spelling.
        """
        return [message.text for message in self.phone(address).received]

    @property
    def texted(self) -> list[str]:
        """The addresses of the phones that have received texts from flows, without a `+`."""
        with self._emulator.current() as emulator:
            return emulator.flows.runner.phones.texted if emulator.flows.loaded else []

    @property
    def fetched(self) -> "list[FetchedRequest]":
        """What HTTP Request nodes have sent, oldest first, at most a thousand."""
        with self._emulator.current() as emulator:
            return [*emulator.flows.runner.fetches.fetched] if emulator.flows.loaded else []

    @property
    def unused_stubs(self) -> list[str]:
        """The answers of `load_flow(http=)` that no request has used, by "METHOD URL"."""
        with self._emulator.current() as emulator:
            if not emulator.flows.loaded:
                return []
            return sorted(emulator.flows.runner.fetches.stubs.unused)

    def explain_runs(self) -> str:
        """Return a text about the latest runs: path, waits, end, notes and what phones heard."""
        with self._emulator.current() as emulator:
            return "\n".join(emulator.flows.explain_runs())

    @property
    def base_url(self) -> str:
        """The URL of the emulator in the URLs of recordings; may be set."""
        return self._emulator.flows.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._emulator.flows.base_url = url

    # Faults

    @property
    def faults(self) -> list[dict[str, object]]:
        """The active fault rules, as plain data."""
        with self._emulator.current() as emulator:
            return emulator.faults.describe()

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
        """Let the next requests that match fail.

        Args:
            kind: the kind of fault, as "500".
            action: the action it applies to, as "hold"; None for any.
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
        with self._emulator.current() as emulator:
            return emulator.faults.add(rule).describe()

    def clear_faults(self) -> None:
        """Remove every fault rule."""
        with self._emulator.current() as emulator:
            emulator.faults.clear()

    def remove_fault(self, number: int) -> bool:
        """Remove one fault rule.

        Args:
            number: the rule's `id`.

        Returns:
            Whether it existed.
        """
        with self._emulator.current() as emulator:
            return emulator.faults.remove(number)

    # Webhooks

    def callbacks(self) -> dict[str, object]:
        """Return the callbacks, as plain data."""
        with self._emulator.current() as emulator:
            return emulator.callbacks.describe()

    def set_callback(self, callback: AnyCallback | None, node_key: NodeKey | None = None) -> None:
        """Set the callback URL; None disables it.

        Args:
            callback: the callback, its URL, or an ASGI application that receives it; None for none.
            node_key: the ids of the PHLO and the node it is for; None for every node without a
                callback.

        Raises:
            ApiError: the URL is invalid.
        """
        with self._emulator.current() as emulator:
            emulator.callbacks.set(callback, node_key)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The latest webhook deliveries, oldest first, at most a thousand."""
        with self._emulator.current() as emulator:
            return emulator.webhooks.deliveries

    def redeliver(self, number: int) -> Delivery | None:
        """Deliver the event of a delivery again, with a new signature.

        Args:
            number: the number of the delivery.

        Returns:
            The new delivery, None if the number is unknown.
        """
        with self._emulator.current() as emulator:
            return emulator.webhooks.redeliver(number)

    async def delivered(self) -> None:
        """Wait until every event so far is delivered or has failed; a failure raises nothing.

        The HTTP requests of flows have their responses then as well.

        They are sent in the background: by a server, or in process by the event loop that caused
        them. This also sends those that were caused where no event loop ran.
        """
        emulator = self._emulator
        emulator.tick()
        with self.changed.subscribe() as subscription:
            while True:
                if not emulator.background.running:
                    await emulator.flush()
                if not emulator.unfinished:
                    return
                await subscription.wait()

    # Reset and restart

    def reset(self) -> None:
        """Drop all calls, counts and logs, and restore everything as first configured."""
        self._emulator.reset()

    def load(self, seed: Seed) -> None:
        """Replace the configuration by a seed, and reset.

        Args:
            seed: the account, the PHLOs, the phones, the callbacks and the faults.
        """
        self._emulator.load(seed)

    def snapshot(self) -> Snapshot:
        """Return what survives a restart: the calls, the counts, the phones."""
        return self._emulator.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot; ringing phones then wait to be answered by hand.

        Args:
            snapshot: what `snapshot` or `StateFile.read` returned; calls at nodes that no longer
                exist are dropped.

        Raises:
            ApiError: its runs are damaged.
        """
        self._emulator.restore(snapshot)
