"""Outcomes as a journal keeps them: plain JSON values, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, fields_dict, frozen

from .. import errors
from .._parsing import kind_of
from ..actions import Action
from ..errors import OutcomeUnknownError, PhloError, ResponseError
from ..results import Result
from .journal import BEGUN
from .report import BulkOutcome, BulkStatus, error_to_dict

__all__ = ["RecordedOutcome", "in_doubt", "settled"]

_ARGUMENTS = (
    *("may_have_happened", "attempts", "status_code", "api_id", "body", "headers"),
    "retry_after",
)


@frozen
class RecordedOutcome:
    """An outcome as a journal stores it.

    Attributes:
        number: the action's position in the list, from 1; 0 outside a list.
        action: the action, as JSON.
        status: how it ended, or "begun".
        result: the result, as JSON, if it is done.
        error: the error, as JSON, if one was raised.
        attempts: how many requests it took.
        elapsed: seconds it took.
        begun: when it began, in seconds since 1970.
        ended: when it ended, in seconds since 1970.
    """

    number: int
    action: str
    status: str
    result: str | None = None
    error: str | None = None
    attempts: int = 0
    elapsed: float = 0.0
    begun: float | None = None
    ended: float | None = None

    @classmethod
    def of(cls, outcome: BulkOutcome, number: int = 0, action: str = "") -> RecordedOutcome:
        """Return an outcome as it is stored.

        Args:
            outcome: the outcome.
            number: the action's position; 0 where that is stored already.
            action: its action as JSON; "" where that is stored already.
        """
        return cls(
            number,
            action,
            outcome.status.value,
            None if outcome.result is None else json_of(outcome.result.to_dict()),
            None if outcome.error is None else json_of(_error_to_store(outcome.error)),
            outcome.attempts,
            outcome.elapsed,
            None if outcome.begun is None else outcome.begun.timestamp(),
            None if outcome.ended is None else outcome.ended.timestamp(),
        )

    def restore(self) -> BulkOutcome:
        """Return the outcome; one that was begun and has not ended is `unknown`."""
        action = Action.from_dict(json.loads(self.action))
        if self.status == BEGUN:
            return in_doubt(action, _datetime(self.begun), self.number or None)
        result = None if self.result is None else _result(action, json.loads(self.result))
        error = None if self.error is None else _error(action, json.loads(self.error))
        return BulkOutcome(
            action,
            BulkStatus(self.status),
            result,
            error,
            self.attempts,
            self.elapsed,
            _datetime(self.begun),
            _datetime(self.ended),
            self.number or None,
        )


json_of: Callable[[Mapping[str, Any]], str] = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, default=str
).encode


def in_doubt(
    action: Action, begun: datetime | None = None, number: int | None = None
) -> BulkOutcome:
    """Return the outcome of an action that was begun before, and whose end is not recorded.

    Args:
        action: the action.
        begun: when it began, if that is known.
        number: its position in the list, from 1.
    """
    error = OutcomeUnknownError(
        f"{action}: it was begun before, and how it ended is not known; check before repeating it.",
        action=action,
    )
    return BulkOutcome(action, BulkStatus.UNKNOWN, error=error, begun=begun, number=number)


def settled(outcome: BulkOutcome, status: BulkStatus, now: datetime) -> BulkOutcome:
    """Return an unknown outcome as a person has settled it.

    Args:
        outcome: the unknown outcome.
        status: `DONE` or `FAILED`.
        now: when it was settled.
    """
    failed = status is BulkStatus.FAILED
    text = f"{outcome.action}: it was settled as failed."
    error = PhloError(text, action=outcome.action) if failed else None
    return evolve(outcome, status=status, result=None, error=error, ended=now)


def _result(action: Action, values: dict[str, Any]) -> Result:
    kind = kind_of(action.verb)
    known = {name: value for name, value in values.items() if name in fields_dict(kind)}
    if created_on := known.get("created_on"):
        known["created_on"] = datetime.fromisoformat(created_on)
    known |= {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    return kind(**known)


def _error_to_store(error: Exception) -> dict[str, Any]:
    headers = {"headers": error.headers} if isinstance(error, ResponseError) else {}
    return error_to_dict(error) | headers


def _error(action: Action, values: dict[str, Any]) -> PhloError:
    """Return the error of that type; of another package's, a `PhloError` that names it."""
    kind = getattr(errors, str(values["type"]), None)
    if not (isinstance(kind, type) and issubclass(kind, PhloError)):
        return PhloError(f"{values['type']}: {values['message']}", action=action)
    given = {name: values[name] for name in _ARGUMENTS if name in values}
    if "server_message" in values:
        given["message"] = values["server_message"]
    return kind(values["message"], action=action, **given)


def _datetime(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
