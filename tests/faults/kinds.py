"""The faults, as data: what the server does, whether it acts, and what that proves to a client.

`shows` is the proof the contract speaks of. A server that lies (it acts, then answers 429 or 400)
is no kind: no client could see it.
"""

from __future__ import annotations

import gzip
from enum import Enum, auto

from attrs import field, frozen

from plivo_phlo_async import (
    ActionFailedError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    PhloError,
    RateLimitedError,
    RequestError,
    ResponseError,
    ServerError,
    UnexpectedResponseError,
)

__all__ = [
    "ANSWER",
    "BY_NAME",
    "KINDS",
    "LEFTOVERS",
    "OK",
    "Do",
    "Drip",
    "Endpoint",
    "Kind",
    "Step",
]


class Do(Enum):
    """One thing a server can do."""

    ACT = auto()  # carry the action out
    CLOSE = auto()  # FIN; under TLS without close_notify
    RESET = auto()  # RST
    SILENCE = auto()  # send nothing until the client closes
    PEEK = auto()  # wait for the next byte, and leave it unread
    MOMENT = auto()  # a few milliseconds
    CORRUPT = auto()  # bytes that are no TLS record
    TUNNEL = auto()  # what a proxy is for


@frozen
class Drip:
    """Send `data` in so many pieces, `gap` seconds apart."""

    data: bytes
    pieces: int
    gap: float


Step = Do | Drip | bytes


class Endpoint(Enum):
    """Where the client meets the fault."""

    SHARED = auto()  # the shared port; the request is read first
    CLOSED = auto()  # a port on which nothing listens
    UNREAD = auto()  # a port of its own; nothing is read
    UNREAD_TLS = auto()  # the same, and the client expects TLS
    REUSED = auto()  # a port of its own; the first request of a connection is served well
    TLS = auto()  # a TLS port of its own; the request is read first
    UNTRUSTED = auto()  # a TLS port with a certificate of an unknown authority
    CLIENT_CERTIFICATE = auto()  # a TLS 1.3 port that requires a certificate of the client
    PROXY = auto()  # a CONNECT proxy of its own


@frozen
class Kind:
    """One fault.

    Attributes:
        name: its name in tables.
        does: what the server does.
        steps: the same, for the server.
        shows: what is proven about an attempt that met it.
        error: what a `call` of one attempt raises; None when it gives a result, `RequestError`
            when chance decides whether the request was begun before the fault was seen.
        endpoint: where it is met.
        complete: whether the answer's body arrives and can be read.
        final: whether a repeat would end like it, so that there is none.
    """

    name: str
    does: str
    steps: tuple[Step, ...]
    shows: Outcome
    error: type[PhloError] | None
    endpoint: Endpoint = field(default=Endpoint.SHARED, kw_only=True)
    complete: bool = field(default=True, kw_only=True)
    final: bool = field(default=False, kw_only=True)

    @property
    def acts(self) -> bool:
        """Whether the action is carried out."""
        return Do.ACT in self.steps


_BODY = b'{"api_id":"7f3a","error":""}'
_REASON = {
    200: "OK", 201: "Created", 204: "No Content", 302: "Found", 307: "Temporary Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    408: "Request Timeout", 409: "Conflict", 410: "Gone", 425: "Too Early",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
    520: "Web Server Is Returning an Unknown Error",
}  # fmt: skip


def _answer(
    status: int,
    body: bytes = b'{"api_id":"7f3a","error":"no"}',
    length: int | None = None,
    /,
    **headers: str,
) -> bytes:  # fmt: skip
    fields = {"content_type": "application/json"} | headers
    if "transfer_encoding" not in fields and status != 204:
        fields["content_length"] = str(len(body) if length is None else length)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {_REASON[status]}\r\n{lines}\r\n".encode() + body


ANSWER = _answer(201, _BODY)
_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
_HUGE = _answer(201, _BODY, x_huge="x" * 300_000)
_LARGE = _answer(201, _BODY, x_large="x" * 40_000)
_DATES = {
    "date": "Wed, 21 Oct 2026 07:28:00 GMT",
    "retry_after": "Wed, 21 Oct 2026 07:28:00 GMT",
}
_BOMB = gzip.compress(gzip.compress(bytes(10_000_000)))
_CHUNKED = _answer(201, b"", transfer_encoding="chunked")
_CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NOT_TLS = b"HTTP/1.1 400 Bad Request\r\n\r\nthis port speaks no TLS\n"

_DONE, _NO = Outcome.ACCEPTED, Outcome.REJECTED
_LATER, _NEVER, _DOUBT = Outcome.REFUSED, Outcome.NEVER_SENT, Outcome.AMBIGUOUS
_ACT, _CLOSE, _RESET, _SILENCE = Do.ACT, Do.CLOSE, Do.RESET, Do.SILENCE
_UNKNOWN = OutcomeUnknownError

