"""Fault rules: which requests a fault affects, which kind it is, and how often it happens.

A rule has a match (action, address, path, nth request), a kind, and a count or a probability with
a seed. `registry` holds the active rules, `injection` applies a fault to a request.

    500                          every request is answered 500
    hold:500                     every hold
    call:close_after x1          the next call acts, then the connection closes without an answer
    @12025550199:429=5           every request for this address: 429 with "Retry-After: 5"
    hold@12025550199:hang_after  every hold of this address
    /v1/phlo/*:latency=200ms     a path, with * and ? as in a shell
    hold:503 10% seed=7          about one in ten; the same ones for the same seed
    call:reset_after #3          the third call
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Self

import attrs

from ..calls.members import canonical_address
from ..durations import LONGEST_SECONDS, read_seconds
from ..errors import InvalidParameter
from ..http.request_info import RequestInfo


class FaultKind(StrEnum):
    """The kinds of faults. This is their only list: the page and the docs are made from it.

    Attributes:
        summary: what the fault does, for people.
        acts: whether the request is carried out.
        timed: whether the `seconds` of a rule apply.
        usable: whether the client receives a complete answer in Plivo's form.
    """

    summary: str
    acts: bool
    timed: bool
    usable: bool

    # The defaults let `FaultKind(value)` type-check; every kind gives its own summary.
    def __new__(
        cls,
        value: str,
        summary: str = "",
        acts: bool = True,
        timed: bool = False,
        usable: bool = True,
    ) -> Self:
        """Make a kind from its value and its attributes."""
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.summary, kind.acts, kind.timed, kind.usable = summary, acts, timed, usable
        return kind

    LATENCY = "latency", "acts, and answers late", True, True
    TOO_MANY = "429", "answers 429, and does not act", False, True
    ERROR = "500", "answers 500, and does not act", False
    UNAVAILABLE = "503", "answers 503, and does not act", False
    UNAVAILABLE_RETRY_AFTER = (
        "503_retry_after",
        "answers 503 with Retry-After, and does not act",
        False,
        True,
    )
    CLOSE_BEFORE = (
        "close_before",
        "closes the connection without an answer, and does not act",
        False,
        False,
        False,
    )
    CLOSE_AFTER = (
        "close_after",
        "acts, and closes the connection without an answer",
        True,
        False,
        False,
    )
    RESET_AFTER = "reset_after", "acts, and resets the connection", True, False, False
    HANG_AFTER = "hang_after", "acts, and never answers", True, False, False
    CUT_BODY = "cut_body", "acts, and cuts the answer short in its body", True, False, False
    NOT_JSON = "not_json", "acts, and answers with HTML", True, False, False
    GARBAGE = "garbage", "acts, and answers with bytes that are not HTTP", True, False, False
    SOFT_ERROR = "soft_error", "answers 201 with an error, and does not act", False


@attrs.frozen(kw_only=True)
class FaultRule:
    """When a fault happens: every part of the match that is not None must match.

    Attributes:
        kind: the kind of fault.
        action: the action, as "hold"; "run" and "get" for requests without one.
        address: the member it applies to, in any spelling.
        path: the path, with `*` and `?` as in a shell.
        nth: the number of the one matching request that is affected, from 1; None for all.
        count: how often it happens; None for always.
        probability: how likely it happens, from 0 to 1, instead of a count.
        seed: the seed of the probability; the same seed affects the same requests.
        seconds: the latency, or the value of `Retry-After`.
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

    def matches(self, info: RequestInfo) -> bool:
        """Whether the rule matches a request, apart from `nth`.

        Args:
            info: what the request asks for.
        """
        if self.action is not None and self.action != info.action:
            return False
        if self.path is not None and not fnmatch.fnmatchcase(info.path, self.path):
            return False
        if self.address is None:
            return True
        wanted = canonical_address(self.address)
        return info.address is not None and canonical_address(info.address) == wanted

    @property
    def wait(self) -> float:
        """The latency or the `Retry-After`, in seconds; 1 by default."""
        return 1.0 if self.seconds is None else self.seconds


# A rule as JSON

_KEYS = tuple(attribute.name for attribute in attrs.fields(FaultRule))


