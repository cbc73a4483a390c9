"""The data in the page: the dashboard for its scripts, and tables for browsers without scripts."""

import html
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..dashboard.request_log import RequestLogEntry
from ..emulator import Emulator
from ..webhooks.delivery import Delivery

MEMBER_ROWS = 500
"""The maximum number of members shown."""

LOG_ROWS = 100
"""The maximum number of log entries shown."""

RUN_ROWS = 100
"""The maximum number of runs shown."""

DELIVERY_ROWS = 100
"""The maximum number of deliveries shown."""

Mask = Callable[[str], str]
"""Masks the secret in a text."""

Write = Callable[[object], str]
"""Escapes a value for HTML."""


def write_dashboard(emulator: Emulator, mask: Mask) -> str:
    """Return the dashboard as JSON for a script element, without any `<`."""
    return mask(json.dumps(emulator.dashboard())).replace("<", "\\u003c")


def write_tables(emulator: Emulator, mask: Mask) -> str:
    """Return the tables as HTML, with every value escaped."""

    def write(value: object) -> str:
        return html.escape(mask("" if value is None else str(value)))

    dashboard = emulator.dashboard()
    members, ended = _member_rows(dashboard), _ended_rows(dashboard)
    return "\n".join(
        (
            *_flow_tables(write, dashboard),
            _table(write, "Calls", _CALLS, members, "No call is in progress."),
            _table(write, "Ended calls, latest first", _ENDED, ended, "None yet."),
            _table(write, "Log, newest first", _LOG, _log_rows(emulator), "No entry yet."),
            _table(
                write,
                "Webhook deliveries, newest first",
                _DELIVERIES,
                [_delivery_row(one) for one in emulator.webhooks.deliveries[::-1][:DELIVERY_ROWS]],
                "No delivery yet.",
            ),
        )
    )


_FLOWS = ("Flow", "Numbers", "Node", "Component", "Leads to", "Reached")
_RUNS = ("Run", "Flow", "Trigger", "Started (UTC)", "Path", "Waiting at", "Ended")
_CALLS = ("Node", "Call", "Member", "Role", "State", "For", "Transfer")
_ENDED = ("Node", "Call", "Members", "Lasted", "Ended (UTC)")
_LOG = ("Number", "Time (UTC)", "Action", "Member", "Answer", "Fault", "Reason")
_DELIVERIES = ("Number", "Time (UTC)", "Event", "Member", "URL", "Outcome", "Status", "Attempts")


def _flow_tables(write: Write, dashboard: Mapping[str, object]) -> list[str]:
    """Return the tables of the flows and their runs; none where there is no flow."""
    flows, runs = _dicts(dashboard["flows"]), _dicts(dashboard["runs"])
    if not flows:
        return []
    names = {flow["phlo_id"]: flow["name"] for flow in flows}
    nodes = [row for flow in flows for row in _node_rows(flow)]
    paths = [_run_row(run, names) for run in runs[:RUN_ROWS]]
    return [
        _table(write, "Runs, live ones first", _RUNS, paths, "No run yet."),
        _table(write, "Flows", _FLOWS, nodes, "None."),
    ]


def _node_rows(flow: Mapping[str, Any]) -> list[tuple[object, ...]]:
    start = {"name": "Start", "component": "", "next": flow["start"]}
    numbers = ", ".join(flow["numbers"])
    return [
        (
            flow["name"],
            numbers,
            node["name"],
            node["component"],
            "; ".join(f"{state}: {target}" for state, target in node["next"].items()),
            "; ".join(f"{s}: {n}" for s, n in flow["taken"].get(node["name"], {}).items()),
        )
        for node in (start, *flow["nodes"])
    ]


def _run_row(run: Mapping[str, Any], names: Mapping[object, object]) -> tuple[object, ...]:
    path = run["path"]
    # The outline of a long run has only the end of its path.
    cut = [] if path[0] == "Start" else ["…"]
    return (
        run["run_id"][:8],
        names.get(run["phlo_id"], run["phlo_id"]),
        run["trigger"],
        _time(run["started_at"]),
        " → ".join([*cut, *path]),
        ", ".join(f"{wait['node']}: {wait['for']}" for wait in run["waiting"]),
        run["ended"],
    )


def _table(
    write: Write,
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    nothing: str,
) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{write(v)}</td>' for v in row)}</tr>\n" for row in rows)
    if not body:
        return f"<h2>{write(caption)}</h2>\n<p>{write(nothing)}</p>"
    head = "".join(f'<th scope="col">{write(name)}</th>' for name in heads)
    return (
        f'<div class="scrolled" tabindex="0" role="region" aria-label="{write(caption)}">'
        f"<table>\n<caption>{write(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def _member_rows(dashboard: Mapping[str, object]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for call in _dicts(dashboard["calls"]):
        transfer = call["transfer"]
        for member in _dicts(call["members"]):
            muted = ", muted" if member["muted"] else ""
            rows.append(
                (
                    call["name"] or call["node_id"],
                    str(call["call_id"])[:8],
                    member["address"],
                    member["role"],
                    f"{_words(member['state'])}{muted}",
                    _length(float(str(member["seconds"]))),
                    _part(transfer, member["address"]),
                )
            )
    more = len(rows) - MEMBER_ROWS
    last = (f"and {more} more", *[""] * (len(_CALLS) - 1))
    return [*rows[:MEMBER_ROWS], last] if more > 0 else rows


def _ended_rows(dashboard: Mapping[str, object]) -> list[tuple[object, ...]]:
    return [
        (
            call["name"] or call["node_id"],
            str(call["call_id"])[:8],
            ", ".join(str(member["address"]) for member in _dicts(call["members"])),
            _length(float(str(call["ended"])) - float(str(call["opened"]))),
            _time(float(str(call["ended"]))),
        )
        for call in _dicts(dashboard["ended"])
    ]


def _part(transfer: object, address: object) -> str:
    if not isinstance(transfer, dict):
        return ""
    for end in ("transferor", "target"):
        if transfer[end] == address:
            return f"{transfer['kind']}, {end}"
    return f"{transfer['kind']}, held" if address in transfer["held"] else ""


def _log_rows(emulator: Emulator) -> list[tuple[object, ...]]:
    return [_log_row(entry) for entry in emulator.request_log.select()[:LOG_ROWS]]


def _log_row(entry: RequestLogEntry) -> tuple[object, ...]:
    answer = "by phone" if entry.info is None else entry.status
    when = _time(entry.time)
    reason = entry.reason or entry.error
    return entry.number, when, entry.action, entry.address, answer, entry.fault, reason


def _delivery_row(one: Delivery) -> tuple[object, ...]:
    described = one.describe()
    event, member = described["event"], described["member"]
    result = (one.outcome, one.status, one.attempts)
    return one.number, _time(one.at), event, member, one.request.url, *result


def _dicts(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _words(state: object) -> str:
    return str(state).replace("_", " ")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def _length(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
