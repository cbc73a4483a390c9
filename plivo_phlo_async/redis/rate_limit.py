"""A rate limit for several processes and machines: a token bucket in Redis.

redis = Redis.from_url("redis://limits.internal")
limit = RedisRateLimit(redis, 300, per=5.0, key="plivo:MA...")
client = AsyncPhloClient(rate_limit=limit)
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from importlib.resources import files
from math import inf
from typing import Literal

import anyio
from attrs import define, evolve, field, frozen
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from .._transport.hooks import logger
from .._transport.limiter import Limiter, RateLimit
from ..errors import ConfigurationError, InvalidArgumentError, NotSentError, PhloError

__all__ = ["RedisRateLimit"]

_RETRY = 1.0  # seconds between two attempts to reach Redis
_EARLY_RETRY = 0.2  # the same, while the fallback may not be used yet
_LATER = 0.05  # seconds after which an event loop whose tasks were cancelled has ended, if it does
_ASSUMED_PROCESSES = 10  # while Redis has not said how many there are


def _script() -> str:
    return files(__package__).joinpath("rate_limit.lua").read_text(encoding="utf-8")


@frozen
class Grant:
    """What Redis granted this process.

    Attributes:
        rate: requests per second of all processes together.
        tokens: how many are left to use.
        asked_at: when they were asked for.
        valid_until: until when they may be used.
        ask_at: when to ask again.
        turn: the time of this process' turn.
        processes: how many processes share the limit.
        is_stricter: whether the rate of another process holds, which is lower.
        lease: the end of this process' lease on Redis' clock; 0 for none, -1 before an answer.
        leased_until: the same on this process' clock, or later.
    """

    rate: float
    tokens: int = 0
    asked_at: float = -inf
    valid_until: float = -inf
    ask_at: float = -inf
    turn: float = -inf
    processes: int = _ASSUMED_PROCESSES
    is_stricter: bool = False
    lease: float = -1.0
    leased_until: float = -inf


@frozen
class Outage:
    """Redis cannot be used.

    Attributes:
        error: why.
        since: when it began.
        retry_at: when to try again.
        fallback: the limiter to use meanwhile, if there is one.
        fallback_from: when to begin with it: by then the other processes leave it room.
    """

    error: Exception
    since: float
    retry_at: float
    fallback: Limiter | None
    fallback_from: float


@define
class LoopState:
    """What belongs to the event loop, and process, that uses the limiter.

    Attributes:
        loop: the event loop.
        pid: the process.
        queue: held by the task that is next; it asks Redis, and waits.
        waiting: how many tasks wait for a token.
        exchange: the task that talks to Redis, if one does.
        sleep: of the task that is next; cancelled when there is a token for it.
    """

    loop: asyncio.AbstractEventLoop
    pid: int = field(factory=os.getpid)
    queue: anyio.Lock = field(factory=lambda: anyio.Lock(fast_acquire=True))
    waiting: int = 0
    exchange: asyncio.Task[None] | None = None
    sleep: anyio.CancelScope | None = None


class RedisRateLimit:
    """A rate limit that all processes share which use the same key of the same Redis.

    No window of `per` seconds sees more than `requests` requests of all processes together. Rate,
    pause and slow-down are those of `RateLimit`, shared: a refusal (429) in one process pauses and
    slows down all. Redis' clock counts, so the machines' clocks do not matter.

    A process sends one question at a time, for all actions that wait in it, and serves them first
    come, first served. If a token is there, it costs one round trip; else Redis answers when to ask
    again, in turn with the other processes. A token that arrives too late to be used safely is
    dropped.

    If limiters with one key have different settings, the lower rate holds for all until its last
    question is a minute old; the others log a warning.

    It works in one event loop at a time, and in another once that one is closed (as with
    `asyncio.run` for each task). Event loops that run at the same time, in threads, need a limiter
    each, with its own Redis client and the same key.

    When Redis is unreachable, read-only or too slow, the limiter logs that once (and once when
    Redis is back), tries again every second, and follows `when_unreachable` meanwhile. One answer
    that does not arrive in time is not an outage: the limiter asks once more.

    The limit also holds while some processes, or all, are cut off from Redis. If a process in which
    actions wait falls silent, the others leave its share unused for up to two minutes; it begins
    with its share only then, 2 seconds and one token's time after its next question was due. A
    process that starts after another was killed takes its place. The limit can be exceeded by the
    shares of processes in which nothing waited when they were cut off, that never reached Redis, or
    that are cut off for more than two minutes while others are not.

    Args:
        redis: a `redis.asyncio.Redis`, which the caller closes and may use for other things.
        requests: how many requests the server allows in any `per` seconds.
        per: the window, in seconds.
        burst: how many requests may start at once after a quiet time.
        key: the bucket's name, one for each account, e.g. "plivo:MA...". It is a sorted set that
            expires an hour after the last question.
        when_unreachable: "share": continue with this process' share of the limit, divided by the
            number of processes that asked within the last two minutes (10 if it never reached
            Redis).
            "raise": start nothing; an action ends with `NotSentError`. Or another limiter, e.g.
            `RateLimit(75, per=5.0)` for one of four processes.
        timeout: seconds to wait for Redis' answer, twice before Redis counts as unreachable.
        clock: returns the time in seconds; used only within this process.
        sleep: waits for some seconds.

    Attributes:
        requests: as given.
        per: as given, in seconds.
        burst: as given.
        key: as given.
        full_rate: requests per second while nothing is refused.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """

    def __init__(
        self,
        redis: Redis,
        requests: int,
        per: float,
        burst: int = 5,
        *,
        key: str,
        when_unreachable: Limiter | Literal["share", "raise"] = "share",
        timeout: float = 1.0,
        clock: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        _check(redis, key, timeout, when_unreachable)
        self.requests: int = requests
        self.per: float = per
        self.burst: int = burst
        self.key: str = key
        self.full_rate: float = RateLimit(requests, per, burst).full_rate
        self._redis, self._script = redis, redis.register_script(_script())
        self._name = secrets.token_hex(6)
        self._when_unreachable, self._timeout = when_unreachable, timeout
        self._clock, self._sleep = clock, sleep
        # A start that is late by less than this crowds no later window, as the rate leaves room.
        self._lateness = (0.5 + 0.01 * requests) / self.full_rate

        self._lock = threading.Lock()
        self._state: LoopState | None = None
        self._grant = Grant(self.full_rate)
        self._outage: Outage | None = None
        self._round_trip = 0.0  # the shortest of the last few
        self._paused_until = -inf
        self._has_news = False  # a refusal that Redis does not know yet

    def __repr__(self) -> str:
        settings = f"{self.requests}, per={self.per}, burst={self.burst}, key={self.key!r}"
        return f"RedisRateLimit({settings})"

    @property
    def rate(self) -> float:
        """Requests per second of all processes together, as of Redis' last answer."""
        return self._grant.rate

    async def acquire(self) -> None:
        """Take a token; wait for one, behind the tasks of this process that came before.

        If it is cancelled while it waits, no token is lost.

        Raises:
            NotSentError: Redis is unreachable, and `when_unreachable` is "raise".
            ConfigurationError: the key holds something else, or the event loop is not asyncio's,
                or this limiter is in use in another event loop.
        """
        state = self._enter_loop()
        state.waiting += 1
        try:
            async with state.queue:
                while not self._take():
                    if await self._wait_for_next(state):
                        break
        finally:
            state.waiting -= 1
            self._exchange_if_urgent(state)

    def pause(self, seconds: float) -> None:
        """Start nothing for a while, in any process; then begin with an empty bucket, and slower.

        This process pauses at once, the others as soon as Redis knows.

        Args:
            seconds: for how long.
        """
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._has_news = True
        if self._outage is not None and self._outage.fallback is not None:
            self._outage.fallback.pause(seconds)
        with suppress(ConfigurationError):  # `acquire` raises it
            self._exchange_if_urgent(self._enter_loop())

    def give_back(self) -> None:
        """Hand on a token that was taken and is not used.

        The next task of this process gets it; if none waits, it goes back to Redis, less what the
        bucket may have refilled since it was taken.
        """
        state = self._enter_loop()
        self._grant = evolve(self._grant, tokens=self._grant.tokens + 1)
        if state.sleep is not None:
            state.sleep.cancel()
        self._exchange_if_urgent(state)

    def _enter_loop(self) -> LoopState:
        """Return the running event loop's state; connections belong to the loop before."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "RedisRateLimit works on asyncio only, as redis-py does."
            ) from None
        if self._state is not None and self._state.loop is loop:
            return self._state
        with self._lock:
            if self._state is not None:
                if self._state.pid != os.getpid() or not self._state.loop.is_closed():
                    raise ConfigurationError(
                        "this RedisRateLimit is in use in another event loop or process; make one"
                        " for each of them, with its own Redis client and the same key."
                    )
                self._redis.connection_pool.reset()  # type: ignore[no-untyped-call]  # redis has none
                self._grant = evolve(self._grant, tokens=0)
            self._state = LoopState(loop)
            return self._state

    def _take(self) -> bool:
        grant = self._grant
        left = 0 if self._has_news or self._clock() > grant.valid_until else grant.tokens
        self._grant = evolve(grant, tokens=max(0, left - 1))
        return left > 0

    async def _wait_for_next(self, state: LoopState) -> bool:
        """Wait for the next step towards a token; return whether the fallback gave one."""
        now, outage = self._clock(), self._outage
        if (ready_at := max(self._paused_until, self._grant.ask_at)) > now:
            await self._sleep_until(ready_at, state)
            return False
        if outage is not None and outage.fallback is not None and now >= outage.fallback_from:
            if now >= outage.retry_at:
                self._start_exchange(state)
            await outage.fallback.acquire()
            return True
        if outage is None or now >= outage.retry_at:
            exchange = self._start_exchange(state)
            await asyncio.wait([exchange])  # which continues if this task is cancelled
            exchange.result()
        if self._outage is None:
            return False
        if self._outage.fallback is None:
            raise self._error(self._outage) from self._outage.error
        await self._sleep_until(min(self._outage.fallback_from, self._outage.retry_at), state)
        return False

    async def _sleep_until(self, at: float, state: LoopState) -> None:
        with anyio.CancelScope() as state.sleep:
            await self._sleep(max(0.0, at - self._clock()))

    def _exchange_if_urgent(self, state: LoopState, *, is_later: bool = False) -> None:
        """Ask Redis where that cannot wait for the next task that needs a token."""
        has_left = not state.waiting and (self._grant.tokens > 0 or self._grant.lease > 0)
        if self._outage is not None or not (self._has_news or has_left):
            return
        if self._has_news or is_later or not _is_ending(state.loop):
            self._start_exchange(state)
        else:
            state.loop.call_later(_LATER, partial(self._exchange_if_urgent, state, is_later=True))

    def _start_exchange(self, state: LoopState) -> asyncio.Task[None]:
        if state.exchange is None:
            state.exchange = asyncio.create_task(self._exchange(state))
        return state.exchange

    async def _exchange(self, state: LoopState) -> None:
        """Send one question, with the tokens to return and a refusal, and take the answer."""
        has_news, self._has_news = self._has_news, False
        try:
            answer = await self._ask(state, has_news)
        except (RedisError, OSError) as error:
            self._has_news |= has_news
            self._on_failure(error)
            if isinstance(error, ReadOnlyError):  # another server may be the primary by now
                await self._redis.connection_pool.disconnect(inuse_connections=False)
        else:
            self._on_answer(*map(float, answer))
        finally:
            state.exchange = None
        self._exchange_if_urgent(state)

    async def _ask(self, state: LoopState, has_news: bool) -> list[bytes]:
        """Ask Redis; ask again after a timeout, which a busy event loop causes as well."""
        if self._outage is None:
            with suppress(TimeoutError, RedisTimeoutError):
                return await self._ask_once(state, has_news)
        return await self._ask_once(state, has_news)

    async def _ask_once(self, state: LoopState, has_news: bool) -> list[bytes]:
        question = self._question(state, has_news)
        async with asyncio.timeout(self._timeout):
            answer: list[bytes] = await self._script([self.key], question)
            return answer

    def _question(self, state: LoopState, has_news: bool) -> list[str | float]:
        """Return the script's arguments; the tokens that are left go back with them."""
        now, grant, outage = self._clock(), self._grant, self._outage
        # What the bucket may have refilled in the meantime stays lost, or it would count twice.
        returned = max(0.0, grant.tokens - (now - grant.asked_at) * self.full_rate)
        pause = max(0.0, self._paused_until - now) if has_news else -1.0
        is_fallback_used = (
            outage is not None and outage.fallback is not None and now >= outage.fallback_from
        )
        self._grant = evolve(grant, tokens=0, asked_at=now)
        return [
            *(self.full_rate, self.burst, state.waiting, returned, pause, int(is_fallback_used)),
            *(grant.turn - now, f"{self._name}:{os.getpid()}", grant.lease),
            int(self._when_unreachable != "raise"),
        ]

    def _on_answer(
        self,
        granted: float,
        wait: float,
        turn: float,
        full_rate: float,
        rate: float,
        processes: float,
        lease: float,
        leased_for: float,
    ) -> None:
        now, before = self._clock(), self._grant
        self._round_trip = min(now - before.asked_at, 2 * self._round_trip + 0.001)
        self._grant = Grant(
            rate=rate,
            tokens=int(granted),
            asked_at=before.asked_at,
            valid_until=before.asked_at + self._round_trip + self._lateness,
            ask_at=now + wait if wait > 0 else before.ask_at,
            turn=now + turn if wait > 0 else before.turn,
            processes=int(processes),
            is_stricter=full_rate < self.full_rate * 0.999,
            lease=lease,
            leased_until=now + leased_for if lease > 0 else -inf,
        )
        if self._grant.is_stricter and not before.is_stricter:
            other = f"the limit {self.key!r} is shared with one of {full_rate:.2f} a second"
            logger.warning("%s; that holds, not %.2f", other, self.full_rate)
        if self._outage is not None:
            logger.info("Redis is back after %.0f s: %r", now - self._outage.since, self)
            self._outage = None

    def _on_failure(self, error: Exception) -> None:
        now, outage = self._clock(), self._outage
        if outage is None:
            fallback = None if _is_misuse(error) else self._fallback()
            since = max(now, self._grant.leased_until) if fallback else now
            outage = self._outage = Outage(error, now, now, fallback, since)
            meanwhile = f"using {fallback!r}" if fallback else "starting nothing"
            reason = f"{type(error).__name__}: {error}"
            text = "Redis cannot be used (%s); %s until it can: %r"
            logger.warning(text, reason, meanwhile, self)
        retry = _RETRY if now >= outage.fallback_from else _EARLY_RETRY
        self._outage = evolve(outage, error=error, retry_at=now + retry)

    def _fallback(self) -> Limiter | None:
        if self._when_unreachable == "raise":
            return None
        if not isinstance(self._when_unreachable, str):
            return self._when_unreachable
        processes = self._grant.processes
        requests = max(2, self.requests // processes)
        per = max(self.per, self.per * processes * requests / self.requests)
        share = RateLimit(requests, per, 1, clock=self._clock, sleep=self._sleep)
        share.acquire_nowait()  # what Redis granted last counts as well: begin with no token
        return share

    def _error(self, outage: Outage) -> PhloError:
        if _is_misuse(outage.error):
            return ConfigurationError(f"key: {self.key!r} holds something else in this Redis.")
        return NotSentError("Redis cannot be reached for the rate limit; nothing was sent.")


def _check(redis: object, key: str, timeout: float, when_unreachable: object) -> None:
    if not isinstance(redis, Redis):
        raise InvalidArgumentError("redis: give a redis.asyncio.Redis.")
    if not key:
        raise InvalidArgumentError("key: give the bucket a name.")
    if timeout <= 0:
        raise InvalidArgumentError("timeout: give a number of seconds above 0.")
    if isinstance(when_unreachable, str) and when_unreachable not in {"share", "raise"}:
        raise InvalidArgumentError('when_unreachable: give "share", "raise" or a limiter.')


def _is_ending(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether all tasks are cancelled, as when `asyncio.run` ends; a new one may not end."""
    return all(task.cancelling() for task in asyncio.all_tasks(loop))


def _is_misuse(error: Exception) -> bool:
    return "WRONGTYPE" in str(error)
