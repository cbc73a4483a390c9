"""A `MemberTracker` that all workers share, through Redis."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

from attrs import evolve, frozen
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .._transport.hooks import logger
from ..errors import ConfigurationError, InvalidArgumentError
from ..webhooks import (
    CallEndExpectation,
    ConferenceEvent,
    MemberChange,
    MemberChangeKind,
    MemberChanges,
    MemberExpectation,
    MemberTracker,
    TrackedMember,
)
from ..webhooks.conference_members import change_of, changes_in

__all__ = ["RedisMemberTracker"]

_TIMEOUT = 1.0  # seconds to wait for Redis' answer
_RETRY = 1.0  # seconds between two attempts to reach Redis
_BLOCK = 1.0  # seconds that Redis holds a read for which there is nothing
_MAX_PENDING = 10_000  # changes that Redis has not got
_MAX_READ = 1000  # changes in one answer
_START = "0-0"


@frozen
class _Position:
    """Where this worker is in the stream.

    Attributes:
        entry: ID of the last entry it has read.
        number: the number of its change; the next one has the next number.
    """

    entry: str = _START
    number: int = 0


class RedisMemberTracker:
    """A `MemberTracker` that several workers share: every worker sees every event.

    Use it with `async with` while the worker runs, and pass each verified event to `update`, in
    whichever worker it arrives::

        tracker = RedisMemberTracker(redis, key="plivo:members")
        async with tracker:
            ...
            await tracker.update(event)

    The other methods are those of `MemberTracker`. They read what this worker knows, in its memory,
    and do not wait for Redis. A worker that starts late catches up when it enters the block.

    While Redis is away, `update` still applies the event to this worker and does not raise. The
    change is kept, 10,000 at most, and sent when Redis is back; the other workers learn of it then.
    It is lost if this worker ends before. The tracker logs once that Redis is away, and once that
    it is back, and then reads what it has missed. A Redis that has lost its data does not take away
    what the workers know; a worker that starts afterwards knows what happens from then on.

    It needs Redis 5 or later (or Valkey), and asyncio.

    Args:
        redis: a `redis.asyncio.Redis`, which the caller closes and may use for other things.
        key: prefix of the keys, one for each group of workers. They expire with the last call.
        max_calls: maximum number of tracked calls; above it, the call with the oldest last event
            is forgotten with its members.
        expire_after: seconds after its last event for which a call is tracked.
        max_events: how many events Redis keeps for workers that read slowly. One that falls further
            behind catches up from what is kept of each call.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        key: str = "plivo:members",
        max_calls: int = 10_000,
        expire_after: float = 86_400.0,
        max_events: int = 10_000,
    ) -> None:
        if not isinstance(redis, Redis):
            raise InvalidArgumentError("redis: give a redis.asyncio.Redis.")
        if not key:
            raise InvalidArgumentError("key: give the keys a prefix.")
        if not isinstance(max_events, int) or max_events < 1:
            raise InvalidArgumentError("max_events: give a whole number, at least 1.")
        self._members = MemberTracker(max_calls=max_calls, expire_after=expire_after)
        self._redis, self._key = redis, key
        self._limits = (max(1, int(expire_after)), max_calls, max_events)
        script = files(__package__).joinpath("members.lua").read_text(encoding="utf-8")
        self._script = redis.register_script(script)
        self._pending: deque[MemberChange] = deque(maxlen=_MAX_PENDING)
        self._name = secrets.token_hex(6)  # marks what this worker has sent
        self._is_away = False
        self._follower: asyncio.Task[None] | None = None
        self._position = _Position()

    def __repr__(self) -> str:
        return f"RedisMemberTracker(key={self._key!r})"

    async def __aenter__(self) -> Self:
        """Catch up with what other workers know, and begin to follow their events.

        If Redis is away, it logs that and goes on without.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "RedisMemberTracker works on asyncio only, as redis-py does."
            ) from None
        if self._follower is not None:
            raise RuntimeError("this RedisMemberTracker is already in use")
        self._sending = asyncio.Lock()
        self._is_away = False
        await self._try_to_catch_up()
        self._follower = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        follower, self._follower = self._follower, None
        while follower is not None and not follower.done():
            follower.cancel()  # redis-py loses a cancellation that meets Redis' answer
            await asyncio.wait([follower], timeout=0.1)
        await self._send_pending()
        if self._pending:
            count = len(self._pending)
            logger.warning("%d changes were not sent to the other workers: %r", count, self)

    async def update(self, event: ConferenceEvent) -> bool:
        """Update the members from an event, in this worker and then in the others.

        Args:
            event: a verified event. It is ignored without the ID (or name) of its conference, or
                without the ID of the member (or of the member's call).

        Returns:
            True when the members of a call changed in this worker.

        Raises:
            RuntimeError: the tracker is used outside its `async with` block.
        """
        change = change_of(event)
        if change is None:
            return False
        has_changed = self._members.apply(change)
        await self._share([change])
        return has_changed

    async def forget(self, call: str) -> None:
        """Forget a call and its members in all workers; later events make it known again.

        Args:
            call: the call, as `calls` names it; one that is not known is ignored.

        Raises:
            RuntimeError: the tracker is used outside its `async with` block.
        """
        self._members.forget(call)
        await self._share([MemberChange(MemberChangeKind.RESET, call)])

    def expect_enter(self, address: str, *, call: str | None = None) -> MemberExpectation:
        """Expect a member to enter a call; see `MemberTracker.expect_enter`.

        Args:
            address: the number or SIP endpoint, in any spelling.
            call: the call, as `calls` names it; any call by default.
        """
        return self._members.expect_enter(address, call=call)

    def expect_exit(self, address: str, *, call: str | None = None) -> MemberExpectation:
        """Expect a member to leave a call; see `MemberTracker.expect_exit`.

        Args:
            address: the number or SIP endpoint, in any spelling.
            call: the call, as `calls` names it; any call by default.
        """
        return self._members.expect_exit(address, call=call)

    def expect_end(self, call: str) -> CallEndExpectation:
        """Expect a call to end; see `MemberTracker.expect_end`.

        Args:
            call: the call, as `calls` names it.
        """
        return self._members.expect_end(call)

    def changes(self) -> MemberChanges:
        """Return an iterator over the changes of all calls; see `MemberTracker.changes`."""
        return self._members.changes()

    def members(self, call: str) -> tuple[TrackedMember, ...]:
        """Return the members of a call, in the order of their enter events.

        Args:
            call: the `conference_uuid`, or the conference's name where no ID was sent.
        """
        return self._members.members(call)

    def find(self, address: str) -> TrackedMember | None:
        """Return the member with an address; None if they are on no call.

        Args:
            address: the number or SIP endpoint, in any spelling.
        """
        return self._members.find(address)

    def calls(self) -> tuple[str, ...]:
        """Return the calls that have members, by ID or name; the oldest last event comes first."""
        return self._members.calls()

    def snapshot(self) -> dict[str, Any]:
        """Return what this worker knows as plain JSON values, for `restore`."""
        return self._members.snapshot()

    async def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Add what another tracker knew, in all workers; what is known already stays known.

        Args:
            snapshot: what `snapshot` returned.

        Raises:
            InvalidArgumentError: it is something else, or of another version.
            RuntimeError: the tracker is used outside its `async with` block.
        """
        self._members.restore(snapshot)
        await self._share(change for call in snapshot["calls"] for change in changes_in(call))

    # To the other workers

    async def _share(self, changes: Iterable[MemberChange]) -> None:
        if self._follower is None:
            raise RuntimeError("use RedisMemberTracker with `async with`")
        self._pending.extend(changes)
        if not self._is_away:
            await self._send_pending()

    async def _send_pending(self) -> bool:
        """Send what Redis has not got, in order; return whether it has all."""
        async with self._sending:
            while self._pending:
                change = self._pending[0]
                try:
                    async with asyncio.timeout(_TIMEOUT):
                        await self._send(change)
                except (RedisError, OSError, TimeoutError) as error:
                    self._on_failure(error)
                    return False
                if self._pending and self._pending[0] is change:  # else it was dropped meanwhile
                    self._pending.popleft()
        return True

    async def _send(self, change: MemberChange) -> None:
        keys = [*self._keys("events", "calls", "number"), self._hash_of(change.call)]
        text = json.dumps(change.to_dict(), separators=(",", ":"))
        replaces = int(change.kind is MemberChangeKind.ENDED and change.is_named)
        known: list[str | int] = [text, change.call, _field(change), replaces, self._name]
        await self._script(keys, [*known, *self._limits])

    def _keys(self, *names: str) -> list[str]:
        # The braces keep them together in a cluster.
        return [f"{{{self._key}}}:{name}" for name in names]

    def _hash_of(self, call: str) -> str:
        return self._keys(f"call:{call}")[0]

    # From the other workers

    async def _follow(self) -> None:
        """Read what other workers send, for as long as the tracker is in use."""
        while True:
            if not self._is_away:
                await self._try_to_read()
                continue
            await asyncio.sleep(_RETRY)
            if await self._try_to_catch_up() and await self._send_pending():
                self._is_away = False
                logger.info("Redis is back: %r", self)

    async def _try_to_read(self) -> None:
        """Wait for the next changes and apply them."""
        stream = self._keys("events")[0]
        try:
            async with asyncio.timeout(_BLOCK + _TIMEOUT):
                wait = int(self._block() * 1000)
                since: Any = {stream: self._position.entry}
                answer: Any = await self._redis.xread(since, count=_MAX_READ, block=wait)
        except (RedisError, OSError, TimeoutError) as error:
            self._on_failure(error)
            return
        if not all(
            self._apply(_text(entry), _decoded(fields)) for entry, fields in _entries(answer)
        ):
            await self._try_to_catch_up()

    def _block(self) -> float:
        """Return for how long to read, in seconds: less than the caller's own timeout."""
        timeout = self._redis.connection_pool.connection_kwargs.get("socket_timeout")
        return _BLOCK if timeout is None else min(_BLOCK, timeout / 2)

    def _apply(self, entry: str, fields: dict[str, str]) -> bool:
        """Apply an entry of the stream; return False if it shows that others were missed."""
        number = int(fields["number"])
        if number != self._position.number + 1:
            return False
        self._position = _Position(entry, number)
        change = _change(fields["change"])
        if fields["worker"] == self._name:
            return True
        if change.kind is MemberChangeKind.RESET:
            self._members.forget(change.call)
        else:
            self._members.apply(change)
        return True

    async def _try_to_catch_up(self) -> bool:
        """Read what is kept of each call; return whether Redis could be read."""
        try:
            async with asyncio.timeout(10 * _TIMEOUT):
                await self._catch_up()
        except (RedisError, OSError, TimeoutError) as error:
            self._on_failure(error)
            return False
        return True

    async def _catch_up(self) -> None:
        # The position comes first: what is added meanwhile is in a hash, and is read again.
        stream, calls, counter = self._keys("events", "calls", "number")
        async with self._redis.pipeline(transaction=True) as both:
            both.xrevrange(stream, count=1)
            both.get(counter)
            last, number = await both.execute()
        position = _Position(_text(last[0][0]) if last else _START, int(number or 0))
        ranked: Any = await self._redis.zrange(calls, 0, -1)
        known = [_text(call) for call in ranked]
        for some in _batches(known, _MAX_READ):
            async with self._redis.pipeline(transaction=False) as all_of_them:
                for call in some:
                    all_of_them.hvals(self._hash_of(call))
                for values in await all_of_them.execute():
                    for change in _in_order(map(_text, values)):
                        self._members.apply(change)
        self._position = position

    def _on_failure(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            reason = f"{type(error).__name__}: {error}"
            logger.warning("Redis is away (%s); events are kept until it is back: %r", reason, self)


def _field(change: MemberChange) -> str:
    """Return the field of the call's hash for a change; "" for a call to forget."""
    if change.kind is MemberChangeKind.RESET:
        return ""
    return f"{change.kind} {change.member.member_id}" if change.member else str(change.kind)


def _in_order(values: Iterable[str]) -> list[MemberChange]:
    """Return the changes of a call's hash, in the order in which they were added.

    The end of a call that was known by its name removes only those who entered before.
    """
    numbered = sorted(
        (int(number), text) for number, _, text in (each.partition(" ") for each in values)
    )
    changes = [_change(text) for _, text in numbered]
    ends = [
        position for position, each in enumerate(changes) if each.kind is MemberChangeKind.ENDED
    ]
    if not ends or not changes[0].is_named:
        return changes
    before, after = changes[: ends[-1]], changes[ends[-1] + 1 :]
    if not any(each.kind is MemberChangeKind.ENTERED for each in after):
        return changes
    entered = [each for each in before if each.kind is MemberChangeKind.ENTERED]
    return [*before, *(evolve(each, kind=MemberChangeKind.EXITED) for each in entered), *after]


def _batches(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _change(text: str) -> MemberChange:
    return MemberChange.from_dict(json.loads(text))


def _entries(answer: Any) -> list[tuple[str | bytes, dict[Any, Any]]]:
    """Return the entries in the answer to XREAD; its form depends on Redis' protocol, 2 or 3."""
    if isinstance(answer, dict):
        return [entry for chunks in answer.values() for chunk in chunks for entry in chunk]
    return [entry for _, entries in answer or () for entry in entries]


def _decoded(fields: Mapping[Any, Any]) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in fields.items()}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
