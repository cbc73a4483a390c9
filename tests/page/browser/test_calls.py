"""The board shows what happens to calls, while it happens, and a person can take part."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from plivo_phlo_async import BadRequestError
from plivo_phlo_async.emulator import PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer

from .driving import AGENT, CUSTOMER, SECOND, Scene

OTHER = "12025550103"
HOSTILE = ["<img src=x onerror=alert(1)>", 'sip:"><script>@x']


def shown(**states: str) -> dict[str, str]:
    names = {"agent": AGENT, "second": SECOND, "customer": CUSTOMER}
    return {f"_{names[who]}": state for who, state in states.items()}


def test_a_call_appears_without_reloading(scene: Scene) -> None:
    expect(scene.page.locator("#no-calls")).to_be_visible()
    scene.talk()

    scene.shows(**shown(agent="in_call", customer="in_call"))
    expect(scene.page.locator("#no-calls")).to_be_hidden()


def test_a_warm_transfer_is_shown_in_each_of_its_states(scene: Scene) -> None:
    scene.emulator.set_phone(SECOND, "ring")
    scene.talk()
    box = scene.page.locator(".transfer")
    expect(box).to_have_count(0)

    scene.do(lambda node: node.warm_transfer(AGENT, SECOND))
    scene.shows(**shown(agent="in_call", customer="on_hold", second="ringing"))
    expect(box).to_have_attribute("data-consulting", "false")

    scene.press(SECOND, "Answer")
    scene.shows(**shown(agent="consulting", customer="on_hold", second="consulting"))
    expect(box).to_have_attribute("data-consulting", "true")
    expect(box.locator("li.member .address")).to_have_text([AGENT, SECOND])
    expect(box.locator(".endings code")).to_have_text(
        ["resume_call", "abort_transfer", "hangup", "hangup"]
    )

    scene.do(lambda node: node.member(AGENT).resume_call())
    scene.shows(**shown(agent="in_call", customer="in_call", second="in_call"))
    expect(box).to_have_count(0)


def test_a_cold_transfer_replaces_its_transferor(scene: Scene) -> None:
    scene.emulator.set_phone(SECOND, "ring")
    scene.talk()
    scene.do(lambda node: node.cold_transfer(AGENT, SECOND))
    box = scene.page.locator(".transfer[data-kind=cold]")

    expect(box.locator(".members > li")).to_contain_text([AGENT, "transfers to", SECOND])
    scene.shows(**shown(agent="in_call", customer="on_hold", second="ringing"))

    scene.press(SECOND, "Answer")
    scene.shows(**shown(agent="left", customer="in_call", second="in_call"))
    expect(box).to_have_count(0)


def test_a_rejected_transfer_is_as_before(scene: Scene) -> None:
    scene.emulator.set_phone(SECOND, "ring")
    scene.talk()
    scene.do(lambda node: node.warm_transfer(AGENT, SECOND))
    scene.press(SECOND, "Reject")

    scene.shows(**shown(agent="in_call", customer="in_call", second="left"))


def test_the_last_to_hang_up_ends_the_call(scene: Scene) -> None:
    scene.talk()
    scene.choose_for(CUSTOMER, "Hang up")
    scene.shows(**shown(agent="in_call", customer="left"))
    scene.choose_for(AGENT, "Hang up")

    expect(scene.page.locator(".card")).to_have_count(0)
    assert scene.emulator.calls == {}


def test_each_call_of_a_node_has_a_card_of_its_own(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.call(SECOND, OTHER, "customer"))
    cards = scene.page.locator(".card")
    ids = [call_id[:8] for call_id in scene.emulator.calls]

    expect(cards).to_have_count(2)
    expect(cards.locator(".phlo")).to_have_text([f"Support · call {one}" for one in ids])
    expect(cards.nth(0).locator(".member .address")).to_have_text([CUSTOMER, AGENT])
    expect(cards.nth(1).locator(".member .address")).to_have_text([OTHER, SECOND])

    scene.do(lambda node: node.warm_transfer(AGENT, "12025550104"))
    expect(cards.nth(0).locator(".transfer")).to_have_count(1)
    expect(cards.nth(1).locator(".transfer")).to_have_count(0)


def test_a_button_acts_in_the_call_of_its_card(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.call(SECOND, CUSTOMER, "customer"))
    cards = scene.page.locator(".card")
    more = cards.get_by_role("button", name=f"More for {CUSTOMER}")
    expect(more).to_have_count(2)
    scene.choose(more.first, "Hang up")

    expect(cards.nth(0).locator(".member[data-state=left] .address")).to_have_text(CUSTOMER)
    expect(cards.nth(1).locator(".member[data-state=left]")).to_have_count(0)
    assert scene.emulator.member(CUSTOMER) is not None


def test_the_log_says_why_a_request_was_refused(scene: Scene) -> None:
    scene.talk()
    with pytest.raises(BadRequestError, match="Invalid value provided for action"):
        scene.do(lambda node: node.member(CUSTOMER).voicemail_drop())
    entry = scene.entries("refused")

    expect(entry.locator(".error")).to_have_text(
        f"{CUSTOMER} is in_call; voicemail_drop needs a voicemail."
    )
    entry.locator("summary").click()
    expect(entry.locator(".body")).to_contain_text("Invalid value provided for action.")


def test_the_focus_stays_with_a_member_whose_button_was_pressed(scene: Scene) -> None:
    scene.emulator.set_phone(CUSTOMER, "ring")
    scene.talk()
    answer = scene.member(CUSTOMER).get_by_role("button", name="Answer")
    answer.focus()
    scene.page.keyboard.press("Enter")

    expect(scene.member(CUSTOMER).get_by_role("button", name="hold")).to_be_focused()


def test_a_customer_dials_in_from_the_page(scene: Scene) -> None:
    scene.page.get_by_label("From").fill(CUSTOMER)
    scene.page.locator("#ring-node").select_option(label="Line 2 · Support")
    scene.page.get_by_role("button", name="Dial in").click()

    scene.shows(**shown(customer="in_call"))
    assert [call.node_key for call in scene.emulator.calls.values()] == [("support", "line-2")]


def test_a_phone_is_set_from_the_page(scene: Scene) -> None:
    scene.page.get_by_label("Phone", exact=True).fill(SECOND)
    scene.page.get_by_label("When rung").select_option("voicemail")
    scene.page.get_by_label("After, seconds").fill("0.5")
    scene.page.locator("#phone").get_by_role("button", name="Set").click()

    expect(scene.page.locator("#known tr")).to_have_text(
        f"{SECOND}is a voicemail after 0.5 s0\N{MULTIPLICATION SIGN}"
    )
    assert scene.emulator.phones() == {SECOND: {"does": "voicemail", "after": 0.5}}


def test_what_was_rung_twice_is_marked(scene: Scene) -> None:
    scene.emulator.set_phone(CUSTOMER, "reject")
    scene.talk()
    scene.talk()

    expect(scene.page.locator("#known .rung")).to_have_text("2\N{MULTIPLICATION SIGN}")
    expect(scene.page.locator("#known .rung")).to_have_attribute("data-twice", "true")


def test_an_error_is_shown_until_it_is_dismissed(scene: Scene, complaints: list[str]) -> None:
    scene.talk()
    scene.page.get_by_label("From").fill(CUSTOMER)
    scene.page.locator("#ring-node").select_option(label="Line 1 · Support")
    with scene.page.expect_event("console"):
        scene.page.get_by_role("button", name="Dial in").click()
    said = scene.page.locator("#said")

    expect(said).to_contain_text(f"{CUSTOMER} is in the call already: in_call.")
    scene.page.get_by_role("button", name="Dismiss the message").click()
    expect(said).to_be_hidden()
    # The browser itself notes a refused request; that is not the page's doing.
    assert "400" in complaints.pop()


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_is_a_text_whatever_it_holds(scene: Scene, address: str) -> None:
    scene.emulator.join("support", "line-1", address)
    scene.entries().first.locator("summary").click()

    expect(scene.member(address).locator(".address")).to_have_text(address)
    expect(scene.entries().first.locator(".body")).to_contain_text(address)
    expect(scene.page.locator("img, .page script")).to_have_count(0)


def test_a_person_with_the_address_of_a_path_can_be_rung_and_hung_up(scene: Scene) -> None:
    address = "sip:a/b?c#d%2F@x"
    scene.emulator.join("support", "line-1", address)
    scene.choose_for(address, "Hang up")

    expect(scene.page.locator(".card")).to_have_count(0)


def test_a_call_of_hundreds_is_summed_up(scene: Scene) -> None:
    for number in range(200):
        scene.emulator.join("support", "line-1", f"1{number}")

    expect(scene.page.locator(".card .sum")).to_have_text("200 members: 200 in call")
    expect(scene.page.locator(".card .member")).to_have_count(24)
    expect(scene.page.locator(".card .more-members").first).to_have_text("and 176 more")


def test_how_long_a_state_lasts_is_counted_by_the_emulators_clock(page: Page) -> None:
    emulator = PhloEmulator(wall=lambda: 1_000_000.0)
    emulator.join(emulator.phlos[0].phlo_id, emulator.phlos[0].nodes[0].node_id, CUSTOMER)
    with EmulatorServer(emulator) as server:
        scene = Scene(page, server)
        scene.open()

        since = scene.member(CUSTOMER).locator(".since")
        expect(since).to_have_text(re.compile(r"^0:\d\d$"))
        expect(since).not_to_have_text(since.inner_text())


def test_without_scripts_the_page_is_tables(browser: Browser, server: EmulatorServer) -> None:
    server.emulator.join("support", "line-1", CUSTOMER)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/_emulator/")

    expect(page.get_by_role("cell", name=CUSTOMER).first).to_be_visible()
    expect(page.get_by_role("table", name="Log, newest first")).to_be_visible()
    expect(page.locator("#page")).to_be_hidden()
    context.close()


def test_the_page_says_what_phones_do_on_average(page: Page) -> None:
    with EmulatorServer(PhloEmulator(default_phone="answer 60%, never")) as server:
        page.goto(f"http://127.0.0.1:{server.port}/_emulator/")

        expect(page.locator("#phones")).to_contain_text(
            "one of these, at random: answer 60%, never 40%"
        )
