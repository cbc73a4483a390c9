"""Many actions: bounded, streaming, none ending the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx
import pytest
import respx

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    BadRequestError,
    BulkOutcome,
    BulkReport,
    BulkStatus,
    InvalidArgumentError,
    OutcomeEvent,
    OutcomeUnknownError,
)

from ..conftest import AUTH_ID, BASE_URL

pytestmark = pytest.mark.anyio

OK = httpx.Response(201, json={"api_id": "a", "error": ""})


def _holds(count: int) -> Iterator[Action]:
    return (Action.hold("p", "n", f"{number:03}") for number in range(count))


class Server:
    """Answers by the last digit of the member: 7 is rejected, 8 is lost; counts who is there."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.under_way = self.most = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        member = request.url.path[-3:]
        self.asked.append(member)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await anyio.lowlevel.checkpoint()
        self.under_way -= 1
        if member.endswith("7"):
            return httpx.Response(400, json={"error": "no"})
        if member.endswith("8"):
            raise httpx.ReadError("reset")
        return OK


@pytest.fixture
def server() -> Iterator[Server]:
    with respx.mock as mock:
        server = Server()
        mock.route(url__startswith=BASE_URL).mock(side_effect=server)
        yield server


async def test_every_action_has_one_outcome_and_none_ends_the_others(
    client: AsyncPhloClient, server: Server
) -> None:
    async with client, client.bulk(_holds(20), concurrency=4) as run:
        outcomes = [outcome async for outcome in run]
    by_status: dict[str, list[str]] = {}
    for outcome in outcomes:
        by_status.setdefault(outcome.status, []).append(outcome.action.member_address or "")

    assert sorted(by_status["failed"]) == ["007", "017"]
    assert sorted(by_status["unknown"]) == ["008", "018"]
    assert len(by_status["done"]) == 16


async def test_an_outcome_has_every_detail(client: AsyncPhloClient, server: Server) -> None:
    actions = list(_holds(9))
    async with client, client.bulk(actions) as run:
        outcomes = {outcome.action: outcome async for outcome in run}
    done, failed, unknown = (outcomes[actions[number]] for number in (0, 7, 8))

    assert (done.status, done.attempts, done.error) == (BulkStatus.DONE, 1, None)
    assert done.result is not None
    assert done.result.api_id == "a"
    assert isinstance(failed.error, BadRequestError)
    assert (failed.status, failed.attempts, failed.result) == (BulkStatus.FAILED, 1, None)
    assert isinstance(unknown.error, OutcomeUnknownError)
    assert (unknown.status, unknown.attempts) == (BulkStatus.UNKNOWN, 2)
    assert unknown.elapsed >= 0


async def test_the_report_sums_it_up(client: AsyncPhloClient, server: Server) -> None:
    async with client:
        report = await client.bulk_all(_holds(28), concurrency=8)

    assert (report.done, report.failed, report.unknown, report.total) == (23, 3, 2, 28)
    assert [(error.name, error.count) for error in report.errors] == [
        ("BadRequestError", 3),
        ("OutcomeUnknownError", 2),
    ]
    assert isinstance(report.errors[0].example, BadRequestError)
    assert report.rate == pytest.approx(28 / report.elapsed)


async def test_no_more_are_under_way_than_asked(client: AsyncPhloClient, server: Server) -> None:
    async with client:
        await client.bulk_all(_holds(50), concurrency=3)

    assert server.most == 3


async def test_actions_are_read_as_they_are_needed(client: AsyncPhloClient, server: Server) -> None:
    read = 0

    def counted() -> Iterator[Action]:
        nonlocal read
        for action in _holds(1000):
            read += 1
            yield action

    async with client, client.bulk(counted(), concurrency=5) as run:
        async for _ in run:
            break

    assert read <= 5 * 3


async def test_actions_may_come_from_an_async_iterable(
    client: AsyncPhloClient, server: Server
) -> None:
    async def coming() -> AsyncIterator[Action]:
        for action in _holds(6):
            await anyio.lowlevel.checkpoint()
            yield action

    async with client:
        report = await client.bulk_all(coming(), concurrency=3)

    assert report.done == 6


