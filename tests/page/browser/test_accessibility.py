"""No violation of WCAG A or AA that axe finds, however the page is looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from plivo_phlo_async import PhloError

from .driving import AGENT, CUSTOMER, SECOND, Scene

Scheme = Literal["light", "dark"]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RUN = """() => axe.run(document, {runOnly: [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"
]})"""


def violations(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE)
    found = page.evaluate(RUN)
    # An axe that looked at nothing finds nothing.
    assert len(found["passes"]) > 15

    return [(one["id"], node["html"]) for one in found["violations"] for node in one["nodes"]]


def everything(scene: Scene) -> None:
    """Have every state, every kind of entry and every part of the page on show."""
    emulator = scene.emulator
    for phone in (SECOND, "12025550110"):
        emulator.set_phone(phone, "ring")
    scene.talk()
    scene.do(lambda node: node.member(CUSTOMER).mute())
    scene.do(lambda node: node.warm_transfer(AGENT, SECOND))
    emulator.answer(SECOND)
    emulator.set_phone("12025550111", "voicemail")
    scene.do(lambda node: node.call("12025550120", "12025550111", "customer"), "line-2")
    scene.do(lambda node: node.cold_transfer("12025550120", "12025550110"), "line-2")
    emulator.set_callback("http://127.0.0.1:9/events")
    for kind in ("soft_error", "close_after", "429", "500"):
        emulator.fail_next(kind)
        with suppress(PhloError):
            scene.do(lambda node: node.call(AGENT, "12025550112"))
    emulator.join("support", "line-3", "12025550130")
    emulator.join("support", "line-3", "12025550131")
    emulator.hang_up("12025550131")
    emulator.join("support", "line-3", "12025550140", new_call=True)
    emulator.hang_up("12025550140")
    expect(scene.page.locator(".card")).to_have_count(len(emulator.calls))
    expect(scene.page.locator("#deliveries > li[data-outcome=failed]")).not_to_have_count(0)
    for opened in (scene.entries("lost"), scene.entries("ok"), scene.entries("phone")):
        opened.first.locator("summary").click()
    scene.page.locator("#deliveries summary").first.click()
    scene.page.get_by_text("Another fault").click()
    scene.page.locator("#ended-title").click()
    scene.choose_for("12025550130", "voicemail_drop")
    expect(scene.member("12025550130").locator(".refused")).to_be_visible()


def open_menu(scene: Scene) -> None:
    """Open the menu of a member that is also in a later call."""
    scene.emulator.join("support", "line-3", "12025550130", "agent", new_call=True)
    more = scene.page.get_by_role("button", name="More for 12025550130")
    expect(more).to_have_count(2)
    more.first.click()
    expect(scene.page.locator("#menu-note")).to_be_visible()


def open_dial(scene: Scene) -> None:
    """Have the dialog that rings a phone show a refusal."""
    scene.page.locator(".card footer").get_by_role("button", name="call").first.click()
    scene.page.get_by_label("Whom").fill(CUSTOMER)
    scene.page.get_by_role("button", name="Send").click()
    expect(scene.page.get_by_role("alert")).to_be_visible()


def open_reset(scene: Scene) -> None:
    scene.page.locator("#reset").click()


def search_nothing(scene: Scene) -> None:
    scene.page.get_by_label("Search the calls").fill("nowhere")
    expect(scene.page.locator("#no-match")).to_be_visible()


def many_calls(scene: Scene) -> None:
    for number in range(8):
        scene.emulator.join("support", "line-1", f"1{number}", new_call=True)
    expect(scene.page.locator("#cards")).to_have_attribute("data-many", "true")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("opened", [open_menu, open_dial, open_reset, search_nothing, many_calls])
def test_axe_finds_nothing_on_what_is_opened(
    scene: Scene, opened: Callable[[Scene], None], scheme: Scheme, width: int
) -> None:
    scene.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    scene.page.set_viewport_size({"width": width, "height": 900})
    scene.talk()
    scene.emulator.join("support", "line-3", "12025550130")
    expect(scene.page.locator(".card")).to_have_count(2)
    opened(scene)

    assert violations(scene.page) == []
    assert scene.page.evaluate("() => document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_full_page(scene: Scene, scheme: Scheme, width: int) -> None:
    scene.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    scene.page.set_viewport_size({"width": width, "height": 900})
    everything(scene)

    assert violations(scene.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_an_empty_page(scene: Scene, scheme: Scheme) -> None:
    scene.page.emulate_media(color_scheme=scheme)

    assert violations(scene.page) == []


@pytest.mark.parametrize("width", [390, 360, 320])
def test_nothing_is_wider_than_a_narrow_screen(scene: Scene, width: int) -> None:
    scene.page.set_viewport_size({"width": width, "height": 844})
    scene.emulator.join("support", "line-1", "sip:" + "a" * 120 + "@phone.plivo.com")
    everything(scene)

    assert scene.page.evaluate("() => document.documentElement.scrollWidth") == width


def test_the_page_is_worked_by_key(scene: Scene) -> None:
    scene.talk()
    scene.shows(**{f"_{CUSTOMER}": "in_call"})
    keys = scene.page.keyboard
    keys.press("Tab")
    expect(scene.page.locator(".skip")).to_be_focused()
    keys.press("Enter")
    for _ in range(3):
        keys.press("Tab")
    expect(scene.member(CUSTOMER).get_by_role("button", name="hold")).to_be_focused()
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert scene.page.evaluate(outline) == "solid"

    keys.press("Enter")
    scene.shows(**{f"_{CUSTOMER}": "on_hold"})
    expect(scene.member(CUSTOMER).get_by_role("button", name="unhold")).to_be_focused()
