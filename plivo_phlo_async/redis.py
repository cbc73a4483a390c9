"""One limiter for several processes and machines: a bucket in Redis.

    redis = Redis.from_url("redis://limits.internal")
    limit = RedisRateLimit(redis, 300, per=5.0, key="plivo:MA...")
    client = AsyncPhloClient(rate_limit=limit)

Needs `plivo-phlo-async[redis]`, Redis 5 or later (or Valkey), and asyncio.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import anyio

from ._transport.hooks import logger
from ._transport.limiter import Limiter, RateLimit
from .errors import ConfigurationError, InvalidArgumentError, NotSentError, PhloError

try:
    from redis.asyncio import Redis
    from redis.exceptions import ReadOnlyError, RedisError
except ImportError as _missing:
    _needed = "pip install 'plivo-phlo-async[redis]'"
    raise ImportError(f"A limiter over Redis needs redis-py: {_needed}") from _missing

__all__ = ["RedisRateLimit"]

# The same bucket as RateLimit's, in one hash and on Redis' own clock. A token is taken only once it
# is there; whoever finds none is told when to ask again, each process at a time of its own.
_SCRIPT = """
local key, time = KEYS[1], redis.call('TIME')
local now = time[1] + time[2] / 1e6
local full, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local returned, pause, empty = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local held, asker = tonumber(ARGV[7]), 'process:' .. ARGV[8]

local was, processes, fields = {}, 1, redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  local name, value = fields[i], tonumber(fields[i + 1])
  if string.sub(name, 1, 8) ~= 'process:' then was[name] = value
  elseif now - value > 3600 then redis.call('HDEL', key, name)
  elseif name ~= asker then processes = processes + 1 end
end

-- Where nothing is known, what was spent a moment ago may be forgotten: begin with nothing.
local at, tokens, passed = was.at or now, was.tokens or 0, was.passed or 5
local paused, cut, line = was.paused or 0, was.cut or 0, was.line or 0
if at > now then  -- the clock was set back, or is another server's
  local back = at - now
  at, paused, cut, line = now, paused - back, cut - back, line - back
end

local kept_at = now
if was.full and was.full < full and math.abs(now - was.kept_at) < 60 then
  full, burst, kept_at = was.full, was.burst, was.kept_at
end
local rate = math.min(was.rate or full, full)

local passing = now - math.max(at, paused)
if passing >= 0 then
  if rate < full and passed >= 5 then rate = math.min(full, rate + 0.05 * full * passing) end
  tokens = math.min(burst, tokens + passing * rate + returned)
end

if pause >= 0 then
  paused, passed = math.max(paused, now + pause), 0
  if now >= cut + 1 then cut, rate = now, math.max(math.min(0.5, full), rate * 0.7) end
end
if pause >= 0 or empty then tokens = math.min(tokens, 0) end

local granted = math.max(0, math.min(wanted, math.floor(tokens + 1e-9)))
tokens, passed = tokens - granted, passed + granted

local wait, place = 0, now
if granted < wanted then  -- come for the next token that nobody else was told to come for
  local first = math.max(now, paused) + (1 - tokens) / rate
  if held > 0 and granted == 0 then place = now + held
  else
    place = math.max(line, first)
    line = place + 1 / rate
  end
  wait = math.min(place, first + 1) - now  -- and look in before, if somebody else did not come
elseif tokens >= 1 then
  line = 0  -- whoever had a place in it has left
end

local function exact(number) return string.format('%.17g', number) end
redis.call('HSET', key, asker, exact(now), 'at', exact(now), 'tokens', exact(tokens),
  'rate', exact(rate), 'passed', exact(passed), 'paused', exact(paused), 'cut', exact(cut),
  'line', exact(line), 'full', exact(full), 'burst', exact(burst), 'kept_at', exact(kept_at))