async def test_leaving_early_starts_nothing_more_and_waits_for_what_is_in_flight(
    client: AsyncPhloClient, server: Server
) -> None:
    async with client:
        async with client.bulk(_holds(100), concurrency=4) as run:
            async for _ in run:
                break
        asked_when_left = len(server.asked)
        for _ in range(20):
            await anyio.lowlevel.checkpoint()

    assert (server.under_way, len(server.asked)) == (0, asked_when_left)
    assert run.report.total == len(set(server.asked))


async def test_an_error_in_the_block_comes_out_as_it_is(
    client: AsyncPhloClient, server: Server
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with client, client.bulk(_holds(100), concurrency=4) as run:
            async for _ in run:
                raise ZeroDivisionError

    assert server.under_way == 0


async def test_the_block_may_be_left_without_reading_anything(
    client: AsyncPhloClient, server: Server
) -> None:
    async with client, client.bulk(_holds(100), concurrency=4) as run:
        pass

    assert server.under_way == 0
    assert run.report.total == len(set(server.asked))


async def test_a_list_that_breaks_off_raises_after_the_outcomes(
    client: AsyncPhloClient, server: Server
) -> None:
    def broken() -> Iterator[Action]:
        yield from _holds(3)
        raise OSError("disk")

    outcomes: list[BulkOutcome] = []
    with pytest.raises(OSError, match="disk"):
        async with client, client.bulk(broken(), concurrency=2) as run:
            async for outcome in run:
                outcomes.append(outcome)

    assert len(outcomes) == 3


async def test_what_is_no_action_is_named_by_its_place(
    client: AsyncPhloClient, server: Server
) -> None:
    mixed: list[Any] = [*_holds(2), {"verb": "hold"}]
    with pytest.raises(InvalidArgumentError, match="number 3 is not an Action, but dict"):
        await client.bulk_all(mixed)

    assert len(server.asked) == 2


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_none_in_the_list_is_named_like_any_other_item(
    client: AsyncPhloClient, server: Server, asynchronous: bool
) -> None:
    mixed: list[Any] = [*_holds(2), None, *_holds(7)]

    async def coming() -> AsyncIterator[Any]:
        for item in mixed:
            yield item

    with pytest.raises(InvalidArgumentError, match="number 3 is not an Action, but NoneType"):
        await client.bulk_all(coming() if asynchronous else mixed)

    assert len(server.asked) == 2


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_generator_is_closed_when_the_run_ends_early(
    client: AsyncPhloClient, server: Server, asynchronous: bool
) -> None:
    closed: list[str] = []

    def generate() -> Iterator[Action]:
        try:
            yield from _holds(100)
        finally:
            closed.append("generator")

    async def generate_slowly() -> AsyncIterator[Action]:
        try:
            for action in _holds(100):
                yield action
        finally:
            await anyio.lowlevel.checkpoint()
            closed.append("generator")

    actions = generate_slowly() if asynchronous else generate()
    async with client:
        async with client.bulk(actions, concurrency=2) as run:
            async for _ in run:
                break
        closed_in_time = list(closed)

    assert closed_in_time == ["generator"]


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, "3"])
def test_concurrency_must_be_a_number_of_workers(client: AsyncPhloClient, concurrency: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^concurrency: "):
        client.bulk([], concurrency=concurrency)


def test_actions_must_be_iterable(client: AsyncPhloClient) -> None:
    one = Action.hold("p", "n", "1")
    with pytest.raises(InvalidArgumentError, match=r"^actions: .* not Action\.$"):
        client.bulk(one)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=r"^actions: give an iterable of Action"):
        client.bulk(5)  # type: ignore[arg-type]  # the point


