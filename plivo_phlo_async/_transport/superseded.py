"""Which actions a newer one supersedes, so that no late retry undoes the newer one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from .._addresses import address_identity
from .._event_loop import on_fork
from ..actions import Action, RetrySafety, Verb

__all__ = ["SupersededTracker"]

_TRANSFERS = {Verb.WARM_TRANSFER, Verb.COLD_TRANSFER}
_WHOLE_CALL = _TRANSFERS | {Verb.RESUME_CALL, Verb.ABORT_TRANSFER}

_Topic = tuple[str | None, ...]


class SupersededTracker:
    """Tracks the order of a client's actions; threads may share it.

    It remembers an action only as long as one that it may supersede is under way.
    """

    def __init__(self) -> None:
        self._clock = 0
        self._latest: dict[_Topic, int] = {}
        self._watched: Counter[_Topic] = Counter()
        self.after_fork()
        on_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which another thread of the parent process may hold."""
        self._lock = threading.RLock()  # a task may be destroyed, and forget, in the middle

    def register(self, action: Action) -> int:
        """Register an action that begins and return its ticket; call `forget` when it ends."""
        with self._lock:
            self._clock += 1
            if self._watched:
                for topic in _changes(action):
                    if topic in self._watched:
                        self._latest[topic] = self._clock
            for topic in _watches(action):
                self._watched[topic] += 1
            return self._clock

    def forget(self, action: Action) -> None:
        """Forget an action that has ended."""
        with self._lock:
            for topic in _watches(action):
                self._watched[topic] -= 1
                if not self._watched[topic]:
                    del self._watched[topic]
                    self._latest.pop(topic, None)

    def is_superseded(self, action: Action, ticket: int) -> bool:
        """Return whether a retry of `action` would undo a newer action.

        Args:
            action: the action.
            ticket: what `register` returned for it.
        """
        return any(self._latest.get(topic, 0) > ticket for topic in _watches(action))


def _watches(action: Action) -> Iterable[_Topic]:
    """Return the topics whose newer actions make a late retry of `action` wrong.

    For hold and the like: the member, and the whole call. For hangup: dialling the member, since
    the retry would end the new call.
    """
    if action.retry_safety is RetrySafety.ONCE_IF_NEWEST:
        return (_topic(action, action.member_address), _topic(action, None))
    if action.retry_safety is RetrySafety.UNTIL_GONE:
        return (_topic(action, action.member_address, "dialled"),)
    return ()


def _changes(action: Action) -> Iterable[_Topic]:
    """Return the topics that `action` changes."""
    if action.verb in _WHOLE_CALL:
        yield _topic(action, None)
    if action.to is not None:
        yield _topic(action, action.to, "dialled")
    for address in (action.member_address, action.trigger_source, action.to):
        if address is not None:
            yield _topic(action, address)


def _topic(action: Action, address: str | None, what: str = "") -> _Topic:
    same = address_identity(address) if address is not None else None
    return (action.phlo_id, action.node_id, same, what)
