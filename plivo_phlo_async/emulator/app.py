"""The emulator itself: Plivo's PHLO endpoints over live calls, as one ASGI application."""

import hmac
import json
from collections.abc import Callable, Mapping

from .calls.members import Call
from .control import control_handlers
from .dashboard.sse import FOLLOWER_LIMIT, Follower, TooManyFollowers, last_seen
from .errors import Refusal, WrongCredentials, WrongMethod
from .faults.injection import NOT_JSON, Exchange, break_off, wire_of
from .faults.rules import ANSWERS, FaultKind, FaultRule
from .http.phlo_api import Reply
from .http.request import (
    Credentials,
    Receive,
    Request,
    Scope,
    Send,
    decline_websocket,
    read_request,
    send_reply,
)
from .http.request_info import Asked, understand
from .http.routes import note, pick, plivo_handlers
from .http.security import PAGE_HEADERS, check_host, check_origin, for_this_machine_only, hider
from .operator import Operator


class PhloEmulator(Operator):
    """A PHLO runner with multi-party calls: an ASGI application for tests and for development.

    Args:
        auth_id: the one account's Auth ID.
        auth_token: its Auth Token.
        phlos: the PHLOs there are; a demo PHLO by default.
        phones: what stands behind an address: a `Phone`, or what it does, as "ring". Behind all
            others is a phone that answers at once.
        rate_limit: how many requests are allowed in how many seconds; None for any number.
        retry_after: whether a 429 says how many seconds to wait.
        auto_join: whether a warm transfer's answer brings everyone together.
        latency: how many seconds every answer under `/v1` takes.
        faults: the rules in force, or their texts, as "hold:500 x1".
        callback: where events are told, or just the URL; None for nowhere.
        callbacks: where those of single nodes are told, by the ids of their PHLO and their own.
        clock: gives seconds that never go back.
        wall: gives the seconds since 1970.
        sleep: waits so many seconds.
        deliver: sends a callback, and gives the status it was answered with; `OSError` for none.
        new_id: makes the ids of requests and runs.

    Raises:
        Refusal: a fault's text is no rule, or a callback's text no URL.
        ValueError: a phone does what no phone does.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection: HTTP and lifespan; a websocket is turned away.

        Args:
            scope: what the connection is.
            receive: gives what comes in.
            send: takes what goes out.

        Raises:
            BrokenExchange: a fault broke the answer, and there was no connection to break.
        """
        if scope["type"] == "lifespan":
            await self._attendant.live(receive, send, beside=self._keep_on)
        elif scope["type"] == "websocket":
            await decline_websocket(receive, send)
        else:
            request = await read_request(scope, receive)
            # A request that never arrived whole is not acted on, and nobody waits for its answer.
            if request is not None:
                exchange = Exchange(send, receive, wire_of(scope), self.closing)
                await self._serve(request, exchange, for_this_machine_only(scope))

    def handle(self, request: Request, fault: FaultRule | None = None) -> Reply:
        """Answer one request; never raises for anything a request can hold.

        Args:
            request: the request, whole.
            fault: what happens to it; only one that answers is seen in the reply.

        Returns:
            The answer, as it is before a fault breaks it.
        """
        with self._turn:
            self.tick()
            if request.segments[0] == "v1":
                return self._answer_plivo(request, fault)
            return self._caught(lambda: self._control(request))

    # Serving

    async def _serve(self, request: Request, exchange: Exchange, guarded: bool) -> None:
        if request.segments[0] == "v1":
            await self._serve_plivo(request, exchange)
        elif request.segments[0] == "_emulator":
            await self._serve_control(request, exchange, guarded)
        else:
            await send_reply(exchange.send, self.handle(request))

    async def _serve_plivo(self, request: Request, exchange: Exchange) -> None:
        with self._turn:
            fault = self._faults.strike(understand(request).facts) if self._faults.active else None
        wait = self.latency
        if fault is not None and fault.kind is FaultKind.LATENCY:
            wait += fault.wait
        if wait > 0:
            await self._sleep(wait)
        reply = self.handle(request, fault)
        if fault is not None:
            self._tell_faults()
        if fault is None or not await break_off(fault, reply, exchange):
            await send_reply(exchange.send, reply)

    async def _serve_control(self, request: Request, exchange: Exchange, guarded: bool) -> None:
        try:
            if guarded:
                check_host(request.headers)
            check_origin(request.method, request.headers)
            if request.segments == ("_emulator", "events") and request.method == "GET":
                await self._follow(request, exchange)
                return
        except Refusal as no:
            reply = self._runner.refuse(no)
        else:
            reply = self.handle(request)
        await send_reply(exchange.send, self._in_private(reply))

    async def _follow(self, request: Request, exchange: Exchange) -> None:
        if self.events.bell.listeners >= FOLLOWER_LIMIT:
            raise TooManyFollowers
        follower = Follower(
            self.events,
            exchange,
            snapshot=self._snapshot,
            hide=self._hide,
            sleep=self._sleep,
        )
        await follower.follow(self.events.number_of(last_seen(request)))

    def _snapshot(self) -> tuple[int, Mapping[str, object]]:
        with self._turn:
            return self.events.latest, self.board()

    def _in_private(self, reply: Reply) -> Reply:
        headers = (*reply.headers, *PAGE_HEADERS)
        if reply.raw is not None:
            return Reply(reply.status, {}, headers, reply.raw, reply.content_type)
        body = self._hide(json.dumps(reply.body))
        return Reply(reply.status, reply.body, headers, body.encode())

    def _hide(self, text: str) -> str:
        return hider(self.auth_token)(text)

    async def _keep_on(self) -> None:
        if self.keeper is not None:
            await self.keeper.keep(self)

    # Answering

    def _caught(self, work: Callable[[], Reply]) -> Reply:
        try:
            return work()
        except Refusal as no:
            return self._runner.refuse(no)

    def _control(self, request: Request) -> Reply:
        segments = request.segments
        if segments == ("_emulator", "events"):
            raise WrongMethod(["GET"])
        known = segments[0] == "_emulator"
        return pick(request, control_handlers(self, segments[1:]) if known else {})

    def _answer_plivo(self, request: Request, fault: FaultRule | None) -> Reply:
        asked = understand(request)
        before, steps = self._call_of(asked), self._switchboard.steps
        self._asking = True
        try:
            reply = self._caught(lambda: self._plivo(request, fault))
        finally:
            self._asking = False
        stepped = self._switchboard.steps > steps
        self._tell_line(
            self._logbook.write(
                action=asked.facts.action,
                address=asked.facts.address,
                place=asked.place,
                before=before,
                after=self._switchboard.log[-1].after if stepped else before,
                request=request,
                asked=asked,
                status=reply.status,
                answer=reply.body,
                fault=None if fault is None else fault.kind.value,
            )
        )
        return reply

    def _plivo(self, request: Request, fault: FaultRule | None) -> Reply:
        self._logbook.receive(note(request))
        if fault is not None and fault.kind is FaultKind.CLOSE_BEFORE:
            return Reply(0, {})
        if fault is not None and fault.kind in ANSWERS:
            return self._fault_reply(fault)
        self._admit(request)
        handlers = plivo_handlers(self._runner, self.auth_id, request.segments[1:])
        reply = pick(request, handlers)
        if fault is not None and fault.kind is FaultKind.NOT_JSON:
            return Reply(reply.status, reply.body, reply.headers, NOT_JSON, "text/html")
        return reply

    def _fault_reply(self, fault: FaultRule) -> Reply:
        status, error = ANSWERS[fault.kind]
        says = fault.seconds is not None or fault.kind is FaultKind.UNAVAILABLE_RETRY_AFTER
        headers = (("retry-after", f"{fault.wait:g}"),) if says else ()
        return Reply(status, {"api_id": self._new_id(), "error": error}, headers)

    def _call_of(self, asked: Asked) -> Call:
        return self._switchboard.calls.get(asked.place or ("", ""), Call())

    def _admit(self, request: Request) -> None:
        given = request.credentials or Credentials(b"", b"")
        # Both are compared, and in constant time, so that a wrong one tells nothing by its speed.
        known = hmac.compare_digest(given.auth_id, self.auth_id.encode())
        known &= hmac.compare_digest(given.auth_token, self.auth_token.encode())
        if not known:
            raise WrongCredentials
        if self._allowance is not None:
            self._allowance.take()
