"""Fault rules: which request meets one, how often, how they are said, and what they answer."""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from plivo_phlo_async.emulator import ApiError, FaultKind, FaultRule, PhloEmulator
from plivo_phlo_async.emulator.faults.injection import ANSWERS
from plivo_phlo_async.emulator.faults.registry import FaultRegistry
from plivo_phlo_async.emulator.faults.rules import format_rule, parse_rule
from plivo_phlo_async.emulator.http.request import HttpRequest
from plivo_phlo_async.emulator.http.request_info import RequestInfo, parse_request

from ..asking import DIAL, NODE, ask, say


def request_to(path: str, content: object) -> RequestInfo:
    body = json.dumps(content).encode()
    return parse_request(HttpRequest("POST", path.encode(), b"", b"", body))


HOLD = request_to(f"{NODE}/members/222", {"action": "hold"})
CALL = request_to(NODE, DIAL)


def hits(rule: FaultRule, times: int, info: RequestInfo = HOLD) -> list[int]:
    registry = FaultRegistry([rule])
    return [n for n in range(1, times + 1) if registry.match(info)]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"action": "hold"}, True),
        ({"action": "call"}, False),
        ({"address": "+222"}, True),
        ({"address": "333"}, False),
        ({"path": "/v1/*/members/*"}, True),
        ({"path": "/v1/phlo"}, False),
        ({"action": "hold", "address": "333"}, False),
    ],
)
def test_every_part_of_a_match_must_fit(match: dict[str, Any], fits: bool) -> None:
    assert FaultRule(kind=FaultKind.ERROR, **match).matches(HOLD) is fits


def test_a_count_is_how_often_it_happens() -> None:
    assert hits(FaultRule(kind=FaultKind.ERROR, count=2), 5) == [1, 2]


def test_the_nth_that_fits_meets_it_and_no_other() -> None:
    fault = FaultRegistry([rule := FaultRule(kind=FaultKind.ERROR, nth=3)]).active[0]
    spent = [(fault.applies(HOLD), fault.spent)[1] for _ in range(4)]

    assert hits(rule, 6) == [3]
    assert spent == [False, False, True, True]


def test_a_probability_with_a_seed_hits_the_same_ones_again() -> None:
    rule = FaultRule(kind=FaultKind.ERROR, probability=0.3, seed=7)
    once = hits(rule, 1000)

    assert (once, 250 < len(once) < 350) == (hits(rule, 1000), True)
    assert once != hits(attrs.evolve(rule, seed=8), 1000)


