"""Mutated flows: `python -m tests.emulator.flow.mutations --files 20000 --seed 1`.

Each text gives a flow or problems with a place, and nothing else. What gives a flow is written and
read back.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from plivo_phlo_async.emulator.flow.check import check_phlo_text, find_warnings
from plivo_phlo_async.emulator.flow.problems import FlowError, FlowProblem
from plivo_phlo_async.emulator.flow.reader import load_phlo, read_phlo, read_phlo_text
from plivo_phlo_async.emulator.flow.writer import to_document

__all__ = ["run"]

FILES = sorted((Path(__file__).parent / "files").glob("*.yaml"))
_PHLOS = [load_phlo(path) for path in FILES if "broken" not in path.name]
_DOCUMENTS = [to_document(phlo) for phlo in _PHLOS]
_TEXTS = [
    *(path.read_text("utf-8") for path in FILES),
    *(path.read_text("utf-8") for path in FILES if "broken" not in path.name),
    *(json.dumps(document, indent=2) for document in _DOCUMENTS),
    *(json.dumps(document, ensure_ascii=False) for document in _DOCUMENTS),
    *(phlo.to_yaml() for phlo in _PHLOS),
]
_CHARACTERS: list[str] = [
    *" \n\t\r:,-#'\"{}[]()|>&*!%@`?\\=~.<0123456789aé/\0\x01\x85",
    *("\u2028", "\ufeff", "\ud800", "\U0001f600", "{{", "}}", "{%", "%}", ": ", "\n  ", "\r\n"),
]
_TOKENS: list[str] = [
    *("null", "~", "true", "no", "''", "[]", "{}", "[[]]", "{a: }", "&x", "*x", "&x [*x]", "<<"),
    *("!!python/object:os.system", "!x", "---", "...", "%YAML 3.0", "|", ">-", "- ", "? ", ": "),
    *("-1", "0", "1e999", "nan", "inf", "9" * 5000, "0x10", "1_000", "2020-01-01", "{{", "{{x}}"),
    *(
        '"{{x.y}}"',
        '"{{Menu.digit}}"',
        '"{% if %}"',
        '"{{ a | b }}"',
        '"\\ud83d"',
        '"\\0"',
        "x" * 999,
    ),
    *("component", "next", "Menu", "Nine", "No input", "callback", "events", "Start", "phlo: x"),
    *("[" * 60, "{a: " * 60, "*a, " * 9, "#", "'", '"', "\u202e", "ftp://x", "http://[", "node_id"),
]
_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 10**400, 1.5, 1e308, "", " ", "x", "{{x}}", "{{Menu.digit}}"),
    *([], {}, [[]], [None], {"": ""}, {"a": {}}, ["x", "x"], "No input", "Nine", "\ud800", "a\nb"),
    {"url": "ftp://x"},
    {"json": [[[[{}]]]]},
    {"speak": "a", "play": "b"},
    {"equals": ["x"]},
]
_NOT_JSON: list[Any] = [
    b"x",
    {1, 2},
    float("nan"),
    float("inf"),
    object(),
    (1, 2),
    {3: 4},
    {None: 1},
]

Mutation = Callable[[str, random.Random], str]


def run(files: int, seed: int) -> Counter[str]:
    """Read mutated texts, and return how many gave a flow and how many problems.

    Args:
        files: how many.
        seed: the seed of the first one.

    Raises:
        AssertionError: a text gave neither, or a problem without a place.
    """
    results: Counter[str] = Counter()
    for number in range(seed, seed + files):
        source = random.Random(number)
        try:
            results[_data(source) if source.random() < 0.1 else _text(source)] += 1
        except Exception as error:
            error.add_note(f"It was file {number}.")
            raise
    return results


def _text(source: random.Random) -> str:
    text = _mutated(source)
    read = check_phlo_text(text, "m.yaml")
    _check_problems(read.problems, "m.yaml")
    if read.phlo is None:
        assert read.problems
        assert all(problem.line or problem.text.startswith("it is ") for problem in read.problems)
        return "refused"
    assert read_phlo_text(read.phlo.to_yaml()) == read.phlo
    return "flow"


def _data(source: random.Random) -> str:
    document = _changed(_copy(source), source, [*_VALUES, *_NOT_JSON])
    try:
        phlo = read_phlo(document, "data")
    except FlowError as error:
        _check_problems(error.problems, "data")
        return "refused data"
    _check_problems(find_warnings(phlo), "")
    assert read_phlo_text(phlo.to_yaml()) == phlo
    return "flow of data"


def _check_problems(problems: tuple[FlowProblem, ...], source: str) -> None:
    for problem in problems:
        line = str(problem)
        assert line.isprintable()
        assert len(line) < 3000
        assert problem.source == source
        assert problem.text.endswith((".", "?"))


def _mutated(source: random.Random) -> str:
    if source.random() < 0.25:
        document = _changed(_copy(source), source, _VALUES)
        return _dumped(document, source)
    text: str = source.choice(_TEXTS)
    for _ in range(source.choice([1, 1, 1, 2, 3, 8])):
        text = source.choice(_MUTATIONS)(text, source)
    return text


# Characters, lines and tokens


def _character(text: str, source: random.Random) -> str:
    place = source.randrange(len(text) + 1)
    removed = source.choice([0, 0, 1, 1, 2, 9])
    return text[:place] + source.choice(["", *_CHARACTERS]) + text[place + removed :]


def _line(text: str, source: random.Random) -> str:
    lines = text.split("\n")
    one, other = source.randrange(len(lines)), source.randrange(len(lines))
    others = source.choice(_TEXTS).split("\n")
    changed = source.choice(
        [
            [],
            [lines[one], lines[one]],
            [lines[other]],
            [f"{' ' * source.randrange(6)}{lines[one]}"],
            [lines[one][source.randrange(5) :]],
            [lines[one], source.choice(others)],
        ]
    )
    return "\n".join([*lines[:one], *changed, *lines[one + 1 :]])


def _token(text: str, source: random.Random) -> str:
    words = text.split(" ")
    place = source.randrange(len(words))
    words[place] = source.choice([*_TOKENS, source.choice(words), f"{words[place]}x"])
    return " ".join(words)


def _cut(text: str, source: random.Random) -> str:
    return text[: source.randrange(len(text) + 1)]


_MUTATIONS: list[Mutation] = [
    _character,
    _character,
    _character,
    _line,
    _line,
    _token,
    _token,
    _cut,
]


# The tree


def _copy(source: random.Random) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(source.choice(_DOCUMENTS)))
    return copy


def _changed(document: Any, source: random.Random, values: list[Any]) -> Any:
    for _ in range(source.choice([1, 1, 2, 4])):
        holders = list(_holders(document))
        if not holders:
            return deepcopy(source.choice(values))
        holder = source.choice(holders)
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        _change(holder, source.choice(keys), holders, source, values)
    return document


def _holders(value: Any) -> Iterator[Any]:
    """Yield every mapping and list that is not empty."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _holders(inner)


def _change(
    holder: Any, key: Any, holders: list[Any], source: random.Random, values: list[Any]
) -> None:
    kind = source.randrange(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[source.choice([f"{key}s", "x", "", "{{x}}", "a\nb", "No Input", 1])] = holder.pop(
            key
        )
    elif kind == 2:
        holder[key] = json.loads(json.dumps(source.choice(holders), default=str))
    else:
        holder[key] = deepcopy(source.choice(values))


def _dumped(document: Any, source: random.Random) -> str:
    if source.random() < 0.5:
        return json.dumps(document, indent=source.choice([None, 2, "\t"]))
    document = json.loads(json.dumps(document))
    flow = source.choice([True, False, None])
    return str(yaml.safe_dump(document, default_flow_style=flow, allow_unicode=True))


def main() -> int:
    """Run the campaign and print its counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulator.flow.mutations")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    results = run(args.files, args.seed)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(results.items()))
    print(f"{args.files} mutated flows: {counts}; no other exception")
    return 0


if __name__ == "__main__":
    sys.exit(main())
