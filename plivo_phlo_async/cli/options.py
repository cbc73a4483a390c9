"""The options that several commands have, and errors in their words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from ..emulator.errors import ApiError
from ..errors import ConfigurationError, InvalidArgumentError, PhloError

__all__ = ["at_node", "at_phlo", "common", "in_words", "json_option", "origin", "said"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def json_option(help: str = "Print JSON, for machines.") -> Callable[[F], F]:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def at_phlo(help: str = "The PHLO.", *, required: bool = True) -> Callable[[F], F]:
    """`--phlo`, else PLIVO_PHLO_ID."""
    return _with_variable("--phlo", "phlo_id", "PLIVO_PHLO_ID", "ID", help, required=required)


def at_node(help: str = "The multi-party call node.", *, required: bool = True) -> Callable[[F], F]:
    """`--node`, else PLIVO_NODE_ID."""
    return _with_variable("--node", "node_id", "PLIVO_NODE_ID", "ID", help, required=required)


def _with_variable(
    option: str, name: str, variable: str, metavar: str, help: str, *, required: bool = False
) -> Callable[[F], F]:
    return click.option(
        option, name, envvar=variable, show_envvar=True, metavar=metavar, help=help,
        required=required,
    )  # fmt: skip


def common(function: F) -> F:
    """The options of every command that asks the API; its errors name them."""

    @wraps(function)
    def command(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (ConfigurationError, InvalidArgumentError) as error:
            raise type(error)(in_words(error)) from error

    for option in (
        json_option(),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Longest time for one attempt.",
        ),
        _with_variable(
            "--base-url", "base_url", "PLIVO_PHLO_BASE_URL", "URL", "The API's address."
        ),
        _with_variable("--auth-id", "auth_id", "PLIVO_AUTH_ID", "ID", "The account."),
    ):
        command = option(command)
    return cast(F, command)


def said(read: Callable[[str], T]) -> Callable[[str], T]:
    """The type of an option that `read` reads; what it cannot read is one clear line."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except (ValueError, ApiError) as no:
            raise click.BadParameter(str(no)) from None

    return convert


def origin(name: str) -> str | None:
    """What gave the running command a value: an option, a variable, or nothing."""
    context = click.get_current_context()
    option = next(each for each in context.command.params if each.name == name)
    source = context.get_parameter_source(name)
    if source is ParameterSource.COMMANDLINE:
        return option.opts[0]
    return str(option.envvar) if source is ParameterSource.ENVIRONMENT else None


def in_words(error: PhloError) -> str:
    """An error of the library, naming an option or variable where that names an argument."""
    text = str(error)
    for option in click.get_current_context().command.params:
        if isinstance(option, click.Option) and option.name and option.envvar:
            named = origin(option.name) or option.envvar
            text = re.sub(rf"^{option.name}\b(?: \({option.envvar}\))?", str(named), text)
            text = text.replace(f"pass {option.name}=", f"give {option.opts[0]}")
    # No option takes the token.
    return text.replace("auth_token (PLIVO_AUTH_TOKEN)", "PLIVO_AUTH_TOKEN").replace(
        ", or pass auth_token=", ""
    )
