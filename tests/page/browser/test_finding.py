"""A call is found by a search, its log by its card, and an ended one is kept for a while."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from plivo_phlo_async.emulator import Seed

from .driving import AGENT, CUSTOMER, SECOND, Scene

SIP = "sip:Alice4711@phone.plivo.com"


def two_calls(scene: Scene) -> Locator:
    scene.talk()
    scene.do(lambda node: node.call(SECOND, SIP, "customer"), "line-2")
    expect(scene.page.locator(".card")).to_have_count(2)
    return scene.page.locator(".card h3")


def end(scene: Scene, *addresses: str) -> None:
    for address in addresses:
        scene.emulator.hang_up(address)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CUSTOMER, "Line 1"),
        (f"+{CUSTOMER}", "Line 1"),
        ("+1 (202) 555-0102", "Line 1"),
        ("alice4711", "Line 2"),
        ("sip:alice", "Line 2"),
        ("line 2", "Line 2"),
        ("line-2", "Line 2"),
    ],
)
def test_a_search_finds_by_number_sip_address_and_node(scene: Scene, text: str, line: str) -> None:
    shown = two_calls(scene)
    scene.page.get_by_label("Search the calls").fill(text)

    expect(shown).to_have_text([line])
    expect(scene.page.locator("#calls-note")).to_have_text("1 of 2 in progress")


@pytest.mark.parametrize("length", [8, 36])
def test_a_search_finds_by_call_id(scene: Scene, length: int) -> None:
    shown = two_calls(scene)
    second = [*scene.emulator.calls][1]
    scene.page.get_by_label("Search the calls").fill(second[:length])

    expect(shown).to_have_text(["Line 2"])


def test_a_search_that_finds_no_call_says_so(scene: Scene) -> None:
    shown = two_calls(scene)
    scene.page.get_by_label("Search the calls").fill("nowhere")
    expect(scene.page.locator("#no-match")).to_be_visible()
    expect(scene.page.locator("#heard")).to_have_text("0 of 2 in progress.")
    scene.page.get_by_label("Search the calls").fill("")

    expect(shown).to_have_text(["Line 1", "Line 2"])
    expect(scene.page.locator("#no-match")).to_be_hidden()


def test_a_search_goes_on_while_calls_change(scene: Scene) -> None:
    shown = two_calls(scene)
    scene.page.get_by_label("Search the calls").fill("0777")
    expect(shown).to_have_count(0)
    scene.do(lambda node: node.call(SECOND, "12025550777"), "line-2")

    expect(shown).to_have_text(["Line 2"])


def test_the_log_of_a_call_is_opened_from_its_card(scene: Scene) -> None:
    two_calls(scene)
    expect(scene.entries()).to_have_count(2)
    scene.page.get_by_role("button", name="Log of this call").nth(1).click()

    expect(scene.entries().locator(".address")).to_have_text([SIP])
    second = [*scene.emulator.calls][1]
    expect(scene.page.locator("#filter-node")).to_have_value(second)
    expect(scene.page.locator("#filter-node")).to_be_focused()
    scene.do(lambda node: node.member(CUSTOMER).mute())
    scene.do(lambda node: node.member(SECOND).mute(), "line-2")
    expect(scene.entries().locator(".action")).to_have_text(["mute", "call"])


def test_the_log_is_filtered_by_a_call(scene: Scene) -> None:
    two_calls(scene)
    first = next(iter(scene.emulator.calls))
    scene.page.locator("#filter-node").select_option(label=f"Line 1 · call {first[:8]}")

    expect(scene.entries().locator(".address")).to_have_text([CUSTOMER])


def test_a_call_that_ends_stays_chosen_in_the_log(scene: Scene) -> None:
    two_calls(scene)
    first = next(iter(scene.emulator.calls))
    scene.page.get_by_role("button", name="Log of this call").first.click()
    scene.page.get_by_label("Search the calls").focus()
    end(scene, AGENT, CUSTOMER)

    expect(scene.page.locator("#ended-title")).to_have_text("1 ended call")
    expect(scene.page.locator("#filter-node")).to_have_value(first)
    expect(scene.entries().locator(".action")).to_have_text(["hang up", "hang up", "call"])


def test_an_ended_call_is_kept_collapsed_with_its_members(scene: Scene) -> None:
    two_calls(scene)
    end(scene, AGENT, CUSTOMER)
    title = scene.page.locator("#ended-title")
    expect(title).to_have_text("1 ended call")
    expect(scene.page.locator("#ended-calls li")).to_have_count(0)
    expect(scene.page.locator("#tally")).to_contain_text("1 call ·")
    title.click()
    row = scene.page.locator("#ended-calls > li")

    expect(row.locator("h3")).to_contain_text("Line 1 Support · call ")
    expect(row.locator("ul li")).to_have_text([f"{AGENT} agent", f"{CUSTOMER} customer"])
    expect(row.locator(".lasted")).to_contain_text("lasted 0:0")
    expect(row.locator("time")).to_have_count(1)


def test_an_ended_call_is_there_after_a_reload(scene: Scene) -> None:
    scene.talk()
    end(scene, AGENT, CUSTOMER)
    scene.page.reload()
    scene.page.locator("#ended-title").click()

    expect(scene.page.locator("#ended-calls > li")).to_have_count(1)


def test_a_page_keeps_as_many_ended_calls_as_the_emulator(scene: Scene) -> None:
    scene.page.locator("#ended").evaluate("(ended) => { ended.open = true; }")
    for number in range(25):
        scene.emulator.join("support", "line-1", f"1{number}")
        scene.emulator.hang_up(f"1{number}")

    expect(scene.page.locator("#ended-calls > li .address")).to_have_text(
        [f"1{number}" for number in range(24, 4, -1)]
    )


def test_the_log_of_an_ended_call_is_opened_from_its_row(scene: Scene) -> None:
    two_calls(scene)
    end(scene, AGENT, CUSTOMER)
    scene.page.locator("#ended-title").click()
    scene.page.get_by_role("button", name="Log of Line 1").click()

    expect(scene.entries().locator(".action")).to_have_text(["hang up", "hang up", "call"])


def test_a_search_finds_ended_calls(scene: Scene) -> None:
    two_calls(scene)
    end(scene, AGENT, CUSTOMER, SECOND, SIP)
    scene.page.locator("#ended-title").click()
    rows = scene.page.locator("#ended-calls > li")
    expect(rows).to_have_count(2)
    scene.page.get_by_label("Search the calls").fill("alice")

    expect(rows).to_have_count(1)
    expect(scene.page.locator("#ended-title")).to_have_text("1 of 2 ended calls")


# The lines for a shell


def copied(scene: Scene) -> str:
    scene.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    scene.page.get_by_role("button", name="Copy: For a shell").click()
    expect(scene.page.get_by_text("Copied")).to_be_visible()
    return str(scene.page.evaluate("() => navigator.clipboard.readText()"))


@pytest.mark.parametrize("calls", [0, 1])
def test_the_lines_for_a_shell_are_those_of_the_command(scene: Scene, calls: int) -> None:
    if calls:
        scene.talk()
        expect(scene.page.locator(".card")).to_have_count(1)
    *lines, proxy = copied(scene).splitlines()
    expected = {k: v for k, v in scene.server.env.items() if k.lower() != "no_proxy"}

    assert lines == [f"export {name}={value}" for name, value in expected.items()]
    assert proxy == 'export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1"'


def test_the_lines_for_a_shell_stay_when_calls_come(scene: Scene) -> None:
    lines = scene.page.get_by_role("group", name="For a shell")
    expect(scene.page.locator("#calls").get_by_role("group", name="For a shell")).to_be_visible()
    scene.talk()

    expect(scene.page.locator("#shell").get_by_role("group", name="For a shell")).to_be_visible()
    expect(lines).to_have_count(1)


def test_another_token_is_a_placeholder(scene: Scene, seed: Seed) -> None:
    token = "a-secret-of-the-account"
    scene.emulator.load(Seed("MA'1", token, seed.phlos))
    expect(scene.page.locator("#shell-token")).to_be_visible()
    lines = copied(scene)

    assert "export PLIVO_AUTH_TOKEN='your Auth Token'" in lines
    assert "export PLIVO_AUTH_ID='MA'\"'\"'1'" in lines
    assert token not in scene.page.content()


# A reset


def test_a_reset_says_what_it_drops(scene: Scene) -> None:
    two_calls(scene)
    end(scene, AGENT, CUSTOMER)
    expect(scene.page.locator("#ended-title")).to_have_text("1 ended call")
    scene.page.get_by_role("button", name="Reset").click()
    dialog = scene.page.get_by_role("dialog", name="Reset the emulator?")

    expect(dialog.locator("li")).to_have_text(
        [
            "1 live call and 1 ended call",
            "the count of 2 requests, and how often each phone was rung",
            "the log and the webhook deliveries",
        ]
    )
    expect(dialog).to_contain_text("Phones, faults and callbacks return")


def test_a_reset_is_cancelled_by_key(scene: Scene) -> None:
    scene.talk()
    reset = scene.page.locator("#reset")
    reset.focus()
    for key in ("Enter", "Escape"):
        scene.page.keyboard.press("Enter")
        expect(scene.page.get_by_role("button", name="Cancel")).to_be_focused()
        scene.page.keyboard.press(key)
        expect(reset).to_be_focused()

    assert scene.emulator.requests == 1


def test_a_reset_is_confirmed_by_key(scene: Scene) -> None:
    scene.talk()
    scene.page.locator("#reset").focus()
    for key in ("Enter", "Shift+Tab", "Enter"):
        scene.page.keyboard.press(key)

    expect(scene.page.locator("#no-calls")).to_be_visible()
    assert (scene.emulator.requests, scene.emulator.calls) == (0, {})
