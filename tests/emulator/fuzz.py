"""Malformed requests over a real socket: no 5xx, no traceback, and nothing changes.

`python -m tests.emulator.fuzz --requests 20000 --seed 7`
"""

import argparse
import contextlib
import io
import json
import logging
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable

from plivo_phlo_async.emulator import DEMO_AUTH_ID, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from .asking import DIAL, NODE, PHLO, RUN, WARM, ask, basic

PATHS = [NODE, PHLO, RUN, f"{NODE}/members/222", "/_emulator/state", "/_emulator/log", "/v1", "/"]
CONTROL = ["faults", "seed", "callback", "phones/222", "phones/222/call", "deliveries/1/redeliver"]
CONTROL += [f"phones/222/{action}" for action in ("text", "press", "speak", "hangup", "answer")]
CONTROL += ["runs", "runs/1", "runs/1/stop", "recordings/1", "recordings/1.wav"]
PATHS += [f"/_emulator/{path}" for path in (*CONTROL, "faults/1", "board", "nothing", "events/x")]
METHODS = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "G\x00T",
    "post",
    "",
]
NAMES = ["action", "trigger_source", "to", "role", "kind", "does", "after", "phlos", "url", "count"]
NAMES += ["message", "keys", "seconds", "file", "nodes", "start", "numbers", "hosts"]
# Nothing here names an action that exists, or a setting that is one: nothing may change.
VALUES: list[object] = [
    None,
    True,
    -1,
    1e400,
    10**400,
    "",
    "\x00",
    "\ud800",
    "x" * 300,
    [],
    [[]],
    {},
]


class Maker:
    """Makes malformed requests, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def request(self) -> bytes:
        dice = self._dice
        line = f"{dice.choice(METHODS)} ".encode("latin-1") + self._path() + b" HTTP/1.1\r\n"
        body = self._body()
        headers = [b"Host: localhost", b"Connection: close", self._authorization()]
        headers.append(b"Content-Length: " + str(len(body)).encode())
        if dice.random() < 0.3:
            headers.append(self._odd_header())
        whole = line + b"\r\n".join(headers) + b"\r\n\r\n" + body
        return self._torn(whole) if dice.random() < 0.1 else whole

    def _path(self) -> bytes:
        dice = self._dice
        path = dice.choice(PATHS).encode()
        if dice.random() < 0.5:
            at = dice.randrange(len(path))
            odd = dice.choice(
                [b"%", b"%zz", b"%00", b"%2F", b"//", b"..", b"%FF", b"\xff", b"?", b"#"]
            )
            path = path[:at] + odd + path[at:]
        return path + dice.choice(
            [b"", b"/", b"?action=%FF", b"?&&=&", b"?limit=x", b"?a=" + b"b" * 999]
        )

    def _authorization(self) -> bytes:
        dice = self._dice
        odd = [b"Basic", b"Basic ====", b"Bearer x", b"Basic " + dice.randbytes(9).hex().encode()]
        return b"Authorization: " + dice.choice([basic(), basic(), basic(), *odd])

    def _body(self) -> bytes:
        dice = self._dice
        kinds: list[Callable[[], bytes]] = [
            lambda: b"",
            lambda: dice.randbytes(dice.randrange(200)),
            lambda: b"[" * dice.randrange(60_000),
            lambda: json.dumps({dice.choice(NAMES): dice.choice(VALUES)}).encode(),
            lambda: json.dumps({**DIAL, dice.choice(NAMES[:3]): dice.choice(VALUES[:7])}).encode(),
            lambda: json.dumps([dice.choice(VALUES)]).encode("utf-16"),
            lambda: b'{"action": ' + b"9" * 5000 + b"}",
            lambda: b'{"action": "call", "action": "sing", "to": "\\ud800"}',
            lambda: b" " * 70_000,
            lambda: json.dumps({"phlos": [self._flow()]}).encode(),
        ]
        return dice.choice(kinds)()

    def _flow(self) -> object:
        """Return a flow that is none: one of its parts is missing, or something else."""
        dice = self._dice
        node = {"component": "Play Audio", "prompt": "Hello.", "next": {"Prompt Completed": "Say"}}
        flow: dict[str, object] = {"phlo": "Flow", "start": {"Incoming Call": "Say"}}
        damaged = {**node, dice.choice([*node]): dice.choice([1e400, {"x": 1}, [[]], "\ud800"])}
        flow["nodes"] = {"Say": damaged, "Bad name": dice.choice(VALUES)}
        return {**flow, dice.choice(["phlo", "start", "more"]): dice.choice(VALUES)}

    def _odd_header(self) -> bytes:
        odd = [b"Expect: 100-continue", b"X: \xff\xfe", b"Bad Header: 1", b"Transfer-Encoding: x"]
        odd += [
            b"Last-Event-ID: 99999999999999999999",
            b"Content-Length: -1",
            b"X: " + b"y" * 70_000,
        ]
        odd += [b"Origin: null", b"Host: evil.example", b"\x00: 1", b"Content-Type: ;;;"]
        return self._dice.choice(odd)

    def _torn(self, whole: bytes) -> bytes:
        return whole[: self._dice.randrange(1, len(whole))]


def exchange(address: tuple[str, int], request: bytes) -> bytes:
    """Send bytes, say that there are no more, and read until the end."""
    heard = b""
    with socket.create_connection(address, timeout=10) as connection:
        # The server may have answered, and gone, before it was sent everything.
        with contextlib.suppress(OSError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                heard += piece
    return heard


def run(requests: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Send so many; return how they were answered, and what went wrong."""
    emulator = PhloEmulator(rate_limit=None)
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "POST", NODE, WARM)
    maker, answers, wrong = Maker(seed), Counter[str](), []
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger("uvicorn.error").addHandler(handler)
    before = _looks(emulator)
    with EmulatorServer(emulator) as server, contextlib.redirect_stderr(said):
        for number in range(requests):
            request = maker.request()
            status = _status(exchange((server.host, server.port), request))
            answers[status or "closed"] += 1
            if status.startswith("5"):
                wrong.append(f"request {number} was answered {status}: {request[:200]!r}")
            if _looks(emulator) != before and not status.startswith("2"):
                wrong.append(f"request {number} changed something: {request[:200]!r}")
            before = _looks(emulator)
    logging.getLogger("uvicorn.error").removeHandler(handler)
    if "Traceback" in said.getvalue():
        wrong.append(said.getvalue()[:4000])
    return answers, wrong


def _status(heard: bytes) -> str:
    if heard.startswith(b"HTTP/1.1 100"):
        heard = heard.partition(b"\r\n\r\n")[2]
    return heard[9:12].decode("latin-1")


def _looks(emulator: PhloEmulator) -> object:
    return emulator.calls, emulator.dialled, len(emulator.log), emulator.auth_id == DEMO_AUTH_ID


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    began = time.monotonic()
    answers, wrong = run(given.requests, given.seed)
    print(f"{given.requests} requests in {time.monotonic() - began:.1f} s: {dict(answers)}")
    print(*wrong[:20], sep="\n")
    print(f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
