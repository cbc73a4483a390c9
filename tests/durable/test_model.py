"""Durable actions in a random model: it keeps its promises, and each part of it is needed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plivo_phlo_async import (
    Action,
    ActionResult,
    BadRequestError,
    BaseJournal,
    BulkOutcome,
    BulkStatus,
    JournalEntry,
    JournalError,
    MemoryJournal,
    SqliteJournal,
)

from . import protocol
from .model import Switches, run
from .protocol import (
    BEGIN,
    BEGIN_OTHER,
    FINISH_DONE,
    FINISH_FAILED,
    FINISH_UNKNOWN,
    FORGET,
    FRESH,
    OTHER,
    REDO_FAILED,
    REDO_UNKNOWN,
    REFUSED,
    SETTLE_DONE,
    SETTLE_FAILED,
    UNDER_WAY,
    UNDO,
    Row,
)

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "durable-actions.md"
CALL = Action.call("p", "n", "12025550000", "12025551111", key="order-7")
OTHER_CALL = Action.call("p", "n", "12025550000", "12025552222", key="order-7")
ENDED = datetime(2026, 1, 1, tzinfo=UTC)
OUTCOMES = {
    FINISH_DONE: BulkOutcome(CALL, BulkStatus.DONE, ActionResult(), ended=ENDED),
    FINISH_FAILED: BulkOutcome(CALL, BulkStatus.FAILED, error=BadRequestError("no"), ended=ENDED),
    FINISH_UNKNOWN: BulkOutcome(CALL, BulkStatus.UNKNOWN, ended=ENDED),
    UNDO: BulkOutcome(CALL, BulkStatus.NOT_STARTED),
}
REDOES = {REDO_UNKNOWN: (BulkStatus.UNKNOWN,), REDO_FAILED: (BulkStatus.FAILED,)}
SETTLED = {SETTLE_DONE: "done", SETTLE_FAILED: "failed"}
QUESTIONS = (BEGIN, BEGIN_OTHER, *OUTCOMES, *REDOES, *SETTLED, FORGET)


@pytest.mark.parametrize("seed", range(3))
def test_random_steps_break_no_promise(seed: int) -> None:
    assert run(20_000, seed).violation == ""


@pytest.mark.parametrize(
    ("steps", "switches"),
    [
        (20_000, Switches(last_look=False)),
        (20_000, Switches(fence_check=False)),
        (20_000, Switches(durable_begin=False)),
        (20_000, Switches(content_check=False)),
        (20_000, Switches(stall_after_look=True)),
        (20_000, Switches(asynchronous_standby=True)),
        (20_000, Switches(server_clock_jumps=True)),
        (300_000, Switches(look_by_wall_clock=True)),
        (1_000_000, Switches(asked_check=False)),
    ],
    ids=str,
)
def test_without_one_part_a_promise_breaks(steps: int, switches: Switches) -> None:
    assert run(steps, 1, switches).violation


def test_the_page_has_the_table_of_the_model() -> None:
    assert protocol.as_markdown() in PAGE.read_text()


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_journal_answers_as_the_table_while_nothing_is_overdue(
    kind: str, tmp_path: Path
) -> None:
    rng = random.Random(1)
    for world in range(20):
        journal: BaseJournal = MemoryJournal()
        if kind == "sqlite":
            journal = SqliteJournal(tmp_path / f"{world}.db")
        await journal.start()
        row, history = Row(), list[str]()
        for _ in range(30):
            question = rng.choice(QUESTIONS)
            if question in OUTCOMES and row.state != UNDER_WAY:
                continue  # only who began ends it
            if question == BEGIN_OTHER and row.state == "absent":
                continue  # there is no other content yet
            if question in SETTLED and row.state == UNDER_WAY:
                continue  # within one process, what was cancelled is settled at once
            row, answer = row.ask(question, fence=len(history) + 1)
            history.append(question)
            assert await _ask(journal, question, answer) == answer, history
        if isinstance(journal, SqliteJournal):
            await journal.aclose()


async def _ask(journal: BaseJournal, question: str, expected: str) -> str:
    """Ask a journal, and return its answer in the words of the table."""
    if question in OUTCOMES:
        await journal.finish(JournalEntry.of(CALL), OUTCOMES[question])
        return expected  # the next answers show what it wrote
    if question == FORGET:
        return "removed" if await journal.forget(older_than=timedelta()) else "kept"
    try:
        if question in SETTLED:
            await journal.settle("order-7", SETTLED[question])
            return "written"
        entry = JournalEntry.of(OTHER_CALL if question == BEGIN_OTHER else CALL)
        state = await journal.begin(entry, REDOES.get(question, ()))
    except JournalError:
        return REFUSED if question in SETTLED else OTHER
    return state.value.replace("_", " ")


def test_a_fresh_answer_begins() -> None:
    for (state, question), (following, answer) in protocol.TABLE.items():
        assert answer != FRESH or following == UNDER_WAY, (state, question)
