"""The type of every public name; checked by mypy and pyright, never run."""

# pyright: strict

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, assert_type

import httpx
from aiohttp import web
from fastapi import Depends, Request
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis

import plivo_phlo_async
from plivo_phlo_async import (
    TRY_AGAIN,
    Action,
    ActionFailedError,
    ActionResult,
    AsyncPhloClient,
    AttemptEvent,
    AuthenticationError,
    BadRequestError,
    BaseJournal,
    BulkOutcome,
    BulkReport,
    BulkRun,
    BulkStatus,
    CommonError,
    ConferenceBridge,
    ConferenceBridgeMember,
    ConfigurationError,
    ConflictError,
    DecodeError,
    InvalidArgumentError,
    Journal,
    JournalEntry,
    JournalError,
    Limiter,
    Member,
    MemoryJournal,
    MultiPartyCall,
    Node,
    NodeDetails,
    NotFoundError,
    NotSentError,
    Outcome,
    OutcomeEvent,
    OutcomeUnknownError,
    PauseEvent,
    PermissionDeniedError,
    Phlo,
    PhloDetails,
    PhloError,
    PhloRun,
    PhloRunDetails,
    PriorState,
    RateLimit,
    RateLimitedError,
    RequestError,
    ResponseError,
    Result,
    RetryPolicy,
    RetrySafety,
    Role,
    ServerError,
    SignatureError,
    SqliteJournal,
    Verb,
    WebhookError,
    webhooks,
)
from plivo_phlo_async.emulator import (
    Call,
    CallMember,
    EmulatedNode,
    EmulatedPhlo,
    MemberRole,
    MemberState,
    PhloEmulator,
    Phone,
    ReceivedRequest,
)
from plivo_phlo_async.emulator import LogEntry as EmulatorLogEntry
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.otel import Telemetry, TelemetryHooks
from plivo_phlo_async.postgres import PostgresJournal
from plivo_phlo_async.redis import RedisNonces, RedisRateLimit
from plivo_phlo_async.testing import Clock, EmulatedTransport, client_of, emulated_client
from plivo_phlo_async.webhooks import AsyncNonceStore, Receiver
from plivo_phlo_async.webhooks import aiohttp as in_aiohttp
from plivo_phlo_async.webhooks import fastapi as in_fastapi

# The client.


def making_a_client(http: httpx.AsyncClient) -> None:
    assert_type(plivo_phlo_async.__version__, str)
    assert_type(AsyncPhloClient(), AsyncPhloClient)
    AsyncPhloClient("id", "token", base_url="https://example.com/v1", timeout=3)
    AsyncPhloClient(timeout=None, rate_limit=None, http_client=http)
    AsyncPhloClient(timeout=httpx.Timeout(3.0), retry=RetryPolicy(attempts=1), proxy=None)
    AsyncPhloClient(rate_limit=RateLimit(300, per=5.0), max_connections=10)
    AsyncPhloClient(on_attempt=print, on_outcome=print, on_pause=print)
    AsyncPhloClient(auth_id=os.environ.get("A"), auth_token=os.environ.get("B"))
    AsyncPhloClient(**Telemetry().hooks)


async def using_a_client(client: AsyncPhloClient, action: Action) -> None:
    async with client as entered:
        assert_type(entered, AsyncPhloClient)
    assert_type(await client.aclose(), None)
    assert_type(client.phlo("id"), Phlo)
    assert_type(client.multi_party_call(), MultiPartyCall)
    assert_type(client.with_options(timeout=3, retry=RetryPolicy()), AsyncPhloClient)
    assert_type(client.with_options(rate_limit=None), AsyncPhloClient)
    assert_type(await client.perform(action), Result)


