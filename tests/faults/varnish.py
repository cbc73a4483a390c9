"""A real Varnish in front of a server that acts and then fails.

Run `python -m tests.faults.varnish --calls 1000`. Varnish's built-in configuration answers 503 with
`Retry-After: 5` for every failure of the server behind it, also after that has acted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial

from attrs import define

from plivo_phlo_async import AsyncPhloClient, PhloError

from .call_server import CallServer, dial_all
from .campaign import AUTH_ID
from .kinds import ANSWER

__all__ = ["Backend", "Score", "call_all", "find_varnish", "varnish"]

_FIRST_BYTE = 1.0  # seconds that Varnish waits for the server's answer
_FIRST = 12_020_000_000
_PATIENCE = 20.0


class Backend(CallServer):
    """A server that carries every call out, and answers two in three.

    The others it draws from the seed, the number and the count of its arrivals: it closes the
    connection, or is slower than Varnish waits.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    async def respond(
        self, number: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Respond, or draw a failure."""
        draw = random.Random(f"{self._seed} {number} {self.arrived[number]}")
        if draw.random() < 1 / 3:
            if draw.random() < 0.5:
                await asyncio.wait({asyncio.ensure_future(reader.read())}, timeout=_PATIENCE)
            return False
        writer.write(ANSWER)
        await writer.drain()
        return True


def find_varnish() -> str | None:
    """The path of varnishd, which Debian keeps where users do not look."""
    return shutil.which("varnishd", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


@contextlib.contextmanager
def varnish(backend: str) -> Iterator[int]:
    """A Varnish with its built-in configuration in front of an origin; gives its port."""
    program = find_varnish()
    if program is None:
        raise FileNotFoundError("varnishd is not installed")
    with tempfile.TemporaryDirectory() as directory, _free_port() as port:
        command = [program, "-F", "-n", directory, "-j", "none", "-T", "none"]
        command += ["-a", f"127.0.0.1:{port}", "-b", backend.removeprefix("http://")]
        command += ["-p", f"first_byte_timeout={_FIRST_BYTE}", "-s", "malloc,20m"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.communicate(timeout=_PATIENCE)


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    yield port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)  # Varnish says nothing when it listens
    process.kill()
    output, _ = process.communicate()
    raise RuntimeError(f"Varnish does not listen: {output.decode(errors='replace')}")


@define
class Score:
    """What the client said, against what the server did."""

    calls: int = 0
    carried_out: int = 0
    done: int = 0
    unknown: int = 0
    not_carried_out: int = 0  # reported so, and true
    dialled_twice: int = 0
    denied: int = 0  # reported as not carried out though it was
    invented: int = 0
    seconds: float = 0.0


def call_all(calls: int, seed: int = 7, at_once: int = 200) -> Score:
    """Make so many calls through Varnish, and compare what was said with what was done."""
    numbers = [str(_FIRST + n) for n in range(calls)]
    with Backend(seed) as backend, varnish(backend.origin) as port:
        started = time.monotonic()
        said = asyncio.run(_call(f"http://127.0.0.1:{port}/v1", numbers, at_once))
        score = Score(calls=calls, seconds=time.monotonic() - started)
    for number, error in said.items():
        times = backend.arrived[number]
        score.carried_out += times > 0
        score.dialled_twice += times > 1
        if error is None:
            score.done += 1
            score.invented += times == 0
        elif not isinstance(error, PhloError):
            raise error
        elif error.may_have_happened:
            score.unknown += 1
        else:
            score.denied += times > 0
            score.not_carried_out += times == 0
    return score


async def _call(base_url: str, numbers: list[str], at_once: int) -> dict[str, Exception | None]:
    async with AsyncPhloClient(AUTH_ID, "token", base_url=base_url, rate_limit=None) as client:
        call = client.phlo("flow").multi_party_call("node").call
        return await dial_all(partial(call, "12025550000"), numbers, at_once)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.varnish", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=200)
    args = parser.parse_args()
    logging.getLogger("plivo_phlo_async").setLevel(logging.ERROR)
    score = call_all(args.calls, args.seed, args.at_once)
    print(
        "| calls | carried out | done | unknown | dialled twice | denied | invented | seconds |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        f"| {score.calls} | {score.carried_out} | {score.done} | {score.unknown} |"
        f" {score.dialled_twice} | {score.denied} | {score.invented} | {score.seconds:.1f} |"
    )
    return 1 if score.dialled_twice or score.denied or score.invented else 0


if __name__ == "__main__":
    sys.exit(main())
