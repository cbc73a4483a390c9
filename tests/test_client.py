"""The client: how it is made, shared, closed, and what it never shows."""

from __future__ import annotations

import asyncio
import inspect
import logging
import platform
import re
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import respx

from plivo_phlo_async import (
    Action,
    ActionResult,
    AsyncPhloClient,
    ConfigurationError,
    InvalidArgumentError,
    NotFoundError,
    NotSentError,
    OutcomeEvent,
    PhloError,
    PhloRun,
    RateLimit,
    RetryPolicy,
    __version__,
)

from .conftest import AUTH_ID, BASE_URL

OK = httpx.Response(201, json={"api_id": "a", "error": ""})
HOLD = Action.hold("p", "n", "12025551111")


def _basic(token: str) -> str:
    return f"Basic {b64encode(f'{AUTH_ID}:{token}'.encode()).decode()}"


@pytest.fixture
def server() -> Any:
    with respx.mock as mock:
        yield mock.route(url__startswith=BASE_URL).mock(return_value=OK)


def test_it_can_be_made_outside_an_event_loop_and_used_in_one(server: respx.Route) -> None:
    client = AsyncPhloClient(AUTH_ID, "token", base_url=BASE_URL)

    async def use() -> Any:
        async with client:
            return await client.perform(HOLD)

    assert asyncio.run(use()) == ActionResult(
        "a", status_code=201, raw={"api_id": "a", "error": ""}
    )


@pytest.mark.anyio
async def test_credentials_and_address_come_from_the_environment(
    server: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIVO_AUTH_ID", AUTH_ID)
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "token")
    monkeypatch.setenv("PLIVO_PHLO_BASE_URL", BASE_URL)
    async with AsyncPhloClient() as client:
        await client.perform(HOLD)

    assert server.call_count == 1


def test_without_credentials_it_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match=r"PLIVO_AUTH_ID.*demo` needs no account"):
        AsyncPhloClient()


@pytest.mark.anyio
async def test_requests_carry_basic_auth_and_say_who_asks(
    client: AsyncPhloClient, server: respx.Route
) -> None:
    async with client:
        await client.perform(HOLD)
    headers = server.calls.last.request.headers

    expected = f"plivo-phlo-async/{__version__} (Python: {platform.python_version()})"
    assert headers["user-agent"] == expected
    assert headers["authorization"] == _basic("token")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", "5"),
        ("retry", None),
        ("retry", 3),
        ("rate_limit", 60),
        ("max_connections", 0),
        ("max_connections", 1.5),
        ("http_client", object()),
        ("verify", True),
    ],
)
def test_an_invalid_option_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name}: "):
        AsyncPhloClient(AUTH_ID, "token", **{name: value})


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy: "):
        AsyncPhloClient(AUTH_ID, "token", proxy="gopher://h")


@pytest.mark.anyio
async def test_a_proxy_beside_an_own_http_client_is_refused() -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(InvalidArgumentError, match="to your http_client instead"):
            AsyncPhloClient(AUTH_ID, "token", proxy="http://p", http_client=http)


@pytest.mark.anyio
async def test_closed_means_closed(client: AsyncPhloClient) -> None:
    await client.aclose()
    await client.aclose()
    with pytest.raises(PhloError, match="this client is closed; make a new one"):
        await client.phlo("p").get()


@pytest.mark.anyio
async def test_a_client_of_the_callers_own_is_used_and_left_open(server: respx.Route) -> None:
    async with httpx.AsyncClient() as http:
        async with AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, http_client=http) as client:
            await client.perform(HOLD)
        with pytest.raises(PhloError, match="closed"):
            await client.perform(HOLD)

        assert not http.is_closed
        assert server.call_count == 1


@pytest.mark.anyio
async def test_a_callers_client_adds_nothing_of_its_own_to_a_request(server: respx.Route) -> None:
    async with (
        httpx.AsyncClient(
            auth=("other", "account"), params={"x": "1"}, headers={"X-Y": "1"}, cookies={"c": "1"}
        ) as http,
        AsyncPhloClient(AUTH_ID, "token", base_url=BASE_URL, http_client=http) as client,
    ):
        await client.perform(HOLD)
    request = server.calls.last.request

    assert request.url.query == b""
    assert not {"x-y", "cookie"} & set(request.headers)
    assert request.headers["authorization"] == _basic("token")


