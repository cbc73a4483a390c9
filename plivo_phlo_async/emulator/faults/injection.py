"""What a fault does to a request: delay it, answer instead of acting, or break the response.

Where the server offers a raw connection the fault breaks it. In process there is none:
`BrokenExchange` says how far the response came.
"""

from collections.abc import Callable, Mapping

import attrs

from ..http.connection import Exchange, RawConnection
from ..http.response import HttpResponse, encode_response, send_response
from .rules import FaultKind, FaultRule

GARBAGE = b"\x16\x03\x01 this is no answer\r\n\r\n"
"""The bytes sent in place of HTTP."""

NOT_JSON = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
"""The body sent in place of JSON."""

ANSWERS: Mapping[FaultKind, tuple[int, str]] = {
    FaultKind.TOO_MANY: (429, "Too many requests: wait before the next one."),
    FaultKind.ERROR: (500, "Internal server error."),
    FaultKind.UNAVAILABLE: (503, "Service unavailable."),
    FaultKind.UNAVAILABLE_RETRY_AFTER: (503, "Service unavailable."),
    FaultKind.SOFT_ERROR: (201, "The action could not be carried out."),
}
"""The status and the `error` of the kinds that answer instead of acting."""

NO_RESPONSE = HttpResponse(0, {})
"""The logged response where none is sent."""


class BrokenExchange(Exception):
    """A fault broke an exchange that has no connection to break.

    Attributes:
        kind: the kind of fault.
        response: the response whose head was sent, None if nothing was.
        body: the part of its body that was sent.
    """

    def __init__(
        self, kind: FaultKind, response: HttpResponse | None = None, body: bytes = b""
    ) -> None:
        super().__init__(f"A fault rule broke this exchange: {kind}.")
        self.kind = kind
        self.response = response
        self.body = body


@attrs.frozen
class FaultInjection:
    """The fault of one request; `rule` is None for no fault."""

    rule: FaultRule | None

    @property
    def kind(self) -> FaultKind | None:
        """The kind of the fault."""
        return None if self.rule is None else self.rule.kind

    @property
    def delay(self) -> float:
        """The seconds to wait before acting."""
        if self.rule is None or self.rule.kind is not FaultKind.LATENCY:
            return 0.0
        return self.rule.wait

    def replace(self, new_id: Callable[[], str]) -> HttpResponse | None:
        """Return the response that is sent instead of acting, None to act."""
        if self.rule is None or self.rule.kind.acts:
            return None
        if self.rule.kind not in ANSWERS:
            return NO_RESPONSE
        status, error = ANSWERS[self.rule.kind]
        waits = self.rule.seconds is not None or self.kind is FaultKind.UNAVAILABLE_RETRY_AFTER
        headers = (("retry-after", f"{self.rule.wait:g}"),) if waits else ()
        return HttpResponse(status, {"api_id": new_id(), "error": error}, headers)

    async def send(self, response: HttpResponse, exchange: Exchange) -> None:
        """Send the response, or break the connection instead.

        Raises `BrokenExchange` where there is no connection to break.
        """
        match self.kind:
            case FaultKind.CLOSE_BEFORE | FaultKind.CLOSE_AFTER as kind:
                await _break(kind, exchange, lambda raw: raw.close())
            case FaultKind.RESET_AFTER as kind:
                await _break(kind, exchange, lambda raw: raw.reset())
            case FaultKind.GARBAGE as kind:
                await _break(kind, exchange, _write_garbage)
            case FaultKind.HANG_AFTER as kind:
                if exchange.raw is not None:
                    await exchange.until_disconnected_or_closing()
                await _break(kind, exchange, lambda raw: raw.close())
            case FaultKind.CUT_BODY as kind:
                await _cut_body(kind, response, exchange)
            case FaultKind.NOT_JSON:
                html = attrs.evolve(response, raw=NOT_JSON, content_type="text/html")
                await send_response(exchange.send, html)
            case _:
                await send_response(exchange.send, response)


async def _break(
    kind: FaultKind, exchange: Exchange, action: Callable[[RawConnection], None]
) -> None:
    if exchange.raw is None:
        raise BrokenExchange(kind)
    action(exchange.raw)
    await exchange.until_disconnected()


def _write_garbage(raw: RawConnection) -> None:
    raw.write(GARBAGE)
    raw.close()


async def _cut_body(kind: FaultKind, response: HttpResponse, exchange: Exchange) -> None:
    head, body = encode_response(response)
    part = body[: len(body) // 2]
    if exchange.raw is None:
        raise BrokenExchange(kind, response, part)
    await exchange.send(head)
    await exchange.send({"type": "http.response.body", "body": part, "more_body": True})
    await _break(kind, exchange, lambda raw: raw.close())
