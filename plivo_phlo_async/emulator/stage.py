"""Everything an emulator knows and can be told, with no HTTP: calls, phones, faults, callbacks."""

import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import anyio
import attrs

from .allowance import Allowance
from .bell import Bell
from .board import show_members, show_transfer
from .callbacks import Callback, Legs, read_callback
from .deliveries import Deliver, Deliveries, Delivery
from .events import Events
from .faults import FaultBook, FaultKind, FaultRule, parse_rule, read_rule
from .keeping import StateFile
from .logbook import Answered, Logbook
from .members import Call, Role
from .phlos import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_PHLO,
    EmulatedPhlo,
    Phone,
    PhoneBehaviour,
)
from .posting import post
from .routes import ReceivedRequest
from .runner import PhloRunner
from .seed import Seed
from .switchboard import Kept, LogEntry, Place, Switchboard, moved

RECEIVED_LIMIT = 1000
"""How many of the latest requests are kept to be looked at."""


def new_uuid() -> str:
    """Return a fresh id in Plivo's form, a UUID."""
    return str(uuid.uuid4())


class Stage:
    """What there is and what happens; `PhloEmulator` puts HTTP in front of it."""

    def __init__(
        self,
        *,
        auth_id: str = DEMO_AUTH_ID,
        auth_token: str = DEMO_AUTH_TOKEN,
        phlos: Iterable[EmulatedPhlo] = (DEMO_PHLO,),
        phones: Mapping[str, Phone | PhoneBehaviour | str] | None = None,
        rate_limit: tuple[int, float] | None = (300, 5.0),
        retry_after: bool = True,
        auto_join: bool = False,
        latency: float = 0.0,
        faults: Iterable[FaultRule | str] = (),
        callback: Callback | str | None = None,
        callbacks: Mapping[Place, Callback] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        deliver: Deliver = post,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self.auth_id = auth_id
        self.auth_token = auth_token
        self.phlos = tuple(phlos)
        self.latency = latency
        self.closing = Bell()
        self.changed = Bell()
        self.events = Events()
        self._clock, self._wall, self._sleep = clock, wall, sleep
        self._turn = threading.RLock()
        self._switchboard = Switchboard(
            clock=clock, phones=phones, auto_join=auto_join, watch=self._watch
        )
        self._runner = PhloRunner(self.phlos, self._switchboard, new_id=new_id)
        self._allowance: Allowance | None = None
        if rate_limit is not None:
            self._allowance = Allowance(*rate_limit, clock=clock, retry_after=retry_after)
        self._faults = FaultBook(faults)
        self._given_callback = read_callback(callback) if isinstance(callback, str) else callback
        self._given_callbacks = dict(callbacks or {})
        self._start_callbacks()
        self._legs = Legs(new_uuid)
        self._deliveries = Deliveries(
            deliver=deliver,
            token=lambda: self.auth_token,
            new_id=lambda: uuid.uuid4().hex,
            now=wall,
            changed=self._tell_delivery,
        )
        self._logbook = Logbook(wall)
        self._received: deque[ReceivedRequest] = deque(maxlen=RECEIVED_LIMIT)
        self._requests = 0
        self._asking = False
        self._attended = False
        self.version = 0
        self.keeper: StateFile | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(auth_id={self.auth_id!r}, requests={self._requests})"

    # What a test looks at

    @property
    def clock(self) -> Callable[[], float]:
        """The clock that was given."""
        return self._clock

    @property
    def dialled(self) -> Counter[str]:
        """How often each address was rung, by the spelling dialled first; 0 when never."""
        with self._turn:
            return Counter(self._switchboard.dialled)

    @property
    def calls(self) -> dict[Place, Call]:
        """The live calls, by the ids of their PHLO and node."""
        with self._turn:
            self.tick()
            return dict(self._switchboard.calls)

    @property
    def requests(self) -> int:
        """How many requests under `/v1` arrived, refused ones too."""
        return self._requests

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """The latest requests under `/v1`, oldest first."""
        with self._turn:
            return tuple(self._received)

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """The latest steps of all calls, oldest first."""
        with self._turn:
            self.tick()
            return tuple(self._switchboard.log)

    def exchanges(self, call: str = "", member: str = "", errors: bool = False) -> list[Answered]:
        """Return the latest requests with their answers, and what phones did, newest first.

        Args:
            call: only those of a call, as `PHLO/NODE`.
            member: only those about an address.
            errors: only those that were refused or met a fault.
        """
        with self._turn:
            self.tick()
            return self._logbook.select(call, member, errors)

    def state(self) -> dict[str, object]:
        """Return what `GET /_emulator/state` shows, as plain data."""
        with self._turn:
            self.tick()
            return {**self._switchboard.describe(), "requests": self._requests}

    def board(self) -> dict[str, object]:
        """Return what `GET /_emulator/board` shows: all there is to see, but log and deliveries."""
        with self._turn:
            self.tick()
            board = self._switchboard
            return {
                "now": round(self._wall(), 3),
                "event": self.events.latest,
                "calls": [self._show(place, call) for place, call in board.calls.items()],
                "nodes": self._nodes(),
                "phones": self.phones(),
                "dialled": dict(board.dialled),
                "requests": self._requests,
                "faults": self._faults.describe(),
                "latency": self.latency,
                "deliveries": self._deliveries.unfinished,
            }

    # What a test does

    def set_phone(
        self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0.0
    ) -> None:
        """Say what the phone at `address` does when next rung, `after` so many seconds.

        Raises `ValueError` for what no phone does.
        """
        with self._turn:
            self._switchboard.set_phone(address, behaviour, after)
            self._moved_on()
        self.events.publish("phones", lambda: {"phones": self.phones()})

    def phones(self) -> dict[str, dict[str, object]]:
        """Return the phones something was said about."""
        with self._turn:
            known = self._switchboard.phones.items()
            return {to: {"does": one.does.value, "after": one.after} for to, one in known}

    def join(
        self, phlo_id: str, node_id: str, address: str, role: Role | str = Role.CUSTOMER
    ) -> None:
        """A caller dials in to a node as `role`; raises a `Refusal` where that cannot be."""
        with self._turn:
            self.tick()
            self._runner.join(phlo_id, node_id, address, role)

    def answer(self, address: str) -> None:
        """Pick up the phone at `address` wherever it rings; raises a `Refusal` if nowhere."""
        with self._turn:
            self.tick()
            self._switchboard.answer(address)

    def reject(self, address: str) -> None:
        """Decline the phone at `address` wherever it rings; raises a `Refusal` if nowhere."""
        with self._turn:
            self.tick()
            self._switchboard.reject(address)

    def hang_up(self, address: str) -> None:
        """Put down the phone at `address` in every call; raises a `Refusal` if in none."""
        with self._turn:
            self.tick()
            self._switchboard.hang_up(address)

    def tick(self) -> None:
        """Let the phones act whose time has come; whatever looks at the calls does so first."""
        with self._turn:
            self._switchboard.tick()

    def reset(self) -> None:
        """Be as new: no calls, no counts, no log, a full allowance, all else as first given."""
        with self._turn:
            self._runner.reset()
            if self._allowance is not None:
                self._allowance.reset()
            self._faults.reset()
            self._start_callbacks()
            self._legs.reset()
            self._deliveries.reset()
            self._logbook.reset()
            self._received.clear()
            self._requests = 0
            self._moved_on()
        self.events.publish("snapshot", self.board)

    def load(self, seed: Seed) -> None:
        """Start over with what a seed declares."""
        with self._turn:
            self.auth_id, self.auth_token = seed.auth_id, seed.auth_token
            self.phlos = seed.phlos
            self._runner.take_on(seed.phlos)
            self._switchboard.give_phones(seed.phones)
            self._faults.give(seed.faults)
            self._given_callback = seed.callback
            self._given_callbacks = dict(seed.callbacks)
            self.reset()

    # Over a restart

    def keep(self) -> Kept:
        """Return what is kept over a restart: the calls, the counts, the phones."""
        with self._turn:
            board = self._switchboard
            now = self._clock()
            ages = {
                place: {line: now - at for line, at in since.items()}
                for place, since in board.since.items()
            }
            return Kept(dict(board.calls), ages, dict(board.dialled), dict(board.phones))

    def restore(self, kept: Kept) -> None:
        """Go on from what was kept; calls at nodes there are no more are left out."""
        with self._turn:
            known = {(p.phlo_id, n.node_id) for p in self.phlos for n in p.nodes}
            calls = {place: call for place, call in kept.calls.items() if place in known}
            self._switchboard.restore(attrs.evolve(kept, calls=calls))
        self.events.publish("snapshot", self.board)

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
        """Have the next request that fits meet a fault, or the next `times`; None is always.

        Raises `InvalidParameter` for a kind there is not, and other nonsense.
        """
        told = {"action": action, "address": address, "path": path, "seconds": seconds}
        self.add_fault(read_rule({"kind": str(kind), "count": times, **told}, "fault"))

    def add_fault(self, rule: FaultRule | str) -> dict[str, object]:
        """Put a rule in force, as a value or as its text; return what it is known as."""
        with self._turn:
            added = self._faults.add(parse_rule(rule) if isinstance(rule, str) else rule)
            told = added.describe()
        self._tell_faults()
        return told

    @property
    def faults(self) -> list[dict[str, object]]:
        """The rules in force, as plain data."""
        with self._turn:
            return self._faults.describe()

    def clear_faults(self) -> None:
        """Drop every rule."""
        with self._turn:
            self._faults.clear()
        self._tell_faults()

    def drop_fault(self, number: int) -> bool:
        """Drop one rule; whether there was one of that number."""
        with self._turn:
            found = self._faults.drop(number)
        self._tell_faults()
        return found

    # Callbacks

    def set_callback(self, callback: Callback | str | None, place: Place | None = None) -> None:
        """Tell events to `callback`: those of one node, or of all that have none of their own.

        None tells them nowhere. Raises `InvalidParameter` for what is no URL.
        """
        given = read_callback(callback) if isinstance(callback, str) else callback
        with self._turn:
            if place is None:
                self._callback = given
            elif given is None:
                self._callbacks.pop(place, None)
            else:
                self._callbacks[place] = given
        self.events.publish("callbacks", self.callbacks)

    def callbacks(self) -> dict[str, object]:
        """Return where events are told, as plain data."""
        with self._turn:
            own = [
                {"phlo_id": place[0], "node_id": place[1], **_plain(callback)}
                for place, callback in self._callbacks.items()
            ]
            return {"callback": self._callback and _plain(self._callback), "nodes": own}

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The latest deliveries, oldest first."""
        self.tick()
        return self._deliveries.all()

    def send_again(self, number: int) -> Delivery | None:
        """Tell once more what a delivery told, newly signed; None when it is not known."""
        found = self._deliveries.find(number)
        return None if found is None else self._deliveries.again(found)

    async def delivered(self) -> None:
        """Wait until every event so far was told, or was given up.

        In process this is what sends them; a server sends them by itself.
        """
        self.tick()
        with self.changed.listen() as ear:
            while True:
                if not self._attended:
                    await self._deliveries.flush()
                if not self._deliveries.unfinished:
                    return
                await ear.heard()

    # What a step means to the others

    def _watch(self, step: LogEntry) -> None:
        self._moved_on()
        wall = self._wall()
        self.events.publish("state", lambda: self._tell_step(step, wall))
        if not self._asking:
            self._publish_line(self._logbook.note_step(step))
        callback = self._callbacks.get(step.place, self._callback)
        told = self._legs.tell(step, self._node_name(step.place))
        if callback is not None:
            for _, variables in told:
                self._deliveries.add(step.place, callback, variables)

    def _moved_on(self) -> None:
        self.version += 1
        self.changed.ring()

    def _publish_line(self, line: Answered) -> None:
        self.events.publish("log", line.describe)

    def _tell_delivery(self, delivery: Delivery) -> None:
        self.events.publish("delivery", delivery.describe)
        self.changed.ring()

    def _tell_faults(self) -> None:
        self.events.publish("faults", lambda: {"faults": self.faults})

    def _tell_step(self, step: LogEntry, wall: float) -> dict[str, object]:
        """Return what a step changed: the members that are not as they were, and the transfer."""
        kept = {m.address: m for m in step.before.members}
        changed = [m for m in step.after.members if kept.get(m.address) != m]
        fresh = {m.address for m in moved(step.before, step.after)}
        since = {} if fresh else self._since(step.place)
        return {
            "phlo_id": step.phlo_id,
            "node_id": step.node_id,
            "ended": step.after.ended,
            "members": show_members(changed, since, wall),
            "transfer": show_transfer(step.after),
            "dialled": dict(self.dialled) if step.by is not None else None,
        }

    def _show(self, place: Place, call: Call) -> dict[str, object]:
        since, now = self._since(place), self._wall()
        return {
            "phlo_id": place[0],
            "node_id": place[1],
            "name": self._node_name(place),
            "members": show_members(call.members, since, now),
            "transfer": show_transfer(call),
        }

    def _since(self, place: Place) -> dict[str, float]:
        ago = self._wall() - self._clock()
        known = self._switchboard.since.get(place, {})
        return {line: at + ago for line, at in known.items()}

    def _nodes(self) -> list[dict[str, object]]:
        return [
            {
                "phlo_id": phlo.phlo_id,
                "phlo": phlo.name,
                "node_id": node.node_id,
                "node": node.name,
                "node_type": node.node_type.value,
            }
            for phlo in self.phlos
            for node in phlo.nodes
        ]

    def _node_name(self, place: Place) -> str:
        nodes = (
            node.name
            for phlo in self.phlos
            for node in phlo.nodes
            if (phlo.phlo_id, node.node_id) == place
        )
        return next(nodes, "")

    def _start_callbacks(self) -> None:
        self._callback = self._given_callback
        self._callbacks = dict(self._given_callbacks)


def _plain(callback: Callback) -> dict[str, Any]:
    return {
        "url": callback.url,
        "method": callback.method,
        "format": callback.format,
        "version": callback.version,
    }
