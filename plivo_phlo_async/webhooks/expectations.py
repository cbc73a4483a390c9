"""What a program waits for: a member who enters or leaves, the end of a call, or any change."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from threading import RLock
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .._addresses import address_identity
from .._event_loop import Wakeup
from .conference_members import Conference, MemberChange, MemberChangeKind, News, TrackedMember

__all__ = [
    "CallEndExpectation",
    "Expectation",
    "Expectations",
    "MemberChanges",
    "MemberExpectation",
]

_MAX_CHANGES = 1000  # that wait for one reader

T_co = TypeVar("T_co", covariant=True)


class _Waiters:
    """Tasks that wait for the same thing, in any event loop."""

    def __init__(self) -> None:
        self._wakeups: set[Wakeup] = set()

    async def wait_until(self, is_done: Callable[[], bool]) -> None:
        """Wait until `is_done()`, which is called again after each `wake`."""
        while not is_done():
            wakeup = Wakeup()
            self._wakeups.add(wakeup)
            try:
                if not is_done():  # another thread may have called `wake` before it was added
                    await wakeup.wait()
            finally:
                self._wakeups.discard(wakeup)

    def wake(self) -> None:
        """Wake all; works in any thread."""
        for wakeup in self._wakeups.copy():
            wakeup.set()


class Expectation(Generic[T_co]):
    """Something that is expected: use it with `async with`, and `await` it inside the block.

    What happens after the block was entered counts, also before the `await`. Awaiting it again is
    fine, after a timeout, after a cancellation, or for the same result; so are several tasks.

    Attributes:
        change: the change that was expected; None until it happens.
    """

    change: MemberChange | None

    def __init__(self, expectations: Expectations, call: str | None, topics: list[str]) -> None:
        self._expectations, self._call, self._topics = expectations, call, topics
        self._waiters = _Waiters()
        self._entered_at: int | None = None  # the number of the last event before; None outside
        self.change = None

    async def __aenter__(self) -> Self:
        self._entered_at = self._expectations.add(self, self._topics)
        if self._call is not None and (end := self._expectations.end_of(self._call)):
            self.offer(*end)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._expectations.remove(self, self._topics)
        self._entered_at = None
        self._waiters.wake()

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self._wait().__await__()

    async def _wait(self) -> T_co:
        await self._waiters.wait_until(lambda: bool(self.change) or self._entered_at is None)
        if self.change is None:
            raise RuntimeError("an expectation is awaited inside its `async with` block.")
        return self._result(self.change)

    def offer(self, news: News, conference: Conference) -> None:
        """Take the change, if it is the expected one, and wake the tasks that wait for it."""
        is_after = self._entered_at is not None and self._entered_at < news.since
        if self.change is None and is_after and (change := self._fulfilled_by(news, conference)):
            self.change = change
            self._waiters.wake()

    @abstractmethod
    def _fulfilled_by(self, news: News, conference: Conference) -> MemberChange | None: ...

    @abstractmethod
    def _result(self, change: MemberChange) -> T_co: ...


class MemberExpectation(Expectation[TrackedMember]):
    """A member who is expected to enter or leave; `await` returns the `TrackedMember`.

    Use it with `async with`, and `await` it inside the block. What happens after the block was
    entered counts, also before the `await`. Awaiting it again is fine, after a timeout, after a
    cancellation, or for the same result; so are several tasks.

    Args:
        expectations: the tracker's; `MemberTracker.expect_enter` and `expect_exit` pass them.
        kind: whether the member enters or leaves.
        address: the member's number or SIP endpoint.
        call: the call; None for any.

    Attributes:
        change: the change that was expected; None until it happens.
    """

    def __init__(
        self, expectations: Expectations, kind: MemberChangeKind, address: str, call: str | None
    ) -> None:
        self._kind, self._address = kind, address
        self._identity = address_identity(address)
        topics = [_address_topic(self._identity)]
        if kind is MemberChangeKind.EXITED and call is not None:
            topics.append(_call_topic(call))
        super().__init__(expectations, call, topics)

    @property
    def member(self) -> TrackedMember | None:
        """The member who entered or left; None until then."""
        return self.change.member if self.change else None

    def _fulfilled_by(self, news: News, conference: Conference) -> MemberChange | None:
        change = news.change
        if self._call not in {None, change.call}:
            return None
        if self._kind is MemberChangeKind.EXITED:
            return self._exit(change, conference)
        return change if change.kind is self._kind else None

    def _exit(self, change: MemberChange, conference: Conference) -> MemberChange | None:
        if change.kind is MemberChangeKind.ENTERED or conference.has(self._address):
            return None  # a late event may report the exit of a former membership
        if change.kind is MemberChangeKind.EXITED and change.member is not None:
            is_theirs = address_identity(change.member.address or "") == self._identity
            return change if is_theirs else None
        if conference.end is None:
            return None  # all known members have left, and nothing is known of this one
        gone = TrackedMember("", self._address, call=change.call)  # their events were lost
        return MemberChange(MemberChangeKind.EXITED, change.call, gone)

    def _result(self, change: MemberChange) -> TrackedMember:
        assert change.member is not None
        return change.member


class CallEndExpectation(Expectation[str]):
    """The expected end of a call; `await` returns its state: `Completed`, or `Failed` if reported.

    Use it with `async with`, and `await` it inside the block. An end before the `await` counts.
    Awaiting it again is fine, after a timeout, after a cancellation, or for the same result; so are
    several tasks.

    Args:
        expectations: the tracker's; `MemberTracker.expect_end` passes them.
        call: the call.

    Attributes:
        change: the change that was expected; None until it happens.
    """

    def __init__(self, expectations: Expectations, call: str) -> None:
        super().__init__(expectations, call, [_call_topic(call)])

    @property
    def state(self) -> str | None:
        """`Completed` or `Failed`; None until the end."""
        return self.change.state if self.change else None

    def _fulfilled_by(self, news: News, conference: Conference) -> MemberChange | None:
        return None if news.change.kind is MemberChangeKind.ENTERED else conference.known_end

    def _result(self, change: MemberChange) -> str:
        return change.state or ""


class MemberChanges:
    """An asynchronous iterator over the changes of all calls, from its creation on.

    It never ends. It holds up to 1,000 changes for a reader that is slow; instead of more it yields
    one `RESET`.
    """

    def __init__(self) -> None:
        self._changes: deque[MemberChange] = deque()
        self._waiters = _Waiters()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MemberChange:
        await self._waiters.wait_until(lambda: bool(self._changes))
        return self._changes.popleft()

    def put(self, change: MemberChange) -> None:
        """Add a change, and wake the reader."""
        if len(self._changes) >= _MAX_CHANGES:
            self._changes.clear()
            change = MemberChange(MemberChangeKind.RESET)
        self._changes.append(change)
        self._waiters.wake()


class Expectations:
    """The expectations of a tracker, by what they wait for.

    Args:
        lock: held while events and expectations are numbered and matched.
        conferences: what is known, by call.
    """

    def __init__(self, lock: RLock, conferences: Mapping[str, Conference]) -> None:
        self._lock, self._conferences = lock, conferences
        self._by_topic: dict[str, dict[Expectation[Any], None]] = {}
        self._number = 0

    def __len__(self) -> int:
        return len({each for found in self._by_topic.values() for each in found})

    def next_number(self) -> int:
        """Return a number that is higher than that of each event and expectation before."""
        self._number += 1
        return self._number

    def add(self, expectation: Expectation[Any], topics: Iterable[str]) -> int:
        """Add an expectation and return its number."""
        with self._lock:
            for topic in topics:
                self._by_topic.setdefault(topic, {})[expectation] = None
            return self.next_number()

    def remove(self, expectation: Expectation[Any], topics: Iterable[str]) -> None:
        """Remove an expectation."""
        with self._lock:
            for topic in topics:
                found = self._by_topic.get(topic, {})
                found.pop(expectation, None)
                if not found:
                    self._by_topic.pop(topic, None)

    def offer(self, news: News, conference: Conference) -> None:
        """Offer a change to the expectations that may wait for it."""
        change = news.change
        topics = [_call_topic(change.call)]
        if change.member is not None and change.member.address:
            topics.append(_address_topic(address_identity(change.member.address)))
        for topic in topics:
            for expectation in [*self._by_topic.get(topic, ())]:
                expectation.offer(news, conference)

    def end_of(self, call: str) -> tuple[News, Conference] | None:
        """Return the end of a call, unless its name can be used again."""
        with self._lock:
            conference = self._conferences.get(call)
            if conference is None or conference.is_named or conference.known_end is None:
                return None
            return News(conference.known_end, self.next_number()), conference


def _address_topic(identity: str) -> str:
    return f"address {identity}"


def _call_topic(call: str) -> str:
    return f"call {call}"
