"""The calls as a person wants to see them: who is where since when, what would end a transfer."""

from collections.abc import Iterable, Mapping

from .members import Call, Member, MemberState, Transfer, TransferKind, line_of

Since = Mapping[str, float]
"""When, by the wall clock, each line came into its state."""


def show_members(members: Iterable[Member], since: Since, now: float) -> list[dict[str, object]]:
    """Return members as plain data; `since` in Unix seconds, `seconds` how long that is ago."""
    return [_show(member, since.get(member.line, now), now) for member in members]


def _show(member: Member, since: float, now: float) -> dict[str, object]:
    return {
        "address": member.address,
        "role": member.role.value,
        "state": member.state.value,
        "muted": member.muted,
        "since": round(since, 3),
        "seconds": round(max(0.0, now - since), 3),
    }


def show_transfer(call: Call) -> dict[str, object] | None:
    """Return the transfer under way: its ends, the held, the private pair, and what ends it."""
    transfer = call.transfer
    if transfer is None:
        return None
    taker = call.find(transfer.taker)
    private = [m.address for m in call.members if m.state is MemberState.PRIVATE]
    return {
        "kind": transfer.kind.value,
        "giver": transfer.giver,
        "taker": transfer.taker,
        "taker_state": None if taker is None else taker.state.value,
        "held": list(transfer.held),
        "private": private,
        "ended_by": _endings(transfer, taker),
    }


def _endings(transfer: Transfer, taker: Member | None) -> list[dict[str, str]]:
    endings = []
    rings = taker is not None and taker.state is MemberState.RINGING
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
