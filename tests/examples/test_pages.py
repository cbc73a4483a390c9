"""What the pages show of an example is what the example says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXCERPT = re.compile(r"^```py\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("framework", ["fastapi", "aiohttp"])
def test_every_excerpt_is_in_its_file(framework: str) -> None:
    page = (ROOT / "docs" / "how-to" / f"{framework}.md").read_text()
    code = (ROOT / "examples" / f"{framework}_service.py").read_text()
    excerpts = EXCERPT.findall(page)

    assert len(excerpts) >= 2
    assert [excerpt for excerpt in excerpts if excerpt not in code] == []


@pytest.mark.parametrize("framework", ["fastapi", "aiohttp"])
def test_an_example_is_short_enough_to_be_read(framework: str) -> None:
    code = (ROOT / "examples" / f"{framework}_service.py").read_text()

    assert 60 <= code.count("\n") <= 120
