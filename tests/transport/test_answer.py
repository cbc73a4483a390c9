"""Answers from their bytes: what is read by hand is what h11 would have read."""

from __future__ import annotations

from itertools import pairwise

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async._transport.answer import AnswerReader

PLAIN = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nDate: today\r\n"
    b'Content-Length: 11\r\nConnection: keep-alive\r\n\r\n{"api":"1"}'
)
Told = tuple[int | None, bytes, bool] | str


def _read(pieces: list[bytes], method: str = "POST") -> tuple[AnswerReader, Told]:
    reader = AnswerReader(method)
    try:
        for piece in pieces:
            reader.feed(piece)
            if reader.complete:
                break
    except httpx.RemoteProtocolError:
        return reader, "broken" if reader.status is None else f"broken after {reader.status}"
    return reader, (reader.status, reader.body, reader.complete)


def _read_by_h11(pieces: list[bytes], method: str = "POST") -> Told:
    connection, status, body = h11.Connection(h11.CLIENT), None, b""
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    try:
        for piece in pieces:
            connection.receive_data(piece)
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    return status, body, True
                elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                    break
    except h11.RemoteProtocolError:
        return "broken" if status is None else f"broken after {status}"
    return status, body, False


def test_a_plain_answer_is_read_by_hand_and_its_connection_kept() -> None:
    reader, told = _read([PLAIN])

    assert told == (201, b'{"api":"1"}', True)
    assert reader.headers["content-type"] == "application/json"
    assert (reader.reusable, reader._general) == (True, None)


@pytest.mark.parametrize("cut", range(1, len(PLAIN), 7))
def test_it_does_not_matter_where_the_network_cuts(cut: int) -> None:
    reader, told = _read([PLAIN[:cut], PLAIN[cut:]])

    assert (told, reader.reusable) == ((201, b'{"api":"1"}', True), True)


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 429 Too Many Requests\r\n\r\n", PLAIN])
@pytest.mark.parametrize(
    "answer",
    [PLAIN, b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ids=["plain", "chunked"],
)
def test_a_connection_that_says_more_than_was_asked_is_not_kept(answer: bytes, more: bytes) -> None:
    reader, told = _read([answer + more])

    assert (told[0], told[2], reader.reusable) == (201, True, False)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_says_it_ends_is_not_kept(answer: bytes) -> None:
    reader, told = _read([answer])

    assert (told, reader.reusable) == ((201, b"", True), False)


def test_an_answer_without_length_ends_with_its_connection() -> None:
    reader, told = _read([b"HTTP/1.1 201 Created\r\n\r\n", b"{}", b""])

    assert (told, reader.reusable) == ((201, b"{}", True), False)


def test_repeated_headers_are_joined() -> None:
    answer = b"HTTP/1.1 201 C\r\nVia: a\r\nVia: b\r\nContent-Length: 0\r\n\r\n"
    by_hand, _ = _read([answer])
    in_general, _ = _read([answer.replace(b"1.1", b"1.0")])

    assert by_hand.headers["via"] == in_general.headers["via"] == "a, b"


def test_a_body_that_never_ends_is_broken_off() -> None:
    _, told = _read([b"HTTP/1.1 201 C\r\n\r\n", *[b"x" * 65536] * 17])

    assert told == "broken after 201"


def test_nothing_at_all_is_no_answer() -> None:
    assert _read([b""])[1] == "broken"


HEADERS = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 3",
            b"content-length:3 ",
            b"Content-Length: 5",
            b"Content-Length: +3",
            b"Content-Length: 3, 3",
            b"Content-Length:",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip",
            b"Connection: close",
            b"Connection: Keep-Alive",
            b"X: \xe9",
            b"X: a\x00b",
            b"X : y",
            b" folded",
            b"no colon",
            b"",
            b"Set-Cookie: a=b",
        ]
    ),
    max_size=4,
)
STATUS = st.sampled_from(
    [b"HTTP/1.1 201 Created", b"HTTP/1.1 201", b"HTTP/1.1 204 No Content", b"HTTP/1.0 200 OK",
     b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 103 Early", b"HTTP/1.1 99 Low", b"HTTP/2 200 OK",
     b"http/1.1 200 ok", b"HTTP/1.1 2001 No", b"", b"HTTP/1.1  200 OK", b"HTTP/1.1 200 \x01"]
)  # fmt: skip
BODY = st.sampled_from([b"abc", b"abcde", b"", b"ab", b"3\r\nabc\r\n0\r\n\r\n", b"zz\r\n"])


@given(
    status=STATUS, headers=HEADERS, body=BODY, closed=st.booleans(),
    cuts=st.lists(st.integers(0, 120), max_size=4), method=st.sampled_from(["POST", "GET"]),
)  # fmt: skip
@settings(max_examples=500, deadline=None)
def test_whatever_comes_is_read_as_h11_reads_it(
    status: bytes, headers: list[bytes], body: bytes, closed: bool, cuts: list[int], method: str
) -> None:
    data = b"\r\n".join([status, *headers, b"", body])
    edges = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    pieces = [data[a:b] for a, b in pairwise(edges)] + [b""] * closed

    assert _read(pieces, method)[1] == _read_by_h11(pieces, method)
