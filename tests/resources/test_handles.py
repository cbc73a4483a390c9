"""Handles: no request until a verb, then exactly one, and the right one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import respx

from plivo_phlo_async import Action, AsyncPhloClient, InvalidArgumentError, MultiPartyCall, Phlo

from ..conftest import AUTH_ID, BASE_URL

pytestmark = pytest.mark.anyio

PHLO = f"{BASE_URL}/phlo/p"
NODE = f"{PHLO}/multi_party_call/n"
MEMBER = f"{NODE}/members/+1@x"
DIAL = {"trigger_source": "1", "to": "2", "role": "agent"}


def _mpc(phlo: Phlo) -> MultiPartyCall:
    return phlo.multi_party_call("n")


VERBS: list[tuple[Callable[[Phlo], Awaitable[Any]], str, str, Any]] = [
    (lambda phlo: phlo.get(), "GET", PHLO, None),
    (lambda phlo: phlo.run(), "POST", f"{BASE_URL}/account/{AUTH_ID}/phlo/p", None),
    (lambda phlo: phlo.run({"a": 1}), "POST", f"{BASE_URL}/account/{AUTH_ID}/phlo/p", {"a": 1}),
    (
        lambda phlo: phlo.run({"a": 1, "b": 1}, b=2, payload=3),
        "POST",
        f"{BASE_URL}/account/{AUTH_ID}/phlo/p",
        {"a": 1, "b": 2, "payload": 3},
    ),
    (lambda phlo: phlo.get_run("r"), "GET", f"{PHLO}/runs/r", None),
    (lambda phlo: phlo.node("conference_bridge", "n").get(), "GET",
     f"{PHLO}/conference_bridge/n", None),
    (lambda phlo: phlo.conference_bridge("n").get(), "GET",
     f"{PHLO}/conference_bridge/n", None),
    (lambda phlo: _mpc(phlo).get(), "GET", NODE, None),
    (lambda phlo: _mpc(phlo).call("1", "2"), "POST", NODE, {"action": "call", **DIAL}),
    (lambda phlo: _mpc(phlo).call("1", "2", "customer"), "POST", NODE,
     {"action": "call", **DIAL, "role": "customer"}),
    (lambda phlo: _mpc(phlo).warm_transfer("1", "2"), "POST", NODE,
     {"action": "warm_transfer", **DIAL}),
    (lambda phlo: _mpc(phlo).cold_transfer("1", "2"), "POST", NODE,
     {"action": "cold_transfer", **DIAL}),
]  # fmt: skip
MEMBER_VERBS = [
    *("hold", "unhold", "mute", "unmute", "hangup"),
    *("resume_call", "abort_transfer", "voicemail_drop"),
]


@pytest.fixture
def server() -> Any:
    with respx.mock as mock:
        route = mock.route(url__startswith=BASE_URL)
        yield route.mock(return_value=httpx.Response(201, json={"api_id": "a", "error": ""}))


def _sent(server: respx.Route) -> list[tuple[str, str, Any]]:
    requests = [call.request for call in server.calls]
    return [
        (request.method, str(request.url), json.loads(request.content) if request.content else None)
        for request in requests
    ]


@pytest.mark.parametrize(("verb", "method", "url", "body"), VERBS)
async def test_a_verb_is_one_request(
    client: AsyncPhloClient,
    server: respx.Route,
    verb: Callable[[Phlo], Awaitable[Any]],
    method: str,
    url: str,
    body: Any,
) -> None:
    async with client:
        result = await verb(client.phlo("p"))

    assert _sent(server) == [(method, url, body)]
    assert result.api_id == "a"


@pytest.mark.parametrize("verb", MEMBER_VERBS)
async def test_a_members_verb_is_one_request(
    client: AsyncPhloClient, server: respx.Route, verb: str
) -> None:
    async with client:
        member = client.phlo("p").multi_party_call("n").member("+1@x")
        result = await getattr(member, verb)()

    assert _sent(server) == [("POST", MEMBER, {"action": verb})]
    assert result.api_id == "a"


@pytest.mark.parametrize("verb", ["mute", "unmute", "hangup"])
async def test_a_verb_of_a_conference_bridges_member_is_one_request(
    client: AsyncPhloClient, server: respx.Route, verb: str
) -> None:
    async with client:
        member = client.phlo("p").conference_bridge("n").member("+1@x")
        result = await getattr(member, verb)()

    assert _sent(server) == [("POST", f"{PHLO}/conference_bridge/n/members/+1@x", {"action": verb})]
    assert result.api_id == "a"


@pytest.mark.parametrize("verb", ["mute", "unmute", "hangup"])
async def test_perform_sends_what_the_conference_bridges_member_sends(
    client: AsyncPhloClient, server: respx.Route, verb: str
) -> None:
    action = getattr(Action, verb)("p", "n", "1", node_type="conference_bridge")
    async with client:
        await client.perform(action)
        await getattr(client.phlo("p").conference_bridge("n").member("1"), verb)()
    performed, by_handle = _sent(server)

    assert performed == by_handle


def test_a_conference_bridges_member_shows_no_full_number(client: AsyncPhloClient) -> None:
    member = client.phlo("p").conference_bridge("n").member("12025551111")

    assert "12025551111" not in repr(member)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda client: client.phlo(""), "phlo_id"),
        (lambda client: client.phlo("p").node("", "n"), "node_type"),
        (lambda client: client.phlo("p").node("t", None), "node_id"),
        (lambda client: client.phlo("p").multi_party_call(5), "node_id"),
        (lambda client: client.phlo("p").multi_party_call("n").member(" "), "member_address"),
        (lambda client: client.phlo("p").conference_bridge(""), "node_id"),
        (lambda client: client.phlo("p").conference_bridge("n").member("\n"), "member_address"),
    ],
)
def test_a_handle_refuses_what_is_no_id(
    client: AsyncPhloClient, make: Callable[[AsyncPhloClient], object], name: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{name}: "):
        make(client)


@pytest.mark.parametrize("payload", ["text", [1]])
@pytest.mark.parametrize("params", [{}, {"a": 1}])
async def test_a_payload_must_be_a_mapping(
    client: AsyncPhloClient, server: respx.Route, payload: Any, params: dict[str, int]
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^payload: give a mapping"):
        await client.phlo("p").run(payload, **params)

    assert _sent(server) == []
