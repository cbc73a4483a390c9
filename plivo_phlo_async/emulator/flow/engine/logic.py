"""Counter and Branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .visit import Visit

__all__ = ["enter_branch", "enter_counter"]


def enter_counter(visit: Visit) -> str:
    """Count the visits of this run; once reached, it stays reached (assumed)."""
    counts = visit.draft.counts
    counts[visit.node.name] = count = counts.get(visit.node.name, 0) + 1
    return "Count Reached" if count >= visit.seconds("max") else "Count Not Reached"


def enter_branch(visit: Visit) -> str:
    """Compare texts; the first condition that matches wins (assumed)."""
    text = visit.text("variable")
    conditions = visit.node.options.get("conditions", {})
    assert isinstance(conditions, Mapping)
    for state, (operation, other) in conditions.items():
        if _COMPARISONS[operation](text, visit.render(other).strip()):
            return str(state)
    return "No Match"


def _numbers(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare_texts(left: str, right: str) -> bool:
        try:
            return compare(float(left), float(right))
        except ValueError:  # texts that are no numbers compare as texts would in a dictionary
            return compare((left > right) - (left < right), 0)

    return compare_texts


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda left, right: left == right,
    "not_equals": lambda left, right: left != right,
    "contains": lambda left, right: right in left,
    "starts_with": lambda left, right: left.startswith(right),
    "ends_with": lambda left, right: left.endswith(right),
    "greater_than": _numbers(lambda left, right: left > right),
    "less_than": _numbers(lambda left, right: left < right),
    "is_empty": lambda left, _: not left,
}
