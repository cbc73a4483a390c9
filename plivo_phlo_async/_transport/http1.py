"""Parse HTTP/1.1 responses from bytes; no I/O.

A plain response (one Content-Length, nothing unusual) is parsed here, at a tenth of the cost of
h11. h11 parses all others, from their first byte; most programs never receive one, so h11 is
imported with the first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpcore

if TYPE_CHECKING:
    import h11

__all__ = ["ResponseParser"]

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_HEAD_END = re.compile(rb"\n\r?\n")  # a bare line feed is read, too (RFC 9112, section 2.2)
_LENGTH = re.compile(rb"[0-9]{1,9}")
_KEEPALIVE = re.compile(rb"timeout\s*=\s*([0-9]{1,9})", re.IGNORECASE)
_LONGEST_HEAD = 64 * 1024
_UNUSUAL = frozenset({b"transfer-encoding", b"upgrade", b"trailer"})


class ResponseParser:
    """Parses one response as its bytes arrive.

    Attributes:
        status: the status, once its line and headers are there; None before.
        reason: the status line's text.
        headers: the headers as they were sent.
        body: what has arrived of the body and was not taken yet.
        complete: whether the response is complete.
        reusable: whether its connection may serve another request.
        keepalive: seconds for which the server keeps an idle connection, if it says so.
    """

    def __init__(self, method: bytes) -> None:
        self._method = method
        self._unread = b""
        self._missing = 0
        self._general: h11.Connection | None = None
        self.status: int | None = None
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.complete = False
        self.reusable = False
        self.keepalive: int | None = None

    def feed(self, data: bytes) -> None:
        """Parse `data`; b"" is the end of the connection.

        Raises:
            httpcore.RemoteProtocolError: it is not a response, or it ends too early.
        """
        if self._general is not None:
            self._read_generally(data)
        elif self.status is None:
            self._read_head(data)
        elif data:
            self._read_body(data)
        else:
            raise httpcore.RemoteProtocolError(
                f"the connection was closed {self._missing} bytes before the body's end"
            )

    def take(self) -> bytes:
        """Return what has arrived of the body, once."""
        body, self.body = self.body, b""
        return body

    def _read_head(self, data: bytes) -> None:
        self._unread += data
        end, length = self._unread.find(b"\r\n\r\n", 0, _LONGEST_HEAD), None
        if end >= 0:
            length = self._plain_head(self._unread[:end])
        elif not _HEAD_END.search(self._unread, 0, _LONGEST_HEAD):
            if len(self._unread) > _LONGEST_HEAD:
                raise httpcore.RemoteProtocolError(f"the head is over {_LONGEST_HEAD} bytes")
            if data:
                return
        if length is None:
            self._turn_to_general(closed=not data)
        else:
            self._missing = length
            self._read_body(self._unread[end + 4 :])

    def _plain_head(self, head: bytes) -> int | None:
        """Set the head and return the body's length; return None if the head is not plain."""
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None or self._method in {b"HEAD", b"CONNECT"}:
            return None
        headers: list[tuple[bytes, bytes]] = []
        length = b""
        for line in lines:
            found = _HEADER.fullmatch(line)
            if found is None:
                return None
            name, value = found[1], found[2].rstrip(b" \t")
            headers.append((name, value))
            lower = name.lower()
            if lower == b"content-length":
                if length:
                    return None
                length = value
            elif lower in _UNUSUAL or (lower == b"connection" and value.lower() != b"keep-alive"):
                return None
            elif lower == b"keep-alive":
                self._read_keepalive(value)
        code = int(status[1])
        if not _LENGTH.fullmatch(length) or code in {204, 304}:
            return None
        self.status, self.reason, self.headers = code, status[2] or b"", headers
        return int(length)

    def _read_keepalive(self, value: bytes) -> None:
        if found := _KEEPALIVE.search(value):
            self.keepalive = int(found[1])

    def _read_body(self, data: bytes) -> None:
        self.body += data[: self._missing]
        self.reusable = len(data) == self._missing  # surplus data would answer the next request
        self._missing = max(0, self._missing - len(data))
        self.complete = not self._missing

    def _turn_to_general(self, *, closed: bool) -> None:
        if closed and not self._unread:
            raise httpcore.RemoteProtocolError("Server disconnected without sending a response.")
        import h11

        self._general = h11.Connection(h11.CLIENT, max_incomplete_event_size=2 * _LONGEST_HEAD)
        self._general.send(h11.Request(method=self._method, target="/", headers=[("Host", "-")]))
        self._general.send(h11.EndOfMessage())
        self._read_generally(self._unread)
        if closed and not self.complete:
            self._read_generally(b"")

    def _read_generally(self, data: bytes) -> None:
        import h11

        assert self._general is not None
        self._general.receive_data(data)
        while not self.complete:
            try:
                event = self._general.next_event()
            except h11.RemoteProtocolError as error:
                raise httpcore.RemoteProtocolError(str(error)) from error
            if isinstance(event, h11.Response):
                self.status, self.reason = event.status_code, event.reason
                self.headers = list(event.headers.raw_items())
                for name, value in event.headers:
                    if name == b"keep-alive":
                        self._read_keepalive(value)
            elif isinstance(event, h11.Data):
                self.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
                whole = self._general.their_state is h11.DONE
                self.reusable = bool(data) and whole and not self._general.trailing_data[0]
            elif not isinstance(event, h11.InformationalResponse):
                return  # more data is needed, a tunnel is open, or the connection is closed
