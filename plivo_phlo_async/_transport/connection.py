"""The interface of a connection to the server, and what its implementations share.

`asyncio_connection.py` implements it on asyncio (uvloop too), `trio_connection.py` on trio.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from .._event_loop import call_soon, running_loop

__all__ = ["Connection", "Payload", "check_alpn", "close_in_loop", "is_readable"]


class Payload:
    """Bytes to send, which tracebacks with local variables do not show."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"<{len(self.data)} bytes>"


class Connection(Protocol):
    """A connection, which belongs to the event loop that opened it.

    Timeouts are in seconds; None is no timeout.

    Attributes:
        loop: the event loop.
        origin: the server; the pool sets it.
        is_new: whether it has served no request yet.
    """

    loop: Any
    origin: Any
    is_new: bool

    def write(self, payload: Payload) -> None:
        """Write all bytes; on trio, `drain` sends them."""

    async def drain(self, timeout: float | None) -> None:
        """Wait until everything written is sent; raises `TimeoutError` or `OSError`."""

    async def receive(self, timeout: float | None) -> bytes:
        """Return the bytes received, b"" at the end; raises `TimeoutError` or `OSError`."""

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Start TLS; raises `OSError` (`ssl.SSLError` is one)."""

    def is_stale(self) -> bool:
        """Return whether the server has closed it or has sent unsolicited data."""

    def start_keepalive(self, seconds: float) -> None:
        """Close it if it is still idle after `seconds`, where the event loop has timers."""

    def close(self) -> None:
        """Close it at once, from any thread and event loop."""

    def forget(self) -> None:
        """Close this process's copy of a connection of the parent process."""


def is_readable(sock: socket.socket) -> bool:
    """Return whether there is data to read, or the end."""
    if not hasattr(select, "poll"):  # Windows, where select has no limit on numbers
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def check_alpn(ssl_object: Any) -> None:
    """Refuse a protocol other than HTTP/1.1, which a shared TLS context may have negotiated."""
    agreed = ssl_object.selected_alpn_protocol()
    if agreed not in {None, "http/1.1", "http/1.0"}:
        raise OSError(f"TLS agreed on {agreed}, not on http/1.1; give an SSLContext of your own")


def close_in_loop(loop: Any, sock: socket.socket, close: Callable[[], None]) -> None:
    """Call `close` in `loop`, from any thread and event loop; close the socket if that has ended.

    The socket is shut down first, so that the loop that owns it sends nothing more.
    """
    if _is_running_here(loop):
        close()
        return
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    if not call_soon(loop, close):
        sock.close()


def _is_running_here(loop: Any) -> bool:
    try:
        return running_loop() is loop
    except RuntimeError:
        return False