async def handles(client: AsyncPhloClient) -> None:
    phlo = client.phlo("id")
    assert_type(phlo.phlo_id, str)
    assert_type(await phlo.get(), PhloDetails)
    assert_type(await phlo.run(), PhloRun)
    assert_type(await phlo.run({"From": "1"}, To="2"), PhloRun)
    assert_type(await phlo.get_run("run"), PhloRunDetails)
    assert_type(phlo.node("conference_bridge", "node"), Node)
    assert_type(await phlo.node("conference_bridge", "node").get(), NodeDetails)

    bridge = phlo.conference_bridge("node")
    assert_type(bridge, ConferenceBridge)
    assert_type(bridge.phlo_id, str)
    assert_type(bridge.node_id, str)
    assert_type(await bridge.get(), NodeDetails)
    guest = bridge.member("1")
    assert_type(guest, ConferenceBridgeMember)
    assert_type(guest.member_address, str)
    assert_type(await guest.mute(), ActionResult)
    assert_type(await guest.unmute(), ActionResult)
    assert_type(await guest.hangup(), ActionResult)

    line = phlo.multi_party_call("node")
    assert_type(line, MultiPartyCall)
    assert_type(line.phlo_id, str)
    assert_type(line.node_id, str)
    assert_type(await line.get(), NodeDetails)
    assert_type(await line.call("1", "2"), ActionResult)
    assert_type(await line.call("1", "2", role="customer"), ActionResult)
    assert_type(await line.call(trigger_source="1", to="2", role=Role.AGENT), ActionResult)
    assert_type(await line.warm_transfer("1", "2"), ActionResult)
    assert_type(await line.cold_transfer("1", "2", "agent"), ActionResult)

    member = line.member("2")
    assert_type(member, Member)
    assert_type(member.phlo_id, str)
    assert_type(member.node_id, str)
    assert_type(member.member_address, str)
    assert_type(await member.hold(), ActionResult)
    assert_type(await member.unhold(), ActionResult)
    assert_type(await member.mute(), ActionResult)
    assert_type(await member.unmute(), ActionResult)
    assert_type(await member.hangup(), ActionResult)
    assert_type(await member.resume_call(), ActionResult)
    assert_type(await member.abort_transfer(), ActionResult)
    assert_type(await member.voicemail_drop(), ActionResult)


def policies_and_limits(policy: RetryPolicy, limit: RateLimit) -> None:
    assert_type(policy.attempts, int)
    assert_type(policy.max_backoff, float)
    assert_type(policy.max_retry_after, float)
    assert_type(policy.deadline, float | None)
    assert_type(policy.budget, float | None)
    assert_type(limit.rate, float)
    assert_type(limit.full_rate, float)
    assert_type(limit.acquire_nowait(), bool)
    assert_type(limit.pause(1.0), None)


class OwnLimiter:
    async def acquire(self) -> None: ...
    def pause(self, seconds: float) -> None: ...


async def limiters(limit: RateLimit) -> None:
    fits: list[Limiter] = [limit, OwnLimiter()]
    assert_type(await limit.acquire(), None)
    assert_type(await fits[0].acquire(), None)
    AsyncPhloClient(rate_limit=OwnLimiter())


async def a_nonce_store_of_many_machines(redis: Redis) -> None:
    nonces = RedisNonces(redis, key="nonces", window=60.0, when_unreachable="raise")
    fits: AsyncNonceStore = nonces
    assert_type(await fits.is_new("n"), bool)
    Receiver("token", nonces=nonces)


async def a_limiter_of_many_machines(redis: Redis) -> None:
    limit = RedisRateLimit(redis, 300, 5.0, key="account", when_unreachable=OwnLimiter())
    fits: Limiter = limit
    assert_type(limit.rate, float)
    assert_type(limit.give_back(), None)
    assert_type(limit.pause(1.0), None)
    assert_type(await limit.acquire(), None)
    AsyncPhloClient(rate_limit=fits)


# Results.


