"""The page comes back by itself, and shows what happened while it was away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from plivo_phlo_async.emulator import PhloEmulator, Seed
from plivo_phlo_async.emulator.server import EmulatorServer

from .driving import CUSTOMER, SECOND, Scene


@pytest.fixture
def forgiving(complaints: list[str]) -> list[str]:
    """The browser itself notes a connection that is refused; that is not the page's doing."""
    return complaints


def gone(scene: Scene) -> None:
    scene.server.stop()
    expect(scene.page.locator("#link-text")).to_have_text("Reconnecting")


def test_after_a_restart_the_page_goes_on(scene: Scene, forgiving: list[str]) -> None:
    scene.talk()
    scene.shows(**{f"_{CUSTOMER}": "in_call"})
    gone(scene)
    scene.emulator.join("support", "line-1", SECOND)
    scene.server.start()

    scene.is_live()
    scene.shows(**{f"_{SECOND}": "in_call"})
    expect(scene.entries().locator(".action")).to_have_text(["join", "call"])
    expect(scene.page.locator("#tally")).to_have_text("1 call · 1 request")
    forgiving[:] = [said for said in forgiving if "net::ERR_" not in said]


def test_another_emulator_at_the_same_place_is_shown_as_it_is(
    scene: Scene, seed: Seed, forgiving: list[str]
) -> None:
    scene.talk()
    scene.shows(**{f"_{CUSTOMER}": "in_call"})
    port = scene.server.port
    gone(scene)
    other = PhloEmulator(rate_limit=None)
    other.load(seed)
    # As many events as the page has seen of the first, so that their numbers tell nothing.
    for number in range(20):
        other.join("support", "line-2", f"1{number}")
    with EmulatorServer(other, port=port):
        scene.is_live()
        expect(scene.page.locator(".card h3")).to_have_text(["Line 2"])
        expect(scene.entries()).to_have_count(20)
    forgiving[:] = [said for said in forgiving if "net::ERR_" not in said]


def test_two_pages_show_the_same(scene: Scene) -> None:
    second = Scene(scene.page.context.new_page(), scene.server)
    second.open()
    scene.talk()

    for one in (scene, second):
        one.shows(**{f"_{CUSTOMER}": "in_call"})