@pytest.mark.anyio
async def test_a_closed_client_of_the_callers_own_is_a_clear_error() -> None:
    http = httpx.AsyncClient()
    await http.aclose()
    client = AsyncPhloClient(AUTH_ID, "token", http_client=http)
    with pytest.raises(PhloError, match="this client is closed"):
        await client.perform(HOLD)


@pytest.mark.anyio
async def test_a_view_shares_the_connections_and_closes_nothing(
    client: AsyncPhloClient, server: respx.Route
) -> None:
    async with client:
        async with client.with_options(timeout=1.0) as view:
            await view.perform(HOLD)
        await client.perform(HOLD)
        await view.perform(HOLD)
    with pytest.raises(PhloError, match="closed"):
        await view.perform(HOLD)

    assert server.call_count == 3


@pytest.mark.anyio
async def test_a_view_keeps_what_is_not_given(server: respx.Route) -> None:
    limit = RateLimit(10, per=1.0, burst=5, clock=lambda: 0.0)
    client = AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, rate_limit=limit, timeout=3.0)
    async with client:
        view = client.with_options(retry=RetryPolicy(attempts=1))
        await view.perform(HOLD)
    timeout = server.calls.last.request.extensions["timeout"]

    assert timeout == {**httpx.Timeout(3.0).as_dict(), "answer": 6.0}
    assert [limit.acquire_nowait() for _ in range(5)] == [True] * 4 + [False]


@pytest.mark.anyio
async def test_a_view_may_do_without_a_limit_or_timeout(server: respx.Route) -> None:
    class Closed:
        async def acquire(self) -> None:
            raise AssertionError("no action may pass")

        def pause(self, seconds: float) -> None: ...

    async with AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, rate_limit=Closed()) as client:
        await client.with_options(rate_limit=None, timeout=None).perform(HOLD)

    assert set(server.calls.last.request.extensions["timeout"].values()) == {None}


@pytest.mark.anyio
async def test_perform_takes_actions_only(client: AsyncPhloClient) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^action: give an Action, not dict"):
        await client.perform({"verb": "hold"})  # type: ignore[arg-type]  # the point


@pytest.mark.anyio
async def test_perform_gives_the_verbs_own_result(
    client: AsyncPhloClient, server: respx.Route
) -> None:
    result = await client.perform(Action.run("p", {"a": 1}))

    assert isinstance(result, PhloRun)
    assert result.run_id == "a"


@pytest.mark.anyio
async def test_what_is_cancelled_before_it_begins_is_never_sent() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    events: list[OutcomeEvent] = []
    async with (
        listener,
        AsyncPhloClient(
            AUTH_ID, "t", base_url=f"http://127.0.0.1:{port}", on_outcome=events.append
        ) as client,
    ):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.perform(HOLD)

    assert [(event.attempts, event.may_have_happened) for event in events] == [(0, False)]


@pytest.mark.anyio
async def test_no_more_requests_are_under_way_than_connections() -> None:
    under_way = most = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.001)
        under_way -= 1
        return OK

    with respx.mock as mock:
        mock.route(url__startswith=BASE_URL).mock(side_effect=answer)
        client = AsyncPhloClient(
            AUTH_ID, "t", base_url=BASE_URL, rate_limit=None, max_connections=3
        )
        async with client, anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(client.perform, HOLD)

    assert most == 3


@pytest.mark.anyio
async def test_nothing_shows_the_token_and_no_log_a_number(
    server: respx.Route, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.side_effect = [httpx.ConnectError("refused"), OK]
    async with AsyncPhloClient(AUTH_ID, "s3cr3t", base_url=BASE_URL) as client:
        mpc = client.phlo("p").multi_party_call("n")
        await client.perform(HOLD)
        shown = [repr(value) for value in (client, client._transport, mpc, mpc.member("1"))]

    secrets = ("s3cr3t", _basic("s3cr3t").removeprefix("Basic "))
    assert not [text for text in (*shown, caplog.text) for secret in secrets if secret in text]
    assert not re.search(r"\d{7,}", caplog.text)


def test_a_proxy_that_needs_another_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"^proxy: .*socks"):
        AsyncPhloClient(AUTH_ID, "t", proxy="socks5://127.0.0.1:9")


