"""Posting one callback: plain HTTP/1.1, a connection for each, as Plivo's timeouts have it."""

import ssl
from urllib.parse import urlsplit

import anyio
import h11

from .callbacks import Letter

CONNECT_SECONDS = 2.0
READ_SECONDS = 40.0
ANSWER_LIMIT = 1024 * 1024
"""The longest answer that is read, in bytes; what is beyond it does not matter."""


async def post(letter: Letter) -> int:
    """Send a letter and return the status it was answered with.

    Raises `OSError`, of which `TimeoutError` is one, when nobody could be reached or no answer
    came in time.
    """
    parts = urlsplit(letter.url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    host = parts.hostname or ""
    with anyio.fail_after(CONNECT_SECONDS):
        # Without `standard_compatible=False` a server that ends without the farewell is an error.
        stream = (
            await anyio.connect_tcp(
                host,
                port,
                tls=True,
                ssl_context=ssl.create_default_context(),
                tls_standard_compatible=False,
            )
            if secure
            else await anyio.connect_tcp(host, port)
        )
    async with stream:
        with anyio.fail_after(READ_SECONDS):
            return await _exchange(stream, letter, parts.netloc, _target(letter.url))


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


async def _exchange(stream: anyio.abc.ByteStream, letter: Letter, host: str, target: str) -> int:
    wire = h11.Connection(h11.CLIENT)
    headers = [*letter.headers.items(), ("Host", host), ("Connection", "close")]
    headers.append(("Content-Length", str(len(letter.body))))
    try:
        request = h11.Request(method=letter.method, target=target, headers=headers)
        data = [wire.send(request), wire.send(h11.Data(letter.body)), wire.send(h11.EndOfMessage())]
        await stream.send(b"".join(part or b"" for part in data))
        return await _status(stream, wire)
    except h11.ProtocolError as wrong:
        raise OSError(f"the answer is not HTTP: {wrong}") from wrong
    except (anyio.BrokenResourceError, anyio.ClosedResourceError) as broken:
        raise OSError("the connection broke") from broken


async def _status(stream: anyio.abc.ByteStream, wire: h11.Connection) -> int:
    read = 0
    while read <= ANSWER_LIMIT:
        event = wire.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if isinstance(event, h11.ConnectionClosed):
            break
        if event is h11.NEED_DATA:
            try:
                data = await stream.receive()
            except anyio.EndOfStream:
                data = b""
            read += len(data)
            wire.receive_data(data)
    raise OSError("the connection ended with no answer")
