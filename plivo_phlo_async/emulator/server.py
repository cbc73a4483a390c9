"""The emulator on a socket, under uvicorn: for people, and for clients that need a real server."""

import shlex
import socket
import struct
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .app import OPEN, PhloEmulator
from .breaking import WIRE
from .http import Receive, Scope, Send
from .safety import is_loopback

if TYPE_CHECKING:
    import asyncio

    import uvicorn

BACKLOG = 2048
"""How many connections may wait to be taken."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def shell_exports(emulator: PhloEmulator, base_url: str) -> str:
    """Return the lines that point a shell's clients at the emulator behind `base_url`.

    The PHLO and the node are the emulator's first ones; lines for what it has not are left out.
    """
    values = {
        "PLIVO_AUTH_ID": emulator.auth_id,
        "PLIVO_AUTH_TOKEN": emulator.auth_token,
        "PLIVO_PHLO_BASE_URL": base_url,
    }
    for phlo in emulator.phlos[:1]:
        values["PLIVO_PHLO_ID"] = phlo.phlo_id
        for node in phlo.nodes[:1]:
            values["PLIVO_NODE_ID"] = node.node_id
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


class EmulatorServer:
    """An emulator served from a background thread while a `with` (or `async with`) block runs.

    `port=0` takes a free one. Leaving the block closes every connection and ends the thread.
    Starting raises `ImportError` when uvicorn is missing, `OSError` when the port is taken.
    """

    def __init__(
        self, emulator: PhloEmulator | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.emulator = PhloEmulator() if emulator is None else emulator
        self.host = host
        self._wanted_port = port
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port being served; `RuntimeError` before `start` and after `stop`."""
        if self._socket is None:
            raise RuntimeError("The emulator's server is not running: use it in a with block.")
        return int(self._port)

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL; `RuntimeError` as for `port`."""
        return f"http://{self.host}:{self.port}/v1"

    def start(self) -> Self:
        """Begin to serve; clients can connect when this returns, and it can follow a `stop`.

        Raises `RuntimeError` when already serving.
        """
        if self._socket is not None:
            raise RuntimeError("The emulator's server is running already.")
        # A uvicorn server that has been told to exit stays so: each start needs its own.
        server = _uvicorn_server(self.emulator, self.host, self._wanted_port)
        # Listening before the thread begins: a client that is early waits in the socket's queue,
        # so nobody has to ask again and again whether the server is up.
        self._socket = socket.create_server((self.host, self._wanted_port), backlog=BACKLOG)
        self._port = self._socket.getsockname()[1]
        self._ended = ended = threading.Event()
        listening = self._socket

        def run() -> None:
            try:
                server.run([listening])
            finally:
                ended.set()

        self._thread = threading.Thread(target=run, name="plivo-phlo-emulator", daemon=True)
        self._server = server
        self.emulator.closing.still()
        self._thread.start()
        return self

    def wait(self) -> None:
        """Wait until the server has ended; at once when it is not running."""
        if self._thread is not None:
            # Not `join`: before Python 3.13 a Ctrl-C in it has the thread taken for ended, and
            # `stop` would no longer wait for what is still to be written.
            self._ended.wait()

    def stop(self) -> None:
        """Close every connection and wait for the thread to end; nothing when not running."""
        if self._server is None or self._thread is None or self._socket is None:
            return
        self._server.should_exit = True
        self.emulator.closing.ring(on=True)
        self._thread.join()
        self._socket.close()
        self._server = self._thread = self._socket = None

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
        connection = self._transport.get_extra_info("socket")
        if connection is not None and not self._transport.is_closing():
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
