"""PLIVO_PHLO_LOG: the package's log on stderr, for a program that has not set up logging."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from .hooks import logger

__all__ = ["log_to_stderr"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class StderrHandler(logging.Handler):
    """Writes to stderr unless the root logger has handlers, which get the records already."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record on one line."""
        if logging.root.handlers or sys.stderr is None:
            return
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


_handler = StderrHandler()
_handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))


def log_to_stderr(environ: Mapping[str, str]) -> None:
    """Log from the level that PLIVO_PHLO_LOG names; without it, change nothing.

    An unknown level is a warning in the log and no error: a switch for debugging stops no service.
    """
    level = environ.get("PLIVO_PHLO_LOG", "").strip()
    if not level:
        return
    logger.addHandler(_handler)  # a second time changes nothing
    if level.lower() in _LEVELS:
        logger.setLevel(_LEVELS[level.lower()])
    else:
        logger.warning("PLIVO_PHLO_LOG: %r is not one of %s.", level, ", ".join(_LEVELS))
