"""Everything an emulator knows and shows, with no HTTP: what there is, wired together."""

import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping

import anyio
import attrs

from .calls.log_entry import LogEntry, Place
from .calls.members import Call, Member
from .calls.phlos import DEMO_AUTH_ID, DEMO_AUTH_TOKEN, DEMO_PHLO, EmulatedPhlo
from .calls.phones import Phones
from .calls.switchboard import Kept, Switchboard
from .dashboard.request_log import Answered, Logbook
from .dashboard.sse import Events
from .dashboard.views import Board
from .faults.registry import FaultBook
from .faults.rules import FaultRule
from .http.phlo_api import PhloRunner
from .http.rate_limit import Allowance
from .http.routes import ReceivedRequest
from .lifespan import Attendant
from .notifier import Bell
from .persistence import StateFile
from .seed import Seed
from .webhooks.callbacks import Callback
from .webhooks.deliveries import Deliver, Delivery
from .webhooks.dispatcher import Webhooks
from .webhooks.http_client import post


def new_uuid() -> str:
    """Return a fresh id in Plivo's form, a UUID."""
    return str(uuid.uuid4())


class Stage:
    """What there is and how it looks; `Operator` adds what can be done, `PhloEmulator` HTTP.

    Attributes:
        auth_id: the one account's Auth ID.
        auth_token: its Auth Token.
        latency: how many seconds every answer under `/v1` takes; it may be set at any time.
        keeper: the file that the calls are kept in while a server runs, None for none.
        events: what happened lately, for those who follow it.
        changed: rings when the calls, the phones or the deliveries have changed.
        closing: rings when the server is to stop.
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
        callbacks: Mapping[Place, Callback] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        deliver: Deliver = post,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self.auth_id: str = auth_id
        self.auth_token: str = auth_token
        self.latency: float = latency
        self.keeper: StateFile | None = None
        self.closing: Bell = Bell()
        self.changed: Bell = Bell()
        self.events: Events = Events(secrets.token_hex(4))
        self._clock, self._wall, self._sleep, self._new_id = clock, wall, sleep, new_id
        self._turn = threading.RLock()
        self._asking = False
        self._allowance = _allowance(rate_limit, clock, retry_after)
        self._faults = FaultBook(faults)
        self._logbook = Logbook(wall)
        self._connect(phlos, phones or {}, auto_join)
        self._employ(deliver, callback, callbacks or {})

    def _connect(self, phlos: Iterable[EmulatedPhlo], phones: Phones, auto_join: bool) -> None:
        clock, wall = self._clock, self._wall
        self._switchboard = Switchboard(
            clock=clock, phones=phones, auto_join=auto_join, watch=self._watch
        )
        self._runner = PhloRunner(phlos, self._switchboard, new_id=self._new_id)
        self._board = Board(self._runner, self._switchboard, clock=clock, wall=wall)

    def _employ(
        self, deliver: Deliver, callback: Callback | str | None, own: Mapping[Place, Callback]
    ) -> None:
        self._webhooks = Webhooks(
            callback,
            own,
            deliver=deliver,
            token=lambda: self.auth_token,
            now=self._wall,
            changed=self._tell_delivery,
        )
        self._attendant = Attendant(
            changed=self.changed,
            tick=self.tick,
            until_due=self._until_due,
            flush=self._webhooks.deliveries.flush,
            sleep=self._sleep,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(auth_id={self.auth_id!r}, requests={self.requests})"

    # What a test looks at

    @property
    def clock(self) -> Callable[[], float]:
        """The clock that was given."""
        return self._clock

    @property
    def phlos(self) -> tuple[EmulatedPhlo, ...]:
        """The PHLOs there are."""
        return self._runner.phlos

    @property
    def calls(self) -> dict[Place, Call]:
        """The live calls, by the ids of their PHLO and node."""
        with self._turn:
            self.tick()
            return dict(self._switchboard.calls)

    def member(self, address: str) -> Member | None:
        """Return who is in a call from an address, ringing or not, as it is at this moment.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The live member, of the call opened first where there are several; None when nobody
            with that address is in any call, or only somebody who has left.
        """
        with self._turn:
            self.tick()
            return self._switchboard.member(address)

    @property
    def dialled(self) -> Counter[str]:
        """How often each address was rung, by the spelling dialled first; 0 when never."""
        with self._turn:
            return Counter(self._switchboard.dialled)

    @property
    def requests(self) -> int:
        """How many requests under `/v1` arrived, refused ones too."""
        return self._logbook.requests

    @property
    def received(self) -> tuple[ReceivedRequest, ...]:
        """The latest requests under `/v1`, oldest first, a thousand at most."""
        with self._turn:
            return tuple(self._logbook.received)

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """The latest steps of all calls, oldest first, a thousand at most."""
        with self._turn:
            self.tick()
            return tuple(self._switchboard.log)

    def exchanges(self, call: str = "", member: str = "", errors: bool = False) -> list[Answered]:
        """Return the latest requests with their answers, and what phones did, newest first.

        Args:
            call: only those of a call, as `PHLO/NODE`.
            member: only those about an address, in any spelling.
            errors: only those that were refused or met a fault.

        Returns:
            A thousand at most.
        """
        with self._turn:
            self.tick()
            return self._logbook.select(call, member, errors)

    def state(self) -> dict[str, object]:
        """Return what `GET /_emulator/state` shows, as plain data."""
        with self._turn:
            self.tick()
            return {**self._board.state(), "requests": self.requests}

    def board(self) -> dict[str, object]:
        """Return what `GET /_emulator/board` shows: all there is to see, but log and deliveries."""
        with self._turn:
            self.tick()
            return {
                "now": round(self._wall(), 3),
                "event": self.events.id_of(self.events.latest),
                "calls": self._board.calls(),
                "nodes": self._board.nodes(),
                "phones": self._board.phones(),
                "dialled": dict(self._switchboard.dialled),
                "requests": self.requests,
                "faults": self._faults.describe(),
                "latency": self.latency,
                "deliveries": self._webhooks.deliveries.unfinished,
            }

    def phones(self) -> dict[str, dict[str, object]]:
        """Return the phones something was said about, as plain data by address."""
        with self._turn:
            return self._board.phones()

    @property
    def faults(self) -> list[dict[str, object]]:
        """The rules in force, as plain data."""
        with self._turn:
            return self._faults.describe()

    def callbacks(self) -> dict[str, object]:
        """Return where events are told, as plain data."""
        with self._turn:
            return self._webhooks.describe()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The latest deliveries, oldest first, a thousand at most."""
        self.tick()
        return self._webhooks.deliveries.all()

    # From the beginning

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
            self._webhooks.reset()
            self._logbook.reset()
        self._tell_all()

    def load(self, seed: Seed) -> None:
        """Start over with what a seed declares.

        Args:
            seed: the account, the PHLOs, the phones, the callbacks and the faults there are.
        """
        with self._turn:
            self.auth_id, self.auth_token = seed.auth_id, seed.auth_token
            self._runner.take_on(seed.phlos)
            self._switchboard.phones.give(seed.phones)
            self._faults.give(seed.faults)
            self._webhooks.give(seed.callback, seed.callbacks)
            self.reset()

    def keep(self) -> Kept:
        """Return what is kept over a restart: the calls, the counts, the phones."""
        with self._turn:
            return self._switchboard.keep()

    def restore(self, kept: Kept) -> None:
        """Go on from what was kept.

        Args:
            kept: what `keep` returned, or `StateFile.read`; calls at nodes there are no more are
                left out.
        """
        with self._turn:
            known = self._runner.places
            calls = {place: call for place, call in kept.calls.items() if place in known}
            self._switchboard.restore(attrs.evolve(kept, calls=calls))
        self._tell_all()

    # What a step means to the others

    def _watch(self, step: LogEntry) -> None:
        self.changed.ring()
        wall = self._wall()
        self.events.publish("state", lambda: self._show_step(step, wall))
        if not self._asking:
            self._tell_line(self._logbook.note_step(step))
        self._webhooks.tell(step, self._runner.node_name(step.place))

    def _show_step(self, step: LogEntry, wall: float) -> dict[str, object]:
        with self._turn:
            return self._board.step(step, wall)

    def _tell_line(self, line: Answered) -> None:
        self.events.publish("log", line.describe)

    def _tell_delivery(self, delivery: Delivery) -> None:
        self.events.publish("delivery", delivery.describe)
        self.changed.ring()

    def _tell_faults(self) -> None:
        self.events.publish("faults", lambda: {"faults": self.faults})

    def _tell_all(self) -> None:
        self.events.publish("snapshot", self.board)
        self.changed.ring()

    def _until_due(self) -> float | None:
        with self._turn:
            due = self._switchboard.next_due
        return None if due is None else max(0.0, due - self._clock())


def _allowance(
    rate_limit: tuple[int, float] | None, clock: Callable[[], float], retry_after: bool
) -> Allowance | None:
    if rate_limit is None:
        return None
    requests, per = rate_limit
    return Allowance(requests, per, clock=clock, retry_after=retry_after)
