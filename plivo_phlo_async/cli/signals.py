"""The signal that a closed terminal sends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["hangup_as_sigterm", "hangup_signals"]


def hangup_signals() -> list[signal.Signals]:
    """Return SIGHUP, unless it is ignored, as under nohup, or the system has none."""
    hangup = getattr(signal, "SIGHUP", None)
    return [] if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN else [hangup]


@contextmanager
def hangup_as_sigterm() -> Iterator[None]:
    """Handle SIGHUP as the command handles SIGTERM."""
    before = {number: signal.getsignal(number) for number in hangup_signals()}
    for number in before:
        signal.signal(number, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
