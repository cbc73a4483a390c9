"""What stops a bulk run."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Brake"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Brake:
    """The first Ctrl-C, or SIGTERM, stops starting; a Ctrl-C after that stops at once.

    The handlers only note it, and the run looks: that is safe on every system and event loop.

    Attributes:
        pulled: nothing more is to be started.
        at_once: what is in flight is to end, too.
    """

    def __init__(self) -> None:
        self.pulled: bool = False
        self.at_once: bool = False

    def __enter__(self) -> Self:
        self._before = {which: signal.signal(which, self._pull) for which in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for which, handler in self._before.items():
            signal.signal(which, handler)

    def _pull(self, which: int, frame: FrameType | None) -> None:
        self.at_once = self.at_once or (self.pulled and which == signal.SIGINT)
        self.pulled = True
