"""The emulator on a socket, under uvicorn: for people, and for clients that need a real server."""

import socket
import struct
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import attrs

from .app import PhloEmulator
from .faults.injection import WIRE
from .http.request import Receive, Scope, Send
from .http.security import OPEN, is_loopback

if TYPE_CHECKING:
    import asyncio

    import uvicorn

__all__ = ["EmulatorServer"]

BACKLOG = 2048
"""How many connections may wait to be taken."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@attrs.frozen
class _Running:
    """A server that runs: in a thread, which says when it has ended."""

    server: "uvicorn.Server"
    listening: socket.socket
    port: int
    thread: threading.Thread
    ended: threading.Event


class EmulatorServer:
    """An emulator served from a background thread while a `with` (or `async with`) block runs.

    Leaving the block closes every connection and ends the thread.

    Args:
        emulator: what is served; a new `PhloEmulator` by default.
        host: the address to listen on; one that is not this machine's own lets others in.
        port: the port to listen on; 0 takes a free one.

    Attributes:
        emulator: what is served.
        host: the address it listens on.
    """

    def __init__(
        self, emulator: PhloEmulator | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.emulator: PhloEmulator = PhloEmulator() if emulator is None else emulator
        self.host: str = host
        self._wanted_port = port
        self._running: _Running | None = None

    @property
    def port(self) -> int:
        """The port being served; `RuntimeError` before `start` and after `stop`."""
        if self._running is None:
            raise RuntimeError("The emulator's server is not running: use it in a with block.")
        return self._running.port

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL; `RuntimeError` as for `port`."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def env(self) -> dict[str, str]:
        """The environment that points a client at this server; `RuntimeError` as for `port`.

        `PLIVO_AUTH_ID`, `PLIVO_AUTH_TOKEN` and `PLIVO_PHLO_BASE_URL`; `PLIVO_PHLO_ID` and
        `PLIVO_NODE_ID` are the emulator's first ones, left out where it has none.
        """
        values = {
            "PLIVO_AUTH_ID": self.emulator.auth_id,
            "PLIVO_AUTH_TOKEN": self.emulator.auth_token,
            "PLIVO_PHLO_BASE_URL": self.base_url,
        }
        for phlo in self.emulator.phlos[:1]:
            values["PLIVO_PHLO_ID"] = phlo.phlo_id
            for node in phlo.nodes[:1]:
                values["PLIVO_NODE_ID"] = node.node_id
        return values

    def start(self) -> Self:
        """Begin to serve; clients can connect when this returns, and it can follow a `stop`.

        Returns:
            The server itself.

        Raises:
            ImportError: uvicorn is missing.
            OSError: it cannot listen there, as when the port is taken.
            RuntimeError: it is serving already.
        """
        if self._running is not None:
            raise RuntimeError("The emulator's server is running already.")
        # A uvicorn server that has been told to exit stays so: each start needs its own.
        server = _uvicorn_server(self.emulator, self.host, self._wanted_port)
        # Listening before the thread begins: a client that is early waits in the socket's queue,
        # so nobody has to ask again and again whether the server is up.
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
        self.emulator.closing.still()
        thread.start()
        return self

    def wait(self) -> None:
        """Wait until the server has ended; at once when it is not running."""
        if self._running is not None:
            # Not `join`: before Python 3.13 a Ctrl-C in it has the thread taken for ended, and
            # `stop` would no longer wait for what is still to be written.
            self._running.ended.wait()

    def stop(self) -> None:
        """Close every connection and wait for the thread to end; nothing when not running."""
        running = self._running
        if running is None:
            return
        running.server.should_exit = True
        self.emulator.closing.ring(on=True)
        running.thread.join()
        running.listening.close()
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


class _TransportWire:
    """What a fault does to a connection, through asyncio's transport."""

    def __init__(self, transport: "asyncio.Transport") -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def reset(self) -> None:
        # The client may have left meanwhile: then there is no connection any more.
        if not self._transport.is_closing():
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()


def _protocol(*, open_to_all: bool) -> type[Any]:
    """Return uvicorn's HTTP protocol, with the connection handed on in each request's scope."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class EmulatorProtocol(H11Protocol):
        def connection_made(  # type: ignore[override]  # uvicorn narrows it as well
            self, transport: "asyncio.Transport"
        ) -> None:
            super().connection_made(transport)
            served: Any = self.app
            extensions = {WIRE: _TransportWire(transport), **({OPEN: {}} if open_to_all else {})}

            async def with_wire(scope: Scope, receive: Receive, send: Send) -> None:
                scope["extensions"] = {**scope.get("extensions", {}), **extensions}
                await served(scope, receive, send)

            self.app = with_wire

    return EmulatorProtocol
