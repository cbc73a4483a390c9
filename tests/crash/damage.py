"""Damage journals in every way, and look for actions that a run would then send again.

Each damage is done to the files of a journal that was closed, or whose process was killed. Then the
journal is asked about every action that had begun. To answer "fresh" is a silent redial; to refuse
is right, and so is to answer as before, where the damage touched nothing that matters.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyio
from attrs import define, field, frozen

from plivo_phlo_async import Action, JournalEntry, JournalError, PriorState, SqliteJournal

__all__ = ["DamageReport", "damage_journals"]

ACTIONS = 120
_FILES = ("", "-wal", "-mark")
_WORKER = """
import sys, anyio
from tests.crash.damage import begin_and_hang
anyio.run(begin_and_hang, sys.argv[1])
"""


@define
class DamageReport:
    """What became of the damages.

    Attributes:
        damages: how many there were.
        refused: how many made the journal refuse, by kind.
        harmless: how many changed no answer, by kind.
        redials: the damages after which a begun action would be sent again.
        lost: the damages after which an answer changed from done to in doubt.
    """

    damages: int = 0
    refused: Counter[str] = field(factory=Counter)
    harmless: Counter[str] = field(factory=Counter)
    redials: list[str] = field(factory=list)
    changed: list[str] = field(factory=list)

    def __str__(self) -> str:
        return (
            f"{self.damages} damages: {self.refused.total()} refused, {self.harmless.total()}"
            f" harmless; silent redials: {len(self.redials)}; answers changed: {len(self.changed)}"
        )


def calls() -> list[JournalEntry]:
    """Return the entries of the list."""
    return [
        JournalEntry.of(
            Action.call("p", "n", "12025550000", f"1202556{number:04}", key=f"order-{number}"),
            number,
        )
        for number in range(1, ACTIONS + 1)
    ]


async def begin_and_hang(path: str) -> None:
    """Begin most of the list, finish some of it, say so, and wait to be killed."""
    journal = SqliteJournal(path)
    await _half(journal)
    print("begun", flush=True)
    await anyio.sleep_forever()


async def _half(journal: SqliteJournal) -> None:
    from plivo_phlo_async import BulkOutcome, BulkStatus

    await journal.start()
    for number, entry in enumerate(calls()[:-20]):
        assert await journal.begin(entry) is PriorState.FRESH
        if number % 3:
            await journal.finish(entry, BulkOutcome(entry.action, BulkStatus.DONE))
    await journal.flush()


async def _states(path: Path) -> list[PriorState]:
    async with SqliteJournal(path) as journal:
        await journal.start()
        return [await journal.prior(entry) for entry in calls()]


@frozen
class _Files:
    """The files of a journal, and what they held before the damage."""

    path: Path
    contents: dict[str, bytes]

    @classmethod
    def of(cls, path: Path) -> _Files:
        found = {end: Path(f"{path}{end}") for end in _FILES}
        return cls(path, {end: file.read_bytes() for end, file in found.items() if file.exists()})

    def file(self, end: str) -> Path:
        return Path(f"{self.path}{end}")

    def restore(self) -> None:
        """Restore the contents; the main file keeps its inode."""
        kept = self.path.with_suffix(".kept")
        if kept.exists():
            kept.replace(self.path)
        for end in (*_FILES, "-journal", "-shm", "-new"):
            if end not in self.contents:
                self.file(end).unlink(missing_ok=True)
        for end, content in self.contents.items():
            with self.file(end).open("r+b" if self.file(end).exists() else "wb") as file:
                file.truncate(0)
                file.write(content)


Damage = Callable[[_Files, random.Random], Path]


def _flip_a_bit(files: _Files, choose: random.Random) -> Path:
    return _change(files, choose, lambda content, at: content[at] ^ (1 << choose.randrange(8)))


def _replace_a_byte(files: _Files, choose: random.Random) -> Path:
    return _change(files, choose, lambda content, at: choose.randrange(256))


def _change(files: _Files, choose: random.Random, new: Callable[[bytes, int], int]) -> Path:
    end = choose.choice([end for end, content in files.contents.items() if content])
    content = bytearray(files.contents[end])
    at = choose.randrange(len(content))
    content[at] = new(files.contents[end], at)
    _overwrite(files.file(end), bytes(content))
    return files.path


def _truncate(files: _Files, choose: random.Random) -> Path:
    end = choose.choice(list(files.contents))
    _overwrite(files.file(end), files.contents[end][: choose.randrange(len(files.contents[end]))])
    return files.path


def _zero_a_block(files: _Files, choose: random.Random) -> Path:
    end = choose.choice(list(files.contents))
    content = bytearray(files.contents[end])
    at = choose.randrange(len(content)) // 512 * 512
    content[at : at + 512] = bytes(len(content[at : at + 512]))
    _overwrite(files.file(end), bytes(content))
    return files.path


def _drop_a_file(files: _Files, choose: random.Random) -> Path:
    ends = list(files.contents)
    if len(ends) == 1:  # nothing is left that could show it
        return _truncate(files, choose)
    if end := choose.choice(ends):
        files.file(end).unlink()
    else:
        files.path.rename(files.path.with_suffix(".kept"))
    return files.path


def _rename_the_database_alone(files: _Files, choose: random.Random) -> Path:
    return _copy(files, [""])


def _copy_all_files(files: _Files, choose: random.Random) -> Path:
    return _copy(files, list(files.contents))


def _link(files: _Files, choose: random.Random) -> Path:
    other = files.path.with_name("linked.db")
    other.unlink(missing_ok=True)
    os.link(files.path, other)
    return other


def _copy(files: _Files, ends: list[str]) -> Path:
    other = files.path.with_name(f"copy-{random.randrange(1 << 40)}.db")
    for end in ends:
        shutil.copy(files.file(end), f"{other}{end}")
    return other


def _older_wal(files: _Files, choose: random.Random) -> Path:
    """Lose the latest frames of the -wal, as an older copy of it has."""
    wal = files.contents.get("-wal")
    if not wal:
        return _truncate(files, choose)
    frames = (len(wal) - 32) // 4120
    _overwrite(files.file("-wal"), wal[: 32 + 4120 * choose.randrange(frames)])
    return files.path


KINDS: dict[str, Damage] = {
    "a flipped bit": _flip_a_bit,
    "a replaced byte": _replace_a_byte,
    "a truncated file": _truncate,
    "a block of zeros": _zero_a_block,
    "a missing file": _drop_a_file,
    "the database alone": _rename_the_database_alone,
    "a copy of all files": _copy_all_files,
    "a hard link": _link,
    "an older -wal": _older_wal,
}


def _overwrite(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(content)


def damage_journals(
    count: int, seed: int, progress: Callable[[DamageReport], object] = lambda report: None
) -> DamageReport:
    """Damage a closed and a killed journal, in turn, so many times.

    Args:
        count: how many damages.
        seed: chooses them.
        progress: called after each.
    """
    report, choose = DamageReport(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        journals = [_closed(Path(folder)), _killed(Path(folder))]
        kinds = list(KINDS)
        for number in range(count):
            files = journals[number % 2]
            kind = kinds[number // 2 % len(kinds)]
            _judge(files, kind, choose, report)
            progress(report)
    return report


def _closed(folder: Path) -> _Files:
    path = folder / "closed.db"

    async def make() -> None:
        async with SqliteJournal(path) as journal:
            await _half(journal)

    anyio.run(make)
    return _Files.of(path)


def _killed(folder: Path) -> _Files:
    path = folder / "killed.db"
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "begun\n"
    worker.kill()
    worker.wait()
    worker.stdout.close()
    return _Files.of(path)


def _judge(files: _Files, kind: str, choose: random.Random, report: DamageReport) -> None:
    files.restore()
    right = anyio.run(_states, files.path)
    files.restore()
    damaged = KINDS[kind](files, choose)
    report.damages += 1
    try:
        states = anyio.run(_states, damaged)
    except JournalError:
        report.refused[kind] += 1
        return
    finally:
        for left in files.path.parent.glob("copy-*"):
            left.unlink()
    changed = [(a, b) for a, b in zip(right, states, strict=True) if a is not b]
    if any(after is PriorState.FRESH for _, after in changed):
        report.redials.append(f"{files.path.name}: {kind}")
    elif changed:
        report.changed.append(f"{files.path.name}: {kind}")
    else:
        report.harmless[kind] += 1
