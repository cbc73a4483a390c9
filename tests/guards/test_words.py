"""Words that mark a sentence no native engineer would write, in what users read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = re.compile(r"\b(told|tells|anew|of no use|nobody|somebody|one's own)\b", re.IGNORECASE)
READ = [
    *sorted((ROOT / "plivo_phlo_async").rglob("*.py")),
    *sorted((ROOT / "plivo_phlo_async").rglob("*.js")),
    *sorted((ROOT / "plivo_phlo_async").rglob("*.html")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*")),
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
]


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_uses_words_that_hide_who_does_what(path: Path) -> None:
    lines = path.read_text().splitlines() if path.is_file() else []
    found = [
        f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if WORDS.search(line)
    ]

    assert found == []
