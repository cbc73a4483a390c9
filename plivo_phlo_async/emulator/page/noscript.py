"""What the page is sent with: the board for its scripts, and all as tables where none runs."""

import html
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from ..dashboard.request_log import Answered
from ..stage import Stage
from ..webhooks.deliveries import Delivery

MEMBER_ROWS = 500
"""How many members are shown at most."""

LOG_ROWS = 100
"""How many lines of the log are shown at most."""

DELIVERY_ROWS = 100
"""How many deliveries are shown at most."""

Hide = Callable[[str], str]
"""Keeps a secret out of a text, in which it may be written as JSON."""

Write = Callable[[object], str]
"""Puts a value into HTML as text, whatever it holds."""


def write_board(emulator: Stage, hide: Hide) -> str:
    """Return the board as JSON that can stand in a script element: it holds no `<`."""
    return hide(json.dumps(emulator.board())).replace("<", "\\u003c")


def write_tables(emulator: Stage, hide: Hide) -> str:
    """Return the tables as HTML; every value in them is escaped."""

    def write(value: object) -> str:
        return html.escape(hide("" if value is None else str(value)))

    return "\n".join(
        (
            _table(write, "Calls", _CALLS, _member_rows(emulator), "No call is under way."),
            _table(write, "Log, newest first", _LOG, _log_rows(emulator), "Nothing happened yet."),
            _table(
                write,
                "Webhook deliveries, newest first",
                _DELIVERIES,
                [_delivery_row(one) for one in emulator.deliveries[::-1][:DELIVERY_ROWS]],
                "Nothing was delivered yet.",
            ),
        )
    )


_CALLS = ("Call", "Member", "Role", "State", "For", "Transfer")
_LOG = ("Number", "Time (UTC)", "Action", "Member", "Answer", "Fault", "Error")
_DELIVERIES = ("Number", "Time (UTC)", "Event", "Member", "URL", "Outcome", "Status", "Attempts")


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


def _member_rows(emulator: Stage) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for call in _dicts(emulator.board()["calls"]):
        transfer = call["transfer"]
        for member in _dicts(call["members"]):
            muted = ", muted" if member["muted"] else ""
            rows.append(
                (
                    call["name"] or call["node_id"],
                    member["address"],
                    member["role"],
                    f"{_words(member['state'])}{muted}",
                    _length(float(str(member["seconds"]))),
                    _part(transfer, member["address"]),
                )
            )
    more = len(rows) - MEMBER_ROWS
    return [*rows[:MEMBER_ROWS], (f"and {more} more", "", "", "", "", "")] if more > 0 else rows


def _part(transfer: object, address: object) -> str:
    if not isinstance(transfer, dict):
        return ""
    for end in ("giver", "taker"):
        if transfer[end] == address:
            return f"{transfer['kind']}, {end}"
    return f"{transfer['kind']}, held" if address in transfer["held"] else ""


def _log_rows(emulator: Stage) -> list[tuple[object, ...]]:
    return [_log_row(line) for line in emulator.exchanges()[:LOG_ROWS]]


def _log_row(line: Answered) -> tuple[object, ...]:
    answer = "by phone" if line.request is None else line.status
    when = _time(line.time)
    return line.number, when, line.action, line.address, answer, line.fault, line.error


def _delivery_row(one: Delivery) -> tuple[object, ...]:
    told = one.variables
    member = told["to"] or told["from"]
    fared = (one.outcome, one.status, one.attempts)
    return one.number, _time(one.at), told["event"], member, one.letter.url, *fared


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
