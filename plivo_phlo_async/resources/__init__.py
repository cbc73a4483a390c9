"""Handles: a PHLO, its nodes, the members of a call. None makes a request until a verb."""

from .member import Member
from .multi_party_call import MultiPartyCall
from .phlo import Node, Phlo

__all__ = ["Member", "MultiPartyCall", "Node", "Phlo"]
