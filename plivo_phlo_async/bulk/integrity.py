"""What shows that a journal's file is whole: a summary inside it, and a mark beside it.

The summary holds the number of rows and the sum of their checksums, and has a checksum of its own.
So a row that is lost or altered shows.

While a journal is open, SQLite keeps the latest rows in FILE-wal. The mark, FILE-mark, holds the
number of the latest transaction. A journal that was not closed is whole only with a mark that is
not ahead of it: a FILE-wal that is missing, older or damaged shows.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import IO

from attrs import define, field, frozen

from ..errors import JournalError

__all__ = ["Mark", "Summary", "row_checksum"]

_MODULUS = 1 << 64


def _checksum(*values: object) -> int:
    text = "\0".join(map(str, values))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def row_checksum(name: str, content: str, run: int, status: str, before: str | None) -> int:
    """Return the checksum of the values that decide whether an action is sent."""
    return _checksum(name, content, run, status, before)


@define
class Summary:
    """The journal's summary, a row of the file.

    Attributes:
        id: identifies this journal.
        first: the name and content of the list's first action; "" before there is one.
        is_open: whether it was not closed.
        inode: the file's number while it is open; a copy has another one.
        transaction: the number of the latest transaction.
        rows: how many actions it has.
        total: the sum of their checksums.
    """

    id: str = field(factory=lambda: secrets.token_hex(8))
    first: str = ""
    is_open: bool = False
    inode: int = 0
    transaction: int = 0
    rows: int = 0
    total: int = 0

    def add(self, checksum: int) -> None:
        """Count a new row."""
        self.rows += 1
        self.total = (self.total + checksum) % _MODULUS

    def remove(self, checksum: int) -> None:
        """No longer count a row."""
        self.rows -= 1
        self.total = (self.total - checksum) % _MODULUS

    def replace(self, old: int, new: int) -> None:
        """Count a row with its new values."""
        self.total = (self.total - old + new) % _MODULUS

    def values(self) -> tuple[str, str, int, str, int, int, str, str]:
        """Return the values to store: the attributes and their checksum."""
        first = (self.id, self.first, int(self.is_open), str(self.inode))
        values = (*first, self.transaction, self.rows, str(self.total))
        return (*values, str(_checksum(*values)))

    @classmethod
    def read(cls, values: tuple[object, ...]) -> Summary | None:
        """Return the summary of stored values; None if they are damaged."""
        try:
            name, first, is_open, inode, transaction, rows, total, _ = values
            read = cls(
                str(name),
                str(first),
                bool(is_open),
                *(int(str(number)) for number in (inode, transaction, rows, total)),
            )
        except ValueError:
            return None
        return read if read.values() == values else None


@frozen
class Mark:
    """The file beside an open journal that holds the number of its latest transaction."""

    _file: IO[bytes]
    _id: str

    @classmethod
    def create(cls, path: str, summary: Summary) -> Mark:
        """Create the mark of a journal, or open it again.

        Args:
            path: the journal's path.
            summary: the journal's summary.

        Raises:
            OSError: it cannot be created.
        """
        opened = os.open(mark_path(path), os.O_RDWR | os.O_CREAT, 0o600)
        mark = cls(os.fdopen(opened, "rb+", buffering=0), summary.id)
        mark.set(summary.transaction)
        os.fsync(opened)
        return mark

    def set(self, transaction: int) -> None:
        """Record the number of the latest transaction, which is on the disk."""
        self._file.seek(0)
        self._file.write(_mark_line(self._id, transaction))

    def close(self) -> None:
        """Close the file and keep it."""
        self._file.close()


def mark_path(path: str) -> str:
    """Return the path of a journal's mark."""
    return f"{path}-mark"


def check_mark(path: str, summary: Summary) -> None:
    """Check that a journal that was not closed has all its transactions.

    Args:
        path: the journal's path.
        summary: its summary.

    Raises:
        JournalError: the mark is missing, damaged or ahead.
    """
    files = f"{path}, {path}-wal and {path}-mark"
    try:
        with open(mark_path(path), "rb") as file:
            line = file.read(200)
    except FileNotFoundError:
        raise JournalError(
            f"{path}: {mark_path(path)} is missing. A run with this journal was killed, and its"
            f" files belong together: put {files} side by side, under these names."
        ) from None
    try:
        transaction = int(line.split()[1])
    except (IndexError, ValueError):
        transaction = -1
    if line != _mark_line(summary.id, transaction):
        raise JournalError(
            f"{path}: {mark_path(path)} is damaged, or belongs to another journal."
            " Restore it, or begin a new journal with the actions that are still to be done."
        )
    if transaction > summary.transaction:
        raise JournalError(
            f"{path}: actions that were begun are missing from it: {path}-wal is missing, damaged"
            f" or older. Put {files} side by side, under these names."
        )


def _mark_line(name: str, transaction: int) -> bytes:
    return f"{name} {transaction:020} {_checksum(name, transaction):020}\n".encode()
