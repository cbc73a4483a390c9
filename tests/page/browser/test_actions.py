"""The page's buttons send requests of the API, and show why one is refused."""

from __future__ import annotations

import threading

import anyio
import anyio.to_thread
import pytest
from playwright.sync_api import Locator, Page, expect

from plivo_phlo_async.emulator import PhloEmulator, Seed, read_seed
from plivo_phlo_async.emulator.server import EmulatorServer

from .driving import AGENT, CUSTOMER, SECOND, Scene

OTHER = "12025550103"
NODES = [
    {"node_id": "line-1", "name": "Line 1"},
    {"node_id": "bridge", "name": "Bridge", "node_type": "conference_bridge"},
]


@pytest.fixture
def seed() -> Seed:
    return read_seed({"phlos": [{"phlo_id": "support", "name": "Support", "nodes": NODES}]}, "seed")


def direct(scene: Scene, address: str) -> Locator:
    return scene.member(address).locator(".direct button")


def dial(scene: Scene, action: str, to: str, role: str | None = None) -> None:
    """Fill in the dialog of an action of the one card, and send it."""
    scene.page.locator(".card footer").get_by_role("button", name=action, exact=True).click()
    scene.page.get_by_label("Whom").fill(to)
    if role is not None:
        scene.page.locator("#dial-role").select_option(role)
    scene.page.get_by_role("button", name="Send").click()


@pytest.mark.parametrize(
    ("press", "state"),
    [(["hold"], "on_hold"), (["hold", "unhold"], "in_call"), (["hangup"], "left")],
)
def test_a_button_on_a_member_performs_its_action(
    scene: Scene, press: list[str], state: str
) -> None:
    scene.talk()
    for name in press:
        scene.member(CUSTOMER).get_by_role("button", name=f"{name} {CUSTOMER}", exact=True).click()

    scene.shows(**{f"_{CUSTOMER}": state})


def test_a_button_sends_a_request_that_is_logged_and_can_be_copied(scene: Scene) -> None:
    scene.talk()
    scene.press(CUSTOMER, "hold")
    entry = scene.entries().first
    expect(entry.locator(".action")).to_have_text("hold")
    entry.locator("summary").click()

    expect(entry.get_by_role("group", name="As curl")).to_contain_text("curl -X POST")
    expect(entry.get_by_role("group", name="As Python")).to_contain_text(".hold()")


def test_the_buttons_of_a_state_are_those_that_make_sense(scene: Scene) -> None:
    scene.emulator.set_phone(CUSTOMER, "ring")
    scene.talk()
    expect(direct(scene, CUSTOMER)).to_have_text(["Answer", "Reject"])
    scene.emulator.answer(CUSTOMER)
    expect(direct(scene, CUSTOMER)).to_have_text(["hold", "hangup"])
    scene.press(CUSTOMER, "hold")
    expect(direct(scene, CUSTOMER)).to_have_text(["unhold", "hangup"])
    scene.press(CUSTOMER, "unhold")
    scene.do(lambda node: node.warm_transfer(AGENT, SECOND))

    expect(direct(scene, CUSTOMER)).to_have_text(["hangup"])
    expect(direct(scene, AGENT)).to_have_text(["hangup"])


def test_a_machine_offers_a_voicemail_drop(scene: Scene) -> None:
    scene.emulator.set_phone(CUSTOMER, "voicemail")
    scene.talk()
    scene.press(CUSTOMER, "voicemail_drop")

    scene.shows(**{f"_{CUSTOMER}": "left"})


def test_the_menu_of_a_member_has_every_action_and_its_phone(scene: Scene) -> None:
    scene.talk()
    scene.member(CUSTOMER).get_by_role("button", name="More for").click()
    items = scene.page.get_by_role("menuitem")

    expect(items).to_have_text(
        [
            *("hold", "unhold", "mute", "unmute", "resume_call", "abort_transfer"),
            *("voicemail_drop", "hangup", "Hang up"),
        ]
    )


def test_a_member_of_a_bridge_has_the_actions_of_a_bridge(scene: Scene) -> None:
    scene.emulator.join("support", "bridge", CUSTOMER)
    scene.press(CUSTOMER, "mute")
    expect(direct(scene, CUSTOMER)).to_have_text(["unmute", "hangup"])
    scene.member(CUSTOMER).get_by_role("button", name="More for").click()

    expect(scene.page.get_by_role("menuitem")).to_have_text(["mute", "unmute", "hangup", "Hang up"])
    expect(scene.page.locator(".card h4")).to_have_text(["Members"])
    expect(scene.page.locator(".card footer button")).to_have_text(["Log of this call"])


def test_a_bridge_can_be_dialled_into_from_the_page(scene: Scene) -> None:
    scene.page.get_by_label("From").fill(CUSTOMER)
    scene.page.locator("#ring-node").select_option(label="Bridge · Support")
    scene.page.get_by_role("button", name="Dial in").click()

    scene.shows(**{f"_{CUSTOMER}": "in_call"})
    (call,) = scene.emulator.calls.values()
    assert call.node_key == ("support", "bridge")


