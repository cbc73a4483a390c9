"""The log: every request with its answer, every step of a phone, the latest thousand."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ..calls.log_entry import LogEntry, Place
from ..calls.members import Call, Member, line_of
from ..calls.switchboard import LOG_LIMIT
from ..http.request import Request
from ..http.request_info import Asked
from ..http.routes import ReceivedRequest
from .snippets import as_curl, as_python
from .views import concerned, show_member, show_transfer

RECEIVED_LIMIT = 1000
"""How many of the latest requests are kept as they came."""


@attrs.frozen
class Answered:
    """One line of the log: a request with its answer, or what a phone did by itself.

    Attributes:
        number: which line it is, from 1.
        time: when it was answered, in seconds since 1970.
        action: what was asked for or done, "run", "get", or None for no such.
        address: the member it concerns, None for none.
        place: where the call is: the ids of its PHLO and of its node, None for none.
        before: the call before it.
        after: the call after it.
        request: the request as it came; this and what follows is None for what a phone did.
        asked: what the request is about.
        status: the HTTP status of its answer, 0 where none was sent.
        answer: the answer's JSON.
        fault: the kind of fault it met, None for none.
    """

    number: int
    time: float
    action: str | None
    address: str | None
    place: Place | None
    before: Call
    after: Call
    request: Request | None = None
    asked: Asked | None = None
    status: int | None = None
    answer: Mapping[str, object] | None = None
    fault: str | None = None

    @property
    def error(self) -> str | None:
        """What the answer complains of, if it does."""
        said = (self.answer or {}).get("error")
        return said if isinstance(said, str) and said else None

    @property
    def failed(self) -> bool:
        """Whether the request was refused or met a fault."""
        return self.fault is not None or (self.status or 0) >= 400 or self.error is not None

    def about(self, address: str) -> bool:
        """Whether the line concerns a member: addressed, changed, or named in the parameters.

        Args:
            address: the member's address, in any spelling.
        """
        lines = {m.line for part in self._concerned() for m in part}
        named = self.asked.parameters.get("trigger_source") if self.asked else None
        lines |= {line_of(one) for one in (self.address, named) if isinstance(one, str)}
        return line_of(address) in lines

    def describe(self) -> dict[str, object]:
        """Return the line as plain data."""
        were, are = self._concerned()
        phlo_id, node_id = self.place or (None, None)
        return {
            "number": self.number,
            "time": round(self.time, 3),
            "action": self.action,
            "address": self.address,
            "phlo_id": phlo_id,
            "node_id": node_id,
            "error": self.error,
            "fault": self.fault,
            "before": _show_side(were, self.before),
            "after": _show_side(are, self.after),
            **self._show_exchange(),
        }

    def _show_exchange(self) -> dict[str, object]:
        if self.request is None or self.asked is None:
            return dict.fromkeys(("request", "answer", "curl", "python"))
        return {
            "request": _show_request(self.request),
            "answer": {"status": self.status, "body": dict(self.answer or {})},
            "curl": as_curl(self.request),
            "python": as_python(self.asked),
        }

    def _concerned(self) -> tuple[list[Member], list[Member]]:
        return concerned(self.before, self.after, self.address)


class Logbook:
    """The latest lines, numbered from 1, and the requests; `now` gives the seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Forget every line and every request."""
        self.lines: deque[Answered] = deque(maxlen=LOG_LIMIT)
        self.received: deque[ReceivedRequest] = deque(maxlen=RECEIVED_LIMIT)
        self.requests: int = 0
        self._numbered = 0

    def receive(self, request: ReceivedRequest) -> None:
        """Count a request, and remember it as it came."""
        self.requests += 1
        self.received.append(request)

    def write(self, **line: Any) -> Answered:
        """Write a line and return it."""
        self._numbered += 1
        written = Answered(number=self._numbered, time=self._now(), **line)
        self.lines.append(written)
        return written

    def note_step(self, step: LogEntry) -> Answered:
        """Write down a step that no request asked for."""
        return self.write(
            action=step.verb,
            address=step.address,
            place=step.place,
            before=step.before,
            after=step.after,
        )

    def select(self, call: str = "", member: str = "", errors: bool = False) -> list[Answered]:
        """Return the lines, newest first, of a call (`PHLO/NODE`), about a member, that failed."""
        return [
            line
            for line in reversed(self.lines)
            if (not call or "/".join(line.place or ()) == call)
            and (not member or line.about(member))
            and (not errors or line.failed)
        ]


def _show_side(members: list[Member], call: Call) -> dict[str, object]:
    return {"members": [show_member(m) for m in members], "transfer": show_transfer(call)}


def _show_request(request: Request) -> dict[str, object]:
    return {
        "method": request.method,
        "path": request.raw_path.decode("latin-1"),
        "query": request.query.decode("latin-1"),
        "body": None if request.body is None else request.body.decode("utf-8", "replace"),
    }
