"""Faults on demand: which request meets one, of which kind, and how often.

A rule has a match (what is done, to whom, by which path, the how-manieth), a kind, and a count or
a probability with a seed. No I/O: `breaking` makes it happen.

    500                          every request is answered 500
    hold:500                     every hold
    call:close_after x1          the next call: acted, then closed with no answer
    @12025550199:429=5           whatever concerns this address: 429, "Retry-After: 5"
    hold@12025550199:hang_after  both
    /v1/phlo/*:latency=200ms     a path, with * and ? as in a shell
    hold:503 10% seed=7          about one in ten, the same ones for the same seed
    call:reset_after #3          the third call
"""

import fnmatch
import math
import random
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import attrs

from .members import line_of
from .refusals import InvalidParameter

RULE_LIMIT = 100
"""How many rules there can be at once."""


class FaultKind(StrEnum):
    """What goes wrong; the `*_after`, `cut_body`, `not_json` and `garbage` have acted first."""

    LATENCY = "latency"
    TOO_MANY = "429"
    ERROR = "500"
    UNAVAILABLE = "503"
    UNAVAILABLE_RETRY_AFTER = "503_retry_after"
    CLOSE_BEFORE = "close_before"
    CLOSE_AFTER = "close_after"
    RESET_AFTER = "reset_after"
    HANG_AFTER = "hang_after"
    CUT_BODY = "cut_body"
    NOT_JSON = "not_json"
    GARBAGE = "garbage"
    SOFT_ERROR = "soft_error"


ANSWERS: Mapping[FaultKind, tuple[int, str]] = {
    FaultKind.TOO_MANY: (429, "Too many requests: wait before the next one."),
    FaultKind.ERROR: (500, "Internal server error."),
    FaultKind.UNAVAILABLE: (503, "Service unavailable."),
    FaultKind.UNAVAILABLE_RETRY_AFTER: (503, "Service unavailable."),
    FaultKind.SOFT_ERROR: (201, "The action could not be carried out."),
}
"""The kinds that answer instead of acting: the status, and the text of `error`."""

ACTED = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.CLOSE_AFTER,
        FaultKind.RESET_AFTER,
        FaultKind.HANG_AFTER,
        FaultKind.CUT_BODY,
        FaultKind.NOT_JSON,
        FaultKind.GARBAGE,
    }
)
"""The kinds that act as if nothing were wrong."""

TIMED = frozenset({FaultKind.LATENCY, FaultKind.TOO_MANY, FaultKind.UNAVAILABLE_RETRY_AFTER})
"""The kinds that `seconds` mean something to: how long to wait."""


@attrs.frozen
class Facts:
    """What a rule can know of a request: its `action` is the body's, else "run" or "get"."""

    action: str | None
    address: str | None
    path: str


@attrs.frozen(kw_only=True)
class FaultRule:
    """When a fault happens: every part of the match that is not None must fit.

    `path` may hold `*` and `?`; `nth` counts the requests that fit, from 1. `count` is how often
    it happens, None for always; `probability` with a `seed` is the other way. `seconds` is how
    long latency lasts, and what `Retry-After` says.
    """

    kind: FaultKind
    action: str | None = None
    address: str | None = None
    path: str | None = None
    nth: int | None = None
    count: int | None = None
    probability: float | None = None
    seed: int = 0
    seconds: float | None = None

    def fits(self, facts: Facts) -> bool:
        """Whether the request is one this rule is about, `nth` apart."""
        if self.action is not None and self.action != facts.action:
            return False
        if self.path is not None and not fnmatch.fnmatchcase(facts.path, self.path):
            return False
        if self.address is None:
            return True
        return facts.address is not None and line_of(self.address) == line_of(facts.address)

    @property
    def wait(self) -> float:
        """How many seconds it is about: a second, unless it says otherwise."""
        return 1.0 if self.seconds is None else self.seconds


@attrs.define
class ActiveFault:
    """A rule at work: its `number`, how many requests `seen` fitted, how often it `happened`."""

    number: int
    rule: FaultRule
    seen: int = 0
    happened: int = 0
    dice: random.Random = attrs.field(factory=random.Random, repr=False)

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
            hit = self.dice.random() < self.rule.probability and hit
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
        self.happened = 0
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
        # A fixed seed gives the same faults again: this is a laboratory, not a lottery.
        fault = ActiveFault(self._numbered, rule, dice=random.Random(rule.seed))
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
        hit = next((fault for fault in self.active if fault.strikes(facts)), None)
        self.happened += hit is not None
        return None if hit is None else hit.rule

    def describe(self) -> list[dict[str, object]]:
        """Return the rules in force as plain data."""
        return [fault.describe() for fault in self.active]


# A rule as JSON

_KEYS = tuple(attribute.name for attribute in attrs.fields(FaultRule))


