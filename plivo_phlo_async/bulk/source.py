"""The list of actions of a bulk run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable

import anyio

from ..actions import Action
from ..errors import InvalidArgumentError

__all__ = ["ActionSource"]

_END = object()


class ActionSource:
    """The list of actions, read one at a time by any number of workers."""

    def __init__(self, actions: Iterable[Action] | AsyncIterable[Action]) -> None:
        if isinstance(actions, Action) or not isinstance(actions, Iterable | AsyncIterable):
            raise InvalidArgumentError(
                f"actions: give an iterable of Action, not {type(actions).__name__}."
            )
        self._actions = aiter(actions) if isinstance(actions, AsyncIterable) else iter(actions)
        self._turn = anyio.Lock(fast_acquire=True)
        self._read = 0
        self.closed: bool = False

    async def next(self) -> tuple[int, Action] | None:
        """Return the next action and its number, from 1; None at the end, or once it is closed.

        Raises:
            Exception: what the iterable raised.
        """
        if self.closed:
            return None
        if not isinstance(self._actions, AsyncIterator):
            return self._numbered(next(self._actions, _END))
        async with self._turn:  # an async iterator serves one caller at a time
            return None if self.closed else self._numbered(await anext(self._actions, _END))

    def _numbered(self, action: object) -> tuple[int, Action] | None:
        if action is _END:
            self.closed = True
            return None
        self._read += 1
        if isinstance(action, Action):
            return self._read, action
        kind = type(action).__name__
        raise InvalidArgumentError(f"actions: number {self._read} is not an Action, but {kind}.")

    async def aclose(self) -> None:
        """Close the iterator, if it is a generator."""
        self.closed = True
        if isinstance(self._actions, AsyncGenerator):
            await self._actions.aclose()
        elif isinstance(self._actions, Generator):
            self._actions.close()
