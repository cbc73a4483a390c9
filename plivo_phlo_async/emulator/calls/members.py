"""A multi-party call as values: its members, the transfer in progress, the call itself."""

from collections.abc import Callable, Iterable
from enum import StrEnum

import attrs

from ..errors import InvalidState, MemberNotFound
from .roster import Roster, roster_of

NodeKey = tuple[str, str]
"""The ids of a PHLO and of one of its nodes."""


class MemberState(StrEnum):
    """The state of a member.

    The two ends of a warm transfer are `CONSULTING` while they talk to each other alone. At
    `VOICEMAIL`, a machine has answered.
    """

    RINGING = "ringing"
    IN_CALL = "in_call"
    ON_HOLD = "on_hold"
    CONSULTING = "consulting"
    VOICEMAIL = "voicemail"
    LEFT = "left"


class MemberRole(StrEnum):
    """The role of a member."""

    AGENT = "agent"
    CUSTOMER = "customer"


class TransferKind(StrEnum):
    """The kind of a transfer.

    In a warm transfer the two agents consult first. In a cold one the transferor leaves when the
    target answers.
    """

    WARM = "warm"
    COLD = "cold"


def canonical_address(address: str) -> str:
    """Return the form that all spellings of an address share: without one leading `+` (assumed)."""
    return address.removeprefix("+")


@attrs.frozen
class CallMember:
    """One party of a call.

    Attributes:
        address: the number or endpoint, as first spelled.
        role: the role in the call.
        state: the present state.
        muted: whether the member is muted.
        canonical_address: the form that all spellings of the address share.
    """

    address: str
    role: MemberRole
    state: MemberState
    muted: bool = False
    canonical_address: str = attrs.field(init=False, repr=False, eq=False)

    @canonical_address.default
    def _canonical_address(self) -> str:
        return canonical_address(self.address)

    @property
    def live(self) -> bool:
        """Whether the member has not left; a ringing phone is live."""
        return self.state is not MemberState.LEFT


@attrs.frozen
class Transfer:
    """A transfer in progress.

    Attributes:
        kind: warm or cold.
        transferor: the address of the member who transfers the call.
        target: the address of the member who receives it.
        held: the addresses of the members put on hold for it.
    """

    kind: TransferKind
    transferor: str
    target: str
    held: tuple[str, ...] = ()


def _as_roster(members: Iterable[CallMember]) -> Roster[CallMember]:
    return roster_of(members)


@attrs.frozen
class Call:
    """A multi-party call.

    Attributes:
        roster: all present and former members, in the order they came; the argument is `members`.
        transfer: the transfer in progress, None for none.
        call_id: the id of the call, which its webhooks have as `conference_uuid`.
        phlo_id: the id of its PHLO.
        node_id: the id of its node.
    """

    roster: Roster[CallMember] = attrs.field(factory=Roster, converter=_as_roster, alias="members")
    transfer: Transfer | None = None
    call_id: str = attrs.field(default="", kw_only=True)
    phlo_id: str = attrs.field(default="", kw_only=True)
    node_id: str = attrs.field(default="", kw_only=True)

    @property
    def members(self) -> tuple[CallMember, ...]:
        """All present and former members, in the order they came."""
        return tuple(self.roster)

    @property
    def node_key(self) -> NodeKey:
        """The ids of its PHLO and of its node."""
        return self.phlo_id, self.node_id

    @property
    def ended(self) -> bool:
        """Whether no member is live; a call that was never opened counts as ended."""
        return self.roster.count(MemberState.LEFT) == len(self.roster)

    @property
    def consulting(self) -> bool:
        """Whether the two ends of a warm transfer are talking to each other alone."""
        return self.roster.count(MemberState.CONSULTING) > 0

    def find(self, address: str) -> CallMember | None:
        """Return a present or former member.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The member, None if there was never one.
        """
        return self.roster.find(canonical_address(address))

    def live(self, address: str) -> CallMember:
        """Return a live member.

        Args:
            address: the member's address, in any spelling.

        Returns:
            The member.

        Raises:
            MemberNotFound: the member was never in the call, or has left it.
        """
        member = self.find(address)
        if member is None:
            raise MemberNotFound(f"{address} is in no call at this node.")
        if not member.live:
            raise MemberNotFound(f"{address} has left the call.")
        return member

    def with_member(self, member: CallMember) -> "Call":
        """Return the call with a member added, or replaced.

        Args:
            member: the member; it replaces the member with the same address.
        """
        return attrs.evolve(self, members=self.roster.with_member(member))

    def ring(self, to: str, role: MemberRole) -> "Call":
        """Return the call with one more phone ringing.

        Args:
            to: the address of the phone.
            role: its role in the call.

        Raises:
            InvalidState: the member is live already (assumed).
        """
        known = self.find(to)
        if known is not None and known.live:
            raise InvalidState(f"{to} is in the call already: {known.state}.")
        return self.with_member(CallMember(to, role, MemberState.RINGING))

    def move(self, state: MemberState, matches: Callable[[CallMember], bool]) -> "Call":
        """Return the call with some members in another state.

        Args:
            state: their new state.
            matches: whether to move a member.
        """
        moved = self.roster.map(lambda m: attrs.evolve(m, state=state) if matches(m) else m)
        return attrs.evolve(self, members=moved)

    def changes(self, before: "Call") -> list[tuple[CallMember | None, CallMember]]:
        """Return each member that is new or changed, as it was before and as it is.

        Args:
            before: the call before.
        """
        return [(old, new) for old, new in self.roster.changes(before.roster) if new is not None]

    def with_transfer(self, transfer: Transfer | None) -> "Call":
        """Return the call with another transfer in progress.

        Args:
            transfer: the transfer, None for none.
        """
        return attrs.evolve(self, transfer=transfer)


@attrs.frozen
class EndedCall:
    """A call that has ended.

    Attributes:
        call: the call; all its members have left.
        opened_at: when it was opened, in seconds of the emulator's clock.
        ended_at: when its last member left, in seconds of the emulator's clock.
    """

    call: Call
    opened_at: float
    ended_at: float
