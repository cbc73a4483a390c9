"""Shell completion works as the reference says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text()
# Complete the line `plivo-phlo bu`, as the shell does when Tab is pressed.
PRESS_TAB = {
    "bash": (
        "COMP_WORDS=(plivo-phlo bu); COMP_CWORD=1; _plivo_phlo_completion plivo-phlo;"
        ' echo "${COMPREPLY[@]}"'
    ),
    "zsh": (
        "_describe() { print -- ${(P)3} }; words=(plivo-phlo bu); CURRENT=2;"
        " _plivo_phlo_completion plivo-phlo"
    ),
    "fish": "complete --do-complete 'plivo-phlo bu'",
}
BEFORE = {"bash": "", "zsh": "compdef() { : };", "fish": ""}


def _documented(shell: str) -> str:
    """The line for a shell's configuration."""
    found = re.search(rf"^```{shell}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment that has the command on its path."""
    script = tmp_path / "bin" / "plivo-phlo"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m plivo_phlo_async "$@"\n')
    script.chmod(0o755)
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path)}


@pytest.mark.parametrize("shell", PRESS_TAB)
def test_the_documented_line_makes_a_shell_complete_a_command(
    shell: str, environ: dict[str, str]
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = f"{BEFORE[shell]}\n{_documented(shell)}\n{PRESS_TAB[shell]}"
    done = subprocess.run(
        [program, "-c", script], env=environ, capture_output=True, text=True, timeout=120
    )

    assert done.stderr == ""
    assert re.split(r"[\s:]", done.stdout)[0] == "bulk"


@pytest.mark.parametrize("shell", PRESS_TAB)
def test_the_documented_line_gets_the_completion_of_its_shell(
    shell: str, environ: dict[str, str]
) -> None:
    inner = re.search(r"_PLIVO_PHLO_COMPLETE=(\w+) plivo-phlo", _documented(shell))
    assert inner is not None
    done = subprocess.run(
        ["plivo-phlo"],
        env={**environ, "_PLIVO_PHLO_COMPLETE": inner[1]},
        executable=shutil.which("plivo-phlo", path=environ["PATH"]),
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert f"_PLIVO_PHLO_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("plivo-phlo bu", ["plain,bulk"]),
        ("plivo-phlo warm", ["plain,warm-transfer"]),
        ("plivo-phlo bulk --retry-", ["plain,--retry-failed", "plain,--retry-unknown"]),
        ("plivo-phlo bulk --format j", ["plain,jsonl"]),
        ("plivo-phlo call --role c", ["plain,customer"]),
        ("plivo-phlo bulk calls.csv --journal r", ["file,r"]),
    ],
)
def test_commands_options_values_and_files_are_completed(
    words: str, completions: list[str], environ: dict[str, str]
) -> None:
    position = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "plivo_phlo_async"],
        env={**environ, **position, "_PLIVO_PHLO_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == completions
