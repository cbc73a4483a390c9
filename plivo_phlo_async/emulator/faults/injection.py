"""Making a fault happen to an answer: on the wire where there is one, else as an exception.

A server that knows its connections offers a `Wire` in the scope's extensions. In process there is
none: `BrokenExchange` says how far the answer came, and who called the emulator tells its client.
"""

from collections.abc import Callable
from typing import Protocol

import attrs

from ..http.phlo_api import Reply
from ..http.request import Receive, Scope, Send, encode
from ..notifier import Bell
from ..race import first_of
from .rules import FaultKind, FaultRule

WIRE = "plivo_phlo_async.wire"
"""The name of the extension in an ASGI scope."""

GARBAGE = b"\x16\x03\x01 this is no answer\r\n\r\n"
"""What comes in place of HTTP."""

NOT_JSON = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
"""What comes in place of JSON."""


class Wire(Protocol):
    """A connection, as far as a fault must reach it; nothing after `close` or `reset` is sent."""

    def write(self, data: bytes) -> None:
        """Send bytes as they are, past HTTP."""

    def close(self) -> None:
        """Send what is to be sent, and end the connection."""

    def reset(self) -> None:
        """End the connection at once, with a reset."""


class BrokenExchange(Exception):
    """An exchange that a fault broke, where there was no connection to be broken.

    Attributes:
        kind: what went wrong.
        reply: the answer whose head had been sent; None when nothing had been.
        body: that answer's body, as far as it came.
    """

    def __init__(self, kind: FaultKind, reply: Reply | None = None, body: bytes = b"") -> None:
        super().__init__(f"The emulator broke this exchange, as a fault rule says: {kind}.")
        self.kind = kind
        self.reply = reply
        self.body = body


@attrs.frozen
class Exchange:
    """The far end of one request: where its answer goes, and how to see the client leave."""

    send: Send
    receive: Receive
    wire: Wire | None
    closing: Bell

    async def until_gone(self) -> None:
        """Wait until the client has left; bytes that it still sends are not looked at."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def until_gone_or_closing(self) -> None:
        """Wait until the client has left, or the server is to stop."""
        with self.closing.listen() as ear:
            await first_of(self.until_gone, ear.heard)


def wire_of(scope: Scope) -> Wire | None:
    """Return the scope's connection, or None in process and under a server with no such thing."""
    wire: Wire | None = (scope.get("extensions") or {}).get(WIRE)
    return wire


async def break_off(fault: FaultRule, reply: Reply, exchange: Exchange) -> bool:
    """Make `fault` happen to `reply`; whether it took the answer's place.

    Raises `BrokenExchange` where there is no connection to break.
    """
    match fault.kind:
        case FaultKind.CLOSE_BEFORE | FaultKind.CLOSE_AFTER:
            await _end(fault, exchange, lambda wire: wire.close())
        case FaultKind.RESET_AFTER:
            await _end(fault, exchange, lambda wire: wire.reset())
        case FaultKind.GARBAGE:
            await _end(fault, exchange, _talk_nonsense)
        case FaultKind.HANG_AFTER:
            await _hang(fault, exchange)
        case FaultKind.CUT_BODY:
            await _cut(fault, reply, exchange)
        case _:
            return False
    return True


async def _end(fault: FaultRule, exchange: Exchange, how: Callable[[Wire], None]) -> None:
    if exchange.wire is None:
        raise BrokenExchange(fault.kind)
    how(exchange.wire)
    await exchange.until_gone()


async def _hang(fault: FaultRule, exchange: Exchange) -> None:
    if exchange.wire is not None:
        await exchange.until_gone_or_closing()
    await _end(fault, exchange, lambda wire: wire.close())


async def _cut(fault: FaultRule, reply: Reply, exchange: Exchange) -> None:
    head, body = encode(reply)
    if exchange.wire is None:
        raise BrokenExchange(fault.kind, reply, body[: len(body) // 2])
    await exchange.send(head)
    part = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
    await exchange.send(part)
    exchange.wire.close()
    await exchange.until_gone()


def _talk_nonsense(wire: Wire) -> None:
    wire.write(GARBAGE)
    wire.close()
