"""Lines of Plivo's official SDKs: those that work with an `await`, and what the others raise."""

from __future__ import annotations

import ast
import copy
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any
from unittest import mock

import httpx
import plivo
import pytest
from plivo.exceptions import PlivoRestError

import plivo_phlo_async
from plivo_phlo_async import AsyncPhloClient, PhloError, Role
from plivo_phlo_async._other_sdks import ATTRIBUTES, CLIENT_ARGUMENTS, PHLO_ATTRIBUTES
from plivo_phlo_async.emulator import (
    DEMO_BRIDGE_ID,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    PhloEmulator,
)
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.testing import emulated_client

from .conftest import AUTH_ID

AGENT, CUSTOMER = "12025550000", "12025551111"
NAMES: dict[str, Any] = {
    "phlo_id": DEMO_PHLO_ID,
    "node_id": DEMO_NODE_ID,
    "node_type": "multi_party_call",
    "trigger_source": AGENT,
    "to": CUSTOMER,
    "role": "customer",
    "member_address": CUSTOMER,
    "payload": {"to": CUSTOMER},
    "plivo_phlo_async": plivo_phlo_async,
    "auth_id": AUTH_ID,
    "auth_token": "t",
}

# As Plivo's pages and its SDK's tests have them.
LINES = [
    "phlo.run()",
    "phlo.run(**payload)",
    "phlo.multi_party_call(node_id).call(trigger_source, to, role)",
    "phlo.multi_party_call(node_id).call(trigger_source=trigger_source, to=to, role=role)",
    "phlo.multi_party_call(node_id).warm_transfer(trigger_source, to)",
    "phlo.multi_party_call(node_id).cold_transfer(trigger_source, to)",
    "phlo.multi_party_call(node_id).member(member_address).hold()",
    "phlo.multi_party_call(node_id).member(member_address).unhold()",
    "phlo.multi_party_call(node_id).member(member_address).mute()",
    "phlo.multi_party_call(node_id).member(member_address).unmute()",
    "phlo.multi_party_call(node_id).member(member_address).hangup()",
    "phlo.multi_party_call(node_id).member(member_address).resume_call()",
    "phlo.multi_party_call(node_id).member(member_address).abort_transfer()",
    "phlo.multi_party_call(node_id).member(member_address).voicemail_drop()",
]


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(PhloEmulator(rate_limit=None)) as server:
        yield server


@pytest.fixture
def official(server: EmulatorServer) -> Iterator[Any]:
    server.emulator.reset()
    emulator = server.emulator
    client = plivo.phlo.RestClient(emulator.auth_id, emulator.auth_token)
    client.phlo_base_uri = server.base_url
    with client:
        yield client


@pytest.fixture
def ours(server: EmulatorServer) -> AsyncPhloClient:
    emulator = server.emulator
    return AsyncPhloClient(emulator.auth_id, emulator.auth_token, base_url=server.base_url)


async def _evaluate(line: str, **names: Any) -> Any:
    """Evaluate a line, as the console of asyncio does."""
    code = compile(line, "line", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, {**NAMES, **names})
    return await value if inspect.iscoroutine(value) else value


@pytest.mark.anyio
@pytest.mark.parametrize("line", LINES)
async def test_a_line_of_plivos_sdk_needs_only_an_await(
    server: EmulatorServer, official: Any, ours: AsyncPhloClient, line: str
) -> None:
    sent = []
    for phlo, written in (
        (official.phlo.get(DEMO_PHLO_ID), line),
        (ours.phlo(DEMO_PHLO_ID), f"await {line}"),
    ):
        with suppress(PhloError, PlivoRestError):  # no such member is on a call
            await _evaluate(written, phlo=phlo)
        last = server.emulator.received[-1]
        sent.append((last.method, last.path.rstrip("/"), last.body or None))
    await ours.aclose()

    assert sent[0] == sent[1]


# Lines that are written otherwise

