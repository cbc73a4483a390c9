"""Every example flow is played: what its phones do, and the path that its run takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.emulator import FlowRun, PhloEmulator, Phone
from plivo_phlo_async.testing import Clock, client_of

FLOWS = Path(__file__).parents[2] / "examples" / "flows"
CALLER = "12025550000"
CUSTOMER = "12025550121"


class Play:
    """An emulator with one example, and a clock that stands still."""

    def __init__(self, name: str, http: Mapping[str, object] | None = None) -> None:
        self.clock = clock = Clock(runs=False)
        self.emulator = PhloEmulator(
            clock=clock, wall=clock.wall, sleep=clock.sleep, prompt_speed=None
        )
        (path,) = FLOWS.glob(f"{name}.phlo.yaml")
        self.phlo = self.emulator.load_flow(path, http=http)
        self.number = self.phlo.numbers[0] if self.phlo.numbers else ""

    def phones(self, **does: Phone | str) -> Play:
        """Configure the phones 120255501NN by their last two digits, as `p42="reject"`."""
        for name, phone in does.items():
            self.emulator.set_phone(f"120255501{name[1:]}", phone)
        return self

    def calls(self, caller: str = CALLER, phone: Phone | None = None) -> list[str]:
        """Let a phone call the flow, and five minutes pass; return the path without Start."""
        if phone is not None:
            self.emulator.set_phone(caller, phone)
        return self._played(self.emulator.phone(caller).calls(self.number).path)

    def api(self, **params: object) -> list[str]:
        """Start the flow by API request, and let five minutes pass; return the path."""
        return self._played(self.emulator.run(self.phlo.phlo_id, **params).path)

    def texts(self, message: str) -> list[str]:
        """Send a text to the flow, and let five minutes pass; return the path."""
        return self._played(self.emulator.phone(CALLER).texts(self.number, message).path)

    def _played(self, _: list[str]) -> list[str]:
        self.clock.advance(300)
        return self.run.path[1:]

    @property
    def run(self) -> FlowRun:
        """The latest run."""
        return self.emulator.runs[-1]

    def state(self) -> str:
        """Return the last state of the latest run."""
        return self.run.states[-1][1]

    def heard(self, address: str) -> str:
        """Return all that a phone has heard."""
        return "\n".join(self.emulator.phone(address).heard)


TALKS = Phone(talks=60)


@pytest.mark.parametrize(
    ("keys", "phones", "path"),
    [
        (("1",), {"p11": TALKS}, ["Menu", "Support"]),
        (("2",), {"p12": TALKS}, ["Menu", "Sales"]),
        (("", "2"), {"p12": TALKS}, ["Menu", "Nothing_heard", "Menu", "Sales"]),
        (("7", "1"), {"p11": TALKS}, ["Menu", "Wrong_key", "Menu", "Support"]),
        (("1",), {"p11": "never"}, ["Menu", "Support", "All_busy"]),
        (("1",), {"p11": "reject"}, ["Menu", "Support", "All_busy"]),
        (("1",), {"p11": "invalid"}, ["Menu", "Support", "All_busy"]),
    ],
)
def test_a_phone_system(keys: tuple[str, ...], phones: dict[str, Phone], path: list[str]) -> None:
    play = Play("01-phone-system").phones(**phones)

    assert play.calls(phone=Phone(keys=keys)) == path


def test_a_phone_system_names_the_wrong_key() -> None:
    play = Play("01-phone-system").phones(p11=TALKS)
    play.calls(phone=Phone(keys=("7", "1")))

    assert "7 is not on the menu." in play.heard(CALLER)


SURVEY = "POST http://127.0.0.1:8000/survey"


@pytest.mark.parametrize(
    ("phone", "path"),
    [
        (
            Phone(keys=("1", "5")),
            ["Call_customer", "Question_1", "Question_2", "Thanks", "Post_answers"],
        ),
        (
            Phone(keys=("3", "2", "9", "4")),
            [
                "Call_customer",
                *("Question_1", "Question_1", "Question_2", "Question_2"),
                *("Thanks", "Post_answers"),
            ],
        ),
        (Phone(), ["Call_customer", "Question_1", "Thanks_anyway"]),
        (Phone(keys=("1",)), ["Call_customer", "Question_1", "Question_2", "Thanks_anyway"]),
        (Phone("reject"), ["Call_customer"]),
        (Phone("never"), ["Call_customer"]),
    ],
)
def test_a_voice_survey(phone: Phone, path: list[str]) -> None:
    play = Play("02-voice-survey", {SURVEY: 200}).phones(p21=phone)

    assert play.api(to=CUSTOMER, name="Ann") == path


def test_a_voice_survey_posts_both_answers() -> None:
    play = Play("02-voice-survey", {SURVEY: 200}).phones(p21=Phone(keys=("1", "5")))
    play.api(to=CUSTOMER, name="Ann")

    (posted,) = play.emulator.fetched
    assert posted.body == '{"phone": "12025550121", "on_time": "1", "satisfied": "5"}'
    assert "Hello Ann." in play.heard(CUSTOMER)


@pytest.mark.parametrize("otp", ["077988", 779889])
def test_a_one_time_password_is_heard_unaltered(otp: object) -> None:
    play = Play("03-voice-otp")

    assert play.api(to=CUSTOMER, otp=otp) == ["Call_user", "Say_code", "Bye"]
    spelled = f'<say-as interpret-as="spell-out">{otp}</say-as>'
    assert play.heard(CUSTOMER).count(spelled) == 2


def test_call_forwarding_rings_all_at_once_and_the_first_wins() -> None:
    play = Play("04-call-forwarding").phones(
        p41=Phone("answer", 5), p42=Phone("answer", 2, talks=9), p43="ring"
    )

    assert play.calls() == ["Shop"]
    causes = [f"{call['to']} {call['cause']}" for call in _calls(play)]
    assert causes == ["+12025550141 9000", "+12025550142 4000", "+12025550143 9000"]


def test_call_forwarding_rings_the_owners_one_after_the_other() -> None:
    never = {"p41": "never", "p42": "never", "p43": "never"}
    play = Play("04-call-forwarding").phones(**never, p44="reject", p45=TALKS)

    assert play.calls() == ["Shop", "Owners"]
    assert play.state() == "Completed"


def test_call_forwarding_to_a_closed_shop() -> None:
    rejected = dict.fromkeys(("p41", "p42", "p43", "p44", "p45"), "reject")
    play = Play("04-call-forwarding").phones(**rejected)

    assert play.calls() == ["Shop", "Owners", "Closed"]
    assert ("Owners", "Busy/Rejected") in play.run.states


def _calls(play: Play) -> list[dict[str, Any]]:
    return [call for call in json.loads(play.run.dump())["calls"] if call["parent"]]


@pytest.mark.parametrize(
    ("caller", "path"),
    [
        (CALLER, ["Caller", "Country", "Front_desk"]),
        ("12025550166", ["Caller"]),
        ("442079460123", ["Caller", "Country"]),
        ("16135550123", ["Caller", "Country", "Front_desk"]),
    ],
)
def test_callers_are_blocked(caller: str, path: list[str]) -> None:
    play = Play("05-block-callers").phones(p51=TALKS)

    assert play.calls(caller) == path


@pytest.mark.parametrize(
    ("caller", "node", "cause"),
    [
        ("12025550161", "Reject", "3020"),
        ("12025550162", "Seem_busy", "3010"),
        ("12025550163", "Hang_up", "4000"),
    ],
)
def test_a_caller_sees_why_it_is_rejected(caller: str, node: str, cause: str) -> None:
    play = Play("06-reject-calls")

    assert play.calls(caller) == ["Caller", node]
    assert play.run.outputs["Start"]["call.hangup_cause"] == cause


@pytest.mark.parametrize(
    ("phones", "path"),
    [
        ({"p72": TALKS}, ["Ring_agent", "Announce", "Connect"]),
        ({"p71": "reject"}, ["Ring_agent"]),
        ({"p72": "never"}, ["Ring_agent", "Announce", "Connect", "Not_there"]),
    ],
)
def test_click_to_call(phones: dict[str, Phone], path: list[str]) -> None:
    play = Play("07-click-to-call").phones(**phones)

    assert play.api(agent="12025550171", customer="12025550172") == path


def test_click_to_call_by_an_incoming_call() -> None:
    play = Play("07-click-to-call").phones(p70=TALKS)

    assert play.calls() == ["Greeting", "Connect"]
    assert play.emulator.dialled == {"12025550170": 1}


def test_a_broadcast_reaches_five_phones() -> None:
    play = Play("08-broadcast").phones(
        p81=Phone(keys=("1",)), p82="reject", p83="never", p84="voicemail", p85="invalid"
    )

    path = play.api(message="The storm closes the office today.")

    assert sorted(path) == ["Alert", "Alert_machine", "Confirmed", "Ring_everyone"]
    assert len(play.run.call_uuids) == 5
    outcomes = {state for node, state in play.run.states if node == "Ring_everyone"}
    assert outcomes == {"Answered", "Busy/Rejected", "No Answer", "Voicemail", "Failed"}
    assert "The storm closes the office today." in play.heard("12025550181")


@pytest.mark.parametrize("status", ["delivered", "sent", "failed", "undelivered", "rejected"])
def test_a_text_is_forwarded_and_answered(status: str) -> None:
    play = Play("09-sms-autoresponder").phones(p91=Phone(sms=status))

    assert play.texts("Are you open?") == ["Forward", "Reply"]
    answer = "Thank you for your message. We answer within a day."
    assert play.emulator.texts(CALLER) == [answer]


def test_a_forwarded_text_names_its_sender() -> None:
    play = Play("09-sms-autoresponder")
    play.texts("Are you open?")

    assert play.emulator.texts("12025550191") == [f"{CALLER}: Are you open?"]


@pytest.mark.parametrize(
    ("answer", "path", "text"),
    [
        ({"reply": "Hi."}, ["Pass_on", "Reply"], "Hi."),
        (500, ["Pass_on", "Apologise"], "Sorry"),
        (ConnectionRefusedError("refused"), ["Pass_on", "Apologise"], "Sorry"),
        ({}, ["Pass_on", "Apologise"], "Sorry"),
    ],
)
def test_a_text_is_passed_on_by_http(answer: object, path: list[str], text: str) -> None:
    play = Play("10-sms-to-http", {"POST http://127.0.0.1:8000/messages": answer})

    assert play.texts("Hello") == path
    assert play.emulator.texts(CALLER)[0].startswith(text)


def test_a_text_is_passed_on_as_a_form_with_a_token() -> None:
    play = Play("10-sms-to-http", {"POST http://127.0.0.1:8000/messages": 500})
    play.texts("Hello")

    (posted,) = play.emulator.fetched
    assert posted.headers["X-Source"] == "phlo"
    assert posted.body == "from=12025550000&country=US&text=Hello"


@pytest.mark.parametrize(
    ("params", "phone", "path"),
    [
        ({"mode": "sms"}, Phone(), ["Mode", "Text_code"]),
        ({"mode": "call"}, Phone(), ["Mode", "Call_user", "Say_code"]),
        ({"mode": "fax"}, Phone(), ["Mode", "Text_code"]),
        ({}, Phone(), ["Mode", "Text_code"]),
        (
            {"mode": "sms"},
            Phone(sms="failed"),
            ["Mode", "Text_code", "Call_user", "Say_code"],
        ),
        ({"mode": "call"}, Phone("reject"), ["Mode", "Call_user"]),
    ],
)
def test_two_factors(params: dict[str, str], phone: Phone, path: list[str]) -> None:
    play = Play("11-two-factor").phones(p21=phone)

    assert play.api(to=CUSTOMER, code="4711", **params) == path


@pytest.mark.parametrize(
    ("phone", "path"),
    [
        (Phone(confirm="1", talks=9), ["Agent"]),
        (Phone(confirm="5"), ["Agent", "Leave_message", "Text_agent"]),
        (Phone(), ["Agent", "Leave_message", "Text_agent"]),
        (Phone("never"), ["Agent", "Leave_message", "Text_agent"]),
        (Phone("reject"), ["Agent", "Leave_message", "Text_agent"]),
    ],
)
def test_a_call_is_whispered(phone: Phone, path: list[str]) -> None:
    play = Play("12-call-whisper").phones(p23=phone)

    assert play.calls(phone=Phone(speaks=5)) == path


def test_only_the_agent_hears_the_whisper() -> None:
    play = Play("12-call-whisper").phones(p23=Phone(confirm="1", talks=9))
    play.calls()

    whisper = "A customer from United States is calling. Press 1 to take the call."
    assert play.heard("12025550123") == whisper
    assert whisper not in play.heard(CALLER)


TEAM = {"team": "Plumbing", "numbers": "12025550131,12025550132"}


@pytest.mark.parametrize(
    ("answer", "phones", "path"),
    [
        (TEAM, {"p31": "never", "p32": TALKS}, ["On_call", "Ring_team"]),
        (
            TEAM,
            {"p31": "never", "p32": "never", "p30": TALKS},
            ["On_call", "Ring_team", "Ring_front_desk"],
        ),
        ({"team": "Plumbing"}, {"p30": TALKS}, ["On_call", "Ring_front_desk"]),
        (503, {"p30": TALKS}, ["On_call", "Ring_front_desk"]),
    ],
)
def test_numbers_come_from_an_api(
    answer: object, phones: dict[str, Phone], path: list[str]
) -> None:
    play = Play("13-numbers-from-your-api", {"GET http://127.0.0.1:8000/on-call*": answer})

    assert play.phones(**phones).calls() == path


AGENT, OTHER = "12025550101", "12025550102"


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["warm", "cold"])
async def test_a_transfer_by_the_clients_actions(kind: str) -> None:
    play = Play("14-warm-transfer").phones(p01=Phone(), p02=Phone())
    caller = play.emulator.phone(CALLER)
    run = caller.calls(play.number)
    caller.presses("1")
    async with client_of(play.emulator) as client:
        node = client.phlo("warm-transfer").multi_party_call("agents")
        if kind == "warm":
            await node.warm_transfer(AGENT, OTHER)
            await node.member(AGENT).resume_call()
            await node.member(AGENT).hangup()
        else:
            await node.cold_transfer(AGENT, OTHER)
        await node.member(OTHER).hangup()
        await node.member(CALLER).hangup()

    assert run.path == ["Start", "Greeting", "Menu", "Agents", "Thanks"]
    assert play.emulator.texts(CALLER) == ["Thank you for calling Harbour Bikes."]


@pytest.mark.parametrize(
    ("keys", "phones", "path"),
    [
        (("1",), {"p01": "invalid"}, ["Greeting", "Menu", "Agents", "Voicemail", "Pass_on"]),
        (("2",), {}, ["Greeting", "Menu", "Voicemail", "Pass_on"]),
        (("",), {}, ["Greeting", "Menu", "Voicemail", "Pass_on"]),
        (("9", "2"), {}, ["Greeting", "Menu", "Menu", "Voicemail", "Pass_on"]),
    ],
)
def test_a_caller_leaves_a_message(
    keys: tuple[str, ...], phones: dict[str, str], path: list[str]
) -> None:
    play = Play("14-warm-transfer").phones(**phones)

    assert play.calls(phone=Phone(keys=keys, speaks=4)) == path