def read_rules(value: object) -> list[FaultRule]:
    """Return the rules of one JSON value: a rule or a list; raises `InvalidParameter`."""
    if not isinstance(value, list):
        return [read_rule(value, "the fault")]
    return [read_rule(one, f"faults[{position}]") for position, one in enumerate(value)]


def read_rule(value: object, where: str) -> FaultRule:
    """Return one rule from its text or its JSON object; `where` begins the message if wrong."""
    if isinstance(value, str):
        return parse_rule(value)
    if not isinstance(value, Mapping):
        raise InvalidParameter(f"{where}: give an object or a text.")
    for key in value:
        if key not in _KEYS:
            raise InvalidParameter(f"{where}: unknown key {key!r}; there are {', '.join(_KEYS)}.")
    return _checked({key: given for key, given in value.items() if given is not None}, where)


def _checked(given: dict[str, Any], where: str) -> FaultRule:
    def need(key: str, right: bool, expected: str) -> None:
        if key in given and not right:
            raise InvalidParameter(f"{where}.{key}: give {expected}.")

    kinds = tuple(kind.value for kind in FaultKind)
    kind = str(given.get("kind")) if isinstance(given.get("kind"), str | int) else None
    if kind not in kinds:
        raise InvalidParameter(f"{where}.kind: give one of {', '.join(kinds)}.")
    for key in ("action", "address", "path"):
        need(key, isinstance(given.get(key), str) and given[key] != "", "a text")
    for key in ("nth", "count"):
        need(key, _whole(given.get(key)) and given[key] >= 1, "a whole number from 1")
    need("seed", _whole(given.get("seed")), "a whole number")
    need("probability", _number(given.get("probability"), 1), "a number from 0 to 1")
    need("seconds", _number(given.get("seconds"), 3600), "a number of seconds up to 3600")
    if "count" in given and "probability" in given:
        raise InvalidParameter(f"{where}: give a count or a probability, not both.")
    if "seconds" in given and FaultKind(kind) not in TIMED:
        raise InvalidParameter(f"{where}.seconds: {kind} takes no time.")
    return FaultRule(**{**given, "kind": FaultKind(kind)})


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _number(value: object, most: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= most


# A rule as text

_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|)", re.ASCII)
_WORD = re.compile(
    r"x(?P<count>\d{1,9})|(?P<percent>\d+(?:\.\d+)?)%|#(?P<nth>\d{1,9})|seed=(?P<seed>\d{1,18})",
    re.ASCII,
)


def read_seconds(text: str) -> float:
    """Return a length of time written as `20ms`, `1.5s` or `2`; raises `ValueError`."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time: write 20ms or 1.5s.")
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if not math.isfinite(seconds) or seconds > 3600:
        raise ValueError(f"{text!r} is too long: at most 3600s.")
    return seconds


def parse_rule(text: str) -> FaultRule:
    """Return the rule a text says: `[WHAT:]KIND[=TIME] [xTIMES | PERCENT% [seed=N]] [#NTH]`.

    WHAT is an action, `@ADDRESS`, `ACTION@ADDRESS` or a path beginning with `/`. Raises
    `InvalidParameter`, naming what is wrong.
    """
    where = f"fault {text!r}"
    words = text.split()
    if not words:
        raise InvalidParameter("A fault rule cannot be empty; an example: hold:500 x1")
    what, _, kind = words[0].rpartition(":")
    kind, _, time = kind.partition("=")
    given: dict[str, Any] = {**_match(what), "kind": kind}
    if time or words[0].endswith("="):
        try:
            given["seconds"] = read_seconds(time)
        except ValueError as wrong:
            raise InvalidParameter(f"{where}: {wrong}") from wrong
    for word in words[1:]:
        given |= _word(word, where)
    return _checked(given, where)


def _match(what: str) -> dict[str, str]:
    if what.startswith("/"):
        return {"path": what}
    action, _, address = what.partition("@")
    named = {"action": "" if action == "*" else action, "address": address}
    return {name: value for name, value in named.items() if value}


def _word(word: str, where: str) -> dict[str, Any]:
    found = _WORD.fullmatch(word)
    if found is None:
        raise InvalidParameter(f"{where}: {word!r} is none of x1, 10%, #3, seed=7.")
    if found["percent"] is not None:
        return {"probability": float(found["percent"]) / 100}
    return {name: int(value) for name, value in found.groupdict().items() if value is not None}


def write_rule(rule: FaultRule) -> str:
    """Return the text of a rule, for people; the inverse of `parse_rule` for what that can say."""
    what = rule.path or (rule.action or "") + (f"@{rule.address}" if rule.address else "")
    words = [f"{what}:{rule.kind.value}" if what else rule.kind.value]
    if rule.seconds is not None:
        words[0] += f"={rule.seconds:g}s"
    if rule.count is not None:
        words.append(f"x{rule.count}")
    if rule.probability is not None:
        words.append(f"{rule.probability * 100:g}%")
        words.append(f"seed={rule.seed}")
    if rule.nth is not None:
        words.append(f"#{rule.nth}")
    return " ".join(words)