OK = Kind("ok", "acts and answers 201", (_ACT, ANSWER), _DONE, None)

_REJECTIONS = tuple(
    Kind(str(status), f"answers {status}", (_answer(status, **headers),), _NO, error)
    for status, error, headers in (
        (302, ResponseError, {"location": "/v1/elsewhere"}),
        (307, ResponseError, {"location": "/v1/elsewhere"}),
        (400, BadRequestError, {}),
        (401, AuthenticationError, {"www_authenticate": "Basic"}),
        (403, PermissionDeniedError, {}),
        (404, NotFoundError, {}),
        (409, ConflictError, {}),
        (410, ResponseError, {}),
    )
)

_REFUSALS = tuple(
    Kind(name, f"answers {name}", (_answer(status, **headers),), _LATER, error)
    for name, status, error, headers in (
        ("425", 425, ResponseError, {}),
        ("429", 429, RateLimitedError, {}),
        ("429, Retry-After: 0", 429, RateLimitedError, {"retry_after": "0"}),
        ("429, Retry-After: 0.02", 429, RateLimitedError, {"retry_after": "0.02"}),
        ("429, Retry-After: a date", 429, RateLimitedError, _DATES),
        ("429, Retry-After: soon", 429, RateLimitedError, {"retry_after": "soon"}),
        ("429, Retry-After: -1", 429, RateLimitedError, {"retry_after": "-1"}),
    )
)


def _acted_or_not(acts: bool) -> str:
    return "acted" if acts else "not acted"


def _act_if(acts: bool) -> tuple[Step, ...]:
    return (_ACT,) if acts else ()


# Gateways answer so after the server behind them has acted.
_DOUBTFUL_STATUSES = tuple(
    Kind(
        f"{name}, {_acted_or_not(acts)}",
        f"{'acts' if acts else 'does not act'} and answers {name}",
        (*_act_if(acts), _answer(status, b"<html>oops</html>", **headers)),
        _DOUBT,
        ServerError if status >= 500 else ResponseError,
    )
    for acts in (True, False)
    for name, status, headers in (
        ("408", 408, {}),
        ("408, Connection: close", 408, {"connection": "close"}),
        ("500", 500, {}),
        ("502", 502, {}),
        ("503", 503, {}),
        ("503, Retry-After: 0", 503, {"retry_after": "0"}),
        ("503, Retry-After: 1", 503, {"retry_after": "1"}),
        ("503, Retry-After: a date", 503, _DATES),
        ("503, Retry-After: later", 503, {"retry_after": "later"}),
        ("504", 504, {}),
        ("520", 520, {}),
    )
)

_PORTAL = b"<!doctype html><title>Sign in</title><form action=/login></form>"

# A success whose body is whole and is not Plivo's.
_FOREIGN = tuple(
    Kind(
        f"{name}, {_acted_or_not(acts)}",
        f"{'acts' if acts else 'does not act'} and answers {does}",
        (*_act_if(acts), answer, *more),
        _DOUBT,
        UnexpectedResponseError,
        final=True,
    )
    for acts in (True, False)
    for name, does, answer, more in (
        ("HTML", "200 with a sign-in page", _answer(200, _PORTAL, content_type="text/html"), ()),
        ("not JSON", "201 with XML", _answer(201, b"<ok/>"), ()),
        ("a status", '200 with {"status":"error"}', _answer(200, b'{"status":"error"}'), ()),
        ("a list", "200 with []", _answer(200, b"[]"), ()),
        ("null", "200 with null", _answer(200, b"null"), ()),
        ("text", "200 with OK", _answer(200, b"OK", content_type="text/plain"), ()),
        (
            "Content-Length too short", "201 with more body than it promised, and closes",
            _answer(201, _BODY, len(_BODY) - 9), (_CLOSE,),
        ),
    )
)  # fmt: skip

# Accepted, with a body that does not arrive or cannot be read.
_LOST_BODIES = tuple(
    Kind(name, f"acts; {does}", (_ACT, *steps), _DONE, None, complete=False)
    for name, does, steps in (
        ("204", "answers 204", (_answer(204, b""),)),
        ("empty body", "the 201 is empty", (_answer(201, b""),)),
        ("half a body", "closes in the middle of the body", (ANSWER[:-9], _CLOSE)),
        ("body reset", "resets in the middle of the body", (ANSWER[:-9], Do.MOMENT, _RESET)),
        ("body stalls", "is silent in the middle of the body", (ANSWER[:-9], _SILENCE)),
        (
            "Content-Length too long", "promises more body than it has",
            (_answer(201, _BODY, len(_BODY) + 9), _CLOSE),
        ),
        ("bad chunks", "the body's chunks are garbage", (_CHUNKED + b"zz\r\nnonsense", _CLOSE)),
        ("cut chunks", "closes between two chunks", (_CHUNKED + b"5\r\n{\"api\r\n", _CLOSE)),
        (
            "gzip", "the body is gzip, which was not asked for",
            (_answer(201, gzip.compress(_BODY), content_encoding="gzip"),),
        ),
        (
            "gzip twice", "the body is gzip in gzip, and large",
            (_answer(201, _BOMB, content_encoding="gzip, gzip"),),
        ),
        (
            "bad gzip", "the body is no gzip though it says so",
            (_answer(201, _BODY, content_encoding="gzip"),),
        ),
        (
            "cut gzip", "the gzip body lacks its end",
            (_answer(201, gzip.compress(_BODY)[:-12], content_encoding="gzip"),),
        ),
    )
)  # fmt: skip

