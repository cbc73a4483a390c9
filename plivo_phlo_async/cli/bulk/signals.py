"""The signals that stop a bulk run."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

from ..signals import hangup_signals

__all__ = ["StopSignals"]


class StopSignals:
    """Handles SIGINT, SIGTERM and SIGHUP: the first stops the run, a Ctrl-C after it aborts it.

    SIGHUP stays ignored where it is, as under nohup. SIGINT does not: a run in the background of a
    script stops with the script.

    The handlers only set flags, which the run polls. That is safe on every system and event loop.

    Attributes:
        should_stop: start no more actions.
        should_abort: cancel the actions in flight as well.
    """

    def __init__(self) -> None:
        self.should_stop: bool = False
        self.should_abort: bool = False

    def __enter__(self) -> Self:
        signals = [signal.SIGINT, signal.SIGTERM, *hangup_signals()]
        self._previous = {number: signal.signal(number, self._handle) for number in signals}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.should_abort = self.should_abort or (self.should_stop and number == signal.SIGINT)
        self.should_stop = True
