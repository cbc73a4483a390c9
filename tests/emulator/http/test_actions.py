"""Actions over HTTP: what they need, Plivo's words when it is missing, and what they leave."""

import pytest

from plivo_phlo_async.emulator import MemberState, PhloEmulator

from ..asking import DIAL, NODE, WARM, ask, say


@pytest.fixture
def emulator() -> PhloEmulator:
    return PhloEmulator(new_id=lambda: "id")


def error(emulator: PhloEmulator, content: object, path: str = NODE) -> tuple[int, str]:
    answer = ask(emulator, "POST", path, content)
    return answer.status, answer.json["error"]


@pytest.mark.parametrize("name", ["action", "trigger_source", "to"])
@pytest.mark.parametrize("value", [None, "absent"])
def test_a_missing_parameter_is_mandatory(
    emulator: PhloEmulator, name: str, value: str | None
) -> None:
    content = {**DIAL, name: None}
    if value:
        del content[name]

    assert error(emulator, content) == (400, f"{name} is a mandatory param.")


@pytest.mark.parametrize("name", ["action", "trigger_source", "to", "role"])
@pytest.mark.parametrize("value", [1, 2.5, True, [], ["222"], {}])
def test_a_parameter_of_another_type_is_refused_with_the_right_type(
    emulator: PhloEmulator, name: str, value: object
) -> None:
    text = f"Invalid value provided for {name}. {name} expects a/an string."

    assert error(emulator, {**DIAL, name: value}) == (400, text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("action", "hold"),
        ("action", "warm_tranfer"),
        ("action", ""),
        ("role", "supervisor"),
        ("role", "Agent"),
        ("to", ""),
        ("to", "  "),
        ("to", "+"),
        ("to", "\ud800"),
        ("trigger_source", ""),
    ],
)
def test_a_value_that_is_not_taken_is_invalid(
    emulator: PhloEmulator, name: str, value: str
) -> None:
    text = f"Invalid value provided for {name}."

    assert error(emulator, {**DIAL, name: value}) == (400, text)


@pytest.mark.parametrize("name", ["trigger_source", "to"])
def test_an_address_can_be_255_characters_long(emulator: PhloEmulator, name: str) -> None:
    text = f"Invalid value provided for {name}. The {name} can be maximum 255 characters long."

    assert error(emulator, {**DIAL, name: "9" * 256}) == (400, text)
    assert error(emulator, {**DIAL, name: "9" * 255}) == (201, "")


@pytest.mark.parametrize("action", ["call", "warm_transfer", "nonsense", ""])
def test_a_member_is_not_asked_to_dial(emulator: PhloEmulator, action: str) -> None:
    text = "Invalid value provided for action."

    assert error(emulator, {"action": action}, f"{NODE}/members/111") == (400, text)


def test_a_members_action_is_mandatory(emulator: PhloEmulator) -> None:
    assert error(emulator, {}, f"{NODE}/members/111") == (400, "action is a mandatory param.")


@pytest.mark.parametrize("missing", [{}, {"role": None}, {"role": ""}])
def test_a_role_left_out_or_empty_is_agent(
    emulator: PhloEmulator, missing: dict[str, str | None]
) -> None:
    ask(emulator, "POST", NODE, {"action": "call", "trigger_source": "1", "to": "2", **missing})
    (call,) = emulator.calls.values()

    assert [member.role for member in call.members] == ["agent", "agent"]


@pytest.mark.parametrize("action", ["hold", "resume_call", "voicemail_drop"])
def test_an_unknown_member_is_404(emulator: PhloEmulator, action: str) -> None:
    assert say(emulator, "999", action).status == 404


def test_an_action_the_state_does_not_allow_is_400_and_changes_nothing(
    emulator: PhloEmulator,
) -> None:
    ask(emulator, "POST", NODE, DIAL)
    before = (emulator.calls, emulator.dialled, emulator.log)

    assert error(emulator, DIAL) == (400, "Invalid value provided for action.")
    assert before == (emulator.calls, emulator.dialled, emulator.log)


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("answer", "in_call"),
        ("ring", "ringing"),
        ("never", "ringing"),
        ("reject", "left"),
        ("invalid", "left"),
        ("voicemail", "voicemail"),
    ],
)
def test_a_phone_does_what_it_was_set_to(behaviour: str, state: str) -> None:
    emulator = PhloEmulator(phones={"+222": behaviour})
    ask(emulator, "POST", NODE, DIAL)
    (call,) = emulator.calls.values()

    assert call.members[1].state == state


def test_with_auto_join_a_warm_transfer_brings_all_together() -> None:
    emulator = PhloEmulator(auto_join=True)
    ask(emulator, "POST", NODE, DIAL)
    ask(emulator, "POST", NODE, WARM)
    (call,) = emulator.calls.values()

    assert ({member.state for member in call.members}, call.transfer) == (
        {MemberState.IN_CALL},
        None,
    )


def test_dialled_counts_who_was_rung_in_either_spelling_and_not_who_dialled(
    emulator: PhloEmulator,
) -> None:
    ask(emulator, "POST", NODE, {**DIAL, "to": "+222"})
    say(emulator, "222", "hangup")
    ask(emulator, "POST", NODE, DIAL)

    assert (emulator.dialled, emulator.dialled["111"]) == ({"+222": 2}, 0)


def test_a_call_without_members_is_forgotten(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "111", "hangup")
    say(emulator, "222", "hangup")

    assert (emulator.calls, say(emulator, "222", "hangup").status) == ({}, 404)


def test_an_accepted_action_is_logged_once_with_the_call_before_and_after() -> None:
    emulator = PhloEmulator(new_id=lambda: "id", clock=lambda: 7.5)
    ask(emulator, "POST", NODE, DIAL)
    between = next(iter(emulator.calls.values()))
    say(emulator, "222", "hold")
    entry = emulator.log[-1]

    assert (
        entry.number,
        entry.at,
        entry.api_id,
        entry.verb,
        entry.address,
    ) == (2, 7.5, "id", "hold", "222")
    assert (entry.before, entry.after) == (between, next(iter(emulator.calls.values())))
    assert len(emulator.log) == 2


def test_what_a_phone_does_by_itself_is_logged_without_a_request(emulator: PhloEmulator) -> None:
    ask(emulator, "POST", NODE, DIAL)
    emulator.hang_up("222")

    assert [(e.verb, e.api_id) for e in emulator.log] == [("call", "id"), ("hang_up", None)]
