"""The faults, as data: what the server does, whether it acts, and what that proves to a client.

`shows` is the proof the contract speaks of. A server that lies (acts and then says it refused) is
no kind: nobody could tell.
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
)

__all__ = ["ANSWER", "BY_NAME", "KINDS", "LEFTOVERS", "OK", "Do", "Door", "Drip", "Kind", "Step"]


class Do(Enum):
    """One thing a server can do."""

    ACT = auto()  # carry the action out
    CLOSE = auto()  # FIN; under TLS without the farewell it asks for
    RESET = auto()  # RST
    SILENCE = auto()  # say nothing until the client goes
    PEEK = auto()  # wait for the first byte, and leave it unread
    MOMENT = auto()  # a few milliseconds
    CORRUPT = auto()  # bytes that are no TLS record
    TUNNEL = auto()  # a proxy's true work


@frozen
class Drip:
    """Send `data` in so many pieces, `gap` seconds apart."""

    data: bytes
    pieces: int
    gap: float


Step = Do | Drip | bytes


class Door(Enum):
    """Where the client meets the fault."""

    PLAIN = auto()  # the shared port; the request is read first
    NOBODY = auto()  # a port where nobody listens
    BARE = auto()  # a port of its own; nothing is read
    BARE_TLS = auto()  # the same, and the client expects TLS
    REUSED = auto()  # a port of its own; the first request of a connection is served well
    TLS = auto()  # a TLS port of its own; the request is read first
    STRANGER = auto()  # a TLS port whose certificate nobody vouches for
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
        door: where it is met.
    """

    name: str
    does: str
    steps: tuple[Step, ...]
    shows: Outcome
    error: type[PhloError] | None
    door: Door = field(default=Door.PLAIN, kw_only=True)

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
}  # fmt: skip


def _answer(
    status: int,
    body: bytes = b'{"api_id":"7f3a","error":"no"}',
    length: int | None = None,
    /,
    **headers: str,
) -> bytes:  # fmt: skip
    told = {"content_type": "application/json"} | headers
    if "transfer_encoding" not in told and status != 204:
        told["content_length"] = str(len(body) if length is None else length)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status} {_REASON[status]}\r\n{lines}\r\n".encode() + body


ANSWER = _answer(201, _BODY)
_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
_HUGE = _answer(201, _BODY, x_huge="x" * 300_000)
_LARGE = _answer(201, _BODY, x_large="x" * 40_000)
_DATES = {
    "date": "Wed, 21 Oct 2026 07:28:00 GMT",
    "retry_after": "Wed, 21 Oct 2026 07:28:00 GMT",
}
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
        ("408", 408, ResponseError, {"connection": "close"}),
        ("425", 425, ResponseError, {}),
        ("429", 429, RateLimitedError, {}),
        ("429, Retry-After: 0", 429, RateLimitedError, {"retry_after": "0"}),
        ("429, Retry-After: 0.02", 429, RateLimitedError, {"retry_after": "0.02"}),
        ("429, Retry-After: a date", 429, RateLimitedError, _DATES),
        ("429, Retry-After: soon", 429, RateLimitedError, {"retry_after": "soon"}),
        ("429, Retry-After: -1", 429, RateLimitedError, {"retry_after": "-1"}),
        ("503, Retry-After: 0", 503, ServerError, {"retry_after": "0"}),
    )
)

_SERVER_ERRORS = tuple(
    Kind(
        f"{name}, {'acted' if acts else 'not acted'}",
        f"{'acts' if acts else 'does not act'} and answers {name}",
        (*((_ACT,) if acts else ()), _answer(status, b"<html>oops</html>", **headers)),
        _DOUBT,
        ServerError,
    )
    for acts in (True, False)
    for name, status, headers in (
        ("500", 500, {}),
        ("502", 502, {}),
        ("503", 503, {}),
        ("503, Retry-After: later", 503, {"retry_after": "later"}),
        ("504", 504, {}),
    )
)

