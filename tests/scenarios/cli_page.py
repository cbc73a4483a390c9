"""The generated part of the documentation's page on the command.

`python -m tests.scenarios.cli_page` writes the page.
"""

from __future__ import annotations

import inspect
from itertools import groupby
from pathlib import Path

import click

from plivo_phlo_async.cli import plivo_phlo

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
MARK = "<!-- Generated from the commands by `python -m tests.scenarios.cli_page`. -->\n"
_ORDER = [
    *("demo", "emulate", "check", "test", "flow draw", "flow new", "doctor"),
    *("call", "warm-transfer", "cold-transfer", "hold", "unhold"),
    *("resume-call", "abort-transfer", "voicemail-drop", "mute", "unmute", "hangup"),
    *("run", "show", "bulk", "listen", "verify"),
]


def page(text: str) -> str:
    """Return the page, with the handwritten part of `text`."""
    by_hand, _, _ = text.partition(MARK)
    alike = groupby(_in_order(), key=_options)
    return "\n".join([by_hand + MARK, *(_section(list(each), rows) for rows, each in alike)])


def _in_order() -> list[click.Command]:
    commands = _commands(plivo_phlo)
    names = sorted(commands, key=lambda name: (_place(name), name))
    return [commands[name] for name in names]


def _commands(group: click.Group) -> dict[str, click.Command]:
    """Return the commands by name, those of a group with its name in front."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            inner = _commands(command).items()
            found |= {f"{name} {below}": each for below, each in inner}
        else:
            found[name] = command
    return found


def _name(command: click.Command) -> str:
    return next(name for name, each in _commands(plivo_phlo).items() if each is command)


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _section(commands: list[click.Command], rows: str) -> str:
    """Return the section of commands with the same options."""
    title = ", ".join(map(_name, commands))
    usage = "\n".join(_context(each).get_usage().removeprefix("Usage: ") for each in commands)
    helps = [inspect.cleandoc(each.help or "") for each in commands]
    description = _text(helps[0], cell=False)
    if len(commands) > 1:
        description = "\n".join(
            f"- `{_name(each)}`: {_text(help)}" for each, help in zip(commands, helps, strict=True)
        )
    table = f"| option | description |\n|---|---|\n{rows}"
    return f"## {title}\n\n```text\n{usage}\n```\n\n{description}\n\n{table}\n"


def _context(command: click.Command) -> click.Context:
    return click.Context(command, info_name=f"plivo-phlo {_name(command)}", terminal_width=100)


def _options(command: click.Command) -> str:
    options = [each for each in command.params if isinstance(each, click.Option)]
    return "\n".join(_row(option, _context(command)) for option in options)


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = option.make_metavar(context)
    cell = [_text(option.help or "")] if option.help else []
    if isinstance(option.type, click.Choice):
        value = "|".join(option.type.choices)
    elif option.metavar is None and not option.is_flag:
        value = option.type.name.split()[0].upper()
    if not option.is_flag:
        names += f" *{_text(value)}*"
    if option.envvar:
        cell.append(f"Environment variable: `{option.envvar}`.")
    if option.show_default:
        default = option.get_default(context)
        shown = ", ".join(default) if isinstance(default, tuple) else default
        cell.append(f"Default: `{shown}`.")
    if option.required and not option.envvar:
        cell.append("Required.")
    if option.multiple:
        cell.append("May be repeated.")
    return f"| {names} | {' '.join(cell)} |"


def _text(text: str, *, cell: bool = True) -> str:
    """Escape a text for Markdown."""
    for sign in ("\\", "*", "<"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split()).replace("|", "\\|") if cell else text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
