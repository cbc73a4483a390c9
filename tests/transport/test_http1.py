"""Answers from their bytes: what is read here is what h11 reads."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import h11
import httpcore
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plivo_phlo_async._transport.http1 import ResponseParser

PLAIN = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nDate: today\r\n"
    b'Content-Length: 11\r\nConnection: keep-alive\r\n\r\n{"api":"1"}'
)
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
Parsed = tuple[int | None, bytes, bool] | str


def read(pieces: list[bytes], method: bytes = b"POST") -> tuple[ResponseParser, Parsed]:
    parser, body = ResponseParser(method), b""
    try:
        for piece in pieces:
            parser.feed(piece)
            body += parser.take()
            if parser.complete:
                break
    except httpcore.RemoteProtocolError:
        return parser, "broken" if parser.status is None else f"broken after {parser.status}"
    return parser, (parser.status, body, parser.complete)


def read_by_h11(pieces: list[bytes], method: str = "POST") -> Parsed:
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


def test_a_plain_answer_is_read_and_its_connection_is_reusable() -> None:
    parser, response = read([PLAIN])

    assert response == (201, b'{"api":"1"}', True)
    assert parser.reason == b"Created"
    assert parser.reusable
    assert parser.keepalive is None
    assert parser.headers == [
        (b"Content-Type", b"application/json"),
        (b"Date", b"today"),
        (b"Content-Length", b"11"),
        (b"Connection", b"keep-alive"),
    ]


def test_a_plain_answer_does_not_import_h11() -> None:
    program = (
        "import sys\n"
        "from plivo_phlo_async._transport.http1 import ResponseParser\n"
        "for name in [name for name in sys.modules if name.split('.')[0] == 'h11']:\n"
        "    del sys.modules[name]\n"
        f"parser = ResponseParser(b'POST'); parser.feed({PLAIN!r})\n"
        "assert parser.complete and 'h11' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("cut", range(1, len(PLAIN), 7))
def test_it_does_not_matter_where_the_network_cuts(cut: int) -> None:
    parser, response = read([PLAIN[:cut], PLAIN[cut:]])

    assert response == (201, b'{"api":"1"}', True)
    assert parser.reusable


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 429 Too Many Requests\r\n\r\n", PLAIN])
@pytest.mark.parametrize("answer", [PLAIN, CHUNKED], ids=["plain", "chunked"])
def test_a_connection_with_bytes_after_the_answer_is_not_reusable(
    answer: bytes, more: bytes
) -> None:
    parser, response = read([answer + more])

    assert response[0] == 201
    assert response[2]
    assert not parser.reusable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_the_server_ends_is_not_reusable(answer: bytes) -> None:
    parser, response = read([answer])

    assert response == (201, b"", True)
    assert not parser.reusable


def test_an_answer_without_length_ends_with_its_connection() -> None:
    parser, response = read([b"HTTP/1.1 201 Created\r\n\r\n", b"{}", b""])

    assert response == (201, b"{}", True)
    assert not parser.reusable


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_repeated_headers_are_kept_as_they_came(version: bytes) -> None:
    parser, _ = read([b"HTTP/%b 201 C\r\nVia: a\r\nVIA: b\r\nContent-Length: 0\r\n\r\n" % version])

    assert parser.headers[:2] == [(b"Via", b"a"), (b"VIA", b"b")]


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED], ids=["plain", "chunked"])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"timeout=5", 5), (b"max=100, Timeout = 7", 7), (b"max=100", None), (b"timeout=x", None)],
)
def test_the_servers_idle_limit_is_read(answer: bytes, value: bytes, seconds: int | None) -> None:
    parser, _ = read([answer.replace(b"\r\n", b"\r\nKeep-Alive: " + value + b"\r\n", 1)])

    assert parser.keepalive == seconds


# Lines that end in a bare line feed


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED], ids=["plain", "chunked"])
def test_a_head_that_ends_its_lines_in_bare_line_feeds_is_read_at_once(answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    _, response = read([head.replace(b"\r\n", b"\n") + b"\n\n" + body])

    assert response == read([answer])[1]


@pytest.mark.parametrize("line", range(5))
def test_so_is_a_head_with_one_such_line(line: int) -> None:
    head, _, body = PLAIN.partition(b"\r\n\r\n")
    lines = [each + b"\r\n" for each in head.split(b"\r\n")] + [b"\r\n"]
    lines[line] = lines[line].replace(b"\r\n", b"\n")

    assert read([b"".join(lines) + body])[1] == (201, b'{"api":"1"}', True)


@pytest.mark.parametrize("end", [b"\n\n", b"\n\r\n", b"\r\n\n"])
def test_so_is_one_that_ends_in_any_of_these_ways(end: bytes) -> None:
    _, response = read([PLAIN.replace(b"\r\n\r\n", end)])

    assert response == (201, b'{"api":"1"}', True)


# What does not end


@pytest.mark.parametrize(
    ("start", "endless"),
    [
        (b"", b"x"),
        (b"", b"\n"),
        (b"HTTP/1.1 201 Created\r\n", b"x"),
        (b"HTTP/1.1 201 Created\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 201 Created\n", b"X: y\n"),
    ],
)
def test_a_head_that_never_ends_is_broken_off(start: bytes, endless: bytes) -> None:
    pieces = [start, *[endless * (4096 // len(endless))] * 50]

    assert read(pieces)[1] == "broken"


def test_nothing_at_all_is_no_answer() -> None:
    assert read([b""])[1] == "broken"


@pytest.mark.parametrize("start", [b"HTTP/1.1 201", PLAIN[:60], PLAIN[:-1], CHUNKED[:-4]])
def test_an_answer_cut_short_is_broken(start: bytes) -> None:
    response = read([start, b""])[1]

    assert isinstance(response, str)


# Answers without a body


@pytest.mark.parametrize(
    ("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304), (b"POST", 204)]
)
def test_an_answer_that_has_no_body_ends_with_its_head(method: bytes, status: int) -> None:
    parser, response = read([b"HTTP/1.1 %d X\r\nContent-Length: 11\r\n\r\n" % status], method)

    assert response == (status, b"", True)
    assert parser.reusable


def test_an_interim_answer_is_skipped() -> None:
    parser, response = read([b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN])

    assert response == (201, b'{"api":"1"}', True)
    assert parser.reusable


def test_a_switch_of_protocols_that_was_not_asked_for_is_broken() -> None:
    assert read([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"])[1] == "broken"


def test_a_proxys_tunnel_has_a_status_and_no_end() -> None:
    parser, response = read([b"HTTP/1.1 200 Connection established\r\n\r\n"], b"CONNECT")

    assert response == (200, b"", False)
    assert not parser.reusable


# Anything else


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
            b"Keep-Alive: timeout=3",
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
LINE_END = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


@given(
    status=STATUS, headers=HEADERS, body=BODY, closed=st.booleans(), ends=st.lists(
        LINE_END, min_size=6, max_size=6
    ),
    cuts=st.lists(st.integers(0, 120), max_size=4),
    method=st.sampled_from(["POST", "GET", "HEAD"]),
)  # fmt: skip
@example(
    status=b"HTTP/1.1 201", headers=[b"Content-Length: 3"], body=b"abc", closed=False,
    ends=[b"\n"] * 6, cuts=[], method="POST",
)  # fmt: skip
@settings(max_examples=500, deadline=None)
def test_whatever_comes_is_read_as_h11_reads_it(
    status: bytes,
    headers: list[bytes],
    body: bytes,
    closed: bool,
    ends: list[bytes],
    cuts: list[int],
    method: str,
) -> None:
    lines = [status, *headers, b""]
    data = b"".join(map(b"".join, zip(lines, ends, strict=False))) + body
    edges = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    pieces = [data[a:b] for a, b in pairwise(edges)] + [b""] * closed

    assert read(pieces, method.encode())[1] == read_by_h11(pieces, method)


@pytest.mark.parametrize("size", [4096, 1 << 16, 1 << 20])
def test_a_head_that_is_too_long_is_no_answer_however_it_comes(size: int) -> None:
    head = b"HTTP/1.1 201 Created\r\nX: " + b"x" * 70_000 + b"\r\nContent-Length: 2\r\n\r\n{}"
    parser = ResponseParser(b"POST")

    with pytest.raises(httpcore.RemoteProtocolError, match="the head is over 65536 bytes"):
        for start in range(0, len(head), size):
            parser.feed(head[start : start + size])