async def test_progress_is_reported_after_each_outcome(
    client: AsyncPhloClient, server: Server
) -> None:
    reports: list[BulkReport] = []
    async with client:
        await client.bulk_all(_holds(5), on_progress=reports.append)

    assert [report.total for report in reports] == [1, 2, 3, 4, 5]


async def test_the_clients_own_hooks_still_hear(server: Server) -> None:
    heard: list[OutcomeEvent] = []
    async with AsyncPhloClient(
        AUTH_ID, "t", base_url=BASE_URL, rate_limit=None, on_outcome=heard.append
    ) as client:
        await client.bulk_all(_holds(5))

    assert len(heard) == 5


async def test_a_limiter_that_raises_fails_the_action_and_not_the_run(server: Server) -> None:
    class Failing:
        async def acquire(self) -> None:
            raise ConnectionError("redis")

        def pause(self, seconds: float) -> None: ...

    async with AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, rate_limit=Failing()) as client:
        report = await client.bulk_all(_holds(3))

    assert (report.failed, report.errors[0].name, server.asked) == (3, "NotSentError", [])


async def test_a_cancelled_run_leaks_nothing(client: AsyncPhloClient, server: Server) -> None:
    async with client:
        with anyio.CancelScope() as scope:
            async with client.bulk(_holds(10**6), concurrency=4) as run:
                async for _ in run:
                    scope.cancel()

    assert scope.cancelled_caught
    assert run.report.total > 0


async def test_outcomes_come_only_inside_the_block(client: AsyncPhloClient, server: Server) -> None:
    run = client.bulk(_holds(3))
    with pytest.raises(RuntimeError, match="async with it"):
        await anext(run)
    async with client, run:
        pass
    with pytest.raises(RuntimeError, match="async with it"):
        await anext(run)


async def test_stopped_it_no_longer_waits_for_what_was_not_sent(server: Server) -> None:
    class Closed:
        waiting = 0

        async def acquire(self) -> None:
            self.waiting += 1
            await anyio.sleep_forever()

        def pause(self, seconds: float) -> None: ...

    closed = Closed()
    async with AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, rate_limit=closed) as client:
        with anyio.fail_after(60):
            async with client.bulk(_holds(10), concurrency=3) as run:
                while closed.waiting < 3:
                    await anyio.lowlevel.checkpoint()
                run.stop()
                outcomes = [outcome.status async for outcome in run]

    assert (outcomes, server.asked) == (["not_started"] * 3, [])


async def test_stopped_it_waits_for_what_is_on_the_wire(
    client: AsyncPhloClient, server: Server
) -> None:
    async with client, client.bulk(_holds(10), concurrency=3) as run:
        while server.under_way < 3:
            await anyio.lowlevel.checkpoint()
        run.stop()
        outcomes = [outcome.status async for outcome in run]

    assert len(outcomes) == len(server.asked)
    assert "not_started" not in outcomes


async def test_what_was_sent_before_the_news_of_a_stop_is_not_called_not_started(
    server: Server,
) -> None:
    class Late:
        """Lets one go; the run is stopped as that one is sent."""

        async def acquire(self) -> None: ...

        def pause(self, seconds: float) -> None: ...

    def stop(event: object) -> None:
        run.stop()  # nothing is on the wire yet, and no await comes before it is

    async with (
        AsyncPhloClient(
            AUTH_ID, "t", base_url=BASE_URL, rate_limit=Late(), on_attempt=stop
        ) as client,
        client.bulk(_holds(3), concurrency=1) as run,
    ):
        outcomes = [outcome.status async for outcome in run]

    assert (outcomes, server.asked) == (["unknown"], ["000"])


async def test_what_a_slow_list_gives_after_the_stop_is_not_started(
    client: AsyncPhloClient, server: Server
) -> None:
    async def slow() -> AsyncIterator[Action]:
        run.stop()
        yield Action.hold("p", "n", "12025551111")

    run = client.bulk(slow(), concurrency=1)
    async with run:
        outcomes = [outcome async for outcome in run]

    assert ([outcome.status for outcome in outcomes], server.asked) == (["not_started"], [])