_ODD_ANSWERS = (
    Kind(
        "201 with an error", "does not act; a 201 with an error in it",
        (_answer(201, b'{"api_id":"7f3a","error":"member not found"}'),), _DONE, ActionFailedError,
    ),
    *(
        Kind(name, f"acts; {does}", (_ACT, *steps), _DONE, None)
        for name, does, steps in (
            ("slow drip", "answers bit by bit", (Drip(ANSWER, 12, 0.004),)),
            (
                "drip past the timeout", "the whole answer takes longer than the timeout",
                (Drip(ANSWER, 5, 0.06),),
            ),
            ("103 first", "hints come before the 201", (_EARLY_HINTS, ANSWER)),
            ("large header", "a header of 40 kB", (_LARGE,)),
            ("bare LF", "the head's lines end in a bare LF", (ANSWER.replace(b"\r\n", b"\n"),)),
            (
                "bare LF in part", "some of the head's lines end in a bare LF",
                (ANSWER.replace(b"\r\n", b"\n", 2),),
            ),
            (
                "Keep-Alive: timeout=5", "says that it keeps the connection for 5 s",
                (_answer(201, _BODY, keep_alive="timeout=5, max=100"),),
            ),
            (
                "Keep-Alive: timeout=1",
                "says that it keeps the connection for 1 s; closes when the next request comes",
                (_answer(201, _BODY, keep_alive="timeout=1"), Do.PEEK, _CLOSE),
            ),
            ("answers, then closes", "closes after its 201 without a header", (ANSWER, _CLOSE)),
            (
                "answers, then closes a moment later", "the same, as the next request comes",
                (ANSWER, Do.MOMENT, _CLOSE),
            ),
            (
                "answers, then resets a moment later", "resets the idle connection",
                (ANSWER, Do.MOMENT, _RESET),
            ),
        )
    ),
    Kind("huge header", "acts; a header of 300 kB", (_ACT, _HUGE, _CLOSE), _DOUBT, _UNKNOWN),
)  # fmt: skip

_NO_STATUS = tuple(
    Kind(
        f"{name}, {_acted_or_not(acts)}",
        f"reads the request, {'acts' if acts else 'does not act'}, {does}",
        (*_act_if(acts), *steps),
        _DOUBT,
        _UNKNOWN,
    )
    for acts in (True, False)
    for name, does, steps in (
        ("close", "closes", (_CLOSE,)),
        ("reset", "resets", (_RESET,)),
        ("silence", "says nothing", (_SILENCE,)),
        ("half a status line", "closes in the middle of the status line", (b"HTTP/1.1 20", _CLOSE)),
        ("half a header", "closes in the middle of the headers", (ANSWER[:40], _CLOSE)),
        ("headers stall", "is silent in the middle of the headers", (ANSWER[:40], _SILENCE)),
        ("garbage", "sends garbage for a status line", (b"\x00\xffOK, done!\r\n\r\n", _CLOSE)),
        ("103, then close", "sends 103 and closes", (_EARLY_HINTS, _CLOSE)),
    )
)

_CONNECTIONS = tuple(
    Kind(name, does, steps, _DOUBT, error, endpoint=endpoint)
    for name, does, steps, error, endpoint in (
        ("close at accept", "closes at once", (_CLOSE,), RequestError, Endpoint.UNREAD),
        ("reset at accept", "resets at once", (_RESET,), RequestError, Endpoint.UNREAD),
        (
            "close unread", "closes when the request comes, unread",
            (Do.PEEK, _CLOSE), _UNKNOWN, Endpoint.UNREAD,
        ),
        (
            "reset unread", "resets when the request comes, unread",
            (Do.PEEK, _RESET), _UNKNOWN, Endpoint.UNREAD,
        ),
        (
            "stale connection", "closes a kept connection when its second request comes",
            (_CLOSE,), _UNKNOWN, Endpoint.REUSED,
        ),
        (
            "stale connection, reset", "resets a kept connection when its second request comes",
            (_RESET,), _UNKNOWN, Endpoint.REUSED,
        ),
    )
)  # fmt: skip

