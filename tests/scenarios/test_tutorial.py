"""A page that is typed into `python -m asyncio` says what one sees there."""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```pycon\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if BLOCK.search(page.read_text())]


def _typed(page: Path) -> list[doctest.Example]:
    return doctest.DocTestParser().get_examples("\n".join(BLOCK.findall(page.read_text())))


class Prompt:
    """What `python -m asyncio` does with a line: run it, on one loop, and show what it gives."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.names: dict[str, Any] = {}

    def type(self, source: str) -> str:
        code = compile(source, "<typed>", "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(io.StringIO()) as shown:
            running = FunctionType(code, self.names)()
            if inspect.iscoroutine(running):
                self.runner.run(running)
        return shown.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_to_type_along_shows_what_one_sees(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = doctest.OutputChecker().check_output
    with EmulatorServer(PhloEmulator()) as server, asyncio.Runner() as runner:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        prompt = Prompt(runner)
        seen = [(example, prompt.type(example.source)) for example in _typed(page)]

    assert len(seen) > 3
    assert [
        f"{example.source}gives {shown!r}, not {example.want!r}"
        for example, shown in seen
        if not check(example.want, shown, doctest.ELLIPSIS)
    ] == []
