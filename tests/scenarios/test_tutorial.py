"""A page that is typed into `python -m asyncio` says what one sees there."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```pycon\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if BLOCK.search(page.read_text())]
MARK = "---- typed next"
PROMPT = re.compile(r"^(?:(?:>>>|\.\.\.) )+", re.MULTILINE)


def _typed(page: Path) -> list[doctest.Example]:
    return doctest.DocTestParser().get_examples("\n".join(BLOCK.findall(page.read_text())))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_to_type_along_shows_what_one_sees(page: Path) -> None:
    examples = _typed(page)
    lines = "".join(f"{example.source}\nprint({MARK!r})\n" for example in examples)
    with EmulatorServer(PhloEmulator()) as server:
        seen = subprocess.run(
            [sys.executable, "-W", "error", "-m", "asyncio"],
            input=lines,
            env={**server.env, "PYTHON_BASIC_REPL": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    shown = PROMPT.sub("", seen.stdout).split(f"{MARK}\n")
    checker = doctest.OutputChecker()
    wrong = [
        f"{example.source}gives {output!r}, not {example.want!r}"
        for example, output in zip(examples, shown, strict=False)
        if not checker.check_output(example.want, output, doctest.ELLIPSIS)
    ]

    assert (wrong, len(shown)) == ([], len(examples) + 1), seen.stderr
