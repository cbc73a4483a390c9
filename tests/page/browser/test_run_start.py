"""A person starts a run by API request, from the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from plivo_phlo_async.emulator import PhloEmulator, Seed

from ...emulator.flow.flows import document
from .driving import Scene
from .test_accessibility import violations
from .test_flows import HOSTILE, load, node, steps


@pytest.fixture
def emulator(seed: Seed) -> PhloEmulator:
    return PhloEmulator(rate_limit=None, prompt_speed=None, wall=lambda: 1000.0, clock=lambda: 5.0)


def with_keys(scene: Scene, **keys: str | None) -> None:
    """Have a flow that an API request starts, with these keys in its payload."""
    start = {"keys": keys, "API Request": "Ring"}
    ring = {"to": "{{Start.http.params.to}}"}
    scene.emulator.load_flow({**document("Ring", "Menu", Ring=ring), "start": start})
    expect(node(scene, "Menu")).to_be_visible()


def form(scene: Scene) -> Locator:
    return scene.page.locator("#run-start")


def start(scene: Scene) -> None:
    form(scene).get_by_role("button", name="Start by API request").click()


def test_a_run_starts_with_the_payload_of_the_fields(scene: Scene) -> None:
    with_keys(scene, to=None, shop="North", order=None)
    form(scene).get_by_label("to").fill("12025550101")
    form(scene).get_by_label("order").press("Enter")

    expect(steps(scene)).to_have_text(["Start", "Ring", "Menu"])
    (run,) = scene.emulator.runs
    assert run.outputs["Start"]["http.params"] == {"to": "12025550101", "shop": "North"}
    expect(form(scene).get_by_label("shop")).to_have_attribute("placeholder", "North")
    expect(scene.page.locator("#heard")).to_have_text(f"run {run.run_id[:8]} started.")


def test_it_is_a_request_of_the_account(scene: Scene) -> None:
    with_keys(scene)
    start(scene)

    expect(scene.entries("ok").locator(".action")).to_have_text(["run"])
    expect(scene.page.locator("#tally")).to_have_text("0 calls · 1 request")


def test_a_fault_is_named_beside_the_button(scene: Scene) -> None:
    with_keys(scene)
    scene.emulator.add_fault("run:503 x1")
    start(scene)

    expect(form(scene).get_by_role("alert")).to_contain_text("503")
    start(scene)
    expect(form(scene).get_by_role("alert")).to_have_count(0)


def test_a_flow_without_the_trigger_cannot_be_started(scene: Scene) -> None:
    load(scene, "01")
    expect(form(scene)).to_be_hidden()
    scene.emulator.load_flow({**document("Menu"), "numbers": []})
    scene.page.locator("#flow-select").select_option("Test")

    expect(form(scene)).to_be_visible()


def test_what_is_typed_stays_while_runs_go_on(scene: Scene) -> None:
    with_keys(scene, to=None)
    field = form(scene).get_by_label("to")
    field.fill("1202555")
    scene.emulator.run("test", to="12025550101")
    expect(scene.page.locator("#runs button")).to_have_count(1)

    expect(field).to_have_value("1202555")
    expect(field).to_be_focused()


def test_a_key_is_a_text_whatever_it_holds(scene: Scene) -> None:
    with_keys(scene, **{HOSTILE: HOSTILE, "__proto__": None})
    form(scene).get_by_label("__proto__").fill("12025550101")
    start(scene)
    expect(steps(scene)).not_to_have_count(0)

    (run,) = scene.emulator.runs
    assert run.outputs["Start"]["http.params"] == {HOSTILE: HOSTILE, "__proto__": "12025550101"}
    assert scene.page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_on_its_form(scene: Scene, width: int) -> None:
    scene.page.set_viewport_size({"width": width, "height": 900})
    with_keys(scene, to=None, order=None)
    scene.emulator.add_fault("run:503 x1")
    start(scene)
    expect(form(scene).get_by_role("alert")).to_be_visible()

    assert violations(scene.page) == []
    assert scene.page.evaluate("() => document.documentElement.scrollWidth") == width
