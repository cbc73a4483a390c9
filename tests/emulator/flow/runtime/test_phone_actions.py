"""What people do with their phones in flows."""

from __future__ import annotations

import pytest

from plivo_phlo_async.emulator import Phone, SmsScript
from plivo_phlo_async.emulator.errors import ApiError, CallError

from ..flows import AGENT, CALLER, NUMBER, StillEmulator


def test_keys_are_pressed_one_after_the_other(still: StillEmulator) -> None:
    phone = still.load("Menu", "Ask", Menu={"next": {"1": "Ask"}}).phone(CALLER)
    run = phone.calls(NUMBER)

    phone.presses("1")
    phone.presses("12#")

    assert run.outputs["Ask"]["input"] == "12"


def test_a_script_presses_keys_at_each_prompt(still: StillEmulator) -> None:
    emulator = still.load("Menu", "Ask", Menu={"next": {"2": "Ask"}})
    emulator.set_phone(CALLER, Phone(keys=("2", "1234")))

    run = emulator.phone(CALLER).calls(NUMBER)

    assert run.states[1:] == [("Menu", "2"), ("Ask", "Successful Input")]


def test_a_key_that_nothing_asks_for_is_an_error_and_the_run_goes_on() -> None:
    still = StillEmulator(prompt_speed=1)
    phone = still.load("Say", "Menu").phone(CALLER)
    run = phone.calls(NUMBER)

    with pytest.raises(CallError) as caught:
        phone.presses("1")
    assert caught.value.reason == "'1' was not pressed: Say asks for no key now."
    still.clock.advance(6)
    assert run.waiting == ["Menu"]


@pytest.mark.parametrize("keys", ["", "a", "1 2", "1" * 3 + "x"])
def test_what_is_no_key_is_an_error(still: StillEmulator, keys: str) -> None:
    phone = still.load("Menu").phone(CALLER)
    phone.calls(NUMBER)

    with pytest.raises(ApiError, match="is not made of 0 to 9"):
        phone.presses(keys)


def test_a_phone_in_no_call_cannot_press(still: StillEmulator) -> None:
    phone = still.load("Menu").phone(CALLER)

    with pytest.raises(CallError) as caught:
        phone.presses("1")
    assert caught.value.reason == "12025550000 is in no call of a flow."


def test_the_sip_headers_of_a_call_are_variables(still: StillEmulator) -> None:
    emulator = still.load("Say", Say={"prompt": "{{Start.call.header1}}"})
    phone = emulator.phone("sip:ann@phone.example")

    phone.calls(NUMBER, headers={"header1": "gold"})

    assert phone.heard == ["gold"]


def test_a_phone_in_a_call_cannot_call_a_number(still: StillEmulator) -> None:
    emulator = still.load("Forward")
    run = emulator.phone(CALLER).calls(NUMBER)

    for busy in (CALLER, AGENT):
        with pytest.raises(ApiError) as caught:
            emulator.phone(f"+{busy.removeprefix('+')}").calls(NUMBER)
        assert caught.value.status == 409
        assert caught.value.error.endswith(" is in a call already; hang up first.")
    assert [one.run_id for one in emulator.runs] == [run.run_id]


def test_a_member_of_a_call_cannot_call_a_number(still: StillEmulator) -> None:
    emulator = still.load("Agents")
    emulator.set_phone(AGENT, "ring")
    emulator.phone(CALLER).calls(NUMBER)

    emulator.phone(AGENT).answers()

    with pytest.raises(ApiError, match="is in a call already; hang up first"):
        emulator.phone(AGENT).calls(NUMBER)


def test_a_phone_that_has_hung_up_or_rings_can_call_a_number(still: StillEmulator) -> None:
    emulator = still.load("Forward")
    emulator.set_phone(AGENT, "ring")
    caller = emulator.phone(CALLER)
    caller.calls(NUMBER)

    emulator.phone(AGENT).calls(NUMBER)
    caller.hangs_up()
    caller.calls(NUMBER)

    assert len(emulator.runs) == 3


@pytest.mark.parametrize("headers", [{"from": "1"}, {"header1": 5}, {"header1": "\ud800"}])
def test_a_header_that_is_none_is_refused(still: StillEmulator, headers: dict[str, str]) -> None:
    phone = still.load("Say").phone(CALLER)

    with pytest.raises(ApiError, match="give texts with names as header1"):
        phone.calls(NUMBER, headers=headers)


