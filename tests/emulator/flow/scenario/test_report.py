"""A failure as lines: what differs, aligned, and what the runs did."""

from __future__ import annotations

from plivo_phlo_async.emulator.flow.scenario.report import failure_lines

from .playing import called


def test_a_scenario_that_passed_has_no_lines() -> None:
    assert failure_lines(called("expect: {waiting: Menu}")) == []


def test_paths_are_aligned_side_by_side() -> None:
    result = called("""\
steps: [{wait: 5}, {presses: 2}, {speaks: 1}, hangs_up]
expect: {path: [Start, Menu, Say, Message, Text, Reply]}
""")

    assert failure_lines(result)[:9] == [
        "shop.scenario.yaml:4:10: path differs",
        "    expected  got",
        "    Start     Start",
        "    Menu      Menu",
        "  ! Say       Menu",
        "    Message   Message",
        "    Text      Text",
        "  - Reply",
        "Run of Shop (Incoming Call): Start > Menu > Menu > Message > Text",
    ]


def test_what_is_additional_has_a_plus() -> None:
    result = called("steps: [wait: 5]\nexpect: {path: [Start, Menu], waiting: []}")

    assert failure_lines(result)[:7] == [
        "shop.scenario.yaml:4:10: path differs",
        "    expected  got",
        "    Start     Start",
        "    Menu      Menu",
        "  +           Menu",
        "shop.scenario.yaml:4:31: waiting differs",
        "    expected  got",
    ]


def test_texts_stand_below_each_other() -> None:
    result = called("""\
steps: [presses: 2, speaks: 3, hangs_up]
expect: {texts: {12025550143: [1202* spoke., More.], 12025550144: [Hi.]}, ended: no}
""")
    lines = failure_lines(result)

    assert lines[:4] == [
        "shop.scenario.yaml:4:10: texts differs",
        "    12025550143: 12025550000 spoke.",
        "  - 12025550143: More.",
        "  - 12025550144: Hi.",
    ]
    assert lines[4:6] == ["shop.scenario.yaml:4:75: ended differs", "  - no"]


def test_a_failed_step_comes_first_and_what_phones_heard_last() -> None:
    lines = failure_lines(called("steps: [hears: Hi]\nexpect: {path: [Start]}"))

    assert lines[0].endswith("did not hear 'Hi'; it heard 'Press 1 or 2.' last.")
    assert lines[-3:] == [
        "Run of Shop (Incoming Call): Start > Menu",
        "  waits at Menu for: keys, 5 seconds at most",
        "  12025550000 heard: Press 1 or 2.",
    ]
