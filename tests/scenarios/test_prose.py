"""Every Python block of the README and the docs runs as it stands."""

from __future__ import annotations

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
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text()), 1)
]

# What pytest-asyncio asks everybody to set.
_ASYNCIO = ("-o", "asyncio_default_fixture_loop_scope=function")


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator()) as server:
        yield server


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_python_runs(block: str, server: EmulatorServer, tmp_path: Path) -> None:
    server.emulator.reset()
    code = block.replace("your PHLO's id", server.env["PLIVO_PHLO_ID"])
    code = code.replace("its multi-party call node's id", server.env["PLIVO_NODE_ID"])
    command = [sys.executable, "-W", "error", "-c", code]
    if "def test_" in block:
        (tmp_path / "test_block.py").write_text(code)
        command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *_ASYNCIO, str(tmp_path)]
    done = subprocess.run(
        command,
        env=server.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )

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
