"""Waiting for what happens on a call, whatever the order of request, answer and events."""

from __future__ import annotations

import gc
import threading
from typing import Any

import anyio
import anyio.to_thread
import pytest

from plivo_phlo_async import InvalidArgumentError
from plivo_phlo_async.webhooks import MemberChange, MemberChangeKind, MemberTracker, TrackedMember

from .member_events import ended, entered, exited

pytestmark = pytest.mark.anyio

AGENT, CUSTOMER = "12025550101", "12025550199"
PATIENCE = 20.0  # seconds; only a lost wake-up takes that long


@pytest.fixture
def tracker() -> MemberTracker:
    return MemberTracker()


async def _soon(expectation: Any) -> Any:
    with anyio.fail_after(PATIENCE):
        return await expectation


# Enter


async def test_an_event_before_the_await_counts(tracker: MemberTracker) -> None:
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(entered(AGENT))

        assert await _soon(joined) == TrackedMember("1", AGENT, call="c")
        assert joined.member == TrackedMember("1", AGENT, call="c")


async def test_an_event_wakes_every_task_that_waits(tracker: MemberTracker) -> None:
    found: list[TrackedMember] = []
    async with tracker.expect_enter(AGENT) as joined, anyio.create_task_group() as group:

        async def wait() -> None:
            found.append(await _soon(joined))

        for _ in range(3):
            group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        tracker.update(entered(AGENT))

    assert [each.address for each in found] == [AGENT] * 3


async def test_an_event_in_another_thread_wakes_the_task(tracker: MemberTracker) -> None:
    async with tracker.expect_enter(AGENT) as joined, anyio.create_task_group() as group:
        group.start_soon(_soon, joined)
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(tracker.update, entered(AGENT))


async def test_the_address_counts_in_any_spelling(tracker: MemberTracker) -> None:
    async with tracker.expect_enter("+1 202-555-0101") as joined:
        tracker.update(entered(AGENT))

        assert (await _soon(joined)).address == AGENT


async def test_an_event_before_the_block_does_not_count(tracker: MemberTracker) -> None:
    tracker.update(entered(AGENT))
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(entered(AGENT))  # a repeated delivery

        assert joined.member is None


@pytest.mark.parametrize(
    "event", [entered(CUSTOMER), entered(AGENT, call="d"), exited(AGENT), ended()]
)
async def test_another_event_does_not_count(tracker: MemberTracker, event: Any) -> None:
    async with tracker.expect_enter(AGENT, call="c") as joined:
        tracker.update(event)

        assert joined.member is None


async def test_awaiting_again_after_a_timeout_is_fine(tracker: MemberTracker) -> None:
    async with tracker.expect_enter(AGENT) as joined:
        with anyio.move_on_after(0) as timeout:
            await joined
        tracker.update(entered(AGENT))

        assert timeout.cancelled_caught
        assert (await _soon(joined)).address == AGENT
        assert (await _soon(joined)).address == AGENT


async def test_who_entered_and_left_within_the_block_has_entered(tracker: MemberTracker) -> None:
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(exited(AGENT))  # overtook the next
        tracker.update(entered(AGENT))

        assert (await _soon(joined)).address == AGENT
        assert tracker.members("c") == ()


async def test_who_entered_a_call_that_ended_within_the_block_has_entered(
    tracker: MemberTracker,
) -> None:
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(ended())
        tracker.update(entered(AGENT))

        assert (await _soon(joined)).address == AGENT
        assert tracker.members("c") == ()


async def test_a_late_event_of_who_left_before_the_block_does_not_count(
    tracker: MemberTracker,
) -> None:
    tracker.update(exited(AGENT))
    tracker.update(ended("d"))
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(entered(AGENT))
        tracker.update(entered(AGENT, call="d"))

        assert joined.member is None


async def test_of_a_call_that_ended_before_the_block_no_late_event_counts(
    tracker: MemberTracker,
) -> None:
    tracker.update(ended())
    async with tracker.expect_enter(AGENT) as joined, tracker.expect_exit(AGENT) as left:
        tracker.update(exited(AGENT))
        tracker.update(entered(AGENT))

        assert joined.member is None
        assert left.member is None


