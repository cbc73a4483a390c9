"""The switchboard: the live calls, the ringing phones, and a log of every step.

It does no I/O and knows no requests: `http.phlo_api` connects what requests ask for.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping

import attrs

from ..errors import InvalidState, MemberNotFound
from . import calls
from .log_entry import LogEntry, NodeKey
from .members import Call, CallMember, MemberRole, MemberState, canonical_address
from .phlos import Phone, PhoneBehaviour
from .phones import PhoneRegistry, PhoneSchedule, ScheduledAction

LOG_LIMIT = 1000
"""How many of the latest log entries are kept."""

Change = Callable[[Call], Call]
"""A step: takes a call and returns the next one, or raises a `CallError`."""


@attrs.frozen
class Snapshot:
    """What survives a restart; `ages` are the seconds that each address has been in its state."""

    calls: Mapping[NodeKey, Call]
    ages: Mapping[NodeKey, Mapping[str, float]]
    dialled: Mapping[str, int]
    phones: Mapping[str, Phone]


class Switchboard:
    """Keeps one live call per node, and rings the phone at each address.

    With `auto_join` a warm transfer brings everyone together
    when its target answers; `on_step` is called with every step. A call is dropped when its last
    member leaves (one live call per node is assumed). A step that raises changes nothing.
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
        self.calls: dict[NodeKey, Call] = {}
        self.dialled: Counter[str] = Counter()
        self.log: deque[LogEntry] = deque(maxlen=LOG_LIMIT)
        self.since: dict[NodeKey, dict[str, float]] = {}
        self.phones.reset()
        self._schedule = PhoneSchedule()
        self._spellings: dict[str, str] = {}
        self.steps: int = 0

    def snapshot(self) -> Snapshot:
        """Return what survives a restart."""
        now = self._clock()
        ages = {
            key: {address: now - at for address, at in since.items()}
            for key, since in self.since.items()
        }
        return Snapshot(dict(self.calls), ages, dict(self.dialled), self.phones.listed)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot; ringing phones then wait to be answered by hand."""
        now = self._clock()
        self.calls = dict(snapshot.calls)
        self.dialled = Counter(snapshot.dialled)
        self._spellings = {canonical_address(address): address for address in snapshot.dialled}
        self.since = {
            key: {address: now - age for address, age in ages.items()}
            for key, ages in snapshot.ages.items()
            if key in self.calls
        }
        self._schedule = PhoneSchedule()
        self.phones.restore(snapshot.phones)

    # What requests ask for

    def dial(
        self, api_id: str, node_key: NodeKey, verb: str, to: str, ring: Change, *, by: str
    ) -> None:
        """Take the step `ring` for `by`, let the phone at `to` react, and count it in `dialled`.

        `dialled` counts all spellings of an address under the one that was dialled first.
        """
        phone = self.phones.at(to)
        later = phone.automatic and phone.after > 0
        reaction = _unchanged if later else self._reaction(phone.does, to)
        self._take(api_id, node_key, verb, to, lambda current: reaction(ring(current)), by)
        if later:
            at = self._clock() + phone.after
            self._schedule.add(ScheduledAction(at, node_key, to, phone.does))

    def step(
        self, api_id: str | None, node_key: NodeKey, verb: str, address: str, change: Change
    ) -> None:
        """Apply `change` to the call at a node and log it; raises what `change` raises."""
        self._take(api_id, node_key, verb, address, change)

    # What people do

    def join(self, node_key: NodeKey, address: str, role: MemberRole) -> None:
        """A caller dials in as `role`; raises as `calls.join` does."""
        self.step(None, node_key, "join", address, lambda c: calls.join(c, address, role))

    def answer(self, address: str) -> None:
        """Answer the phone at `address` wherever it rings.

        Raises `MemberNotFound` if it rings nowhere, `InvalidState` if it never answers.
        """
        if self.phones.at(address).does is PhoneBehaviour.NEVER:
            raise InvalidState
        change = self._reaction(PhoneBehaviour.ANSWER, address)
        self._everywhere("answer", address, _is_ringing, change)

    def reject(self, address: str) -> None:
        """Reject the call at `address` wherever it rings; raises `MemberNotFound`."""
        self._everywhere("reject", address, _is_ringing, lambda c: calls.reject(c, address))

    def hang_up(self, address: str) -> None:
        """Hang up the phone at `address` in every call it is in; raises `MemberNotFound`."""
        self._everywhere("hang_up", address, _is_live, lambda c: calls.hang_up(c, address))

    def member(self, address: str) -> CallMember | None:
        """Return the live member at `address`, of the call opened first; None if in no call."""
        found = (current.find(address) for current in self.calls.values())
        return next((member for member in found if member is not None and member.live), None)

    def _everywhere(
        self, verb: str, address: str, concerned: Callable[[CallMember], bool], change: Change
    ) -> None:
        found = {key: current.find(address) for key, current in self.calls.items()}
        node_keys = [key for key, member in found.items() if member and concerned(member)]
        if not node_keys:
            raise MemberNotFound
        for node_key in node_keys:
            self.step(None, node_key, verb, address, change)

    # What phones do

    @property
    def seconds_until_due(self) -> float | None:
        """The seconds until the next ringing phone acts on its own; None for never."""
        action = self._schedule.next
        return None if action is None else max(0.0, action.at - self._clock())

    def tick(self) -> None:
        """Take every scheduled action that is due, in the order of their times."""
        while (action := self._schedule.next) is not None and action.at <= self._clock():
            change = self._reaction(action.does, action.address)
            verb = action.does.value
            self._take(None, action.node_key, verb, action.address, change, at=action.at)

    def _reaction(self, does: PhoneBehaviour, address: str) -> Change:
        match does:
            case PhoneBehaviour.ANSWER:
                return lambda ringing: calls.answer(ringing, address, auto_join=self._auto_join)
            case PhoneBehaviour.REJECT:
                return lambda ringing: calls.reject(ringing, address)
            case PhoneBehaviour.VOICEMAIL:
                return lambda ringing: calls.voicemail(ringing, address)
            case _:
                return _unchanged

    # A step

    def _take(
        self,
        api_id: str | None,
        node_key: NodeKey,
        verb: str,
        address: str,
        change: Change,
        by: str | None = None,
        *,
        at: float | None = None,
    ) -> None:
        before = self.calls.get(node_key, Call())
        after = change(before)
        self.steps += 1
        moment = (self.steps, self._clock() if at is None else at, api_id)
        entry = LogEntry(*moment, verb, address, *node_key, before, after, by)
        self.log.append(entry)
        if by is not None:
            self.dialled[self._spellings.setdefault(canonical_address(address), address)] += 1
        self._store(entry)
        self._on_step(entry)

    def _store(self, entry: LogEntry) -> None:
        node_key, after = entry.node_key, entry.after
        if after.ended:
            self.calls.pop(node_key, None)
            self.since.pop(node_key, None)
        else:
            self.calls[node_key] = after
            since = self.since.setdefault(node_key, {})
            since.update((member.canonical_address, entry.at) for member in entry.changed_members)
        self._schedule.discard_answered(node_key, after)


def _unchanged(current: Call) -> Call:
    return current


def _is_ringing(member: CallMember) -> bool:
    return member.state is MemberState.RINGING


def _is_live(member: CallMember) -> bool:
    return member.live