def results(
    result: Result,
    done: ActionResult,
    phlo: PhloDetails,
    node: NodeDetails,
    run: PhloRun,
    details: PhloRunDetails,
) -> None:
    for each in (result, done, phlo, node, run, details):
        assert_type(each.api_id, str | None)
        assert_type(each.reply_complete, bool)
        assert_type(each.raw, Mapping[str, Any])
        assert_type(each.attempts, int)
        assert_type(each.elapsed, float)
        assert_type(each.status_code, int)
    assert_type(done.error, str)
    assert_type(phlo.phlo_id, str | None)
    assert_type(phlo.name, str | None)
    assert_type(phlo.created_on, datetime | None)
    assert_type(node.node_id, str | None)
    assert_type(node.phlo_id, str | None)
    assert_type(node.name, str | None)
    assert_type(node.node_type, str | None)
    assert_type(node.created_on, datetime | None)
    assert_type(run.run_id, str | None)
    assert_type(run.phlo_id, str | None)
    assert_type(run.message, str | None)
    assert_type(details.run_id, str | None)
    assert_type(details.phlo_id, str | None)
    assert_type(details.call_uuids, tuple[str, ...])
    assert_type(details.message_uuids, tuple[str, ...])
    assert_type(details.recording_ids, tuple[str, ...])


# Actions.


def actions(action: Action) -> None:
    assert_type(Action.call("p", "n", "1", "2", role="customer", key="k"), Action)
    assert_type(Action.warm_transfer("p", "n", "1", "2"), Action)
    assert_type(Action.cold_transfer("p", "n", "1", "2", Role.AGENT), Action)
    assert_type(Action.hold("p", "n", "1"), Action)
    assert_type(Action.unhold("p", "n", "1"), Action)
    assert_type(Action.mute("p", "n", "1"), Action)
    assert_type(Action.unmute("p", "n", "1"), Action)
    assert_type(Action.hangup("p", "n", "1"), Action)
    assert_type(Action.mute("p", "n", "1", node_type="conference_bridge", key="k"), Action)
    assert_type(Action.unmute("p", "n", "1", node_type="conference_bridge"), Action)
    assert_type(Action.hangup("p", "n", "1", node_type="conference_bridge"), Action)
    assert_type(Action.resume_call("p", "n", "1"), Action)
    assert_type(Action.abort_transfer("p", "n", "1"), Action)
    assert_type(Action.voicemail_drop("p", "n", "1", key="k"), Action)
    assert_type(Action.run("p", {"From": "1"}), Action)
    assert_type(Action.get_phlo("p"), Action)
    assert_type(Action.get_node("p", "multi_party_call", "n"), Action)
    assert_type(Action.get_run("p", "r"), Action)
    assert_type(Action.from_dict({}), Action)
    assert_type(action.to_dict(), dict[str, Any])
    assert_type(action.verb, Verb)
    assert_type(action.retry_safety, RetrySafety)
    assert_type(action.verb.fields, tuple[str, ...])
    assert_type(action.verb.required_fields, tuple[str, ...])
    assert_type(action.method, str)
    assert_type(action.phlo_id, str)
    assert_type(action.node_id, str | None)
    assert_type(action.member_address, str | None)
    assert_type(action.trigger_source, str | None)
    assert_type(action.to, str | None)
    assert_type(action.role, Role | None)
    assert_type(action.key, str | None)
    assert_type(action.node_type, str | None)
    assert_type(action.run_id, str | None)
    assert_type(action.payload, Mapping[str, Any] | None)


def words() -> None:
    assert_type(Role.CUSTOMER, Literal[Role.CUSTOMER])
    assert_type(Verb("call"), Verb)
    texts: list[str] = [Role.AGENT, Verb.CALL, BulkStatus.DONE, Outcome.ACCEPTED, PriorState.FRESH]
    assert_type(texts, list[str])


# Bulk.


