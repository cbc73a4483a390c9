"""The members of each call, tracked from webhook events; PHLO's API has no request for them.

A `member_id` is never reused: a caller who returns gets a new one. An exit is therefore final, and
events may arrive late, repeatedly or in any order: the same events always give the same members.

Limits:

- Members who entered before tracking began, and lost events, are unknown. A member whose exit event
  was lost stays until the call's `state` reports its end, or the call is forgotten.
- No variable reports hold, mute, a private consultation or ringing.
- Plivo does not document what `Redirect` means. It changes no membership here; if it means leaving,
  the member stays until their exit event.
- No variable has the `member_address`; see `ConferenceEvent.address` for what is assumed.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any
from weakref import WeakSet

from .._addresses import same_address
from ..errors import InvalidArgumentError
from .conference_members import (
    Conference,
    MemberChange,
    MemberChangeKind,
    TrackedMember,
    change_of,
)
from .events.conference import ConferenceEvent
from .expectations import CallEndExpectation, Expectations, MemberChanges, MemberExpectation

__all__ = ["MemberTracker"]

_SNAPSHOT_VERSION = 1
_RESET = MemberChange(MemberChangeKind.RESET)


class MemberTracker:
    """Tracks the members of each call from events, and waits for what they do.

    Pass each verified event of the Multiparty Calls or Conference Bridges to `update`, and expect a
    change before you send the request that causes it::

        async with tracker.expect_enter("12025550199") as entered:
            await mpc.call("12025550100", "12025550199", role="customer")
            with anyio.move_on_after(15):
                await entered
        if entered.member is None:
            print("no answer")

    It works on asyncio and trio. Several event loops and threads may share it. Several processes
    each see the events that reach them; they share them with `redis.RedisMemberTracker`.

    Args:
        max_calls: maximum number of tracked calls; above it, the call with the oldest last event
            is forgotten with its members.
        expire_after: seconds after its last event for which a call is tracked.
        clock: returns seconds, as `time.monotonic`.

    Raises:
        InvalidArgumentError: an argument is invalid; the message names it.
    """

    def __init__(
        self,
        *,
        max_calls: int = 10_000,
        expire_after: float = 86_400.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(max_calls, int) or max_calls < 1:
            raise InvalidArgumentError("max_calls: give a whole number, at least 1.")
        if not expire_after > 0:
            raise InvalidArgumentError("expire_after: give a number of seconds above 0.")
        self._max_calls, self._expire_after, self._clock = max_calls, expire_after, clock
        self._lock = RLock()
        self._conferences: dict[str, Conference] = {}
        self._seen_at: OrderedDict[str, float] = OrderedDict()  # of each call, the oldest first
        self._expectations = Expectations(self._lock, self._conferences)
        self._readers: WeakSet[MemberChanges] = WeakSet()

    def update(self, event: ConferenceEvent) -> bool:
        """Update the members from an event.

        Args:
            event: a verified event. It is ignored without the ID (or name) of its conference, or
                without the ID of the member (or of the member's call).

        Returns:
            True when the members of a call changed.
        """
        change = change_of(event)
        return change is not None and self.apply(change)

    def apply(self, change: MemberChange) -> bool:
        """Apply a change that another tracker reported; the same one twice does no harm.

        Args:
            change: what `changes` of another tracker yielded. A `RESET` is ignored.

        Returns:
            True when the members of a call changed.
        """
        if change.kind is MemberChangeKind.RESET:
            return False
        with self._lock:
            conference = self._conference(change.call, is_named=change.is_named)
            number = self._expectations.next_number()
            news = [*conference.apply(change, number)]
            for each in news:
                self._expectations.offer(each, conference)
                if not each.is_late or each.change.kind is MemberChangeKind.ENDED:
                    self._publish(each.change)
        return any(not each.is_late for each in news)

    # Waiting

    def expect_enter(self, address: str, *, call: str | None = None) -> MemberExpectation:
        """Expect a member to enter a call, from the beginning of an `async with` block.

        `await` it inside the block, for as long as you like; its `member` is who entered. A member
        whose exit has been reported before the block does not count, however late their enter event
        comes; one who enters and leaves within it does.

        Args:
            address: the number or SIP endpoint, in any spelling.
            call: the call, as `calls` names it; any call by default.

        Raises:
            InvalidArgumentError: the address is empty.
        """
        return self._expect(MemberChangeKind.ENTERED, address, call)

    def expect_exit(self, address: str, *, call: str | None = None) -> MemberExpectation:
        """Expect a member to leave a call, from the beginning of an `async with` block.

        The end of their call counts. With `call`, its end counts also for a member whose events
        were lost; the member then has no ID.

        Args:
            address: the number or SIP endpoint, in any spelling.
            call: the call, as `calls` names it; any call by default.

        Raises:
            InvalidArgumentError: the address is empty.
        """
        return self._expect(MemberChangeKind.EXITED, address, call)

    def expect_end(self, call: str) -> CallEndExpectation:
        """Expect a call to end; one that is known to have ended counts.

        A call ends when its `state` is reported, or when the last known member leaves, since a
        call without members is `Completed` (https://docs.plivo.com/docs/phlo/components-library).
        Members whose enter event is late, or from before tracking began, may still be on it.

        Args:
            call: the call, as `calls` names it.

        Raises:
            InvalidArgumentError: the call is empty.
        """
        if not call:
            raise InvalidArgumentError("call: give a call, e.g. `member.call`.")
        return CallEndExpectation(self._expectations, call)

    def changes(self) -> MemberChanges:
        """Return an asynchronous iterator over the changes of all calls, from now on.

        Each reader has an iterator of its own. A slow one gets one `RESET` instead of more than
        1,000 changes.
        """
        changes = MemberChanges()
        with self._lock:
            self._readers.add(changes)
        return changes

    # Who is on a call

    def members(self, call: str) -> tuple[TrackedMember, ...]:
        """Return the members of a call, in the order of their enter events.

        Args:
            call: the `conference_uuid`, or the conference's name where no ID was sent.
        """
        with self._lock:
            self._expire()
            conference = self._conferences.get(call)
            return tuple(conference.members.values()) if conference else ()

    def find(self, address: str) -> TrackedMember | None:
        """Return the member with an address; None if they are on no call.

        Args:
            address: the number or SIP endpoint, in any spelling. If it is on several calls, the
                one with the most recent event counts.
        """
        with self._lock:
            self._expire()
            for call in reversed(self._seen_at):
                for member in reversed(self._conferences[call].members.values()):
                    if same_address(member.address, address):
                        return member
        return None

    def calls(self) -> tuple[str, ...]:
        """Return the calls that have members, by ID or name; the oldest last event comes first."""
        with self._lock:
            self._expire()
            return tuple(call for call in self._seen_at if self._conferences[call].members)

    def forget(self, call: str) -> None:
        """Forget a call and its members; their later events make it known again.

        Args:
            call: the call, as `calls` names it; one that is not known is ignored.
        """
        with self._lock:
            self._forget(call)

    # Across a restart

    def snapshot(self) -> dict[str, Any]:
        """Return what is known as plain JSON values, for `restore`."""
        with self._lock:
            self._expire()
            now = self._clock()
            calls = [
                {**self._conferences[call].to_dict(), "idle": max(0.0, now - seen_at)}
                for call, seen_at in self._seen_at.items()
            ]
        return {"version": _SNAPSHOT_VERSION, "calls": calls}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Add what another tracker knew; what is known already stays known.

        It fulfils no expectation. Readers of `changes` get a `RESET`.

        Args:
            snapshot: what `snapshot` returned.

        Raises:
            InvalidArgumentError: it is something else, or of another version.
        """
        if snapshot.get("version") != _SNAPSHOT_VERSION:
            raise InvalidArgumentError("snapshot: give what `snapshot()` of this version returned.")
        with self._lock:
            now = self._clock()
            for values in snapshot["calls"]:
                call, seen_at = values["call"], now - values["idle"]
                conference = self._conferences.setdefault(
                    call, Conference(call, values["is_named"])
                )
                conference.merge(values)
                self._seen_at[call] = max(seen_at, self._seen_at.get(call, -math.inf))
            for call in sorted(self._seen_at, key=self._seen_at.__getitem__):
                self._seen_at.move_to_end(call)
            self._expire()
            self._publish(_RESET)

    def _expect(self, kind: MemberChangeKind, address: str, call: str | None) -> MemberExpectation:
        if not address:
            raise InvalidArgumentError("address: give a phone number or SIP endpoint.")
        return MemberExpectation(self._expectations, kind, address, call)

    def _conference(self, call: str, *, is_named: bool) -> Conference:
        conference = self._conferences.setdefault(call, Conference(call, is_named))
        self._seen_at[call] = self._clock()
        self._seen_at.move_to_end(call)
        self._expire()
        return conference

    def _expire(self) -> None:
        oldest = self._clock() - self._expire_after
        while self._seen_at:
            call, seen_at = next(iter(self._seen_at.items()))
            if seen_at >= oldest and len(self._seen_at) <= self._max_calls:
                break
            self._forget(call)

    def _forget(self, call: str) -> None:
        self._seen_at.pop(call, None)
        conference = self._conferences.pop(call, None)
        if conference is not None and conference.members:
            self._publish(_RESET)

    def _publish(self, change: MemberChange) -> None:
        for reader in self._readers:
            reader.put(change)
