"""Bulk runs: many actions with bounded concurrency, a journal and a report."""

from .journal import BaseJournal, Journal, MemoryJournal, PriorState
from .report import BulkOutcome, BulkReport, BulkStatus, CommonError
from .run import BulkRun, Redo
from .sqlite_journal import SqliteJournal

__all__ = [
    "BaseJournal",
    "BulkOutcome",
    "BulkReport",
    "BulkRun",
    "BulkStatus",
    "CommonError",
    "Journal",
    "MemoryJournal",
    "PriorState",
    "Redo",
    "SqliteJournal",
]
