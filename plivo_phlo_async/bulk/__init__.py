"""Bulk runs: many actions with bounded concurrency, a journal and a report."""

from .journal import BaseJournal, Journal, JournalEntry, PriorState
from .memory_journal import KeptOutcomes, MemoryJournal
from .redo import Redo
from .report import BulkOutcome, BulkReport, BulkStatus, CommonError
from .run import BulkRun
from .sqlite_journal import JournalOutcomes, SqliteJournal

__all__ = [
    "BaseJournal",
    "BulkOutcome",
    "BulkReport",
    "BulkRun",
    "BulkStatus",
    "CommonError",
    "Journal",
    "JournalEntry",
    "JournalOutcomes",
    "KeptOutcomes",
    "MemoryJournal",
    "PriorState",
    "Redo",
    "SqliteJournal",
]
