"""Who dials twice: several clients under one schedule of faults.

Run `python -m benchmarks.double_dial`. A server of the loopback draws for each attempt, from the
seed, the number that is dialled and the count of its attempts: 60 % are placed and answered well,
the rest meets a fault; gateways answer some of these after the call was placed, as Varnish does
with 503 and Retry-After, and Envoy with 408. Each client dials a thousand numbers with its own
defaults, but a timeout of half a second; then what it reported is compared with what the server
did.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import io
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity
from attrs import define, field

from plivo_phlo_async import AsyncPhloClient, PhloError
from tests.faults.call_server import CallServer, dial_all

AUTH_ID = "MA2025RK4E639VJFZAGV"
TIMEOUT = 0.5
AT_ONCE = 50
MOST_SECONDS = 120.0  # for one client under one seed

# What an attempt meets: its share in per cent, whether the call is placed, what is done then.
SCHEDULE = (
    (60, True, "answer 201"),
    (5, False, "answer 503"),
    (5, True, "answer 502"),
    (3, True, "answer 503, Retry-After: 0"),
    (3, True, "answer 408"),
    (5, False, "answer 429, Retry-After: 0"),
    (6, True, "close"),
    (3, True, "reset"),
    (4, False, "close"),
    (3, True, "silence"),
    (3, True, "answer 201, cut"),
)
_BODY = b'{"api_id":"7f3a","error":"","sid":"CA7f3a","data":{"call_control_id":"v3:7f3a"}}'


def _answer(status: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY


_ANSWERS = {
    "answer 201": _answer("201 Created"),
    "answer 201, cut": _answer("201 Created")[:-20],
    "answer 408": _answer("408 Request Timeout"),
    "answer 429, Retry-After: 0": _answer("429 Too Many Requests", "Retry-After: 0\r\n"),
    "answer 502": _answer("502 Bad Gateway"),
    "answer 503": _answer("503 Service Unavailable"),
    "answer 503, Retry-After: 0": _answer("503 Service Unavailable", "Retry-After: 0\r\n"),
}


class Exchange(CallServer):
    """A server that places calls and does not always say so."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.placed: Counter[str] = Counter()
        self._seed = seed

    async def respond(
        self, number: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Do what the schedule says."""
        _, places, then = _draw(self._seed, number, self.arrived[number])
        self.placed[number] += places
        if then == "silence":
            await asyncio.wait({asyncio.ensure_future(reader.read())}, timeout=10 * TIMEOUT)
        elif then == "reset":
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif then in _ANSWERS:
            writer.write(_ANSWERS[then])
            await writer.drain()
        return then in _ANSWERS and not then.endswith("cut")


def _draw(seed: int, to: str, attempt: int) -> tuple[int, bool, str]:
    drawn = random.Random(f"{seed} {to} {attempt}").random() * 100
    for share, places, then in SCHEDULE:
        drawn -= share
        if drawn < 0:
            return share, places, then
    return SCHEDULE[-1]


@define
class Score:
    """One client's figures under one seed."""

    ok: int = 0
    twice: int = 0
    extra: int = 0
    placed_and_said: int = 0
    placed_not_said: int = 0
    not_placed: int = 0
    invented: int = 0
    requests: int = 0
    seconds: float = 0.0
    errors: Counter[str] = field(factory=Counter)


# A client's way to dial one number; it raises what the client raises.
Dial = Callable[[str], Awaitable[None]]
DialNow = Callable[[str], None]


@contextlib.asynccontextmanager
async def _ours(origin: str) -> Any:
    async with AsyncPhloClient(
        AUTH_ID, "token", base_url=f"{origin}/v1", timeout=TIMEOUT, rate_limit=None
    ) as client:
        call = client.phlo("phlo").multi_party_call("node")

        async def dial(to: str) -> None:
            await call.call("12025550000", to)

        yield dial


@contextlib.asynccontextmanager
async def _retried_httpx(origin: str) -> Any:
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:

        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(httpx.HTTPError),
            stop=tenacity.stop_after_attempt(4),
            reraise=True,
        )
        async def dial(to: str) -> None:
            body = {"action": "call", "to": to, "trigger_source": "12025550000", "role": "agent"}
            (await client.post(f"{origin}/v1/call", json=body)).raise_for_status()

        yield dial


@contextlib.asynccontextmanager
async def _telnyx(origin: str) -> Any:
    telnyx = importlib.import_module("telnyx")
    async with telnyx.AsyncTelnyx(api_key="KEY", base_url=origin, timeout=TIMEOUT) as client:

        async def dial(to: str) -> None:
            await client.calls.dial(connection_id="c", from_="12025550000", to=to)

        yield dial


def _plivo_phlo(origin: str) -> DialNow:
    client = importlib.import_module("plivo").phlo.RestClient(AUTH_ID, "token", timeout=TIMEOUT)
    client.session.trust_env = False
    client.phlo_base_uri = f"{origin}/v1"
    nodes = importlib.import_module("plivo.resources.nodes")
    node = nodes.MultiPartyCall(
        client, {"phlo_id": "phlo", "node_id": "node", "node_type": "multi_party_call"}
    )

    def dial(to: str) -> None:
        node.call("12025550000", to, "agent")

    return dial


