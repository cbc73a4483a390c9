"""The emulator itself: Plivo's PHLO endpoints over live calls, as one ASGI application."""

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping

import anyio

from .bell import in_a_loop
from .breaking import NOT_JSON, Exchange, break_off, wire_of
from .control import control_handlers
from .events import FOLLOWER_LIMIT, Follower, TooManyFollowers, last_seen
from .faults import ANSWERS, FaultKind, FaultRule
from .http import (
    Credentials,
    Receive,
    Request,
    Scope,
    Send,
    decline_websocket,
    read_request,
    send_reply,
)
from .logbook import Asked, understand
from .members import Call
from .refusals import Refusal, WrongCredentials, WrongMethod
from .routes import note, pick, plivo_handlers
from .runner import Reply
from .safety import PAGE_HEADERS, check_host, check_origin
from .stage import RECEIVED_LIMIT, Stage, new_uuid

__all__ = ["RECEIVED_LIMIT", "PhloEmulator", "new_uuid"]

SECRET_LENGTH = 8
"""From how many characters on an Auth Token is kept out of every answer."""

OPEN = "plivo_phlo_async.open"
"""The scope's extension of a server that is meant to be reached from elsewhere."""


class PhloEmulator(Stage):
    """A PHLO runner with multi-party calls: an ASGI application for tests and for development.

    `auth_id` and `auth_token` are the one account; `phlos` what exists (a demo PHLO by default);
    `phones` what stands behind an address, by default a phone that answers at once;
    `rate_limit=(requests, seconds)` or None; `retry_after` whether a 429 says how many seconds to
    wait; `auto_join` whether a warm transfer's answer brings everyone together; `latency` how many
    seconds every answer takes; `faults` rules, or their texts, that are in force; `callback` where
    events are told, `callbacks` those of single nodes. `clock` gives seconds, `wall` those since
    1970, `sleep` waits, `deliver` sends callbacks, `new_id` makes the ids. Steps may be taken from
    any thread.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection: HTTP and lifespan; a websocket is turned away."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await decline_websocket(receive, send)
        else:
            request = await read_request(scope, receive)
            # A request that never arrived whole is not acted on, and nobody waits for its answer.
            if request is not None:
                exchange = Exchange(send, receive, wire_of(scope), self.closing)
                await self._serve(request, exchange, _own_machine_only(scope))

    def handle(self, request: Request, fault: FaultRule | None = None) -> Reply:
        """Answer one request; never raises for anything a request can hold.

        A `fault` that answers takes the answer's place.
        """
        with self._turn:
            self.tick()
            if request.segments[0] == "v1":
                return self._answer_plivo(request, fault)
            return self._caught(lambda: self._control(request))

    # Serving

    async def _serve(self, request: Request, exchange: Exchange, guarded: bool) -> None:
        segments = request.segments
        if segments[0] == "v1":
            await self._serve_plivo(request, exchange)
        elif segments[0] == "_emulator":
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
        if fault is None:
            await send_reply(exchange.send, reply)
            return
        self._tell_faults()
        if not await break_off(fault, reply, exchange):
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
        follower = Follower(self.events, exchange, self._snapshot, self._discreet)
        await follower.follow(last_seen(request))

    def _snapshot(self) -> tuple[int, Mapping[str, object]]:
        with self._turn:
            return self.events.latest, self.board()

    def _in_private(self, reply: Reply) -> Reply:
        headers = (*reply.headers, *PAGE_HEADERS)
        if reply.raw is not None:
            return Reply(reply.status, {}, headers, reply.raw, reply.content_type)
        body = self._discreet(json.dumps(reply.body))
        return Reply(reply.status, reply.body, headers, body.encode())

    def _discreet(self, text: str) -> str:
        # Whoever writes the token where it does not belong shall not have it shown. A word of a
        # few letters is no secret, and hiding it would tear every answer apart.
        if len(self.auth_token) < SECRET_LENGTH:
            return text
        return text.replace(json.dumps(self.auth_token)[1:-1], "***")

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
        before = self._call_of(asked)
        steps = self._switchboard.log[-1].number if self._switchboard.log else 0
        self._asking = True
        try:
            reply = self._caught(lambda: self._plivo(request, fault))
        finally:
            self._asking = False
        last = self._switchboard.log[-1] if self._switchboard.log else None
        stepped = last is not None and last.number > steps
        self._publish_line(
            self._logbook.write(
                action=asked.facts.action,
                address=asked.facts.address,
                place=asked.place,
                before=before,
                after=last.after if stepped and last else before,
                request=request,
                asked=asked,
                status=reply.status,
                answer=reply.body,
                fault=None if fault is None else fault.kind.value,
            )
        )
        return reply

    def _plivo(self, request: Request, fault: FaultRule | None) -> Reply:
        self._requests += 1
        self._received.append(note(request))
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
        return Reply(status, {"api_id": new_uuid(), "error": error}, headers)

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

    # Living, under a server

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the server's lifespan; while it lasts phones act and callbacks go out in time."""
        await receive()
        if not in_a_loop():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        else:
            async with anyio.create_task_group() as tasks:
                self._attended = True
                tasks.start_soon(self._attend)
                await send({"type": "lifespan.startup.complete"})
                await receive()
                self._attended = False
                tasks.cancel_scope.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _attend(self) -> None:
        async with anyio.create_task_group() as beside:
            if self.keeper is not None:
                beside.start_soon(self.keeper.keep, self)
            with self.changed.listen() as ear:
                while True:
                    self.tick()
                    beside.start_soon(self._deliveries.flush)
                    await self._until_due(ear.heard)

    async def _until_due(self, heard: Callable[[], Awaitable[None]]) -> None:
        with self._turn:
            due = self._switchboard.next_due
        async with anyio.create_task_group() as either:

            async def first(wait: Callable[[], Awaitable[object]]) -> None:
                await wait()
                either.cancel_scope.cancel()

            either.start_soon(first, heard)
            if due is not None:
                either.start_soon(first, lambda: self._sleep(max(0.0, due - self._clock())))


def _own_machine_only(scope: Scope) -> bool:
    if OPEN in (scope.get("extensions") or {}):
        return False
    host = (scope.get("server") or ("", None))[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
