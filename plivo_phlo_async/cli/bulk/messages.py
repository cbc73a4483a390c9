"""Parts of messages about a list: masked values, and the first of many findings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from attrs import define, field

from ..._masking import mask, mask_numbers

__all__ = ["Findings", "masked", "shown"]

T = TypeVar("T")
_MAX_LENGTH = 40


def shown(value: str) -> str:
    """Return a value for a message: shortened, quoted and masked."""
    short = value if len(value) <= _MAX_LENGTH else f"{value[: _MAX_LENGTH - 1]}…"
    return masked(repr(short), [short])


def masked(text: str, values: Iterable[Any]) -> str:
    """Mask every address of `values` in the text, in any spelling."""
    for value in values:
        if isinstance(value, str) and sum(map(str.isdigit, value[:1024])) >= 7:
            for spelling in (value, repr(value)[1:-1]):
                text = text.replace(spelling, mask(value))
    return mask_numbers(text)


@define
class Findings(Generic[T]):
    """The first of what was found, and how many there are.

    Attributes:
        limit: how many are kept.
        first: the first ones.
        count: the number of all.
    """

    limit: int
    first: list[T] = field(factory=list)
    count: int = 0

    def add(self, finding: T) -> None:
        """Count a finding, and keep it if it is one of the first."""
        self.count += 1
        if len(self.first) < self.limit:
            self.first.append(finding)

    @property
    def more(self) -> int:
        """The number of findings that are not kept."""
        return self.count - len(self.first)
