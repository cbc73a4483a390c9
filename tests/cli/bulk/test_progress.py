"""What a bulk run shows on its way fits where it is shown."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from plivo_phlo_async import BulkReport
from plivo_phlo_async.cli.bulk.progress import (
    LiveLine,
    PlainLines,
    RunState,
    clock_time,
    line_of,
    live_line,
)

REPORT = BulkReport(done=118, failed=1, unknown=1, skipped=80, elapsed=2.1)
RATE: dict[str, Any] = {"speed": 58.2, "limit": 60.0, "seconds_left": 4.4}
SCENES = {
    "running": RunState(400, REPORT, **RATE),
    "waiting": RunState(400, REPORT, pause=11.2, **RATE),
    "stopping": RunState(400, REPORT, stopping=True, **RATE),
    "big": RunState(
        1_000_000,
        BulkReport(done=987_654, failed=1000, unknown=99, elapsed=17_000.0),
        speed=58.2,
        limit=60.0,
        seconds_left=200.0,
    ),
}


def _shown(scene: RunState, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(live_line(scene, width))
    return captured.get()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_the_live_line_is_one_line_however_wide_the_terminal(scene: RunState, width: int) -> None:
    shown = _shown(scene, width)

    assert shown.count("\n") == 1
    assert len(shown.rstrip()) <= width
    assert f"{scene.ended}/{scene.total}" in shown


@pytest.mark.parametrize(
    ("scene", "says"),
    [
        (
            "running",
            ["200/400", "118 done", "1 failed", "1 unknown", "58/60 per second", "0:04 left"],
        ),
        ("waiting", ["waiting 12 s: the server asks to slow down", "0:04 left"]),
        ("stopping", ["stopping: waiting for actions in flight"]),
    ],
)
def test_a_wide_terminal_sees_it_all(scene: str, says: list[str]) -> None:
    shown = _shown(SCENES[scene], 120)

    assert [words for words in says if words not in shown] == []


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (120, "200/400  80 before  118 done  1 failed  1 unknown  58/60 per second  0:04 left"),
        (80, "200/400  80 before  118 done  1 failed  1 unknown  58/60 per second  0:04 left"),
        (60, "200/400  118 done  1 failed  1 unknown  58/60/s  0:04 left"),
        (50, "200/400  1 failed  1 unknown  58/60/s  0:04 left"),
        (40, "200/400  1 failed  1 unknown  0:04 left"),
        (20, "200/400  0:04 left"),
    ],
)
def test_a_narrow_terminal_keeps_what_matters_most(width: int, line: str) -> None:
    shown = _shown(SCENES["running"], width)

    assert shown.lstrip(" \u2501\u2578\u257a").rstrip() == line


@pytest.mark.parametrize(
    ("speed", "limit", "rate"),
    [(58.4, 60.0, "58/60"), (1.25, 2.0, "1.2/2"), (1.5, 2.5, "1.5/2.5"), (812.0, None, "812")],
)
def test_the_rate_is_shown_against_the_limit(speed: float, limit: float | None, rate: str) -> None:
    assert RunState(400, REPORT, speed=speed, limit=limit).rate == rate


def test_what_is_unknown_is_left_out() -> None:
    state = RunState(400, BulkReport(done=3), limit=60.0)

    assert line_of(state) == "3/400: 3 done, 0 failed, 0 unknown"


def test_elsewhere_it_is_said_in_words() -> None:
    assert [line_of(scene) for scene in SCENES.values()][:3] == [
        "200/400: 80 before, 118 done, 1 failed, 1 unknown, 58/60 per second, 0:04 left",
        "200/400: 80 before, 118 done, 1 failed, 1 unknown,"
        " waiting 12 s: the server asks to slow down, 0:04 left",
        "200/400: 80 before, 118 done, 1 failed, 1 unknown,"
        " stopping: waiting for actions in flight",
    ]


def test_plain_lines_come_each_tenth_or_ten_seconds_but_not_each_moment() -> None:
    console, now = Console(file=io.StringIO(), width=80), 0.0
    lines = PlainLines(console, clock=lambda: now)
    printed = []
    for second, done in [(0, 0), (0.5, 50), (1, 50), (2, 55), (10.9, 58), (11, 58), (11.2, 90)]:
        now = float(second)
        before = console.file.getvalue()  # type: ignore[attr-defined]
        lines.show(RunState(100, BulkReport(done=done, elapsed=1.0)))
        if console.file.getvalue() != before:  # type: ignore[attr-defined]
            printed.append(second)

    assert printed == [1, 11]


def test_a_live_line_is_wiped_when_it_ends() -> None:
    out = io.StringIO()
    line = LiveLine(Console(file=out, width=80, force_terminal=True))
    line.show(SCENES["running"])
    line.print("this stays")
    line.end()

    assert "this stays\n" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("seconds", "clock"), [(0.4, "0:00"), (59.6, "1:00"), (750, "12:30"), (3723, "1:02:03")]
)
def test_a_time_is_said_as_a_clock_does(seconds: float, clock: str) -> None:
    assert clock_time(seconds) == clock