async def test_a_repeated_event_of_who_left_within_the_block_does_not_count(
    tracker: MemberTracker,
) -> None:
    tracker.update(entered(AGENT))
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(exited(AGENT))
        tracker.update(entered(AGENT))

        assert joined.member is None


async def test_each_expectation_gets_the_same_member(tracker: MemberTracker) -> None:
    async with tracker.expect_enter(AGENT) as one, tracker.expect_enter(AGENT) as other:
        tracker.update(entered(AGENT))

        assert await _soon(one) == await _soon(other)


# Exit


async def test_an_exit_fulfils(tracker: MemberTracker) -> None:
    tracker.update(entered(AGENT, caller_name="Ann"))
    async with tracker.expect_exit(AGENT) as left:
        tracker.update(exited(AGENT))

        assert (await _soon(left)).caller_name == "Ann"


async def test_an_exit_that_overtook_the_enter_event_fulfils(tracker: MemberTracker) -> None:
    async with tracker.expect_exit(AGENT) as left:
        tracker.update(exited(AGENT))

        assert (await _soon(left)).address == AGENT


async def test_the_end_of_the_call_is_the_exit_of_its_members(tracker: MemberTracker) -> None:
    tracker.update(entered(AGENT))
    async with tracker.expect_exit(AGENT) as left:
        tracker.update(ended())

        assert (await _soon(left)).member_id == "1"


async def test_a_late_exit_of_a_former_membership_does_not_count(tracker: MemberTracker) -> None:
    tracker.update(entered(AGENT, "2"))
    async with tracker.expect_exit(AGENT) as left:
        tracker.update(exited(AGENT, "1"))

        assert left.member is None


async def test_the_end_of_the_named_call_counts_for_a_member_of_whom_no_event_came(
    tracker: MemberTracker,
) -> None:
    async with tracker.expect_exit(AGENT, call="c") as left:
        tracker.update(ended("d"))
        before = left.member
        tracker.update(ended("c"))

        assert before is None
        assert await _soon(left) == TrackedMember("", AGENT, call="c")


# End


async def test_an_end_fulfils(tracker: MemberTracker) -> None:
    async with tracker.expect_end("c") as over:
        tracker.update(entered(AGENT))
        tracker.update(ended("d"))
        before = over.state
        tracker.update(ended("c", "Failed"))

        assert before is None
        assert await _soon(over) == "Failed"


async def test_the_exit_of_the_last_known_member_is_the_end(tracker: MemberTracker) -> None:
    async with tracker.expect_end("c") as over:
        tracker.update(exited("12025550102", "0"))  # of whom nothing was known
        tracker.update(entered(AGENT, "1"))
        tracker.update(entered(CUSTOMER, "2"))
        tracker.update(exited(AGENT, "1"))
        before = over.state
        tracker.update(exited(CUSTOMER, "2"))

        assert before is None
        assert await _soon(over) == "Completed"
    async with tracker.expect_end("c") as over_before:
        assert await _soon(over_before) == "Completed"


async def test_an_end_before_the_block_counts(tracker: MemberTracker) -> None:
    tracker.update(ended())
    async with tracker.expect_end("c") as over:
        assert await _soon(over) == "Completed"


async def test_a_name_can_be_used_again_so_its_end_before_the_block_does_not_count(
    tracker: MemberTracker,
) -> None:
    named = {"conference_uuid": "", "conference_name": "support"}
    tracker.update(entered(CUSTOMER, "0", **named))
    tracker.update(ended(**named))
    async with tracker.expect_end("support") as over:
        tracker.update(ended(**named))  # a repeated delivery
        before = over.state
        tracker.update(entered(AGENT, **named))
        tracker.update(ended(**named))

        assert before is None
        assert await _soon(over) == "Completed"


# Misuse and leaks


async def test_an_expectation_is_awaited_inside_its_block(tracker: MemberTracker) -> None:
    outside = tracker.expect_enter(AGENT)
    with pytest.raises(RuntimeError, match="async with"):
        await outside


