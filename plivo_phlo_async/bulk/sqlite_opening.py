"""Create, lock and verify the SQLite file of a journal."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress

from attrs import frozen

from ..errors import JournalError
from .integrity import Summary, check_mark, mark_path, row_checksum

__all__ = [
    "DECIDING",
    "JournalRow",
    "check_size",
    "create_journal",
    "damaged",
    "lock",
    "reason_of",
    "verify",
]

_OURS = 0x50484C4F  # SQLite's application_id
_FORM = 2  # of the tables, of the checksums and of an action's content
_TABLES = {
    "actions": "CREATE TABLE actions (id INTEGER PRIMARY KEY, name TEXT UNIQUE, content TEXT,"
    " run INTEGER, status TEXT, before TEXT, number INTEGER, action TEXT, result TEXT, error TEXT,"
    " attempts INTEGER, elapsed REAL, begun REAL, ended REAL)",
    "summary": "CREATE TABLE summary (journal TEXT, first TEXT, is_open INTEGER, inode TEXT,"
    " sequence INTEGER, rows INTEGER, total TEXT, checksum TEXT)",
}
DECIDING = "name, content, run, status, before"


@frozen
class JournalRow:
    """The values of a row that decide whether its action is sent."""

    name: str
    content: str
    run: int
    status: str
    before: str | None = None

    @property
    def checksum(self) -> int:
        """The checksum of these values."""
        return row_checksum(self.name, self.content, self.run, self.status, self.before)


def create_journal(path: str) -> None:
    """Create a journal under another name, then give it its own: it is never half there.

    What SQLite writes beside it has the same mode: it is for its owner alone, since it holds phone
    numbers.
    """
    for beside in (f"{path}-wal", mark_path(path)):
        if os.path.exists(beside):
            raise JournalError(
                f"{path}: it is missing, but {beside} is there, which belongs to it. Put {path}"
                " back, or remove that file to begin a new journal."
            )
    new = f"{path}-new"
    with suppress(FileNotFoundError):
        os.unlink(new)
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = sqlite3.connect(new, isolation_level=None)
    try:
        db.execute("BEGIN")
        for statement in _TABLES.values():
            db.execute(statement)
        db.execute("INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?, ?)", Summary().values())
        db.execute(f"PRAGMA application_id = {_OURS}")
        db.execute(f"PRAGMA user_version = {_FORM}")
        db.execute("COMMIT")
    finally:
        db.close()
    _give_name(new, path)


def _give_name(new: str, path: str) -> None:
    """Rename a new file, unless another process was faster."""
    try:
        os.link(new, path)
    except FileExistsError:
        os.unlink(new)
    except OSError:  # a file system without links
        os.replace(new, path)
    else:
        os.unlink(new)


def check_size(path: str) -> None:
    """Raise `JournalError` if the file is empty: SQLite would take it for a new database."""
    if os.path.isfile(path) and not os.path.getsize(path):
        raise JournalError(
            f"{path}: it is empty, and may have lost what was begun. Remove it if it never was a"
            " journal, or give another path."
        )


def lock(path: str) -> sqlite3.Connection:
    """Open the file for this process alone, in a transaction; raises `sqlite3.Error`."""
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN EXCLUSIVE")
    except BaseException:
        db.close()
        raise
    return db


def verify(db: sqlite3.Connection, path: str, *, accept_copy: bool) -> Summary:
    """Return the summary of a journal that is whole.

    Raises:
        JournalError: it is none, or not whole.
    """
    _check_form(db, path)
    found = [text for (text,) in db.execute("PRAGMA integrity_check(1)")]
    if found != ["ok"]:
        raise damaged(path, found[0])
    stored = db.execute("SELECT * FROM summary").fetchall()
    summary = Summary.read(stored[0]) if len(stored) == 1 else None
    if summary is None:
        raise damaged(path, "its summary was altered")
    if summary.is_open:
        check_mark(path, summary)
    rows = Summary()
    for values in db.execute(f"SELECT {DECIDING} FROM actions"):
        rows.add(JournalRow(*values).checksum)
    if (rows.rows, rows.total) != (summary.rows, summary.total):
        raise damaged(path, "actions are missing or were altered")
    if summary.is_open and summary.inode != os.stat(path).st_ino and not accept_copy:
        raise JournalError(
            f"{path}: this is a copy of a journal that was in use; what was begun after it was"
            " copied is missing from it. Use the original. If its run was killed before the copy"
            f" was made, the copy is whole: plivo-phlo journal {path} --accept-copy."
        )
    return summary


def _check_form(db: sqlite3.Connection, path: str) -> None:
    (mark,) = db.execute("PRAGMA application_id").fetchone()
    (form,) = db.execute("PRAGMA user_version").fetchone()
    if mark != _OURS:
        raise JournalError(f"{path}: this is another database, no journal; give another path.")
    if form != _FORM:
        raise JournalError(
            f"{path}: another version of this package began this journal (form {form}, this one"
            f" knows {_FORM}); use that version."
        )
    tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    if tables != _TABLES:
        raise damaged(path, "its tables were altered")


def damaged(path: str, what: str) -> JournalError:
    """Return the error for a damaged journal."""
    return JournalError(
        f"{path}: the journal is damaged ({what}). Restore it, or begin a new journal with the"
        " actions that are still to be done."
    )


def reason_of(error: Exception) -> str:
    """Return why a file cannot be opened, and what to do."""
    text = str(getattr(error, "strerror", None) or error)
    if "locked" in text:
        return "another run is using this journal; wait for it to end, or give another path."
    if "not a database" in text:
        return "this is no journal; give another path."
    if "malformed" in text:
        return f"the journal is damaged ({text}). Restore it, or begin a new journal."
    return f"the journal cannot be opened ({text}); give a path that can be written."
