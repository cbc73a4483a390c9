"""What each component does, state by state."""

from __future__ import annotations

import pytest

from plivo_phlo_async.emulator.flow.components import COMPONENTS
from plivo_phlo_async.emulator.flow.engine.effects import (
    Bridge,
    Dial,
    Fetch,
    HangUp,
    JoinConference,
    Play,
    PostCallback,
    Record,
    SendText,
    SetTimer,
)
from plivo_phlo_async.emulator.flow.engine.events import (
    Answered,
    Busy,
    ConferenceEnded,
    Failed,
    HungUp,
    Left,
    Machine,
    NoAnswer,
    Recorded,
    Unreachable,
)
from plivo_phlo_async.emulator.flow.engine.step import Trigger

from ..flows import AGENT, CALLER, NUMBER
from .stepper import API, Stepper

TWO = ["12025550001", "12025550002"]


class TestIvrMenu:
    def test_its_timeout_begins_when_the_prompt_ends(self) -> None:
        flow = Stepper("Menu")
        assert flow.found(SetTimer) == []

        flow.played()

        assert [timer.seconds for timer in flow.found(SetTimer)] == [5]

    def test_a_key_interrupts_the_prompt(self) -> None:
        assert Stepper("Menu").presses("1").states == [("Menu", "1")]

    def test_a_key_does_not_interrupt_where_it_must_not(self) -> None:
        flow = Stepper("Menu", Menu={"interrupt": "false"}).presses("1")
        assert flow.states == []

        assert flow.played().presses("2").states == [("Menu", "2")]

    def test_no_key_in_time_is_no_input(self) -> None:
        assert Stepper("Menu").played().timed_out().states == [("Menu", "No Input")]

    def test_another_key_is_wrong_input(self) -> None:
        flow = Stepper("Menu").presses("9")

        assert flow.states == [("Menu", "Wrong Input")]
        assert flow.outputs["Menu"] == {"digits": "9", "input_type": "digits"}

    def test_its_prompt_can_name_the_key_of_the_last_visit(self) -> None:
        prompt = "{% if Menu.digits %}{{Menu.digits}} is wrong. {% endif %}Press 1."
        flow = Stepper("Menu", Menu={"prompt": prompt, "next": {"Wrong Input": "Menu"}})
        (play,) = flow.presses("9").found(Play)

        assert play.prompts[0].speak == "9 is wrong. Press 1."
        assert flow.outputs["Menu"]["digits"] == ""


class TestGetInput:
    def test_the_hash_key_ends_the_input_and_is_not_part_of_it(self) -> None:
        flow = Stepper("Ask").presses("12#")

        assert flow.states == [("Ask", "Successful Input")]
        assert flow.outputs["Ask"]["input"] == "12"

    def test_the_maximum_ends_the_input(self) -> None:
        assert Stepper("Ask").presses("1234").outputs["Ask"]["input"] == "1234"

    def test_each_key_has_the_timeout_again(self) -> None:
        flow = Stepper("Ask").presses("1")
        first = flow.wait.number
        flow.presses("2")

        assert flow.wait.number != first
        assert flow.timed_out().outputs["Ask"]["input"] == "12"

    @pytest.mark.parametrize("keys", ["", "#"])
    def test_nothing_entered_is_no_input(self, keys: str) -> None:
        flow = Stepper("Ask").played().presses(keys)

        assert (flow if keys else flow.timed_out()).states == [("Ask", "No Input")]


class TestRecordAudio:
    def test_it_records_after_its_prompt(self) -> None:
        flow = Stepper("Voicemail").played()

        (record,) = flow.found(Record)
        assert (record.silence, record.longest, record.beep) == (15, 60, True)

    def test_its_variables_are_those_of_the_recording(self) -> None:
        flow = Stepper("Voicemail").played()
        (record,) = flow.found(Record)
        flow.take(Recorded(flow.at + 3, record.wait, 2.5))

        outputs = flow.outputs["Voicemail"]
        assert outputs["recording_duration"] == "2500"
        assert outputs["recording_uuid"] == record.recording_id
        assert outputs["recording_url"].endswith(f"/_emulator/recordings/{record.recording_id}.wav")

    def test_a_caller_who_hangs_up_leaves_a_recording_and_the_run_goes_on(self) -> None:
        flow = Stepper("Voicemail", "Text").played()
        flow.take(HungUp(flow.at + 4, flow.wait.leg))

        assert flow.states == [("Voicemail", "Recording Completed")]
        assert flow.outputs["Voicemail"]["recording_duration"] == "4000"
        assert flow.found(SendText)

    def test_a_caller_who_hangs_up_during_the_prompt_leaves_none(self) -> None:
        flow = Stepper("Voicemail", "Text")
        flow.take(HungUp(flow.at, flow.wait.leg))

        assert flow.run.ended == "the caller hung up at Voicemail"
        assert flow.run.recordings == ()

    def test_only_its_keys_end_it(self) -> None:
        flow = Stepper("Voicemail", Voicemail={"finish_on": "*"}).played()

        assert flow.presses("#1").states == []
        assert flow.presses("*").states == [("Voicemail", "Recording Completed")]

    def test_it_ends_at_its_maximum(self) -> None:
        flow = Stepper("Voicemail").played()

        assert flow.timed_out().states == [("Voicemail", "Recording Completed")]