def _plivo_voice(origin: str) -> DialNow:
    module = importlib.import_module("plivo.rest.client")
    for name in ("BASE_URI", "BASE_URI_FALLBACK_1", "BASE_URI_FALLBACK_2"):
        setattr(module, f"API_VOICE_{name}", f"{origin}/v1/Account")
    client = module.Client(AUTH_ID, "token", timeout=TIMEOUT)
    client.session.trust_env = False

    def dial(to: str) -> None:
        client.calls.create(from_="12025550000", to_=to, answer_url="http://a.example/")

    return dial


def _twilio(origin: str) -> DialNow:
    base: Any = importlib.import_module("twilio.http.http_client").TwilioHttpClient

    class _Here(base):  # type: ignore[misc]
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(method, origin + urlsplit(url).path, *args, **kwargs)

    http = _Here(timeout=TIMEOUT)
    http.session.trust_env = False
    client = importlib.import_module("twilio.rest").Client(
        "AC" + 32 * "0", "token", http_client=http
    )

    def dial(to: str) -> None:
        client.calls.create(to=to, from_="12025550000", url="http://a.example/")

    return dial


@define
class Contender:
    """A client, and how it dials."""

    name: str
    package: str
    asynchronous: Callable[[str], Any] | None = None
    threaded: Callable[[str], DialNow] | None = None

    def version(self) -> str:
        """The package's version; `ImportError` when it is not there."""
        package = importlib.import_module(self.package.replace("-", "_"))
        return str(getattr(package, "__version__", "")) or metadata.version(self.package)


CONTENDERS = (
    Contender("telnyx `calls.dial`", "telnyx", asynchronous=_telnyx),
    Contender("httpx, retried by tenacity", "httpx", asynchronous=_retried_httpx),
    Contender("plivo voice `calls.create`", "plivo", threaded=_plivo_voice),
    Contender("plivo PHLO `call`", "plivo", threaded=_plivo_phlo),
    Contender("twilio `calls.create`", "twilio", threaded=_twilio),
    Contender("plivo_phlo_async `call`", "plivo-phlo-async", asynchronous=_ours),
)


def measure(contender: Contender, seed: int, calls: int) -> Score:
    """Dial so many numbers, and compare what was reported with what was done."""
    numbers = [str(12_025_000_000 + n) for n in range(calls)]
    started = time.monotonic()
    with Exchange(seed) as exchange, contextlib.redirect_stdout(io.StringIO()):
        if contender.asynchronous is not None:
            said = asyncio.run(_dial_all(contender.asynchronous(exchange.origin), numbers))
        else:
            assert contender.threaded is not None
            said = _dial_threaded(contender.threaded, exchange.origin, numbers)
    score = Score(seconds=time.monotonic() - started)
    for to in numbers:
        _count(score, said[to], exchange.placed[to])
    score.requests = exchange.arrived.total()
    return score


def _count(score: Score, error: Exception | None, placed: int) -> None:
    score.twice += placed > 1
    score.extra += max(0, placed - 1)
    if error is None:
        score.ok += 1
        score.invented += not placed
        return
    score.errors[type(error).__name__] += 1
    says_so = isinstance(error, PhloError) and error.may_have_happened
    if not placed:
        score.not_placed += 1
    elif says_so:
        score.placed_and_said += 1
    else:
        score.placed_not_said += 1


async def _dial_all(opening: Any, numbers: list[str]) -> dict[str, Exception | None]:
    async with asyncio.timeout(MOST_SECONDS), opening as dial:
        return await dial_all(dial, numbers, AT_ONCE)


def _dial_threaded(
    opening: Callable[[str], DialNow], origin: str, numbers: list[str]
) -> dict[str, Exception | None]:
    mine = threading.local()  # these clients are not made for sharing

    def once(to: str) -> tuple[str, Exception | None]:
        if not hasattr(mine, "dial"):
            mine.dial = opening(origin)
        try:
            mine.dial(to)
        except Exception as error:
            return to, error
        return to, None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(pool.map(once, numbers, timeout=MOST_SECONDS))


_HEAD = (
    *("client", "reported ok", "dialled twice or more", "extra dials"),
    *("error though placed, said so", "error though placed, not said"),
    *("error, not placed", "ok, never placed", "requests", "seconds"),
)


def _row(name: str, scores: list[Score]) -> str:
    cells = [
        " / ".join(str(getattr(score, name)) for score in scores)
        for name in (
            *("ok", "twice", "extra", "placed_and_said", "placed_not_said"),
            *("not_placed", "invented", "requests"),
        )
    ]
    cells.append(" / ".join(f"{score.seconds:.0f}" for score in scores))
    return f"| {' | '.join([name, *cells])} |"


def main() -> None:
    """Measure all contenders and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.double_dial", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 11, 23])
    parser.add_argument("--errors", action="store_true", help="also count what was raised")
    args = parser.parse_args()
    print(f"{args.calls} calls; figures for the seeds {', '.join(map(str, args.seeds))}.\n")
    print(f"| {' | '.join(_HEAD)} |\n|---{'|---:' * (len(_HEAD) - 1)}|")
    for contender in CONTENDERS:
        try:
            version = contender.version()
            scores = [measure(contender, seed, args.calls) for seed in args.seeds]
        except ImportError:
            missing = f"{contender.name}: skipped; to have it, pip install {contender.package}"
            print(missing, file=sys.stderr)
            continue
        print(_row(f"{contender.name} ({contender.package} {version})", scores), flush=True)
        if args.errors:
            for seed, score in zip(args.seeds, scores, strict=True):
                print(f"  seed {seed}: {dict(score.errors)}", file=sys.stderr)


if __name__ == "__main__":
    main()
