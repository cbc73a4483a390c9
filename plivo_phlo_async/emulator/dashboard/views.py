"""The calls as a person wants to see them: who is where since when, what would end a transfer."""

from collections.abc import Callable, Iterable, Mapping

from ..calls.log_entry import LogEntry, Place
from ..calls.members import Call, Member, MemberState, Transfer, TransferKind, line_of
from ..calls.switchboard import Switchboard
from ..http.phlo_api import PhloRunner

Since = Mapping[str, float]
"""When, by the wall clock, each line came into its state."""


class Board:
    """What there is to see of a runner's calls; `wall` gives the seconds since 1970."""

    def __init__(
        self,
        runner: PhloRunner,
        switchboard: Switchboard,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._runner = runner
        self._switchboard = switchboard
        self._clock = clock
        self._wall = wall

    def state(self) -> dict[str, object]:
        """Return the live calls and the counts."""
        calls = [
            {**_where(place), "members": _plain(call), "transfer": _ends(call.transfer)}
            for place, call in self._switchboard.calls.items()
        ]
        return {"calls": calls, "dialled": dict(self._switchboard.dialled)}

    def calls(self) -> list[dict[str, object]]:
        """Return the live calls with their nodes' names, and since when each member is there."""
        now = self._wall()
        return [
            {
                **_where(place),
                "name": self._runner.node_name(place),
                "members": show_members(call.members, self._since(place), now),
                "transfer": show_transfer(call),
            }
            for place, call in self._switchboard.calls.items()
        ]

    def step(self, step: LogEntry, wall: float) -> dict[str, object]:
        """Return what a step changed at `wall`: the members not as they were, the transfer."""
        kept = {m.address: m for m in step.before.members}
        changed = [m for m in step.after.members if kept.get(m.address) != m]
        since = {} if step.moved else self._since(step.place)
        return {
            **_where(step.place),
            "ended": step.after.ended,
            "members": show_members(changed, since, wall),
            "transfer": show_transfer(step.after),
            "dialled": dict(self._switchboard.dialled) if step.by is not None else None,
        }

    def nodes(self) -> list[dict[str, object]]:
        """Return every node there is."""
        return [
            {
                "phlo_id": phlo.phlo_id,
                "phlo": phlo.name,
                "node_id": node.node_id,
                "node": node.name,
                "node_type": node.node_type.value,
            }
            for phlo in self._runner.phlos
            for node in phlo.nodes
        ]

    def phones(self) -> dict[str, dict[str, object]]:
        """Return the phones something was said about."""
        known = self._switchboard.phones.listed.items()
        return {to: {"does": phone.does.value, "after": phone.after} for to, phone in known}

    def _since(self, place: Place) -> Since:
        ago = self._wall() - self._clock()
        known = self._switchboard.since.get(place, {})
        return {line: at + ago for line, at in known.items()}


def _where(place: Place) -> dict[str, object]:
    return {"phlo_id": place[0], "node_id": place[1]}


def _plain(call: Call) -> list[dict[str, object]]:
    return [show_member(member) for member in call.members]


def _ends(transfer: Transfer | None) -> dict[str, object] | None:
    if transfer is None:
        return None
    return {"kind": transfer.kind.value, "giver": transfer.giver, "taker": transfer.taker}


def show_member(member: Member) -> dict[str, object]:
    """Return a member as plain data."""
    return {
        "address": member.address,
        "role": member.role.value,
        "state": member.state.value,
        "muted": member.muted,
    }


def show_members(members: Iterable[Member], since: Since, now: float) -> list[dict[str, object]]:
    """Return members as plain data; `since` in Unix seconds, `seconds` how long that is ago."""
    return [_show(member, since.get(member.line, now), now) for member in members]


def _show(member: Member, since: float, now: float) -> dict[str, object]:
    ago = round(max(0.0, now - since), 3)
    return {**show_member(member), "since": round(since, 3), "seconds": ago}


def show_transfer(call: Call) -> dict[str, object] | None:
    """Return the transfer under way: its ends, the held, the private pair, and what ends it."""
    transfer = call.transfer
    if transfer is None:
        return None
    taker = call.live(transfer.taker)
    private = [m.address for m in call.members if m.state is MemberState.PRIVATE]
    return {
        "kind": transfer.kind.value,
        "giver": transfer.giver,
        "taker": transfer.taker,
        "taker_state": taker.state.value,
        "held": list(transfer.held),
        "private": private,
        "ended_by": _endings(transfer, taker),
    }


def _endings(transfer: Transfer, taker: Member) -> list[dict[str, str]]:
    endings = []
    rings = taker.state is MemberState.RINGING
    if rings and transfer.kind is TransferKind.COLD:
        endings.append(("answer", transfer.taker, "the taker replaces the giver"))
    if rings:
        endings.append(("reject", transfer.taker, "everyone is as before"))
    if transfer.kind is TransferKind.WARM:
        endings.append(("resume_call", transfer.giver, "everyone is together"))
    endings.append(("abort_transfer", transfer.giver, "the taker leaves, the others are together"))
    endings.append(("hangup", transfer.giver, "the giver leaves, the held return"))
    endings.append(("hangup", transfer.taker, "the taker leaves, the held return"))
    return [{"action": action, "member": who, "then": then} for action, who, then in endings]


def concerned(before: Call, after: Call, address: str | None) -> tuple[list[Member], list[Member]]:
    """Return the members a step is about, before and after it: the changed, and `address`'s.

    A call of hundreds is not told again with every step.
    """
    line = None if address is None else line_of(address)
    were = {m.line: m for m in before.members}
    now = {m.line: m for m in after.members}
    about = [key for key in {**were, **now} if key == line or were.get(key) != now.get(key)]
    return [were[key] for key in about if key in were], [now[key] for key in about if key in now]
