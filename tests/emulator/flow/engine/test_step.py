"""The step: moves, ends, limits, and events that come too late."""

from __future__ import annotations

import pytest

from plivo_phlo_async.emulator.flow.engine.effects import Ended, HangUp, Play, PostCallback
from plivo_phlo_async.emulator.flow.engine.events import (
    Answered,
    HungUp,
    Left,
    MessageStatus,
    Played,
    Pressed,
    Stopped,
)
from plivo_phlo_async.emulator.flow.engine.step import Trigger
from plivo_phlo_async.emulator.flow.graph import Prompt

from ..flows import CALLER, document
from .stepper import API, Stepper


def test_a_state_that_leads_nowhere_ends_the_run_and_hangs_up() -> None:
    flow = Stepper("Say").played()

    assert flow.run.ended == "finished at Say with Prompt Completed"
    assert [type(effect) for effect in flow.effects] == [HangUp, Ended]
    assert flow.run.tokens == ()


def test_a_late_event_changes_nothing_and_has_no_effect() -> None:
    flow = Stepper("Say", "Menu")
    first = Played(flow.at, flow.wait.number)
    flow.take(first)
    before = flow.run

    for late in (first, Answered(flow.at, "none"), MessageStatus(flow.at, "none", "sent")):
        flow.take(late)
        assert flow.run is before
        assert flow.effects == ()


def test_nothing_happens_after_the_end() -> None:
    flow = Stepper("Menu")
    leg = flow.wait.leg
    flow.take(HungUp(flow.at, leg))
    before = flow.run

    for late in (HungUp(flow.at, leg), Pressed(flow.at, leg, "1"), Stopped(flow.at)):
        flow.take(late)
        assert flow.run is before


def test_a_leg_leaves_only_a_conference_that_it_is_in() -> None:
    flow = Stepper("Forward")
    (leg,) = flow.legs("Forward")
    flow.answered(leg.uuid)
    before = flow.run

    assert flow.take(Left(flow.at, leg.uuid)).run is before
    assert flow.take(HungUp(flow.at, leg.uuid)).states == [("Forward", "Completed")]


def test_a_node_that_needs_a_call_ends_a_run_without_one() -> None:
    flow = Stepper("Menu", trigger=API)

    assert flow.run.ended == "IVR Menu Menu: there is no call here"


@pytest.mark.parametrize("name", ["Text", "Fetch"])
def test_a_run_goes_on_without_its_call(name: str) -> None:
    flow = Stepper(name, "Text")

    flow.take(HungUp(flow.at, next(iter(flow.run.legs))))

    assert flow.run.ended is None


def test_a_cycle_that_never_waits_ends_at_the_limit() -> None:
    branch = {"component": "Branch", "variable": "x", "next": "Loop"}
    flow = document("Say")
    flow["nodes"]["Loop"] = branch
    flow["start"]["Incoming Call"] = "Loop"

    assert Stepper(flow=flow).run.ended == "stopped at Loop: more than 100 steps without a wait"


def test_a_run_visits_at_most_a_thousand_nodes() -> None:
    flow = Stepper("Say", Say={"next": "Say"})
    while flow.run.ended is None:
        flow.played()

    assert flow.run.ended == "stopped at Say: more than 1000 steps"
    assert len(flow.run.path) == 1001


def test_a_run_has_at_most_fifty_tokens() -> None:
    everyone = [f"1202555{n:04}" for n in range(30)]
    flow = Stepper("Ring", trigger=API, Ring={"to": everyone, "next": {"Answered": "Ring"}})

    for leg in [*flow.run.legs][:2]:
        flow.answered(leg)

    assert flow.run.ended == "stopped at Ring: more than 50 tokens"
    assert all(not leg.live for leg in flow.run.legs.values())


def test_more_than_fifty_recipients_end_the_run() -> None:
    everyone = [f"1202555{n:04}" for n in range(51)]

    flow = Stepper("Text", Text={"to": everyone})

    assert flow.run.ended == "stopped at Text: to has more than 50 entries"
    assert flow.run.messages == {}


