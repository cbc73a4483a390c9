"""A real Varnish in front of a server that acts and then fails.

Run `python -m tests.faults.varnish --calls 1000`. Varnish's built-in configuration answers 503 with
`Retry-After: 5` for every failure of the server behind it, also after that has acted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Self

from attrs import define

from plivo_phlo_async import AsyncPhloClient, PhloError

from .campaign import AUTH_ID
from .kinds import ANSWER

__all__ = ["Backend", "Score", "call_all", "find_varnish", "varnish"]

_FIRST_BYTE = 1.0  # seconds that Varnish waits for the server's answer
_FIRST = 12_020_000_000
_PATIENCE = 20.0


class Backend:
    """A server that carries every call out, and answers two in three; in a thread of its own.

    The others it draws from the seed, the number and the count of its arrivals: it closes the
    connection, or is slower than Varnish waits.
    """

    def __init__(self, seed: int) -> None:
        self.carried_out: Counter[str] = Counter()
        self.port = 0
        self._seed = seed
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _main(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answer(reader, writer):
                pass
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Carry one call out; return whether it was answered."""
        to = await _called_number(reader)
        self.carried_out[to] += 1
        draw = random.Random(f"{self._seed} {to} {self.carried_out[to]}")
        if draw.random() < 1 / 3:
            if draw.random() < 0.5:
                await asyncio.wait({asyncio.ensure_future(reader.read())}, timeout=_PATIENCE)
            return False
        writer.write(ANSWER)
        await writer.drain()
        return True


async def _called_number(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].split("\r\n")[0])
    return str(json.loads(await reader.readexactly(length))["to"])


def find_varnish() -> str | None:
    """The path of varnishd, which Debian keeps where users do not look."""
    return shutil.which("varnishd", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


@contextlib.contextmanager
def varnish(backend_port: int) -> Iterator[int]:
    """A Varnish with its built-in configuration in front of a port; gives its own port."""
    program = find_varnish()
    if program is None:
        raise FileNotFoundError("varnishd is not installed")
    with tempfile.TemporaryDirectory() as directory, _free_port() as port:
        command = [program, "-F", "-n", directory, "-j", "none", "-T", "none"]
        command += ["-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{backend_port}"]
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
    with Backend(seed) as backend, varnish(backend.port) as port:
        started = time.monotonic()
        said = asyncio.run(_call(f"http://127.0.0.1:{port}/v1", numbers, at_once))
        score = Score(calls=calls, seconds=time.monotonic() - started)
    for number, error in said.items():
        times = backend.carried_out[number]
        score.carried_out += times > 0
        score.dialled_twice += times > 1
        if error is None:
            score.done += 1
            score.invented += times == 0
        elif error.may_have_happened:
            score.unknown += 1
        else:
            score.denied += times > 0
            score.not_carried_out += times == 0
    return score


async def _call(base_url: str, numbers: list[str], at_once: int) -> dict[str, PhloError | None]:
    said: dict[str, PhloError | None] = {}

    async def work(client: AsyncPhloClient, waiting: Iterator[str]) -> None:
        for number in waiting:
            try:
                await client.phlo("flow").multi_party_call("node").call("12025550000", number)
                said[number] = None
            except PhloError as error:
                said[number] = error

    async with AsyncPhloClient(AUTH_ID, "token", base_url=base_url, rate_limit=None) as client:
        waiting = iter(numbers)
        await asyncio.gather(*(work(client, waiting) for _ in range(at_once)))
    return said


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