class TestInitiateCall:
    @pytest.mark.parametrize(
        ("event", "state", "cause"),
        [
            (Answered, "Answered", "4000"),
            (Machine, "Answered", "4000"),
            (Busy, "Busy/Rejected", "3020"),
            (NoAnswer, "No Answer", "3000"),
            (Failed, "Failed", "2000"),
        ],
    )
    def test_its_state_is_what_the_phone_does(self, event: type, state: str, cause: str) -> None:
        flow = Stepper("Ring", trigger=API)
        (leg,) = flow.legs("Ring")
        flow.take(event(flow.at, leg.uuid))

        assert flow.states == [("Ring", state)]
        assert flow.legs("Ring")[0].cause == cause

    def test_a_machine_is_voicemail_where_it_is_detected(self) -> None:
        flow = Stepper("Ring", trigger=API, Ring={"voicemail_detection": "true"})
        flow.take(Machine(flow.at, flow.wait.leg))

        assert flow.states == [("Ring", "Voicemail")]
        assert flow.outputs["Ring"]["voicemail_detected"] == "true"

    def test_a_machine_is_a_person_where_it_is_not_detected(self) -> None:
        flow = Stepper("Ring", trigger=API)
        flow.take(Machine(flow.at, flow.wait.leg))

        assert flow.states == [("Ring", "Answered")]
        assert flow.outputs["Ring"]["voicemail_detected"] == "false"

    def test_the_ring_timeout_hangs_up(self) -> None:
        flow = Stepper("Ring", trigger=API)
        assert [timer.seconds for timer in flow.found(SetTimer)] == [20]

        flow.timed_out()

        assert [(up.cause) for up in flow.found(HangUp)] == ["6010"]
        assert flow.states == [("Ring", "No Answer")]

    def test_each_recipient_has_a_token_and_a_call(self) -> None:
        flow = Stepper("Ring", "Say", trigger=API, Ring={"to": TWO, "next": {"Answered": "Say"}})
        second = flow.legs("Ring")[1]
        flow.answered(second.uuid)

        assert [token.node for token in flow.run.tokens] == ["Ring", "Say"]
        assert [play.leg for play in flow.found(Play)] == [second.uuid]

    def test_it_hangs_up_the_call_before(self) -> None:
        flow = Stepper("Ring")

        assert [up.leg for up in flow.found(HangUp)] == [next(iter(flow.run.legs))]

    @pytest.mark.parametrize("option", ["from", "to"])
    def test_nothing_is_dialled_where_an_address_is_empty(self, option: str) -> None:
        flow = Stepper("Ring", trigger=API, Ring={option: "{{Start.http.params.none}}"})

        assert flow.states == [("Ring", "Failed")]
        assert flow.found(Dial) == []
        assert flow.run.notes == ("Ring: nothing is dialled: 'from' or 'to' is empty",)

    def test_headers_have_plivos_prefix_and_an_extension_is_dialled(self) -> None:
        ring = {"to": f"{AGENT};ext=12", "headers": {"team": "a"}}
        (dial,) = Stepper("Ring", trigger=API, Ring=ring).found(Dial)

        assert (dial.to, dial.extension) == (AGENT, "12")
        assert dial.headers == {"X-PH-team": "a"}

    @pytest.mark.parametrize(
        ("record", "recorded"),
        [
            (1, True),
            ("no", True),
            ({"a": 1}, True),
            (0, False),
            ("FALSE", False),
            (None, False),
            ("", False),
            ({}, False),
        ],
    )
    def test_it_is_recorded_as_plivos_table_says(self, record: object, recorded: bool) -> None:
        trigger = Trigger("API Request", params={"record": record})
        flow = Stepper("Ring", trigger=trigger, Ring={"record": "{{Start.http.params.record}}"})
        flow.answered(flow.wait.leg)

        assert bool(flow.run.recordings) is recorded


