"""What to do after a bulk run: it depends on why the run ended."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from enum import StrEnum
from heapq import nsmallest

from attrs import frozen

from ..._masking import mask_numbers
from ...errors import JournalError
from .outcome import RunOutcome

__all__ = ["Advice", "EndReason", "advice_for", "end_reason", "resume_command", "stop_text"]

_MAX_LINES = 20
_NO_JOURNAL = (
    "There is no journal: remove the finished rows before you start again, and pass --journal PATH,"
    " so that the same command resumes where it stopped."
)
_NOTHING_DONE = "Nothing was carried out: the same command starts again."


class EndReason(StrEnum):
    """Why a run ended.

    Attributes:
        FINISHED: every row has an outcome.
        FINISHED_BEFORE: earlier runs with the same journal had finished every row.
        INTERRUPTED: a signal stopped it.
        CREDENTIALS: the server rejected the credentials.
        UNREACHABLE: no request could be sent.
        JOURNAL_REFUSED: the journal does not fit the list; the same command fails again.
        JOURNAL_FAILED: the journal could not be written.
        RESULTS_FAILED: the results file could not be written.
        LIST_FAILED: the list has an invalid action; the same command fails again.
    """

    FINISHED = "finished"
    FINISHED_BEFORE = "finished_before"
    INTERRUPTED = "interrupted"
    CREDENTIALS = "credentials"
    UNREACHABLE = "unreachable"
    JOURNAL_REFUSED = "journal_refused"
    JOURNAL_FAILED = "journal_failed"
    RESULTS_FAILED = "results_failed"
    LIST_FAILED = "list_failed"


@frozen
class Advice:
    """What to do after a run.

    Attributes:
        lines: sentences.
        commands: further commands, each with its purpose.
    """

    lines: list[str]
    commands: list[tuple[str, str]]


# The sentence for each reason, and the condition for resuming; None: the same command fails again.
_REASONS: dict[EndReason, tuple[str, str | None]] = {
    EndReason.FINISHED: ("", ""),
    EndReason.FINISHED_BEFORE: (
        "Every{other} action was finished before: nothing was sent. To run the list again, pass"
        " another --journal.",
        None,
    ),
    EndReason.INTERRUPTED: ("", ""),
    EndReason.CREDENTIALS: (
        "Stopped: the server rejected the credentials. Check PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN.",
        ", with the right credentials",
    ),
    EndReason.UNREACHABLE: (
        "No request could be sent: nothing happened. `plivo-phlo doctor` checks the connection.",
        "",
    ),
    EndReason.JOURNAL_REFUSED: ("Stopped: {error} Nothing more was sent.", None),
    EndReason.JOURNAL_FAILED: ("Stopped: {error}", ", once that is fixed"),
    EndReason.RESULTS_FAILED: (
        "Stopped: {error} The file lacks the last outcomes. Free some space, or pass another"
        " --results.",
        ", once that is fixed",
    ),
    EndReason.LIST_FAILED: ("Stopped: {error} Nothing more was sent.", None),
}


def end_reason(outcome: RunOutcome) -> EndReason:
    """Return why the run ended."""
    error = outcome.stopped_by
    if isinstance(error, JournalError):
        # An error of the file is the cause of the journal's; a refusal has no cause.
        failed = error.__cause__ is not None
        return EndReason.JOURNAL_FAILED if failed else EndReason.JOURNAL_REFUSED
    if error is not None:
        failed = isinstance(error, OSError)
        return EndReason.RESULTS_FAILED if failed else EndReason.LIST_FAILED
    if outcome.denied is not None:
        return EndReason.CREDENTIALS
    if outcome.interrupted and (outcome.not_started or outcome.cancelled):
        return EndReason.INTERRUPTED
    if outcome.all_unreachable:
        return EndReason.UNREACHABLE
    if outcome.all_finished_before:
        return EndReason.FINISHED_BEFORE
    return EndReason.FINISHED


def stop_text(outcome: RunOutcome) -> str | None:
    """Return what stopped the run, with phone numbers masked."""
    error = outcome.stopped_by
    if isinstance(error, OSError):
        return f"--results {error.filename}: {error.strerror}."
    return None if error is None else mask_numbers(str(error))


def advice_for(outcome: RunOutcome) -> Advice:
    """Return what to do after the run."""
    return Advice(_lines(outcome), _commands(outcome) if outcome.journal else [])


def resume_command(outcome: RunOutcome) -> str | None:
    """Return the command that resumes the run; None if nothing is left, or if it fails again."""
    reason = end_reason(outcome)
    if not outcome.journal or not outcome.not_started or _REASONS[reason][1] is None:
        return None
    # What failed because of the credentials is to be done as well.
    return _command(outcome, *(["--retry-failed"] if reason is EndReason.CREDENTIALS else []))


def _command(outcome: RunOutcome, *more: str) -> str:
    """Return the command again, without --retry-unknown unless it is passed here."""
    kept = [part for part in outcome.argv if part != "--retry-unknown" and part not in more]
    return shlex.join(["plivo-phlo", *kept, *more])


def _lines(outcome: RunOutcome) -> list[str]:
    reason = end_reason(outcome)
    text, resumes = _REASONS[reason]
    other = " other" if outcome.unknown_lines else ""
    lines = [text.format(error=stop_text(outcome), other=other)] if text else []
    if outcome.unknown_lines:
        lines.append(
            f"Unknown: {_listed(outcome.unknown_lines)}. These actions may have happened: check"
            " Plivo's call logs before you repeat them."
        )
    if outcome.failed_lines and reason is not EndReason.UNREACHABLE:
        lines.append(f"Failed: {_listed(outcome.failed_lines)}.")
    if outcome.not_started and not outcome.journal and resumes is not None:
        begun = outcome.this_run["done"] or outcome.this_run["unknown"]
        lines.append(_NO_JOURNAL if begun else _NOTHING_DONE)
    return lines


def _commands(outcome: RunOutcome) -> list[tuple[str, str]]:
    """Return the possible next steps, each with its command."""
    reason = end_reason(outcome)
    counts, condition = outcome.over_all, _REASONS[reason][1]
    if condition is None and reason is not EndReason.FINISHED_BEFORE:
        return []
    commands = []
    resume = resume_command(outcome)
    if resume is not None:
        commands.append((f"To resume{condition}", resume))
    if counts["failed"] and not (resume and reason is EndReason.CREDENTIALS):
        purpose = f"To retry the failed actions{condition or ''}"
        commands.append((purpose, _command(outcome, "--retry-failed")))
    if counts["unknown"]:
        again = _command(outcome, "--retry-unknown")
        commands.append(("To repeat the unknown actions, after checking", again))
    return commands


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, nsmallest(_MAX_LINES, lines)))
    more = len(lines) - _MAX_LINES
    return f"line{'s' * (len(lines) > 1)} {shown}{f' and {more} more' if more > 0 else ''}"
