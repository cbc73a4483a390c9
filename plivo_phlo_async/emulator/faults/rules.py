"""Faults on demand: which request meets one, of which kind, and how often.

A rule has a match (what is done, to whom, by which path, the how-manieth), a kind, and a count or
a probability with a seed. No I/O: `faultbook` has the rules in force, `breaking` makes one happen.

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
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs

from ..calls.members import line_of
from ..errors import InvalidParameter

LONGEST_SECONDS = 3600
"""The longest time that a rule can be about."""


class FaultKind(StrEnum):
    """What goes wrong.

    `LATENCY`, the `*_AFTER`, `CUT_BODY`, `NOT_JSON` and `GARBAGE` have acted as asked; all others
    answer, or close the connection, instead of acting.
    """

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

TIMED = frozenset({FaultKind.LATENCY, FaultKind.TOO_MANY, FaultKind.UNAVAILABLE_RETRY_AFTER})
"""The kinds that `seconds` mean something to: how long to wait."""


@attrs.frozen
class Facts:
    """What a rule can know of a request.

    Attributes:
        action: the one it asks for, else "run" or "get", None for any other request.
        address: the member it concerns, None for none.
        path: its path, percent-encoded as it came.
    """

    action: str | None
    address: str | None
    path: str


@attrs.frozen(kw_only=True)
class FaultRule:
    """When a fault happens: every part of the match that is not None must fit.

    Attributes:
        kind: what goes wrong.
        action: what must be asked for, as "hold"; "run" and "get" are the requests without one.
        address: the member it must concern, in any spelling.
        path: the path it must go to, with `*` and `?` as in a shell.
        nth: which of the requests that fit meets it, from 1; None for any.
        count: how often it happens; None for always.
        probability: how likely it happens, from 0 to 1, in place of a count.
        seed: what the chance begins from: the same ones for the same seed.
        seconds: how long latency lasts, and what `Retry-After` says.
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
        """Whether a request is one this rule is about, `nth` apart.

        Args:
            facts: what the request is about.
        """
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
    within = _number(given.get("seconds"), LONGEST_SECONDS)
    need("seconds", within, f"a number of seconds up to {LONGEST_SECONDS}")
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
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{text!r} is too long: at most {LONGEST_SECONDS}s.")
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
