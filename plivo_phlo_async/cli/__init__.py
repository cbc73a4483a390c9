"""The command `plivo-phlo`: data to stdout, all else to stderr, documented exit codes."""

from __future__ import annotations

import os
import sys

import click

from .._version import __version__
from ..errors import PhloError
from . import actions, bulk, demo, doctor, emulate, listen, phlos, verify
from .exits import INTERRUPTED, USAGE, code_of

__all__ = ["main", "plivo_phlo"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 some failed, 2 usage, 3 credentials, 4 network,"
    " 5 some outcomes unknown, 130 interrupted.",
)
@click.version_option(__version__, prog_name="plivo-phlo")
def plivo_phlo() -> None:
    """Plivo PHLO's multi-party calls: never dialled twice, never hidden.

    Credentials come from PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN. `plivo-phlo demo` needs no account.
    """


for command in (
    demo.demo,
    emulate.emulate,
    *actions.COMMANDS,
    phlos.run,
    phlos.show,
    bulk.bulk,
    listen.listen,
    verify.verify,
    doctor.doctor,
):
    plivo_phlo.add_command(command)


def main() -> None:
    """Run the command and leave with its exit code; never a traceback for what a user can cause."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows another
    sys.exit(_run())


def _run() -> int:
    try:
        code = plivo_phlo.main(prog_name="plivo-phlo", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
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
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _say(line: str) -> None:
    click.echo(line, err=True)