def read_rules(value: object) -> list[FaultRule]:
    """Return the rules of one JSON value: a rule or a list; raises `InvalidParameter`."""
    if not isinstance(value, list):
        return [read_rule(value, "the fault")]
    return [read_rule(one, f"faults[{position}]") for position, one in enumerate(value)]


def read_rule(value: object, where: str) -> FaultRule:
    """Return one rule from its text or its JSON object; an error message starts with `where`."""
    if isinstance(value, str):
        return parse_rule(value)
    if not isinstance(value, Mapping):
        raise InvalidParameter(f"{where}: give an object or a string.")
    for key in value:
        if key not in _KEYS:
            raise InvalidParameter(f"{where}: unknown key {key!r}; known are {', '.join(_KEYS)}.")
    return _build({key: given for key, given in value.items() if given is not None}, where)


def _build(given: dict[str, Any], where: str) -> FaultRule:
    def need(key: str, valid: bool, expected: str) -> None:
        if key in given and not valid:
            raise InvalidParameter(f"{where}.{key}: give {expected}.")

    kinds = tuple(kind.value for kind in FaultKind)
    kind = str(given.get("kind")) if isinstance(given.get("kind"), str | int) else None
    if kind not in kinds:
        raise InvalidParameter(f"{where}.kind: give one of {', '.join(kinds)}.")
    for key in ("action", "address", "path"):
        need(key, isinstance(given.get(key), str) and given[key] != "", "a string")
    for key in ("nth", "count"):
        need(key, _is_whole(given.get(key)) and given[key] >= 1, "a whole number from 1")
    need("seed", _is_whole(given.get("seed")), "a whole number")
    need("probability", _is_number(given.get("probability"), 1), "a number from 0 to 1")
    within = _is_number(given.get("seconds"), LONGEST_SECONDS)
    need("seconds", within, f"a number of seconds up to {LONGEST_SECONDS}")
    if "count" in given and "probability" in given:
        raise InvalidParameter(f"{where}: give a count or a probability, not both.")
    if "seconds" in given and not FaultKind(kind).timed:
        raise InvalidParameter(f"{where}.seconds: {kind} takes no seconds.")
    return FaultRule(**{**given, "kind": FaultKind(kind)})


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_number(value: object, most: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= most


# A rule as text

_WORD = re.compile(
    r"x(?P<count>\d{1,9})|(?P<percent>\d+(?:\.\d+)?)%|#(?P<nth>\d{1,9})|seed=(?P<seed>\d{1,18})",
    re.ASCII,
)


def parse_rule(text: str) -> FaultRule:
    """Parse a rule: `[WHAT:]KIND[=TIME] [xTIMES | PERCENT% [seed=N]] [#NTH]`.

    WHAT is an action, `@ADDRESS`, `ACTION@ADDRESS` or a path beginning with `/`. Raises
    `InvalidParameter`, whose message names the invalid part.
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
        except ValueError as error:
            raise InvalidParameter(f"{where}: {error}") from error
    for word in words[1:]:
        given |= _word(word, where)
    return _build(given, where)


def parse_rules(rules: Iterable[FaultRule | str]) -> tuple[FaultRule, ...]:
    """Return rules, some of them given as texts; raises as `parse_rule` does."""
    return tuple(parse_rule(rule) if isinstance(rule, str) else rule for rule in rules)


def _match(what: str) -> dict[str, str]:
    if what.startswith("/"):
        return {"path": what}
    action, _, address = what.partition("@")
    named = {"action": "" if action == "*" else action, "address": address}
    return {name: value for name, value in named.items() if value}


def _word(word: str, where: str) -> dict[str, Any]:
    found = _WORD.fullmatch(word)
    if found is None:
        raise InvalidParameter(f"{where}: {word!r} is not one of x1, 10%, #3, seed=7.")
    if found["percent"] is not None:
        return {"probability": float(found["percent"]) / 100}
    return {name: int(value) for name, value in found.groupdict().items() if value is not None}


def format_rule(rule: FaultRule) -> str:
    """Format a rule as text; the inverse of `parse_rule` for what text can express."""
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
