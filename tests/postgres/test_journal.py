"""The journal in PostgreSQL: who begins, who ends, and what it says to whom."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from plivo_phlo_async import (
    Action,
    ActionResult,
    BadRequestError,
    BulkOutcome,
    BulkStatus,
    InvalidArgumentError,
    JournalEntry,
    JournalError,
    NotSentError,
    PriorState,
)
from plivo_phlo_async.postgres import PostgresJournal

from .relay import relay_to
from .server import PostgresServer, new_folder

pytestmark = pytest.mark.anyio

CALL = Action.call("p", "n", "12025550000", "12025551111", key="order-7")
ENTRY = JournalEntry.of(CALL)
LISTED = JournalEntry.of(CALL, 1)
DONE, FAILED, UNKNOWN = BulkStatus.DONE, BulkStatus.FAILED, BulkStatus.UNKNOWN
NOT_STARTED = BulkStatus.NOT_STARTED
FRESH, UNDER_WAY = PriorState.FRESH, PriorState.UNDER_WAY
IN_DOUBT, FINISHED = PriorState.IN_DOUBT, PriorState.FINISHED


def _ended(status: BulkStatus, **values: Any) -> BulkOutcome:
    return BulkOutcome(CALL, status, **values)


@pytest.fixture
async def other(postgres_server: PostgresServer, run: str) -> AsyncIterator[PostgresJournal]:
    """The journal of another process."""
    async with PostgresJournal(postgres_server.dsn, run=run) as journal:
        yield journal


def _let_time_pass(server: PostgresServer, run: str) -> None:
    """Let the time be over for which whoever began an action may be at work."""
    server.execute(
        "UPDATE phlo_actions SET until = until - interval '1 hour',"
        f" begun = begun - interval '1 hour' WHERE run = '{run}'"
    )


# How an action stands


async def test_what_was_never_begun_is_fresh(journal: PostgresJournal) -> None:
    assert await journal.prior(ENTRY) is FRESH
    assert await journal.begin(ENTRY) is FRESH


async def test_what_another_process_has_begun_is_under_way(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    await other.begin(ENTRY)

    assert await journal.prior(ENTRY, {FAILED, UNKNOWN}) is UNDER_WAY
    assert await journal.begin(ENTRY, {FAILED, UNKNOWN}) is UNDER_WAY


async def test_what_was_begun_is_in_doubt_once_its_time_is_over(
    journal: PostgresJournal, other: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await other.begin(ENTRY)
    _let_time_pass(postgres_server, run)

    assert await journal.prior(ENTRY) is IN_DOUBT
    assert await journal.begin(ENTRY) is IN_DOUBT


async def test_what_this_process_is_at_is_under_way_however_long_it_takes(
    journal: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await journal.begin(ENTRY)
    _let_time_pass(postgres_server, run)

    assert await journal.begin(ENTRY, {UNKNOWN}) is UNDER_WAY


async def test_it_is_under_way_for_the_time_to_start_and_the_longest_attempt(
    journal: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await journal.begin(JournalEntry.of(CALL, longest_attempt=32.0))
    lasts = postgres_server.execute(
        f"SELECT extract(epoch FROM until - begun)::int FROM phlo_actions WHERE run = '{run}'"
    )

    assert lasts == [(42,)]


@pytest.mark.parametrize(
    ("ended", "state"),
    [(DONE, FINISHED), (FAILED, FINISHED), (UNKNOWN, IN_DOUBT), (NOT_STARTED, FRESH)],
)
async def test_how_it_ended_is_how_it_stands_for_another_process(
    journal: PostgresJournal, other: PostgresJournal, ended: BulkStatus, state: PriorState
) -> None:
    await other.begin(ENTRY)
    await other.finish(ENTRY, _ended(ended))

    assert await journal.begin(ENTRY) is state


async def test_a_run_is_a_scope_of_its_own(
    journal: PostgresJournal, postgres_server: PostgresServer
) -> None:
    async with PostgresJournal(postgres_server.dsn, run="another run") as another:
        await another.begin(ENTRY)

        assert await journal.begin(ENTRY) is FRESH
        assert await another.forget(older_than=timedelta()) == 0


async def test_one_of_many_that_ask_at_once_begins(
    postgres_server: PostgresServer, run: str
) -> None:
    async with AsyncExitStack() as stack:
        journals = [
            await stack.enter_async_context(PostgresJournal(postgres_server.dsn, run=run))
            for _ in range(8)
        ]
        for number in range(20):
            entry = JournalEntry.of(Action.hold("p", "n", "1", key=f"{number}"))
            states = await asyncio.gather(*(journal.begin(entry) for journal in journals * 2))

            assert sorted(states) == [FRESH, *[UNDER_WAY] * 15]


# Again, on purpose


@pytest.mark.parametrize("ended", [FAILED, UNKNOWN])
async def test_what_the_caller_redoes_begins_again(
    journal: PostgresJournal, other: PostgresJournal, ended: BulkStatus
) -> None:
    await other.begin(ENTRY)
    await other.finish(ENTRY, _ended(ended))

    assert await journal.prior(ENTRY, {ended}) is FRESH
    assert await journal.begin(ENTRY, {ended}) is FRESH


async def test_what_is_in_doubt_is_redone_as_unknown(
    journal: PostgresJournal, other: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await other.begin(ENTRY)
    _let_time_pass(postgres_server, run)

    assert await journal.prior(ENTRY, {FAILED}) is IN_DOUBT
    assert await journal.prior(ENTRY, {UNKNOWN}) is FRESH
    assert await journal.begin(ENTRY, {UNKNOWN}) is FRESH


async def test_what_was_begun_again_and_not_sent_is_as_it_was(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    await other.begin(ENTRY)
    await other.finish(ENTRY, _ended(UNKNOWN))
    for _ in range(2):  # e.g. refused by the server, and asked again
        await journal.prior(ENTRY, {UNKNOWN})
        assert await journal.begin(ENTRY, {UNKNOWN}) is FRESH
        await journal.finish(ENTRY, _ended(NOT_STARTED))

    assert await other.begin(ENTRY) is IN_DOUBT


@pytest.mark.parametrize("known", [False, True])
async def test_of_those_that_redo_one_action_only_the_first_does(
    journal: PostgresJournal, other: PostgresJournal, *, known: bool
) -> None:
    if known:
        await other.begin(ENTRY)
        await other.finish(ENTRY, _ended(UNKNOWN))
    entries = [evolve(ENTRY, asked=await journal.now()) for _ in range(4)]  # wait for their turn
    assert await journal.prior(entries[0], {UNKNOWN}) is FRESH
    assert await other.begin(entries[1], {UNKNOWN}) is FRESH
    assert await other.begin(entries[2], {UNKNOWN}) is UNDER_WAY
    await other.finish(ENTRY, _ended(UNKNOWN))

    assert await other.begin(entries[3], {UNKNOWN}) is IN_DOUBT
    assert await journal.prior(entries[0], {UNKNOWN}) is IN_DOUBT
    assert await journal.begin(entries[0], {UNKNOWN}) is IN_DOUBT


async def test_processes_that_redo_one_list_do_each_action_once(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    await other.begin(LISTED)
    await other.finish(LISTED, _ended(FAILED))
    await journal.start()
    await other.start()
    assert await other.prior(LISTED, {FAILED}) is FRESH
    assert await other.begin(LISTED, {FAILED}) is FRESH
    await other.finish(LISTED, _ended(FAILED))

    assert await journal.prior(LISTED, {FAILED}) is FINISHED
    assert await journal.begin(LISTED, {FAILED}) is FINISHED


# The last look


async def test_what_was_begun_may_be_sent_until_its_time_is_over(
    postgres_server: PostgresServer, run: str
) -> None:
    now = 100.0
    async with PostgresJournal(
        postgres_server.dsn, run=run, start_within=10.0, clock=lambda: now
    ) as journal:
        await journal.begin(ENTRY)
        assert journal.may_send(ENTRY)
        now = 110.0
        assert journal.may_send(ENTRY)
        now = 110.1
        assert not journal.may_send(ENTRY)


async def test_what_was_not_begun_here_may_not_be_sent(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    await other.begin(ENTRY)
    await journal.begin(ENTRY)

    assert not journal.may_send(ENTRY)


# Only the latest beginning ends an action


async def test_a_late_end_of_what_is_in_doubt_counts(
    journal: PostgresJournal, other: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await other.begin(ENTRY)
    _let_time_pass(postgres_server, run)
    assert await journal.begin(ENTRY) is IN_DOUBT
    await other.finish(ENTRY, _ended(DONE))

    assert await journal.begin(ENTRY) is FINISHED


async def test_a_late_end_of_what_was_redone_is_logged_and_not_written(
    journal: PostgresJournal,
    other: PostgresJournal,
    postgres_server: PostgresServer,
    run: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await other.begin(ENTRY)
    _let_time_pass(postgres_server, run)
    await journal.begin(ENTRY, {UNKNOWN})
    await other.finish(ENTRY, _ended(FAILED))

    assert "ended late (failed), after it was done again" in caplog.text
    assert await other.prior(ENTRY) is UNDER_WAY


async def test_what_was_redone_is_not_taken_back_by_who_did_not_send(
    journal: PostgresJournal, other: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await other.begin(ENTRY)
    _let_time_pass(postgres_server, run)
    await journal.begin(ENTRY, {UNKNOWN})
    await other.finish(ENTRY, _ended(NOT_STARTED))

    assert await other.prior(ENTRY) is UNDER_WAY


async def test_a_late_end_does_not_replace_what_a_person_settled(
    journal: PostgresJournal,
    other: PostgresJournal,
    postgres_server: PostgresServer,
    run: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await other.begin(ENTRY)
    _let_time_pass(postgres_server, run)
    await journal.settle("order-7", "failed")
    await other.finish(ENTRY, _ended(DONE))

    assert "ended late (done)" in caplog.text
    assert await journal.counts() == {"done": 0, "failed": 1, "unknown": 0}


# A broken network


async def test_a_beginning_whose_answer_is_lost_is_asked_for_again(
    postgres_server: PostgresServer, run: str
) -> None:
    with new_folder() as folder, relay_to(postgres_server.folder, Path(folder)) as relay:
        dsn = postgres_server.dsn.replace(str(postgres_server.folder), folder)
        async with PostgresJournal(dsn, run=run) as journal:
            relay.lose = b"'begun', $"
            assert await journal.begin(ENTRY) is FRESH
            assert relay.lost == 1
            await journal.finish(ENTRY, _ended(DONE))

            assert await journal.counts() == {"done": 1, "failed": 0, "unknown": 0}


async def test_an_end_whose_answer_is_lost_is_written_once(
    postgres_server: PostgresServer, run: str, caplog: pytest.LogCaptureFixture
) -> None:
    with new_folder() as folder, relay_to(postgres_server.folder, Path(folder)) as relay:
        dsn = postgres_server.dsn.replace(str(postgres_server.folder), folder)
        async with PostgresJournal(dsn, run=run) as journal:
            await journal.begin(ENTRY)
            relay.lose = b"UPDATE phlo_actions SET status"
            await journal.finish(ENTRY, _ended(DONE))

            assert relay.lost == 1
            assert await journal.counts() == {"done": 1, "failed": 0, "unknown": 0}
    assert "ended late" not in caplog.text


async def test_a_beginning_that_is_cancelled_is_taken_back(
    journal: PostgresJournal, other: PostgresJournal, postgres_server: PostgresServer
) -> None:
    asking = asyncio.create_task(journal.begin(ENTRY))
    await asyncio.sleep(0)  # it has started
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await journal.flush()

    assert await other.begin(ENTRY) is FRESH


# Reading it back


async def test_an_outcome_comes_back_with_all_it_has(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    result = ActionResult(api_id="a", raw={"api_id": "a"}, attempts=2, elapsed=0.5, status_code=201)
    await other.begin(LISTED)
    await other.finish(LISTED, _ended(DONE, result=result, attempts=2, elapsed=0.5))
    (outcome,) = [outcome async for outcome in journal.outcomes()]

    assert (outcome.result, outcome.attempts, outcome.elapsed) == (result, 2, 0.5)
    assert (outcome.key, outcome.number, outcome.action) == ("order-7", 1, CALL)
    assert outcome.begun is not None
    assert outcome.ended is not None
    assert outcome.begun <= outcome.ended


async def test_an_error_comes_back_equal(journal: PostgresJournal, other: PostgresJournal) -> None:
    error = BadRequestError(
        "no", status_code=400, body={"error": "\0 no"}, headers={"x": "y"}, action=CALL, attempts=1
    )
    await other.begin(ENTRY)
    await other.finish(ENTRY, _ended(FAILED, error=error))
    recorded = await journal.recorded(ENTRY)

    assert recorded is not None
    assert recorded.error == error


async def test_what_is_under_way_has_no_outcome_yet(
    journal: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await journal.begin(ENTRY)

    assert [outcome async for outcome in journal.outcomes()] == []
    assert await journal.counts() == {"done": 0, "failed": 0, "unknown": 0}

    _let_time_pass(postgres_server, run)

    assert [outcome.status async for outcome in journal.unknown()] == [UNKNOWN]
    assert await journal.counts() == {"done": 0, "failed": 0, "unknown": 1}


async def test_more_outcomes_than_a_page_come_in_the_order_in_which_they_began(
    journal: PostgresJournal, postgres_server: PostgresServer, run: str
) -> None:
    await journal.begin(ENTRY)
    postgres_server.execute(
        "INSERT INTO phlo_actions (run, name, content, number, action, status, fence, until)"
        " SELECT run, i, content, i, action, 'done', fence, until"
        f" FROM phlo_actions, generate_series(1, 1200) AS i WHERE run = '{run}'"
    )
    numbers = [outcome.number async for outcome in journal.outcomes()]

    assert numbers == list(range(1, 1201))


async def test_only_an_unknown_action_is_settled(journal: PostgresJournal) -> None:
    await journal.begin(ENTRY)
    for key in ("order-7", "order-8"):
        with pytest.raises(JournalError, match="order-"):
            await journal.settle(key, "done")
    with pytest.raises(InvalidArgumentError):
        await journal.settle("order-7", "unknown")


async def test_forgetting_removes_what_ended_and_never_what_is_unknown(
    journal: PostgresJournal,
) -> None:
    for number, status in enumerate((DONE, FAILED, UNKNOWN)):
        entry = JournalEntry.of(Action.hold("p", "n", "1", key=f"{number}"))
        await journal.begin(entry)
        await journal.finish(entry, _ended(status))

    assert await journal.forget(older_than=timedelta(hours=1)) == 0
    assert await journal.forget(older_than=timedelta()) == 2
    assert await journal.counts() == {"done": 0, "failed": 0, "unknown": 1}


async def test_what_failed_before_it_began_is_recorded_once(journal: PostgresJournal) -> None:
    error = NotSentError("no route", action=CALL)
    for _ in range(2):
        await journal.finish(LISTED, _ended(FAILED, error=error))

    assert [outcome.error async for outcome in journal.outcomes()] == [error]


async def test_an_unknown_action_of_a_list_that_is_redone_and_not_sent_stays_unknown(
    journal: PostgresJournal,
) -> None:
    await journal.begin(LISTED)
    await journal.finish(LISTED, _ended(UNKNOWN))
    await journal.start()
    await journal.begin(LISTED, {UNKNOWN})
    for _ in range(2):
        await journal.finish(LISTED, _ended(FAILED, error=NotSentError("no route")))

    assert await journal.counts() == {"done": 0, "failed": 0, "unknown": 1}


# The caller's pool


async def test_a_pool_of_the_callers_is_used_and_left_as_it_was(
    postgres_server: PostgresServer, run: str
) -> None:
    async with AsyncConnectionPool(
        postgres_server.dsn, kwargs={"row_factory": dict_row}, min_size=1, max_size=2, open=False
    ) as pool:
        async with PostgresJournal(pool, run=run) as journal:
            await asyncio.gather(
                *(
                    journal.begin(JournalEntry.of(Action.hold("p", "n", "1", key=f"{number}")))
                    for number in range(20)
                )
            )
        async with pool.connection() as connection:
            assert not connection.autocommit
            cursor = await connection.execute("SELECT 1 AS one")
            row: Any = await cursor.fetchone()
            assert row == {"one": 1}


async def test_with_a_pool_it_needs_no_context_manager(
    postgres_server: PostgresServer, run: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with AsyncConnectionPool(postgres_server.dsn, min_size=1, open=False) as pool:
        journal = PostgresJournal(pool, run=run)

        assert await journal.begin(ENTRY) is FRESH
        await journal.flush()
    assert caplog.text == ""
