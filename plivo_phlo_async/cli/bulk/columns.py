"""Which column of a list holds which field of an action. Pure: it does no I/O."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from attrs import fields_dict

from ...actions import Action
from .messages import shown

__all__ = ["FIELDS", "ColumnError", "Columns", "read_map"]

FIELDS = tuple(fields_dict(Action))
_MAX_NAME = 64  # characters of a name that may be misspelled


class ColumnError(ValueError):
    """A column does not fit; the message says what to do."""


def _plain(name: str) -> str:
    """Return a name in lower case and without blanks, hyphens, underscores and other signs."""
    return re.sub(r"[\W_]+", "", name.casefold()) or name.strip()


_FIELD_BY_NAME = {_plain(field): field for field in FIELDS}


def read_map(texts: Iterable[str]) -> dict[str, str]:
    """Return the column of each field, as `--map` gives them.

    Args:
        texts: each is `FIELD=COLUMN`, or several with commas between them; a part in double quotes
            may hold commas. A column that is empty means that no column is the field.

    Raises:
        ColumnError: a text has another form, or names an unknown field or one field twice.
    """
    columns: dict[str, str] = {}
    for part in (part for text in texts for part in _split(text)):
        name, equals, column = part.partition("=")
        if not equals:
            raise ColumnError(f"{shown(part)} is not FIELD=COLUMN.")
        field = _FIELD_BY_NAME.get(_plain(name))
        if field is None:
            raise ColumnError(f"{shown(name.strip())} is not one of {', '.join(FIELDS)}.")
        if field in columns:
            raise ColumnError(f"{field}: it has two columns; choose one.")
        columns[field] = column.strip()
    return columns


def _split(text: str) -> list[str]:
    words = shlex.shlex(text, posix=True)
    words.whitespace, words.quotes = ",", '"'
    words.escape = words.commenters = ""
    words.whitespace_split = True
    try:
        return list(words)
    except ValueError:
        raise ColumnError(f"{shown(text)}: a double quote is not closed.") from None


class Columns:
    """Finds the fields that a column holds.

    A column is found by its name, in any case, with or without blanks, hyphens and underscores:
    `Trigger Source` is trigger_source.

    Args:
        chosen: the column of a field, where it has another name.
    """

    def __init__(self, chosen: Mapping[str, str]) -> None:
        self._chosen = chosen
        self._fields: dict[str, tuple[str, ...]] = {
            plain: (field,) for plain, field in _FIELD_BY_NAME.items() if field not in chosen
        }
        for field, column in chosen.items():
            if column:
                plain = _plain(column)
                self._fields[plain] = (*self._fields.get(plain, ()), field)

    def fields(self, name: str) -> tuple[str, ...]:
        """Return the fields that the column of this name holds; none if it only passes through."""
        return self._fields.get(_plain(name), ())

    def assign(self, names: Sequence[str]) -> dict[str, int]:
        """Return the position of each field's column.

        Raises:
            ColumnError: two columns hold one field, or a chosen column is missing.
        """
        places: dict[str, int] = {}
        for place, name in enumerate(names):
            for field in self.fields(name):
                if field in places:
                    other = shown(names[places[field]])
                    raise ColumnError(
                        f"{field}: columns {places[field] + 1} ({other}) and {place + 1}"
                        f" ({shown(name)}) are both it; rename one."
                    )
                places[field] = place
        return places

    def check_chosen(self, names: Iterable[str]) -> None:
        """Raise `ColumnError` if a chosen column is not among these names."""
        known = {_plain(name): name for name in names}
        for field, column in self._chosen.items():
            if column and _plain(column) not in known:
                close = _closest(column, known)
                hint = f"did you mean {shown(close)}?" if close else _listed(known)
                raise ColumnError(f"--map {field}: there is no column {shown(column)}; {hint}")

    def column_of(self, field: str) -> str:
        """Return the name of a field's column, for a message."""
        return self._chosen.get(field) or field

    def meant_by(self, name: str) -> str | None:
        """Return the field whose name a column that holds none nearly has, or None."""
        return None if self.fields(name) else _closest(name, _FIELD_BY_NAME)


def _closest(name: str, known: Mapping[str, str]) -> str | None:
    """Return the value whose key is closest to a name, or None if none is close."""
    short = [each for each in known if len(each) <= _MAX_NAME]
    found = difflib.get_close_matches(_plain(name)[:_MAX_NAME], short, 1, cutoff=0.75)
    return known[found[0]] if found else None


def _listed(known: Mapping[str, str]) -> str:
    names = [shown(name) for name in list(known.values())[:20]]
    return f"the columns are {', '.join(names)}."