def test_a_caller_who_hangs_up_ends_the_run(still: StillEmulator) -> None:
    phone = still.load("Menu").phone(CALLER)
    run = phone.calls(NUMBER)

    phone.hangs_up()

    assert run.ended == "the caller hung up at Menu"


def test_a_phone_that_rings_is_answered_by_hand(still: StillEmulator) -> None:
    emulator = still.load("Ring", "Say", Ring={"next": {"Answered": "Say"}})
    emulator.set_phone(AGENT, "ring")
    run = emulator.run("test")

    emulator.phone(AGENT).answers()

    assert run.path == ["Start", "Ring", "Say"]
    assert emulator.phone(AGENT).heard == ["Hello."]


def test_a_phone_that_rings_is_rejected_by_hand(still: StillEmulator) -> None:
    emulator = still.load("Ring")
    emulator.set_phone(AGENT, "ring")
    run = emulator.run("test")

    emulator.phone(AGENT).rejects()

    assert run.states[-1] == ("Ring", "Busy/Rejected")


@pytest.mark.parametrize(
    ("does", "state"),
    [
        ("answer", "Answered"),
        ("reject", "Busy/Rejected"),
        ("voicemail", "Answered"),
        ("invalid", "Failed"),
    ],
)
def test_a_phone_does_what_it_is_configured_to(still: StillEmulator, does: str, state: str) -> None:
    emulator = still.load("Ring")
    emulator.set_phone(AGENT, does, after=3)
    run = emulator.run("test")

    still.clock.advance(3)

    assert run.states[-1] == ("Ring", state)


def test_a_phone_that_never_answers_rings_until_the_timeout(still: StillEmulator) -> None:
    emulator = still.load("Ring")
    emulator.set_phone(AGENT, "never")
    run = emulator.run("test")

    still.clock.advance(19.9)
    assert run.waiting == ["Ring"]
    still.clock.advance(0.1)
    assert run.states[-1] == ("Ring", "No Answer")


def test_a_dialled_phone_is_counted(still: StillEmulator) -> None:
    emulator = still.load("Ring")

    emulator.run("test")
    emulator.run("test")

    assert emulator.dialled == {AGENT: 2}


def test_a_phone_that_talks_hangs_up_after_it(still: StillEmulator) -> None:
    emulator = still.load("Forward", "Text")
    emulator.set_phone(AGENT, Phone(talks=30))
    run = emulator.phone(CALLER).calls(NUMBER)

    still.clock.advance(29)
    assert run.waiting == ["Forward"]
    still.clock.advance(1)
    assert run.states[1:] == [("Forward", "Completed"), ("Text", "Sent")]


@pytest.mark.parametrize(("key", "state"), [("1", None), ("2", "No Answer"), ("", "No Answer")])
def test_a_forwarded_call_is_accepted_by_its_key(
    still: StillEmulator, key: str, state: str | None
) -> None:
    confirm = {"prompt": "Press 1 to accept.", "key": "1"}
    emulator = still.load("Forward", Forward={"confirm": confirm})
    emulator.set_phone(AGENT, Phone(confirm=key))
    run = emulator.phone(CALLER).calls(NUMBER)

    still.clock.advance(5)

    assert run.states[1:] == ([] if state is None else [("Forward", state)])
    assert emulator.phone(AGENT).heard == ["Press 1 to accept."]


def test_a_recording_lasts_as_long_as_a_phone_speaks(still: StillEmulator) -> None:
    emulator = still.load("Voicemail")
    run = emulator.phone(CALLER).calls(NUMBER)

    emulator.phone(CALLER).speaks(4)
    emulator.phone(CALLER).presses("#")

    assert run.outputs["Voicemail"]["recording_duration"] == "4000"


def test_silence_ends_a_recording(still: StillEmulator) -> None:
    emulator = still.load("Voicemail")
    emulator.set_phone(CALLER, Phone(speaks=10))
    run = emulator.phone(CALLER).calls(NUMBER)

    still.clock.advance(24.9)
    assert run.waiting == ["Voicemail"]
    still.clock.advance(0.1)
    assert run.outputs["Voicemail"]["recording_duration"] == "25000"


def test_a_phone_that_is_not_recorded_cannot_speak(still: StillEmulator) -> None:
    phone = still.load("Menu").phone(CALLER)
    phone.calls(NUMBER)

    with pytest.raises(CallError, match="is not being recorded"):
        phone.speaks(3)


