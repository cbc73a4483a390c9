"""One action, attempt by attempt: what is sent, what is repeated, what is reported."""

from __future__ import annotations

import json
import logging
from typing import Any

import anyio
import httpx
import pytest
from attrs import evolve

from plivo_phlo_async import (
    Action,
    ActionResult,
    NotFoundError,
    NotSentError,
    Outcome,
    OutcomeEvent,
    OutcomeUnknownError,
    PauseEvent,
    PhloError,
    RateLimit,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedResponseError,
)
from plivo_phlo_async._parsing import kind_of
from plivo_phlo_async._transport.transport import Transport

from ..conftest import BASE_URL
from ..scripted import OK, ScriptedServer
from .backends import asyncio_and_trio
from .conftest import Event, MakeTransport, Time

__all__ = ["asyncio_and_trio"]

pytestmark = pytest.mark.anyio

HOLD = Action.hold("p", "n", "12025551111")
CALL = Action.call("p", "n", "12025550000", "12025551111")
DIALLING = [
    CALL,
    Action.warm_transfer("p", "n", "1", "2"),
    Action.cold_transfer("p", "n", "1", "2"),
    Action.voicemail_drop("p", "n", "1"),
    Action.run("p"),
]
RAISING = [*DIALLING, Action.resume_call("p", "n", "1"), Action.abort_transfer("p", "n", "1")]
STATE = [
    HOLD,
    Action.unhold("p", "n", "1"),
    Action.mute("p", "n", "1"),
    Action.unmute("p", "n", "1"),
]
HANGUP = Action.hangup("p", "n", "1")
READING = [
    Action.get_phlo("p"),
    Action.get_node("p", "multi_party_call", "n"),
    Action.get_run("p", "r"),
]
EVERY = [*RAISING, *STATE, HANGUP, *READING]


async def _perform(transport: Transport, action: Action) -> Any:
    return await transport.perform(action, kind_of(action.verb))


# What is sent


async def test_one_action_is_one_request(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.otherwise = OK
    await _perform(make_transport(), CALL)
    request = server.requests[-1]

    assert server.attempts == 1
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/phlo/p/multi_party_call/n")
    assert request.headers["authorization"] == "Basic x"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content)["action"] == "call"


