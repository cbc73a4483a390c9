"""The emulator on a socket, served by uvicorn."""

import os
import secrets
import socket
import struct
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import attrs

from .asgi import Receive, Scope, Send
from .http.connection import RAW_CONNECTION
from .http.security import OPEN, is_loopback
from .phlo_emulator import PhloEmulator

if TYPE_CHECKING:
    import asyncio

    import uvicorn

__all__ = ["EmulatorServer", "new_auth_token"]

BACKLOG = 2048
"""How many connections may wait to be accepted."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def new_auth_token() -> str:
    """Return a random Auth Token, as long as Plivo's."""
    return secrets.token_hex(20)


@attrs.frozen
class _Running:
    """A running server, its socket and its thread."""

    server: "uvicorn.Server"
    listening: socket.socket
    port: int
    thread: threading.Thread
    ended: threading.Event


class EmulatorServer:
    """An emulator served from a background thread while a `with` (or `async with`) block runs.

    Leaving the block closes every connection and ends the thread.

    Args:
        emulator: the emulator to serve; by default a new one with a random Auth Token.
        host: the address to listen on; other machines can reach it unless it is a loopback
            address.
        port: the port to listen on; 0 picks a free one.

    Attributes:
        emulator: the served emulator.
        host: the address it listens on.
    """

    def __init__(
        self, emulator: PhloEmulator | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.emulator: PhloEmulator = emulator or PhloEmulator(auth_token=new_auth_token())
        self.host: str = host
        self._wanted_port = port
        self._running: _Running | None = None

    @property
    def port(self) -> int:
        """The port; raises `RuntimeError` before `start` and after `stop`."""
        if self._running is None:
            raise RuntimeError("The emulator's server is not running: use it in a with block.")
        return self._running.port

    @property
    def base_url(self) -> str:
        """The base URL for a client; raises `RuntimeError` as `port` does."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that point a client at this server.

        Those of `PhloEmulator.env`, and `NO_PROXY`: this process's with this server's host added,
        so that no proxy is used for it. Raises `RuntimeError` as `port` does.
        """
        return self.emulator.env(self.base_url) | _without_proxy(self.host)

    def start(self) -> Self:
        """Start serving, also again after `stop`; clients can connect when this returns.

        Returns:
            The server itself.

        Raises:
            ImportError: uvicorn is missing.
            OSError: it cannot listen on the port.
            RuntimeError: it is serving already.
        """
        if self._running is not None:
            raise RuntimeError("The emulator's server is running already.")
        # A stopped uvicorn server cannot start again: each start needs a new one.
        server = _uvicorn_server(self.emulator, self.host, self._wanted_port)
        # Listen before the thread starts: an early client waits in the socket's backlog, so that no
        # client needs to poll.
        listening = socket.create_server((self.host, self._wanted_port), backlog=BACKLOG)
        ended = threading.Event()

        def run() -> None:
            try:
                server.run([listening])
            finally:
                ended.set()

        thread = threading.Thread(target=run, name="plivo-phlo-emulator", daemon=True)
        port = int(listening.getsockname()[1])
        self._running = _Running(server, listening, port, thread, ended)
        self.emulator.closing.clear()
        self.emulator.served = True
        self.emulator.base_url = self.base_url.removesuffix("/v1")
        thread.start()
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the server has ended; return at once if it is not running.

        Args:
            seconds: how long to wait at most; None for no limit.

        Returns:
            Whether it has ended, or is not running.
        """
        if self._running is None:
            return True
        # Not `join`: before Python 3.13, a Ctrl-C in it marks the thread as ended, and `stop`
        # would not wait for the final write of the state file.
        return self._running.ended.wait(seconds)

    def stop(self) -> None:
        """Close every connection and wait for the thread to end; does nothing if not running."""
        running = self._running
        if running is None:
            return
        running.server.should_exit = True
        self.emulator.closing.notify(latched=True)
        running.thread.join()
        running.listening.close()
        self.emulator.served = False
        self._running = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _without_proxy(host: str) -> dict[str, str]:
    """Return `NO_PROXY` with `host` in it; of two spellings, clients obey the lower-case one."""
    name = "no_proxy" if "no_proxy" in os.environ else "NO_PROXY"
    entries = [entry.strip() for entry in os.environ.get(name, "").split(",") if entry.strip()]
    if host not in entries and "*" not in entries:
        entries.append(host)
    return {name: ",".join(entries)}


def _uvicorn_server(emulator: PhloEmulator, host: str, port: int) -> "uvicorn.Server":
    try:
        import uvicorn
    except ImportError as missing:
        needed = 'pip install "plivo-phlo-async[emulator]"'
        raise ImportError(f"Serving the emulator needs uvicorn: {needed}") from missing
    config = uvicorn.Config(
        emulator,
        http=_protocol(open_to_all=not is_loopback(host)),
        backlog=BACKLOG,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


class _TransportConnection:
    """The raw connection of an asyncio transport."""

    def __init__(self, transport: "asyncio.Transport") -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        # The client may have disconnected already.
        if not self._transport.is_closing():
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()


def _protocol(*, open_to_all: bool) -> type[Any]:
    """Return uvicorn's HTTP protocol with the raw connection in the scope of each request."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class EmulatorProtocol(H11Protocol):
        def connection_made(  # type: ignore[override]  # uvicorn narrows it as well
            self, transport: "asyncio.Transport"
        ) -> None:
            super().connection_made(transport)
            served: Any = self.app
            extensions = {
                RAW_CONNECTION: _TransportConnection(transport),
                **({OPEN: {}} if open_to_all else {}),
            }

            async def with_raw_connection(scope: Scope, receive: Receive, send: Send) -> None:
                scope["extensions"] = {**scope.get("extensions", {}), **extensions}
                await served(scope, receive, send)

            self.app = with_raw_connection

    return EmulatorProtocol
