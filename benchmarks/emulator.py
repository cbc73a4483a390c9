"""What the emulator costs: `python -m benchmarks.emulator`.

The rate of requests with ten numbers in a call and with 6,000, while a page follows; and how the
process grows by 100 MiB of bodies without credentials.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import attrs

_PAGE = resource.getpagesize()
_WINDOW = 20  # requests in flight


@attrs.frozen
class Emulator:
    """A running emulator: its settings and its process."""

    settings: dict[str, str]
    process_id: int

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.settings["PLIVO_PHLO_BASE_URL"].split(":")[2].split("/")[0])

    def head(self, path: str, body: bytes, *, authorized: bool = True) -> bytes:
        """Return a POST request."""
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        if authorized:
            lines.append(f"Authorization: {self._authorization()}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def resident_mib(self) -> float:
        """Return how much memory the process holds."""
        pages = Path(f"/proc/{self.process_id}/statm").read_text().split()[1]
        return int(pages) * _PAGE / 1024**2

    def _authorization(self) -> str:
        from base64 import b64encode

        given = f"{self.settings['PLIVO_AUTH_ID']}:{self.settings['PLIVO_AUTH_TOKEN']}"
        return f"Basic {b64encode(given.encode()).decode()}"


@contextmanager
def emulating() -> Iterator[Emulator]:
    """Run an emulator on a free port while the block runs."""
    command = [sys.executable, "-m", "plivo_phlo_async", "emulate", "--port", "0", "--json"]
    with subprocess.Popen(
        [*command, "--no-rate-limit"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield Emulator(json.loads(process.stdout.readline()), process.pid)
        finally:
            process.terminate()


async def _follow(port: int, following: asyncio.Event) -> None:
    """Read the events, as a page does that was opened before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    writer.write(b"GET /_emulator/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readuntil(b"event: snapshot")
    await reader.readuntil(b"\n\n")
    following.set()
    while await reader.read(1 << 16):
        pass


async def _exchange(port: int, requests: list[bytes]) -> None:
    """Send requests over one connection after each other; each is answered before the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(int(length.split(b":")[1]))
    writer.close()


async def _all(port: int, requests: list[bytes]) -> None:
    parts = [requests[number::_WINDOW] for number in range(_WINDOW)]
    await asyncio.gather(*(_exchange(port, part) for part in parts if part))


async def _rate(emulator: Emulator, members: int, count: int) -> float:
    """Return the actions per second on members of one call."""
    settings = emulator.settings
    node = f"/v1/phlo/{settings['PLIVO_PHLO_ID']}/multi_party_call/{settings['PLIVO_NODE_ID']}"
    dials = [
        {"action": "call", "trigger_source": "111", "to": f"1202{number:07d}"}
        for number in range(members)
    ]
    await _exchange(emulator.port, [emulator.head(node, json.dumps(dials[0]).encode())])
    await _all(emulator.port, [emulator.head(node, json.dumps(d).encode()) for d in dials[1:]])
    actions = [("hold", "mute", "unhold", "unmute")[number % 4] for number in range(count)]
    requests = [
        emulator.head(
            f"{node}/members/1202{number % members:07d}", json.dumps({"action": action}).encode()
        )
        for number, action in enumerate(actions)
    ]
    following = asyncio.Event()
    follower = asyncio.ensure_future(_follow(emulator.port, following))
    await following.wait()
    started = time.perf_counter()
    await _all(emulator.port, requests)
    rate = count / (time.perf_counter() - started)
    follower.cancel()
    return rate


def _rates(members: int, count: int) -> float:
    with emulating() as emulator:
        return asyncio.run(_rate(emulator, members, count))


def _flood(mib: int) -> float:
    """Return the MiB that a process grows by so many MiB of bodies without credentials."""
    with emulating() as emulator:
        body = b"x" * 65_000
        request = emulator.head("/v1/phlo/x", body, authorized=False)
        asyncio.run(_all(emulator.port, [request] * 40))
        before = emulator.resident_mib()
        asyncio.run(_all(emulator.port, [request] * (mib * 1024**2 // len(body))))
        return emulator.resident_mib() - before


def main() -> None:
    """Read the arguments, run, print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=3000)
    args = parser.parse_args()
    pairs = [(_rates(10, args.requests), _rates(6000, args.requests)) for _ in range(args.rounds)]
    share = median(many / few for few, many in pairs)
    few, many = (median(pair[n] for pair in pairs) for n in (0, 1))
    print(f"| numbers in a call | requests/s |\n| ---: | ---: |\n| 10 | {few:.0f} |")
    print(f"| 6,000 | {many:.0f} ({share:.0%}) |\n")
    print(f"100 MiB of bodies without credentials: the process grows by {_flood(100):.1f} MiB.")


if __name__ == "__main__":
    main()
