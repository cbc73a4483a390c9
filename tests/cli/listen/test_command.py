"""`plivo-phlo listen` runs until Ctrl-C, and reports a usage error on one line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_server
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer

from ..conftest import Run
from .samples import ENTERS, TOKEN


@contextmanager
def listening(
    *options: str, code: int = 130, says: str = "# 0 events, 0 rejected."
) -> Iterator[tuple[Any, str]]:
    command = [sys.executable, "-m", "plivo_phlo_async", "listen", "--port", "0", *options]
    environ = {**os.environ, "PLIVO_AUTH_TOKEN": TOKEN, "PYTHONIOENCODING": "utf-8"}
    environ.pop("PYTHONUNBUFFERED", None)  # what was not read is to be in the way at the end
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environ,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    patience = threading.Timer(20, process.kill)  # a line that never comes must not be awaited
    patience.start()
    try:
        started = process.stderr.readline()
        yield process, started.split()[3]
    finally:
        if code == 130:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
        patience.cancel()
        rest = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    assert (process.returncode, rest.splitlines()[0]) == (code, says)
    assert not re.search("Traceback|Error|ERROR", rest)


def test_beside_the_emulator_each_event_is_a_line_until_ctrl_c() -> None:
    async def call(emulator: PhloEmulator, base_url: str) -> None:
        async with AsyncPhloClient(DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=base_url) as client:
            mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
            await mpc.call("12025550101", "12025550199", role="customer")
            await mpc.member("12025550199").hangup()
            await emulator.delivered()

    with (
        listening(says="# 3 events, 0 rejected.") as (process, url),
        EmulatorServer(PhloEmulator(callback=f"{url}/any/path")) as server,
    ):
        anyio.run(call, server.emulator, server.base_url)
        lines = [process.stdout.readline() for _ in range(3)]

    assert [line.split()[2:4] for line in lines] == [
        ["ConferenceEnter", "…0101"],
        ["ConferenceEnter", "…0199"],
        ["ConferenceExit", "…0199"],
    ]
    for line in lines:
        assert re.fullmatch(r"\d\d:\d\d:\d\d  multi_party_call  \w+ +…\d{4}  [0-9a-f]{8}\n", line)
    assert {delivery.status for delivery in server.emulator.deliveries} == {200}


def test_one_event_is_counted_as_one() -> None:
    with listening("--no-verify", says="# 1 event, 0 rejected.") as (_, url):
        answer = httpx.post(url, data=ENTERS, trust_env=False)

    assert answer.status_code == 200


def test_when_stdout_is_closed_it_ends_and_the_sender_gets_503() -> None:
    with listening("--no-verify", code=0) as (process, url):
        process.stdout.close()
        answer = httpx.post(url, data=ENTERS, trust_env=False)
        process.wait(timeout=120)

    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--public-url", "example.com"], "'example.com': pass a URL"),
        (["--forward", "http://127.0.0.1:8000/?a=b"], "without a query"),
        (["--forward", "http://127.0.0.1:port"], "pass a URL"),
        (["--forward", "http://127.0.0.999"], "pass a URL"),
        (["--component", "Dance"], "'Dance' is not one of start, send_sms"),
        (["--allow-v2", "--no-verify"], "not both"),
        (["--port", "70000"], "not in the range"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid:7462"),
    ],
)
def test_what_is_wrong_is_one_clear_line_and_exit_2(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", TOKEN)
    code, out, err = plivo_phlo("listen", *options)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_a_port_that_is_taken_is_one_clear_line_and_exit_2(plivo_phlo: Run) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = plivo_phlo("listen", "--no-verify", "--port", port)

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in err


def test_without_a_token_it_is_one_clear_line_and_exit_3(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("listen")

    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "PLIVO_AUTH_TOKEN, or pass --no-verify" in err


def test_without_uvicorn_it_says_what_to_install(
    plivo_phlo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, _, err = plivo_phlo("listen", "--no-verify")

    assert (code, err.count("\n")) == (2, 1)
    assert 'pip install "plivo-phlo-async[emulator]"' in err
