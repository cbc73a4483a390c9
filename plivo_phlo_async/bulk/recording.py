"""Perform one action, and record in a journal how it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import anyio

from .._parsing import kind_of
from .._transport.action_execution import ActionExecution
from ..results import Result
from .journal import JournalEntry
from .journal_session import JournalSession, NotFresh, NotRecorded
from .recorded import in_doubt
from .report import BulkOutcome, BulkStatus

__all__ = ["ended", "outcome_of", "perform_recorded"]


async def outcome_of(execution: ActionExecution) -> BulkOutcome:
    """Perform an action and return its outcome, which has the error, if one is raised.

    Args:
        execution: the execution of the action.

    Raises:
        NotFresh: the action was begun meanwhile.
        NotRecorded: the journal failed; nothing was sent.
    """
    result: Result | None = None
    error: Exception | None = None
    status = BulkStatus.DONE
    try:
        result = await execution.run(kind_of(execution.action.verb))
    except (NotFresh, NotRecorded):
        raise
    except Exception as raised:
        error = raised
        status = BulkStatus.UNKNOWN if execution.in_doubt else BulkStatus.FAILED
    return ended(execution, status, result, error)


def ended(
    execution: ActionExecution,
    status: BulkStatus,
    result: Result | None = None,
    error: Exception | None = None,
) -> BulkOutcome:
    """Return the outcome of an execution that has ended.

    Args:
        execution: the execution.
        status: how the action ended.
        result: its result, if it is done.
        error: its error, if one was raised.
    """
    elapsed = execution.transport.shared.clock() - execution.started
    action, attempts, begun = execution.action, execution.attempts, execution.begun
    return BulkOutcome(action, status, result, error, attempts, elapsed, begun, datetime.now(UTC))


async def perform_recorded(
    session: JournalSession,
    entry: JournalEntry,
    execution: ActionExecution,
    perform: Callable[[ActionExecution], Awaitable[BulkOutcome]],
    write: Callable[[Awaitable[None]], Awaitable[None]],
) -> BulkOutcome:
    """Perform an action, and record how it ended, also if it is cancelled; return its outcome.

    Args:
        session: the journal.
        entry: the action.
        execution: its execution.
        perform: performs it; as `outcome_of`.
        write: awaits what writes to the journal, and handles what that raises.

    Raises:
        NotFresh: the action was begun meanwhile.
        NotRecorded: the journal failed; nothing was sent.
    """
    try:
        outcome = await perform(execution)
    except (NotFresh, NotRecorded):
        raise
    except BaseException:  # cancelled
        outcome = BulkOutcome(entry.action, BulkStatus.NOT_STARTED)
        if execution.in_doubt:
            outcome = in_doubt(entry.action, execution.begun)
        with anyio.CancelScope(shield=True):
            await write(session.finish(entry, outcome))
            await write(session.flush())
        raise
    await write(session.finish(entry, outcome))
    return outcome
