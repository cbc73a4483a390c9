"""The transport's reports through httpx's `trace`, which prove that a request was not sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

__all__ = ["HANDSHAKE_REFUSED", "NotBegun", "SendTrace"]

# Our transport's own event: the server aborts a TLS handshake that the client has finished, so it
# did not read what the client sent since.
HANDSHAKE_REFUSED = "connection.handshake_refused"

_CONNECTING = {"connection.connect_tcp.started", "connection.connect_unix_socket.started"}


class NotBegun(Exception):
    """The request must not begin: the client is closed, or something forbids it."""


class _Sender(Protocol):
    host: str

    @property
    def is_closed(self) -> bool: ...


class SendTrace:
    """What the transport reports about one attempt.

    Only this proves that a request was not sent; the name of an exception does not. A transport
    that reports nothing proves nothing.

    Args:
        sender: sends the request; once it is closed, none is begun.
        may_send: returns whether the request may be sent; it is the last thing before the request
            is written, so that a program that was stopped for long does not send.

    Attributes:
        check_host: called with the host before a connection is opened; raises to forbid it.
    """

    check_host: ClassVar[Callable[[str], None] | None] = None

    def __init__(self, sender: _Sender, may_send: Callable[[], bool] | None = None) -> None:
        self._sender, self._may_send = sender, may_send
        self._reported = False
        self._sent = 0

    @property
    def begun(self) -> bool | None:
        """Whether the request's headers were begun; None while nothing was reported."""
        return self._sent > 0 if self._reported else None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Record an event of httpcore; a CONNECT to a proxy is not our request."""
        self._reported = True
        if event.endswith("send_request_headers.started"):
            if info["request"].method != b"CONNECT":
                self.check()
                self._sent += 1
        elif event == HANDSHAKE_REFUSED:
            self._sent -= 1
        elif event in _CONNECTING and SendTrace.check_host is not None:
            SendTrace.check_host(self._sender.host)

    def check(self) -> None:
        """Raise `NotBegun` if the request may not be sent, which proves that it was not."""
        if self._sender.is_closed:
            reason = "this client is closed; make a new one"
        elif self._may_send is not None and not self._may_send():
            reason = "the time within which its journal lets it start is over"
        else:
            return
        self._reported = True
        raise NotBegun(reason)
