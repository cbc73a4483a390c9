"""The agent desktop in a browser: the page is served by one worker, the events reach another."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Literal

import attrs
import pytest
from playwright.sync_api import Locator, Page, expect

from plivo_phlo_async.emulator import PhloEmulator

from ...examples.desktop import serve_desktop
from ...shared_limit.server import needed
from .test_accessibility import violations

AGENT, CUSTOMER, FIRST, SECOND = "12025550101", "12025550199", "12025550102", "12025550103"


@attrs.frozen
class Desktop:
    """A page of the second worker, beside an emulator that posts every event to the first."""

    page: Page
    emulator: PhloEmulator
    worker: int

    def sign_in(self) -> None:
        self.page.get_by_label("Your number").fill(AGENT)
        self.page.keyboard.press("Tab")
        expect(self.page.locator("#link")).to_have_text(f"Live, from worker {self.worker}")

    def call(self) -> None:
        self.page.get_by_label("Customer").fill(CUSTOMER)
        self.press("Call")

    def transfer(self, colleague: str) -> None:
        self.page.get_by_label("Colleague").fill(colleague)
        self.press("Warm transfer")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def shows(self, **notes: str) -> None:
        """Whether the page lists exactly these members (`_` and the number), each with its note."""
        rows = self.page.locator("#members li")
        expect(rows).to_have_count(len(notes))
        for address, note in notes.items():
            row = rows.filter(has_text=address.removeprefix("_"))
            expect(row.locator("small")).to_have_text(note)

    def is_held(self, address: str) -> bool:
        member = self.emulator.member(address)
        return member is not None and member.state == "on_hold"

    def says(self, text: str) -> None:
        expect(self.page.get_by_role("status")).to_have_text(text)


@pytest.fixture
def ring_seconds() -> float:
    return 600.0


@pytest.fixture
def desktop(page: Page, ring_seconds: float) -> Iterator[Desktop]:
    needed()
    with serve_desktop(ring_seconds) as served:
        page.goto(served.url)
        desktop = Desktop(page, served.emulator, served.workers[1])
        desktop.sign_in()
        yield desktop
        page.close()  # before its worker ends, of which it would complain


def test_a_call_is_played_from_beginning_to_end(desktop: Desktop) -> None:
    emulator = desktop.emulator
    for phone in (FIRST, SECOND):
        emulator.set_phone(phone, "ring")
    desktop.call()
    desktop.shows(_12025550101="", _12025550199="")

    desktop.press(f"Hold {CUSTOMER}")
    desktop.shows(_12025550101="", _12025550199="on hold")
    assert desktop.is_held(CUSTOMER)
    desktop.press(f"Unhold {CUSTOMER}")
    desktop.shows(_12025550101="", _12025550199="")

    desktop.transfer(FIRST)
    desktop.says(f"{FIRST} is ringing, the customer is on hold")
    emulator.answer(FIRST)
    desktop.says(f"{FIRST} has answered")
    desktop.press("Resume")
    desktop.says(f"{AGENT} is in the call with everyone")
    everyone = {f"_{address}": "" for address in (AGENT, CUSTOMER, FIRST)}
    desktop.shows(**everyone)

    desktop.transfer(SECOND)
    desktop.shows(**everyone, _12025550103="ringing")
    desktop.press("Abort")
    desktop.says(f"{AGENT} is back with the customer")
    desktop.shows(**everyone)

    desktop.press(f"Hang up {CUSTOMER}")
    desktop.shows(_12025550101="", _12025550102="")
    desktop.press(f"Hang up {AGENT}")
    expect(desktop.page.get_by_text("You are on no call.")).to_be_visible()
    assert emulator.dialled == {CUSTOMER: 1, FIRST: 1, SECOND: 1}


def test_who_hangs_up_leaves_the_page(desktop: Desktop) -> None:
    desktop.call()
    desktop.shows(_12025550101="", _12025550199="")
    desktop.emulator.hang_up(CUSTOMER)

    desktop.shows(_12025550101="")


@pytest.mark.parametrize("ring_seconds", [0.5])
def test_a_phone_that_rings_out_is_no_answer_until_it_is_hung_up(desktop: Desktop) -> None:
    desktop.emulator.set_phone(CUSTOMER, "ring")
    desktop.call()
    desktop.says(f"{CUSTOMER}: no answer after 0.5 s")
    desktop.shows(_12025550101="", _12025550199="no answer after 0.5 s")

    desktop.press(f"Hang up {CUSTOMER}")
    desktop.shows(_12025550101="")


@pytest.mark.parametrize("ring_seconds", [0.5])
def test_a_transfer_that_is_not_answered_keeps_the_customer_on_hold_until_it_is_aborted(
    desktop: Desktop,
) -> None:
    desktop.emulator.set_phone(FIRST, "ring")
    desktop.call()
    desktop.shows(_12025550101="", _12025550199="")
    desktop.transfer(FIRST)
    desktop.says(f"{FIRST}: no answer after 0.5 s, the customer is on hold")
    assert desktop.is_held(CUSTOMER)

    desktop.press("Abort")
    desktop.shows(_12025550101="", _12025550199="")
    assert not desktop.is_held(CUSTOMER)


def test_a_refused_action_shows_why_and_changes_nothing(desktop: Desktop) -> None:
    desktop.call()
    desktop.shows(_12025550101="", _12025550199="")
    desktop.emulator.fail_next("soft_error", action="hold")
    desktop.press(f"Hold {CUSTOMER}")

    expect(desktop.page.get_by_role("alert")).to_contain_text("hold …0199: ")
    desktop.shows(_12025550101="", _12025550199="")


def test_a_hold_whose_answer_is_lost_may_be_in_effect(desktop: Desktop) -> None:
    desktop.call()
    desktop.emulator.fail_next("close_after", action="hold", times=2)
    desktop.press(f"Hold {CUSTOMER}")

    expect(desktop.page.get_by_role("alert")).not_to_be_empty()
    desktop.shows(_12025550101="", _12025550199="may be on hold")
    desktop.press(f"Unhold {CUSTOMER}")
    desktop.shows(_12025550101="", _12025550199="")


def test_a_call_whose_answer_is_lost_may_be_ringing(desktop: Desktop) -> None:
    desktop.emulator.set_phone(CUSTOMER, "ring")
    desktop.emulator.fail_next("close_after", action="call")
    desktop.call()

    expect(desktop.page.get_by_role("alert")).not_to_be_empty()
    desktop.shows(_12025550101="", _12025550199="may be ringing")
    desktop.emulator.answer(CUSTOMER)
    desktop.shows(_12025550101="", _12025550199="")
    assert desktop.emulator.dialled == {CUSTOMER: 1}


def test_a_reload_keeps_what_was_acknowledged(desktop: Desktop) -> None:
    desktop.call()
    desktop.press(f"Hold {CUSTOMER}")
    desktop.shows(_12025550101="", _12025550199="on hold")
    desktop.page.reload()

    desktop.shows(_12025550101="", _12025550199="on hold")
    expect(desktop.button(f"Unhold {CUSTOMER}")).to_be_enabled()


def test_a_page_whose_worker_has_gone_says_so_and_sends_nothing(desktop: Desktop) -> None:
    desktop.call()
    desktop.shows(_12025550101="", _12025550199="")
    os.kill(desktop.worker, signal.SIGTERM)

    expect(desktop.page.locator("#link")).to_contain_text("Connection lost")
    expect(desktop.button(f"Hold {CUSTOMER}")).to_be_disabled()
    expect(desktop.button("Call")).to_be_disabled()


def test_it_is_worked_by_key(desktop: Desktop) -> None:
    keys = desktop.page.keyboard
    keys.type(CUSTOMER)  # the field after the agent's number
    keys.press("Enter")
    desktop.shows(_12025550101="", _12025550199="")
    for _ in range(4):  # over the button of the form and the agent's two
        keys.press("Tab")
    expect(desktop.button(f"Hold {CUSTOMER}")).to_be_focused()
    keys.press("Enter")

    expect(desktop.button(f"Unhold {CUSTOMER}")).to_be_focused()
    assert desktop.is_held(CUSTOMER)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(desktop: Desktop, scheme: Literal["light", "dark"], width: int) -> None:
    desktop.page.emulate_media(color_scheme=scheme)
    desktop.page.set_viewport_size({"width": width, "height": 900})
    desktop.call()
    desktop.shows(_12025550101="", _12025550199="")
    desktop.emulator.fail_next("soft_error", action="hold")
    desktop.press(f"Hold {CUSTOMER}")
    expect(desktop.page.get_by_role("alert")).not_to_be_empty()

    assert violations(desktop.page) == []
    assert desktop.page.evaluate("() => document.documentElement.scrollWidth") == width
