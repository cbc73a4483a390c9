"""An action knows its path, its body, and what it needs."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plivo_phlo_async import Action, InvalidArgumentError, Role, Verb
from plivo_phlo_async.actions import RetrySafety

EVERY_VERB = {
    Verb.CALL: Action.call("p", "n", "1", "2"),
    Verb.WARM_TRANSFER: Action.warm_transfer("p", "n", "1", "2", Role.CUSTOMER),
    Verb.COLD_TRANSFER: Action.cold_transfer("p", "n", "1", "2", "agent", key="k"),
    Verb.HOLD: Action.hold("p", "n", "1"),
    Verb.UNHOLD: Action.unhold("p", "n", "1"),
    Verb.HANGUP: Action.hangup("p", "n", "1"),
    Verb.RESUME_CALL: Action.resume_call("p", "n", "1"),
    Verb.ABORT_TRANSFER: Action.abort_transfer("p", "n", "1"),
    Verb.VOICEMAIL_DROP: Action.voicemail_drop("p", "n", "1"),
    Verb.MUTE: Action.mute("p", "n", "1"),
    Verb.UNMUTE: Action.unmute("p", "n", "1"),
    Verb.RUN: Action.run("p", {"a": [1, {"b": None}]}),
    Verb.GET_PHLO: Action.get_phlo("p"),
    Verb.GET_NODE: Action.get_node("p", "conference_bridge", "n"),
    Verb.GET_RUN: Action.get_run("p", "r"),
}


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_has_a_constructor_of_its_name(verb: Verb) -> None:
    assert callable(getattr(Action, verb))
    assert EVERY_VERB[verb].verb is verb


@pytest.mark.parametrize("action", EVERY_VERB.values(), ids=str)
def test_what_to_dict_wrote_from_dict_reads(action: Action) -> None:
    written = json.loads(json.dumps(action.to_dict()))

    assert Action.from_dict(written) == action


@pytest.mark.parametrize("action", EVERY_VERB.values(), ids=str)
def test_an_action_survives_pickling_and_can_be_a_key(action: Action) -> None:
    copy = pickle.loads(pickle.dumps(action))

    assert {action: "here"}[copy] == "here"


@pytest.mark.parametrize(
    ("verb", "method", "path"),
    [
        (Verb.CALL, "POST", "/phlo/p/multi_party_call/n"),
        (Verb.HOLD, "POST", "/phlo/p/multi_party_call/n/members/1"),
        (Verb.RUN, "POST", "/account/MA/phlo/p"),
        (Verb.GET_PHLO, "GET", "/phlo/p"),
        (Verb.GET_NODE, "GET", "/phlo/p/conference_bridge/n"),
        (Verb.GET_RUN, "GET", "/phlo/p/runs/r"),
    ],
)
def test_paths_are_plivos(verb: Verb, method: str, path: str) -> None:
    action = EVERY_VERB[verb]

    assert (action.method, action.path("MA")) == (method, path)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (
            EVERY_VERB[Verb.WARM_TRANSFER],
            {"action": "warm_transfer", "trigger_source": "1", "to": "2", "role": "customer"},
        ),
        (EVERY_VERB[Verb.VOICEMAIL_DROP], {"action": "voicemail_drop"}),
        (EVERY_VERB[Verb.RUN], {"a": [1, {"b": None}]}),
        (Action.run("p", {}), {}),
    ],
    ids=str,
)
def test_bodies_are_plivos(action: Action, body: dict[str, Any]) -> None:
    assert json.loads(action.body() or b"") == body


@pytest.mark.parametrize("action", [Action.run("p"), EVERY_VERB[Verb.GET_PHLO]], ids=str)
def test_a_run_with_nothing_to_say_and_a_reading_have_no_body(action: Action) -> None:
    assert action.body() is None


AT_A_BRIDGE = [
    Action.mute("p", "n", "1", node_type="conference_bridge"),
    Action.unmute("p", "n", "1", node_type="conference_bridge"),
    Action.hangup("p", "n", "1", node_type="conference_bridge", key="k"),
]


@pytest.mark.parametrize("action", AT_A_BRIDGE, ids=str)
def test_an_action_at_a_conference_bridge_has_its_path_and_the_same_body(action: Action) -> None:
    assert action.path("MA") == "/phlo/p/conference_bridge/n/members/1"
    assert json.loads(action.body() or b"") == {"action": action.verb}


@pytest.mark.parametrize("action", AT_A_BRIDGE, ids=str)
def test_an_action_at_a_conference_bridge_survives_to_dict_and_pickling(action: Action) -> None:
    written = json.loads(json.dumps(action.to_dict()))

    assert written["node_type"] == "conference_bridge"
    assert Action.from_dict(written) == action
    assert pickle.loads(pickle.dumps(action)) == action


@pytest.mark.parametrize(
    "verb", [Verb.CALL, Verb.WARM_TRANSFER, Verb.COLD_TRANSFER, Verb.HOLD, Verb.UNHOLD,
             Verb.RESUME_CALL, Verb.ABORT_TRANSFER, Verb.VOICEMAIL_DROP]
)  # fmt: skip
def test_a_conference_bridge_takes_no_other_verb(verb: Verb) -> None:
    values = {**EVERY_VERB[verb].to_dict(), "node_type": "conference_bridge"}

    with pytest.raises(InvalidArgumentError, match=rf"^node_type: .*only mute, .* not {verb}\.$"):
        Action.from_dict(values)


@pytest.mark.parametrize("node_type", ["", "ivr", "Conference_Bridge", 5])
@pytest.mark.parametrize("verb", [Verb.MUTE, Verb.HOLD, Verb.CALL])
def test_a_node_type_that_takes_no_actions_is_refused_by_name(verb: Verb, node_type: Any) -> None:
    values = {**EVERY_VERB[verb].to_dict(), "node_type": node_type}

    with pytest.raises(InvalidArgumentError, match=r"^node_type: .* multi_party_call, conference"):
        Action.from_dict(values)


@pytest.mark.parametrize("verb", [Verb.MUTE, Verb.HANGUP, Verb.HOLD, Verb.CALL])
def test_the_default_node_type_written_out_is_the_same_action(verb: Verb) -> None:
    values = {**EVERY_VERB[verb].to_dict(), "node_type": "multi_party_call"}

    assert Action.from_dict(values) == EVERY_VERB[verb]


@pytest.mark.parametrize(
    ("address", "segment"),
    [
        ("12025551111", "12025551111"),
        ("+14155550100", "+14155550100"),
        ("sip:bob@phone.plivo.com", "sip:bob@phone.plivo.com"),
        ("sip:bob@phone.plivo.com;transport=tcp", "sip:bob@phone.plivo.com;transport=tcp"),
        ("'()*!$&,=;:@+-._~", "'()*!$&,=;:@+-._~"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("100%", "100%25"),
        ("é", "%C3%A9"),
    ],
)
def test_an_address_stays_in_its_segment(address: str, segment: str) -> None:
    path = Action.hold("p", "n", address).path("MA")

    assert path == f"/phlo/p/multi_party_call/n/members/{segment}"


@pytest.mark.parametrize(
    "bad", ["", "  ", "\n", ".", "..", None, 12025551111, b"1", "\ud800", "1" * 1025]
)
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("phlo_id", lambda bad: Action.hold(bad, "n", "1")),
        ("node_id", lambda bad: Action.hold("p", bad, "1")),
        ("member_address", lambda bad: Action.hold("p", "n", bad)),
        ("trigger_source", lambda bad: Action.call("p", "n", bad, "2")),
        ("to", lambda bad: Action.call("p", "n", "1", bad)),
        ("node_type", lambda bad: Action.get_node("p", bad, "n")),
        ("run_id", lambda bad: Action.get_run("p", bad)),
    ],
)
def test_what_cannot_be_an_id_or_address_is_refused_by_name(
    name: str, make: Callable[[Any], Action], bad: object
) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"^{name}: "):
        make(bad)


@pytest.mark.parametrize("role", ["", "supervisor", "Agent", 1])
def test_an_unknown_role_is_refused_by_name(role: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^role: .* agent, customer"):
        Action.call("p", "n", "1", "2", role)


def _nested() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    "payload",
    [[1], "text", {"a": object()}, {"a": float("nan")}, {"a": {1, 2}}, {"a": "\ud800"}],
    ids=["list", "text", "object", "nan", "set", "surrogate"],
)
def test_a_payload_that_json_cannot_write_is_refused_by_name(payload: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^payload: "):
        Action.run("p", payload)


def test_a_payload_nested_too_deep_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^payload: "):
        Action.run("p", {"a": _nested()})


def test_changing_the_payload_afterwards_changes_no_action() -> None:
    payload = {"to": ["1"]}
    action = Action.run("p", payload)
    payload["to"].append("2")

    assert action.payload == {"to": ["1"]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"phlo_id": "p"}, "verb: it is missing"),
        ({"verb": "hold"}, "phlo_id: it is missing"),
        ({"verb": "hold", "phlo_id": "p", "node_id": "n"}, "member_address: "),
        ({"verb": "dance", "phlo_id": "p"}, "verb: 'dance' is not one of call, "),
        ({"verb": "run", "phlo_id": "p", "speed": 1}, "speed: no such field"),
        ({"verb": "run", "phlo_id": "p", "to": "1"}, "to: run does not take it"),
        ({"verb": "run", "phlo_id": "p", "key": ""}, "key: it is empty"),
    ],
)
def test_from_dict_names_the_field_that_is_wrong(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Action.from_dict(values)


def test_in_words_an_action_shows_no_full_number() -> None:
    words = [
        str(action)
        for action in (
            Action.call("p", "n", "12025550000", "12025551111"),
            Action.hold("p", "n", "sip:bob@phone.plivo.com"),
            Action.hold("p", "n", "sip:bob@+12025551111"),
        )
    ]

    assert words == ["call …1111", "hold …@phone.plivo.com", "hold …@…1111"]


def test_its_repr_shows_no_full_number_and_no_payload() -> None:
    shown = [
        repr(Action.call("p", "n", "12025550000", "12025551111", key="k")),
        repr(Action.run("p", {"to": "12025551111"})),
        repr(Action.get_phlo("p")),
    ]

    assert shown == [
        "Action(verb='call', phlo_id='p', node_id='n', trigger_source='…0000', to='…1111',"
        " role='agent', key='k')",
        "Action(verb='run', phlo_id='p', payload=…)",
        "Action(verb='get_phlo', phlo_id='p')",
    ]


def test_its_addresses_are_all_that_holds_a_number_of_its_own() -> None:
    call = Action.call("p", "n", "12025550000", "12025551111")
    run = Action.run("p", {"to": "12025551111"})

    assert call.addresses == (None, "12025550000", "12025551111", None)
    assert run.addresses == (None, None, None, '{"to":"12025551111"}')


@pytest.mark.parametrize(
    "character", ["\n", "\x1b", "\x7f", "\u2028", "\u200b", "\u202e", "\ufeff"]
)
def test_what_cannot_be_seen_is_refused_by_its_number(character: str) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"^to: .*U\+{ord(character):04X}"):
        Action.call("p", "n", "1", f"1202{character}")


def test_only_state_setting_hangup_and_reading_may_ever_be_repeated_in_doubt() -> None:
    repeatable = {
        verb for verb, action in EVERY_VERB.items() if action.retry_safety is not RetrySafety.NEVER
    }

    assert repeatable == {
        *(Verb.HOLD, Verb.UNHOLD, Verb.MUTE, Verb.UNMUTE, Verb.HANGUP),
        *(Verb.GET_PHLO, Verb.GET_NODE, Verb.GET_RUN),
    }


@given(address=st.text())
def test_no_address_leaves_its_segment_or_breaks_anything_else(address: str) -> None:
    try:
        path = Action.hold("p", "n", address).path("MA")
    except InvalidArgumentError:
        return

    assert path.count("/") == 6
    assert not set(path) & set("?# \\")


def test_a_verb_names_the_fields_of_its_actions() -> None:
    assert Verb.CALL.fields == ("phlo_id", "node_id", "trigger_source", "to", "role")
    assert Verb.CALL.required_fields == ("phlo_id", "node_id", "trigger_source", "to")
    assert Verb.MUTE.fields == ("phlo_id", "node_id", "member_address", "node_type")
    assert Verb.MUTE.required_fields == ("phlo_id", "node_id", "member_address")
    assert Verb.GET_NODE.required_fields == ("phlo_id", "node_type", "node_id")
    assert Verb.RUN.required_fields == ("phlo_id",)
