"""On the wire, ours and the official client ask for the same things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import attrs
import plivo
import pytest

from plivo_phlo_async import AsyncPhloClient, MultiPartyCall, Phlo
from plivo_phlo_async.emulator import (
    DEMO_BRIDGE_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
    ReceivedRequest,
)
from plivo_phlo_async.emulator.server import EmulatorServer

pytestmark = pytest.mark.anyio

ANN, SUE, CARL = "12025550101", "+12025550102", "12025550199"
BOB = "sip:bob@phone.plivo.com"
TALK = ("call", ANN, CARL, "customer")
TRANSFER = ("warm_transfer", ANN, SUE, "agent")

# What must have happened before, then the same step in the official client's words and in ours.
Step = tuple[str, ...]
SCENES: list[tuple[list[Step], Step]] = [
    ([], ("call", ANN, CARL, "customer")),
    ([], ("call", ANN, BOB, "agent")),
    ([TALK], ("warm_transfer", ANN, SUE, "agent")),
    ([TALK], ("cold_transfer", ANN, SUE, "agent")),
    ([TALK], ("hold", CARL)),
    ([TALK], ("unhold", CARL)),
    ([TALK], ("mute", CARL)),
    ([TALK], ("unmute", CARL)),
    ([TALK], ("hangup", CARL)),
    ([("call", ANN, BOB, "agent")], ("hold", BOB)),
    ([TALK, TRANSFER], ("resume_call", ANN)),
    ([TALK, TRANSFER], ("abort_transfer", ANN)),
    ([("call", ANN, "12025550177", "customer")], ("voicemail_drop", "12025550177")),
    ([TALK, ("call", ANN, SUE, "agent")], ("hangup", SUE)),
]


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    emulator = PhloEmulator(phones={"12025550177": "voicemail"}, rate_limit=None)
    with EmulatorServer(emulator) as server:
        yield server


@pytest.fixture
def official(server: EmulatorServer) -> Iterator[Any]:
    emulator = server.emulator
    emulator.reset()
    client = plivo.phlo.RestClient(emulator.auth_id, emulator.auth_token)
    client.phlo_base_uri = server.base_url
    with client.session:
        yield client


@pytest.fixture
def ours(server: EmulatorServer) -> AsyncPhloClient:
    emulator = server.emulator
    return AsyncPhloClient(
        emulator.auth_id, emulator.auth_token, base_url=server.base_url, rate_limit=None
    )


def _asked(request: ReceivedRequest) -> tuple[Any, ...]:
    return (request.method, request.path.rstrip("/"), request.body, request.auth_id, request.query)


def _last(server: EmulatorServer) -> tuple[Any, ...]:
    return _asked(server.emulator.received[-1])


def _officially(client: Any, step: Step) -> None:
    phlo = client.phlo.get(DEMO_PHLO_ID)
    verb, *addresses = step
    if len(addresses) == 1:
        member = phlo.multi_party_call(DEMO_NODE_ID).member(addresses[0])
        getattr(member, verb)()
    else:
        getattr(phlo.multi_party_call(DEMO_NODE_ID), verb)(*addresses)


async def _in_our_words(mpc: MultiPartyCall, step: Step) -> None:
    verb, *addresses = step
    if len(addresses) == 1:
        await getattr(mpc.member(addresses[0]), verb)()
    else:
        await getattr(mpc, verb)(*addresses)


def _calls(server: EmulatorServer) -> list[dict[str, Any]]:
    """The calls without their ids, which differ in every run."""
    calls: Any = server.emulator.state()["calls"]
    return [{**call, "call_id": None} for call in calls]


@pytest.mark.parametrize(("before", "step"), SCENES, ids=str)
async def test_an_action_is_the_same_request_and_has_the_same_effect(
    server: EmulatorServer, official: Any, ours: AsyncPhloClient, before: list[Step], step: Step
) -> None:
    for scene in [*before, step]:
        _officially(official, scene)
    theirs, their_calls = _last(server), _calls(server)
    server.emulator.reset()
    async with ours:
        mpc = ours.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
        for scene in [*before, step]:
            await _in_our_words(mpc, scene)

    assert _last(server) == theirs
    assert _calls(server) == their_calls


ADDRESSES = [
    CARL,
    SUE,
    BOB,
    "sip:bob@phone.plivo.com;transport=tcp",
    "sip:+12025550199@198.51.100.7:5060;transport=tcp;user=phone",
    "sips:bob+desk@phone.plivo.com;lr",
]


def _last_as_sent(server: EmulatorServer) -> ReceivedRequest:
    """The last request, without the slash that the official client ends each path with."""
    last = server.emulator.received[-1]
    return attrs.evolve(last, path=last.path.removesuffix("/"))


@pytest.mark.parametrize("verb", ["mute", "unmute", "hangup"])
@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_action_at_a_conference_bridge_is_the_same_request_and_has_the_same_effect(
    server: EmulatorServer, official: Any, ours: AsyncPhloClient, address: str, verb: str
) -> None:
    server.emulator.join(DEMO_PHLO_ID, DEMO_BRIDGE_ID, address)
    official.phlo.member(DEMO_PHLO_ID, DEMO_BRIDGE_ID, address, verb)
    theirs, their_calls = _last_as_sent(server), _calls(server)
    server.emulator.reset()
    server.emulator.join(DEMO_PHLO_ID, DEMO_BRIDGE_ID, address)
    async with ours:
        member = ours.phlo(DEMO_PHLO_ID).conference_bridge(DEMO_BRIDGE_ID).member(address)
        await getattr(member, verb)()

    assert _last_as_sent(server) == theirs
    assert _calls(server) == their_calls


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_has_the_same_bytes_in_the_path_of_a_multi_party_call(
    server: EmulatorServer, official: Any, ours: AsyncPhloClient, address: str
) -> None:
    where = (DEMO_PHLO_ID, DEMO_NODE_ID)
    server.emulator.join(*where, address)
    official.phlo.member(*where, address, "hold", node_type="multi_party_call")
    theirs = _last_as_sent(server)
    server.emulator.reset()
    server.emulator.join(*where, address)
    async with ours:
        await ours.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID).member(address).hold()

    assert _last_as_sent(server) == theirs
    assert theirs.path.endswith(f"/members/{address}")


READINGS: list[tuple[Callable[[Any], Any], Callable[[Phlo], Awaitable[Any]]]] = [
    (lambda client: client.phlo.get(DEMO_PHLO_ID), lambda phlo: phlo.get()),
    (
        lambda client: client.phlo.get(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID),
        lambda phlo: phlo.multi_party_call(DEMO_NODE_ID).get(),
    ),
    (
        lambda client: client.phlo.get(DEMO_PHLO_ID).node("multi_party_call", DEMO_NODE_ID),
        lambda phlo: phlo.node("multi_party_call", DEMO_NODE_ID).get(),
    ),
    (
        lambda client: client.phlo.get(DEMO_PHLO_ID).node("conference_bridge", DEMO_BRIDGE_ID),
        lambda phlo: phlo.conference_bridge(DEMO_BRIDGE_ID).get(),
    ),
    (
        lambda client: client.phlo.get(DEMO_PHLO_ID).run(name="Carl", times=3),
        lambda phlo: phlo.run({"name": "Carl"}, times=3),
    ),
]


@pytest.mark.parametrize(("officially", "in_our_words"), READINGS)
async def test_reading_and_running_are_the_same_requests(
    server: EmulatorServer,
    official: Any,
    ours: AsyncPhloClient,
    officially: Callable[[Any], Any],
    in_our_words: Callable[[Phlo], Awaitable[Any]],
) -> None:
    officially(official)
    theirs = _last(server)
    async with ours:
        await in_our_words(ours.phlo(DEMO_PHLO_ID))

    assert _last(server) == theirs


async def test_one_action_is_one_request_where_the_official_client_makes_three(
    server: EmulatorServer, official: Any, ours: AsyncPhloClient
) -> None:
    _officially(official, TALK)
    theirs = server.emulator.requests
    server.emulator.reset()
    async with ours:
        await _in_our_words(ours.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID), TALK)

    assert (server.emulator.requests, theirs) == (1, 3)


async def test_an_address_that_would_break_out_of_its_segment_does_not(
    server: EmulatorServer, ours: AsyncPhloClient
) -> None:
    server.emulator.reset()
    address = "a/b?c#d%2F"
    server.emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, address)
    async with ours:
        await ours.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID).member(address).hold()
    calls: Any = server.emulator.state()["calls"]

    assert calls[0]["members"][0] == {
        "address": address,
        "role": "customer",
        "state": "on_hold",
        "muted": False,
    }