async def test_the_timeout_bounds_each_attempt(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError("it sleeps for ever")

    server.script = never
    transport = evolve(make_transport(), timeout=httpx.Timeout(0.05))
    with anyio.fail_after(60), pytest.raises(OutcomeUnknownError, match="ReadTimeout"):
        await _perform(transport, CALL)

    assert server.attempts == 1


async def test_redirects_are_not_followed(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.otherwise = httpx.Response(307, headers={"location": f"{BASE_URL}/elsewhere"})
    with pytest.raises(PhloError, match="307"):
        await _perform(make_transport(), CALL)

    assert server.attempts == 1


# The policy, cell by cell


@pytest.mark.parametrize("action", EVERY, ids=str)
async def test_never_sent_is_repeated(
    server: ScriptedServer, make_transport: MakeTransport, action: Action, time: Time
) -> None:
    server.script = [httpx.ConnectError("refused"), OK]
    result = await _perform(make_transport(), action)

    assert (result.attempts, time.slept) == (2, [0.25])


@pytest.mark.parametrize("action", EVERY, ids=str)
@pytest.mark.parametrize("status", [429, 425])
async def test_refused_is_repeated_after_the_pause(
    server: ScriptedServer, make_transport: MakeTransport, action: Action, status: int, time: Time
) -> None:
    server.script = [httpx.Response(status, headers={"retry-after": "10"})] * 5 + [OK]
    result = await _perform(make_transport(), action)

    assert result.attempts == 6
    assert time.slept == pytest.approx([11.0] * 5)


@pytest.mark.parametrize("action", RAISING, ids=str)
@pytest.mark.parametrize("headers", [{}, {"retry-after": "5"}], ids=["", "retry-after"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520])
async def test_a_gateways_status_is_never_repeated_where_a_human_might_notice(
    server: ScriptedServer,
    make_transport: MakeTransport,
    action: Action,
    status: int,
    headers: dict[str, str],
) -> None:
    server.script = [httpx.Response(status, headers=headers), OK]
    with pytest.raises(ResponseError, match="It may have happened") as caught:
        await _perform(make_transport(), action)

    assert server.attempts == 1
    assert caught.value.may_have_happened
    assert caught.value.attempts == 1


@pytest.mark.parametrize("action", RAISING, ids=str)
async def test_a_lost_answer_is_never_repeated_where_a_human_might_notice(
    server: ScriptedServer, make_transport: MakeTransport, action: Action
) -> None:
    server.script = [httpx.ReadTimeout("silence"), OK]
    with pytest.raises(OutcomeUnknownError, match="It may have happened") as caught:
        await _perform(make_transport(), action)

    assert server.attempts == 1
    assert caught.value.may_have_happened
    assert caught.value.attempts == 1


@pytest.mark.parametrize("action", STATE, ids=str)
@pytest.mark.parametrize(
    "doubt", [httpx.ReadError("reset"), httpx.Response(502), httpx.Response(408)]
)
async def test_state_heals_from_one_doubt(
    server: ScriptedServer, make_transport: MakeTransport, action: Action, doubt: Any
) -> None:
    server.script = [doubt, OK]
    result = await _perform(make_transport(), action)

    assert result.attempts == 2


@pytest.mark.parametrize("action", STATE, ids=str)
async def test_state_is_repeated_once(
    server: ScriptedServer, make_transport: MakeTransport, action: Action
) -> None:
    server.script = [httpx.ReadError("reset")] * 2 + [OK]
    with pytest.raises(OutcomeUnknownError, match="repeated once, as far as is safe"):
        await _perform(make_transport(), action)

    assert server.attempts == 2


async def test_state_is_not_repeated_once_something_newer_was_asked(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    transport = make_transport()
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["action"])
        if asked[-1] == "hold":
            await _perform(transport, Action.unhold("p", "n", "+12025551111"))
            raise httpx.ReadError("reset")
        return OK

    server.script = answer
    with pytest.raises(OutcomeUnknownError, match="a newer action for that member"):
        await _perform(transport, HOLD)

    assert asked == ["hold", "unhold"]


async def test_state_is_not_repeated_if_something_newer_is_asked_while_it_waits(
    server: ScriptedServer, make_transport: MakeTransport, time: Time
) -> None:
    transport = make_transport()
    server.script = [httpx.ReadError("reset"), OK, OK]

    async def asked_meanwhile(seconds: float) -> None:
        await _perform(transport, Action.unhold("p", "n", "12025551111"))

    transport.shared.sleep = asked_meanwhile
    with pytest.raises(OutcomeUnknownError, match="a newer action for that member"):
        await _perform(transport, HOLD)

    assert server.attempts == 2


@pytest.mark.parametrize("status", [404, 409])
async def test_a_repeated_hangup_that_finds_no_member_is_done(
    server: ScriptedServer, make_transport: MakeTransport, status: int
) -> None:
    server.script = [httpx.ReadError("reset")] * 2 + [httpx.Response(status, json={})]
    result = await _perform(make_transport(), HANGUP)

    assert result == ActionResult(reply_complete=False, status_code=status)
    assert result.attempts == 3


async def test_a_first_hangup_that_finds_no_member_is_an_error(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.otherwise = httpx.Response(404, json={"error": "member not found"})
    with pytest.raises(NotFoundError):
        await _perform(make_transport(), HANGUP)

    assert server.attempts == 1


@pytest.mark.parametrize("action", READING, ids=str)
async def test_reading_is_repeated_freely(
    server: ScriptedServer, make_transport: MakeTransport, action: Action
) -> None:
    server.script = [httpx.ReadError("reset"), httpx.Response(500), httpx.ReadError("x"), OK]
    result = await _perform(make_transport(), action)

    assert result.attempts == 4


@pytest.mark.parametrize("action", EVERY, ids=str)
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 422])
async def test_rejected_is_raised(
    server: ScriptedServer, make_transport: MakeTransport, action: Action, status: int
) -> None:
    server.script = [httpx.Response(status), OK]
    with pytest.raises(PhloError, match=str(status)) as caught:
        await _perform(make_transport(), action)

    assert server.attempts == 1
    assert not caught.value.may_have_happened


@pytest.mark.parametrize("action", EVERY, ids=str)
async def test_accepted_is_the_result(
    server: ScriptedServer, make_transport: MakeTransport, action: Action
) -> None:
    server.otherwise = OK
    result = await _perform(make_transport(), action)

    assert (result.api_id, result.attempts, server.attempts) == ("a", 1, 1)


# The sum of the attempts


async def test_may_have_happened_speaks_for_every_attempt(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.script = [httpx.ReadError("reset"), httpx.Response(400)]
    with pytest.raises(PhloError, match=r"400 Bad Request\. It may have happened") as caught:
        await _perform(make_transport(), HOLD)

    assert caught.value.may_have_happened
    assert caught.value.attempts == 2


async def test_an_answer_lost_and_then_no_connection_is_still_unknown(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.script = [httpx.ReadError("reset")] + [httpx.ConnectError("refused")] * 3
    with pytest.raises(OutcomeUnknownError, match=r"ConnectError: refused \(4 attempts failed\)"):
        await _perform(make_transport(), HOLD)

    assert server.attempts == 4


async def test_what_was_never_sent_says_that_nothing_happened(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.otherwise = httpx.ConnectError("All connection attempts failed")
    with pytest.raises(NotSentError) as caught:
        await _perform(make_transport(), CALL)

    assert str(caught.value) == (
        "call …1111: it was not sent to phlorunner.example:"
        " ConnectError: All connection attempts failed (4 attempts failed)."
        " Nothing happened; it is safe to try again."
    )
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert caught.value.action == CALL


async def test_a_refusal_for_too_long_is_raised_with_the_time(
    server: ScriptedServer, make_transport: MakeTransport, time: Time
) -> None:
    server.otherwise = httpx.Response(429, headers={"retry-after": "300"})
    with pytest.raises(RateLimitedError, match="asks to wait 300 s") as caught:
        await _perform(make_transport(), CALL)

    assert caught.value.retry_after == 300.0
    assert not caught.value.may_have_happened
    assert time.slept == []


async def test_a_doubtful_answer_that_names_a_wait_is_repeated_after_it(
    server: ScriptedServer, make_transport: MakeTransport, time: Time
) -> None:
    server.script = [httpx.Response(503, headers={"retry-after": "3"}), OK]
    result = await _perform(make_transport(), HANGUP)

    assert result.attempts == 2
    assert time.slept == pytest.approx([3.3])


async def test_a_doubtful_answer_that_names_too_long_a_wait_is_raised(
    server: ScriptedServer, make_transport: MakeTransport, time: Time
) -> None:
    server.script = [httpx.Response(503, headers={"retry-after": "300"}), OK]
    with pytest.raises(ServerError, match="asks to wait 300 s") as caught:
        await _perform(make_transport(), HANGUP)

    assert caught.value.may_have_happened is True
    assert time.slept == []


# A 2xx that is not Plivo's

PORTAL = httpx.Response(200, html="<html>Please log in to the hotel's network</html>")
FOREIGN = [
    PORTAL,
    httpx.Response(200, json={"status": "error"}),
    httpx.Response(200, json={"error": "no such thing"}),
    httpx.Response(200, json=[]),
    httpx.Response(200, text="null"),
    httpx.Response(200, text="OK"),
]


@pytest.mark.parametrize("action", EVERY, ids=str)
@pytest.mark.parametrize("answer", FOREIGN, ids=lambda answer: answer.text[:20])
async def test_a_whole_body_that_is_not_plivos_is_no_success(
    server: ScriptedServer, make_transport: MakeTransport, action: Action, answer: httpx.Response
) -> None:
    server.script = [answer, OK]
    with pytest.raises(UnexpectedResponseError) as caught:
        await _perform(make_transport(), action)

    assert caught.value.may_have_happened is True
    assert caught.value.attempts == 1


async def test_it_says_what_came_instead(
    server: ScriptedServer, make_transport: MakeTransport, events: list[Event]
) -> None:
    server.otherwise = PORTAL
    with pytest.raises(UnexpectedResponseError) as caught:
        await _perform(make_transport(), CALL)
    outcome = events[-1]

    assert str(caught.value) == (
        "call …1111: 200 OK, but the answer is not Plivo's: text/html; charset=utf-8, which begins"
        ' "<html>Please log in to the hotel\'s network</html>". Check the base URL, and any'
        " proxy or portal on the way. It may have happened; check before repeating it."
    )
    assert isinstance(outcome, OutcomeEvent)
    assert outcome.outcome is Outcome.AMBIGUOUS


@pytest.mark.parametrize("body", ["", " \n"])
async def test_an_empty_body_is_a_lost_one(
    server: ScriptedServer, make_transport: MakeTransport, body: str
) -> None:
    server.otherwise = httpx.Response(200, text=body)

    assert await _perform(make_transport(), CALL) == ActionResult(
        reply_complete=False, status_code=200
    )


async def test_a_refusal_pauses_the_limiter(
    server: ScriptedServer, make_transport: MakeTransport, time: Time
) -> None:
    limit = RateLimit(300, per=5.0, clock=time, sleep=time.sleep)
    server.script = [httpx.Response(429, headers={"retry-after": "10"}), OK]
    await _perform(make_transport(limit), CALL)

    assert time.now >= 1011.0
    assert limit.rate < limit.full_rate


async def test_every_attempt_pays_a_token(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    class Counting:
        acquired = 0

        async def acquire(self) -> None:
            self.acquired += 1

        def pause(self, seconds: float) -> None: ...

    limit = Counting()
    server.script = [httpx.ConnectError("refused"), httpx.Response(429), OK]
    await _perform(make_transport(limit), CALL)

    assert limit.acquired == 3


class Stuck:
    """A limiter that never grants a token."""

    async def acquire(self) -> None:
        await anyio.sleep_forever()

    def pause(self, seconds: float) -> None: ...


async def test_the_deadline_ends_a_wait_for_the_limiter(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    with pytest.raises(NotSentError, match="the deadline leaves no time") as caught:
        await _perform(make_transport(Stuck(), deadline=0.01), CALL)

    assert (server.attempts, caught.value.attempts) == (0, 0)


class Stubborn(Stuck):
    """A limiter that cannot be cancelled, and says yes too late."""

    async def acquire(self) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.02)


async def test_what_a_limiter_lets_go_after_the_deadline_is_not_sent(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    with pytest.raises(NotSentError, match="the deadline leaves no time"):
        await _perform(make_transport(Stubborn(), deadline=0.01), CALL)

    assert server.attempts == 0


class Unreachable:
    """A limiter whose store is away."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken

    async def acquire(self) -> None:
        if "acquire" in self.broken:
            raise ConnectionError("redis is away")

    def pause(self, seconds: float) -> None:
        if "pause" in self.broken:
            raise ConnectionError("redis is away")


async def test_a_limiter_that_cannot_be_asked_sends_nothing(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    with pytest.raises(NotSentError, match=r"redis is away \(the rate limiter failed\)") as caught:
        await _perform(make_transport(Unreachable("acquire")), CALL)

    assert isinstance(caught.value.__cause__, ConnectionError)
    assert server.attempts == 0


async def test_a_limiter_that_cannot_pause_changes_nothing(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.script = [httpx.Response(429), OK]
    await _perform(make_transport(Unreachable("pause")), CALL)

    assert server.attempts == 2


async def test_what_waits_when_the_client_is_closed_was_not_sent(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    transport = make_transport()

    async def closed_meanwhile(seconds: float) -> None:
        await transport.shared.sender.aclose()

    transport.shared.sleep = closed_meanwhile
    server.script = [httpx.ConnectError("refused"), OK]
    with pytest.raises(NotSentError, match="this client is closed"):
        await _perform(transport, CALL)

    assert server.attempts == 1


class Closing(Stuck):
    """A limiter behind whose back the client is closed."""

    transport: Transport

    async def acquire(self) -> None:
        await self.transport.shared.sender.aclose()


async def test_nor_is_what_waits_for_the_limiter_meanwhile(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    limiter = Closing()
    limiter.transport = make_transport(limiter)
    with pytest.raises(NotSentError, match="this client is closed"):
        await _perform(limiter.transport, CALL)

    assert server.attempts == 0


# Lost bodies


BROKEN = b'HTTP/1.1 %d X\r\nContent-Length: 30\r\n\r\n{"api_id": '


async def test_an_accepted_call_whose_body_breaks_is_done(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.otherwise = BROKEN % 201
    result = await _perform(make_transport(), CALL)

    assert result == ActionResult(reply_complete=False, status_code=201)


async def test_a_refusal_whose_body_breaks_is_still_a_refusal(
    server: ScriptedServer, make_transport: MakeTransport
) -> None:
    server.script = [BROKEN % 429, OK]
    result = await _perform(make_transport(), CALL)

    assert result.attempts == 2


# Cancellation


async def test_a_cancelled_action_that_was_begun_says_that_it_may_have_happened(
    server: ScriptedServer,
    make_transport: MakeTransport,
    events: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def silence(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    server.script = silence
    notes: list[str] = []
    with anyio.move_on_after(0.05) as scope:
        try:
            await _perform(make_transport(), CALL)
        except BaseException as cut:
            notes = cut.__notes__
            raise

    assert scope.cancelled_caught
    assert notes == ["call …1111: it may have happened; check before repeating it."]
    assert caplog.messages == [
        "call …1111: cancelled after the request was begun; it may have happened"
    ]
    last = events[-1]
    assert isinstance(last, OutcomeEvent)
    assert last.outcome == Outcome.AMBIGUOUS
    assert last.may_have_happened
    assert last.cancelled


async def test_a_cancelled_action_that_only_waited_did_not_happen(
    server: ScriptedServer, make_transport: MakeTransport, events: list[Event]
) -> None:
    with anyio.move_on_after(0.01):
        await _perform(make_transport(Stuck()), CALL)

    last = events[-1]
    assert isinstance(last, OutcomeEvent)
    assert last.outcome == Outcome.NEVER_SENT
    assert not last.may_have_happened
    assert last.cancelled


# What is reported


async def test_hooks_hear_each_attempt_each_pause_and_one_outcome(
    server: ScriptedServer, make_transport: MakeTransport, events: list[Event]
) -> None:
    server.script = [httpx.Response(429, headers={"retry-after": "1"}), OK]
    await _perform(make_transport(), CALL)

    assert [type(event).__name__ for event in events] == [
        "AttemptEvent",
        "PauseEvent",
        "AttemptEvent",
        "OutcomeEvent",
    ]
    pause, outcome = events[1], events[3]
    assert isinstance(pause, PauseEvent)
    assert isinstance(outcome, OutcomeEvent)
    assert pause.seconds == 1.1
    assert pause.status_code == 429
    assert pause.from_retry_after
    assert (outcome.outcome, outcome.status_code) == (Outcome.ACCEPTED, 201)
    assert outcome.attempts == 2
    assert not outcome.may_have_happened
    assert (outcome.elapsed, outcome.waited) == pytest.approx((1.1, 1.1))


@pytest.mark.parametrize("action", EVERY, ids=str)
@pytest.mark.parametrize(
    "answer", [OK, httpx.Response(400), httpx.Response(500), httpx.ReadError("x")], ids=repr
)
async def test_every_action_ends_in_exactly_one_outcome(
    server: ScriptedServer,
    make_transport: MakeTransport,
    events: list[Event],
    action: Action,
    answer: Any,
) -> None:
    server.script = [answer] * 4
    try:
        await _perform(make_transport(), action)
        may_have_happened = False
    except PhloError as error:
        may_have_happened = error.may_have_happened

    outcomes = [event for event in events if isinstance(event, OutcomeEvent)]
    assert [event.may_have_happened for event in outcomes] == [may_have_happened]


async def test_a_hook_that_raises_changes_nothing(
    server: ScriptedServer, make_transport: MakeTransport, caplog: pytest.LogCaptureFixture
) -> None:
    server.otherwise = OK
    transport = make_transport()
    object.__setattr__(transport.hooks, "on_outcome", lambda event: 1 / 0)
    result = await _perform(transport, CALL)

    assert result.api_id == "a"
    assert caplog.messages == ["a hook raised; the action continues"]


async def test_a_healed_repeat_is_logged_and_a_raised_error_is_not(
    server: ScriptedServer, make_transport: MakeTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="plivo_phlo_async")
    server.script = [httpx.ConnectError("refused"), OK, httpx.Response(400)]
    await _perform(make_transport(), CALL)
    with pytest.raises(PhloError):
        await _perform(make_transport(), CALL)

    ours = [r.getMessage() for r in caplog.records if r.name == "plivo_phlo_async"]
    assert ours == ["call …1111: done after 2 attempts"]