class TestCallForward:
    def test_the_first_who_answers_is_connected(self) -> None:
        flow = Stepper("Forward")
        (leg,) = flow.legs("Forward")
        flow.answered(leg.uuid)

        assert flow.found(Bridge) == [Bridge(next(iter(flow.run.legs)), leg.uuid)]
        assert flow.outputs["Forward"]["leg"] == "BLeg"

    @pytest.mark.parametrize("end", [0, 1])
    def test_it_is_completed_when_either_party_hangs_up(self, end: int) -> None:
        flow = Stepper("Forward")
        flow.answered(flow.legs("Forward")[0].uuid)
        legs = [*flow.run.legs]
        flow.take(HungUp(flow.at, legs[end]))

        assert flow.states == [("Forward", "Completed")]
        assert [up.leg for up in flow.found(HangUp)] == [legs[1 - end]]
        assert flow.outputs["Forward"]["dial_status"] == "completed"

    def test_a_call_that_dials_nothing_has_every_variable(self) -> None:
        flow = Stepper("Forward", trigger=API)

        assert flow.states == [("Forward", "Failed")]
        assert flow.outputs["Forward"].keys() == COMPONENTS["Call Forward"].variables.keys()
        assert flow.outputs["Forward"]["dial_status"] == "failed"

    def test_in_sequence_the_next_is_dialled_after_a_rejection(self) -> None:
        flow = Stepper("Forward", Forward={"to": TWO})
        flow.take(Busy(flow.at, flow.legs("Forward")[0].uuid))

        assert [dial.to for dial in flow.found(Dial)] == [TWO[1]]
        assert flow.timed_out().states == [("Forward", "No Answer")]

    def test_in_parallel_all_others_stop_ringing(self) -> None:
        flow = Stepper("Forward", Forward={"to": TWO, "order": "parallel"})
        first, second = flow.legs("Forward")
        flow.answered(second.uuid)

        assert flow.found(HangUp) == [HangUp(first.uuid, "9000")]

    def test_a_caller_who_hangs_up_while_it_rings_cancels_it(self) -> None:
        flow = Stepper("Forward", "Text", Forward={"to": TWO, "order": "parallel"})
        flow.take(HungUp(flow.at, flow.wait.leg))

        assert [up.cause for up in flow.found(HangUp)] == ["1000", "1000"]
        assert flow.states == [("Forward", "No Answer")]
        assert flow.found(SendText)

    def _asked(self) -> tuple[Stepper, str]:
        confirm = {"prompt": "Press 1.", "key": "1"}
        flow = Stepper("Forward", Forward={"to": TWO, "confirm": confirm})
        leg = flow.legs("Forward")[0].uuid
        return flow.answered(leg), leg

    def test_a_confirm_key_connects(self) -> None:
        flow, leg = self._asked()
        assert [(play.leg, play.confirms) for play in flow.found(Play)] == [(leg, True)]

        flow.played().presses("1", leg)

        assert [bridge.other for bridge in flow.found(Bridge)] == [leg]

    @pytest.mark.parametrize("key", ["2", ""])
    def test_a_wrong_confirm_key_or_none_tries_the_next(self, key: str) -> None:
        flow, leg = self._asked()
        flow.played()
        flow.presses(key, leg) if key else flow.timed_out()

        assert flow.found(HangUp) == [HangUp(leg, "9110")]
        assert [dial.to for dial in flow.found(Dial)] == [TWO[1]]

    def test_without_a_call_it_fails(self) -> None:
        flow = Stepper("Forward", trigger=API)

        assert flow.states == [("Forward", "Failed")]
        assert flow.found(Dial) == []


