"""The multi-party call as a state machine: each function takes a call and returns the next one.

Nothing here waits, dials or remembers: a refused step raises, and the call it was given stays as
it was. `call` and the two transfers leave the dialled member `ringing`; what its phone then does
arrives as `answer`, `reject` or `voicemail`.

Plivo says what each action is for, not what it does in every state; readings of ours are marked
"assumed". Every function raises `NotHere` for a member that is unknown or has left, and `NotNow`
for a step that the call's present state does not allow.
"""

import attrs

from ..errors import NotNow
from .members import Call, Member, MemberState, Role
from .transfers import connect, give_up

# Actions on the call


def call(current: Call, trigger_source: str, to: str, role: Role = Role.AGENT) -> Call:
    """Ring `to` into the call as `role`, opening the call when nobody is in it.

    Assumed: an unknown `trigger_source` joins as an agent; one that has left this call is
    `NotHere`; dialling oneself, or a member that is live, is `NotNow`.
    """
    opened = Call() if current.ended else current
    if opened.find(trigger_source) is None:
        opened = opened.seat(Member(trigger_source, Role.AGENT, MemberState.IN_CALL))
    opened.live(trigger_source)
    return opened.ring(to, role)


# Actions on one member


def hold(current: Call, address: str) -> Call:
    """Put a member on hold; a member already on hold stays so (assumed).

    Assumed: a ringing member, one at voicemail and one talking apart cannot be held: `NotNow`.
    """
    member = _in_reach(current, address)
    return current.move(MemberState.ON_HOLD, lambda m: m == member)


def unhold(current: Call, address: str) -> Call:
    """Take a member off hold; a member already in the call stays so (assumed).

    Assumed: what cannot be held cannot be unheld, and no customer comes off hold while two
    members talk apart, or the customer would come into a call its agents have left: `NotNow`.
    """
    member = _in_reach(current, address)
    if member.role is Role.CUSTOMER and current.talking_apart:
        raise NotNow
    return current.move(MemberState.IN_CALL, lambda m: m == member)


def hangup(current: Call, address: str) -> Call:
    """Disconnect a member, ringing or not.

    A transfer ends with its giver or its taker: the held return, and the end that remains of a
    private talk is `in_call`. Assumed: a taker whose giver has gone rings on and later joins.
    """
    gone = current.live(address)
    after = current.move(MemberState.LEFT, lambda m: m == gone)
    if after.transfer is None:
        return after
    if gone.address in (after.transfer.giver, after.transfer.taker):
        return give_up(after, after.transfer)
    still = tuple(held for held in after.transfer.held if held != gone.address)
    return after.with_transfer(attrs.evolve(after.transfer, held=still))


def voicemail_drop(current: Call, address: str) -> Call:
    """Play the message to a member at `voicemail`, who then leaves (assumed).

    Dropping it on a transfer's taker ends the transfer, as `hangup` does. A member that is not at
    voicemail is `NotNow`.
    """
    if current.live(address).state is not MemberState.VOICEMAIL:
        raise NotNow
    return hangup(current, address)


def mute(current: Call, address: str) -> Call:
    """Mute a live member; undocumented for multi-party calls, repeatable (assumed)."""
    return current.seat(attrs.evolve(current.live(address), muted=True))


def unmute(current: Call, address: str) -> Call:
    """Unmute a live member; undocumented for multi-party calls, repeatable (assumed)."""
    return current.seat(attrs.evolve(current.live(address), muted=False))


# What the phones do


def answer(current: Call, address: str, *, auto_join: bool = False) -> Call:
    """A ringing phone is picked up.

    A cold transfer's taker replaces its giver. A warm transfer's taker and giver talk apart,
    customers who are `in_call` by then being held as well; with `auto_join` everyone is together
    at once and the transfer is over. Anyone else joins; assumed: a customer who does so during a
    private talk goes on hold until it ends. A phone that is not ringing is `NotNow`.
    """
    member = _ringing(current, address)
    transfer = current.transfer
    if transfer is None or member.address != transfer.taker:
        return _enter(current, member)
    return connect(current, transfer, auto_join=auto_join)


def reject(current: Call, address: str) -> Call:
    """A ringing phone is declined, or rings out: the member leaves, a transfer to it is off.

    Assumed: those held for the transfer return to its giver. A phone that is not ringing is
    `NotNow`.
    """
    return hangup(current, _ringing(current, address).address)


def voicemail(current: Call, address: str) -> Call:
    """A machine picks up a ringing phone.

    Assumed: a transfer to it stays under way until it is aborted or the machine is hung up on. A
    phone that is not ringing is `NotNow`.
    """
    return current.seat(attrs.evolve(_ringing(current, address), state=MemberState.VOICEMAIL))


def hang_up(current: Call, address: str) -> Call:
    """A member puts the phone down: the same as being disconnected by `hangup`."""
    return hangup(current, address)


def join(current: Call, address: str, role: Role = Role.CUSTOMER) -> Call:
    """A caller dials in, opening the call when nobody is in it.

    Assumed: a customer who comes during a private talk goes on hold; one who is already live is
    `NotNow`; one who has left this call is `NotHere`, coming back only by being dialled.
    """
    opened = Call() if current.ended else current
    if opened.find(address) is None:
        return _enter(opened, Member(address, role, MemberState.IN_CALL))
    opened.live(address)
    raise NotNow


# The steps they share


def _ringing(current: Call, address: str) -> Member:
    member = current.live(address)
    if member.state is not MemberState.RINGING:
        raise NotNow
    return member


def _in_reach(current: Call, address: str) -> Member:
    member = current.live(address)
    if member.state not in (MemberState.IN_CALL, MemberState.ON_HOLD):
        raise NotNow
    return member


def _enter(current: Call, member: Member) -> Call:
    if current.transfer is None or not current.talking_apart or member.role is not Role.CUSTOMER:
        return current.seat(attrs.evolve(member, state=MemberState.IN_CALL))
    waiting = current.seat(attrs.evolve(member, state=MemberState.ON_HOLD))
    held = (*current.transfer.held, member.address)
    return waiting.with_transfer(attrs.evolve(current.transfer, held=held))
