"""The result of one check."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from ..exit_codes import OK

__all__ = ["CheckStatus", "Finding"]


class CheckStatus(StrEnum):
    """The status of a check.

    Attributes:
        GOOD: it passed.
        NOTE: it passed, with something to know.
        BAD: it failed.
        UNCHECKED: it could not be done, or its answer proves nothing.
    """

    GOOD = "ok"
    NOTE = "note"
    BAD = "wrong"
    UNCHECKED = "unchecked"


@frozen
class Finding:
    """The result of one check.

    Attributes:
        name: what was checked.
        verdict: the status.
        detail: what was found, or why it was not checked.
        advice: what to do, "" for nothing.
        code: the exit code that it asks for.
    """

    name: str
    verdict: CheckStatus
    detail: str
    advice: str = ""
    code: int = OK