class TestSendSms:
    @pytest.mark.parametrize(
        ("status", "state"),
        [("sent", "Sent"), ("delivered", "Sent"), ("undelivered", "Failed"), ("failed", "Failed")],
    )
    def test_its_first_status_decides(self, status: str, state: str) -> None:
        assert Stepper("Text").status(status).states == [("Text", state)]

    def test_a_later_status_is_posted_after_the_end(self) -> None:
        flow = Stepper("Text", Text={"callback": "http://127.0.0.1:9/"}).status("sent")
        ended = flow.run.ended

        flow.status("delivered")

        assert [post.event for post in flow.found(PostCallback)] == ["delivered"]
        assert flow.run.ended == ended
        assert flow.outputs["Text"]["status"] == "delivered"

    @pytest.mark.parametrize("status", ["queued", "sent", "odd"])
    def test_a_status_that_cannot_follow_changes_nothing(self, status: str) -> None:
        flow = Stepper("Text").status("delivered")
        before = flow.run

        assert flow.status(status).run is before

    def test_what_is_not_sent_has_no_variables_of_the_message_before(self) -> None:
        to = "{% if Text.status == 'sent' %}{% else %}12025550001{% endif %}"
        flow = Stepper("Text", Text={"to": to, "next": {"Sent": "Text"}})
        before = flow.outputs["Text"]["message_uuid"]
        flow.status("sent")

        assert flow.states == [("Text", "Sent"), ("Text", "Failed")]
        assert flow.outputs["Text"]["message_uuid"] == "" != before
        assert flow.outputs["Text"]["status"] == "failed"

    def test_each_recipient_receives_a_message(self) -> None:
        flow = Stepper("Text", Text={"to": f"{TWO[0]}, {TWO[1]}"})

        assert [text.to for text in flow.found(SendText)] == TWO
        assert len(flow.run.messages) == 2
        assert flow.status("failed", 1).states == []

    def test_media_make_it_an_mms(self) -> None:
        flow = Stepper("Text", Text={"media": "http://127.0.0.1/a.png"})

        assert flow.outputs["Text"]["type"] == "mms"

    def test_a_text_that_is_too_long_fails(self) -> None:
        flow = Stepper("Text", Text={"message": "x" * 1601})

        assert flow.states == [("Text", "Failed")]
        assert flow.found(SendText) == []


class TestHttpRequest:
    def test_templates_are_rendered_wherever_they_are(self) -> None:
        options: dict[str, object] = {"method": "POST"}
        options |= {"url": "http://127.0.0.1/{{Start.call.from}}"}
        options |= {"body": {"json": {"a": ["{{Start.call.to}}"]}}, "auth": {"bearer": "t"}}
        (fetch,) = Stepper("Fetch", Fetch=options).found(Fetch)

        assert fetch.url == f"http://127.0.0.1/{CALLER}"
        assert fetch.body == {"json": {"a": [NUMBER]}}
        assert fetch.auth == {"bearer": "t"}

    @pytest.mark.parametrize(
        ("status", "state"), [(200, "Success"), (299, "Success"), (301, "Failed"), (500, "Failed")]
    )
    def test_a_status_of_200_to_299_is_success(self, status: int, state: str) -> None:
        assert Stepper("Fetch").replied(status).states == [("Fetch", state)]

    def test_json_is_a_value_and_other_types_are_text(self) -> None:
        value = Stepper("Fetch").replied(200, '{"a": [1]}')
        text = Stepper("Fetch").replied(200, '{"a": 1}', "text/plain")

        assert value.outputs["Fetch"]["response"] == {"a": [1]}
        assert text.outputs["Fetch"]["response"] == '{"a": 1}'

    @pytest.mark.parametrize("text", ["{", "NaN", "[1e999]", '"\\ud800"', "[" * 5000])
    def test_what_is_no_json_is_text(self, text: str) -> None:
        assert Stepper("Fetch").replied(200, text).outputs["Fetch"]["response"] == text

    def test_its_url_can_have_a_key_of_the_last_response(self) -> None:
        url = "http://127.0.0.1/{{Fetch.response.after}}"
        flow = Stepper("Fetch", Fetch={"url": url, "next": {"Success": "Fetch"}})
        (fetch,) = flow.replied(200, '{"after": "p2"}').found(Fetch)

        assert fetch.url == "http://127.0.0.1/p2"

    def test_a_missing_key_is_a_status_of_400(self) -> None:
        flow = Stepper("Fetch", Fetch={"expect": ["name", "tier"]}).replied(200, '{"name": "Ann"}')

        assert flow.states == [("Fetch", "Failed")]
        assert flow.outputs["Fetch"]["status_code"] == 400
        text = "Fetch: status_code is 400: the response has not all of name, tier"
        assert flow.run.notes == (text,)

    def test_no_response_fails_and_is_noted(self) -> None:
        flow = Stepper("Fetch")
        flow.take(Unreachable(flow.at, flow.wait.number, "connection refused"))

        assert flow.states == [("Fetch", "Failed")]
        assert flow.run.notes == ("Fetch: connection refused",)


