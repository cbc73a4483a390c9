"""The command `plivo-phlo`: data to stdout, all else to stderr, documented exit codes."""

from __future__ import annotations

import io
import sys

import click

from .._version import __version__
from ..errors import PhloError
from . import actions, bulk, demo, doctor, emulate, listen, phlos, verify
from .exits import FAILED, INTERRUPTED, OK, USAGE, code_of

__all__ = ["main", "plivo_phlo"]


class _InOrder(click.Group):
    """Its help lists the commands in their order here, which is the order one needs them in."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands=[
        demo.demo,
        emulate.emulate,
        doctor.doctor,
        *actions.COMMANDS,
        phlos.run,
        phlos.show,
        bulk.bulk,
        listen.listen,
        verify.verify,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 some failed, 2 usage, 3 credentials, 4 network,"
    " 5 some outcomes unknown, 130 interrupted.",
)
@click.version_option(__version__, prog_name="plivo-phlo")
def plivo_phlo() -> None:
    """Plivo PHLO's multi-party calls: never dialled twice, never hidden.

    Credentials come from PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN. `plivo-phlo demo` needs no account.
    """


def main() -> None:
    """Run the command and leave with its exit code; never a traceback for what a user can cause."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # it may have been closed: `>&-`
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows another
    sys.exit(_run())


def _run() -> int:
    stdout = sys.stdout
    try:
        return int(plivo_phlo.main(prog_name="plivo-phlo", standalone_mode=False) or OK)
    except SystemExit as left:
        # Whoever reads us has seen enough, which is no failure: click has put a quiet stdout in
        # place and left, or rich has left.
        if sys.stdout is not stdout or isinstance(left.__context__, BrokenPipeError):
            return OK
        raise
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        name = where.command_path if where else "plivo-phlo"
        _say(f"{name}: {' '.join(error.format_message().split())} Try {name} --help.")
        return USAGE
    except PhloError as error:
        _say(f"plivo-phlo: {error}")
        return code_of(error)
    except (click.Abort, KeyboardInterrupt):
        _say("plivo-phlo: interrupted.")
        return INTERRUPTED
    except OSError as error:
        _say(f"plivo-phlo: {error}.")
        return FAILED


def _say(line: str) -> None:
    click.echo(line, err=True)
