"""Results, outcomes, errors and events as plain JSON, and what reads or writes them."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import httpx
import jsonschema
import pytest
import uvicorn
from aiohttp import web
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from fastapi import Body, FastAPI
from fastapi.encoders import jsonable_encoder
from kombu import serialization
from pydantic import TypeAdapter, ValidationError
from taskiq import InMemoryBroker

from plivo_phlo_async import (
    Action,
    ActionResult,
    BulkOutcome,
    BulkReport,
    BulkStatus,
    CommonError,
    NodeDetails,
    NotFoundError,
    OutcomeUnknownError,
    PhloDetails,
    PhloError,
    PhloRun,
    PhloRunDetails,
    RateLimitedError,
    Result,
    SignatureError,
    Verb,
)
from plivo_phlo_async._json_values import JsonObject, to_json_value
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator
from plivo_phlo_async.testing import emulated_client
from plivo_phlo_async.webhooks import (
    Component,
    Event,
    MemberChange,
    MemberChangeKind,
    TrackedMember,
    parse,
)

AGENT, CUSTOMER = "12025550000", "12025551111"
NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
CALL = Action.call(DEMO_PHLO_ID, DEMO_NODE_ID, AGENT, CUSTOMER)
ACCEPTED = ActionResult(api_id="a", raw={"api_id": "a", "new": [1.5, {"x": None}]}, status_code=201)
MISSING = NotFoundError("hold …1111: 404.", status_code=404, body={"error": "no"}, api_id="i")
SENT = {"call.duration": "90", "call.bill_rate": "0.0035", "state": "Unheard Of", "new": ["x"]}

VALUES: list[JsonObject] = [
    CALL,
    Action.run("p", {"to": CUSTOMER, "nested": {"deep": [1, None]}}, key="k"),
    ACCEPTED,
    PhloDetails(phlo_id="p", name="n", created_on=NOW, raw={"n": math.nan}),
    NodeDetails(node_id="n", node_type="multi_party_call", created_on=NOW),
    PhloRun(run_id="r"),
    PhloRunDetails(run_id="r", call_uuids=("a", "b")),
    BulkOutcome(CALL, BulkStatus.DONE, ACCEPTED, None, 1, 0.5, NOW, NOW, 1),
    BulkOutcome(CALL, BulkStatus.FAILED, error=MISSING),
    BulkOutcome(CALL, BulkStatus.UNKNOWN, error=ValueError("a hook of the caller's")),
    BulkReport(
        done=2,
        failed=1,
        errors=(CommonError("NotFoundError", 1, MISSING), CommonError("E", 1, OSError("no"))),
        elapsed=2.0,
    ),
    MISSING,
    OutcomeUnknownError("call …1111: no answer came.", attempts=2, action=CALL),
    RateLimitedError("hold …1111: 429.", status_code=429, retry_after=1.5, body="\ud800"),
    SignatureError("forged", reason="nonce"),
    TrackedMember("1", AGENT, call="c"),
    MemberChange(MemberChangeKind.ENTERED, "c", TrackedMember("1", AGENT, call="c")),
    Event(raw={"a": ["b"]}),
    *(parse(component, SENT) for component in Component),
    parse("start", {"request_type": "call", "call.start_time": "2026-11-27 12:30:00+00:00"}),
]
EACH = pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)


def _types(value: Any) -> set[type]:
    """The type of a JSON value and of all in it."""
    if type(value) is dict:
        return {dict}.union(*map(_types, value.values()), *map(_types, value))
    return {type(value)}.union(*map(_types, value)) if type(value) is list else {type(value)}


# to_dict


@EACH
def test_to_dict_has_plain_json_values_only(value: JsonObject) -> None:
    written = value.to_dict()

    assert _types(written) <= {dict, list, str, int, float, bool, type(None)}
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    assert json.loads(json.dumps(written, ensure_ascii=False).encode()) == written


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOW, "2026-11-27T12:30:00+00:00"),
        (timedelta(minutes=1.5), 90.0),
        (Decimal("0.00350"), "0.00350"),
        (Verb.CALL, "call"),
        ((1, "a"), [1, "a"]),
        ({1: {"a": NOW}}, {"1": {"a": "2026-11-27T12:30:00+00:00"}}),
        ([math.inf, -math.inf, 0.1], ["inf", "-inf", 0.1]),
        ({"\ud800é": "é\ud800"}, {"?é": "é?"}),
        (ACCEPTED, ACCEPTED.to_dict()),
    ],
    ids=str,
)
def test_a_value_has_one_json_form(value: Any, expected: Any) -> None:
    assert to_json_value(value) == expected


def test_levels_that_no_reader_needs_are_cut() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]

    assert json.dumps(to_json_value(deep)).count("[") == 20


@pytest.mark.parametrize("value", [ACCEPTED, VALUES[6], VALUES[7], VALUES[10]])
def test_the_keys_are_the_names_of_the_attributes(value: JsonObject) -> None:
    assert all(hasattr(value, name) for name in value.to_dict())


def test_a_result_keeps_what_the_library_does_not_know() -> None:
    assert ACCEPTED.to_dict()["raw"] == {"api_id": "a", "new": [1.5, {"x": None}]}


def test_an_event_keeps_a_state_that_is_not_documented() -> None:
    assert parse("hangup", SENT).to_dict()["variables"]["state"] == "Unheard Of"


def test_a_report_has_its_total_and_rate() -> None:
    written = BulkReport(done=2, failed=1, elapsed=2.0).to_dict()

    assert (written["total"], written["rate"]) == (3, 1.5)


def test_an_error_shows_no_whole_number_and_no_action() -> None:
    written = json.dumps(OutcomeUnknownError(f"{CALL}: lost.", action=CALL).to_dict())

    assert "…1111" in json.loads(written)["message"]
    assert CUSTOMER not in written


@EACH
def test_a_value_is_an_iterable_of_its_pairs(value: JsonObject) -> None:
    assert dict(value) == value.to_dict()


# pydantic


@EACH
def test_pydantic_writes_a_value_as_to_dict_does(value: JsonObject) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(type(value))

    assert adapter.dump_python(value, mode="json") == value.to_dict()
    assert json.loads(adapter.dump_json(value)) == value.to_dict()
    assert adapter.validate_python(value) is value


@EACH
def test_the_json_schema_of_a_class_describes_its_values(value: JsonObject) -> None:
    schema = TypeAdapter(type(value)).json_schema(mode="serialization")
    jsonschema.validate(value.to_dict(), schema)

    assert schema["title"] == type(value).__name__
    assert set(schema["properties"]) >= set(value.to_dict())


def test_a_base_class_writes_what_the_subclass_has() -> None:
    error = RateLimitedError("429", retry_after=1.5)

    assert TypeAdapter(PhloError).dump_python(error, mode="json")["retry_after"] == 1.5


@pytest.mark.parametrize("action", [VALUES[0], VALUES[1]])
def test_pydantic_reads_an_action(action: JsonObject) -> None:
    adapter = TypeAdapter(list[Action])

    assert adapter.validate_python([action.to_dict()]) == [action]
    assert adapter.validate_json(json.dumps([action.to_dict()])) == [action]


def test_an_action_that_is_wrong_is_refused_with_its_message() -> None:
    with pytest.raises(ValidationError, match="member_address: give a string, not NoneType"):
        TypeAdapter(Action).validate_python({"verb": "hold", "phlo_id": "p", "node_id": "n"})


def test_pydantic_reads_no_result_that_is_made_up() -> None:
    with pytest.raises(ValidationError, match="give a ActionResult, not dict"):
        TypeAdapter(ActionResult).validate_python({"api_id": "a"})


# FastAPI, over a socket


def _service() -> FastAPI:
    """An endpoint for each value, without and with its class, and some that act."""
    app = FastAPI()

    def endpoint(value: JsonObject, returns: Any) -> Any:
        async def give() -> Any:
            return value

        give.__annotations__ = {"return": returns} if returns else {}
        return give

    for number, value in enumerate(VALUES):
        app.get(f"/plain/{number}")(endpoint(value, None))
        app.get(f"/typed/{number}")(endpoint(value, type(value)))
    app.get("/base")(endpoint(ACCEPTED, Result))
    app.get("/all")(endpoint(VALUES, None))  # type: ignore[arg-type]  # a list of them

    @app.post("/call")
    async def call() -> ActionResult:
        async with emulated_client(PhloEmulator()) as client:
            mpc = client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
            return await mpc.call(AGENT, CUSTOMER, role="customer")

    @app.post("/perform")
    async def perform(action: Annotated[Action, Body()]) -> Result | dict[str, Any]:
        async with emulated_client(PhloEmulator()) as client:
            try:
                return await client.perform(action)
            except PhloError as error:
                return error.to_dict()

    return app


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
                yield http
        finally:
            server.should_exit = True
            await running


@pytest.mark.asyncio
async def test_fastapi_returns_what_to_dict_returns() -> None:
    async with _served(_service()) as http:
        got = [
            [(await http.get(f"/{way}/{number}")).json() for number in range(len(VALUES))]
            for way in ("plain", "typed")
        ]
        listed, base = (await http.get("/all")).json(), (await http.get("/base")).json()
    expected = [value.to_dict() for value in VALUES]

    assert got == [expected, expected]
    assert (listed, base) == (expected, ACCEPTED.to_dict())


@pytest.mark.asyncio
async def test_an_endpoint_returns_what_the_client_returns() -> None:
    async with _served(_service()) as http:
        called = await http.post("/call")
        done = await http.post("/perform", json=CALL.to_dict())
        failed = await http.post("/perform", json=Action.hold("no", "no", CUSTOMER).to_dict())
        refused = await http.post("/perform", json={"verb": "hold", "phlo_id": "p"})

    assert called.json().keys() == ACCEPTED.to_dict().keys()
    assert called.json()["api_id"]
    assert done.json()["status_code"] == 201
    assert failed.json()["type"] == "NotFoundError"
    assert refused.status_code == 422


@pytest.mark.asyncio
async def test_openapi_describes_each_class_by_its_name() -> None:
    async with _served(_service()) as http:
        document = (await http.get("/openapi.json")).json()
    schemas, paths = document["components"]["schemas"], document["paths"]
    returned = paths["/call"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    sent = paths["/perform"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert {type(value).__name__ for value in VALUES} <= set(schemas)
    assert returned == {"$ref": "#/components/schemas/ActionResult"}
    assert sent["$ref"] == "#/components/schemas/Action"
    assert schemas["PhloDetails"]["properties"]["created_on"]["anyOf"][0]["format"] == "date-time"
    assert schemas["Action"]["required"] == ["verb", "phlo_id"]


@EACH
def test_fastapis_encoder_writes_a_value_as_to_dict_does(value: JsonObject) -> None:
    assert jsonable_encoder({"value": [value]}) == {"value": [value.to_dict()]}


# aiohttp


@pytest.mark.asyncio
async def test_aiohttp_responds_with_to_dict() -> None:
    async def give(request: web.Request) -> web.Response:
        return web.json_response([value.to_dict() for value in VALUES])

    app = web.Application()
    app.router.add_get("/", give)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        try:
            await web.SockSite(runner, listening).start()
            async with httpx.AsyncClient(trust_env=False) as http:
                got = await http.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        finally:
            await runner.cleanup()

    assert got.json() == [value.to_dict() for value in VALUES]


# Task queues


async def _perform(action: Action) -> Result:
    async with emulated_client(PhloEmulator()) as client:
        return await client.perform(action)


celery = Celery("calls", broker="memory://", backend="cache+memory://")


def _perform_in_celery(values: dict[str, Any]) -> Result:
    return asyncio.run(_perform(Action.from_dict(values)))


celery.task(name="perform", shared=False)(_perform_in_celery)


@pytest.fixture
def no_logging_setup() -> Iterator[None]:
    """Keep Celery from setting up this process' logging: it does not where this signal is used."""

    def leave_it(**_: Any) -> None: ...

    setup_logging.connect(leave_it)
    yield
    setup_logging.disconnect(leave_it)