def test_what_ends_a_transfer_is_a_button(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.warm_transfer(AGENT, SECOND))
    scene.page.locator(".endings").get_by_role("button", name="resume_call transferor").click()

    scene.shows(**{f"_{one}": "in_call" for one in (AGENT, SECOND, CUSTOMER)})


def test_a_refused_action_says_why_beside_the_member(scene: Scene) -> None:
    scene.talk()
    scene.choose_for(CUSTOMER, "voicemail_drop")
    reason = f"voicemail_drop: 400: {CUSTOMER} is in_call; voicemail_drop needs a voicemail."
    refused = scene.member(CUSTOMER).locator(".refused")

    expect(refused).to_have_text(reason)
    expect(scene.page.locator("#heard")).to_contain_text("400")
    expect(scene.member(AGENT).locator(".refused")).to_be_hidden()
    scene.press(CUSTOMER, "hold")
    expect(refused).to_be_hidden()


def test_an_action_without_a_usable_answer_says_so(scene: Scene) -> None:
    scene.talk()
    scene.emulator.fail_next("close_after")
    scene.press(CUSTOMER, "hold")

    scene.shows(**{f"_{CUSTOMER}": "on_hold"})
    expect(scene.member(CUSTOMER).locator(".refused")).to_have_text(
        "hold: no usable answer: acts, and closes the connection without an answer"
    )


def test_an_action_that_waits_for_its_answer_says_so(page: Page, seed: Seed) -> None:
    released = threading.Event()

    async def sleep(seconds: float) -> None:
        # Only the fault waits until it is released; the server sleeps as ever.
        if seconds == 77.0:
            await anyio.to_thread.run_sync(released.wait)
        else:
            await anyio.sleep(seconds)

    emulator = PhloEmulator(sleep=sleep)
    emulator.load(seed)
    emulator.join("support", "line-1", CUSTOMER)
    emulator.fail_next("latency", seconds=77)
    with EmulatorServer(emulator) as server:
        scene = Scene(page, server)
        scene.open()
        scene.press(CUSTOMER, "hold")
        refused = scene.member(CUSTOMER).locator(".refused")
        expect(refused).to_have_text("hold: no answer yet")
        released.set()

        scene.shows(**{f"_{CUSTOMER}": "on_hold"})
        expect(refused).to_be_hidden()


def test_an_action_that_an_answer_of_201_refuses_says_so(scene: Scene) -> None:
    scene.talk()
    scene.emulator.fail_next("soft_error")
    scene.press(CUSTOMER, "hold")

    expect(scene.member(CUSTOMER).locator(".refused")).to_have_text(
        "hold: 201: The action could not be carried out."
    )


@pytest.mark.parametrize(
    ("action", "states"),
    [
        ("call", {AGENT: "in_call", CUSTOMER: "in_call"}),
        ("warm_transfer", {AGENT: "consulting", CUSTOMER: "on_hold"}),
        ("cold_transfer", {AGENT: "left", CUSTOMER: "in_call"}),
    ],
)
def test_a_phone_is_rung_into_a_call(scene: Scene, action: str, states: dict[str, str]) -> None:
    scene.talk()
    dial(scene, action, SECOND, "agent")

    scene.shows(**{f"_{address}": state for address, state in states.items()})
    expect(scene.page.get_by_role("dialog")).to_have_count(0)
    received = scene.emulator.received[-1].body
    assert received == {"action": action, "trigger_source": AGENT, "to": SECOND, "role": "agent"}


def test_who_rings_whom_in_which_role_is_chosen(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.call(AGENT, SECOND))
    scene.page.locator(".card footer").get_by_role("button", name="call", exact=True).click()
    source = scene.page.get_by_label("Who rings")
    expect(source.locator("option")).to_have_text(
        [f"{AGENT} · agent", f"{CUSTOMER} · customer", f"{SECOND} · agent"]
    )
    source.select_option(SECOND)
    scene.page.get_by_label("Whom").fill(OTHER)
    scene.page.locator("#dial-role").select_option("customer")
    scene.page.get_by_role("button", name="Send").click()

    scene.shows(**{f"_{OTHER}": "in_call"})
    received = scene.emulator.received[-1].body
    assert received == {
        "action": "call",
        "trigger_source": SECOND,
        "to": OTHER,
        "role": "customer",
    }


def test_a_refused_transfer_says_why_in_the_dialog(scene: Scene) -> None:
    scene.talk()
    dial(scene, "warm_transfer", CUSTOMER)

    expect(scene.page.get_by_role("alert")).to_have_text(
        f"400: {CUSTOMER} is in the call already: in_call."
    )
    scene.page.keyboard.press("Escape")
    expect(scene.page.get_by_role("dialog")).to_have_count(0)


def test_a_transfer_is_offered_where_none_is_in_progress(scene: Scene) -> None:
    scene.talk()
    buttons = scene.page.locator(".card footer button")
    expect(buttons).to_have_text(["call", "warm_transfer", "cold_transfer", "Log of this call"])
    scene.do(lambda node: node.warm_transfer(AGENT, SECOND))

    expect(buttons).to_have_text(["call", "Log of this call"])


