"""What the page on versions calls public is there, and says what it holds."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from plivo_phlo_async import __version__

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "versioning.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
MODULES = re.findall(r"`(plivo_phlo_async[\w.]*)`", PAGE)
DOCUMENTED = re.compile(r"^\.\. currentmodule:: ([\w.]+)", re.MULTILINE)


@pytest.mark.parametrize("module", MODULES)
def test_a_public_module_names_what_is_public_in_it(module: str) -> None:
    names = importlib.import_module(module).__all__

    assert names != []


def test_every_module_of_the_reference_is_public() -> None:
    pages = (ROOT / "docs" / "reference").glob("*.md")
    documented = {name for page in pages for name in DOCUMENTED.findall(page.read_text())}

    assert len(documented) > 3
    assert documented - {*MODULES} == set()


def test_the_changelog_has_this_version_or_an_unreleased_section() -> None:
    headings = re.findall(r"^## \[(.+?)\]", CHANGELOG, re.MULTILINE)

    assert headings[0] in {"Unreleased", __version__}
