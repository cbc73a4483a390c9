"""`plivo-phlo emulate`: its options reach the emulator, and what is wrong is one line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from .conftest import Run

SEED = {
    "account": {"auth_id": "MASEED", "auth_token": "t '&' t"},
    "phlos": [{"phlo_id": "p", "nodes": [{"node_id": "n"}]}],
    "phones": {"2": "ring"},
}


@contextmanager
def emulating(*options: str) -> Iterator[dict[str, str]]:
    with _printing("--json", *options) as printed:
        yield json.loads(printed.readline())


@contextmanager
def _printing(*options: str) -> Iterator[IO[str]]:
    command = [sys.executable, "-m", "plivo_phlo_async", "emulate", "--port", "0"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in err


def ask(settings: dict[str, str], path: str, content: object = None) -> Any:
    url = settings["PLIVO_PHLO_BASE_URL"].replace("/v1", f"/_emulator/{path}")
    body = None if content is None else json.dumps(content).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
        return json.load(answer)


def test_every_option_reaches_the_emulator_and_the_calls_outlive_it(tmp_path: Path) -> None:
    seed, state = tmp_path / "seed.json", tmp_path / "state.json"
    seed.write_text(json.dumps(SEED))
    options = ["--seed", str(seed), "--state", str(state), "--latency", "20ms"]
    options += ["--rate", "10/1s", "--fault", "hold:500", "--fault", "call:close_after x1"]
    options += ["--callback", "http://127.0.0.1:9/e"]
    with emulating(*options) as settings:
        ask(settings, "phones/5/call", {})
        dashboard, callback = ask(settings, "dashboard"), ask(settings, "callback")
    with emulating("--seed", str(seed), "--state", str(state)) as again:
        later = ask(again, "dashboard")

    assert (settings["PLIVO_AUTH_ID"], settings["PLIVO_NODE_ID"]) == ("MASEED", "n")
    assert settings["PLIVO_AUTH_TOKEN"] == "t '&' t"
    assert [fault["text"] for fault in dashboard["faults"]] == ["hold:500", "call:close_after x1"]
    assert (dashboard["latency"], dashboard["phones"]["2"]["does"]) == (0.02, "ring")
    assert callback["callback"]["url"] == "http://127.0.0.1:9/e"
    assert [m["address"] for m in later["calls"][0]["members"]] == ["5"]


@pytest.mark.parametrize(
    ("before", "after"), [("", "127.0.0.1"), ("NO_PROXY=b.example;", "b.example,127.0.0.1")]
)
def test_what_it_prints_for_a_shell_sets_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "seed.json").write_text(json.dumps(SEED))
    with _printing("--seed", str(tmp_path / "seed.json")) as printed:
        lines = [printed.readline() for _ in range(6)]
    shows = 'echo "$PLIVO_AUTH_ID $PLIVO_AUTH_TOKEN $PLIVO_PHLO_ID $NO_PROXY"'
    script = "".join([before, *lines, shows])
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)

    assert shown.stdout == f"MASEED t '&' t p {after}\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--latency", "soon"], "'soon' is not a time"),
        (["--rate", "300"], "is not a rate; write it as 300/5s"),
        (["--rate", "0/5s"], "is not a rate"),
        (["--rate", "5/0s"], "is not a rate"),
        (["--rate", "5/1s", "--no-rate-limit"], "not both"),
        (["--fault", "hold:501"], "give one of latency, 429"),
        (["--fault", "500 sometimes"], "'sometimes' is not one of"),
        (["--callback", "nowhere"], "callback.url"),
        (["--seed", "/nonexistent.json"], "--seed /nonexistent.json: No such file"),
        (["--state", "/nonexistent/calls.json"], "--state /nonexistent/calls.json: No such file"),
        (["--seed", "BROKEN"], "line 1, column 2"),
        (["--state", "BROKEN"], "is not an emulator's state"),
    ],
)
def test_what_is_wrong_is_one_clear_line_and_exit_2(
    plivo_phlo: Run, tmp_path: Path, options: list[str], says: str
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{broken")
    given = [str(broken) if option == "BROKEN" else option for option in options]
    code, out, err = plivo_phlo("emulate", "--port", "0", *given)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_the_help_shows_how_to_write_a_fault(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("emulate", "--help")
    words = " ".join(out.split())

    assert code == 0
    for part in ("hold:500", "call:close_after x1", "503_retry_after", "300/5s", "200ms"):
        assert part in words


def test_the_token_is_another_one_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLIVO_EMULATOR_AUTH_TOKEN", raising=False)
    with emulating() as first:
        pass
    with emulating() as second:
        pass

    assert len(first["PLIVO_AUTH_TOKEN"]) == 40
    assert first["PLIVO_AUTH_TOKEN"] != second["PLIVO_AUTH_TOKEN"]


def test_a_token_of_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIVO_EMULATOR_AUTH_TOKEN", "mine")
    with emulating("--phones", "answer 50% after 5-20s, reject") as settings:
        dashboard = ask(settings, "dashboard")

    assert settings["PLIVO_AUTH_TOKEN"] == "mine"
    assert dashboard["default_phone"] == "answer 50% after 5-20s, reject 50%"


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_a_host_that_others_reach_is_warned_of(host: str, warns: bool) -> None:
    command = [sys.executable, "-m", "plivo_phlo_async", "emulate", "--port", "0", "--host", host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as on:
        assert on.stdout is not None
        on.stdout.readline()
        on.send_signal(signal.SIGINT)
        _, err = on.communicate(timeout=120)

    assert ("# Warning: other machines can reach this emulator." in err) is warns