_NEVER_SENT = tuple(
    Kind(name, does, steps, _NEVER, NotSentError, endpoint=endpoint, final=final)
    for name, does, steps, endpoint, final in (
        ("port closed", "does not listen", (), Endpoint.CLOSED, False),
        (
            "TLS handshake hangs", "never answers the handshake",
            (_SILENCE,), Endpoint.UNREAD_TLS, False,
        ),
        (
            "TLS handshake reset", "resets in the handshake",
            (Do.PEEK, _RESET), Endpoint.UNREAD_TLS, False,
        ),
        (
            "no TLS", "answers the handshake in plain HTTP",
            (Do.PEEK, _NOT_TLS, _CLOSE), Endpoint.UNREAD_TLS, False,
        ),
        (
            "TLS certificate of an unknown authority", "its certificate is of no known authority",
            (), Endpoint.UNTRUSTED, True,
        ),
        (
            "TLS without the client's certificate", "TLS 1.3; requires a certificate of the client",
            (), Endpoint.CLIENT_CERTIFICATE, True,
        ),
    )
)  # fmt: skip

_TLS = (
    *(
        Kind(name, f"acts; {does}", (_ACT, *steps), _DOUBT, _UNKNOWN, endpoint=Endpoint.TLS)
        for name, does, steps in (
            ("TLS close", "ends the connection without close_notify", (_CLOSE,)),
            ("TLS reset", "resets", (_RESET,)),
            (
                "TLS broken for an answer", "sends no TLS record",
                (Do.CORRUPT, Do.MOMENT, _CLOSE),
            ),
            (
                "TLS broken in the status line", "after half a status line no TLS record",
                (b"HTTP/1.1 20", Do.MOMENT, Do.CORRUPT, Do.MOMENT, _CLOSE),
            ),
        )
    ),
    Kind(
        "TLS ok", "acts and answers 201 over TLS",
        (_ACT, ANSWER), _DONE, None, endpoint=Endpoint.TLS,
    ),
    Kind(
        "TLS broken in the body", "acts; after half a body no TLS record",
        (_ACT, ANSWER[:-9], Do.MOMENT, Do.CORRUPT, Do.MOMENT, _CLOSE), _DONE, None,
        endpoint=Endpoint.TLS, complete=False,
    ),
)  # fmt: skip

_PROXY = (
    Kind(
        "proxy ok",
        "opens the tunnel",
        (_CONNECTED, Do.TUNNEL),
        _DONE,
        None,
        endpoint=Endpoint.PROXY,
    ),
    *(
        Kind(name, does, steps, _NEVER, NotSentError, endpoint=Endpoint.PROXY, final="407" in name)
        for name, does, steps in (
            ("proxy 502", "answers 502 to CONNECT", (_answer(502),)),
            ("proxy 429", "answers 429 to CONNECT", (_answer(429, retry_after="0"),)),
            ("proxy 407", "answers 407 to CONNECT", (b"HTTP/1.1 407 No\r\n\r\n", _CLOSE)),
            ("proxy hangs", "never answers CONNECT", (_SILENCE,)),
            ("proxy closes", "closes in CONNECT", (_CLOSE,)),
            ("proxy resets", "resets in CONNECT", (_RESET,)),
            ("proxy garbles", "answers CONNECT with garbage", (b"\x00\xff\r\n\r\n", _CLOSE)),
            ("proxy opens and closes", "opens the tunnel and closes it", (_CONNECTED, _CLOSE)),
            ("proxy opens and hangs", "opens a tunnel to nowhere", (_CONNECTED, _SILENCE)),
        )
    ),
)

KINDS = (
    *(_REJECTIONS + _REFUSALS + _DOUBTFUL_STATUSES + _FOREIGN + _LOST_BODIES + _ODD_ANSWERS),
    *(_NO_STATUS + _CONNECTIONS + _NEVER_SENT + _TLS + _PROXY),
)

# What a server sends after its answer is not the answer to the connection's next request. These
# have tests of their own: a client that believes them is wrong about an action that met no fault.
LEFTOVERS = (
    *(
        Kind(name, f"acts; {does} its 201", (_ACT, ANSWER + more), _DONE, None)
        for name, does, more in (
            ("answers twice", "another 201 follows", ANSWER),
            ("answers, then refuses", "a 429 follows", _answer(429, retry_after="0")),
            ("answers, then rejects", "a 400 follows", _answer(400)),
            ("answers, then sends garbage", "bytes that are no HTTP follow", b"and so on"),
        )
    ),
)

BY_NAME = {kind.name: kind for kind in (OK, *KINDS, *LEFTOVERS)}
