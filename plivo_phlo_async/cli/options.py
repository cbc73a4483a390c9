"""Options that several commands share, and error messages that name them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from ..emulator.errors import ApiError
from ..errors import ConfigurationError, InvalidArgumentError, PhloError

__all__ = ["at_node", "at_phlo", "common", "describe_error", "json_option", "origin", "parsed"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def json_option(help: str = "Print JSON.") -> Callable[[F], F]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def at_phlo(help: str = "The ID of the PHLO.", *, required: bool = True) -> Callable[[F], F]:
    """Add `--phlo`, with PLIVO_PHLO_ID as its default."""
    return _with_variable("--phlo", "phlo_id", "PLIVO_PHLO_ID", "ID", help, required=required)


def at_node(
    help: str = "The ID of the multi-party call node.", *, required: bool = True
) -> Callable[[F], F]:
    """Add `--node`, with PLIVO_NODE_ID as its default."""
    return _with_variable("--node", "node_id", "PLIVO_NODE_ID", "ID", help, required=required)


def _with_variable(
    option: str, name: str, variable: str, metavar: str, help: str, *, required: bool = False
) -> Callable[[F], F]:
    return click.option(
        option, name, envvar=variable, show_envvar=True, metavar=metavar, help=help,
        required=required,
    )  # fmt: skip


def common(function: F) -> F:
    """Add the options of every command that calls the API; its errors name them."""

    @wraps(function)
    def command(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (ConfigurationError, InvalidArgumentError) as error:
            raise type(error)(describe_error(error)) from error

    for option in (
        json_option(),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Timeout of one attempt.",
        ),
        _with_variable(
            "--base-url", "base_url", "PLIVO_PHLO_BASE_URL", "URL", "The base URL of the API."
        ),
        _with_variable(
            "--auth-id", "auth_id", "PLIVO_AUTH_ID", "ID", "The Auth ID of the account."
        ),
    ):
        command = option(command)
    return cast(F, command)


def parsed(read: Callable[[str], T]) -> Callable[[str], T]:
    """Make an option type from a parser; its error is one line."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except (ValueError, ApiError) as no:
            raise click.BadParameter(str(no)) from None

    return convert


def origin(name: str) -> str | None:
    """Return the option or variable that set a value of the running command, or None."""
    context = click.get_current_context()
    option = next(each for each in context.command.params if each.name == name)
    source = context.get_parameter_source(name)
    if source is ParameterSource.COMMANDLINE:
        return option.opts[0]
    return str(option.envvar) if source is ParameterSource.ENVIRONMENT else None


def describe_error(error: PhloError) -> str:
    """Return an error's message, with options and variables in place of argument names."""
    text = str(error)
    for option in click.get_current_context().command.params:
        if isinstance(option, click.Option) and option.name and option.envvar:
            named = origin(option.name) or option.envvar
            text = re.sub(rf"^{option.name}\b(?: \({option.envvar}\))?", str(named), text)
            text = text.replace(f"pass {option.name}=", f"pass {option.opts[0]}")
    # No option takes the token.
    return text.replace("auth_token (PLIVO_AUTH_TOKEN)", "PLIVO_AUTH_TOKEN").replace(
        ", or pass auth_token=", ""
    )
