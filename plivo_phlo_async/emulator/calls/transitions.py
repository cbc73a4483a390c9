"""The multi-party call as a state machine: each function takes a call and returns the next one.

Nothing here waits, dials or keeps state: a step that is not possible raises, and the call it was
given stays unchanged. `call` and the two transfers leave the dialled member `ringing`; what its
phone then does arrives as `answer`, `reject` or `voicemail`.

Plivo documents what each action is for, not what it does in every state; our own readings are
marked "assumed". Every function raises `MemberNotFound` for a member who is unknown or has left,
and `InvalidState` for a step that the present state of the call does not allow.
"""

import attrs

from ..errors import InvalidState
from .members import Call, CallMember, MemberRole, MemberState
from .transfers import cancel, connect

# Actions on the call


def call(current: Call, trigger_source: str, to: str, role: MemberRole = MemberRole.AGENT) -> Call:
    """Ring `to` into the call as `role`; open the call if it has no live member.

    Assumed: an unknown `trigger_source` joins as an agent; one who has left this call is
    `MemberNotFound`; dialling oneself, or a member who is live, is `InvalidState`.
    """
    opened = _opened(current)
    if opened.find(trigger_source) is None:
        agent = CallMember(trigger_source, MemberRole.AGENT, MemberState.IN_CALL)
        opened = opened.with_member(agent)
    opened.live(trigger_source)
    return opened.ring(to, role)


# Actions on one member


def hold(current: Call, address: str) -> Call:
    """Put a member on hold; a member already on hold stays on hold (assumed).

    Assumed: a member who is ringing, at voicemail or consulting cannot be held: `InvalidState`.
    """
    member = _holdable(current, address)
    return current.with_member(attrs.evolve(member, state=MemberState.ON_HOLD))


def unhold(current: Call, address: str) -> Call:
    """Take a member off hold; a member already in the call stays in the call (assumed).

    Assumed: a member who cannot be held cannot be unheld. A customer stays on hold while two
    members consult, since no agent is left in the call: `InvalidState`.
    """
    member = _holdable(current, address)
    if member.role is MemberRole.CUSTOMER and current.consulting:
        waits = f"{address} is a customer, and waits while two members consult"
        raise InvalidState(f"{waits}; resume_call or abort_transfer first.")
    return current.with_member(attrs.evolve(member, state=MemberState.IN_CALL))


def hangup(current: Call, address: str) -> Call:
    """Disconnect a member, ringing or not.

    A transfer ends when its transferor or its target leaves: the members it held return, and the
    other end of a consultation is `in_call`. Assumed: the target rings on and joins if the
    transferor leaves first.
    """
    leaving = current.live(address)
    after = current.with_member(attrs.evolve(leaving, state=MemberState.LEFT))
    if after.transfer is None:
        return after
    if leaving.address in (after.transfer.transferor, after.transfer.target):
        return cancel(after, after.transfer)
    held = tuple(held for held in after.transfer.held if held != leaving.address)
    return after.with_transfer(attrs.evolve(after.transfer, held=held))


def voicemail_drop(current: Call, address: str) -> Call:
    """Play the message to a member at `voicemail`, who then leaves (assumed).

    On the target of a transfer it ends the transfer, as `hangup` does. A member who is not at
    voicemail is `InvalidState`.
    """
    member = current.live(address)
    if member.state is not MemberState.VOICEMAIL:
        raise InvalidState(f"{address} is {member.state}; voicemail_drop needs a voicemail.")
    return hangup(current, address)


def mute(current: Call, address: str) -> Call:
    """Mute a live member; undocumented for multi-party calls, repeatable (assumed)."""
    return current.with_member(attrs.evolve(current.live(address), muted=True))


def unmute(current: Call, address: str) -> Call:
    """Unmute a live member; undocumented for multi-party calls, repeatable (assumed)."""
    return current.with_member(attrs.evolve(current.live(address), muted=False))


# What the phones do


def answer(current: Call, address: str, *, auto_join: bool = False) -> Call:
    """A ringing phone is answered.

    The target of a transfer is connected as `transfers.connect` says. Anyone else joins; assumed:
    a customer who joins during a consultation goes on hold until it ends. A phone that is not
    ringing is `InvalidState`.
    """
    member = _ringing(current, address)
    transfer = current.transfer
    if transfer is None or member.address != transfer.target:
        return _enter(current, member)
    return connect(current, transfer, auto_join=auto_join)


def reject(current: Call, address: str) -> Call:
    """A ringing phone is rejected, or rings out: the member leaves, a transfer to it ends.

    Assumed: the members held for the transfer return to its transferor. A phone that is not
    ringing is `InvalidState`.
    """
    return hangup(current, _ringing(current, address).address)


def voicemail(current: Call, address: str) -> Call:
    """A machine answers a ringing phone.

    Assumed: a transfer to it stays in progress until it is aborted or the machine is hung up. A
    phone that is not ringing is `InvalidState`.
    """
    member = attrs.evolve(_ringing(current, address), state=MemberState.VOICEMAIL)
    return current.with_member(member)


def hang_up(current: Call, address: str) -> Call:
    """A member hangs up: the same as being disconnected by `hangup`."""
    return hangup(current, address)


def join(
    current: Call, address: str, role: MemberRole = MemberRole.CUSTOMER, *, again: bool = False
) -> Call:
    """A caller dials in; opens the call if it has no live member.

    Assumed: a customer who dials in during a consultation goes on hold; one who is already live is
    `InvalidState`; one who has left this call is `MemberNotFound` and returns only when dialled,
    or with `again`.
    """
    opened = _opened(current)
    known = opened.find(address)
    if known is None or (again and not known.live):
        return _enter(opened, CallMember(address, role, MemberState.IN_CALL))
    raise InvalidState(f"{address} is in the call already: {opened.live(address).state}.")


def invite(current: Call, to: str, role: MemberRole) -> Call:
    """A phone rings into the call; opens the call if it has no live member.

    A member that is live already is `InvalidState`.
    """
    return _opened(current).ring(to, role)


def _opened(current: Call) -> Call:
    return attrs.evolve(current, members=(), transfer=None) if current.ended else current


def _ringing(current: Call, address: str) -> CallMember:
    member = current.live(address)
    if member.state is not MemberState.RINGING:
        raise InvalidState(f"{address} is {member.state}, not ringing.")
    return member


def _holdable(current: Call, address: str) -> CallMember:
    member = current.live(address)
    if member.state is MemberState.CONSULTING:
        raise InvalidState(f"{address} is consulting; resume_call or abort_transfer first.")
    if member.state not in (MemberState.IN_CALL, MemberState.ON_HOLD):
        raise InvalidState(f"{address} is {member.state}, neither in_call nor on_hold.")
    return member


def _enter(current: Call, member: CallMember) -> Call:
    waits = current.consulting and member.role is MemberRole.CUSTOMER
    if current.transfer is None or not waits:
        return current.with_member(attrs.evolve(member, state=MemberState.IN_CALL))
    waiting = current.with_member(attrs.evolve(member, state=MemberState.ON_HOLD))
    held = (*current.transfer.held, member.address)
    return waiting.with_transfer(attrs.evolve(current.transfer, held=held))
