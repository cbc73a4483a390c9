"""A server that fails or refuses everything is asked little, in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable

import httpx
import pytest
import trio
import trio.testing

from plivo_phlo_async import Action, AsyncPhloClient, PhloError, RateLimit

from ..conftest import AUTH_ID, BASE_URL

Answer = Callable[[], httpx.Response]


class Server(httpx.AsyncBaseTransport):
    """Answers everything alike after a round trip of 50 ms, and keeps the time of each request."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(trio.current_time())
        await trio.sleep(0.05)
        return self._answer()


def _unreachable() -> httpx.Response:
    raise httpx.ConnectError("refused")


def _gone() -> httpx.Response:
    raise httpx.ReadError("reset")


def _refusing(**headers: str) -> Answer:
    return lambda: httpx.Response(429, headers=headers)


def _work(answer: Answer, seconds: float, per_second: float, verb: str) -> tuple[int, list[float]]:
    """Ask steadily for some seconds; how many actions were begun, and when requests came."""
    server = Server(answer)
    make = {"hold": Action.hold, "hangup": Action.hangup}[verb]

    async def go() -> int:
        begun = 0
        http = httpx.AsyncClient(transport=server)
        async with (
            AsyncPhloClient(AUTH_ID, "t", base_url=BASE_URL, http_client=http) as client,
            trio.open_nursery() as nursery,
        ):

            async def act(number: int) -> None:
                try:
                    await client.perform(make("p", "n", str(number)))
                except PhloError:
                    return

            until = trio.current_time() + seconds
            while trio.current_time() < until:
                nursery.start_soon(act, begun)
                begun += 1
                await trio.sleep(1 / per_second)
        return begun

    random.seed(7)
    begun = trio.run(go, clock=trio.testing.MockClock(autojump_threshold=0))
    return begun, [at - server.asked[0] for at in server.asked]


@pytest.mark.parametrize("answer", [_unreachable, _gone, lambda: httpx.Response(500)])
@pytest.mark.parametrize("verb", ["hold", "hangup"])
def test_a_dead_server_is_asked_at_most_a_tenth_more_than_a_live_one(
    answer: Answer, verb: str
) -> None:
    begun, asked = _work(answer, seconds=60, per_second=15, verb=verb)
    in_a_minute = [at for at in asked if at < 60]

    assert begun >= 900
    assert len(in_a_minute) / begun <= 1.10


@pytest.mark.parametrize(
    "answer",
    [_refusing(), _refusing(**{"Retry-After": "0"}), _refusing(**{"Retry-After": "1"}),
     _refusing(**{"Retry-After": "300"})],
    ids=["no Retry-After", "0", "1", "300"],
)  # fmt: skip
def test_after_half_a_minute_of_refusals_there_is_at_most_one_request_a_second(
    answer: Answer,
) -> None:
    _, asked = _work(answer, seconds=90, per_second=10, verb="hold")

    late = [at for at in asked if 30 <= at < 90]
    assert 0 < len(late) <= 60


def test_a_server_that_refuses_now_and_then_is_still_used() -> None:
    asked_before = iter(range(10**6))

    def answer() -> httpx.Response:
        return httpx.Response(429 if next(asked_before) % 200 == 199 else 201)

    begun, asked = _work(answer, seconds=30, per_second=40, verb="hold")

    assert begun <= len(asked) <= 1.01 * begun


def test_several_clients_share_one_limit() -> None:
    server = Server(lambda: httpx.Response(201))

    async def go() -> None:
        limit = RateLimit(300, per=5.0)
        clients = [
            AsyncPhloClient(
                AUTH_ID, "t", base_url=BASE_URL, rate_limit=limit,
                http_client=httpx.AsyncClient(transport=server),
            )
            for _ in range(3)
        ]  # fmt: skip
        async with trio.open_nursery() as nursery:
            for client in clients:
                for number in range(250):
                    nursery.start_soon(client.perform, Action.hold("p", "n", str(number)))

    trio.run(go, clock=trio.testing.MockClock(autojump_threshold=0))
    busiest = max(
        sum(start <= at < start + 5 for at in server.asked) for start in server.asked[::50]
    )

    assert len(server.asked) == 750
    assert 0.97 * 300 <= busiest <= 300