def test_among_many_calls_a_card_has_its_actions_in_its_menu(scene: Scene) -> None:
    for number in range(7):
        scene.emulator.join("support", "line-1", f"1{number}", new_call=True)
    expect(scene.page.locator(".card footer")).to_have_count(0)
    more = scene.page.locator(".card").nth(3).get_by_role("button", name="More for Line 1")
    scene.choose(more, "call")
    scene.page.get_by_label("Whom").fill(SECOND)
    scene.page.get_by_role("button", name="Send").click()

    expect(scene.page.locator(".card").nth(3).locator(".member .address")).to_have_text(
        ["13", SECOND]
    )


def test_a_menu_says_when_a_request_acts_in_another_call(scene: Scene) -> None:
    scene.talk()
    scene.do(lambda node: node.call(SECOND, CUSTOMER, "customer"))
    later = [*scene.emulator.calls][1]
    more = scene.page.get_by_role("button", name=f"More for {CUSTOMER}")
    expect(more).to_have_count(2)
    more.first.click()
    expect(scene.page.locator("#menu-note")).to_have_text(
        f"Requests apply to call {later[:8]}, which was opened later."
    )
    more.nth(1).click()

    expect(scene.page.get_by_role("menuitem").first).to_be_focused()
    expect(scene.page.locator("#menu-note")).to_be_hidden()


def test_a_menu_is_worked_by_key(scene: Scene) -> None:
    scene.talk()
    more = scene.member(CUSTOMER).get_by_role("button", name="More for")
    more.focus()
    keys, item = scene.page.keyboard, scene.page.get_by_role("menuitem")
    keys.press("ArrowDown")
    expect(item.first).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "true")
    keys.press("ArrowUp")
    expect(item.last).to_be_focused()
    keys.press("Home")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Enter")

    expect(scene.member(CUSTOMER).locator(".tag")).to_have_text("muted")
    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "false")


def test_the_focus_goes_to_the_call_when_a_member_leaves(scene: Scene) -> None:
    scene.talk()
    scene.member(CUSTOMER).get_by_role("button", name="hangup").focus()
    scene.page.keyboard.press("Enter")

    scene.shows(**{f"_{CUSTOMER}": "left"})
    expect(scene.page.get_by_role("button", name="More for Line 1")).to_be_focused()


def test_the_focus_goes_to_the_calls_when_a_call_ends(scene: Scene) -> None:
    scene.emulator.join("support", "line-1", CUSTOMER)
    scene.member(CUSTOMER).get_by_role("button", name="hangup").focus()
    scene.page.keyboard.press("Enter")

    expect(scene.page.locator(".card")).to_have_count(0)
    expect(scene.page.locator("#calls-title")).to_be_focused()


@pytest.mark.parametrize("key", ["Escape", "Tab"])
def test_a_menu_is_closed_by_key(scene: Scene, key: str) -> None:
    scene.talk()
    scene.member(CUSTOMER).get_by_role("button", name="More for").click()
    expect(scene.page.get_by_role("menu")).to_be_visible()
    scene.page.keyboard.press(key)

    expect(scene.page.get_by_role("menu")).to_have_count(0)


def test_a_menu_is_closed_by_a_press_elsewhere(scene: Scene) -> None:
    scene.talk()
    scene.member(CUSTOMER).get_by_role("button", name="More for").click()
    scene.page.locator("#calls-title").click()

    expect(scene.page.get_by_role("menu")).to_have_count(0)


def test_a_menu_stays_while_its_call_changes(scene: Scene) -> None:
    scene.talk()
    scene.member(CUSTOMER).get_by_role("button", name="More for").click()
    scene.do(lambda node: node.member(CUSTOMER).hold())
    scene.shows(**{f"_{CUSTOMER}": "on_hold"})

    expect(scene.page.get_by_role("menuitem").first).to_be_focused()


def test_the_dialog_is_worked_by_key(scene: Scene) -> None:
    scene.talk()
    opener = scene.page.locator(".card footer").get_by_role("button", name="warm_transfer")
    opener.focus()
    keys = scene.page.keyboard
    keys.press("Enter")
    expect(scene.page.get_by_label("Whom")).to_be_focused()
    keys.press("Escape")
    expect(opener).to_be_focused()
    keys.press("Enter")
    keys.type(SECOND)
    keys.press("Enter")

    scene.shows(**{f"_{SECOND}": "consulting"})


@pytest.mark.parametrize("address", ["<img src=x onerror=alert(1)>", 'sip:"><script>@x'])
def test_a_reason_and_a_choice_are_texts_whatever_they_hold(scene: Scene, address: str) -> None:
    scene.emulator.join("support", "line-1", address)
    scene.choose_for(address, "voicemail_drop")
    expect(scene.member(address).locator(".refused")).to_contain_text(address)
    scene.page.locator(".card footer").get_by_role("button", name="call", exact=True).click()

    expect(scene.page.locator("#dial-source option")).to_have_text(f"{address} · customer")
    expect(scene.page.locator("img, .page script, dialog script")).to_have_count(0)
