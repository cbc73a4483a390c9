"""A run as plain JSON data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .values import (
    Leg,
    LegState,
    ReachedState,
    Run,
    RunMessage,
    RunRecording,
    Token,
    VisitedNode,
    Wait,
    WaitKind,
)

__all__ = ["run_from_json", "run_to_json"]


def run_to_json(run: Run) -> dict[str, Any]:
    """Return a run as plain data; `run_from_json` returns an equal run."""
    return attrs.asdict(run, value_serializer=_as_plain)


def _as_plain(_: object, attribute: object, value: object) -> object:
    return str(value) if isinstance(value, LegState | WaitKind) else value


def run_from_json(data: Mapping[str, Any]) -> Run:
    """Return a run from its plain data.

    Raises:
        KeyError, TypeError, ValueError: the data is not of a run.
    """
    return Run(
        **{
            **data,
            "tokens": tuple(_token(token) for token in data["tokens"]),
            "legs": {uuid: _leg(leg) for uuid, leg in data["legs"].items()},
            "path": tuple(VisitedNode(**visit) for visit in data["path"]),
            "states": tuple(ReachedState(**state) for state in data["states"]),
            "messages": {uuid: _message(one) for uuid, one in data["messages"].items()},
            "recordings": tuple(RunRecording(**one) for one in data["recordings"]),
            "notes": tuple(data["notes"]),
        }
    )


def _token(data: Mapping[str, Any]) -> Token:
    return Token(**{**data, "wait": None if data["wait"] is None else _wait(data["wait"])})


def _wait(data: Mapping[str, Any]) -> Wait:
    attempts = tuple(_wait(attempt) for attempt in data["attempts"])
    pending = tuple(data["pending"])
    kind = WaitKind(data["kind"])
    return Wait(**{**data, "kind": kind, "attempts": attempts, "pending": pending})


def _leg(data: Mapping[str, Any]) -> Leg:
    return Leg(**{**data, "state": LegState(data["state"])})


def _message(data: Mapping[str, Any]) -> RunMessage:
    return RunMessage(**{**data, "media": tuple(data["media"])})
