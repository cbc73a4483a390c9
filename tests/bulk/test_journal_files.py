"""The files of a journal: each that is missing, older, copied or altered is refused, and why."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from plivo_phlo_async import Action, JournalEntry, JournalError, PriorState, SqliteJournal

pytestmark = pytest.mark.anyio

ENTRIES = [
    JournalEntry.of(Action.call("p", "n", "100", f"1202555{number:04}"), number)
    for number in range(1, 6)
]
ENDS = ("", "-wal", "-mark")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


def _copy(path: Path, copy: Path, *ends: str) -> None:
    for end in ends:
        shutil.copy(f"{path}{end}", f"{copy}{end}")


async def _begin(journal: SqliteJournal, *entries: JournalEntry) -> None:
    await journal.start()
    for entry in entries:
        assert await journal.begin(entry) is PriorState.FRESH


async def _states(path: Path, *, accept_copy: bool = False) -> list[PriorState]:
    async with SqliteJournal(path, accept_copy=accept_copy) as journal:
        await journal.start()
        return [await journal.prior(entry) for entry in ENTRIES]


async def test_a_closed_journal_is_one_file_and_may_be_copied(path: Path, copy: Path) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
    files = [file.name for file in path.parent.iterdir()]
    _copy(path, copy, "")

    assert files == ["run.db"]
    assert await _states(copy) == [PriorState.IN_DOUBT] * 5


async def test_a_copy_of_an_open_journal_is_refused(path: Path, copy: Path) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES[:3])
        _copy(path, copy, *ENDS)
        with pytest.raises(
            JournalError, match=r"a copy of a journal that was in use.*Use the orig"
        ):
            await _states(copy)


async def test_a_copy_is_accepted_when_the_caller_says_so(path: Path, copy: Path) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES[:3])
        _copy(path, copy, *ENDS)

    assert await _states(copy, accept_copy=True) == [
        *[PriorState.IN_DOUBT] * 3,
        *[PriorState.FRESH] * 2,
    ]
    assert len(await _states(copy)) == 5  # it was closed since


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("-mark", "copy.db-mark is missing"),
        ("-wal", "actions that were begun are missing"),
    ],
)
async def test_a_file_that_is_missing_beside_it_is_named(
    path: Path, copy: Path, lost: str, message: str
) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
        _copy(path, copy, *(end for end in ENDS if end != lost))
        with pytest.raises(JournalError, match=message):
            await _states(copy, accept_copy=True)
        _copy(path, copy, lost)

    assert await _states(copy, accept_copy=True) == [PriorState.IN_DOUBT] * 5  # it is put back


@pytest.mark.parametrize("end", ["-wal", "-mark"])
async def test_without_its_main_file_no_new_journal_begins(
    path: Path, copy: Path, end: str
) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
        _copy(path, copy, end)
        with pytest.raises(JournalError, match=f"it is missing, but .*copy.db{end} is there"):
            await _states(copy)

    assert not copy.exists()


async def test_a_damaged_mark_is_refused(path: Path, copy: Path) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
        _copy(path, copy, *ENDS)
        Path(f"{copy}-mark").write_text("nothing\n")
        with pytest.raises(JournalError, match=r"-mark is damaged, or belongs to another journal"):
            await _states(copy, accept_copy=True)


async def test_an_empty_file_is_refused(path: Path) -> None:
    path.touch()
    with pytest.raises(JournalError, match="it is empty"):
        await _states(path)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM actions WHERE number = 3", "actions are missing or were altered"),
        ("UPDATE actions SET status = 'failed' WHERE number = 3", "actions are missing or were"),
        ("UPDATE summary SET rows = 4", "its summary was altered"),
        ("DELETE FROM summary", "its summary was altered"),
        ("CREATE TABLE more (x)", "its tables were altered"),
    ],
)
async def test_what_another_program_altered_is_refused(
    path: Path, statement: str, message: str
) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
    with pytest.raises(JournalError, match=message):
        await _states(path)


@pytest.mark.parametrize(
    ("action", "message"),
    [('{"verb": "hold"}', "an action cannot be read"), (None, "an action was altered")],
)
async def test_an_altered_action_is_not_read_back(
    path: Path, action: str | None, message: str
) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        other = "replace(action, '12025550003', '12025550009')"
        db.execute(f"UPDATE actions SET action = ifnull(?, {other})", (action,))
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match=message):
            _ = [outcome async for outcome in journal.outcomes()]


async def test_a_symbolic_link_is_the_same_journal(path: Path, copy: Path) -> None:
    async with SqliteJournal(path) as journal:
        await _begin(journal, *ENTRIES)
    os.symlink(path, copy)

    assert await _states(copy) == [PriorState.IN_DOUBT] * 5
