"""The exit codes of all commands."""

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
    "InputError",
    "exit_code_for",
    "usage_error",
]

OK = 0
FAILED = 1
USAGE = 2
CREDENTIALS = 3
NETWORK = 4
UNKNOWN = 5
INTERRUPTED = 130


def exit_code_for(error: PhloError) -> int:
    """Return the exit code for an error."""
    if error.may_have_happened:
        return UNKNOWN
    if isinstance(error, InvalidArgumentError):
        return USAGE
    if isinstance(error, ConfigurationError | AuthenticationError):
        return CREDENTIALS
    return NETWORK if isinstance(error, RequestError) else FAILED


class InputError(click.UsageError):
    """A usage error that says what to do; the help has nothing to add."""


def usage_error(text: str) -> NoReturn:
    """Exit with a usage error; `text` says what is wrong and what to do."""
    raise InputError(text, click.get_current_context()) from None
