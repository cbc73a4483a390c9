"""Ctrl-C while the command is being imported: one line and exit code 130, without a traceback.

The package is imported before `__main__` gets control, which takes a third of a second. A handler
that raises would print a traceback, or be lost inside of an import. Other programs that import the
package are not affected.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from itertools import pairwise
from types import FrameType

__all__ = ["end_early_interrupt", "is_command"]


def _exit(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):
        below = b"\n" if os.isatty(2) else b""  # the ^C
        os.write(2, below + b"plivo-phlo: interrupted.\n")
    os._exit(130)


def is_command(program: str, argv: list[str]) -> bool:
    """Return whether this process is the command.

    Args:
        program: `sys.argv[0]`; "-m" while the package of `python -m` is imported.
        argv: `sys.orig_argv`.
    """
    if program == "-m":
        return any(
            option.startswith("-") and option.endswith("m") and module == __package__
            for option, module in pairwise(argv)
        )
    return os.path.splitext(os.path.basename(program))[0] == "plivo-phlo"


def end_early_interrupt() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` again, once there is a handler for it."""
    if signal.getsignal(signal.SIGINT) is _exit:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if is_command(sys.argv[0], sys.orig_argv) and (
    signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not if it is ignored
):
    signal.signal(signal.SIGINT, _exit)
