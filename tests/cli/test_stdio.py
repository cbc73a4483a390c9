"""The exit code is the action's, whatever becomes of the output."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from plivo_phlo_async.cli.stdio import OutputFile, tolerant_stdio
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.faults.rules import parse_rule

COMMAND = [sys.executable, "-m", "plivo_phlo_async"]
ANN, CARL = "12025550101", "12025550199"
FULL = "plivo-phlo: the output cannot be written: No space left on device.\n"
READ_ONLY = "plivo-phlo: the output cannot be written: Bad file descriptor.\n"
# What becomes of the output, and the lines of an accepted action on stderr.
OUTPUTS = {
    ">/dev/full": FULL,
    "1</dev/null": READ_ONLY,
    ">&-": "",
    "2>/dev/full": "",
    ">/dev/full 2>/dev/full": "",
    "1</dev/null 2</dev/null": "",
    "<&- >&- 2>&-": "",
}

needs_a_full_disk = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="this system has no full disk at hand"
)


def _redirected(redirection: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *argv],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )


def _without_reader(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a stdout whose reader has ended."""
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [*COMMAND, *argv], stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=120
    )
    os.close(theirs)
    return done


@pytest.fixture
def unknown(emulator: PhloEmulator) -> Iterator[None]:
    """A server that carries each call out and answers 500."""
    emulator.add_fault(parse_rule("call:500"))
    yield
    emulator.clear_faults()


@pytest.fixture
def calls(tmp_path: Path) -> str:
    """A list of two calls."""
    path = tmp_path / "calls.csv"
    path.write_text(f"verb,trigger_source,to\ncall,{ANN},{CARL}\ncall,{ANN},12025550198\n")
    return str(path)


@needs_a_full_disk
@pytest.mark.parametrize(("redirection", "says"), OUTPUTS.items())
def test_an_accepted_action_is_exit_0_whatever_becomes_of_the_output(
    emulator: PhloEmulator, redirection: str, says: str
) -> None:
    done = _redirected(redirection, "call", ANN, CARL)

    assert (done.returncode, done.stderr) == (0, says)
    assert emulator.dialled == {CARL: 1}


@needs_a_full_disk
@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "1</dev/null 2</dev/null"])
def test_an_unknown_outcome_is_exit_5_whatever_becomes_of_the_output(redirection: str) -> None:
    done = _redirected(redirection, "call", ANN, CARL, "--json")

    assert done.returncode == 5
    assert "Traceback" not in done.stderr


@needs_a_full_disk
@pytest.mark.parametrize("redirection", [">/dev/full", "2>/dev/full", "<&- >&- 2>&-"])
def test_a_bulk_run_goes_to_its_end_whatever_becomes_of_the_output(
    emulator: PhloEmulator, calls: str, redirection: str
) -> None:
    done = _redirected(redirection, "bulk", calls, "--json")

    assert done.returncode == 0
    assert len(emulator.dialled) == 2
    assert "Traceback" not in done.stderr


@needs_a_full_disk
@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("redirection", [">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_bulk_run_with_unknown_outcomes_is_exit_5_whatever_becomes_of_the_output(
    calls: str, redirection: str
) -> None:
    assert _redirected(redirection, "bulk", calls, "--json").returncode == 5


@needs_a_full_disk
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["show"], 0),
        (["doctor"], 0),
        (["verify", "--url", "https://a.b", "--nonce", "1", "--signature", "x"], 1),
        (["bulk", "nowhere.csv"], 2),
        (["hold"], 2),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_each_command_has_its_own_exit_code_on_a_full_disk(
    emulator: PhloEmulator, argv: list[str], code: int
) -> None:
    done = _redirected(">/dev/full", *argv)

    assert done.returncode == code
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_reader_that_has_ended_does_not_change_the_exit_code(options: list[str]) -> None:
    done = _without_reader("call", ANN, CARL, *options)

    assert done.returncode == 5
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("argv", [["--help"], ["demo", "--json"]], ids=" ".join)
def test_a_reader_that_has_ended_is_not_mentioned(argv: list[str]) -> None:
    done = _without_reader(*argv)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_what_an_encoding_lacks_is_replaced(
    emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    accepted = _redirected(">/dev/null", "call", ANN, CARL)
    refused = _redirected(">/dev/null", "hold", "12025550111")

    assert (accepted.returncode, refused.returncode) == (0, 1)
    assert accepted.stderr == ""


def test_a_closed_standard_input_is_an_empty_list() -> None:
    done = _redirected("<&-", "bulk", "-")

    assert done.returncode == 2
    assert done.stderr.startswith("plivo-phlo bulk: standard input: it is empty")


def test_a_file_never_gets_the_place_of_a_closed_output(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = (
        "import os, sys\n"
        "from plivo_phlo_async.cli.stdio import tolerant_stdio\n"
        "with tolerant_stdio():\n"
        f"    opened = os.open({str(path)!r}, os.O_CREAT | os.O_WRONLY)\n"
        f"    os.write(opened, str(opened > 2).encode())\n"
    )
    subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code], timeout=60
    )

    assert path.read_text() == "True"


def test_a_full_pipe_that_does_not_block_gets_everything() -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    got, errors = bytearray(), list[OSError]()
    with open(ours, "rb") as reader, open(theirs, "wb", buffering=0) as file:
        thread = threading.Thread(target=lambda: got.extend(reader.read(1_000_000)))
        thread.start()
        written = OutputFile(file, errors.append).write(bytes(1_000_000))
        thread.join(20)

    assert (written, len(got), errors) == (1_000_000, 1_000_000, [])


def test_only_the_first_error_of_an_output_is_reported() -> None:
    class Full(io.RawIOBase):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    errors: list[OSError] = []
    output = OutputFile(Full(), errors.append)

    assert [output.write(b"one"), output.write(b"two")] == [3, 3]
    assert [error.errno for error in errors] == [28]


def test_the_streams_are_afterwards_what_they_were_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sys.stdin, sys.stdout, sys.stderr
    with tolerant_stdio():
        print(json.dumps({"a": 1}))

    assert (sys.stdin, sys.stdout, sys.stderr) == before
    assert capsys.readouterr().out == '{"a": 1}\n'