_ODD_ANSWERS = (
    Kind("204", "acts and answers 204", (_ACT, _answer(204, b"")), _DONE, None),
    Kind("not JSON", "acts; the 201 is no JSON", (_ACT, _answer(201, b"<ok/>")), _DONE, None),
    Kind("empty body", "acts; the 201 is empty", (_ACT, _answer(201, b"")), _DONE, None),
    Kind(
        "201 with an error", "does not act; a 201 with an error in it",
        (_answer(201, b'{"api_id":"7f3a","error":"member not found"}'),), _DONE, ActionFailedError,
    ),
    Kind(
        "half a body", "acts; closes in the middle of the body",
        (_ACT, ANSWER[:-9], _CLOSE), _DONE, None,
    ),
    Kind(
        "body reset", "acts; resets in the middle of the body",
        (_ACT, ANSWER[:-9], Do.MOMENT, _RESET), _DONE, None,
    ),
    Kind(
        "body stalls", "acts; silent in the middle of the body",
        (_ACT, ANSWER[:-9], _SILENCE), _DONE, None,
    ),
    Kind(
        "Content-Length too long", "acts; promises more body than it has",
        (_ACT, _answer(201, _BODY, len(_BODY) + 9), _CLOSE), _DONE, None,
    ),
    Kind(
        "Content-Length too short", "acts; sends more body than it promised, and closes",
        (_ACT, _answer(201, _BODY, len(_BODY) - 9), _CLOSE), _DONE, None,
    ),
    Kind(
        "bad chunks", "acts; the body's chunks are garbage",
        (_ACT, _CHUNKED + b"zz\r\nnonsense", _CLOSE), _DONE, None,
    ),
    Kind(
        "cut chunks", "acts; closes between two chunks",
        (_ACT, _CHUNKED + b"5\r\n{\"api\r\n", _CLOSE), _DONE, None,
    ),
    Kind(
        "bad gzip", "acts; the body is no gzip though it says so",
        (_ACT, _answer(201, _BODY, content_encoding="gzip")), _DONE, None,
    ),
    Kind(
        "cut gzip", "acts; the gzip body lacks its end",
        (_ACT, _answer(201, gzip.compress(_BODY)[:-12], content_encoding="gzip")), _DONE, None,
    ),
    Kind("slow drip", "acts; answers bit by bit", (_ACT, Drip(ANSWER, 12, 0.004)), _DONE, None),
    Kind(
        "drip past the timeout", "acts; the whole answer takes longer than the timeout",
        (_ACT, Drip(ANSWER, 5, 0.06)), _DONE, None,
    ),
    Kind("103 first", "acts; hints come before the 201", (_ACT, _EARLY_HINTS, ANSWER), _DONE, None),
    Kind("large header", "acts; a header of 40 kB", (_ACT, _LARGE), _DONE, None),
    Kind("huge header", "acts; a header of 300 kB", (_ACT, _HUGE, _CLOSE), _DOUBT, _UNKNOWN),
    Kind(
        "answers, then closes", "acts, answers 201, closes without having said so",
        (_ACT, ANSWER, _CLOSE), _DONE, None,
    ),
    Kind(
        "answers, then closes a moment later", "the same, at the edge of the next request",
        (_ACT, ANSWER, Do.MOMENT, _CLOSE), _DONE, None,
    ),
    Kind(
        "answers, then resets a moment later", "acts, answers 201, resets the idle connection",
        (_ACT, ANSWER, Do.MOMENT, _RESET), _DONE, None,
    ),
)  # fmt: skip

