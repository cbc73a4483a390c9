"""Posting one callback: plain HTTP/1.1, a connection for each, as Plivo's timeouts have it."""

import ssl
from urllib.parse import SplitResult, urlsplit

import anyio
import anyio.abc
import h11

from .callbacks import Letter

CONNECT_SECONDS = 2.0
"""How long connecting may take."""

READ_SECONDS = 40.0
"""How long the answer may take to begin, from being connected."""


async def post(letter: Letter) -> int:
    """Send a letter and return the status it was answered with.

    Raises `OSError`, of which `TimeoutError` is one, when nobody could be reached or no answer
    came in time.
    """
    parts = urlsplit(letter.url)
    try:
        with anyio.fail_after(CONNECT_SECONDS):
            stream = await _connect(parts)
        async with stream:
            with anyio.fail_after(READ_SECONDS):
                return await _exchange(stream, letter, parts)
    except h11.ProtocolError as wrong:
        raise OSError(f"the answer is not HTTP: {wrong}") from wrong
    except (anyio.BrokenResourceError, anyio.EndOfStream) as broken:
        raise OSError("the connection broke") from broken


async def _connect(parts: SplitResult) -> anyio.abc.ByteStream:
    host = str(parts.hostname)
    if parts.scheme == "http":
        return await anyio.connect_tcp(host, parts.port or 80)
    return await anyio.connect_tcp(
        host,
        parts.port or 443,
        tls=True,
        ssl_context=ssl.create_default_context(),
        # Or a server that ends without the farewell would be an error.
        tls_standard_compatible=False,
    )


async def _exchange(stream: anyio.abc.ByteStream, letter: Letter, parts: SplitResult) -> int:
    wire = h11.Connection(h11.CLIENT)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [*letter.headers.items(), ("Host", parts.netloc), ("Connection", "close")]
    headers.append(("Content-Length", str(len(letter.body))))
    request = h11.Request(method=letter.method, target=target, headers=headers)
    data = [wire.send(request), wire.send(h11.Data(letter.body)), wire.send(h11.EndOfMessage())]
    await stream.send(b"".join(part or b"" for part in data))
    return await _status(stream, wire)


async def _status(stream: anyio.abc.ByteStream, wire: h11.Connection) -> int:
    while True:
        event = wire.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            wire.receive_data(await stream.receive())
