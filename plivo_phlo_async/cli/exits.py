"""How a command ends: exit codes, the same for every command, and the way out."""

from __future__ import annotations

from typing import NoReturn

import click

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidArgumentError,
    PhloError,
    RequestError,
)

__all__ = [
    "CREDENTIALS",
    "FAILED",
    "INTERRUPTED",
    "NETWORK",
    "OK",
    "UNKNOWN",
    "USAGE",
    "code_of",
    "refuse",
]

OK = 0
FAILED = 1
USAGE = 2
CREDENTIALS = 3
NETWORK = 4
UNKNOWN = 5
INTERRUPTED = 130


def code_of(error: PhloError) -> int:
    """The exit code that tells what kind of error this is."""
    if error.may_have_happened:
        return UNKNOWN
    if isinstance(error, InvalidArgumentError):
        return USAGE
    if isinstance(error, ConfigurationError | AuthenticationError):
        return CREDENTIALS
    return NETWORK if isinstance(error, RequestError) else FAILED


def refuse(text: str) -> NoReturn:
    """End the command as wrongly used; `text` is one sentence that says why."""
    raise click.UsageError(text, click.get_current_context()) from None
