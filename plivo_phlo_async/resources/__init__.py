"""Handles for a PHLO, its nodes and the members of a call; only their coroutines send requests."""

from .conference_bridge import ConferenceBridge, ConferenceBridgeMember
from .member import Member
from .multi_party_call import MultiPartyCall
from .phlo import Node, Phlo

__all__ = [
    "ConferenceBridge",
    "ConferenceBridgeMember",
    "Member",
    "MultiPartyCall",
    "Node",
    "Phlo",
]
