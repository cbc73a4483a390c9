"""The emulator itself: Plivo's PHLO endpoints over live calls, as one ASGI application."""

import hmac
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

from .allowance import Allowance
from .http import (
    Credentials,
    Receive,
    Request,
    Scope,
    Send,
    decline_websocket,
    live_through,
    read_request,
    send_reply,
)
from .members import Call, Role
from .phlos import DEMO_AUTH_ID, DEMO_AUTH_TOKEN, DEMO_PHLO, EmulatedPhlo, PhoneBehaviour
from .refusals import Refusal, UnknownResource, WrongCredentials
from .routes import ReceivedRequest, note, pick, plivo_handlers
from .runner import PhloRunner, Reply
from .switchboard import LogEntry, Place, Switchboard

RECEIVED_LIMIT = 1000
"""How many of the latest requests are kept to be looked at."""


def new_uuid() -> str:
    """Return a fresh id in Plivo's form, a UUID."""
    return str(uuid.uuid4())


class PhloEmulator:
    """A PHLO runner with multi-party calls: an ASGI application for tests and for development.

    `auth_id` and `auth_token` are the one account; `phlos` what exists (a demo PHLO by default);
    `phones` what stands behind an address, by default a phone that answers at once;
    `rate_limit=(requests, seconds)` or None; `retry_after` whether a 429 says how many seconds to
    wait; `auto_join` whether a warm transfer's answer brings everyone together. `clock` gives
    seconds, `new_id` the ids. Steps may be taken from any thread.
    """

    def __init__(
        self,
        *,
        auth_id: str = DEMO_AUTH_ID,
        auth_token: str = DEMO_AUTH_TOKEN,
        phlos: Iterable[EmulatedPhlo] = (DEMO_PHLO,),
        phones: Mapping[str, PhoneBehaviour | str] | None = None,
        rate_limit: tuple[int, float] | None = (300, 5.0),
        retry_after: bool = True,
        auto_join: bool = False,
        clock: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = new_uuid,
    ) -> None:
        self.auth_id = auth_id
        self.auth_token = auth_token
        self.phlos = tuple(phlos)
        self._switchboard = Switchboard(clock=clock, phones=phones, auto_join=auto_join)
        self._runner = PhloRunner(self.phlos, self._switchboard, new_id=new_id)
        self._allowance: Allowance | None = None
        if rate_limit is not None:
            self._allowance = Allowance(*rate_limit, clock=clock, retry_after=retry_after)
        self._received: deque[ReceivedRequest] = deque(maxlen=RECEIVED_LIMIT)
        self._requests = 0
        self._turn = threading.RLock()

    def __repr__(self) -> str:
        return f"PhloEmulator(auth_id={self.auth_id!r}, requests={self._requests})"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection: HTTP and lifespan; a websocket is turned away."""
        if scope["type"] == "lifespan":
            await live_through(receive, send)
        elif scope["type"] == "websocket":
            await decline_websocket(receive, send)
        else:
            request = await read_request(scope, receive)
            # A request that never arrived whole is not acted on, and nobody waits for its answer.
            if request is not None:
                await send_reply(send, self.handle(request))

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises for anything a request can hold."""
        with self._turn:
            try:
                return self._route(request)
            except Refusal as no:
                return self._runner.refuse(no)

    # What a test looks at

    @property
    def dialled(self) -> Counter[str]:
        """How often each address was rung, by the spelling dialled first; 0 when never."""
        with self._turn:
            return Counter(self._switchboard.dialled)

    @property
    def calls(self) -> dict[Place, Call]:
        """The live calls, by the ids of their PHLO and node."""
        with self._turn:
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
            return tuple(self._switchboard.log)

    def state(self) -> dict[str, object]:
        """Return what `GET /_emulator/state` shows, as plain data."""
        with self._turn:
            return {**self._switchboard.describe(), "requests": self._requests}

    # What a test does

    def set_phone(self, address: str, behaviour: PhoneBehaviour | str) -> None:
        """Say what the phone at `address` does when next rung; `ValueError` if there is no such."""
        with self._turn:
            self._switchboard.set_phone(address, behaviour)

    def join(
        self, phlo_id: str, node_id: str, address: str, role: Role | str = Role.CUSTOMER
    ) -> None:
        """A caller dials in to a node as `role`; raises a `Refusal` where that cannot be."""
        with self._turn:
            self._runner.join(phlo_id, node_id, address, role)

    def answer(self, address: str) -> None:
        """Pick up the phone at `address` wherever it rings; raises a `Refusal` if nowhere."""
        with self._turn:
            self._switchboard.answer(address)

    def reject(self, address: str) -> None:
        """Decline the phone at `address` wherever it rings; raises a `Refusal` if nowhere."""
        with self._turn:
            self._switchboard.reject(address)

    def hang_up(self, address: str) -> None:
        """Put down the phone at `address` in every call; raises a `Refusal` if in none."""
        with self._turn:
            self._switchboard.hang_up(address)

    def reset(self) -> None:
        """Be as new: no calls, no counts, no log, a full allowance, phones as first given."""
        with self._turn:
            self._runner.reset()
            if self._allowance is not None:
                self._allowance.reset()
            self._received.clear()
            self._requests = 0

    # How a request is let in

    def _route(self, request: Request) -> Reply:
        segments = request.segments
        if segments[0] == "v1":
            self._note(request)
            self._admit(request)
            return pick(request, plivo_handlers(self._runner, self.auth_id, segments[1:]))
        if segments == ("_emulator", "state"):
            return pick(request, {"GET": lambda _: Reply(200, self.state())})
        if segments == ("_emulator", "reset"):
            return pick(request, {"POST": self._start_over})
        raise UnknownResource("path")

    def _start_over(self, _: Request) -> Reply:
        self.reset()
        return Reply(200, self.state())

    def _admit(self, request: Request) -> None:
        given = request.credentials or Credentials(b"", b"")
        # Both are compared, and in constant time, so that a wrong one tells nothing by its speed.
        known = hmac.compare_digest(given.auth_id, self.auth_id.encode())
        known &= hmac.compare_digest(given.auth_token, self.auth_token.encode())
        if not known:
            raise WrongCredentials
        if self._allowance is not None:
            self._allowance.take()

    def _note(self, request: Request) -> None:
        self._requests += 1
        self._received.append(note(request))
