"""What this client asked last, so that no late repeat undoes something newer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from ..actions import Action, Repeat, Verb
from .event_loop import on_fork

__all__ = ["Asked"]

_TRANSFERS = {Verb.WARM_TRANSFER, Verb.COLD_TRANSFER}
_WHOLE_CALL = _TRANSFERS | {Verb.RESUME_CALL, Verb.ABORT_TRANSFER}


class Asked:
    """Who was asked for, and when; remembered only while an action that cares is under way.

    Threads may share it.
    """

    def __init__(self) -> None:
        self._clock = 0
        self._latest: dict[tuple[str | None, ...], int] = {}
        self._watched: Counter[tuple[str | None, ...]] = Counter()
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent process may hold."""
        self._lock = threading.RLock()  # a task may be destroyed, and leave, in the middle

    def enter(self, action: Action) -> int:
        """Note that `action` is asked for now; gives its ticket. Call `leave` when it ends."""
        with self._lock:
            self._clock += 1
            if self._watched:
                for topic in _touches(action):
                    if topic in self._watched:
                        self._latest[topic] = self._clock
            for topic in _watches(action):
                self._watched[topic] += 1
            return self._clock

    def leave(self, action: Action) -> None:
        """`action` has ended."""
        with self._lock:
            for topic in _watches(action):
                self._watched[topic] -= 1
                if not self._watched[topic]:
                    del self._watched[topic]
                    self._latest.pop(topic, None)

    def is_newest(self, action: Action, ticket: int) -> bool:
        """Whether nothing was asked for since `ticket` that repeating `action` would undo."""
        return all(self._latest.get(topic, 0) <= ticket for topic in _watches(action))


def _watches(action: Action) -> Iterable[tuple[str | None, ...]]:
    """What makes a late repeat of `action` wrong.

    For hold and its like: anything newer for the member, or anything that moves the whole call.
    For hangup: that the member was dialled again, since the repeat would end that call.
    """
    if action.repeat is Repeat.ONCE_IF_NEWEST:
        return (_topic(action, action.member_address), _topic(action, None))
    if action.repeat is Repeat.UNTIL_GONE:
        return (_topic(action, action.member_address, "dialled"),)
    return ()


def _touches(action: Action) -> Iterable[tuple[str | None, ...]]:
    if action.verb in _WHOLE_CALL:
        yield _topic(action, None)
    if action.to is not None:
        yield _topic(action, action.to, "dialled")
    for address in (action.member_address, action.trigger_source, action.to):
        if address is not None:
            yield _topic(action, address)


def _topic(action: Action, address: str | None, what: str = "") -> tuple[str | None, ...]:
    same = address.removeprefix("+") if address is not None else None
    return (action.phlo_id, action.node_id, same, what)