def test_a_template_that_runs_away_ends_the_run() -> None:
    flow = Stepper("Say", Say={"prompt": "{% for i in (1..99999999) %}x{% endfor %}"})

    assert flow.run.ended is not None
    assert flow.run.ended.startswith("stopped at Say: ")
    assert "\n" not in flow.run.ended


def test_a_number_that_renders_to_none_ends_the_run() -> None:
    flow = Stepper("Ring", Ring={"ring_timeout": "{{Start.call.from_country}}"})

    text = "ring_timeout is 'United States', which is not a number of 0 or more"
    assert flow.run.ended == f"stopped at Ring: {text}"


def test_ids_come_from_the_id_of_the_run_alone() -> None:
    first, second = Stepper("Text"), Stepper("Text")

    assert first.run == second.run
    assert first.effects == second.effects


def test_a_message_starts_with_its_variables() -> None:
    text = Trigger("Incoming Message", "12025550000", "+442079460000", "Grüße")
    start = Stepper("Text", trigger=text).outputs["Start"]

    assert start["request_type"] == "sms"
    assert start["message.msg"] == start["message.text"] == "Grüße"
    assert (start["message.from_iso2"], start["message.to_iso2"]) == ("US", "GB")


def test_an_api_request_keeps_its_payload_and_adds_static_values() -> None:
    flow = document("Say")
    flow["start"]["keys"] = {"otp": "0000", "lang": "en"}
    start = Stepper(flow=flow, trigger=Trigger("API Request", params={"otp": 779889}))

    assert start.outputs["Start"]["http.params"] == {"otp": 779889, "lang": "en"}


def test_a_call_has_its_variables_and_at_the_end_its_duration() -> None:
    flow = Stepper("Menu")
    flow.take(HungUp(flow.at + 12, flow.wait.leg))

    start = flow.outputs["Start"]
    assert start["call.from_country"] == "United States"
    assert start["call.answer_time"] == "1970-01-12 13:46:40"
    assert (start["call.duration"], start["call.hangup_cause"]) == ("12", "4000")


def test_a_sip_header_is_a_variable_of_the_call() -> None:
    call = Trigger("Incoming Call", "sip:a@b", "+14155550100", headers={"header1": "gold"})

    flow = Stepper("Say", trigger=call, Say={"prompt": "{{Start.call.header1}}"})

    assert flow.effects[0].prompts[0].speak == "gold"  # type: ignore[union-attr]


def test_a_node_is_found_by_its_own_name_in_brackets() -> None:
    flow = document("Menu")
    flow["nodes"] = {
        "My menu": {**flow["nodes"]["Menu"], "next": "Say"},
        "Say": {"component": "Play Audio", "prompt": "{{['My menu'].digits}}, {{My_menu.digits}}"},
    }
    flow["start"] = {"Incoming Call": "My menu"}

    (play,) = Stepper(flow=flow).presses("2").found(Play)

    assert play.prompts == (Prompt(speak="2, 2"),)


def test_the_url_of_a_callback_is_a_template() -> None:
    callback = "http://127.0.0.1:9/{{Menu.digits}}?from={{Start.call.from}}"

    (post,) = Stepper("Menu", Menu={"callback": callback}).presses("2").found(PostCallback)

    assert post.url == f"http://127.0.0.1:9/2?from={CALLER}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("{{Start.http.params.url}}", "'' is no http or https URL"),
        ("http://{% for n in (1..11000) %}a{% endfor %}/", "has a range of more than 10,000"),
    ],
)
def test_a_callback_without_a_url_is_noted_and_the_run_goes_on(url: str, why: str) -> None:
    flow = Stepper("Menu", "Bye", Menu={"callback": url}).presses("1")

    assert flow.found(PostCallback) == []
    assert flow.run.ended == "hung up at Bye"
    (note,) = flow.run.notes
    assert note.startswith(f"Menu: the callback is not sent: {why}")
