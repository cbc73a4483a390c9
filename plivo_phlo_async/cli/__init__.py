"""The command `plivo-phlo`: data goes to stdout, everything else to stderr."""

from __future__ import annotations

import sys

import click

from .._early_interrupt import end_early_interrupt
from .._version import __version__
from ..errors import PhloError
from . import actions, check, demo, emulate, flows, journal, phlos, scenarios, verify
from .bulk import command as bulk_command
from .command_group import CommandGroup
from .doctor import command as doctor_command
from .exit_codes import FAILED, INTERRUPTED, OK, USAGE, InputError, exit_code_for
from .listen import command as listen_command
from .signals import hangup_as_sigterm
from .stdio import tolerant_stdio

__all__ = ["main", "plivo_phlo"]


@click.group(
    cls=CommandGroup,
    commands=[
        demo.demo,
        emulate.emulate,
        check.check,
        scenarios.test,
        flows.flow,
        doctor_command.doctor,
        *actions.COMMANDS,
        phlos.run,
        phlos.show,
        bulk_command.bulk,
        journal.journal,
        listen_command.listen,
        verify.verify,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 some failed, 2 usage, 3 credentials, 4 network,"
    " 5 some outcomes unknown, 130 interrupted.",
)
@click.version_option(__version__, prog_name="plivo-phlo")
def plivo_phlo() -> None:
    """Control multi-party calls of Plivo PHLO.

    Credentials are read from PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN. `plivo-phlo demo` needs no
    account.
    """


def main() -> None:
    """Run the command and exit with its exit code, without a traceback for a user's error."""
    with tolerant_stdio(), hangup_as_sigterm():
        code = _run()
    sys.exit(code)


def _run() -> int:
    try:
        end_early_interrupt()
        return int(plivo_phlo.main(prog_name="plivo-phlo", standalone_mode=False) or OK)
    except SystemExit as exit:
        return int(exit.code or OK)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        name = context.command_path if context else "plivo-phlo"
        hint = "" if isinstance(error, InputError) else f" Try {name} --help."
        _print_error(f"{name}: {' '.join(error.format_message().split())}{hint}")
        return USAGE
    except PhloError as error:
        _print_error(f"plivo-phlo: {error}")
        return exit_code_for(error)
    except (click.Abort, KeyboardInterrupt):
        below = "\n" if sys.stderr.isatty() else ""  # the ^C
        _print_error(f"{below}plivo-phlo: interrupted.")
        return INTERRUPTED
    except OSError as error:
        _print_error(f"plivo-phlo: {error}.")
        return FAILED


def _print_error(line: str) -> None:
    click.echo(line, err=True)
