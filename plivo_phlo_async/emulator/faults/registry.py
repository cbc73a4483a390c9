"""The fault rules in force: which of them happens to a request, and how each has fared."""

import random
from collections.abc import Iterable

import attrs

from ..errors import InvalidParameter
from .rules import Facts, FaultRule, parse_rule, write_rule

RULE_LIMIT = 100
"""How many rules there can be at once."""


@attrs.define
class ActiveFault:
    """A rule in force: its number, how many requests fitted it, and to how many it happened."""

    number: int
    rule: FaultRule
    seen: int = 0
    happened: int = 0
    _dice: random.Random = attrs.field(init=False, repr=False)

    @_dice.default
    def _seeded(self) -> random.Random:
        # A fixed seed gives the same faults again: this is a laboratory, not a lottery.
        return random.Random(self.rule.seed)

    @property
    def spent(self) -> bool:
        """Whether it can never happen again."""
        passed = self.rule.nth is not None and self.seen >= self.rule.nth
        return passed or (self.rule.count is not None and self.happened >= self.rule.count)

    def strikes(self, facts: Facts) -> bool:
        """Take note of a request; whether the fault happens to it."""
        if self.spent or not self.rule.fits(facts):
            return False
        self.seen += 1
        hit = self.rule.nth is None or self.seen == self.rule.nth
        if self.rule.probability is not None:
            hit = self._dice.random() < self.rule.probability and hit
        self.happened += hit
        return hit

    def describe(self) -> dict[str, object]:
        """Return the rule and how it fared, as plain data."""
        rule = {**attrs.asdict(self.rule), "kind": self.rule.kind.value}
        fared = {"seen": self.seen, "happened": self.happened, "spent": self.spent}
        return {"id": self.number, **rule, **fared, "text": write_rule(self.rule)}


class FaultBook:
    """The rules in force, first come first asked: one request meets one fault at most."""

    def __init__(self, rules: Iterable[FaultRule | str] = ()) -> None:
        self.give(rules)

    def give(self, rules: Iterable[FaultRule | str]) -> None:
        """Take these rules as what a reset returns to, and start from them."""
        self._given = tuple(parse_rule(r) if isinstance(r, str) else r for r in rules)
        self.reset()

    def reset(self) -> None:
        """Have the rules first given, as new."""
        self.active: list[ActiveFault] = []
        self._numbered = 0
        for rule in self._given:
            self.add(rule)

    def add(self, rule: FaultRule) -> ActiveFault:
        """Put a rule in force, after the others; raises `InvalidParameter` when there are too many.

        Rules that are spent make room.
        """
        if len(self.active) >= RULE_LIMIT:
            self.active = [fault for fault in self.active if not fault.spent]
        if len(self.active) >= RULE_LIMIT:
            raise InvalidParameter(f"There can be {RULE_LIMIT} fault rules at once.")
        self._numbered += 1
        fault = ActiveFault(self._numbered, rule)
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        """Drop every rule."""
        self.active = []

    def drop(self, number: int) -> bool:
        """Drop one rule; whether there was one of that number."""
        kept = [fault for fault in self.active if fault.number != number]
        found = len(kept) < len(self.active)
        self.active = kept
        return found

    def strike(self, facts: Facts) -> FaultRule | None:
        """Return the rule that happens to a request, the first of those that would, or None."""
        return next((fault.rule for fault in self.active if fault.strikes(facts)), None)

    def describe(self) -> list[dict[str, object]]:
        """Return the rules in force as plain data."""
        return [fault.describe() for fault in self.active]
