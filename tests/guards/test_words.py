"""Words that hide who does what, in prose and in names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = re.compile(
    r"(?<![a-z])(told|tells|anew|of[ _]no[ _]use|nobody|somebody|one'?s[ _]own)(?![a-z])",
    re.IGNORECASE,
)
FILES = [
    *(ROOT / "plivo_phlo_async").rglob("*.py"),
    *(ROOT / "plivo_phlo_async").rglob("*.js"),
    *(ROOT / "plivo_phlo_async").rglob("*.html"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "docs").rglob("*.py"),
    *(ROOT / "examples").rglob("*.py"),
    *(ROOT / "examples").rglob("*.md"),
    *(ROOT / "examples").rglob("*.yaml"),
    *(ROOT / "benchmarks").rglob("*.py"),
    *(ROOT / "tests").rglob("*.py"),
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
]
READ = sorted({*FILES} - {Path(__file__)})  # this file has the words


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_uses_words_that_hide_who_does_what(path: Path) -> None:
    lines = path.read_text().splitlines()
    found = [
        f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if WORDS.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("text", ["Tell told events", "def test_it_is_told()", "is_of_no_use"])
def test_a_word_is_found_in_prose_and_in_names(text: str) -> None:
    assert WORDS.search(text)
