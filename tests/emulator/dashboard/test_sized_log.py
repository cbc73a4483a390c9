"""A log that is bounded in number and in bytes."""

from __future__ import annotations

from plivo_phlo_async.emulator.dashboard.sized_log import SizedLog


def log_of(*sizes: int, limit: int = 3, size_limit: int = 100) -> SizedLog[int]:
    log: SizedLog[int] = SizedLog(limit, size_limit)
    for size in sizes:
        log.append(size, size)
    return log


def test_the_latest_items_are_kept() -> None:
    assert list(log_of(1, 2, 3, 4)) == [2, 3, 4]


def test_items_beyond_the_bytes_are_dropped() -> None:
    assert list(log_of(60, 30, 20)) == [30, 20]


def test_the_latest_item_is_kept_whatever_its_size() -> None:
    assert list(log_of(60, 200)) == [200]


def test_it_is_read_from_either_end() -> None:
    assert list(reversed(log_of(1, 2))) == [2, 1]
    assert len(log_of(1, 2)) == 2
