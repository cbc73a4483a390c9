"""The members of a call as a value that costs the same to change with ten as with thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import zip_longest
from typing import Generic, Protocol, TypeVar

CHUNK = 64
"""How many members share a chunk, which is copied when one of them changes."""


class RosterMember(Protocol):
    """What a roster knows of a member."""

    @property
    def canonical_address(self) -> str:
        """The form that all spellings of the member's address share."""

    @property
    def state(self) -> Hashable:
        """The member's state."""


M = TypeVar("M", bound=RosterMember)


class Roster(Generic[M]):
    """The present and former members of a call, in the order they came; immutable.

    A changed roster shares its unchanged chunks with the one before, which is also how `changes`
    finds what changed.
    """

    __slots__ = ("_chunks", "_positions", "_size", "_states")

    def __init__(self, members: Iterable[M] = ()) -> None:
        listed = tuple(members)
        self._chunks: tuple[tuple[M, ...], ...] = tuple(
            listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK)
        )
        self._size = len(listed)
        self._states: Counter[Hashable] = Counter(member.state for member in listed)
        # All rosters that come from this one share it: it has every member's position in one of
        # them, so a position found there has to be checked.
        self._positions = {m.canonical_address: n for n, m in enumerate(listed)}

    def __iter__(self) -> Iterator[M]:
        return (member for chunk in self._chunks for member in chunk)

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roster) and self._chunks == other._chunks

    def __hash__(self) -> int:
        return hash(self._chunks)

    def __repr__(self) -> str:
        return repr(tuple(self))

    def count(self, state: Hashable) -> int:
        """Return how many members are in a state."""
        return self._states[state]

    def find(self, canonical_address: str) -> M | None:
        """Return the member at an address in its canonical form, None for none."""
        position = self._positions.get(canonical_address)
        if position is None:
            return None
        if position < self._size:
            member = self._at(position)
            if member.canonical_address == canonical_address:
                return member
        return next((m for m in self if m.canonical_address == canonical_address), None)

    def with_member(self, member: M) -> Roster[M]:
        """Return the roster with a member added, or in the place of the one at its address."""
        known = self.find(member.canonical_address)
        if known is None:
            self._positions[member.canonical_address] = self._size
            return self._replace(self._size, member, None)
        position = self._positions[member.canonical_address]
        if position >= self._size or self._at(position) is not known:
            position = next(n for n, each in enumerate(self) if each is known)
        return self._replace(position, member, known)

    def map(self, change: Callable[[M], M]) -> Roster[M]:
        """Return the roster with each member changed; one that stays is returned as it is."""
        chunks = tuple(_map(chunk, change) for chunk in self._chunks)
        states = Counter(member.state for chunk in chunks for member in chunk)
        return self._copy(chunks, self._size, states)

    def changes(self, before: Roster[M]) -> Iterator[tuple[M | None, M | None]]:
        """Yield each member that differs from an earlier roster, as it was and as it is.

        None stands for a member that was not there, or is not any more.
        """
        gone: list[M] = []
        for old, new in self._unequal(before):
            if new is not None:
                known = before.find(new.canonical_address)
                if known != new:
                    yield known, new
            if old is not None and self.find(old.canonical_address) is None:
                gone.append(old)
        yield from ((member, None) for member in gone)

    def _unequal(self, before: Roster[M]) -> Iterator[tuple[M | None, M | None]]:
        """Yield what stands at each position that two rosters do not share."""
        for old_chunk, new_chunk in zip_longest(before._chunks, self._chunks, fillvalue=()):
            if old_chunk is not new_chunk:
                for old, new in zip_longest(old_chunk, new_chunk):
                    if old is not new:
                        yield old, new

    def _at(self, position: int) -> M:
        return self._chunks[position // CHUNK][position % CHUNK]

    def _replace(self, position: int, member: M, known: M | None) -> Roster[M]:
        number, place = divmod(position, CHUNK)
        old = self._chunks[number] if number < len(self._chunks) else ()
        new = (*old[:place], member, *old[place + 1 :])
        states = Counter(self._states)
        states[member.state] += 1
        if known is not None:
            states[known.state] -= 1
        chunks = (*self._chunks[:number], new, *self._chunks[number + 1 :])
        return self._copy(chunks, self._size + (known is None), states)

    def _copy(
        self, chunks: tuple[tuple[M, ...], ...], size: int, states: Counter[Hashable]
    ) -> Roster[M]:
        copy: Roster[M] = Roster()
        copy._chunks, copy._size, copy._states = chunks, size, states
        copy._positions = self._positions
        return copy


def _map(chunk: tuple[M, ...], change: Callable[[M], M]) -> tuple[M, ...]:
    changed = tuple(change(member) for member in chunk)
    return chunk if all(map(_same, chunk, changed)) else changed


def _same(one: M, other: M) -> bool:
    return one is other


def roster_of(members: Iterable[M]) -> Roster[M]:
    """Return the roster of some members, or the same one if it is a roster."""
    return members if isinstance(members, Roster) else Roster(members)
