"""What the documentation says is so: its shell blocks run, and nothing is left out of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import plivo_phlo_async
from plivo_phlo_async import webhooks
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from . import cli_page, components_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
IMPORTS = re.compile(r"^[> ]*from (plivo_phlo_async[\w.]*) import", re.MULTILINE)
INSTALLS = re.compile(r"\bpip install\b|\bnox\b")
SERVES = re.compile(r"^plivo-phlo (emulate|listen)\b[^&]*\Z", re.MULTILINE)
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text()), 1)
    if not INSTALLS.search(block)  # the README's two lines are tried in a fresh clone
]


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator()) as server:
        yield server


@pytest.fixture
def environ(server: EmulatorServer) -> dict[str, str]:
    server.emulator.reset()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**server.env, "PATH": path, "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_shell_runs(
    block: str, server: EmulatorServer, environ: dict[str, str], tmp_path: Path
) -> None:
    block = block.replace(".venv/bin/", "")
    if SERVES.search(block):
        _serves(re.sub(r"--port \d+", "--port 0", block), environ, tmp_path)
        return
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env=environ,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(server.emulator.dialled.values()) <= {1}


def _serves(block: str, environ: dict[str, str], folder: Path) -> None:
    """It says where, and ends at Ctrl-C."""
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", block],
        env={**environ, "PYTHONUNBUFFERED": "1"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "until Ctrl-C" in line:
                os.killpg(process.pid, signal.SIGINT)

    assert process.returncode in {0, 130}, "".join(lines)


def test_the_page_on_the_command_is_made_of_the_commands() -> None:
    text = cli_page.PAGE.read_text()

    assert text == cli_page.page(text), "run: python -m tests.scenarios.cli_page"


def test_the_page_on_the_components_is_made_of_the_component_table() -> None:
    text = components_page.PAGE.read_text()

    assert text == components_page.page(text), "run: python -m tests.scenarios.components_page"


def test_every_variable_that_is_read_is_documented() -> None:
    page = (DOCS / "reference" / "environment.md").read_text()
    package = Path(plivo_phlo_async.__file__).parent
    sources = [path.read_text() for path in package.rglob("*.py")]
    read = {name for text in sources for name in re.findall(r"\bPLIVO_[A-Z_]*[A-Z]\b", text)}

    assert {name for name in read if f"`{name}`" not in page} == set()


def test_every_public_name_is_in_the_reference() -> None:
    reference = "".join(page.read_text() for page in (DOCS / "reference").rglob("*.md"))
    documented = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)", reference, re.MULTILINE))
    documented = {name.rpartition(".")[2] for name in documented}
    names = {*plivo_phlo_async.__all__, *webhooks.__all__} - {"__version__"}

    assert names - documented == set()


def test_what_the_docs_and_examples_import_is_public() -> None:
    public = (DOCS / "reference" / "versioning.md").read_text()
    texts = [page.read_text() for page in (*PAGES, *(ROOT / "examples").rglob("*.py"))]
    used = {name for text in texts for name in IMPORTS.findall(text)}

    assert "plivo_phlo_async" in used
    assert {name for name in used if f"`{name}`" not in public} == set()


def test_every_page_can_be_reached() -> None:
    pages = {page.with_suffix("") for page in DOCS.rglob("*.md")} - {DOCS / "index"}
    listed = [
        index.parent / name
        for index in DOCS.rglob("index.md")
        for toctree in re.findall(r"^```{toctree}\n(.*?)^```", index.read_text(), re.DOTALL | re.M)
        for name in re.findall(r"^(?:[^:].*<)?([a-z][\w/-]+)>?$", toctree, re.MULTILINE)
    ]

    assert sorted(listed) == sorted(pages)
