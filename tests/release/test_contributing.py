"""What the pages for contributors tell to run, and where to look, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "plivo_phlo_async"
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
SESSIONS = re.findall(r"^@nox\.session.*\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.M)


@pytest.mark.parametrize("page", PAGES)
def test_every_documented_session_exists(page: str) -> None:
    documented = set(re.findall(r"nox -s (\w+)", (ROOT / page).read_text()))

    assert documented - {*SESSIONS} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = re.findall(r"`([\w./]+(?:/\w*|\.(?:py|md|yml)))`", (ROOT / page).read_text())
    rooms = (ROOT, PACKAGE, PACKAGE / "_transport")

    assert [name for name in named if not any((room / name).exists() for room in rooms)] == []


def test_what_decides_runs_every_check() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    (sessions,) = re.findall(r"^sessions=\((.+)\)", script, re.M)

    assert sessions.split() == ["lint", "types", "docs", "build"]
    assert "sessions+=(page)" in script
