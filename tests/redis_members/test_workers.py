"""Every worker sees every event, once, whenever it started and whatever Redis does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import trio
from redis.asyncio import Redis

from plivo_phlo_async import ConfigurationError, InvalidArgumentError
from plivo_phlo_async.redis import RedisMemberTracker
from plivo_phlo_async.webhooks import MemberTracker, MultiPartyCallEvent

from ..shared_limit.server import RedisServer
from ..webhooks.member_events import ended, entered, exited
from .conftest import NewTracker

pytestmark = pytest.mark.anyio

AGENT, CUSTOMER = "12025550101", "12025550199"
MARKER = "sip:marker@example.com"  # once it is seen, what was sent before has been seen
PATIENCE = 20.0  # seconds; only a lost event takes that long
NAMED = {"conference_uuid": "", "conference_name": "support"}


async def _send(
    sender: RedisMemberTracker, receiver: RedisMemberTracker, *events: MultiPartyCallEvent
) -> None:
    """Update one worker, and wait until another has seen it."""
    for event in events:
        await sender.update(event)
    async with asyncio.timeout(PATIENCE), receiver.expect_enter(MARKER) as seen:
        await sender.update(entered(MARKER, call="marker"))
        await seen
    await sender.update(ended("marker"))
    await sender.forget("marker")


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.levelname for each in caplog.records if each.name == "plivo_phlo_async"]


def _ids(tracker: RedisMemberTracker | MemberTracker, call: str = "c") -> list[str]:
    return [member.member_id for member in tracker.members(call)]


@pytest.mark.parametrize(
    "connection", [{}, {"decode_responses": True}, {"protocol": 3}, {"socket_timeout": 0.2}]
)
async def test_an_event_fulfils_an_expectation_in_another_worker(
    new_tracker: NewTracker, connection: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with new_tracker(connection=connection) as one, new_tracker() as other:
        async with asyncio.timeout(PATIENCE), other.expect_enter(AGENT) as joined:
            changed = await one.update(entered(AGENT))
            member = await joined
        async with asyncio.timeout(PATIENCE), one.expect_exit(AGENT) as left:
            await other.update(exited(AGENT))
            await left

        assert changed is True
        assert (member.address, member.call) == (AGENT, "c")
        assert one.find(AGENT) is other.find(AGENT) is None
    assert _logged(caplog) == []


async def test_each_worker_sees_each_change_once_and_in_order(new_tracker: NewTracker) -> None:
    async with new_tracker() as one, new_tracker() as other:
        mine, theirs = one.changes(), other.changes()
        for event in (entered(AGENT), entered(AGENT), exited(AGENT), entered(CUSTOMER, "2")):
            await one.update(event)
        await other.update(entered(AGENT))  # a second delivery, to the other worker
        await _send(other, one, ended())

        expected = ["entered", "exited", "entered", "exited", "ended"]
        for changes in (mine, theirs):
            async with asyncio.timeout(PATIENCE):
                assert [(await anext(changes)).kind for _ in expected] == expected


async def test_a_worker_that_starts_late_has_the_same_picture(new_tracker: NewTracker) -> None:
    async with new_tracker() as one:
        for event in (
            entered(CUSTOMER, "2"),
            entered(AGENT, "1"),
            exited(AGENT, "3"),
            entered(AGENT, call="over"),
            ended("over"),
        ):
            await one.update(event)
        async with new_tracker() as late:
            assert _ids(late) == _ids(one) == ["2", "1"]
            assert late.calls() == one.calls() == ("c",)

            await late.update(entered(AGENT, "3"))  # of one who has left
            await late.update(entered(AGENT, "4", call="over"))
            assert _ids(late) == ["2", "1"]
            assert _ids(late, "over") == []


async def test_a_name_that_is_used_again_has_its_new_members(new_tracker: NewTracker) -> None:
    async with new_tracker() as one, new_tracker() as other:
        await _send(
            one,
            other,
            entered(AGENT, "1", **NAMED),
            ended(**NAMED),
            entered(AGENT, "2", **NAMED),
            ended(**NAMED),
            entered(CUSTOMER, "3", **NAMED),
        )
        async with new_tracker() as late:
            assert _ids(one, "support") == ["3"]
            assert _ids(other, "support") == ["3"]
            assert _ids(late, "support") == ["3"]


async def test_what_a_worker_sent_itself_does_not_come_back_to_it(new_tracker: NewTracker) -> None:
    async with new_tracker() as one, new_tracker() as other:
        await one.update(entered(AGENT, "1", **NAMED))
        await asyncio.gather(
            one.update(ended(**NAMED)), one.update(entered(CUSTOMER, "2", **NAMED))
        )
        await _send(one, other)
        await _send(other, one)

        assert _ids(one, "support") == _ids(other, "support") == ["2"]


async def test_a_worker_that_catches_up_keeps_who_entered_after_the_end_of_a_name(
    new_tracker: NewTracker, redis: Redis
) -> None:
    async with new_tracker() as one, new_tracker() as other:
        await _send(
            one,
            other,
            entered(AGENT, "1", **NAMED),
            ended(**NAMED),
            entered(CUSTOMER, "2", **NAMED),
        )
        changes = other.changes()
        await redis.client_kill_filter(_type="normal", skipme=True)
        await _send(one, other)

        assert _ids(other, "support") == ["2"]
        assert (await anext(changes)).call == "marker"


async def test_a_repeated_event_is_not_sent_again(new_tracker: NewTracker, redis: Redis) -> None:
    async with new_tracker() as one:
        for _ in range(3):
            await one.update(entered(AGENT))

        assert await redis.xlen("{test}:events") == 1


async def test_a_call_is_forgotten_in_all_workers(new_tracker: NewTracker) -> None:
    async with new_tracker() as one, new_tracker() as other:
        await _send(one, other, entered(AGENT))
        before = _ids(other)
        await one.forget("c")
        await _send(one, other)
        async with new_tracker() as late:
            assert (before, _ids(one), _ids(other), _ids(late)) == (["1"], [], [], [])


async def test_a_restored_snapshot_reaches_all_workers(new_tracker: NewTracker) -> None:
    before = MemberTracker()
    for event in (entered(AGENT, "1"), exited(AGENT, "2"), ended("over")):
        before.update(event)
    async with new_tracker() as one, new_tracker() as other:
        await one.restore(before.snapshot())
        await _send(one, other, entered(AGENT, "2"), entered(AGENT, call="over"))

        assert _ids(one) == _ids(other) == ["1"]
        assert other.calls() == ("c",)


async def test_groups_of_workers_are_kept_apart(new_tracker: NewTracker) -> None:
    async with new_tracker("one") as one, new_tracker("other") as other:
        await one.update(entered(AGENT))
        await other.update(entered(CUSTOMER))

        assert one.find(CUSTOMER) is other.find(AGENT) is None


# Redis away


async def test_while_redis_is_away_events_are_kept_and_it_is_logged_once(
    new_tracker: NewTracker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "plivo_phlo_async")
    async with new_tracker() as one, new_tracker() as other:
        await _send(one, other, entered(AGENT))
        redis_server.kill()
        for number in range(3):
            assert await one.update(entered(CUSTOMER, f"late {number}"))
        async with asyncio.timeout(PATIENCE), other.expect_enter(CUSTOMER) as joined:
            redis_server.start()  # with nothing
            await joined
        await _send(one, other)

        assert _ids(one) == _ids(other) == ["1", "late 0", "late 1", "late 2"]
    assert _logged(caplog).count("WARNING") == 2  # one for each worker


async def test_a_worker_starts_while_redis_is_away(
    new_tracker: NewTracker, redis_server: RedisServer
) -> None:
    redis_server.kill()
    async with new_tracker() as early:
        await early.update(entered(AGENT))
        redis_server.start()
        async with new_tracker() as other:
            async with asyncio.timeout(PATIENCE), other.expect_enter(CUSTOMER) as joined:
                await early.update(entered(CUSTOMER, "2"))
                await joined

            assert sorted(_ids(other)) == ["1", "2"]


async def test_what_no_other_worker_has_got_is_logged_at_the_end(
    new_tracker: NewTracker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_tracker() as one:
        redis_server.kill()
        await one.update(entered(AGENT))

    assert "1 changes were not sent" in caplog.text


# Bounds


async def test_every_key_expires(new_tracker: NewTracker, redis: Redis) -> None:
    async with new_tracker(expire_after=60) as one:
        for event in (entered(AGENT), exited(AGENT), ended("d"), entered(AGENT, call="e")):
            await one.update(event)
        await one.forget("e")
        keys = [key async for key in redis.scan_iter()]

        assert len(keys) == 5  # stream, calls, number, and two calls
        assert all([0 < await redis.ttl(key) <= 60 for key in keys])


async def test_above_the_maximum_the_call_with_the_oldest_event_is_dropped(
    new_tracker: NewTracker, redis: Redis
) -> None:
    async with new_tracker(max_calls=2) as one:
        for call in ("c", "d", "e"):
            await one.update(entered(AGENT, call=call))
        async with new_tracker(max_calls=2) as late:
            assert len(late.calls()) == 2
            assert len([key async for key in redis.scan_iter("*:call:*")]) == 2


async def test_the_members_of_a_name_in_use_for_years_are_bounded(
    new_tracker: NewTracker, redis: Redis
) -> None:
    async with new_tracker() as one:
        for number in range(2001):
            await one.update(entered(AGENT, str(number), **NAMED))
            await one.update(exited(AGENT, str(number), **NAMED))
        await one.update(entered(AGENT, "last", **NAMED))
        async with new_tracker() as late:
            await _send(one, late)

            assert await redis.hlen("{test}:call:support") <= 4000
            assert _ids(late, "support") == ["last"]


# Misuse


async def test_it_is_used_with_async_with(new_tracker: NewTracker) -> None:
    tracker = new_tracker()
    with pytest.raises(RuntimeError, match="async with"):
        await tracker.update(entered(AGENT))
    async with tracker:
        with pytest.raises(RuntimeError, match="already in use"):
            async with tracker:
                pass


@pytest.mark.parametrize("options", [{"key": ""}, {"max_events": 0}, {"max_calls": 0}])
async def test_an_invalid_argument_is_named(
    new_tracker: NewTracker, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"^{next(iter(options))}: "):
        new_tracker(**options)
    with pytest.raises(InvalidArgumentError, match=r"^redis: "):
        RedisMemberTracker(object())  # type: ignore[arg-type]


def test_trio_is_refused() -> None:
    async def enter() -> None:
        async with RedisMemberTracker(Redis()):
            pass

    with pytest.raises(ConfigurationError, match="asyncio only"):
        trio.run(enter)
