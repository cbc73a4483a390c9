"""The log: the latest requests with their responses, and the latest steps of phones."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ..calls.log_entry import LogEntry
from ..calls.members import Call, CallMember, NodeKey, canonical_address
from ..calls.switchboard import LOG_LIMIT
from ..http.request import HttpRequest
from ..http.request_info import RequestInfo
from ..http.response import HttpResponse
from ..http.routes import ReceivedRequest, received_request
from .sized_log import SizedLog
from .snippets import as_curl, as_python
from .views import changed_members, describe_member, describe_transfer

RECEIVED_LIMIT = 1000
"""How many of the latest requests are kept as received."""

SIZE_LIMIT = 4 * 1024 * 1024
"""How many bytes of requests are kept at most, in the log and as received."""


@attrs.frozen
class RequestLogEntry:
    """One entry of the log: a request with its response, or a step that no request caused.

    Attributes:
        number: the number of the entry, from 1.
        time: the time of the response, in seconds since 1970.
        action: the action, "run" or "get", None for any other request.
        address: the member it applies to, None for none.
        node_key: the ids of the PHLO and of the node, None for a request to no node.
        before: the call before it; of a request that concerns no call, one without an id.
        after: the call after it.
        info: what the request asks for; None, like all that follow, for the step of a phone.
        status: the HTTP status of the response, 0 where none was sent.
        answer: the JSON of the response.
        fault: the kind of the fault, None for none.
        reason: one line that says why the emulator refused the request, None where it did not.
    """

    number: int
    time: float
    action: str | None
    address: str | None
    node_key: NodeKey | None
    before: Call
    after: Call
    info: RequestInfo | None = None
    status: int | None = None
    answer: Mapping[str, object] | None = None
    fault: str | None = None
    reason: str | None = None

    @property
    def call_id(self) -> str | None:
        """The id of the call, None for a request that concerns none."""
        return self.after.call_id or None

    @property
    def request(self) -> HttpRequest | None:
        """The request, None for the step of a phone."""
        return None if self.info is None else self.info.request

    @property
    def error(self) -> str | None:
        """The error text of the response, None for none."""
        error = (self.answer or {}).get("error")
        return error if isinstance(error, str) and error else None

    @property
    def size(self) -> int:
        """The bytes of the request, 0 for the step of a phone."""
        if self.request is None:
            return 0
        request = self.request
        return len(request.raw_path) + len(request.query) + len(request.body or b"")

    @property
    def failed(self) -> bool:
        """Whether the response is an error, or a fault happened."""
        return self.fault is not None or (self.status or 0) >= 400 or self.error is not None

    def is_about(self, address: str) -> bool:
        """Whether the entry concerns a member: as its address, a change or the trigger source.

        Args:
            address: the member's address, in any spelling.
        """
        found = {m.canonical_address for members in self._members() for m in members}
        source = self.info.parameters.get("trigger_source") if self.info else None
        found |= {canonical_address(one) for one in (self.address, source) if isinstance(one, str)}
        return canonical_address(address) in found

    def describe(self) -> dict[str, object]:
        """Return the entry as plain data."""
        before, after = self._members()
        phlo_id, node_id = self.node_key or (None, None)
        return {
            "number": self.number,
            "time": round(self.time, 3),
            "action": self.action,
            "address": self.address,
            "phlo_id": phlo_id,
            "node_id": node_id,
            "call_id": self.call_id,
            "error": self.error,
            "reason": self.reason,
            "fault": self.fault,
            "before": _describe_call(before, self.before),
            "after": _describe_call(after, self.after),
            **self._describe_exchange(),
        }

    def _describe_exchange(self) -> dict[str, object]:
        if self.info is None:
            return dict.fromkeys(("request", "answer", "curl", "python"))
        return {
            "request": _describe_request(self.info.request),
            "answer": {"status": self.status, "body": dict(self.answer or {})},
            "curl": as_curl(self.info.request),
            "python": as_python(self.info),
        }

    def _members(self) -> tuple[list[CallMember], list[CallMember]]:
        return changed_members(self.before, self.after, self.address)


class RequestLog:
    """The latest entries and requests; `now` gives the seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Drop every entry and every request."""
        self.entries: SizedLog[RequestLogEntry] = SizedLog(LOG_LIMIT, SIZE_LIMIT)
        self.received: SizedLog[ReceivedRequest] = SizedLog(RECEIVED_LIMIT, SIZE_LIMIT)
        self.requests: int = 0
        self._last_number = 0

    def add_exchange(
        self,
        info: RequestInfo,
        response: HttpResponse,
        before: Call,
        after: Call,
        fault: str | None,
    ) -> RequestLogEntry:
        """Count and add a request with its response; `fault` is the kind of its fault."""
        entry = self._add(
            action=info.action,
            address=info.address,
            node_key=info.node_key,
            before=before,
            after=after,
            info=info,
            status=response.status,
            answer=response.body,
            fault=fault,
            reason=response.reason,
        )
        self.requests += 1
        self.received.append(received_request(info), entry.size)
        return entry

    def add_step(self, step: LogEntry) -> RequestLogEntry:
        """Add a step that no request caused."""
        return self._add(
            action=step.verb,
            address=step.address,
            node_key=step.node_key,
            before=step.before,
            after=step.after,
        )

    def _add(self, **fields: Any) -> RequestLogEntry:
        self._last_number += 1
        entry = RequestLogEntry(number=self._last_number, time=self._now(), **fields)
        self.entries.append(entry, entry.size)
        return entry

    def select(
        self, call: str = "", member: str = "", errors: bool = False
    ) -> list[RequestLogEntry]:
        """Return the entries, newest first, of a call, of a member, with errors.

        A call is given by its id, or all those of a node as `PHLO/NODE`.
        """
        return [
            entry
            for entry in reversed(self.entries)
            if (not call or call in (entry.call_id, "/".join(entry.node_key or ())))
            and (not member or entry.is_about(member))
            and (not errors or entry.failed)
        ]


def _describe_call(members: list[CallMember], call: Call) -> dict[str, object]:
    described = [describe_member(member) for member in members]
    return {"members": described, "transfer": describe_transfer(call)}


def _describe_request(request: HttpRequest) -> dict[str, object]:
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query.decode("latin-1"),
        "body": None if request.body is None else request.body.decode("utf-8", "replace"),
    }