class TestConference:
    def test_the_caller_joins_and_the_others_are_dialled(self) -> None:
        (join,) = Stepper("Agents").found(JoinConference)

        assert (join.role, join.to, join.from_) == ("customer", (AGENT,), NUMBER)

    def test_it_is_completed_when_the_conference_has_ended(self) -> None:
        flow = Stepper("Agents", "Text")
        flow.take(Left(flow.at, flow.wait.leg))
        assert flow.states == []

        flow.take(ConferenceEnded(flow.at, flow.wait.number))

        assert flow.states == [("Agents", "Completed")]
        assert flow.found(SendText)

    def test_after_a_failure_the_call_goes_on(self) -> None:
        flow = Stepper("Agents", "Say")
        flow.take(ConferenceEnded(flow.at, flow.wait.number, failed=True))

        assert flow.states == [("Agents", "Failed")]
        assert flow.found(HangUp) == []

    def test_a_conference_is_recorded(self) -> None:
        flow = Stepper("Agents", Agents={"record": "true"})
        flow.take(ConferenceEnded(flow.at + 30, flow.wait.number))

        assert [recording.seconds for recording in flow.run.recordings] == [30]

    def test_without_a_call_or_a_number_it_fails(self) -> None:
        assert Stepper("Bridge", trigger=API).states == [("Bridge", "Failed")]


class TestHangup:
    @pytest.mark.parametrize(
        ("reason", "cause"), [("Rejected", "3020"), ("Busy", "3010"), ("", "4000")]
    )
    def test_a_caller_who_was_not_connected_sees_the_reason(self, reason: str, cause: str) -> None:
        bye = {"reason": reason} if reason else {}
        flow = Stepper("Bye", Bye=bye)

        assert [up.cause for up in flow.found(HangUp)] == [cause]
        assert flow.run.ended == "hung up at Bye"

    def test_a_caller_who_was_connected_does_not(self) -> None:
        flow = Stepper("Say", "Bye", Bye={"reason": "Busy"}).played()

        assert [up.cause for up in flow.found(HangUp)] == ["4000"]

    def test_nodes_that_need_no_call_go_on(self) -> None:
        assert Stepper("Bye", "Text").found(SendText)


class TestCounter:
    def test_it_stays_reached(self) -> None:
        counter = {"component": "Counter", "max": "2", "next": "Say"}
        flow = Stepper("Say", "Fetch", Fetch=counter, Say={"next": "Fetch"})
        for _ in range(4):
            flow.played()

        counted = [state for node, state in flow.states if node == "Fetch"]
        assert counted == ["Count Not Reached", *["Count Reached"] * 3]


class TestBranch:
    @pytest.mark.parametrize(
        ("operation", "value", "matches"),
        [
            ("equals", CALLER, True),
            ("equals", "1202555", False),
            ("not_equals", "x", True),
            ("contains", "555", True),
            ("starts_with", "1202", True),
            ("starts_with", "5", False),
            ("ends_with", "0000", True),
            ("greater_than", "9", True),
            ("greater_than", "99999999999999", False),
            ("less_than", "99999999999999", True),
            ("is_empty", "true", False),
        ],
    )
    def test_it_compares(self, operation: str, value: str, matches: bool) -> None:
        conditions = {"it": {operation: value}}
        branch = {"component": "Branch", "variable": "{{Start.call.from}}"}
        flow = Stepper("Bye", Bye={**branch, "conditions": conditions})

        assert flow.states == [("Bye", "it" if matches else "No Match")]

    def test_the_first_match_wins(self) -> None:
        conditions = {"a": {"contains": "2"}, "b": {"contains": "2"}}
        branch = {"component": "Branch", "variable": "2", "conditions": conditions}

        assert Stepper("Bye", Bye=branch).states == [("Bye", "a")]

    def test_texts_compare_as_in_a_dictionary(self) -> None:
        conditions = {"later": {"greater_than": "apple"}}
        branch = {"component": "Branch", "variable": "pear", "conditions": conditions}

        assert Stepper("Bye", Bye=branch).states == [("Bye", "later")]
