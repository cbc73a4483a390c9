"""PLIVO_PHLO_LOG: a program that sets up no logging shows the package's log on stderr."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

AGENT, CUSTOMER = "12025550000", "12025551111"
WARNING = "WARNING plivo_phlo_async"
PROGRAM = f"""
import asyncio
from plivo_phlo_async import AsyncPhloClient, PhloError, RetryPolicy


async def main():
    async with AsyncPhloClient(retry=RetryPolicy(max_backoff=0)) as client:
        mpc = client.multi_party_call()
        await mpc.call("{AGENT}", "{CUSTOMER}", role="customer")
        await mpc.member("{CUSTOMER}").hold()
        try:
            await mpc.call("{AGENT}", "sip:bob@example.com;phone={CUSTOMER}", role="nothing")
        except PhloError as error:
            print(error)
        try:
            await mpc.member("12025552222").hold()
        except PhloError as error:
            print(error)


asyncio.run(main())
"""


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator()) as server:
        server.emulator.fail_next("429", action="hold")
        yield server


def _run(server: EmulatorServer, level: str | None, before: str = "") -> tuple[str, list[str]]:
    """Run the program; return what it prints, and its log without the times."""
    environ = {**server.env, "PYTHONUTF8": "1"}
    if level is not None:
        environ["PLIVO_PHLO_LOG"] = level
    done = subprocess.run(
        [sys.executable, "-c", before + PROGRAM],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, [re.sub(r"^[\d-]+ [\d:,]+ ", "", line) for line in done.stderr.splitlines()]


def test_debug_shows_each_attempt_and_no_secret(server: EmulatorServer) -> None:
    printed, log = _run(server, "debug")
    at = server.base_url.removeprefix("http://").removesuffix("/v1")

    assert log == [
        f"DEBUG plivo_phlo_async: call …1111: attempt 1 at {at}: 201, accepted",
        "DEBUG plivo_phlo_async: call …1111: done",
        f"DEBUG plivo_phlo_async: hold …1111: attempt 1 at {at}: 429, refused;"
        " attempt 2 follows in 0.00 s",
        f"DEBUG plivo_phlo_async: hold …1111: attempt 2 at {at}: 201, accepted",
        "INFO plivo_phlo_async: hold …1111: done after 2 attempts",
        f"DEBUG plivo_phlo_async: hold …2222: attempt 1 at {at}: 404, rejected",
    ]
    assert re.findall(r"\d{7,}", "".join(log).replace(at, "")) == []
    assert server.emulator.auth_token not in "".join(log)
    assert "404" in printed


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (None, []),
        ("", []),
        ("warning", []),
        (" INFO ", ["INFO plivo_phlo_async: hold …1111: done after 2 attempts"]),
        ("verbose", [f"{WARNING}: PLIVO_PHLO_LOG: 'verbose' is not one of debug, info, warning."]),
    ],
)
def test_a_level_shows_its_records(
    server: EmulatorServer, level: str | None, expected: list[str]
) -> None:
    assert _run(server, level)[1] == expected


def test_a_program_that_sets_up_logging_gets_each_record_once(server: EmulatorServer) -> None:
    _, log = _run(server, "info", "import logging; logging.basicConfig(format='own %(message)s')\n")

    assert log == ["own hold …1111: done after 2 attempts"]