@pytest.mark.usefixtures("no_logging_setup")
def test_a_celery_task_gets_an_action_and_returns_a_result() -> None:
    with start_worker(celery, perform_ping_check=False):
        result = celery.send_task("perform", [CALL.to_dict()]).get(timeout=30)

    assert result.keys() == ACCEPTED.to_dict().keys()
    assert result["status_code"] == 201


@EACH
def test_celerys_serializers_take_a_value(value: JsonObject) -> None:
    kombu: Any = serialization
    kind, encoding, text = kombu.dumps(value, "json")
    _, _, pickled = kombu.dumps(value.to_dict(), "pickle")

    assert kombu.loads(text, kind, encoding) == value.to_dict()
    assert pickle.loads(pickled) == value.to_dict()


@pytest.mark.asyncio
async def test_a_taskiq_task_gets_an_action_and_returns_a_result() -> None:
    broker: Any = InMemoryBroker()

    @broker.task  # type: ignore[untyped-decorator]  # kiq takes what the function takes, not JSON
    async def perform(action: Action) -> dict[str, Any]:
        return (await _perform(action)).to_dict()

    await broker.startup()
    try:
        task = await perform.kiq(CALL.to_dict())
        result = (await task.wait_result(timeout=30)).return_value
    finally:
        await broker.shutdown()

    assert broker.serializer.loadb(broker.serializer.dumpb(result)) == result
    assert result["status_code"] == 201
