"""A group of commands: the order of its help, and what happens without a command."""

from __future__ import annotations

from typing import Any

import click

from .exit_codes import USAGE

__all__ = ["CommandGroup"]


class CommandGroup(click.Group):
    """The commands, in the order of definition."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in order."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help if there is no argument; click's versions differ in how they do it."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would print a blank line for Ctrl-C, also into a file."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None
