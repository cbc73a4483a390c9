"""The active fault rules: which one applies to a request, and how often each has."""

import random
from collections.abc import Callable, Iterable

import attrs

from ..errors import InvalidParameter
from ..http.request_info import RequestInfo
from .rules import FaultKind, FaultRule, format_rule, parse_rules

RULE_LIMIT = 100
"""How many rules can be active."""


@attrs.define
class ActiveFault:
    """An active rule: its number, how many requests matched it, and how many it affected."""

    number: int
    rule: FaultRule
    seen: int = 0
    happened: int = 0
    _random: random.Random = attrs.field(init=False, repr=False)

    @_random.default
    def _seeded(self) -> random.Random:
        # The same seed must affect the same requests in every run.
        return random.Random(self.rule.seed)

    @property
    def spent(self) -> bool:
        """Whether it can never happen again."""
        passed = self.rule.nth is not None and self.seen >= self.rule.nth
        return passed or (self.rule.count is not None and self.happened >= self.rule.count)

    def applies(self, info: RequestInfo) -> bool:
        """Count a request if it matches; whether the fault happens to it."""
        if self.spent or not self.rule.matches(info):
            return False
        self.seen += 1
        hit = self.rule.nth is None or self.seen == self.rule.nth
        if self.rule.probability is not None:
            hit = self._random.random() < self.rule.probability and hit
        self.happened += hit
        return hit

    def describe(self) -> dict[str, object]:
        """Return the rule and its counts as plain data."""
        rule = {**attrs.asdict(self.rule), "kind": self.rule.kind.value}
        counts = {"seen": self.seen, "happened": self.happened, "spent": self.spent}
        return {"id": self.number, **rule, **counts, "text": format_rule(self.rule)}


class FaultRegistry:
    """The active rules, in order; at most one fault happens to a request.

    `changed` is called after every change that `configure` and `reset` do not make.
    """

    def __init__(
        self,
        rules: Iterable[FaultRule | str] = (),
        *,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._changed = changed
        self.configure(rules)

    def configure(self, rules: Iterable[FaultRule | str]) -> None:
        """Set the rules that `reset` restores, and reset."""
        self._initial = parse_rules(rules)
        self.reset()

    def reset(self) -> None:
        """Restore the initial rules, with their counts at zero."""
        self.active: list[ActiveFault] = []
        self._last_number = 0
        for rule in self._initial:
            self._activate(rule)

    def add(self, rule: FaultRule | str) -> ActiveFault:
        """Activate a rule or its text, after the others; raises `InvalidParameter`.

        At most `RULE_LIMIT` rules can be active; those that are spent make room.
        """
        (parsed,) = parse_rules([rule])
        fault = self._activate(parsed)
        self._changed()
        return fault

    def clear(self) -> None:
        """Remove every rule."""
        self.active = []
        self._changed()

    def remove(self, number: int) -> bool:
        """Remove one rule; whether it existed."""
        kept = [fault for fault in self.active if fault.number != number]
        found = len(kept) < len(self.active)
        self.active = kept
        self._changed()
        return found

    def match(self, info: RequestInfo) -> FaultRule | None:
        """Return the first rule that happens to a request, None for none."""
        fault = next((fault for fault in self.active if fault.applies(info)), None)
        if fault is None:
            return None
        self._changed()
        return fault.rule

    def describe(self) -> list[dict[str, object]]:
        """Return the active rules as plain data."""
        return [fault.describe() for fault in self.active]

    def _activate(self, rule: FaultRule) -> ActiveFault:
        if len(self.active) >= RULE_LIMIT:
            self.active = [fault for fault in self.active if not fault.spent]
        if len(self.active) >= RULE_LIMIT:
            raise InvalidParameter(f"At most {RULE_LIMIT} fault rules can be active.")
        self._last_number += 1
        fault = ActiveFault(self._last_number, rule)
        self.active.append(fault)
        return fault


def describe_kinds() -> list[dict[str, object]]:
    """Return every kind of fault as plain data."""
    return [
        {"kind": kind.value, "summary": kind.summary, "usable": kind.usable} for kind in FaultKind
    ]
