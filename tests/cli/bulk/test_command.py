"""`plivo-phlo bulk`: all is checked first, then carried out; it can be stopped and gone on with."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.emulator.faults.rules import parse_rule

from ..conftest import Run, Terminal

ANN = "12025550000"
COLUMNS = "verb,trigger_source,to,role,key\n"


def _number(index: int) -> str:
    return f"1202555{index:04}"


def _calls(count: int, first: int = 1) -> str:
    rows = range(first, first + count)
    return COLUMNS + "".join(f"call,{ANN},{_number(n)},customer,k{n}\n" for n in rows)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("calls.csv").write_text(_calls(3))


@pytest.fixture
def bulk(plivo_phlo: Run, emulator: PhloEmulator) -> Iterator[Run]:
    """Run the command on a list, as fast as it goes; faults are gone afterwards."""
    yield lambda *argv: plivo_phlo("bulk", *argv, "--rate", "none")
    emulator.clear_faults()


def _results(path: str = "out.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_every_row_is_done_and_the_report_is_the_only_thing_on_stdout(
    bulk: Run, emulator: PhloEmulator
) -> None:
    code, out, err = bulk("calls.csv", "--json")
    summary = json.loads(out)

    assert (code, summary["exit_code"], summary["rows"], summary["done"]) == (0, 0, 3, 3)
    assert (summary["failed"], summary["unknown"], summary["not_started"], summary["errors"]) == (
        0,
        0,
        0,
        [],
    )
    assert emulator.dialled == {_number(n): 1 for n in (1, 2, 3)}
    assert "calls.csv: 3 rows (3 call); it dials 3 numbers." in err


def test_without_json_nothing_is_on_stdout_and_no_number_anywhere(bulk: Run) -> None:
    code, out, err = bulk("calls.csv")

    assert (code, out) == (0, "")
    assert "done       3" in err
    assert "1202555" not in err


@pytest.mark.parametrize("options", [[], ["--format", "jsonl"]])
def test_standard_input_is_read_and_json_lines_are_known_by_their_first_character(
    bulk: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    line = json.dumps({"to": _number(1), "trigger_source": ANN})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line.encode())))
    code, _, err = bulk("-", "--verb", "call", *options)

    assert (code, emulator.dialled) == (0, {_number(1): 1})
    assert "standard input: 1 rows" in err


def test_a_dry_run_says_what_would_be_done_and_sends_nothing(
    plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    code, out, err = plivo_phlo("bulk", "calls.csv", "--dry-run", "--journal", "run.db")
    _, as_json, _ = plivo_phlo("bulk", "calls.csv", "--dry-run", "--json")

    assert (code, err, list(emulator.received)) == (0, "", [])
    assert out.splitlines() == [
        "calls.csv: 3 valid rows.",
        "  call                 3",
        " line  verb  to     country  trigger_source  role      key",
        "    2  call  …0001  US       …0000           customer  k1",
        "    3  call  …0002  US       …0000           customer  k2",
        "    4  call  …0003  US       …0000           customer  k3",
        "Countries:",
        "  US                   3",
        "It dials 3 numbers. Dry run: nothing was sent.",
    ]
    assert json.loads(as_json)["verbs"] == {"call": 3}
    assert not Path("run.db").exists()


# Bad input


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"verb,to\ndial,1\n", "calls.csv, line 2: verb: 'dial' is not one of"),
        (b"verb,to\ncall,1\n", "calls.csv, line 2: trigger_source: the column is missing"),
        (b"phone\n1\n", "calls.csv: line 1: it names no field of an action"),
        (b"verb,member_address\nhold,\n", "calls.csv, line 2: member_address: it is empty"),
        (
            b"verb,member_address,key\nhold,1234567,a\nhold,1234567,a\n",
            "line 3: key: 'a' is used on line 2 already",
        ),
        (b'{"verb": "hold", ', "list.jsonl, line 1: it is not valid JSON"),
        (b"verb,to\ncall,Ren\xe9\n", "calls.csv: line 2: byte 17 of the file, 0xe9, is not UTF-8"),
        (b"", "calls.csv: it is empty"),
        (None, "calls.csv: No such file or directory."),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_2_and_nothing_is_sent(
    bulk: Run, emulator: PhloEmulator, content: bytes | None, says: str
) -> None:
    name = "list.jsonl" if content and content.startswith(b"{") else "calls.csv"
    Path(name).write_bytes(content) if content is not None else Path(name).unlink()
    code, out, err = bulk(name, "--journal", "run.db", "--results", "out.jsonl")
    lines = [line for line in err.splitlines() if line != "Nothing was sent."]

    assert (code, out, len(lines), list(emulator.received)) == (2, "", 1, [])
    assert says in lines[0]
    assert not Path("run.db").exists()
    assert not Path("out.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--journal", "calls.csv"], "calls.csv: this is no journal; give another path."),
        (["--journal", "no/run.db"], "no/run.db: the journal cannot be opened"),
        (["--results", "no/out.jsonl"], "--results no/out.jsonl: No such file or directory."),
        (["--results", "calls.csv"], "--results calls.csv: it is not empty"),
        (["--retry-failed"], "need the --journal of an earlier run"),
        (["--retry-unknown"], "need the --journal of an earlier run"),
        (["--verb", "dial"], "Invalid value for '--verb': 'dial' is not one of call"),
        (["--map", "Phone"], "--map: 'Phone' is not FIELD=COLUMN."),
        (["--map", "to=Phone"], "calls.csv: line 1: --map to: there is no column 'Phone'"),
        (["--trigger-source", "call me"], "--trigger-source: 'call me' is neither a phone number"),
        (["--payload", "[]"], "it is not a JSON object such as"),
        (["--payload", "{"], "it is not a JSON object such as"),
        (["--results", "out.xlsx"], "--results out.xlsx: it is a spreadsheet; write OUT.csv"),
        (["--rate", "fast"], "'fast' is not a rate; write it as 300/5s."),
        (["--rate", "2/1s"], "2 leaves nothing beside a burst of 5"),
        (["--rate", "9/0s"], "'9/0s' is not a rate; write it as 300/5s."),
        (["--concurrency", "0"], "0 is not in the range"),
    ],
)
def test_a_bad_option_is_one_clear_line_and_exit_2_and_nothing_is_sent(
    plivo_phlo: Run, emulator: PhloEmulator, options: list[str], says: str
) -> None:
    code, out, err = plivo_phlo("bulk", "calls.csv", *options)
    last = err.splitlines()[-1]

    assert (code, out, list(emulator.received)) == (2, "", [])
    assert says in last
    assert err.count("\n") <= 2  # what begins may have been said


def test_so_many_bad_rows_are_listed_and_the_rest_is_counted(bulk: Run) -> None:
    Path("calls.csv").write_text("verb,member_address\n" + "dial,1\n" * 60)
    code, _, err = bulk("calls.csv")

    assert (code, err.count("\n")) == (2, 51)
    assert err.splitlines()[-1] == "and 10 more. Nothing was sent."


def test_more_than_twenty_numbers_are_not_dialled_unasked(
    bulk: Run, emulator: PhloEmulator
) -> None:
    Path("calls.csv").write_text(_calls(21))
    code, out, err = bulk("calls.csv")

    assert (code, out, emulator.dialled) == (2, "", {})
    assert "it dials 21 numbers, which needs a confirmation; pass --yes." in err
    assert bulk("calls.csv", "--yes")[0] == 0
    assert len(emulator.dialled) == 21


def test_twenty_numbers_and_any_number_of_holds_need_no_yes(bulk: Run) -> None:
    Path("calls.csv").write_text(_calls(20))
    holds = "".join(f"{_number(n)}\n" for n in range(1, 21))
    Path("holds.csv").write_text("member_address\n" + holds + holds)

    assert bulk("calls.csv")[0] == 0
    assert bulk("holds.csv", "--verb", "hold")[0] == 0


# Results


def test_results_tell_each_outcome_with_its_line(bulk: Run, emulator: PhloEmulator) -> None:
    emulator.add_fault(parse_rule(f"@{_number(2)}:500"))
    emulator.add_fault(parse_rule(f"@{_number(3)}:soft_error"))
    code, _, err = bulk("calls.csv", "--results", "out.jsonl", "--concurrency", "1")
    done, unknown, failed = _results()

    assert code == 5
    assert (done["line"], done["key"], done["status"], done["error"]) == (2, "k1", "done", None)
    assert (done["action"]["to"], done["attempts"]) == (_number(1), 1)
    assert done["api_id"]
    assert (unknown["status"], unknown["api_id"]) == ("unknown", None)
    assert unknown["error"]["type"] == "ServerError"
    assert unknown["error"]["may_have_happened"] is True
    assert (failed["line"], failed["status"]) == (4, "failed")
    assert failed["error"]["type"] == "ActionFailedError"
    assert "Unknown: line 3." in err
    assert "Failed: line 4." in err


def test_only_their_owner_can_read_the_results(bulk: Run, emulator: PhloEmulator) -> None:
    Path("calls.csv").write_text(_calls(1))
    bulk("calls.csv", "--results", "out.jsonl")

    assert stat.S_IMODE(Path("out.jsonl").stat().st_mode) == 0o600


def test_with_a_journal_the_results_are_whole_whatever_an_earlier_run_left(
    bulk: Run, emulator: PhloEmulator
) -> None:
    run = ("calls.csv", "--journal", "run.db", "--results", "out.jsonl", "--concurrency", "1")
    emulator.add_fault(parse_rule(f"@{_number(3)}:soft_error x1"))
    bulk(*run)
    first = Path("out.jsonl").read_text().splitlines()[0]
    Path("out.jsonl").write_text(f'{first}\n{{"line": ')
    code, _, _ = bulk(*run, "--retry-failed")

    assert code == 0
    assert [(line["line"], line["status"]) for line in _results()] == [
        *[(2, "done"), (3, "done"), (4, "done")],
    ]
    assert json.loads(first) == _results()[0]


def test_a_settled_action_is_in_the_results_of_the_next_run(
    bulk: Run, plivo_phlo: Run, emulator: PhloEmulator
) -> None:
    emulator.add_fault(parse_rule(f"@{_number(2)}:500 x1"))
    run = ("calls.csv", "--journal", "run.db", "--results", "out.jsonl")
    before = bulk(*run)[0]
    plivo_phlo("journal", "run.db", "--settle", "k2=done")
    after = bulk(*run)[0]

    assert (before, after) == (5, 0)
    assert [line["status"] for line in _results()] == ["done", "done", "done"]


# Going on


def test_a_second_run_does_nothing_again_and_retries_what_it_is_asked_to(
    bulk: Run, emulator: PhloEmulator
) -> None:
    emulator.add_fault(parse_rule(f"@{_number(2)}:500 x1"))
    emulator.add_fault(parse_rule(f"@{_number(3)}:soft_error x1"))
    run = ("calls.csv", "--journal", "run.db", "--results", "out.jsonl", "--concurrency", "1")
    seen = []
    for more in ([], [], ["--retry-failed"], ["--retry-unknown"], []):
        code, out, _ = bulk(*run, *more, "--json")
        summary = json.loads(out)
        seen.append((code, summary["done"], summary["skipped"], summary["in_all"]))

    assert seen == [
        (5, 1, 0, {"done": 1, "failed": 1, "unknown": 1}),
        (5, 0, 2, {"done": 1, "failed": 1, "unknown": 1}),
        (5, 1, 1, {"done": 2, "failed": 0, "unknown": 1}),
        (0, 1, 2, {"done": 3, "failed": 0, "unknown": 0}),
        (0, 0, 3, {"done": 3, "failed": 0, "unknown": 0}),
    ]
    assert emulator.dialled == {_number(n): 1 for n in (1, 2, 3)}
    assert [(line["line"], line["status"]) for line in _results()] == [
        *[(2, "done"), (3, "done"), (4, "done")],
    ]


def test_a_failure_of_an_earlier_run_still_shows_in_the_exit_code(
    bulk: Run, emulator: PhloEmulator
) -> None:
    emulator.add_fault(parse_rule(f"@{_number(2)}:soft_error x1"))
    codes = [bulk("calls.csv", "--journal", "run.db")[0] for _ in range(2)]

    assert codes == [1, 1]


def test_a_journal_of_another_list_is_refused_and_nothing_is_sent(
    bulk: Run, emulator: PhloEmulator
) -> None:
    bulk("calls.csv", "--journal", "run.db")
    Path("others.csv").write_text(_calls(3, first=100))
    code, _, err = bulk("others.csv", "--journal", "run.db")

    assert (code, len(emulator.dialled)) == (2, 3)
    assert "belongs to another list of actions" in err


def test_results_that_cannot_be_written_end_the_run(bulk: Run, emulator: PhloEmulator) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no full disk at hand")
    Path("calls.csv").write_text(_calls(15))
    code, _, err = bulk("calls.csv", "--results", "/dev/full", "--concurrency", "1")

    assert (code, "No space left on device" in err) == (1, True)
    assert len(emulator.dialled) < 5


# Exit codes


def test_refused_credentials_stop_the_run_and_are_exit_3(
    bulk: Run, emulator: PhloEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("calls.csv").write_text(_calls(20))
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "wrong")
    run = ("calls.csv", "--journal", "run.db", "--concurrency", "2")
    code, _, err = bulk(*run)
    asked = len(emulator.received)
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", emulator.auth_token)

    assert (code, "the server rejected the credentials" in err) == (3, True)
    assert 1 <= asked <= 6
    assert "--retry-failed" in err
    assert (bulk(*run, "--retry-failed")[0], len(emulator.dialled)) == (0, 20)


def test_no_credentials_are_exit_3_and_one_line(bulk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLIVO_AUTH_ID")
    code, out, err = bulk("calls.csv")

    assert (code, out, err.count("\n")) == (3, "", 1)


def test_no_network_is_exit_4(bulk: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    Path("calls.csv").write_text(_calls(1))
    code, _, err = bulk("calls.csv", "--base-url", f"http://127.0.0.1:{port}")

    assert (code, "NotSentError: line 2: " in err) == (4, True)


@pytest.mark.parametrize(("fault", "code"), [("soft_error", 1), ("500", 5)])
def test_some_failed_is_exit_1_and_some_unknown_is_exit_5(
    bulk: Run, emulator: PhloEmulator, fault: str, code: int
) -> None:
    emulator.add_fault(parse_rule(f"@{_number(2)}:{fault}"))

    assert bulk("calls.csv")[0] == code


# Stopping it: a real process


class Started:
    """The command in a process of its own, once `asked` calls have been answered."""

    def __init__(self, emulator: PhloEmulator, *more: str, asked: int) -> None:
        command = [sys.executable, "-m", "plivo_phlo_async", "bulk", "calls.csv", "--yes", *more]
        self.process = subprocess.Popen(
            [*command, "--rate", "none", "--concurrency", "5"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._wait_for(lambda: len(emulator.received) >= asked)

    def _wait_for(self, there: Any) -> None:
        until = time.monotonic() + 120
        while not there() and self.process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)

    def wait_for_line(self, words: str) -> None:
        assert self.process.stderr is not None
        assert any(words in line for line in self.process.stderr)

    def ended(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=120)
        assert "Traceback" not in err
        return self.process.returncode, err


def _resumed(err: str) -> list[str]:
    """The arguments of the command that goes on, as the summary prints it."""
    lines = err.splitlines()
    return shlex.split(lines[lines.index("To resume:") + 1])[1:]


@pytest.fixture
def slow(emulator: PhloEmulator) -> Iterator[PhloEmulator]:
    """An emulator that takes its time, and a list that takes longer."""
    emulator.add_fault(parse_rule("call:latency=100ms"))
    Path("calls.csv").write_text(_calls(100))
    yield emulator
    emulator.clear_faults()


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_what_is_in_flight_and_says_how_to_go_on(
    plivo_phlo: Run, slow: PhloEmulator, which: signal.Signals
) -> None:
    started = Started(slow, "--journal", "my run.db", asked=10)
    started.process.send_signal(which)
    code, err = started.ended()
    with closing(sqlite3.connect("my run.db")) as db:
        (finished,) = db.execute("SELECT count(*) FROM actions WHERE status = 'done'").fetchone()
    slow.clear_faults()
    resumed = _resumed(err)

    assert code == 130
    assert len(slow.dialled) == finished, err
    assert ["unknown", "0"] in [line.split() for line in err.splitlines()]
    assert 10 <= finished < 100
    assert (resumed[:2], resumed[-2:]) == (["bulk", "calls.csv"], ["--concurrency", "5"])
    assert (plivo_phlo(*resumed)[0], len(slow.dialled)) == (0, 100)
    assert set(slow.dialled.values()) == {1}


def test_a_second_ctrl_c_stops_at_once_and_says_what_may_have_happened(
    emulator: PhloEmulator,
) -> None:
    emulator.add_fault(parse_rule("call:hang_after"))
    Path("calls.csv").write_text(_calls(100))
    options = ("--journal", "run.db", "--results", "out.jsonl", "--retry-unknown")
    started = Started(emulator, *options, "--timeout", "3600", asked=5)
    started.process.send_signal(signal.SIGINT)
    started.wait_for_line("Stopping: waiting for the actions")
    started.process.send_signal(signal.SIGINT)
    code, err = started.ended()
    emulator.clear_faults()
    unknown = [line for line in _results() if line["status"] == "unknown"]

    assert code == 130
    assert sorted(line["action"]["to"] for line in unknown) == sorted(emulator.dialled)
    assert len(unknown) == 5
    assert "Unknown: lines 2, 3, 4, 5, 6." in err
    assert "given up" not in err  # the log's words, which the summary makes needless
    assert "--retry-unknown" not in _resumed(err)


def test_without_a_journal_it_says_that_nothing_remembers(slow: PhloEmulator) -> None:
    started = Started(slow, asked=10)
    started.process.send_signal(signal.SIGINT)
    code, err = started.ended()

    assert code == 130
    assert "There is no journal" in err
    assert "pass --journal PATH" in err


@pytest.mark.parametrize(("typed", "code", "dialled"), [("n\n", 130, 0), ("y\n", 0, 21)])
def test_on_a_terminal_it_asks_first_and_shows_one_live_line(
    emulator: PhloEmulator, terminal: Terminal, typed: str, code: int, dialled: int
) -> None:
    Path("calls.csv").write_text(_calls(21))
    left, shown = terminal("bulk", "calls.csv", "--rate", "none", typed=typed, out=False)

    assert (left, len(emulator.dialled)) == (code, dialled)
    assert "It dials 21 numbers. Continue? [y/N]" in shown
    assert ("0/21" in shown) == bool(dialled)


def test_on_a_terminal_the_line_says_that_the_server_asks_to_wait(
    emulator: PhloEmulator, terminal: Terminal
) -> None:
    emulator.add_fault(parse_rule("call:429=1 x1"))
    code, shown = terminal("bulk", "calls.csv", "--concurrency", "1", out=False)

    assert (code, "waiting 1 s: the server asks to slow down" in shown) == (0, True)


def test_the_environment_gives_phlo_and_node(bulk: Run, emulator: PhloEmulator) -> None:
    bulk("calls.csv")

    assert f"/phlo/{DEMO_PHLO_ID}/multi_party_call/{DEMO_NODE_ID}" in emulator.received[0].path


def test_a_journal_that_another_run_uses_is_refused(bulk: Run, emulator: PhloEmulator) -> None:
    bulk("calls.csv", "--journal", "run.db")
    emulator.reset()
    with closing(sqlite3.connect("run.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, out, err = bulk("calls.csv", "--journal", "run.db")

    assert (code, out, emulator.dialled) == (2, "", {})
    assert "another run is using this journal" in err
