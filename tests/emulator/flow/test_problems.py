"""Problems: one line each, however odd the names are."""

from __future__ import annotations

import pytest

from plivo_phlo_async.emulator.flow.problems import (
    MAX_PROBLEMS,
    FlowProblem,
    ProblemList,
    list_names,
    path_text,
    quote,
)


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (FlowProblem("a.yaml", 3, 7, "nodes.A", "No."), "a.yaml:3:7: nodes.A: No."),
        (FlowProblem("a.yaml", 0, 0, "nodes.A", "No."), "a.yaml: nodes.A: No."),
        (FlowProblem("", 0, 0, "nodes.A", "No."), "nodes.A: No."),
        (FlowProblem("a.yaml", 1, 1, "", "No."), "a.yaml:1:1: No."),
    ],
)
def test_a_problem_is_one_line_with_what_it_has(problem: FlowProblem, line: str) -> None:
    assert str(problem) == line


def test_a_path_has_keys_and_indexes() -> None:
    assert path_text(("nodes", "Menu", "prompt", 0, "speak")) == "nodes.Menu.prompt[0].speak"
    assert path_text(()) == ""


def test_odd_names_are_shown_on_one_line() -> None:
    assert path_text(("nodes", "a\nb\x1b")) == r"nodes.a\nb\x1b"
    assert quote("x" * 100) == f"'{'x' * 60}...'"
    assert list_names(["a\nb"]) == r"a\nb"


def test_a_long_list_of_names_is_cut() -> None:
    assert list_names([str(n) for n in range(21)]).endswith("18, 19, ...")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("No input", " (did you mean No Input?)"),
        ("no_inptu", " (did you mean No Input?)"),
        ("MENU", " (did you mean Menu?)"),
        ("Input", " (did you mean No Input?)"),
        ("busy", " (did you mean Busy/Rejected?)"),
        ("zzz", ""),
        ("m" * 61, ""),
    ],
)
def test_a_name_that_is_near_or_has_the_word_is_suggested(name: str, hint: str) -> None:
    assert ProblemList("").suggest(name, ["No Input", "Menu", "Busy/Rejected"]) == hint


def test_suggestions_end_before_they_take_minutes() -> None:
    problems = ProblemList("")
    names = [f"{n:04}" for n in range(500)]
    hints = [problems.suggest("Menu", ["Menu"])]
    for _ in range(300):
        hints.append(problems.suggest("x", names))
    hints.append(problems.suggest("Menu", ["Menu"]))

    assert (hints[0], hints[-1]) == (" (did you mean Menu?)", "")


def test_problems_are_in_the_order_of_the_source_and_limited() -> None:
    problems = ProblemList("a")
    for line in range(MAX_PROBLEMS + 10, 0, -1):
        problems.add((line, 1), (), "No.")

    assert problems.is_full
    assert [problem.line for problem in problems.all] == list(range(11, MAX_PROBLEMS + 11))
