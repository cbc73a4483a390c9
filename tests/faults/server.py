"""The fault server: it does what the plan says and keeps count of what really happened.

It serves from a thread of its own, on real sockets of the loopback, so that clients on any event
loop can use it. It stops by itself when its context is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, Self
from urllib.parse import unquote

import trustme
from attrs import define, field, frozen

from .kinds import ANSWER, KINDS, OK, Do, Drip, Endpoint, Kind, Step

__all__ = ["Asked", "FaultServer", "Plan", "Record", "identity_of", "verb_of"]

_PATIENCE = 5.0  # seconds after which a silent server gives up on a client that stays
_MOMENT = 0.003
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_FLUSH = "flush"
_TLS = {Endpoint.TLS, Endpoint.UNTRUSTED}
_UNREAD = {Endpoint.UNREAD, Endpoint.UNREAD_TLS}
_SECURE = {*_TLS, Endpoint.UNREAD_TLS, Endpoint.CLIENT_CERTIFICATE}
_OWN_PORT = {*_SECURE, *_UNREAD, Endpoint.CLOSED, Endpoint.REUSED, Endpoint.PROXY}
_GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@frozen
class Asked:
    """A request, as far as the plan wants to know."""

    identity: str
    verb: str
    attempt: int


Plan = Callable[[Asked], Kind]


@define
class Record:
    """What happened to one action: which kind each attempt that arrived met, and which acted."""

    served: dict[int, str] = field(factory=dict)
    acted: list[int] = field(factory=list)

    @property
    def carried_out(self) -> int:
        """How often it was carried out."""
        return len(self.acted)


def identity_of(path: str, body: bytes) -> str:
    """Whose request this is: who is dialled, else the last part of the path."""
    try:
        answer = json.loads(body or b"{}")
    except ValueError:
        answer = {}
    return str(answer.get("to") or unquote(path.rsplit("/", 1)[-1]))


def verb_of(method: str, body: bytes) -> str:
    """What is asked for: the action in the body, else the method."""
    action = str(json.loads(body).get("action", "")) if body else ""
    return action or method.lower()


class _Wire(Protocol):
    """A connection, from the server's side."""

    async def receive(self) -> bytes: ...
    async def send(self, data: bytes) -> None: ...
    async def peek(self) -> None: ...
    def corrupt(self) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class _Socket:
    """A bare TCP connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._loop = sock, asyncio.get_running_loop()

    async def receive(self) -> bytes:
        return await self._loop.sock_recv(self._sock, 65536)

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def peek(self) -> None:
        readable = asyncio.Event()
        self._loop.add_reader(self._sock, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(self._sock)

    def corrupt(self) -> None:
        self._sock.send(b"\x17\x03\x03\x00\x20" + b"\x00" * 32)

    def reset(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._sock.close()

    def close(self) -> None:
        self._sock.close()


class _Tls:
    """A connection under TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # asyncio does so only where the listening socket names its protocol
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def receive(self) -> bytes:
        return await self._reader.read(65536)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def peek(self) -> None:
        raise NotImplementedError  # no kind peeks under TLS: its records have been read by then

    def corrupt(self) -> None:
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is None:  # the client has gone
            return
        with contextlib.suppress(OSError):
            os.write(sock.fileno(), b"\x17\x03\x03\x00\x20" + b"\x00" * 32)

    def reset(self) -> None:
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is None:
            return
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.transport.abort()


