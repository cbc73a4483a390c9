"""Perform one action at most once, however often and by however many workers it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable

from .._parsing import kind_of
from .._transport.action_execution import ActionExecution
from .._transport.hooks import logger
from .._transport.transport import Transport
from ..actions import Action
from ..errors import InvalidArgumentError, JournalError
from ..results import Result
from .journal import Journal, JournalEntry, PriorState
from .journal_session import JournalRecorder, JournalSession, NotFresh, NotRecorded, session_of_one
from .recorded import in_doubt
from .recording import outcome_of, perform_recorded
from .redo import Redo
from .report import BulkOutcome, BulkStatus

__all__ = ["perform_once"]

_FIRST_WAIT, _LONGEST_WAIT = 0.01, 0.5  # seconds between two looks at an action under way


async def perform_once(
    transport: Transport, action: Action, journal: Journal, redo: Redo
) -> Result:
    """Perform an action unless its journal has it already; return its result, or the recorded one.

    Args:
        transport: performs it.
        action: the action, with a key.
        journal: records that it begins and how it ends.
        redo: how it may have ended to be done again.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
        PhloError: the action failed, or may have; also if it did so earlier.
    """
    if action.key is None:
        raise InvalidArgumentError("action: give it a key, by which its journal knows it.")
    session = session_of_one(journal, redo)
    entry = JournalEntry.of(action, longest_attempt=transport.longest_attempt)
    entry = await session.asked_now(entry)
    return _result(await _outcome(transport, session, entry))


async def _outcome(
    transport: Transport, session: JournalSession, entry: JournalEntry
) -> BulkOutcome:
    """Return the action's outcome, of this execution or of an earlier one; wait for another's."""
    wait = _FIRST_WAIT
    while True:
        state = await session.prior(entry)
        try:
            if state is PriorState.FRESH:
                return await _perform(transport, session, entry)
        except NotFresh as found:
            state = found.state
        if state is PriorState.UNDER_WAY:
            session = session.without_redo()  # it is being done now
            await transport.shared.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        elif (recorded := await session.recorded(entry)) is not None:
            return recorded


async def _perform(
    transport: Transport, session: JournalSession, entry: JournalEntry
) -> BulkOutcome:
    action = entry.action
    recorder = JournalRecorder(session, entry, lambda: None)
    execution = ActionExecution(transport, action, recorder)

    async def write(writing: Awaitable[None]) -> None:
        try:
            await writing
        except Exception as error:
            logger.error("%s: the journal lacks how it ended: %s", action, error)

    try:
        outcome = await perform_recorded(session, entry, execution, outcome_of, write)
    except NotRecorded as failed:
        if isinstance(failed.error, JournalError):
            raise failed.error from failed.error.__cause__
        raise JournalError(
            f"{action}: its journal failed: {failed.error}", action=action
        ) from failed.error
    await write(session.flush())
    return outcome


def _result(outcome: BulkOutcome) -> Result:
    """Return the result of an outcome, or raise its error."""
    if outcome.status is BulkStatus.DONE:
        # A person who settles an action has no response.
        return outcome.result or kind_of(outcome.action.verb)(reply_complete=False)
    error = outcome.error or in_doubt(outcome.action).error
    assert error is not None  # what is in doubt has one
    raise error
