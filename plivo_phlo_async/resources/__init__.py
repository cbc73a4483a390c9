"""Handles for a PHLO, its nodes and the members of a call; only their coroutines send requests."""

from .member import Member
from .multi_party_call import MultiPartyCall
from .phlo import Node, Phlo

__all__ = ["Member", "MultiPartyCall", "Node", "Phlo"]