REPLACED = [
    ("plivo.phlo.RestClient(auth_id, auth_token)", "plivo_phlo_async.AsyncPhloClient(auth_id"),
    ("plivo.RestClient", "plivo_phlo_async.AsyncPhloClient(auth_id, auth_token)"),
    ("plivo.exceptions.PlivoRestError", "plivo_phlo_async.errors"),
    ("client.phlo.get(phlo_id)", "client.phlo(phlo_id)"),
    ("client.phlo.get(phlo_id).run()", "client.phlo(phlo_id)"),
    ("client.phlo.member(phlo_id, node_id, member_address, 'hold')", ".member(member_address)"),
    ("client.phlo.multi_party_call(phlo_id, node_id, 'call', to=to)", ".multi_party_call(node_id)"),
    ("client.phlos.get(phlo_id)", "client.phlo(phlo_id)"),
    ("client.close()", "await client.aclose()"),
    ("phlo.name", "(await phlo.get()).name"),
    ("phlo.createdOn", "(await phlo.get()).created_on"),
    ("phlo.member(phlo_id, node_id, member_address, 'hold')", ".member(member_address)"),
    ("phlo.multiPartyCall(node_id)", "multi_party_call"),
    ("phlo.getRun(1)", "get_run"),
    ("mpc.warmTransfer(trigger_source, to)", "warm_transfer"),
    ("mpc.update('call', trigger_source, to, role)", "await mpc.call(trigger_source, to, role)"),
    ("mpc.abortTransfer(to)", "await mpc.member(member_address).abort_transfer()"),
    ("mpc.node_type", "(await mpc.get()).node_type"),
    ("member.resumecall()", "resume_call"),
    ("member.resumeCall()", "resume_call"),
    ("member.aborttransfer()", "abort_transfer"),
    ("member.VoicemailDrop()", "voicemail_drop"),
    ("member.update('hold')", "await member.hold()"),
    ("node.call(trigger_source, to, role)", "phlo.multi_party_call(node_id).call("),
]


def _handles(client: AsyncPhloClient) -> dict[str, Any]:
    phlo = client.phlo(DEMO_PHLO_ID)
    mpc, bridge = phlo.multi_party_call(DEMO_NODE_ID), phlo.conference_bridge(DEMO_BRIDGE_ID)
    return {
        "client": client,
        "phlo": phlo,
        "mpc": mpc,
        "member": mpc.member(CUSTOMER),
        "bridge": bridge,
        "node": phlo.node("multi_party_call", DEMO_NODE_ID),
    }


@pytest.mark.parametrize(("line", "instead"), REPLACED)
def test_a_line_that_is_written_otherwise_says_how(
    client: AsyncPhloClient, line: str, instead: str
) -> None:
    with pytest.raises(AttributeError, match=f"; write: .*{re.escape(instead)}") as caught:
        eval(line, {**NAMES, **_handles(client), "plivo": plivo_phlo_async})

    assert caught.value.name is None  # or Python would add a guess of its own


TABLE = sorted(
    {*PHLO_ATTRIBUTES.values(), *chain(*(each.values() for each in ATTRIBUTES.values()))}
)


@pytest.mark.anyio
@pytest.mark.parametrize("line", TABLE)
async def test_every_line_to_write_can_be_written(line: str) -> None:
    async with emulated_client(PhloEmulator()) as client:
        handles = _handles(client)
        await handles["mpc"].call(AGENT, CUSTOMER, Role.CUSTOMER)
        with suppress(PhloError):  # the call is not in a state for it
            await _evaluate(line, **handles)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("max_retries", "retry=RetryPolicy(attempts=max_retries + 1)"),
        ("maxRetries", "retry=RetryPolicy(attempts=max_retries + 1)"),
        ("proxies", "proxy=url"),
        ("authToken", "auth_token="),
        ("baseURL", "base_url="),
        ("headers", "default_headers=headers"),
    ],
)
def test_an_argument_of_another_sdk_says_what_to_write(name: str, instead: str) -> None:
    arguments: dict[str, Any] = {name: 3}
    with pytest.raises(TypeError, match=f"'{name}'; write: {re.escape(instead)}$"):
        AsyncPhloClient(AUTH_ID, "t", **arguments)