async def bulk(client: AsyncPhloClient, listed: list[Action]) -> None:
    async def streamed() -> AsyncIterator[Action]:
        yield listed[0]

    async with client.bulk(listed, concurrency=3, on_progress=print) as run:
        assert_type(run, BulkRun)
        async for outcome in run:
            assert_type(outcome, BulkOutcome)
        assert_type(run.stop(), None)
        assert_type(run.report, BulkReport)
    assert_type(await client.bulk_all(streamed(), journal="file"), BulkReport)
    assert_type(await client.bulk_all(iter(listed), journal=Path("file")), BulkReport)
    assert_type(await client.bulk_all(listed, journal=MemoryJournal()), BulkReport)
    assert_type(await client.bulk_all(listed, journal=SqliteJournal("file")), BulkReport)
    assert_type(await client.bulk_all(listed, journal=OwnJournal()), BulkReport)
    await client.bulk_all(listed, journal="file", redo=["failed"])
    await client.bulk_all(listed, journal="file", redo={BulkStatus.FAILED, BulkStatus.UNKNOWN})
    await client.bulk_all(listed, journal="file", redo=lambda action: ["unknown"])


def bulk_results(outcome: BulkOutcome, report: BulkReport, common: CommonError) -> None:
    assert_type(outcome.action, Action)
    assert_type(outcome.status, BulkStatus)
    assert_type(outcome.result, Result | None)
    assert_type(outcome.error, Exception | None)
    assert_type(outcome.attempts, int)
    assert_type(outcome.elapsed, float)
    assert_type(outcome.begun, datetime | None)
    assert_type(outcome.ended, datetime | None)
    assert_type(outcome.key, str | None)
    assert_type(outcome.number, int | None)
    assert_type(outcome.api_id, str | None)
    assert_type(outcome.to_dict(), dict[str, Any])
    assert_type(report.done, int)
    assert_type(report.failed, int)
    assert_type(report.unknown, int)
    assert_type(report.not_started, int)
    assert_type(report.skipped, int)
    assert_type(report.to_dict(), dict[str, Any])
    assert_type(dict(report), dict[str, Any])
    assert_type(report.total, int)
    assert_type(report.rate, float)
    assert_type(report.elapsed, float)
    assert_type(report.waited, float)
    assert_type(report.errors, tuple[CommonError, ...])
    assert_type(common.name, str)
    assert_type(common.count, int)
    assert_type(common.example, Exception)


class OwnJournal(BaseJournal):
    async def begin(self, entry: JournalEntry, redo: Collection[BulkStatus] = ()) -> PriorState:
        return PriorState.FRESH

    async def finish(self, entry: JournalEntry, outcome: BulkOutcome) -> None: ...


async def journals(journal: SqliteJournal, memory: MemoryJournal, action: Action) -> None:
    fits: list[Journal] = [journal, memory, OwnJournal()]
    entry = JournalEntry.of(action, 1)
    assert_type(entry.name, str)
    assert_type(entry.content, str)
    assert_type(await fits[0].prior(entry), PriorState)
    assert_type(await fits[0].begin(entry), PriorState)
    assert_type(await journal.start(), None)
    assert_type(await journal.begin(entry, [BulkStatus.FAILED]), PriorState)
    assert_type(await journal.recorded(entry), BulkOutcome | None)
    assert_type(await journal.settle("order-7", "done"), BulkOutcome)
    assert_type(list(journal.outcomes()), list[BulkOutcome])
    assert_type([outcome async for outcome in journal.outcomes()], list[BulkOutcome])
    assert_type(await journal.flush(), None)
    assert_type(await journal.counts(), dict[BulkStatus, int])
    assert_type([outcome async for outcome in fits[0].unknown()], list[BulkOutcome])
    assert_type([outcome async for outcome in fits[0].outcomes()], list[BulkOutcome])
    assert_type(await fits[0].forget(older_than=timedelta(days=30)), int)
    assert_type(fits[0].may_send(entry), bool)
    assert_type(await journal.aclose(), None)


async def at_most_once(client: AsyncPhloClient, pool: AsyncConnectionPool, action: Action) -> None:
    async with PostgresJournal("postgresql://", run="reminders") as journal:
        fits: Journal = journal
        assert_type(await client.perform(action, journal=fits, redo={"failed"}), Result)
        assert_type([outcome async for outcome in journal.unknown()], list[BulkOutcome])
    PostgresJournal(pool, run="reminders", start_within=5.0, patience=60.0)
    assert_type(TRY_AGAIN, tuple[type[PhloError], ...])


# Errors.


