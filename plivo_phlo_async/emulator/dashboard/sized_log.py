"""A log that keeps the latest items, bounded in number and in bytes."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class SizedLog(Generic[T]):
    """The latest items: at most `limit`, and at most `size_limit` bytes of them.

    The latest item is kept whatever its size.
    """

    def __init__(self, limit: int, size_limit: int) -> None:
        self._limit = limit
        self._size_limit = size_limit
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0

    def append(self, item: T, size: int) -> None:
        """Add an item of `size` bytes, and drop the oldest ones beyond the bounds."""
        self._items.append((item, size))
        self._size += size
        while len(self._items) > self._limit or self._is_oversized():
            self._size -= self._items.popleft()[1]

    def _is_oversized(self) -> bool:
        return self._size > self._size_limit and len(self._items) > 1

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return (item for item, _ in self._items)

    def __reversed__(self) -> Iterator[T]:
        return (item for item, _ in reversed(self._items))
