"""What the pages show of an example is what the example says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
EXCERPT = re.compile(r"^```py\n(.*?)^```", re.DOTALL | re.MULTILINE)


PAGES = {
    "how-to/fastapi.md": "fastapi_service.py",
    "how-to/aiohttp.md": "aiohttp_service.py",
    "tutorial/agent-desktop.md": "agent_desktop/app.py",
}
PROGRAMS = sorted({*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*/[!_]*.py")})


@pytest.mark.parametrize(("page", "program"), PAGES.items(), ids=[*PAGES])
def test_every_excerpt_is_in_its_file(page: str, program: str) -> None:
    code = (EXAMPLES / program).read_text()
    excerpts = EXCERPT.findall((ROOT / "docs" / page).read_text())

    assert len(excerpts) >= 2
    assert [excerpt for excerpt in excerpts if excerpt not in code] == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_an_example_is_short_enough_to_be_read(path: Path) -> None:
    assert path.read_text().count("\n") <= 120


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_the_readme_lists_every_example(path: Path) -> None:
    assert f"({path.relative_to(EXAMPLES)})" in (EXAMPLES / "README.md").read_text()
