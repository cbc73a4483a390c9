"""Remembers which texts were seen before, in flat memory."""

from __future__ import annotations

import sqlite3

__all__ = ["SeenTexts"]


class SeenTexts:
    """The line on which each text was first seen.

    They are in a temporary SQLite database, which SQLite moves to a private file on disk when it
    grows.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE seen (text BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def first_line(self, text: str, line: int) -> int:
        """Return the line on which a text was first seen: this one, if it is new."""
        key = text.encode("utf-8", "surrogatepass")
        added = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount
        if added:
            return line
        (first,) = self._db.execute("SELECT line FROM seen WHERE text = ?", (key,)).fetchone()
        return int(first)

    def close(self) -> None:
        """Delete them."""
        self._db.close()