def every_error(error: PhloError) -> None:
    assert_type(error.may_have_happened, bool)
    assert_type(error.attempts, int)
    assert_type(error.action, Any)
    if isinstance(error, ResponseError):
        assert_type(error.status_code, int)
        assert_type(error.message, str)
        assert_type(error.api_id, str | None)
        assert_type(error.body, Any)
        assert_type(error.headers, dict[str, str])
    if isinstance(error, RateLimitedError):
        assert_type(error.retry_after, float | None)
    if isinstance(error, SignatureError):
        assert_type(error.reason, str)


def families(
    answered: ActionFailedError
    | AuthenticationError
    | BadRequestError
    | ConflictError
    | NotFoundError
    | PermissionDeniedError
    | RateLimitedError
    | ServerError,
    unanswered: NotSentError | OutcomeUnknownError,
    values: ConfigurationError | InvalidArgumentError,
    others: DecodeError | JournalError,
    webhook: SignatureError,
) -> None:
    a: ResponseError = answered
    b: RequestError = unanswered
    c: list[ValueError] = [values]
    d: WebhookError = webhook
    every: list[PhloError] = [a, b, values, others, d]
    assert_type(c, list[ValueError])
    assert_type(every, list[PhloError])


# Hooks.


def hooks(attempt: AttemptEvent, outcome: OutcomeEvent, pause: PauseEvent) -> None:
    assert_type(attempt.action, Action)
    assert_type(attempt.attempt, int)
    assert_type(attempt.waited, float)
    assert_type(outcome.action, Action)
    assert_type(outcome.outcome, Outcome)
    assert_type(outcome.status_code, int | None)
    assert_type(outcome.attempts, int)
    assert_type(outcome.elapsed, float)
    assert_type(outcome.waited, float)
    assert_type(outcome.may_have_happened, bool)
    assert_type(outcome.cancelled, bool)
    assert_type(outcome.error, str | None)
    assert_type(pause.action, Action)
    assert_type(pause.seconds, float)
    assert_type(pause.status_code, int)
    assert_type(pause.from_retry_after, bool)


def telemetry(telemetry: Telemetry) -> None:
    assert_type(telemetry.hooks, TelemetryHooks)
    AsyncPhloClient(
        on_attempt=telemetry.on_attempt,
        on_outcome=telemetry.on_outcome,
        on_pause=telemetry.on_pause,
    )


# Webhooks.


def parsing(sent: dict[str, str], body: bytes) -> None:
    assert_type(webhooks.parse(webhooks.Event, sent), webhooks.Event)
    assert_type(webhooks.parse(webhooks.StartEvent, sent), webhooks.StartEvent)
    assert_type(webhooks.parse(webhooks.StartCallEvent, sent), webhooks.StartCallEvent)
    assert_type(webhooks.parse(webhooks.StartMessageEvent, sent), webhooks.StartMessageEvent)
    assert_type(webhooks.parse(webhooks.StartRequestEvent, sent), webhooks.StartRequestEvent)
    assert_type(webhooks.parse(webhooks.BranchEvent, sent), webhooks.BranchEvent)
    assert_type(webhooks.parse(webhooks.CallForwardEvent, sent), webhooks.CallForwardEvent)
    assert_type(
        webhooks.parse(webhooks.ConferenceBridgeEvent, sent), webhooks.ConferenceBridgeEvent
    )
    assert_type(webhooks.parse(webhooks.ConferenceEvent, sent), webhooks.ConferenceEvent)
    assert_type(webhooks.parse(webhooks.CounterEvent, sent), webhooks.CounterEvent)
    assert_type(webhooks.parse(webhooks.DialledCallEvent, sent), webhooks.DialledCallEvent)
    assert_type(webhooks.parse(webhooks.GetInputEvent, sent), webhooks.GetInputEvent)
    assert_type(webhooks.parse(webhooks.HangupEvent, sent), webhooks.HangupEvent)
    assert_type(webhooks.parse(webhooks.HttpRequestEvent, sent), webhooks.HttpRequestEvent)
    assert_type(webhooks.parse(webhooks.InitiateCallEvent, sent), webhooks.InitiateCallEvent)
    assert_type(webhooks.parse(webhooks.IvrMenuEvent, sent), webhooks.IvrMenuEvent)
    assert_type(webhooks.parse(webhooks.MultiPartyCallEvent, sent), webhooks.MultiPartyCallEvent)
    assert_type(webhooks.parse(webhooks.PlayAudioEvent, sent), webhooks.PlayAudioEvent)
    assert_type(webhooks.parse(webhooks.RecordAudioEvent, sent), webhooks.RecordAudioEvent)
    assert_type(webhooks.parse(webhooks.SendSmsEvent, sent), webhooks.SendSmsEvent)
    assert_type(webhooks.parse("Send SMS", sent), webhooks.Event)
    assert_type(webhooks.parse(webhooks.Component.SEND_SMS, sent), webhooks.Event)
    assert_type(webhooks.parse_request("POST", "https://x/", {}, body), webhooks.Event)
    assert_type(webhooks.parse_request("POST", "https://x/", [("a", "b")], ""), webhooks.Event)