def test_a_request_meets_the_first_rule_only() -> None:
    registry = FaultRegistry(["500 x1", "503"])
    met = [registry.match(CALL) for _ in range(2)]

    assert [rule and rule.kind.value for rule in met] == ["500", "503"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("500", {"kind": FaultKind.ERROR}),
        ("hold:500", {"kind": FaultKind.ERROR, "action": "hold"}),
        ("call:close_after x1", {"kind": FaultKind.CLOSE_AFTER, "action": "call", "count": 1}),
        ("@1:429=5", {"kind": FaultKind.TOO_MANY, "address": "1", "seconds": 5.0}),
        (
            "hold@sip:bob@phone.example:hang_after",
            {"kind": FaultKind.HANG_AFTER, "action": "hold", "address": "sip:bob@phone.example"},
        ),
        (
            "/v1/phlo/*:latency=200ms",
            {"kind": FaultKind.LATENCY, "path": "/v1/phlo/*", "seconds": 0.2},
        ),
        ("503 10% seed=7", {"kind": FaultKind.UNAVAILABLE, "probability": 0.1, "seed": 7}),
        ("call:garbage #3", {"kind": FaultKind.GARBAGE, "action": "call", "nth": 3}),
    ],
)
def test_a_rule_can_be_said_as_text_and_back(text: str, rule: dict[str, Any]) -> None:
    parsed = parse_rule(text)

    assert parsed == FaultRule(**rule)
    assert parse_rule(format_rule(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "cannot be empty"),
        ("hold:", "kind"),
        ("hold:502", "kind"),
        ("500=3s", "takes no seconds"),
        ("latency=", "not a time"),
        ("latency=1h", "not a time"),
        ("latency=3601", "too long: at most 3600s"),
        ("latency=" + "9" * 400, "too long"),
        ("500 twice", "'twice'"),
        ("500 x0", "count"),
        ("500 #0", "nth"),
        ("500 101%", "probability"),
        ("500 x1 10%", "not both"),
        ("500 x\u0661", "is not one of"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_the_reason(text: str, names: str) -> None:
    with pytest.raises(ApiError, match=names):
        parse_rule(text)


@pytest.mark.parametrize("kind", FaultKind)
def test_the_docs_list_every_kind(kind: FaultKind) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "emulator.md"

    assert f"| `{kind}` | {kind.summary} |\n" in page.read_text()


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_a_fault_that_answers_does_not_act(kind: FaultKind) -> None:
    emulator = PhloEmulator(faults=[f"{kind} x1"])
    met, then = (ask(emulator, "POST", NODE, DIAL) for _ in range(2))

    assert (met.status, set(met.json), bool(met.json["error"])) == (
        ANSWERS[kind][0],
        {"api_id", "error"},
        True,
    )
    assert (then.status, emulator.dialled, emulator.requests) == (201, {"222": 1}, 2)


@pytest.mark.parametrize(
    ("rule", "wait"),
    [("429", None), ("429=5s", "5"), ("503", None), ("503_retry_after", "1")],
)
def test_retry_after_comes_where_it_is_asked_for(rule: str, wait: str | None) -> None:
    emulator = PhloEmulator(faults=[rule])

    assert ask(emulator, "POST", NODE, DIAL).headers.get("retry-after") == wait


def test_rules_are_put_in_force_looked_at_and_dropped_over_http() -> None:
    emulator = PhloEmulator()
    rules = "/_emulator/faults"
    one = ask(emulator, "POST", rules, {"kind": "500", "action": "hold", "count": 2})
    more = ask(emulator, "POST", rules, ["503", {"kind": "latency", "seconds": 0}])
    shown = ask(emulator, "GET", rules).json["faults"]
    dropped = ask(emulator, "DELETE", f"{rules}/1").json["faults"]
    unknown = ask(emulator, "DELETE", f"{rules}/1").status
    cleared = ask(emulator, "DELETE", rules).json

    assert (one.status, more.status, unknown, cleared) == (201, 201, 404, {"faults": []})
    assert [fault["text"] for fault in shown] == ["hold:500 x2", "503", "latency=0s"]
    assert [fault["id"] for fault in dropped] == [2, 3]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "the fault.kind"),
        ({"kind": "501"}, "the fault.kind"),
        ({"kind": ["500"]}, "the fault.kind"),
        ({"kind": "500", "often": 1}, "the fault: unknown key 'often'"),
        ([{"kind": "500"}, {"kind": "500", "count": 0}], "faults[1].count"),
        ({"kind": "500", "count": True}, "the fault.count"),
        ({"kind": "500", "nth": 10**30}, "the fault.nth"),
        ({"kind": "500", "probability": 2}, "the fault.probability"),
        ({"kind": "500", "seed": "x"}, "the fault.seed"),
        ({"kind": "500", "action": 1}, "the fault.action"),
        ({"kind": "latency", "seconds": -1}, "the fault.seconds"),
        (3, "the fault: give an object or a string"),
    ],
)
def test_a_rule_that_is_none_is_400_names_the_place_and_puts_nothing_in_force(
    body: object, names: str
) -> None:
    emulator = PhloEmulator()
    answer = ask(emulator, "POST", "/_emulator/faults", body)

    assert (answer.status, emulator.faults) == (400, [])
    assert answer.json["error"].startswith(names)


def test_a_hundred_rules_are_enough_and_spent_ones_make_room() -> None:
    emulator = PhloEmulator(faults=["500 x1", *["hold:503"] * 99])
    full = ask(emulator, "POST", "/_emulator/faults", "500").status
    ask(emulator, "POST", NODE, DIAL)

    assert (full, ask(emulator, "POST", "/_emulator/faults", "500").status) == (400, 201)


def test_a_reset_brings_back_the_rules_first_given() -> None:
    emulator = PhloEmulator(faults=["hold:500 x1"])
    ask(emulator, "POST", NODE, DIAL)
    met = [say(emulator, "222", "hold").status for _ in range(2)]
    emulator.add_fault("500")
    emulator.reset()
    ask(emulator, "POST", NODE, DIAL)

    assert (met, say(emulator, "222", "hold").status) == ([500, 201], 500)


def test_the_next_that_fits_can_be_made_to_fail() -> None:
    emulator = PhloEmulator()
    emulator.fail_next("500", action="hold", times=2)
    ask(emulator, "POST", NODE, DIAL)

    assert [say(emulator, "222", "hold").status for _ in range(3)] == [500, 500, 201]


@pytest.mark.parametrize(("rule", "waits"), [("latency", 1.25), ("latency=3s", 3.25), (None, 0.25)])
def test_latency_comes_before_acting_and_on_top_of_the_emulators_own(
    rule: str | None, waits: float
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        assert emulator.dialled == {}
        waited.append(seconds)

    emulator = PhloEmulator(latency=0.25, sleep=sleep, faults=[rule] if rule else [])

    assert (ask(emulator, "POST", NODE, DIAL).status, waited) == (201, [waits])


def test_an_answer_that_is_no_json_has_acted() -> None:
    emulator = PhloEmulator(faults=["call:not_json"])
    answer = ask(emulator, "POST", NODE, DIAL)

    assert (answer.status, answer.headers["content-type"]) == (201, "text/html")
    assert emulator.dialled == {"222": 1}


def test_what_a_fault_answers_has_an_id_like_any_other_answer() -> None:
    emulator = PhloEmulator(faults=["500"], new_id=lambda: "id")

    assert ask(emulator, "POST", NODE, DIAL).json["api_id"] == "id"