def test_a_phone_is_not_recorded_before_the_end_of_the_prompt() -> None:
    still = StillEmulator(prompt_speed=1)
    phone = still.load("Voicemail").phone(CALLER)
    phone.calls(NUMBER)

    with pytest.raises(CallError) as caught:
        phone.speaks(3)
    assert caught.value.reason == (
        "12025550000 is not being recorded yet: the prompt of Voicemail is playing."
    )
    still.clock.advance(15)
    phone.speaks(3)


@pytest.mark.parametrize(
    ("status", "state"),
    [("delivered", "Sent"), ("sent", "Sent"), ("undelivered", "Failed"), ("rejected", "Failed")],
)
def test_a_message_has_the_status_of_the_phone(
    still: StillEmulator, status: str, state: str
) -> None:
    emulator = still.load("Text")
    emulator.set_phone(AGENT, Phone(sms=SmsScript(status, 2)))
    run = emulator.run("test")

    still.clock.advance(2)

    assert run.states[-1] == ("Text", state)
    assert run.outputs["Text"]["status"] == status


def test_without_a_flow_a_key_is_refused_with_what_to_do(still: StillEmulator) -> None:
    with pytest.raises(CallError) as caught:
        still.emulator.phone(CALLER).presses("1")
    assert caught.value.reason == (
        "No flow is loaded; start the emulator with --flow FILE, or call load_flow."
    )


def test_silence_is_counted_from_the_end_of_what_a_person_says(still: StillEmulator) -> None:
    phone = still.load("Voicemail").phone(CALLER)
    run = phone.calls(NUMBER)

    still.clock.advance(10)
    phone.speaks(10)
    still.clock.advance(24.9)
    assert run.waiting == ["Voicemail"]
    still.clock.advance(0.1)

    assert run.outputs["Voicemail"]["recording_duration"] == "35000"


def test_a_recording_has_the_silence_before_the_words(still: StillEmulator) -> None:
    phone = still.load("Voicemail").phone(CALLER)
    run = phone.calls(NUMBER)

    still.clock.advance(10)
    phone.speaks(4)
    phone.hangs_up()

    assert run.outputs["Voicemail"]["recording_duration"] == "14000"


def test_who_hangs_up_after_speaking_is_not_at_the_next_node(still: StillEmulator) -> None:
    phone = still.load("Voicemail", "Menu").phone(CALLER)
    run = phone.calls(NUMBER)

    phone.speaks(4)
    phone.hangs_up()

    assert run.outputs["Voicemail"]["recording_duration"] == "4000"
    assert run.ended == "IVR Menu Menu: there is no call here"
    assert phone.heard == ["After the beep."]


@pytest.mark.parametrize("name", ["Fetch", "Text"])
def test_a_node_that_waits_for_no_phone_asks_for_no_key(still: StillEmulator, name: str) -> None:
    emulator = still.load(name)
    emulator.set_phone(AGENT, Phone(sms=SmsScript("sent", 5)))
    phone = emulator.phone(CALLER)
    phone.calls(NUMBER)

    with pytest.raises(CallError) as caught:
        phone.presses("1")
    assert caught.value.reason == f"'1' was not pressed: {name} asks for no key now."


def test_a_prompt_without_a_text_is_not_heard(still: StillEmulator) -> None:
    phone = still.load("Menu", Menu={"prompt": "{{Start.http.params.greeting}}"}).phone(CALLER)

    run = phone.calls(NUMBER)

    assert run.waiting == ["Menu"]
    assert phone.heard == []


@pytest.mark.parametrize("address", ["", " ", "+", "1" * 256, "\ud800"])
def test_a_phone_needs_an_address(still: StillEmulator, address: str) -> None:
    emulator = still.load("Say")

    with pytest.raises(ApiError) as caught:
        emulator.phone(address).calls(NUMBER)
    assert caught.value.error == "address: give 1 to 255 characters."
    assert emulator.runs == []


def test_a_message_that_is_no_unicode_is_refused(still: StillEmulator) -> None:
    emulator = still.load("Text")

    with pytest.raises(ApiError) as caught:
        emulator.phone(CALLER).texts(NUMBER, "\ud800")
    assert caught.value.error == "message: it has a lone surrogate; give Unicode text."


def test_the_oldest_phones_that_are_in_no_call_are_forgotten(
    still: StillEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plivo_phlo_async.emulator.flow.runtime.phones.PHONE_LIMIT", 2)
    emulator = still.load("Menu")
    phones = [emulator.phone(f"1202555000{number}") for number in range(3)]

    for phone in phones:
        phone.calls(NUMBER)
        if phone is not phones[0]:
            phone.hangs_up()

    assert [phone.heard for phone in phones] == [["Press 1 or 2."], [], ["Press 1 or 2."]]