def verifying(headers: Mapping[str, str], params: dict[str, str], body: bytes) -> None:
    nonces = webhooks.MemoryNonces(60.0)
    store: webhooks.NonceStore = nonces
    url = "https://example.com/plivo"
    assert_type(webhooks.receive("POST", url, headers, body, "token"), webhooks.Event)
    webhooks.receive("POST", url, headers, body, ["one", "two"], nonces=store)
    assert_type(webhooks.verify_v3("POST", url, headers, params, "token"), None)
    assert_type(webhooks.verify_v2(url, headers, "token", nonces=nonces), None)
    assert_type(webhooks.sign_v3("POST", url, params, "token"), dict[str, str])
    assert_type(webhooks.sign_v2(url, "token"), dict[str, str])
    found = webhooks.diagnose("POST", url, params, "token", nonce="1")
    assert_type(found, webhooks.Diagnosis)
    assert_type(found.matches, bool)
    assert_type(found.differences, tuple[webhooks.Difference, ...])
    assert_type(
        [(each.part, each.description) for each in found.differences], list[tuple[str, str]]
    )
    assert_type(found.header, str | None)
    assert_type(found.signed, str | None)
    assert_type(found.advice, str)
    assert_type(nonces.is_new("1"), bool)


def events(
    member: webhooks.MultiPartyCallEvent,
    call: webhooks.InitiateCallEvent,
    sms: webhooks.SendSmsEvent,
    recorded: webhooks.RecordAudioEvent,
    asked: webhooks.HttpRequestEvent,
    started: webhooks.StartRequestEvent,
) -> None:
    assert_type(member.raw, Mapping[str, Any])
    assert_type(member.component, webhooks.Component | None)
    assert_type(member.from_, str | None)
    assert_type(member.to, str | None)
    assert_type(member.event, webhooks.ConferenceAction | str | None)
    assert_type(member.state, webhooks.MultiPartyCallState | str | None)
    assert_type(member.direction, webhooks.Direction | str | None)
    assert_type(member.conference_uuid, str | None)
    assert_type(member.member_id, str | None)
    assert_type(member.bill_rate, Decimal | None)
    assert_type(call.uuid, str | None)
    assert_type(call.answer_time, datetime | None)
    assert_type(call.duration, timedelta | None)
    assert_type(call.voicemail_detected, bool | None)
    assert_type(sms.media_urls, tuple[str, ...])
    assert_type(sms.units, int | None)
    assert_type(recorded.recording_duration, timedelta | None)
    assert_type(asked.response, Any)
    assert_type(asked.status_code, int | None)
    assert_type(started.params, Mapping[str, Any] | None)


