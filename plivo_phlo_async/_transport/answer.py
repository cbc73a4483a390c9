"""An answer from its bytes; no I/O.

A plain answer (HTTP/1.1, one Content-Length, nothing unusual) is read here, which costs a tenth of
the general way. Whatever is not plain is h11's to read, from its first byte; most programs never
meet such an answer, so h11 is imported when the first one comes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import h11

__all__ = ["AnswerReader"]

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LENGTH = re.compile(r"[0-9]{1,9}")
_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 1024 * 1024
_UNUSUAL = frozenset({"transfer-encoding", "upgrade", "trailer"})


class AnswerReader:
    """Reads one answer as its bytes come.

    Attributes:
        status: the status, once its line and headers are there; None before.
        headers: the headers, names in lower case.
        body: what has come of the body.
        complete: the answer is whole.
        reusable: its connection may serve another request.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._unread = b""
        self._missing = 0
        self._general: h11.Connection | None = None
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = b""
        self.complete = False
        self.reusable = False

    @property
    def has_head(self) -> bool:
        """Whether status and headers are there."""
        return self.status is not None

    def feed(self, data: bytes) -> None:
        """Read on with `data`, b"" for the end of the connection.

        Raises:
            httpx.RemoteProtocolError: this is no answer, or it ends too soon.
        """
        if self._general is not None:
            self._read_generally(data)
        elif self.status is None:
            self._read_head(data)
        elif data:
            self._read_body(data)
        else:
            raise httpx.RemoteProtocolError(
                f"the connection was closed {self._missing} bytes before the body's end"
            )

    def _read_head(self, data: bytes) -> None:
        self._unread += data
        end = self._unread.find(b"\r\n\r\n")
        if data and end < 0 and len(self._unread) < _LONGEST_HEAD:
            return
        length = self._plain_head(self._unread[:end]) if end >= 0 else None
        if length is None:
            self._turn_to_general(closed=not data)
        else:
            self._missing = length
            self._read_body(self._unread[end + 4 :])

    def _plain_head(self, head: bytes) -> int | None:
        """The body's length, with status and headers set; None when the head is not plain."""
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None or self._method == "HEAD":
            return None
        headers: dict[str, str] = {}
        for line in lines:
            found = _HEADER.fullmatch(line)
            if found is None:
                return None
            name, value = found[1].decode().lower(), found[2].decode("latin-1").rstrip(" \t")
            if name in _UNUSUAL or (name == "content-length" and name in headers):
                return None
            if name == "connection" and value.lower() != "keep-alive":
                return None
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        length, code = headers.get("content-length", ""), int(status[1])
        if not _LENGTH.fullmatch(length) or code in {204, 304}:
            return None
        self.status, self.headers = code, headers
        return int(length)

    def _add(self, data: bytes) -> None:
        self.body += data
        if len(self.body) > _LONGEST_BODY:
            raise httpx.RemoteProtocolError(f"the body is longer than {_LONGEST_BODY} bytes")

    def _read_body(self, data: bytes) -> None:
        self._add(data[: self._missing])
        self.reusable = len(data) == self._missing  # what is left over would answer the next one
        self._missing = max(0, self._missing - len(data))
        self.complete = not self._missing

    def _turn_to_general(self, *, closed: bool) -> None:
        if closed and not self._unread:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        import h11

        self._general = h11.Connection(h11.CLIENT)
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
                raise httpx.RemoteProtocolError(str(error)) from error
            if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                return
            if isinstance(event, h11.Response):
                self.status = event.status_code
                for name, value in event.headers:
                    key, text = name.decode(), value.decode("latin-1")
                    known = self.headers.get(key)
                    self.headers[key] = text if known is None else f"{known}, {text}"
            elif isinstance(event, h11.Data):
                self._add(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
                whole = self._general.their_state is h11.DONE
                self.reusable = bool(data) and whole and not self._general.trailing_data[0]