redis.call('EXPIRE', key, 3600 + math.ceil(math.max(0, paused - now)))
return {exact(granted), exact(wait), exact(place - now), exact(full), exact(rate), processes}
"""

_RETRY = 1.0  # seconds between two tries to reach a Redis that is away
_STRANGERS = 10  # how many processes to reckon with where Redis never told


class RedisRateLimit:
    """A `RateLimit` that all processes share which name the same key of the same Redis.

    Over all of them no window of `per` seconds sees more than `requests` requests. Rate, pause and
    slow-down are as with `RateLimit`, and everybody's: one process' refusal (429) stops and slows
    down all. The clock is Redis' own, so the machines' clocks do not matter.

    A process asks for all who wait in it, one question at a time, and they are served first come
    first served. With a token there, that is one round trip; otherwise the process is told when to
    ask again, in turn with the others. A token that comes too late to be used safely is dropped.

    When limiters of one key were made with different settings, the one with the lower rate holds
    for all, until it has not asked for a minute; the others log a warning.

    It works in one event loop at a time, and in another once that one is closed (as with
    `asyncio.run` for each task). Event loops that run at once, in threads, need one each, with a
    Redis client of its own and the same key.

    Where Redis cannot be reached, is read-only or does not answer in time, that is logged once (and
    once when it is back), it is tried again every second, and `when_unreachable` says what to do
    meanwhile.

    Args:
        redis: a `redis.asyncio.Redis`, which the caller closes. It may serve other things as well.
        requests: how many requests the server allows in any `per` seconds.
        per: the window, in seconds.
        burst: how many requests may start at once after a quiet time.
        key: the name of the bucket, one for each account, as "plivo:MA...". It is a hash that Redis
            forgets an hour after the last question.
        when_unreachable: "share": go on with this process' part of the limit, which is one in as
            many as asked within the last hour (one in 10 where it never reached Redis). "raise":
            start nothing; an action ends with `NotSentError`. Or a limiter to go by instead, as
            `RateLimit(75, per=5.0)` for one of four processes.
        timeout: seconds to wait for an answer of Redis.
        clock: gives the time in seconds; only for what passes in this process.
        sleep: waits for some seconds.

    Raises:
        InvalidArgumentError: a value is of no use; the message says which.
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
        self._rate = self.full_rate
        self._redis, self._script = redis, redis.register_script(_SCRIPT)
        self._name = secrets.token_hex(6)
        self._when_unreachable, self._timeout = when_unreachable, timeout
        self._clock, self._sleep = clock, sleep

        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid, self._lock = 0, threading.Lock()
        self._line = anyio.Lock(fast_acquire=True)  # whoever holds it asks Redis, and waits
        self._waiting = 0
        self._talking: asyncio.Task[None] | None = None
        self._spare = 0  # tokens that came and are not used yet, and how long they are good
        self._asked_at = self._good_until = -float("inf")
        # A start that is late by less than this crowds no later window, as the rate leaves room.
        self._late = (0.5 + 0.01 * requests) / self.full_rate
        self._round_trip = 0.0  # the shortest of the last few
        self._place = self._ask_at = self._paused_until = -float("inf")
        self._refused = False  # which Redis was not told yet
        self._is_stricter = False
        self._processes = _STRANGERS
        self._failure: Exception | None = None
        self._failed_at = self._retry_at = 0.0
        self._stand_in: Limiter | None = None

    def __repr__(self) -> str:
        settings = f"{self.requests}, per={self.per}, burst={self.burst}, key={self.key!r}"
        return f"RedisRateLimit({settings})"

    @property
    def rate(self) -> float:
        """Requests per second of all processes together, as Redis last told."""
        return self._rate

    async def acquire(self) -> None:
        """Take a token; wait for one, behind everyone of this process who came before.

        Cancelled while waiting, it has taken nothing that others would miss.

        Raises:
            NotSentError: Redis cannot be reached, and `when_unreachable` is "raise".
            ConfigurationError: the key holds something else, or the event loop is not asyncio's,
                or this limiter is in use in another event loop.
        """
        self._enter_loop()
        self._waiting += 1
        try:
            async with self._line:
                while not self._take():
                    if await self._come_nearer():
                        break
        finally:
            self._waiting -= 1
            self._tell()

    def pause(self, seconds: float) -> None:
        """Start nothing for `seconds`, in any process; then begin with an empty bucket, and slower.

        This process stops at once, the others as soon as Redis has heard of it.
        """
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._refused = True
        if self._stand_in is not None:
            self._stand_in.pause(seconds)
        with suppress(ConfigurationError):  # `acquire` raises it
            self._enter_loop()
            self._tell()

    def _enter_loop(self) -> None:
        """Begin in the running event loop; connections and locks belong to the one before."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "RedisRateLimit works on asyncio only, as redis-py does."
            ) from None
        if loop is self._loop:
            return
        with self._lock:
            if self._loop is not None:
                if self._pid != os.getpid() or not self._loop.is_closed():
                    raise ConfigurationError(
                        "this RedisRateLimit is in use in another event loop or process; make one"
                        " for each of them, with a Redis client of its own and the same key."
                    )
                self._redis.connection_pool.reset()  # type: ignore[no-untyped-call]
                self._line = anyio.Lock(fast_acquire=True)
                self._talking, self._waiting, self._spare = None, 0, 0
            self._loop, self._pid = loop, os.getpid()

    def _take(self) -> bool:
        if self._refused or self._clock() > self._good_until:
            self._spare = 0
        if not self._spare:
            return False
        self._spare -= 1
        return True

    async def _come_nearer(self) -> bool:
        """Wait for whatever is next on the way to a token; True when it was one to use."""
        wait = self._wait()
        if wait > 0:
            await self._sleep(wait)
        elif self._stand_in is not None:
            if self._clock() >= self._retry_at:
                self._talk()
            await self._stand_in.acquire()
            return True
        else:
            if self._failure is None or self._clock() >= self._retry_at:
                talking = self._talk()
                await asyncio.wait([talking])  # which goes on when this is cancelled
                talking.result()
            if self._failure is not None and self._stand_in is None:
                raise self._refusal() from self._failure
        return False

    def _wait(self) -> float:
        return max(self._paused_until, self._ask_at) - self._clock()

    def _tell(self) -> None:
        """Talk to Redis where that cannot wait for the next who asks."""
        is_over = self._spare > 0 and not self._waiting
        if (self._refused or is_over) and self._failure is None:
            self._talk()

    def _talk(self) -> asyncio.Task[None]:
        if self._talking is None:
            self._talking = asyncio.create_task(self._converse())
        return self._talking

    async def _converse(self) -> None:
        """One question and its answer: tokens back, a refusal, tokens wanted."""
        refused, self._refused = self._refused, False
        question = self._question(refused)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._script([self.key], question)
        except (RedisError, OSError, TimeoutError) as error:
            self._refused |= refused
            self._lose(error)
            if isinstance(error, ReadOnlyError):  # another server may be the primary by now
                await self._redis.connection_pool.disconnect(inuse_connections=False)
        else:
            self._hear(*map(float, answer))
        finally:
            self._talking = None
        self._tell()

    def _question(self, refused: bool) -> list[str | float]:
        now = self._clock()
        # What the bucket may have refilled in the meantime stays lost, or it would count twice.
        back = max(0.0, self._spare - (now - self._asked_at) * self.full_rate)
        pause = max(0.0, self._paused_until - now) if refused else -1.0
        is_away = self._failure is not None
        self._spare, self._asked_at = 0, now
        settings: list[str | float] = [self.full_rate, self.burst]
        asker = f"{self._name}:{os.getpid()}"
        return [*settings, self._waiting, back, pause, int(is_away), self._place - now, asker]

    def _hear(
        self,
        granted: float,
        wait: float,
        place: float,
        full: float,
        rate: float,
        processes: float,
    ) -> None:
        now = self._clock()
        took = now - self._asked_at
        self._round_trip = min(took, 2 * self._round_trip + 0.001)
        self._good_until = self._asked_at + self._round_trip + self._late
        self._spare = int(granted)
        if wait > 0:
            self._ask_at, self._place = now + wait, now + place
        self._rate, self._processes = rate, int(processes)
        is_stricter = full < self.full_rate * 0.999
        if is_stricter and not self._is_stricter:
            other = f"the limit {self.key!r} is shared with one of {full:.2f} a second"
            logger.warning("%s; that holds, not %.2f", other, self.full_rate)
        self._is_stricter = is_stricter
        if self._failure is not None:
            logger.info("Redis is back after %.0f s: %r", now - self._failed_at, self)
            self._failure = self._stand_in = None

    def _lose(self, error: Exception) -> None:
        now = self._clock()
        self._retry_at = now + _RETRY
        if self._failure is None:
            self._failed_at = now
            self._stand_in = None if _is_misuse(error) else self._substitute()
            meanwhile = f"going by {self._stand_in!r}" if self._stand_in else "starting nothing"
            reason = f"{type(error).__name__}: {error}"
            logger.warning(
                "Redis cannot be used (%s); %s until it can: %r", reason, meanwhile, self
            )
        self._failure = error

    def _substitute(self) -> Limiter | None:
        if self._when_unreachable == "raise":
            return None
        if not isinstance(self._when_unreachable, str):
            return self._when_unreachable
        requests = max(2, self.requests // self._processes)
        per = max(self.per, self.per * self._processes * requests / self.requests)
        share = RateLimit(requests, per, 1, clock=self._clock, sleep=self._sleep)
        share.acquire_nowait()  # what Redis granted last counts as well: begin with nothing
        return share

    def _refusal(self) -> PhloError:
        if self._failure is not None and _is_misuse(self._failure):
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


def _is_misuse(error: Exception) -> bool:
    return "WRONGTYPE" in str(error)