@pytest.mark.parametrize(
    ("no_proxy", "route"),
    [
        ("", "phlorunner.plivo.com through the proxy 127.0.0.1:9 (HTTPS_PROXY)"),
        ("phlorunner.plivo.com", "phlorunner.plivo.com"),
    ],
)
def test_the_environment_may_leave_a_host_out_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, route: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    client = AsyncPhloClient(AUTH_ID, "t")

    assert client._transport.shared.sender.route == route


def test_a_signature_shows_no_mark_of_what_was_not_given() -> None:
    timeout = inspect.signature(AsyncPhloClient).parameters["timeout"]

    assert repr(timeout.default) == "..."


@pytest.mark.anyio
async def test_where_no_server_answers_the_error_names_host_and_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ALLOW_NETWORK", "1")
    once = RetryPolicy(attempts=1)
    async with AsyncPhloClient(
        AUTH_ID, "t", base_url=BASE_URL, proxy="http://u:pw@127.0.0.1:9", retry=once
    ) as client:
        with pytest.raises(NotSentError, match=r"through the proxy 127\.0\.0\.1:9:"):
            await client.perform(HOLD)


@pytest.mark.parametrize("proxy", ["127.0.0.1:9", "http://127.0.0.1:9"])
def test_the_environments_proxy_needs_no_scheme(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    route = AsyncPhloClient(AUTH_ID, "t")._transport.shared.sender.route

    assert route == "phlorunner.plivo.com through the proxy 127.0.0.1:9 (HTTPS_PROXY)"


# A node from the environment


def test_the_environment_may_name_the_node(
    monkeypatch: pytest.MonkeyPatch, client: AsyncPhloClient
) -> None:
    monkeypatch.setenv("PLIVO_PHLO_ID", "p")
    monkeypatch.setenv("PLIVO_NODE_ID", "n")

    assert client.multi_party_call() == client.phlo("p").multi_party_call("n")


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, "PLIVO_PHLO_ID and PLIVO_NODE_ID"),
        ({"PLIVO_PHLO_ID": "p"}, "PLIVO_NODE_ID"),
        ({"PLIVO_PHLO_ID": " ", "PLIVO_NODE_ID": "n"}, "PLIVO_PHLO_ID"),
    ],
)
def test_a_missing_environment_variable_is_named(
    monkeypatch: pytest.MonkeyPatch,
    client: AsyncPhloClient,
    environment: dict[str, str],
    missing: str,
) -> None:
    for name in ("PLIVO_PHLO_ID", "PLIVO_NODE_ID"):
        monkeypatch.setenv(name, environment.get(name, ""))
    with pytest.raises(ConfigurationError, match=f"^No multi-party call node: set {missing}, or"):
        client.multi_party_call()


# A client of the caller's own


@pytest.mark.anyio
async def test_an_error_raised_by_a_callers_own_hook_is_the_answer_it_is_about() -> None:
    async def raise_for_status(response: httpx.Response) -> None:
        response.raise_for_status()

    transport = httpx.MockTransport(lambda request: httpx.Response(404))
    async with (
        httpx.AsyncClient(
            transport=transport, event_hooks={"response": [raise_for_status]}
        ) as http,
        AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, http_client=http) as client,
    ):
        with pytest.raises(NotFoundError):
            await client.perform(HOLD)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # trio warns of httpx's own generators
async def test_a_body_without_end_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 65536

    body = endless()
    transport = httpx.MockTransport(lambda request: httpx.Response(201, content=body))
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, http_client=http) as client,
    ):
        result = await client.perform(HOLD)
    await body.aclose()

    assert not result.reply_complete
    assert sent == 17


# Certificates


@pytest.mark.parametrize("proxies", [{}, {"HTTPS_PROXY": "http://127.0.0.1:9"}])
@pytest.mark.parametrize("found", ["nothing", "no certificate"])
def test_certificates_that_cannot_be_read_name_their_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxies: dict[str, str], found: str
) -> None:
    bundle = tmp_path / "ca.pem"
    if found != "nothing":
        bundle.write_text(found)
    for name, value in {**proxies, "SSL_CERT_FILE": str(bundle)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE, SSL_CERT_DIR: .*; unset them"):
        AsyncPhloClient(AUTH_ID, "t")


def test_certificates_are_read_only_where_they_are_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))

    client = AsyncPhloClient(AUTH_ID, "t", base_url="http://127.0.0.1:9/v1")

    assert client._transport.shared.sender.route == "127.0.0.1:9"
