"""The log: every request with its answer, every step of a phone, the latest thousand."""

import json
import shlex
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from .board import concerned, show_members, show_transfer
from .faults import Facts
from .http import Request
from .members import Call, Member, line_of
from .refusals import Refusal
from .switchboard import LOG_LIMIT, LogEntry, Place

MEMBER_VERBS = frozenset(
    {
        "hold",
        "unhold",
        "hangup",
        "resume_call",
        "abort_transfer",
        "voicemail_drop",
        "mute",
        "unmute",
    }
)
DIALLING_VERBS = frozenset({"call", "warm_transfer", "cold_transfer"})


@attrs.frozen
class Asked:
    """What a request under `/v1` is about, as far as its path and its parameters tell."""

    facts: Facts
    place: Place | None
    parameters: Mapping[str, object]


@attrs.frozen
class Answered:
    """One line of the log. `request` and what follows it are None for a step with no request."""

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
        """Whether the line concerns a member: addressed, changed, or named in the body."""
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
            "request": None if self.request is None else _show_request(self.request),
            "answer": None if self.request is None else _show_answer(self),
            "error": self.error,
            "fault": self.fault,
            "before": {"members": _plain(were), "transfer": show_transfer(self.before)},
            "after": {"members": _plain(are), "transfer": show_transfer(self.after)},
            "curl": None if self.request is None else as_curl(self.request),
            "python": None if self.asked is None else as_python(self.asked),
        }

    def _concerned(self) -> tuple[list[Member], list[Member]]:
        return concerned(self.before, self.after, self.address)


class Logbook:
    """The latest lines, numbered from 1; `now` gives the wall clock's seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Forget every line."""
        self.lines: deque[Answered] = deque(maxlen=LOG_LIMIT)
        self._numbered = 0

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
        chosen = reversed(self.lines)
        return [
            line
            for line in chosen
            if (not call or "/".join(line.place or ()) == call)
            and (not member or line.about(member))
            and (not errors or line.failed)
        ]


def understand(request: Request) -> Asked:
    """Return what a request is about; never raises."""
    try:
        parameters = request.parameters()
    except Refusal:
        parameters = {}
    action, to = parameters.get("action"), parameters.get("to")
    path = request.raw_path.decode("latin-1")
    match request.segments:
        case (_, "phlo", phlo, _, node, "members", address):
            return Asked(Facts(_text(action), address, path), (phlo, node), parameters)
        case (_, "phlo", phlo, kind, node) if request.method == "POST" and kind != "runs":
            return Asked(Facts(_text(action), _text(to), path), (phlo, node), parameters)
        case (_, "account", _, "phlo", _):
            return Asked(Facts("run", None, path), None, parameters)
    return Asked(Facts("get" if request.method == "GET" else None, None, path), None, parameters)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _plain(members: list[Member]) -> list[dict[str, object]]:
    told = show_members(members, {}, 0.0)
    return [{k: v for k, v in one.items() if k not in ("since", "seconds")} for one in told]


def _show_request(request: Request) -> dict[str, object]:
    return {
        "method": request.method,
        "path": request.raw_path.decode("latin-1"),
        "query": request.query.decode("latin-1"),
        "body": None if request.body is None else request.body.decode("utf-8", "replace"),
    }


def _show_answer(line: Answered) -> dict[str, object]:
    return {"status": line.status, "body": None if line.answer is None else dict(line.answer)}


# The same request, to be pasted


def as_curl(request: Request) -> str:
    """Return the request as a line for a shell, with the credentials left to the environment."""
    path = request.raw_path.decode("latin-1").removeprefix("/v1")
    if request.query:
        path += "?" + request.query.decode("latin-1")
    words = ["curl", "-X", shlex.quote(request.method)]
    words.append('-u "$PLIVO_AUTH_ID:$PLIVO_AUTH_TOKEN"')
    if request.body:
        words.append("-H 'Content-Type: application/json'")
        words.append("--data-binary " + shlex.quote(request.body.decode("utf-8", "replace")))
    words.append('"$PLIVO_PHLO_BASE_URL"' + shlex.quote(path))
    return " ".join(words)


def as_python(asked: Asked) -> str | None:
    """Return the request as Python for this package's client; None where there is no such."""
    facts, parameters = asked.facts, asked.parameters
    if facts.action == "run":
        return f"await client.phlo({_nth(facts.path, -1)}).run({_json(parameters)})"
    if asked.place is None or facts.action is None or "/multi_party_call/" not in facts.path:
        return None
    phlo, node = asked.place
    call = f"client.phlo({phlo!r}).multi_party_call({node!r})"
    if facts.action in MEMBER_VERBS and "/members/" in facts.path:
        return f"await {call}.member({facts.address!r}).{facts.action}()"
    if facts.action not in DIALLING_VERBS or "/members/" in facts.path:
        return None
    giver, role = parameters.get("trigger_source"), parameters.get("role", "agent")
    return f"await {call}.{facts.action}({giver!r}, {facts.address!r}, role={role!r})"


def _nth(path: str, position: int) -> str:
    return repr(path.rstrip("/").split("/")[position])


def _json(parameters: Mapping[str, object]) -> str:
    return repr(json.loads(json.dumps(parameters))) if parameters else ""