_NO_STATUS = tuple(
    Kind(
        f"{name}, {'acted' if acts else 'not acted'}",
        f"reads the request, {'acts' if acts else 'does not act'}, {does}",
        (*((_ACT,) if acts else ()), *steps),
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

_AT_THE_DOOR = (
    Kind("port closed", "nobody listens", (), _NEVER, NotSentError, door=Door.NOBODY),
    Kind("close at accept", "closes at once", (_CLOSE,), _DOUBT, RequestError, door=Door.BARE),
    Kind("reset at accept", "resets at once", (_RESET,), _DOUBT, RequestError, door=Door.BARE),
    Kind(
        "close unread", "closes when the request comes, unread",
        (Do.PEEK, _CLOSE), _DOUBT, _UNKNOWN, door=Door.BARE,
    ),
    Kind(
        "reset unread", "resets when the request comes, unread",
        (Do.PEEK, _RESET), _DOUBT, _UNKNOWN, door=Door.BARE,
    ),
    Kind(
        "stale connection", "closes a kept connection when its second request comes",
        (_CLOSE,), _DOUBT, _UNKNOWN, door=Door.REUSED,
    ),
    Kind(
        "stale connection, reset", "resets a kept connection when its second request comes",
        (_RESET,), _DOUBT, _UNKNOWN, door=Door.REUSED,
    ),
)  # fmt: skip

_TLS = (
    Kind("TLS ok", "acts and answers 201 over TLS", (_ACT, ANSWER), _DONE, None, door=Door.TLS),
    Kind(
        "TLS handshake hangs", "never answers the handshake",
        (_SILENCE,), _NEVER, NotSentError, door=Door.BARE_TLS,
    ),
    Kind(
        "TLS handshake reset", "resets in the handshake",
        (Do.PEEK, _RESET), _NEVER, NotSentError, door=Door.BARE_TLS,
    ),
    Kind(
        "no TLS", "answers the handshake in plain HTTP",
        (Do.PEEK, _NOT_TLS, _CLOSE), _NEVER, NotSentError, door=Door.BARE_TLS,
    ),
    Kind(
        "TLS certificate of a stranger", "shows a certificate nobody vouches for",
        (), _NEVER, NotSentError, door=Door.STRANGER,
    ),
    Kind(
        "TLS close", "acts; ends the connection without a farewell",
        (_ACT, _CLOSE), _DOUBT, _UNKNOWN, door=Door.TLS,
    ),
    Kind("TLS reset", "acts; resets", (_ACT, _RESET), _DOUBT, _UNKNOWN, door=Door.TLS),
    Kind(
        "TLS broken for an answer", "acts; sends no TLS record",
        (_ACT, Do.CORRUPT, Do.MOMENT, _CLOSE), _DOUBT, _UNKNOWN, door=Door.TLS,
    ),
    Kind(
        "TLS broken in the status line", "acts; after half a status line no TLS record",
        (_ACT, b"HTTP/1.1 20", Do.MOMENT, Do.CORRUPT, Do.MOMENT, _CLOSE), _DOUBT, _UNKNOWN,
        door=Door.TLS,
    ),
    Kind(
        "TLS broken in the body", "acts; after half a body no TLS record",
        (_ACT, ANSWER[:-9], Do.MOMENT, Do.CORRUPT, Do.MOMENT, _CLOSE), _DONE, None, door=Door.TLS,
    ),
)  # fmt: skip

_PROXY = (
    Kind("proxy ok", "opens the tunnel", (_CONNECTED, Do.TUNNEL), _DONE, None, door=Door.PROXY),
    *(
        Kind(name, does, steps, _NEVER, NotSentError, door=Door.PROXY)
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
    *(_REJECTIONS + _REFUSALS + _SERVER_ERRORS + _ODD_ANSWERS),
    *(_NO_STATUS + _AT_THE_DOOR + _TLS + _PROXY),
)

# What a server says after its answer belongs to nobody, least of all to the connection's next
# request. These have tests of their own: a client that believes them is wrong about an action
# that met no fault.
LEFTOVERS = (
    Kind("answers twice", "acts; sends its 201 twice", (_ACT, ANSWER + ANSWER), _DONE, None),
    Kind(
        "answers, then refuses", "acts; a 429 follows its 201",
        (_ACT, ANSWER + _answer(429, retry_after="0")), _DONE, None,
    ),
    Kind(
        "answers, then rejects", "acts; a 400 follows its 201",
        (_ACT, ANSWER + _answer(400)), _DONE, None,
    ),
    Kind(
        "answers, then babbles", "acts; bytes that are no HTTP follow its 201",
        (_ACT, ANSWER + b"and so on"), _DONE, None,
    ),
)  # fmt: skip

BY_NAME = {kind.name: kind for kind in (OK, *KINDS, *LEFTOVERS)}
