"""The journal: what was begun, what was finished, and what a crash leaves of it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async import (
    Action,
    ActionResult,
    BadRequestError,
    BulkOutcome,
    BulkStatus,
    InvalidArgumentError,
    JournalEntry,
    JournalError,
    MemoryJournal,
    NotSentError,
    OutcomeUnknownError,
    PhloError,
    PhloRun,
    PriorState,
    RateLimitedError,
    SqliteJournal,
)
from plivo_phlo_async.bulk.sqlite_tables import JournalFile

pytestmark = pytest.mark.anyio

FRESH, IN_DOUBT, FINISHED = PriorState.FRESH, PriorState.IN_DOUBT, PriorState.FINISHED
UNDER_WAY = PriorState.UNDER_WAY
DONE, FAILED = BulkStatus.DONE, BulkStatus.FAILED
UNKNOWN, NOT_STARTED = BulkStatus.UNKNOWN, BulkStatus.NOT_STARTED
HOLD = Action.hold("p", "n", "12025551111")
AnyJournal = SqliteJournal | MemoryJournal


def entry(text: str) -> JournalEntry:
    """Return the entry of an action whose name and content are these two words."""
    name, content = text.split()
    return JournalEntry(name, content, HOLD, 1)


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


async def test_what_was_never_begun_is_fresh(journal: AnyJournal) -> None:
    assert await journal.begin(entry("a 1")) == "fresh"


async def test_what_was_begun_and_has_not_ended_is_under_way(journal: AnyJournal) -> None:
    await journal.begin(entry("a 1"))

    assert await journal.begin(entry("a 1")) == "under_way"


async def test_what_an_earlier_run_began_and_did_not_finish_is_in_doubt(
    journal: AnyJournal,
) -> None:
    await journal.start()
    await journal.begin(entry("a 1"))
    await journal.start()

    assert await journal.begin(entry("a 1")) == "in_doubt"


@pytest.mark.parametrize(
    ("ended", "standing"),
    [(DONE, FINISHED), (FAILED, FINISHED), (UNKNOWN, IN_DOUBT), (NOT_STARTED, FRESH)],
)
async def test_how_it_ended_is_how_it_stands(
    journal: AnyJournal, ended: BulkStatus, standing: PriorState
) -> None:
    await journal.begin(entry("a 1"))
    await journal.finish(entry("a 1"), _ended(ended))

    assert await journal.begin(entry("a 1")) is standing


@pytest.mark.parametrize("ended", [FAILED, UNKNOWN])
async def test_what_the_caller_redoes_is_fresh_in_a_later_run(
    journal: AnyJournal, ended: BulkStatus
) -> None:
    await journal.start()
    await journal.begin(entry("a 1"))
    await journal.finish(entry("a 1"), _ended(ended))
    await journal.start()

    assert await journal.begin(entry("a 1"), {ended}) is FRESH


async def test_nothing_is_begun_again_in_the_same_run(journal: AnyJournal) -> None:
    await journal.start()
    await journal.begin(entry("a 1"))

    assert await journal.begin(entry("a 1"), {FAILED, UNKNOWN}) is UNDER_WAY


@pytest.mark.parametrize("before", [FAILED, UNKNOWN])
async def test_what_was_begun_again_and_not_sent_is_as_it_was(
    journal: AnyJournal, before: BulkStatus
) -> None:
    await journal.start()
    await journal.begin(entry("a 1"))
    await journal.finish(entry("a 1"), _ended(before))
    await journal.start()
    await journal.begin(entry("a 1"), {before})
    await journal.finish(entry("a 1"), _ended(NOT_STARTED))

    assert await journal.begin(entry("a 1")) is (IN_DOUBT if before is UNKNOWN else FINISHED)


async def test_an_action_begun_again_and_not_sent_may_be_begun_once_more(
    journal: AnyJournal,
) -> None:
    await journal.start()
    await journal.begin(entry("a 1"))
    await journal.finish(entry("a 1"), _ended(FAILED))
    await journal.start()
    await journal.begin(entry("a 1"), {FAILED})
    await journal.finish(entry("a 1"), _ended(NOT_STARTED))

    assert await journal.begin(entry("a 1"), {FAILED}) is FRESH


async def test_an_unknown_action_that_is_redone_and_not_sent_stays_unknown(
    journal: AnyJournal,
) -> None:
    not_sent = BulkOutcome(HOLD, FAILED, error=NotSentError("no route"))
    await journal.start()
    await journal.begin(entry("a 1"))
    await journal.finish(entry("a 1"), _ended(UNKNOWN))
    await journal.start()
    await journal.begin(entry("a 1"), {UNKNOWN})
    await journal.finish(entry("a 1"), not_sent)
    await journal.finish(entry("a 1"), not_sent)

    assert await journal.begin(entry("a 1")) is IN_DOUBT
    assert (await journal.counts())[UNKNOWN] == 1


async def test_what_failed_before_it_began_is_recorded(journal: AnyJournal) -> None:
    await journal.start()
    error = NotSentError("no route", action=HOLD)
    await journal.finish(JournalEntry.of(HOLD, 1), BulkOutcome(HOLD, FAILED, error=error))

    assert [outcome.error for outcome in await _read(journal)] == [error]


async def test_prior_records_nothing(journal: AnyJournal) -> None:
    await journal.start()
    states = [await journal.prior(entry("a 1")) for _ in range(2)]

    assert states == [FRESH, FRESH]
    assert await journal.begin(entry("a 1")) is FRESH


async def test_prior_knows_what_an_earlier_run_recorded(journal: AnyJournal) -> None:
    await journal.start()
    for name, status in (("a 1", DONE), ("b 1", UNKNOWN), ("c 1", FAILED)):
        await journal.begin(entry(name))
        await journal.finish(entry(name), _ended(status))
    await journal.start()
    states = [await journal.prior(entry(name), {FAILED}) for name in ("a 1", "b 1", "c 1")]

    assert states == [FINISHED, IN_DOUBT, FRESH]


# Reading it back

CALL = Action.call("p", "n", "12025550000", "12025551111", key="order-7")
RUN = Action.run("p", {"name": "Ann"})
BEGUN_AT = datetime(2026, 11, 26, 22, 15, tzinfo=UTC)
ENDED_AT = datetime(2026, 11, 26, 22, 15, 2, tzinfo=UTC)
ACCEPTED = BulkOutcome(
    CALL, DONE, ActionResult(api_id="a-1", status_code=201), None, 1, 0.2, BEGUN_AT, ENDED_AT
)
STARTED = BulkOutcome(
    RUN, DONE, PhloRun(run_id="r-1", phlo_id="p", raw={"api_id": "r-1"}), ended=ENDED_AT
)
REJECTED = BulkOutcome(
    HOLD,
    FAILED,
    error=BadRequestError("no", status_code=400, message="why", api_id="a-2", action=HOLD),
    attempts=1,
    begun=BEGUN_AT,
    ended=ENDED_AT,
)
REFUSED = BulkOutcome(
    HOLD, FAILED, error=RateLimitedError("slow", status_code=429, retry_after=9.5, action=HOLD)
)
OTHER_KIND = BulkOutcome(HOLD, FAILED, error=PhloError("OSError: disk", action=HOLD))


async def test_each_outcome_comes_back_as_it_was(journal: AnyJournal) -> None:
    each = [ACCEPTED, STARTED, REJECTED, REFUSED, OTHER_KIND]
    ended = [evolve(outcome, number=number) for number, outcome in enumerate(each, 1)]
    await journal.start()
    for number, outcome in enumerate(each, 1):
        await journal.finish(JournalEntry.of(outcome.action, number), outcome)

    assert await _read(journal) == ended


async def test_outcomes_can_be_read_without_an_event_loop(path: Path) -> None:
    await _fill(path, 1200)
    statuses = await anyio.to_thread.run_sync(
        lambda: [outcome.status for outcome in SqliteJournal(path).outcomes()]
    )

    assert statuses == [DONE] * 1200


async def test_outcomes_can_be_read_while_the_journal_is_open(path: Path) -> None:
    await _fill(path, 1200)
    async with SqliteJournal(path) as journal:
        statuses = [outcome.status async for outcome in journal.outcomes()]

    assert statuses == [DONE] * 1200


async def test_an_open_journal_is_read_with_async_for(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match="use async for"):
            list(journal.outcomes())


async def test_what_is_only_begun_is_unknown_and_has_its_time(journal: AnyJournal) -> None:
    before = datetime.now(UTC)
    await journal.begin(JournalEntry.of(CALL, 1))
    (outcome,) = await _read(journal)

    assert outcome.status is UNKNOWN
    assert outcome.action == CALL
    assert isinstance(outcome.error, OutcomeUnknownError)
    assert outcome.begun is not None
    assert before <= outcome.begun <= datetime.now(UTC)
    assert outcome.ended is None


async def test_recorded_returns_the_outcome_of_one_action(journal: AnyJournal) -> None:
    await journal.finish(JournalEntry.of(CALL, 1), ACCEPTED)

    assert await journal.recorded(JournalEntry.of(CALL, 5)) == evolve(ACCEPTED, number=1)
    assert await journal.recorded(JournalEntry.of(HOLD, 5)) is None


@pytest.mark.parametrize("status", [DONE, FAILED])
async def test_an_unknown_action_can_be_settled(journal: AnyJournal, status: BulkStatus) -> None:
    await journal.begin(JournalEntry.of(CALL, 1))
    settled = await journal.settle("order-7", status.value)

    assert settled.status is status
    assert settled.ended is not None
    assert await _read(journal) == [settled]


async def test_an_action_without_a_key_is_settled_by_its_position(journal: AnyJournal) -> None:
    await journal.begin(JournalEntry.of(HOLD, 3))
    await journal.settle(3, DONE)

    assert (await journal.counts())[DONE] == 1


async def test_only_an_unknown_action_can_be_settled(journal: AnyJournal) -> None:
    await journal.finish(JournalEntry.of(CALL, 1), ACCEPTED)
    for key in ("order-7", "order-8"):
        with pytest.raises(JournalError, match=key):
            await journal.settle(key, DONE)


async def test_nothing_is_settled_as_unknown(journal: AnyJournal) -> None:
    await journal.begin(JournalEntry.of(CALL, 1))
    with pytest.raises(InvalidArgumentError, match=r'status: give "done" or "failed"'):
        await journal.settle("order-7", "unknown")


async def _read(journal: AnyJournal) -> list[BulkOutcome]:
    if isinstance(journal, MemoryJournal):
        return list(journal.outcomes())
    return [outcome async for outcome in journal.outcomes()]


async def _fill(path: Path, count: int) -> None:
    async with SqliteJournal(path) as journal:
        await journal.start()
        for number in range(1, count + 1):
            await journal.finish(JournalEntry.of(HOLD, number), _ended(DONE))


# What distinguishes one action from another


def test_an_action_without_a_key_is_known_by_its_position_and_content() -> None:
    other = Action.hold("p", "n", "12025552222")
    entries = {(entry.name, entry.content) for entry in map(JournalEntry.of, [HOLD] * 2, (1, 2))}

    assert len(entries) == 2
    assert JournalEntry.of(HOLD, 1).content != JournalEntry.of(other, 1).content


def test_an_action_with_a_key_is_known_at_any_position() -> None:
    keyed = Action.hold("p", "n", "12025551111", key="k")

    assert JournalEntry.of(keyed, 1).name == JournalEntry.of(keyed, 2).name


def test_a_key_is_no_position() -> None:
    keyed = Action.hold("p", "n", "12025551111", key="number 1")

    assert JournalEntry.of(keyed, 1).name != JournalEntry.of(HOLD, 1).name


def test_the_order_of_a_payloads_keys_does_not_matter() -> None:
    one = Action.run("p", {"a": 1, "b": {"c": 2, "d": 3}})
    other = Action.run("p", {"b": {"d": 3, "c": 2}, "a": 1})

    assert JournalEntry.of(one, 1).content == JournalEntry.of(other, 1).content


def test_an_entry_is_the_same_in_every_version() -> None:
    keyed = JournalEntry.of(Action.call("p", "n", "1", "2", key="k"), 1)
    placed = JournalEntry.of(Action.run("p"), 7)

    assert (keyed.name, keyed.content) == ("key 'k'", "d1a79e3c0f7b7162")
    assert (placed.name, placed.content) == ("number 7", "401498abadcfe0d8")


# The file


async def _begun(path: Path, *entries: str) -> None:
    async with SqliteJournal(path) as journal:
        await journal.start()
        for text in entries:
            await journal.begin(entry(text))
            await journal.finish(entry(text), _ended(DONE))


async def test_it_is_there_when_the_file_is_opened_again(path: Path) -> None:
    await _begun(path, "a 1")
    async with SqliteJournal(path) as journal:
        assert await journal.begin(entry("a 1")) is FINISHED


async def test_a_list_that_begins_otherwise_is_another_list(path: Path) -> None:
    await _begun(path, "a 1", "b 1")
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match="belongs to another list"):
            await journal.begin(entry("b 1"))


async def test_a_key_with_other_content_is_another_list(path: Path) -> None:
    await _begun(path, "a 1", "b 1")
    async with SqliteJournal(path) as journal:
        await journal.begin(entry("a 1"))
        with pytest.raises(JournalError, match="b is another action there"):
            await journal.begin(entry("b 2"))


async def test_a_second_opener_is_refused(path: Path) -> None:
    async with SqliteJournal(path):
        with pytest.raises(JournalError, match="another run is using this journal"):
            async with SqliteJournal(path):
                pass


async def test_another_process_is_refused_too(path: Path) -> None:
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
        await journal.begin(entry("a 1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(JournalError, match=r"form 1, this one knows 2\); use that version"):
        async with SqliteJournal(path):
            pass


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        async with SqliteJournal(tmp_path / "no" / "run.db"):
            pass


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Limit each file that this process writes to 200 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200 * 1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, previous)


@pytest.mark.usefixtures("small_disk")
async def test_on_a_full_disk_nothing_begins_any_more(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match="nothing more is sent"):
            for number in range(10_000):
                await journal.begin(entry(f"a{number} 1"))
        with pytest.raises(JournalError, match="nothing more is sent"):
            await journal.begin(entry("b 1"))


async def test_it_counts_how_actions_ended(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        for number, ended in enumerate((DONE, DONE, FAILED, UNKNOWN)):
            await journal.begin(entry(f"a{number} 1"))
            await journal.finish(entry(f"a{number} 1"), _ended(ended))
        await journal.begin(entry("b 1"))

        assert await journal.counts() == {DONE: 2, FAILED: 1, UNKNOWN: 2}


# Many at once


async def test_many_at_once_are_written_together(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[JournalFile] = []
    commit = JournalFile.commit

    def count(file: JournalFile) -> None:
        commits.append(file)
        commit(file)

    monkeypatch.setattr(JournalFile, "commit", count)
    async with SqliteJournal(path) as journal:
        commits.clear()
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(journal.begin, entry(f"a{number} 1"))

    assert len(commits) <= 2


async def test_cancelled_while_it_waits_it_is_not_begun(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin(entry("first 1"))
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(journal.begin, entry(f"a{number} 1"))
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        standings = [await journal.begin(entry(f"a{number} 1")) for number in range(10)]

        assert standings == [FRESH] * 10


async def test_cancelled_while_it_asks_what_is_finished_stays_so(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.begin(entry("a 1"))
        await journal.finish(entry("a 1"), _ended(DONE))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await journal.begin(entry("a 1"))

        assert await journal.begin(entry("a 1")) is FINISHED


class _Interrupted(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


async def test_an_interruption_while_it_writes_comes_out_and_nothing_goes_on(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.begin(entry("a 1"))
    await journal.finish(entry("a 1"), BulkOutcome(HOLD, FAILED, error=_Interrupted()))
    with pytest.raises(KeyboardInterrupt):
        await journal.flush()
    with pytest.raises(JournalError):
        await journal.begin(entry("b 1"))
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
        self.under_way: dict[str, tuple[BulkStatus, bool] | None] = {}  # what it was before

    def begin(self, key: str, redo: set[BulkStatus]) -> PriorState:
        if key in self.under_way:
            return UNDER_WAY
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
            self.ended[key] = before

    def start(self) -> None:
        self.ended |= dict.fromkeys(self.under_way, (UNKNOWN, True))
        self.ended = {key: (status, True) for key, (status, _) in self.ended.items()}
        self.under_way = {}


async def _follow(steps: list[Any], folder: Path) -> None:
    model, number = _Model(), 0
    journal = SqliteJournal(folder / "0.db")
    await journal.start()
    await journal.begin(entry("first 1"))
    for kind, *given_ in steps:
        if kind == "begin":
            name, redo = given_
            assert await journal.begin(entry(name), redo) is model.begin(name, redo)
        elif kind == "finish" and given_[0] in model.under_way:
            await journal.finish(entry(given_[0]), _ended(given_[1]))
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
            journal = SqliteJournal(folder / f"{number}.db", accept_copy=True)
            await journal.start()
            await journal.begin(entry("first 1"))
            model.start()
        elif kind == "start":
            await journal.start()
            await journal.begin(entry("first 1"))
            model.start()
    await journal.aclose()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_it_knows_what_was_begun_and_how_it_ended(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(_follow, steps, Path(folder))


def test_killed_at_any_moment_what_was_reported_begun_is_begun(path: Path) -> None:
    code = (
        "import anyio, sys\n"
        "from plivo_phlo_async import Action, JournalEntry, SqliteJournal\n"
        "HOLD = Action.hold('p', 'n', '12025551111')\n"
        "def entry(text): return JournalEntry(*text.split(), HOLD, 1)\n"
        "async def work(journal, worker):\n"
        "    for number in range(100000):\n"
        "        await journal.begin(entry(f'{worker}-{number} 1'))\n"
        "        print(f'{worker}-{number} 1', flush=True)\n"
        "async def go():\n"
        "    async with SqliteJournal(sys.argv[1]) as it, anyio.create_task_group() as group:\n"
        "        await it.begin(entry('first 1'))\n"
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
            await journal.begin(entry("first 1"))
            return {await journal.begin(entry(text)) for text in says}

    assert anyio.run(standings) == {IN_DOUBT}
    assert os.path.getsize(path) > 0


async def test_if_the_disk_fails_none_that_waited_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results: list[object] = []

    async def begin(journal: SqliteJournal, name: str) -> None:
        try:
            results.append(await journal.begin(entry(name)))
        except JournalError as error:
            results.append(type(error))

    def fail(file: JournalFile) -> None:
        raise RuntimeError("can't start new thread")

    async with SqliteJournal(path) as journal:
        await journal.begin(entry("first 1"))
        monkeypatch.setattr(JournalFile, "commit", fail)
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(begin, journal, f"a{number} 1")

    assert results == [JournalError] * 5


# The file


async def test_only_its_owner_can_read_the_file_and_those_beside_it(tmp_path: Path) -> None:
    async with SqliteJournal(tmp_path / "run.db") as journal:
        await journal.begin(entry("1 a"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert set(modes.values()) == {0o600}
    assert "run.db-wal" in modes