async def test_the_end_of_the_block_wakes_a_task_that_still_waits(tracker: MemberTracker) -> None:
    async def wait() -> None:
        with pytest.raises(RuntimeError, match="async with"):
            await _soon(joined)

    async with anyio.create_task_group() as group, tracker.expect_enter(AGENT) as joined:
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()


async def test_the_member_stays_readable_after_the_block(tracker: MemberTracker) -> None:
    async with tracker.expect_enter(AGENT) as joined:
        tracker.update(entered(AGENT))

    assert joined.member is not None
    assert await joined is joined.member


async def test_what_is_missing_is_named(tracker: MemberTracker) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^address: "):
        tracker.expect_enter("")
    with pytest.raises(InvalidArgumentError, match=r"^address: "):
        tracker.expect_exit("")
    with pytest.raises(InvalidArgumentError, match=r"^call: "):
        tracker.expect_end("")


# Changes


async def test_changes_come_in_order_from_the_creation_of_the_iterator(
    tracker: MemberTracker,
) -> None:
    tracker.update(entered(CUSTOMER, "1"))
    changes = tracker.changes()
    for event in (entered(AGENT, "2"), exited(CUSTOMER, "1"), ended()):
        tracker.update(event)
    agent, customer = (TrackedMember("2", AGENT, call="c"), TrackedMember("1", CUSTOMER, call="c"))

    assert [await _soon(anext(changes)) for _ in range(4)] == [
        MemberChange(MemberChangeKind.ENTERED, "c", agent),
        MemberChange(MemberChangeKind.EXITED, "c", customer),
        MemberChange(MemberChangeKind.EXITED, "c", agent),
        MemberChange(MemberChangeKind.ENDED, "c", state="Completed"),
    ]


async def test_a_repeated_or_late_event_is_no_change(tracker: MemberTracker) -> None:
    changes = tracker.changes()
    for event in (exited(AGENT, "1"), entered(AGENT, "1"), entered(AGENT, "2"), exited(AGENT, "1")):
        tracker.update(event)
    tracker.update(entered(AGENT, "2"))
    tracker.update(ended())

    kinds = [(await _soon(anext(changes))).kind for _ in range(3)]
    assert kinds == ["entered", "exited", "ended"]


async def test_a_change_wakes_the_reader(tracker: MemberTracker) -> None:
    seen: list[str] = []

    async def read() -> None:
        async for change in tracker.changes():
            seen.append(change.kind)
            if change.kind is MemberChangeKind.ENDED:
                break

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        tracker.update(entered(AGENT))
        await anyio.wait_all_tasks_blocked()
        tracker.update(ended())

    assert seen == ["entered", "exited", "ended"]


async def test_a_slow_reader_gets_a_reset(tracker: MemberTracker) -> None:
    changes = tracker.changes()
    for number in range(1001):
        tracker.update(entered(AGENT, str(number)))
    tracker.update(ended("d"))

    kinds = [(await _soon(anext(changes))).kind for _ in range(2)]
    assert kinds == ["reset", "ended"]


async def test_a_reader_that_is_gone_is_forgotten(tracker: MemberTracker) -> None:
    changes = tracker.changes()
    alive = len(tracker._readers)
    del changes
    gc.collect()

    assert (alive, len(tracker._readers)) == (1, 0)


def test_threads_and_event_loops_may_share_a_tracker() -> None:
    tracker, ready = MemberTracker(), threading.Barrier(3)
    found: list[str | None] = []

    async def wait(backend: str) -> None:
        async with tracker.expect_enter(AGENT) as joined:
            ready.wait(PATIENCE)
            found.append((await _soon(joined)).address)

    threads = [
        threading.Thread(target=anyio.run, args=(wait, backend), kwargs={"backend": backend})
        for backend in ("asyncio", "trio")
    ]
    for thread in threads:
        thread.start()
    ready.wait(PATIENCE)
    tracker.update(entered(AGENT))
    for thread in threads:
        thread.join(PATIENCE)

    assert found == [AGENT, AGENT]