@pytest.mark.parametrize("line", [line for line in CLIENT_ARGUMENTS.values() if line[-1] != "="])
def test_every_argument_to_write_can_be_written(line: str) -> None:
    names = {**vars(plivo_phlo_async), "httpx": httpx, "max_retries": 3, "headers": {"X-A": "b"}}
    made = eval(f"AsyncPhloClient('{AUTH_ID}', 't', {line})", {**names, "url": "http://127.0.0.1"})

    assert isinstance(made, AsyncPhloClient)


def test_another_unknown_argument_is_pythons_own_error() -> None:
    arguments: dict[str, Any] = {"colour": "red"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        AsyncPhloClient(AUTH_ID, "t", **arguments)


def test_a_subclass_may_have_arguments_of_those_names() -> None:
    class Own(AsyncPhloClient):
        def __init__(self, max_retries: int) -> None:
            retry = plivo_phlo_async.RetryPolicy(attempts=max_retries + 1)
            super().__init__(AUTH_ID, "t", retry=retry)

    assert isinstance(Own(max_retries=3), AsyncPhloClient)


# What Python and its tools ask of an object


def test_a_wrong_name_is_no_attribute(client: AsyncPhloClient) -> None:
    handles = _handles(client)

    assert not any(hasattr(handle, "createdOn") for handle in handles.values())
    assert getattr(handles["member"], "resumecall", None) is None
    assert not hasattr(plivo_phlo_async, "RestClient")


def test_an_error_has_what_python_needs_to_suggest_a_similar_name(client: AsyncPhloClient) -> None:
    member: Any = client.phlo("p").multi_party_call("n").member("1")
    with pytest.raises(AttributeError) as caught:
        member.unhodl()

    assert (caught.value.name, caught.value.obj) == ("unhodl", member)


def test_a_handle_is_copied_and_its_names_are_listed(client: AsyncPhloClient) -> None:
    member = client.phlo("p").multi_party_call("n").member("1")
    names = {name for name in dir(member) if not name.startswith("_")}

    assert copy.copy(member) == member
    assert {"hold", "member_address", "resume_call"} <= names
    assert not names & {"resumecall", "update", "member_id"}


def test_pickle_finds_no_method_that_is_made_up(client: AsyncPhloClient) -> None:
    with pytest.raises(AttributeError, match="__getnewargs__"):
        client.phlo("p").__getnewargs__  # type: ignore[attr-defined]  # noqa: B018


def test_a_signature_stays_that_of_init() -> None:
    made = inspect.signature(AsyncPhloClient).parameters
    written = inspect.signature(AsyncPhloClient.__init__).parameters

    assert [*made] == [*written][1:]


def test_an_autospec_refuses_what_the_client_refuses(client: AsyncPhloClient) -> None:
    kind = mock.create_autospec(AsyncPhloClient)
    arguments: dict[str, Any] = {"max_retries": 3}
    with pytest.raises(TypeError):
        kind(**arguments)
    for double in (kind(AUTH_ID, "t"), mock.create_autospec(client)):
        double.phlo("p")
        with pytest.raises(TypeError):
            double.phlo("p", "n")
        with pytest.raises(AttributeError):
            _ = double.phlos


@pytest.mark.anyio
async def test_an_autospec_of_a_handle_has_coroutines(client: AsyncPhloClient) -> None:
    double = mock.create_autospec(client.phlo("p").multi_party_call("n"))
    double.call.return_value = "placed"

    assert await double.call(AGENT, CUSTOMER) == "placed"
    with mock.patch.object(AsyncPhloClient, "phlo", autospec=True) as phlo:
        client.phlo("p")
    phlo.assert_called_once_with(client, "p")
