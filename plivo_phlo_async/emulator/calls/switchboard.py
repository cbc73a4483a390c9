"""The switchboard: the live calls, the ringing phones, and a log of every step.

It does no I/O and knows no requests: `http.phlo_api` connects what requests ask for.
"""

import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from functools import partial

import attrs

from ..errors import InvalidState, MemberNotFound
from . import transitions
from .log_entry import LogEntry
from .members import (
    Call,
    CallMember,
    EndedCall,
    MemberRole,
    MemberState,
    NodeKey,
    canonical_address,
)
from .phlos import Phone, PhoneBehaviour
from .phones import PhoneRegistry, PhoneSchedule, ScheduledAction

LOG_LIMIT = 1000
"""How many of the latest log entries are kept."""

ENDED_LIMIT = 20
"""How many of the calls that ended last are kept."""

Change = Callable[[Call], Call]
"""A step: takes a call and returns the next one, or raises a `CallError`."""


def new_call_id() -> str:
    """Return a new id of a call, a UUID as Plivo's."""
    return str(uuid.uuid4())


@attrs.frozen
class Snapshot:
    """What survives a restart, by the ids of the calls.

    `ages` are the seconds that each address has been in its state, `lasted` those that each call
    has lasted; `flow_runs` are the runs of flows, as JSON data.
    """

    calls: Mapping[str, Call]
    ages: Mapping[str, Mapping[str, float]]
    dialled: Mapping[str, int]
    phones: Mapping[str, Phone]
    lasted: Mapping[str, float] = attrs.field(factory=dict)
    flow_runs: Mapping[str, object] = attrs.field(factory=dict)


