"""The journal: what was begun, what was finished, and what a crash leaves of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async import (
    Action,
    ActionResult,
    BadRequestError,
    BulkOutcome,
    BulkStatus,
    JournalError,
    MemoryJournal,
    PriorState,
    SqliteJournal,
)
from plivo_phlo_async.bulk.journal import identity

pytestmark = pytest.mark.anyio

FRESH, IN_DOUBT, FINISHED = PriorState.FRESH, PriorState.IN_DOUBT, PriorState.FINISHED
DONE, FAILED = BulkStatus.DONE, BulkStatus.FAILED
UNKNOWN, NOT_STARTED = BulkStatus.UNKNOWN, BulkStatus.NOT_STARTED
HOLD = Action.hold("p", "n", "12025551111")
AnyJournal = SqliteJournal | MemoryJournal


def _ended(status: BulkStatus) -> BulkOutcome:
    return BulkOutcome(HOLD, status)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@pytest.fixture(params=["sqlite", "memory"])
async def journal(request: pytest.FixtureRequest, path: Path) -> AsyncIterator[AnyJournal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    async with SqliteJournal(path) as journal:
        yield journal


# How an action stands


async def test_what_nobody_began_is_fresh(journal: AnyJournal) -> None:
    assert await journal.begin("a 1") == "fresh"


async def test_what_was_begun_is_in_doubt(journal: AnyJournal) -> None:
    await journal.begin("a 1")

    assert await journal.begin("a 1") == "in_doubt"


@pytest.mark.parametrize(
    ("ended", "standing"),
    [(DONE, FINISHED), (FAILED, FINISHED), (UNKNOWN, IN_DOUBT), (NOT_STARTED, FRESH)],
)
async def test_how_it_ended_is_how_it_stands(
    journal: AnyJournal, ended: BulkStatus, standing: PriorState
) -> None:
    await journal.begin("a 1")
    await journal.finish("a 1", _ended(ended))

    assert await journal.begin("a 1") is standing


@pytest.mark.parametrize("ended", [FAILED, UNKNOWN])
async def test_what_the_caller_wants_anew_is_fresh_in_a_later_run(
    journal: AnyJournal, ended: BulkStatus
) -> None:
    await journal.start()
    await journal.begin("a 1")
    await journal.finish("a 1", _ended(ended))
    await journal.start()

    assert await journal.begin("a 1", {ended}) is FRESH


async def test_nothing_is_begun_anew_in_the_same_run(journal: AnyJournal) -> None:
    await journal.start()
    await journal.begin("a 1")

    assert await journal.begin("a 1", {FAILED, UNKNOWN}) is IN_DOUBT


@pytest.mark.parametrize("before", [FAILED, UNKNOWN])
async def test_what_was_begun_anew_and_not_sent_is_as_it_was(
    journal: AnyJournal, before: BulkStatus
) -> None:
    await journal.start()
    await journal.begin("a 1")
    await journal.finish("a 1", _ended(before))
    await journal.start()
    await journal.begin("a 1", {before})
    await journal.finish("a 1", _ended(NOT_STARTED))

    assert await journal.begin("a 1") is (IN_DOUBT if before is UNKNOWN else FINISHED)


# What tells one action from another


def test_an_action_is_known_by_its_place_and_content() -> None:
    other = Action.hold("p", "n", "12025552222")

    assert len({identity(HOLD, 1), identity(HOLD, 2), identity(other, 1)}) == 3


def test_an_action_with_a_key_is_known_wherever_it_stands() -> None:
    keyed = Action.hold("p", "n", "12025551111", key="k")

    assert identity(keyed, 1) == identity(keyed, 2)


def test_a_key_is_no_place() -> None:
    keyed = Action.hold("p", "n", "12025551111", key="number 1")

    assert identity(keyed, 1).split(" ")[0] != identity(HOLD, 1).split(" ")[0]


def test_an_identity_is_the_same_in_every_version() -> None:
    says = [identity(Action.call("p", "n", "1", "2", key="k"), 1), identity(Action.run("p"), 7)]

    assert says == ["key 'k' d1a79e3c0f7b7162", "number 7 401498abadcfe0d8"]


def test_an_identity_shows_no_number() -> None:
    assert "5551111" not in identity(HOLD, 1)


# The file


async def _begun(path: Path, *keys: str) -> None:
    async with SqliteJournal(path) as journal:
        await journal.start()
        for key in keys:
            await journal.begin(key)
            await journal.finish(key, _ended(DONE))


async def test_it_is_there_when_the_file_is_opened_again(path: Path) -> None:
    await _begun(path, "a 1")
    async with SqliteJournal(path) as journal:
        assert await journal.begin("a 1") is FINISHED


async def test_a_list_that_begins_otherwise_is_another_list(path: Path) -> None:
    await _begun(path, "a 1", "b 1")
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match="belongs to another list"):
            await journal.begin("b 1")


async def test_a_key_with_other_content_is_another_list(path: Path) -> None:
    await _begun(path, "a 1", "b 1")
    async with SqliteJournal(path) as journal:
        await journal.begin("a 1")
        with pytest.raises(JournalError, match="b is another action there"):
            await journal.begin("b 2")


async def test_a_second_opener_is_told_so(path: Path) -> None:
    async with SqliteJournal(path):
        with pytest.raises(JournalError, match="another run is using this journal"):
            async with SqliteJournal(path):
                pass


async def test_another_process_is_told_so_too(path: Path) -> None:
    code = (
        "import anyio, sys; from plivo_phlo_async import SqliteJournal\n"
        "async def go():\n"
        "    async with SqliteJournal(sys.argv[1]): pass\n"
        "anyio.run(go)"
    )
    async with SqliteJournal(path):
        says = await anyio.run_process([sys.executable, "-c", code, str(path)], check=False)

    assert b"another run is using this journal" in says.stderr


def _with_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (x)")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("to,verb\n" * 200), "this is no journal"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (_with_a_table, "another database"),
    ],
    ids=["text", "folder", "database"],
)
async def test_what_is_no_journal_is_refused_and_left_alone(
    path: Path, make: Any, says: str
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(JournalError, match=says):
        async with SqliteJournal(path):
            pass

    assert (path.read_bytes() if path.is_file() else b"") == before


async def test_a_journal_of_another_form_is_left_to_the_version_that_knows_it(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("a 1")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(JournalError, match=r"form 2, this one knows 1\); use that version"):
        async with SqliteJournal(path):
            pass


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        async with SqliteJournal(tmp_path / "no" / "run.db"):
            pass


async def test_a_full_disk_begins_nothing(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("a 1")
        assert journal._db is not None
        journal._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(JournalError, match=r"full.*nothing more is sent"):
            for number in range(1000):
                await journal.begin(f"{'b' * 100}{number} 1")


async def test_a_journal_that_cannot_be_written_stays_so(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("a 1")
        assert journal._db is not None
        journal._db.execute("PRAGMA query_only = 1")
        with pytest.raises(JournalError):
            await journal.begin("b 1")
        journal._db.execute("PRAGMA query_only = 0")
        with pytest.raises(JournalError):
            await journal.begin("b 1")


async def test_it_counts_how_actions_ended(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        for number, ended in enumerate((DONE, DONE, FAILED, UNKNOWN)):
            await journal.begin(f"a{number} 1")
            await journal.finish(f"a{number} 1", _ended(ended))
        await journal.begin("b 1")

        assert await journal.counts() == {DONE: 2, FAILED: 1, UNKNOWN: 2}


async def test_it_keeps_what_was_told_and_no_number(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("a 1")
        await journal.finish("a 1", BulkOutcome(HOLD, DONE, ActionResult(api_id="the-id")))
        await journal.begin("b 1")
        error = BadRequestError(f"{HOLD}: 400", status_code=400)
        await journal.finish("b 1", BulkOutcome(HOLD, FAILED, error=error))
    with closing(sqlite3.connect(path)) as db:
        says = [row[0] for row in db.execute("SELECT detail FROM actions ORDER BY name")]

    assert says == ["the-id", "hold …1111: 400"]


# Many at once


async def test_many_at_once_are_written_together(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("first 1")
        assert journal._db is not None
        commits: list[str] = []
        journal._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "BEGIN" else None)
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(journal.begin, f"a{number} 1")

        assert len(commits) <= 2


async def test_cancelled_while_it_waits_it_is_not_begun(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("first 1")
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(journal.begin, f"a{number} 1")
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        standings = [await journal.begin(f"a{number} 1") for number in range(10)]

        assert standings == [FRESH] * 10


async def test_cancelled_while_it_asks_what_is_finished_stays_so(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin("a 1")
        await journal.finish("a 1", _ended(DONE))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await journal.begin("a 1")

        assert await journal.begin("a 1") is FINISHED


class _Interrupted(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


async def test_an_interruption_while_it_writes_comes_out_and_nothing_goes_on(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.begin("a 1")
    await journal.finish("a 1", BulkOutcome(HOLD, FAILED, error=_Interrupted()))
    with pytest.raises(KeyboardInterrupt):
        await journal.flush()
    with pytest.raises(JournalError):
        await journal.begin("b 1")
    await journal.aclose()


# Any history: a model beside the file

KEYS = st.sampled_from(["a 1", "b 1", "c 1", "d 1"])
STEPS = st.one_of(
    st.tuples(st.just("begin"), KEYS, st.sets(st.sampled_from([FAILED, UNKNOWN]))),
    st.tuples(st.just("finish"), KEYS, st.sampled_from([DONE, FAILED, UNKNOWN, NOT_STARTED])),
    st.tuples(st.sampled_from(["crash", "close", "start"])),
)


class _Model:
    """What a journal ought to say."""

    def __init__(self) -> None:
        self.ended: dict[str, tuple[BulkStatus, bool]] = {}  # status, of an earlier run
        self.under_way: dict[str, tuple[BulkStatus, bool] | None] = {}

    def begin(self, key: str, redo: set[BulkStatus]) -> PriorState:
        if key in self.under_way:
            return IN_DOUBT
        status, earlier = self.ended.get(key, (None, False))
        if status is None or (earlier and status in redo):
            self.under_way[key] = self.ended.pop(key, None)
            return FRESH
        return IN_DOUBT if status is UNKNOWN else FINISHED

    def finish(self, key: str, status: BulkStatus) -> None:
        before = self.under_way.pop(key)
        if status is not NOT_STARTED:
            self.ended[key] = (status, False)
        elif before is not None:
            self.ended[key] = (before[0], False)

    def start(self) -> None:
        self.ended |= dict.fromkeys(self.under_way, (UNKNOWN, True))
        self.ended = {key: (status, True) for key, (status, _) in self.ended.items()}
        self.under_way = {}


async def _follow(steps: list[Any], folder: Path) -> None:
    model, number = _Model(), 0
    journal = SqliteJournal(folder / "0.db")
    await journal.start()
    await journal.begin("first 1")
    for kind, *given_ in steps:
        if kind == "begin":
            assert await journal.begin(*given_) is model.begin(*given_)
        elif kind == "finish" and given_[0] in model.under_way:
            await journal.finish(given_[0], _ended(given_[1]))
            model.finish(*given_)
        elif kind in {"crash", "close"}:
            old, number = journal, number + 1
            if kind == "crash":
                await journal.flush()  # what a crash may lose is only what is not flushed
            else:
                await journal.aclose()
            for file in folder.glob(f"{number - 1}.db*"):
                shutil.copy(file, folder / file.name.replace(str(number - 1), str(number), 1))
            await old.aclose()
            journal = SqliteJournal(folder / f"{number}.db")
            await journal.start()
            await journal.begin("first 1")
            model.start()
        elif kind == "start":
            await journal.start()
            await journal.begin("first 1")
            model.start()
    await journal.aclose()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_it_knows_what_was_begun_and_how_it_ended(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(_follow, steps, Path(folder))


def test_killed_at_any_moment_what_was_told_begun_is_begun(path: Path) -> None:
    code = (
        "import anyio, sys; from plivo_phlo_async import SqliteJournal\n"
        "async def work(journal, worker):\n"
        "    for number in range(100000):\n"
        "        await journal.begin(f'{worker}-{number} 1')\n"
        "        print(f'{worker}-{number} 1', flush=True)\n"
        "async def go():\n"
        "    async with SqliteJournal(sys.argv[1]) as it, anyio.create_task_group() as group:\n"
        "        await it.begin('first 1')\n"
        "        for worker in range(5): group.start_soon(work, it, worker)\n"
        "anyio.run(go)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    says = [process.stdout.readline().strip() for _ in range(50)]
    process.kill()
    says += [line.strip() for line in process.stdout if line.endswith("1\n")]
    process.wait()
    process.stdout.close()

    async def standings() -> set[PriorState]:
        async with SqliteJournal(path) as journal:
            await journal.begin("first 1")
            return {await journal.begin(key) for key in says}

    assert anyio.run(standings) == {IN_DOUBT}
    assert os.path.getsize(path) > 0


class _Failing:
    """A connection whose disk, or whose thread, fails when it is to commit."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def commit(self) -> None:
        raise RuntimeError("can't start new thread")


async def test_whatever_keeps_it_from_the_disk_nobody_who_waited_may_go_on(path: Path) -> None:
    says: list[object] = []

    async def begin(journal: SqliteJournal, key: str) -> None:
        try:
            says.append(await journal.begin(key))
        except JournalError as error:
            says.append(type(error))

    async with SqliteJournal(path) as journal:
        await journal.begin("first 1")
        journal._db = _Failing(journal._db)  # type: ignore[assignment,arg-type]  # the point
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(begin, journal, f"a{number} 1")

    assert says == [JournalError] * 5


# The file


async def test_only_its_owner_can_read_the_file_and_those_beside_it(tmp_path: Path) -> None:
    async with SqliteJournal(tmp_path / "run.db") as journal:
        await journal.begin("1 a")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert set(modes.values()) == {0o600}
    assert "run.db-wal" in modes
