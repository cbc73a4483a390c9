"""What the check of a list found that does not stop it: columns, cleaned cells, duplicates."""

from __future__ import annotations

from collections.abc import Iterator

from ..._masking import mask
from .check import CheckedList
from .columns import Columns
from .messages import shown
from .rows import Duplicates

__all__ = ["notes", "passed_through", "used_columns"]

_MAX_NAMES = 20


def notes(checked: CheckedList) -> Iterator[str]:
    """Return the lines to print before a run."""
    yield from _columns(checked)
    yield from _cleaned(checked)
    yield from _repeats(checked)


def used_columns(checked: CheckedList) -> dict[str, str]:
    """Return the column of each field that the list has."""
    columns = Columns(checked.options.columns)
    return {field: name for name in checked.layout.columns for field in columns.fields(name)}


def passed_through(checked: CheckedList) -> list[str]:
    """Return the columns that are only copied to the results."""
    columns = Columns(checked.options.columns)
    return [name for name in checked.layout.columns if not columns.fields(name)]


def _columns(checked: CheckedList) -> Iterator[str]:
    used = used_columns(checked)
    renamed = [f"{field} is {shown(name)}" for field, name in used.items() if name != field]
    if renamed:
        yield f"Columns: {', '.join(renamed)}."
    others = passed_through(checked)
    if others:
        columns = Columns(checked.options.columns)
        words = [_named(columns, used, name) for name in others[:_MAX_NAMES]]
        more = len(others) - _MAX_NAMES
        yield f"Not used: {', '.join(words)}{f' and {more} more' if more > 0 else ''}."


def _named(columns: Columns, used: dict[str, str], name: str) -> str:
    meant = columns.meant_by(name)
    return shown(name) if meant is None or meant in used else f"{shown(name)} (is it {meant}?)"


def _cleaned(checked: CheckedList) -> Iterator[str]:
    cleaned = checked.cleaned
    if cleaned.count:
        yield f"Cleaned {_count(cleaned.count, 'address', 'addresses')}:"
        for each in cleaned.first:
            removed = ", ".join(each.removed)
            yield f"  line {each.line}: {each.name}: {mask(each.address)}: {removed}"
        yield from _more(cleaned.more)


def _repeats(checked: CheckedList) -> Iterator[str]:
    repeats = checked.repeats
    if repeats.count:
        rows = _count(repeats.count, "row", "rows")
        skips = checked.options.duplicates is Duplicates.SKIP
        verb = "dials" if repeats.count == 1 else "dial"
        yield f"{'Skipped ' if skips else ''}{rows} that {verb} a phone again:"
        for each in repeats.first:
            yield f"  line {each.line}: {mask(each.address)}, as on line {each.first_line}"
        yield from _more(repeats.more)


def _more(count: int) -> Iterator[str]:
    if count:
        yield f"  and {count} more"


def _count(many: int, one: str, several: str) -> str:
    return f"{many} {one if many == 1 else several}"
