"""Every Python block of the README and the docs runs as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PHLO_FILE = re.compile(r"^`([\w-]+\.phlo\.yaml)`", re.MULTILINE)  # begins what says what is in it
YAML = re.compile(r"^```yaml\n(phlo: .*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = {str(page.relative_to(ROOT)): BLOCK.findall(page.read_text()) for page in PAGES}
PROGRAMS = {
    page: [block for block in blocks if "def test_" not in block] for page, blocks in BLOCKS.items()
}
TESTS = {
    page: [block for block in blocks if "def test_" in block] for page, blocks in BLOCKS.items()
}

# Runs each program as the main module of one process, since most of the time goes into imports.
RUN_EACH = """
import json, os, pathlib
environ = dict(os.environ)
for number, code in enumerate(json.loads(pathlib.Path("blocks.json").read_text()), 1):
    os.environ.clear()
    os.environ.update(environ)
    exec(compile(code, f"block {number}", "exec"), {"__name__": "__main__"})
"""

# What pytest-asyncio asks everybody to set.
_ASYNCIO = ("-o", "asyncio_default_fixture_loop_scope=function")


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator()) as server:
        yield server


def _run(server: EmulatorServer, folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    server.emulator.reset()
    return subprocess.run(
        [sys.executable, *argv],
        env=server.env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _with_ids(block: str, server: EmulatorServer) -> str:
    code = block.replace("your PHLO's id", server.env["PLIVO_PHLO_ID"])
    return code.replace("its multi-party call node's id", server.env["PLIVO_NODE_ID"])


@pytest.mark.parametrize("page", [page for page, blocks in PROGRAMS.items() if blocks])
def test_every_program_of_a_page_runs(page: str, server: EmulatorServer, tmp_path: Path) -> None:
    codes = [_with_ids(block, server) for block in PROGRAMS[page]]
    (tmp_path / "blocks.json").write_text(json.dumps(codes))

    done = _run(server, tmp_path, "-W", "error", "-c", RUN_EACH)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("page", [page for page, blocks in TESTS.items() if blocks])
def test_every_test_of_a_page_passes(page: str, server: EmulatorServer, tmp_path: Path) -> None:
    text = (ROOT / page).read_text()
    for name, phlo in zip(PHLO_FILE.findall(text), YAML.findall(text), strict=False):
        (tmp_path / name).write_text(phlo)
    for number, block in enumerate(TESTS[page], 1):
        (tmp_path / f"test_block_{number}.py").write_text(_with_ids(block, server))

    done = _run(server, tmp_path, "-m", "pytest", "-q", "-W", "error", *_ASYNCIO, str(tmp_path))

    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_readme_has_the_two_lines_a_newcomer_copies() -> None:
    text = (ROOT / "README.md").read_text()
    quickstart = re.search(r"## Quickstart.*?```sh\n(.*?)\n```", text, re.DOTALL)
    tests = re.search(r"## Tests.*?```sh\n(.*?)\n```", text, re.DOTALL)

    assert quickstart is not None
    assert tests is not None
    assert "plivo-phlo demo" in quickstart[1]
    assert "nox -s tests" in tests[1]
    assert "\n" not in quickstart[1]
    assert "\n" not in tests[1]