def tracking(event: webhooks.MultiPartyCallEvent) -> None:
    tracker = webhooks.MemberTracker(max_calls=10)
    assert_type(tracker.update(event), bool)
    assert_type(event.address, str | None)
    assert_type(tracker.find("12025551111"), webhooks.TrackedMember | None)
    assert_type(tracker.snapshot(), dict[str, Any])
    assert_type(tracker.calls(), tuple[str, ...])
    for member in tracker.members("conference"):
        assert_type(member, webhooks.TrackedMember)
        assert_type(member.member_id, str)
        assert_type(member.address, str | None)
        assert_type(member.caller_name, str | None)
        assert_type(member.call_uuid, str | None)
        assert_type(member.call, str)


async def waiting(tracker: webhooks.MemberTracker) -> None:
    async with tracker.expect_enter("12025551111", call="c") as joined:
        assert_type(joined, webhooks.MemberExpectation)
        assert_type(await joined, webhooks.TrackedMember)
        assert_type(joined.member, webhooks.TrackedMember | None)
    async with tracker.expect_end("c") as over:
        assert_type(await over, str)
        assert_type(over.state, str | None)
    async for change in tracker.changes():
        assert_type(change, webhooks.MemberChange)
        assert_type(change.kind, webhooks.MemberChangeKind)
    assert_type(webhooks.same_address("1", None), bool)


async def serving() -> None:
    verified = in_fastapi.verified(webhooks.MultiPartyCallEvent, "token")
    assert_type(verified, Callable[[Request], Awaitable[webhooks.MultiPartyCallEvent]])

    async def in_a_route(
        event: Annotated[webhooks.MultiPartyCallEvent, Depends(verified)],
    ) -> str | None:
        return event.to

    @in_aiohttp.verified(webhooks.MultiPartyCallEvent, "token")
    async def handler(request: web.Request, event: webhooks.MultiPartyCallEvent) -> web.Response:
        return web.Response(text=event.to)

    web.post("/plivo", handler)
    route: Callable[[webhooks.MultiPartyCallEvent], Awaitable[str | None]] = in_a_route
    print(route)

    async def handle(event: webhooks.Event) -> None: ...

    webhooks.WebhookApp(handle, "token", component=webhooks.MultiPartyCallEvent)


# Tests of a program that uses this package.


async def testing(emulator: PhloEmulator) -> None:
    assert_type(client_of(emulator, rate_limit=None), AsyncPhloClient)
    async with emulated_client(emulator) as client:
        assert_type(client, AsyncPhloClient)
    httpx.AsyncClient(transport=EmulatedTransport(emulator))

    clock = Clock(runs=False)
    assert_type(clock(), float)
    assert_type(clock.wall(), float)
    assert_type(clock.advance(3), None)
    assert_type(await clock.sleep(3), None)
    PhloEmulator(clock=clock, wall=clock.wall, sleep=clock.sleep)
    bridge = EmulatedNode("n", "conference_bridge")
    PhloEmulator(phlos=[EmulatedPhlo("p", nodes=(bridge,))], faults=["hold:500 x1"])
    PhloEmulator(phones={"1": "reject", "2": Phone("answer", 3.0)}, rate_limit=None)


def emulating(emulator: PhloEmulator, call: Call, member: CallMember) -> None:
    assert_type(emulator.dialled, Counter[str])
    assert_type(emulator.requests, int)
    assert_type(emulator.calls, dict[str, Call])
    assert_type(emulator.received, tuple[ReceivedRequest, ...])
    assert_type(emulator.log, tuple[EmulatorLogEntry, ...])
    assert_type(emulator.state(), dict[str, object])
    assert_type(emulator.set_phone("1", "answer", after=3), None)
    assert_type(emulator.fail_next("close_after", action="call", times=2), None)
    assert_type(emulator.reset(), None)
    assert_type(call.members, tuple[CallMember, ...])
    assert_type(call.find("1"), CallMember | None)
    assert_type(call.live("1"), CallMember)
    assert_type(member.state, MemberState)
    assert_type(member.role, MemberRole)
    assert_type(member.muted, bool)
    with EmulatorServer(emulator, port=0) as server:
        assert_type(server.base_url, str)
        assert_type(server.port, int)
        assert_type(server.emulator, PhloEmulator)