class Switchboard:
    """Keeps the live calls of every node, and rings the phone at each address.

    With `auto_join` a warm transfer brings everyone together when its target answers; `on_step` is
    called with every step. A call ends when its last member leaves; `ended` keeps the latest. A
    step that raises changes nothing.

    An action finds its call by a member: the call at the node that the member is in, and the one
    opened last where it is in several (assumed).
    """

    def __init__(
        self,
        phones: PhoneRegistry,
        *,
        clock: Callable[[], float],
        auto_join: bool = False,
        on_step: Callable[[LogEntry], None],
    ) -> None:
        self._clock = clock
        self._auto_join = auto_join
        self._on_step = on_step
        self.phones: PhoneRegistry = phones
        self.reset()

    def reset(self) -> None:
        """Drop every call, count and log entry, and restore the initial phones."""
        self._drop_calls()
        self.dialled: Counter[str] = Counter()
        self.log: deque[LogEntry] = deque(maxlen=LOG_LIMIT)
        self.phones.reset()
        self._spellings: dict[str, str] = {}
        self.steps: int = 0

    def _drop_calls(self) -> None:
        self.calls: dict[str, Call] = {}
        self.ended: deque[EndedCall] = deque(maxlen=ENDED_LIMIT)
        self.since: dict[str, dict[str, float]] = {}
        self.opened_at: dict[str, float] = {}
        self._schedule = PhoneSchedule()
        # By address, the ids of the calls that it is live in: one call of many is found at once.
        self._memberships: dict[str, set[str]] = {}
        self._order: dict[str, int] = {}
        self._opened = 0

    def snapshot(self) -> Snapshot:
        """Return what survives a restart."""
        now = self._clock()
        ages = {
            call_id: {address: now - at for address, at in since.items()}
            for call_id, since in self.since.items()
        }
        lasted = {call_id: now - at for call_id, at in self.opened_at.items()}
        return Snapshot(dict(self.calls), ages, dict(self.dialled), self.phones.listed, lasted)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot; ringing phones then wait to be answered by hand."""
        now = self._clock()
        self._drop_calls()
        for call in snapshot.calls.values():
            self._store(call, call.members, now)
        self.since |= {
            call_id: {address: now - age for address, age in ages.items()}
            for call_id, ages in snapshot.ages.items()
            if call_id in self.calls
        }
        self.opened_at |= {
            call_id: now - seconds
            for call_id, seconds in snapshot.lasted.items()
            if call_id in self.calls
        }
        self.dialled = Counter(snapshot.dialled)
        self._spellings = {canonical_address(address): address for address in snapshot.dialled}
        self.phones.restore(snapshot.phones)

    # Which call

    def find(self, node_key: NodeKey, address: str) -> Call | None:
        """Return the call at a node that an address is live in, the one opened last."""
        found = [call for call in self._calls_of(address) if call.node_key == node_key]
        return found[-1] if found else None

    def latest(self, node_key: NodeKey) -> Call | None:
        """Return the call at a node that was opened last, None for none."""
        at_node = (call for call in reversed(self.calls.values()) if call.node_key == node_key)
        return next(at_node, None)

    def new_call(self, node_key: NodeKey) -> Call:
        """Return a call that is not open yet; its first step opens it."""
        phlo_id, node_id = node_key
        return Call(call_id=new_call_id(), phlo_id=phlo_id, node_id=node_id)

    def member(self, address: str) -> CallMember | None:
        """Return the live member at `address`, of the call opened last; None if in no call."""
        found = self._calls_of(address)
        return found[-1].live(address) if found else None

    def _calls_of(self, address: str) -> list[Call]:
        """Return the calls that an address is live in, in the order they were opened."""
        call_ids = self._memberships.get(canonical_address(address), ())
        return [self.calls[call_id] for call_id in sorted(call_ids, key=self._order.__getitem__)]

    def dialled_at(self, address: str) -> dict[str, int]:
        """Return how often an address was dialled, by the spelling that was dialled first."""
        spelling = self._spellings.get(canonical_address(address), address)
        return {spelling: self.dialled[spelling]}

    # What requests ask for

    def dial(
        self, api_id: str, node_key: NodeKey, verb: str, to: str, ring: Change, *, by: str
    ) -> None:
        """Take the step `ring` in the call of `by`, and let the phone at `to` react.

        Where `by` is in no call, `ring` gets a new one. `dialled` counts all spellings of an
        address under the one that was dialled first.
        """
        current = self.find(node_key, by) or self.new_call(node_key)
        phone = self.phones.ring(to)
        later = phone.automatic and phone.after > 0
        reaction = _unchanged if later else self._reaction(phone.does, to)
        self._take(api_id, current, verb, to, lambda call: reaction(ring(call)), by)
        if later:
            self._react_later(current, to, phone)

    def _react_later(self, current: Call, to: str, phone: Phone) -> None:
        at = self._clock() + phone.after
        self._schedule.add(ScheduledAction(at, current.call_id, to, phone.does))

    def invite(self, current: Call, to: str, role: MemberRole, *, by: str) -> None:
        """Ring one more phone into a call; raises as `Call.ring` does.

        It reacts in a step of its own, even at once: so all of several phones ring before the first
        one that rejects could end the call.
        """
        phone = self.phones.ring(to)
        self._take(None, current, "call", to, lambda call: transitions.invite(call, to, role), by)
        if phone.automatic:
            self._react_later(current, to, phone)

    def count_dial(self, address: str) -> None:
        """Count that an address was dialled."""
        self.dialled[self._spellings.setdefault(canonical_address(address), address)] += 1

    def step(self, api_id: str, node_key: NodeKey, verb: str, address: str, change: Change) -> None:
        """Apply `change` to the call of `address` and log it; raises what `change` raises."""
        current = self.find(node_key, address)
        if current is None:
            raise MemberNotFound(f"{address} is in no call at this node, or has left it.")
        self._take(api_id, current, verb, address, change)

    # What people do

    def join(self, current: Call, address: str, role: MemberRole, *, again: bool = False) -> None:
        """A caller dials in to a call as `role`; raises as `transitions.join` does."""
        change = partial(transitions.join, address=address, role=role, again=again)
        self._take(None, current, "join", address, change)

    def mute(self, call_id: str, address: str) -> None:
        """Mute a member of a call; raises as `transitions.mute` does."""
        change = partial(transitions.mute, address=address)
        self._take(None, self.calls[call_id], "mute", address, change)

    def answer(self, address: str, call_id: str | None = None) -> None:
        """Answer the phone at `address` wherever it rings, or only in one call.

        Raises `MemberNotFound` if it rings nowhere, `InvalidState` if it never answers.
        """
        if self.phones.at(address).does is PhoneBehaviour.NEVER:
            raise InvalidState(f"The phone at {address} never answers.")
        change = self._reaction(PhoneBehaviour.ANSWER, address)
        self._everywhere("answer", address, _is_ringing, change, call_id)

    def reject(self, address: str, call_id: str | None = None) -> None:
        """Reject the call at `address` as `answer` does; raises `MemberNotFound`."""
        change = partial(transitions.reject, address=address)
        self._everywhere("reject", address, _is_ringing, change, call_id)

    def hang_up(self, address: str, call_id: str | None = None) -> None:
        """Hang up the phone at `address` in every call, or only in one; raises `MemberNotFound`."""
        change = partial(transitions.hang_up, address=address)
        self._everywhere("hang_up", address, _is_live, change, call_id)

    def _everywhere(
        self,
        verb: str,
        address: str,
        concerned: Callable[[CallMember], bool],
        change: Change,
        call_id: str | None,
    ) -> None:
        found = [call for call in self._calls_of(address) if call_id in (None, call.call_id)]
        found = [call for call in found if concerned(call.live(address))]
        if not found:
            where = "in no call" if concerned is _is_live else "not ringing"
            raise MemberNotFound(f"{address} is {where}.")
        for call in found:
            # A flow that has gone on after one call may have changed the next.
            current = self.calls.get(call.call_id)
            member = None if current is None else current.find(address)
            if current is not None and member is not None and concerned(member):
                self._take(None, current, verb, address, change)

    # What phones do

    @property
    def due(self) -> float | None:
        """When the next ringing phone acts on its own, by the clock; None for never."""
        action = self._schedule.next
        return None if action is None else action.at

    def tick(self) -> None:
        """Take the next scheduled action; `due` is not None."""
        action = self._schedule.next
        assert action is not None
        change = self._reaction(action.does, action.address)
        current = self.calls[action.call_id]
        self._take(None, current, action.does.value, action.address, change, at=action.at)

    def _reaction(self, does: PhoneBehaviour, address: str) -> Change:
        match does:
            case PhoneBehaviour.ANSWER:
                return lambda ringing: transitions.answer(
                    ringing, address, auto_join=self._auto_join
                )
            case PhoneBehaviour.REJECT | PhoneBehaviour.INVALID:
                return lambda ringing: transitions.reject(ringing, address)
            case PhoneBehaviour.VOICEMAIL:
                return lambda ringing: transitions.voicemail(ringing, address)
            case _:
                return _unchanged

    # A step

    def _take(
        self,
        api_id: str | None,
        before: Call,
        verb: str,
        address: str,
        change: Change,
        by: str | None = None,
        *,
        at: float | None = None,
    ) -> None:
        after = change(before)
        self.steps += 1
        now = self._clock() if at is None else at
        entry = LogEntry(self.steps, now, api_id, verb, address, before, after, by)
        self.log.append(entry)
        if by is not None:
            self.count_dial(address)
        self._store(after, entry.changed_members, now)
        self._on_step(entry)

    def _store(self, after: Call, changed: tuple[CallMember, ...], now: float) -> None:
        call_id = after.call_id
        for member in changed:
            call_ids = self._memberships.setdefault(member.canonical_address, set())
            (call_ids.add if member.live else call_ids.discard)(call_id)
            if not call_ids:
                del self._memberships[member.canonical_address]
            if member.state is not MemberState.RINGING:
                self._schedule.discard(call_id, member.canonical_address)
        opened_at = self.opened_at.setdefault(call_id, now)
        if after.ended:
            self.ended.append(EndedCall(after, opened_at, now))
            for by_call in (self.calls, self.since, self.opened_at, self._order):
                by_call.pop(call_id, None)
        else:
            self._opened += call_id not in self.calls
            self._order.setdefault(call_id, self._opened)
            self.calls[call_id] = after
            since = self.since.setdefault(call_id, {})
            since.update((member.canonical_address, now) for member in changed)


def _unchanged(current: Call) -> Call:
    return current


def _is_ringing(member: CallMember) -> bool:
    return member.state is MemberState.RINGING


def _is_live(member: CallMember) -> bool:
    return member.live
