"""The protocol of a journal's row as one table: state and question, next state and answer."""

from __future__ import annotations

from typing import NamedTuple

STATES = ABSENT, UNDER_WAY, OVERDUE, UNKNOWN, DONE, FAILED = (
    *("absent", "under way", "overdue", "unknown", "done", "failed"),
)
BEFORE = "as before"  # the state before the beginning that is taken back
FRESH, IN_DOUBT, FINISHED, OTHER = "fresh", "in doubt", "finished", "another action"
WRITTEN, LATE, TAKEN_BACK, IGNORED = "written", "late", "taken back", "ignored"
REFUSED, REMOVED, KEPT, PASSED = "refused", "removed", "kept", "passed"

BEGIN, BEGIN_AGAIN, BEGIN_OTHER = "begin", "begin, asked again", "begin, another action"
REDO_UNKNOWN, REDO_FAILED = "begin, redo unknown", "begin, redo failed"
FINISH_DONE, FINISH_FAILED = "finish: done", "finish: failed"
FINISH_UNKNOWN, FINISH_OTHER = "finish: unknown", "finish, another fence"
UNDO, UNDO_OTHER = "take back", "take back, another fence"
SETTLE_DONE, SETTLE_FAILED = "settle: done", "settle: failed"
FORGET, TIME_OVER = "forget", "its time is over"

_BEGINNING = (
    *((UNDER_WAY, FRESH), (UNDER_WAY, UNDER_WAY), (OVERDUE, IN_DOUBT), (UNKNOWN, IN_DOUBT)),
    *((DONE, FINISHED), (FAILED, FINISHED)),
)
_AGAIN = (UNDER_WAY, FRESH)


def _same(answer: str) -> tuple[tuple[str, str], ...]:
    return tuple((state, answer) for state in STATES)


def _with(
    row: tuple[tuple[str, str], ...], **changed: tuple[str, str]
) -> tuple[tuple[str, str], ...]:
    cells = dict(zip(STATES, row, strict=True))
    cells |= {name.replace("_", " "): cell for name, cell in changed.items()}
    return tuple(cells[state] for state in STATES)


def _ending(status: str) -> tuple[tuple[str, str], ...]:
    written = (status, WRITTEN)
    return _with(_same(LATE), under_way=written, overdue=written, **{status: written})


_BACK = (BEFORE, TAKEN_BACK)
_ROWS = {
    BEGIN: _BEGINNING,
    BEGIN_AGAIN: _with(_BEGINNING, under_way=_AGAIN, overdue=_AGAIN),
    BEGIN_OTHER: _with(_same(OTHER), absent=_AGAIN),
    REDO_UNKNOWN: _with(_BEGINNING, overdue=_AGAIN, unknown=_AGAIN),
    REDO_FAILED: _with(_BEGINNING, failed=_AGAIN),
    FINISH_DONE: _ending(DONE),
    FINISH_FAILED: _ending(FAILED),
    FINISH_UNKNOWN: _ending(UNKNOWN),
    FINISH_OTHER: _same(LATE),
    UNDO: _with(_same(IGNORED), under_way=_BACK, overdue=_BACK),
    UNDO_OTHER: _same(IGNORED),
    SETTLE_DONE: _with(_same(REFUSED), overdue=(DONE, WRITTEN), unknown=(DONE, WRITTEN)),
    SETTLE_FAILED: _with(_same(REFUSED), overdue=(FAILED, WRITTEN), unknown=(FAILED, WRITTEN)),
    FORGET: _with(_same(KEPT), done=(ABSENT, REMOVED), failed=(ABSENT, REMOVED)),
    TIME_OVER: _with(_same(PASSED), under_way=(OVERDUE, PASSED)),
}
TABLE = {
    (state, question): cell
    for question, row in _ROWS.items()
    for state, cell in zip(STATES, row, strict=True)
}


class Row(NamedTuple):
    """What a journal keeps of one action."""

    state: str = ABSENT
    content: int = 0
    fence: int = 0
    begun: float = 0.0
    until: float = 0.0
    before: Row | None = None

    def ask(
        self,
        question: str,
        *,
        content: int = 0,
        fence: int = 0,
        now: float = 0.0,
        lasts: float = 0.0,
    ) -> tuple[Row, str]:
        """Return the next row and the answer, as the table has them."""
        state, answer = TABLE[self.state, question]
        if state == BEFORE:
            return self.before or Row(), answer
        if answer == FRESH:
            before = self.before if self.fence == fence else self
            before = None if before is None or before.state == ABSENT else before
            if before is not None and before.state == OVERDUE:
                before = before._replace(state=UNKNOWN)
            return Row(UNDER_WAY, content, fence, now, now + lasts, before), answer
        if state == self.state:
            return self, answer
        if state == ABSENT:
            return Row(), answer
        return self._replace(state=state, before=self.before if state == OVERDUE else None), answer


def as_markdown() -> str:
    """Return the table for the documentation: next state and answer, or the answer alone."""
    lines = ["| question | " + " | ".join(STATES) + " |", "|---" * (len(STATES) + 1) + "|"]
    for question, row in _ROWS.items():
        cells = (
            answer if state == now else f"**{state}**, {answer}"
            for now, (state, answer) in zip(STATES, row, strict=True)
        )
        lines.append(f"| {question} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
