"""The calls as plain data for people: each member's state and since when, what ends a transfer."""

from collections.abc import Callable, Iterable, Mapping

from ..calls.log_entry import LogEntry
from ..calls.members import (
    Call,
    CallMember,
    EndedCall,
    MemberState,
    Transfer,
    TransferKind,
)
from ..calls.switchboard import Switchboard
from ..http.phlo_api import PhloApi

Since = Mapping[str, float]
"""When, in seconds since 1970, each address entered its state."""


class DashboardViews:
    """Views of the calls of an API and of its requests; `wall` gives the seconds since 1970."""

    def __init__(
        self,
        api: PhloApi,
        switchboard: Switchboard,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._api = api
        self._switchboard = switchboard
        self._clock = clock
        self._wall = wall

    def state(self) -> dict[str, object]:
        """Return the live calls and the counts."""
        calls = [
            {
                **_describe_ids(call),
                "members": [describe_member(member) for member in call.members],
                "transfer": _describe_ends(call.transfer),
            }
            for call in self._switchboard.calls.values()
        ]
        return {"calls": calls, "dialled": dict(self._switchboard.dialled)}

    def dashboard(self) -> dict[str, object]:
        """Return the calls, the nodes and the phones, with the time and the counts."""
        return {
            "now": round(self._wall(), 3),
            "calls": self.calls(),
            "ended": self.ended(),
            "nodes": self.nodes(),
            "phones": self._switchboard.phones.describe(),
            "default_phone": str(self._switchboard.phones.default),
            "dialled": dict(self._switchboard.dialled),
        }

    def calls(self) -> list[dict[str, object]]:
        """Return the live calls with the names of their nodes, and the times of their members."""
        now, offset = self._wall(), self._offset()
        return [
            {
                **_describe_ids(call),
                "name": self._api.node_name(call.node_key),
                "opened": round(self._switchboard.opened_at[call.call_id] + offset, 3),
                "members": _describe_members(call.roster, self._since(call, call.roster), now),
                "transfer": describe_transfer(call),
            }
            for call in self._switchboard.calls.values()
        ]

    def ended(self) -> list[dict[str, object]]:
        """Return the calls that ended last, the latest first, with when they opened and ended."""
        offset = self._offset()
        return [self._describe_ended(one, offset) for one in reversed(self._switchboard.ended)]

    def _describe_ended(self, one: EndedCall, offset: float) -> dict[str, object]:
        return {
            **_describe_ids(one.call),
            "name": self._api.node_name(one.call.node_key),
            "opened": round(one.opened_at + offset, 3),
            "ended": round(one.ended_at + offset, 3),
            "members": [describe_member(member) for member in one.call.members],
        }

    def step(self, step: LogEntry, wall: float) -> dict[str, object]:
        """Return what a step changed at `wall`: the members that changed, and the transfer."""
        changed = [member for _, member in step.after.changes(step.before)]
        since = {} if step.changed_members else self._since(step.after, changed)
        return {
            **_describe_ids(step.after),
            "at": round(wall, 3),
            "ended": step.after.ended,
            "members": _describe_members(changed, since, wall),
            "transfer": describe_transfer(step.after),
            "dialled": None if step.by is None else self._switchboard.dialled_at(step.address),
        }

    def nodes(self) -> list[dict[str, object]]:
        """Return every node."""
        return [
            {
                "phlo_id": phlo.phlo_id,
                "phlo": phlo.name,
                "node_id": node.node_id,
                "node": node.name,
                "node_type": node.node_type.value,
            }
            for phlo in self._api.phlos
            for node in phlo.nodes
        ]

    def _offset(self) -> float:
        """The seconds from the clock to the time since 1970."""
        return self._wall() - self._clock()

    def _since(self, call: Call, members: Iterable[CallMember]) -> Since:
        offset = self._offset()
        since = self._switchboard.since.get(call.call_id, {})
        addresses = (member.canonical_address for member in members)
        return {address: since[address] + offset for address in addresses if address in since}


def describe_member(member: CallMember) -> dict[str, object]:
    """Return a member as plain data."""
    return {
        "address": member.address,
        "role": member.role.value,
        "state": member.state.value,
        "muted": member.muted,
    }


def describe_transfer(call: Call) -> dict[str, object] | None:
    """Return the transfer in progress: its ends, who is held or consulting, and what ends it."""
    transfer = call.transfer
    if transfer is None:
        return None
    target = call.live(transfer.target)
    members = call.roster if call.consulting else ()
    consulting = [m.address for m in members if m.state is MemberState.CONSULTING]
    return {
        "kind": transfer.kind.value,
        "transferor": transfer.transferor,
        "target": transfer.target,
        "target_state": target.state.value,
        "held": list(transfer.held),
        "consulting": consulting,
        "ended_by": _endings(transfer, target),
    }


def changed_members(
    before: Call, after: Call, address: str | None
) -> tuple[list[CallMember], list[CallMember]]:
    """Return the members that a step changed, and the one at `address`, before and after it.

    The others are left out: a call may have hundreds.
    """
    pairs = list(after.roster.changes(before.roster))
    if address is not None:
        one = before.find(address), after.find(address)
        pairs += [one] if one not in pairs else []
    old, new = zip(*pairs, strict=True) if pairs else ((), ())
    return [m for m in old if m is not None], [m for m in new if m is not None]


def _describe_ids(call: Call) -> dict[str, object]:
    return {"call_id": call.call_id, "phlo_id": call.phlo_id, "node_id": call.node_id}


def _describe_ends(transfer: Transfer | None) -> dict[str, object] | None:
    if transfer is None:
        return None
    ends = {"transferor": transfer.transferor, "target": transfer.target}
    return {"kind": transfer.kind.value, **ends}


def _describe_members(
    members: Iterable[CallMember], since: Since, now: float
) -> list[dict[str, object]]:
    described = []
    for member in members:
        at = since.get(member.canonical_address, now)
        seconds = round(max(0.0, now - at), 3)
        described.append({**describe_member(member), "since": round(at, 3), "seconds": seconds})
    return described


def _endings(transfer: Transfer, target: CallMember) -> list[dict[str, str]]:
    endings = []
    rings = target.state is MemberState.RINGING
    if rings and transfer.kind is TransferKind.COLD:
        endings.append(("answer", transfer.target, "the target replaces the transferor"))
    if rings:
        endings.append(("reject", transfer.target, "everyone is as before"))
    if transfer.kind is TransferKind.WARM:
        endings.append(("resume_call", transfer.transferor, "everyone is together"))
    left = "the target leaves, the others are together"
    endings.append(("abort_transfer", transfer.transferor, left))
    endings.append(("hangup", transfer.transferor, "the transferor leaves, the held return"))
    endings.append(("hangup", transfer.target, "the target leaves, the held return"))
    return [{"action": action, "member": who, "then": then} for action, who, then in endings]
