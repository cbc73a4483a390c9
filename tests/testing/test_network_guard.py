"""Under pytest, a request that no mock has answered stays on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from plivo_phlo_async import AsyncPhloClient, NotSentError, PhloTransport, RetryPolicy
from plivo_phlo_async._transport.send_trace import SendTrace

from ..conftest import AUTH_ID, TLS
from ..listener import Listener
from ..scripted import scripted_server

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("unmeasured")]
pytest_plugins = ["pytester"]

VARIABLE = "PLIVO_PHLO_ALLOW_NETWORK"
ELSEWHERE = "http://phlorunner.example"


@pytest.fixture(autouse=True)
def _net(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """What every name leads to."""
    listener = Listener()
    real = socket.getaddrinfo

    def find(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return real("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    yield listener
    listener.close()


async def _hold(base_url: str, **options: Any) -> None:
    client = AsyncPhloClient(AUTH_ID, "token", base_url=base_url, verify=None, **options)
    async with client:
        await client.phlo("p").multi_party_call("n").member("12025551111").hold()


CLIENTS: dict[str, Callable[[], httpx.AsyncClient | None]] = {
    "its own client": lambda: None,
    "a plain httpx client": lambda: httpx.AsyncClient(verify=TLS),
    "a client with PhloTransport": lambda: httpx.AsyncClient(transport=PhloTransport()),
}


@pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS.keys())
async def test_a_request_to_another_host_is_refused_before_it_connects(
    listener: Listener, make: Callable[[], httpx.AsyncClient | None]
) -> None:
    with pytest.raises(NotSentError) as caught:
        await _hold(f"{ELSEWHERE}:{listener.port}/v1", http_client=make())

    assert caught.value.attempts == 1
    assert not caught.value.may_have_happened
    assert listener.connections == 0


async def test_the_error_names_the_host_and_what_lifts_it_on_one_line() -> None:
    with pytest.raises(NotSentError) as caught:
        await _hold(f"{ELSEWHERE}/v1")

    assert str(caught.value) == (
        "hold …1111: it was not sent to phlorunner.example: no mock answered this request to"
        " phlorunner.example, and tests do not leave this machine; mock it, use the fixture"
        f" phlo_client, or set {VARIABLE}=1. Nothing happened; it is safe to try again."
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_on_loopback_does_not_make_the_host_local(
    listener: Listener, scheme: str
) -> None:
    proxy = f"http://127.0.0.1:{listener.port}"
    with pytest.raises(NotSentError, match=VARIABLE):
        await _hold(f"{scheme}://phlorunner.example/v1", proxy=proxy)

    assert listener.connections == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LOCALHOST", "phlo.localhost"]
)
async def test_loopback_is_not_refused(host: str) -> None:
    with pytest.raises(NotSentError) as caught:  # nothing listens there
        await _hold(f"http://{host}:1/v1", retry=RetryPolicy(attempts=1))

    assert VARIABLE not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1.example", "localhost.example", "10.0.0.1", "[2001:db8::1]", "[::ffff:8.8.8.8]"],
)
async def test_what_only_looks_like_loopback_is_refused(host: str) -> None:
    with pytest.raises(NotSentError, match=VARIABLE):
        await _hold(f"http://{host}:1/v1")


async def test_a_request_to_loopback_arrives() -> None:
    async with scripted_server() as server:
        await _hold(f"http://127.0.0.1:{server.port}/v1")

    assert server.attempts == 1


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
async def test_a_mocked_request_to_another_host_is_answered(using: str) -> None:
    with respx.mock(using=using) as router:
        route = router.route(host="phlorunner.example").respond(201, json={"api_id": "a"})
        await _hold(f"{ELSEWHERE}/v1")

    assert route.call_count == 1


async def test_the_variable_lifts_it(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    retry, timeout = RetryPolicy(attempts=1), httpx.Timeout(30.0, read=0.01)
    with pytest.raises(Exception, match="ReadTimeout"):
        await _hold(f"{ELSEWHERE}:{listener.port}/v1", retry=retry, timeout=timeout)

    assert listener.connections == 1


@pytest.mark.parametrize("value", ["", "0", "no"])
async def test_another_value_of_the_variable_does_not_lift_it(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(NotSentError, match=VARIABLE):
        await _hold(f"{ELSEWHERE}/v1")


# In a project of its own

PROJECT = """
import http.server
import threading

import anyio

from plivo_phlo_async import AsyncPhloClient


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201)
        self.send_header("content-length", "15")
        self.end_headers()
        self.wfile.write(b'{"api_id": "a"}')


async def hold(proxy):
    address = "http://phlorunner.example/v1"
    client = AsyncPhloClient("MA2025RK4E639VJFZAGV", "token", base_url=address, proxy=proxy)
    async with client:
        return await client.phlo("p").multi_party_call("n").member("12025551111").hold()


def test_it_leaves():
    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = anyio.run(hold, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()

    assert result.api_id == "a"
"""


@pytest.mark.parametrize(
    ("option", "ini", "outcome"),
    [
        ("", "", "failed"),
        ("--plivo-phlo-allow-network", "", "passed"),
        ("", "plivo_phlo_allow_network = true", "passed"),
        ("", "plivo_phlo_allow_network = false", "failed"),
    ],
    ids=["neither", "the option", "the setting", "the setting off"],
)
def test_a_project_lifts_it_with(
    pytester: pytest.Pytester, option: str, ini: str, outcome: str
) -> None:
    pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}\n")
    pytester.makepyfile(PROJECT)
    done = pytester.runpytest_subprocess("-q", *option.split())

    done.assert_outcomes(**{outcome: 1})
    assert (VARIABLE in done.stdout.str()) is (outcome == "failed")


# Outside pytest

PROGRAM = """
import anyio
import respx

from plivo_phlo_async import AsyncPhloClient, NotSentError, RetryPolicy
from plivo_phlo_async._transport.send_trace import SendTrace


async def hold(using):
    client = AsyncPhloClient(
        "MA2025RK4E639VJFZAGV", "token", base_url="http://127.0.0.1:1/v1",
        retry=RetryPolicy(attempts=1),
    )
    async with client:
        with respx.mock(using=using, assert_all_called=False) as router:
            router.route().respond(201, json={"api_id": "mocked"})
            try:
                result = await client.phlo("p").multi_party_call("n").member("1").hold()
            except NotSentError as error:
                return type(error.__cause__).__name__
            return result.api_id


print(SendTrace.check_host, anyio.run(hold, "httpcore"), anyio.run(hold, "httpx"))
"""


def test_outside_pytest_nothing_is_refused_and_respx_needs_to_be_asked_for_httpx() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True
    )

    assert (done.stdout.split(), done.stderr) == (["None", "ConnectError", "mocked"], "")


def test_under_pytest_the_check_is_set() -> None:
    assert SendTrace.check_host is not None


def test_a_session_inside_another_leaves_its_check_in_place(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing() -> None: ...")
    outer = SendTrace.check_host
    scope = "asyncio_default_fixture_loop_scope=function"
    pytester.inline_run("-q", "-p", "no:cacheprovider", "-o", scope)

    assert SendTrace.check_host is outer