class FaultServer:
    """Serves on several ports of the loopback until the `with` block is left.

    Args:
        plan: which kind an attempt meets; for a kind with a port of its own, the port decides.
    """

    def __init__(self, plan: Plan = lambda asked: OK) -> None:
        self.plan = plan
        self.ports: dict[str, int] = {}
        self.records: dict[str, Record] = {}
        self.authority = trustme.CA()
        self._arrivals: dict[str, int] = {}
        self._active = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def record(self, identity: str) -> Record:
        """What happened to one action."""
        return self.records.get(identity) or Record()

    def client_context(self) -> ssl.SSLContext:
        """A TLS context that trusts this server."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def url(self, kind: Kind) -> str:
        """The origin at which `kind` is met."""
        if kind.endpoint is Endpoint.PROXY:
            return f"https://proxy-{KINDS.index(kind)}.lab.test"  # the proxy knows where that is
        scheme = "https" if kind.endpoint in _SECURE else "http"
        name = kind.name if kind.endpoint in _OWN_PORT else OK.name
        return f"{scheme}://127.0.0.1:{self.ports[name]}"

    def proxy(self, kind: Kind) -> str:
        """The address of the proxy that does what `kind` says."""
        return f"http://127.0.0.1:{self.ports[kind.name]}"

    def settle(self) -> None:
        """Wait until everything that clients sent has been dealt with."""
        asyncio.run_coroutine_threadsafe(self._settle(), self._loop).result(_PATIENCE * 3)

    def serve_in_process(self, asked: Asked, kind: Kind) -> bytes:
        """Serve a request that came on no socket; return what is sent, as far as it is whole."""
        self._note(asked, kind)
        if kind.acts and not self._act(asked):
            return _GONE
        parts = [step.data if isinstance(step, Drip) else step for step in kind.steps]
        return b"".join(part for part in parts if isinstance(part, bytes))

    def forget(self) -> None:
        """Drop all records, so that memory stays bounded."""
        self.records, self._arrivals = {}, {}

    # What runs in the thread.

    async def _main(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        contexts = {
            Endpoint.TLS: _context(self.authority),
            Endpoint.UNTRUSTED: _context(trustme.CA()),
        }
        self._demanding = _demanding_context(self.authority)
        self._listeners: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._open(OK)
        await self._open_tls(OK, contexts[Endpoint.TLS], "tunnel")
        for kind in KINDS:
            if kind.endpoint is Endpoint.CLOSED:
                self._reserve(kind)
            elif kind.endpoint in _TLS:
                await self._open_tls(kind, contexts[kind.endpoint], kind.name)
            elif kind.endpoint in _OWN_PORT:
                self._open(kind)
        self._ready.set()
        try:
            await self._over.wait()
        finally:
            await self._shut()

    def _listener(self, name: str) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        self.ports[name] = sock.getsockname()[1]
        self._listeners.append(sock)
        return sock

    def _reserve(self, kind: Kind) -> None:
        self._listener(kind.name)  # bound, and never listening

    def _open(self, kind: Kind) -> None:
        sock = self._listener(kind.name)
        sock.listen(1024)
        self._spawn(self._accept(sock, kind))

    async def _open_tls(self, kind: Kind, context: ssl.SSLContext, name: str) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._converse(_Tls(reader, writer), kind)

        server = await asyncio.start_server(serve, sock=self._listener(name), ssl=context)
        self._servers.append(server)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket, kind: Kind) -> None:
        while True:
            try:
                sock, _ = await self._loop.sock_accept(listener)
            except OSError:  # no file descriptor left, for a moment
                await asyncio.sleep(_MOMENT)
                continue
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._converse(_Socket(sock), kind))

    async def _converse(self, wire: _Wire, kind: Kind) -> None:
        self._active += 1
        try:
            async with asyncio.timeout(_PATIENCE * 2):
                await self._serve(wire, kind)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            pass  # the client went away, or stayed too long
        finally:
            self._active -= 1
            wire.close()

    async def _serve(self, wire: _Wire, fixed: Kind) -> None:
        if fixed.endpoint in _UNREAD:
            await self._act_out(fixed, None, wire)
            return
        if fixed.endpoint is Endpoint.CLIENT_CERTIFICATE:
            await _refuse_tls(self._demanding, wire)
            return
        inbox, first = _Inbox(wire), True
        while True:
            asked = await self._next_request(inbox)
            if asked is None:
                return
            if fixed.endpoint is Endpoint.PROXY:
                await self._act_out(fixed, None, wire)
                return
            if fixed is OK:
                kind = OK if asked.identity == _FLUSH else self.plan(asked)
                kind = kind if kind.endpoint is Endpoint.SHARED else OK
            else:
                kind = OK if fixed.endpoint is Endpoint.REUSED and first else fixed
            self._note(asked, kind)
            if not await self._act_out(kind, asked, wire):
                return
            first = False

    async def _next_request(self, inbox: _Inbox) -> Asked | None:
        head = await inbox.until(b"\r\n\r\n")
        if not head:
            return None
        start, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = start.split(" ", 2)
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await inbox.exactly(int(headers.get("content-length", 0)))
        if method == "CONNECT":
            return Asked("", "connect", 1)
        identity = identity_of(path, body)
        arrival = self._arrivals[identity] = self._arrivals.get(identity, 0) + 1
        attempt = int(headers.get("x-attempt", arrival))
        return Asked(identity, verb_of(method, body), attempt)

    def _act(self, asked: Asked) -> bool:
        """Carry it out; a member who has been hung up on is not on the call any more."""
        record = self.records.setdefault(asked.identity, Record())
        if asked.verb == "hangup" and record.acted:
            return False
        record.acted.append(asked.attempt)
        return True

    def _note(self, asked: Asked, kind: Kind) -> None:
        if asked.identity != _FLUSH:
            record = self.records.setdefault(asked.identity, Record())
            record.served[asked.attempt] = kind.name

    async def _act_out(self, kind: Kind, asked: Asked | None, wire: _Wire) -> bool:
        """Do what the kind says; return whether the connection is still in use."""
        for step in kind.steps:
            if step is Do.ACT and asked is not None and asked.identity != _FLUSH:
                if not self._act(asked):
                    await wire.send(_GONE)
                    return True
            elif not await self._step(step, wire):
                return False
        return True

    async def _step(self, step: Step, wire: _Wire) -> bool:
        if isinstance(step, bytes):
            await wire.send(step)
        elif isinstance(step, Drip):
            size = -(-len(step.data) // step.pieces)
            for start in range(0, len(step.data), size):
                await wire.send(step.data[start : start + size])
                await asyncio.sleep(step.gap)
        elif step is Do.CLOSE:
            wire.close()
            return False
        elif step is Do.RESET:
            wire.reset()
            return False
        elif step is Do.SILENCE:
            async with asyncio.timeout(_PATIENCE):
                while await wire.receive():
                    pass
            return False
        elif step is Do.PEEK:
            async with asyncio.timeout(_PATIENCE):
                await wire.peek()
        elif step is Do.MOMENT:
            await asyncio.sleep(_MOMENT * 5)
        elif step is Do.CORRUPT:
            wire.corrupt()
        elif step is Do.TUNNEL:
            await self._tunnel(wire)
            return False
        return True

    async def _tunnel(self, wire: _Wire) -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            await self._loop.sock_connect(sock, ("127.0.0.1", self.ports["tunnel"]))
            there = _Socket(sock)
            pumps = {
                asyncio.ensure_future(_pump(wire, there)),
                asyncio.ensure_future(_pump(there, wire)),
            }
            try:
                await asyncio.wait(pumps, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)

    async def _settle(self) -> None:
        # A connection is accepted after all that came before it, so one more answers for them.
        with socket.socket() as sock:
            sock.setblocking(False)
            await self._loop.sock_connect(sock, ("127.0.0.1", self.ports[OK.name]))
            await self._loop.sock_sendall(sock, b"GET /flush HTTP/1.1\r\n\r\n")
            await self._loop.sock_recv(sock, len(ANSWER))
        calm = 0
        for _ in range(int(_PATIENCE * 2 / _MOMENT)):
            calm = calm + 1 if self._active == 0 else 0
            if calm == 4:
                return
            await asyncio.sleep(_MOMENT)
        raise TimeoutError("the fault server does not come to rest")

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sock in self._listeners:
            sock.close()
        await asyncio.sleep(_MOMENT)


class _Inbox:
    """What a client sent, in the pieces a server wants."""

    def __init__(self, wire: _Wire) -> None:
        self._wire, self._held = wire, b""

    async def until(self, end: bytes) -> bytes:
        """Everything up to `end`; b"" when the client is gone."""
        while end not in self._held:
            if not await self._more():
                return b""
        head, self._held = self._held.split(end, 1)
        return head

    async def exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            if not await self._more():
                raise asyncio.IncompleteReadError(self._held, size)
        body, self._held = self._held[:size], self._held[size:]
        return body

    async def _more(self) -> bool:
        data = await self._wire.receive()
        self._held += data
        return bool(data)


async def _pump(source: _Wire, sink: _Wire) -> None:
    with contextlib.suppress(OSError):
        while data := await source.receive():
            await sink.send(data)


async def _refuse_tls(context: ssl.SSLContext, wire: _Wire) -> None:
    """Shake hands until the client turns out to have no certificate; send the alert.

    asyncio's own TLS closes the connection without it.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    while data := await wire.receive():
        incoming.write(data)
        refused = False
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            refused = True
        await wire.send(outgoing.read())
        if refused:
            return


def _context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "*.lab.test").configure_cert(context)
    return context


def _demanding_context(authority: trustme.CA) -> ssl.SSLContext:
    context = _context(authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context
