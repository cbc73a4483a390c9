"""Flows on the page: their graphs, their runs, and calls that a person plays by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from plivo_phlo_async.emulator import DEMO_AUTH_TOKEN, PhloEmulator

from ...emulator.flow.flows import document
from .driving import Scene
from .test_accessibility import Scheme, violations

EXAMPLES = Path(__file__).parents[3] / "examples" / "flows"
CALLER, SUPPORT, AGENT = "12025550000", "12025550111", "+12025550101"
TIMES = "\u00d7"
VIEW = "(svg) => svg.getAttribute('viewBox').split(' ').map(Number)"
HOSTILE = "<img src=x onerror=document.title='broken'>"


@pytest.fixture
def emulator(seed: object) -> PhloEmulator:
    """An emulator whose prompts take no time, and whose menus wait until a key is pressed."""
    return PhloEmulator(rate_limit=None, prompt_speed=None, wall=lambda: 1000.0, clock=lambda: 5.0)


def load(scene: Scene, *names: str) -> None:
    for name in names:
        (path,) = EXAMPLES.glob(f"{name}-*.phlo.yaml")
        scene.emulator.load_flow(path)
    expect(scene.page.locator(".graph-node").first).to_be_visible()


def node(scene: Scene, name: str) -> Locator:
    return scene.page.locator(f'.graph-node[data-node="{name}"]')


def labels(scene: Scene, name: str) -> Locator:
    """The states on the edges that leave a node."""
    return scene.page.locator(f'.graph-edge[data-from="{name}"] .state')


def keypad(scene: Scene) -> Locator:
    return scene.page.locator("#keypad")


def waits(scene: Scene, name: str, what: str) -> None:
    """The tokens at a node wait for something; for how long depends on the machine."""
    text = re.compile(rf"^{re.escape(what)} \d+:\d\d$")
    expect(node(scene, name).locator(".wait")).to_have_text(text)


def use(scene: Scene, address: str) -> None:
    """Take the phone at another address."""
    scene.page.get_by_label("Your number").fill(address)
    scene.page.get_by_label("Your number").press("Tab")


def press(scene: Scene, *names: str) -> None:
    for name in names:
        keypad(scene).get_by_role("button", name=name, exact=True).click()


def steps(scene: Scene) -> Locator:
    """The names of the nodes in the path of the selected run."""
    return scene.page.locator("#run-steps > li > button")


def heard(scene: Scene) -> Locator:
    return scene.page.locator("#keypad-heard p")


# No flow


def test_without_a_flow_the_page_has_no_part_of_it(scene: Scene) -> None:
    loaded = "() => performance.getEntriesByType('resource').map((one) => one.name).join()"

    expect(scene.page.locator("#flows")).to_be_hidden()
    expect(scene.page.locator("#flows-link")).to_be_hidden()
    assert "dagre" not in scene.page.evaluate(loaded)


def test_a_flow_that_is_loaded_later_appears(scene: Scene) -> None:
    scene.emulator.load_flow(document("Menu", "Bye"))
    expect(node(scene, "Bye")).to_have_attribute("aria-label", "Bye, Hangup")
    scene.emulator.load_flow(document("Menu", "Say"))

    expect(node(scene, "Bye")).to_have_count(0)
    expect(node(scene, "Say")).to_be_visible()


# The graph


def test_a_graph_has_every_node_and_edge_of_its_flow(scene: Scene) -> None:
    load(scene, "01")

    expect(scene.page.locator(".graph-node .name")).to_have_text(
        ["Start", "Menu", "Nothing_heard", "Wrong_key", "Support", "Sales", "All_busy"]
    )
    expect(scene.page.locator(".graph-edge")).to_have_count(9)
    expect(labels(scene, "Start")).to_have_text(["Incoming Call"])
    expect(labels(scene, "Menu")).to_have_text(["1", "2", "No Input", "Wrong Input"])
    expect(labels(scene, "Support")).to_have_text(["No Answer", "Busy/Rejected", "Failed"])


def test_a_tangle_is_laid_out_by_its_first_steps(scene: Scene) -> None:
    def menu(number: int) -> dict[str, Any]:
        leads = {"1": number + 1, "2": number * 7 + 3, "No Input": number * 3, "Wrong Input": 150}
        return {
            "component": "IVR Menu",
            "prompt": "Press 1 or 2.",
            "inputs": ["1", "2"],
            "next": {state: f"Menu_{to % 200}" for state, to in leads.items()},
        }

    nodes = {f"Menu_{number}": menu(number) for number in range(200)}
    start = {"Incoming Call": "Menu_0"}
    scene.emulator.load_flow({"phlo": "Tangle", "id": "tangle", "start": start, "nodes": nodes})
    expect(scene.page.locator(".graph-node")).to_have_count(201, timeout=30_000)
    lines = scene.page.locator(".graph-edge .line")
    drawn = lines.evaluate_all("(all) => all.map((line) => line.getAttribute('d'))")

    _, _, _, height = scene.page.locator("#graph > svg").evaluate(VIEW)
    assert height < 5000  # with a rank for each step of its longest way it has 10,000 and more
    assert len(drawn) > 600
    assert [line for line in drawn if "NaN" in line or "undefined" in line] == []


def test_an_edge_counts_how_often_it_was_taken_in_all_runs(scene: Scene) -> None:
    load(scene, "01")
    for caller in (CALLER, "12025550009"):
        phone = scene.emulator.phone(caller)
        phone.calls("+14155550101")
        phone.presses("7")
    scene.emulator.phone(CALLER).presses("8")

    expect(labels(scene, "Start")).to_have_text([f"Incoming Call 2{TIMES}"])
    expect(labels(scene, "Menu")).to_have_text(["1", "2", "No Input", f"Wrong Input 3{TIMES}"])
    scene.open()
    expect(labels(scene, "Menu")).to_have_text(["1", "2", "No Input", f"Wrong Input 3{TIMES}"])
    scene.emulator.reset()
    expect(labels(scene, "Menu")).to_have_text(["1", "2", "No Input", "Wrong Input"])


def test_a_node_shows_the_tokens_that_wait_at_it(scene: Scene) -> None:
    load(scene, "01")
    for caller in (CALLER, "12025550009"):
        scene.emulator.phone(caller).calls("+14155550101")

    waits(scene, "Menu", f"2 {TIMES} keys")
    expect(node(scene, "Menu")).to_have_attribute(
        "aria-label", "Menu, IVR Menu, 2 tokens waiting: keys"
    )
    scene.emulator.phone(CALLER).hangs_up()
    waits(scene, "Menu", "keys")
    scene.emulator.phone("12025550009").hangs_up()
    expect(node(scene, "Menu").locator(".wait")).to_have_count(0)


def test_a_tokens_move_lays_nothing_out_again(scene: Scene) -> None:
    load(scene, "01")
    scene.page.locator("#graph > svg").evaluate("(drawing) => { drawing.dataset.same = 'yes'; }")
    scene.emulator.phone(CALLER).calls("+14155550101")
    scene.emulator.phone(CALLER).presses("7")

    expect(labels(scene, "Menu").last).to_have_text(f"Wrong Input 1{TIMES}")
    expect(scene.page.locator("#graph > svg")).to_have_attribute("data-same", "yes")


def test_a_node_that_is_selected_shows_its_options_and_variables(scene: Scene) -> None:
    load(scene, "01")
    scene.emulator.phone(CALLER).calls("+14155550101")
    scene.emulator.phone(CALLER).presses("7")
    node(scene, "Menu").click()
    facts = scene.page.get_by_role("region", name="Menu", exact=True)

    expect(facts.locator("#node-options")).to_contain_text("Press 1 for support")
    expect(facts.locator("#node-states li")).to_have_text(
        [
            f"1 → Support 0{TIMES}",
            f"2 → Sales 0{TIMES}",
            f"No Input → Nothing_heard 0{TIMES}",
            f"Wrong Input → Wrong_key 1{TIMES}",
        ]
    )
    expect(facts.locator("#node-variables")).to_have_text("Select a run to see them.")
    scene.page.locator("#runs button").click()
    expect(facts.locator("#node-variables dt")).to_have_text(["digits", "input_type"])
    facts.get_by_role("button", name="Close", exact=True).click()
    expect(facts).to_have_count(0)
    expect(node(scene, "Menu")).to_be_focused()


def test_several_flows_are_a_choice(scene: Scene) -> None:
    load(scene, "01")
    choice = scene.page.locator("#flow-select")
    expect(choice).to_be_hidden()
    load(scene, "14")
    expect(scene.page.get_by_role("combobox", name="Flow", exact=True)).to_be_visible()
    choice.select_option("Warm transfer")

    expect(node(scene, "Agents")).to_be_visible()
    expect(node(scene, "Sales")).to_have_count(0)
    expect(scene.page.locator("#keypad-number")).to_have_value("+14155550114")


# The runs


def test_live_runs_come_first_and_an_ended_one_says_why(scene: Scene) -> None:
    load(scene, "01")
    scene.emulator.phone(CALLER).calls("+14155550101")
    scene.emulator.phone("12025550009").calls("+14155550101")
    scene.emulator.phone("12025550009").hangs_up()
    where = scene.page.locator("#runs .where")

    expect(where).to_have_text(["Menu: keys", "the caller hung up at Menu"])
    expect(scene.page.locator("#runs .chip")).to_have_text(["live", "ended"])
    expect(scene.page.locator("#flows-note")).to_have_text("1 flow · 1 live run")


def test_a_run_is_stopped(scene: Scene) -> None:
    load(scene, "01")
    run = scene.emulator.phone(CALLER).calls("+14155550101")
    scene.page.locator("#runs button").click()
    scene.page.get_by_role("button", name="Stop", exact=True).click()

    expect(scene.page.locator("#run-ended")).to_have_text("Ended: stopped by hand")
    expect(scene.page.locator("#run-stop")).to_be_hidden()
    assert run.ended == "stopped by hand"


def test_a_run_has_its_messages_and_recordings(scene: Scene) -> None:
    load(scene, "14")
    press(scene, "Call", "2", "Speak", "Hang up")
    panel = scene.page.locator("#run-facts")

    expect(panel.locator("#run-messages p")).to_contain_text(f"{CALLER} left a message: http")
    expect(panel.locator("#run-calls li")).to_contain_text([f"{CALLER} → +14155550114"])
    sound = panel.locator("audio")
    expect(sound).to_have_attribute("aria-label", "Recording of Voicemail")
    length = """(audio) => new Promise((done, wrong) => {
        audio.addEventListener("loadedmetadata", () => done(audio.duration));
        audio.addEventListener("error", () => wrong(audio.error));
        audio.preload = "metadata";
        audio.load();
    })"""
    assert 3.9 < sound.evaluate(length) < 5.1


def test_a_step_shows_its_state_and_its_variables(scene: Scene) -> None:
    load(scene, "01")
    press(scene, "Call", "7", "1")
    row = scene.page.locator("#run-steps > li")

    expect(steps(scene)).to_have_text(["Start", "Menu", "Wrong_key", "Menu", "Support"])
    for number, state, digits in ((1, "Wrong Input", "7"), (3, "1", "1")):
        expect(row.nth(number).locator("> .note")).to_have_text(f"→ {state}")
        row.nth(number).get_by_text("Variables").click()
        expect(row.nth(number).locator("dd").first).to_have_text(digits)


def test_a_run_that_is_reset_is_closed(scene: Scene) -> None:
    load(scene, "01")
    press(scene, "Call")
    expect(scene.page.locator("#run-facts")).to_be_visible()
    scene.page.get_by_role("button", name="Reset").click()
    expect(scene.page.locator("#reset-runs")).to_have_text("the runs of flows, and their counts")
    scene.page.get_by_role("button", name="Reset all").click()

    expect(scene.page.locator("#run-facts")).to_be_hidden()
    expect(scene.page.locator("#no-runs")).to_be_visible()
    expect(heard(scene)).to_have_count(0)


# The phone


def test_a_person_plays_the_phone_system(scene: Scene) -> None:
    load(scene, "01", "14")
    use(scene, SUPPORT)
    scene.page.get_by_label("Ring until answered here").check()
    use(scene, CALLER)
    expect(scene.page.locator("#keypad-state")).to_have_text("In no call.")
    press(scene, "Call")
    expect(heard(scene)).to_have_text(
        ["Welcome to Harbour Bikes. Press 1 for support, or 2 for sales."]
    )
    press(scene, "7")
    expect(heard(scene).nth(1)).to_have_text("7 is not on the menu.")
    press(scene, "1")
    expect(node(scene, "Support")).to_have_attribute("data-live", "true")
    use(scene, SUPPORT)
    expect(scene.page.locator("#keypad-state")).to_contain_text("Ringing")
    press(scene, "Answer")
    expect(scene.page.locator("#keypad-state")).to_contain_text("In a call")
    press(scene, "Hang up")

    expect(scene.page.locator("#run-ended")).to_contain_text("Ended: ")
    expect(steps(scene)).to_have_text(["Start", "Menu", "Wrong_key", "Menu", "Support"])
    expect(labels(scene, "Menu")).to_have_text(
        [f"1 1{TIMES}", "2", "No Input", f"Wrong Input 1{TIMES}"]
    )
    expect(scene.page.locator('.graph-edge[data-run="true"]')).to_have_count(4)


def test_a_person_plays_a_warm_transfer(scene: Scene) -> None:
    load(scene, "14")
    press(scene, "Call", "1")
    scene.shows(**{f"_{AGENT}": "in_call", f"_{CALLER}": "in_call"})
    waits(scene, "Agents", "conference")
    scene.page.locator(".card footer").get_by_role("button", name="warm_transfer").click()
    scene.page.get_by_label("Who rings").select_option(AGENT)
    scene.page.get_by_label("Whom").fill("12025550102")
    scene.page.get_by_role("button", name="Send", exact=False).filter(has_text="warm").click()
    scene.shows(_12025550102="consulting")
    scene.page.locator(".endings").get_by_role("button", name="resume_call").click()
    scene.shows(_12025550102="in_call")
    for address in (AGENT, "12025550102"):
        use(scene, address)
        expect(scene.page.locator("#keypad-state")).to_contain_text("In Agents: in call.")
        press(scene, "Hang up")
        scene.shows(**{f"_{address}": "left"})
    use(scene, CALLER)
    press(scene, "Hang up")

    expect(scene.page.locator("#keypad-received p")).to_have_text(
        ["+14155550114: Thank you for calling Harbour Bikes."]
    )
    expect(steps(scene)).to_have_text(["Start", "Greeting", "Menu", "Agents", "Thanks"])
    expect(labels(scene, "Agents")).to_have_text([f"Completed 1{TIMES}", "Failed"])


def test_a_person_rejects_a_call(scene: Scene) -> None:
    load(scene, "01")
    scene.emulator.set_phone(SUPPORT, "ring")
    press(scene, "Call", "1")
    use(scene, SUPPORT)
    expect(scene.page.get_by_label("Ring until answered here")).to_be_checked()
    expect(scene.page.locator("#keypad-state")).to_contain_text("Ringing")
    press(scene, "Reject")

    expect(steps(scene).last).to_have_text("All_busy")


def test_a_click_of_a_slow_hand_is_not_lost(scene: Scene, complaints: list[str]) -> None:
    load(scene, "01")
    use(scene, CALLER)
    press(scene, "Call")
    expect(scene.page.locator("#keypad-state")).to_contain_text("call")
    expect(scene.page.locator("#keypad-heard p").first).to_be_visible()
    button = keypad(scene).get_by_role("button", name="Answer", exact=True)
    before = button.bounding_box()
    scene.page.get_by_label("Your number").fill("12025550151")
    expect(scene.page.locator("#keypad-state")).to_have_text("In no call.")
    button.hover()
    scene.page.mouse.down()
    scene.page.evaluate("() => new Promise((done) => setTimeout(done, 150))")
    scene.page.mouse.up()

    expect(keypad(scene).locator(".refused:visible")).to_have_count(1)  # nothing rings there
    assert button.bounding_box() == before
    complaints[:] = [said for said in complaints if "status of 4" not in said]


def test_a_phone_without_a_number_is_in_no_call(scene: Scene) -> None:
    load(scene, "01")
    use(scene, CALLER)
    press(scene, "Call")
    expect(scene.page.locator("#keypad-heard p").first).to_be_visible()
    scene.page.get_by_label("Your number").fill("")

    expect(scene.page.locator("#keypad-state")).to_have_text("In no call.")
    expect(scene.page.locator("#keypad-heard p")).to_have_count(0)


def test_a_person_sends_a_text(scene: Scene) -> None:
    load(scene, "09")
    scene.page.get_by_label("SMS text").fill("Where is my order?")
    press(scene, "Send SMS")

    expect(scene.page.locator("#keypad-received p")).not_to_have_count(0)
    expect(scene.page.locator("#run-note")).to_contain_text("Incoming Message")


@pytest.mark.parametrize(
    ("button", "box", "reason"),
    [
        ("5", "#keypad-keys", "12025550000 is in no call of a flow."),
        ("Speak", "#keypad-speak", "12025550000 is in no call of a flow."),
        ("Answer", "#keypad-acts", ""),
        ("Hang up", "#keypad-acts", ""),
    ],
)
def test_what_is_refused_says_why_beside_its_button(
    scene: Scene, complaints: list[str], button: str, box: str, reason: str
) -> None:
    load(scene, "01")
    press(scene, button)
    refused = scene.page.locator(box).get_by_role("alert")

    expect(refused).to_have_count(1)
    expect(refused).to_contain_text(reason or CALLER)
    complaints[:] = [said for said in complaints if "status of 4" not in said]


def test_a_prompt_is_added_for_a_screen_reader_and_the_others_stay(scene: Scene) -> None:
    load(scene, "01")
    press(scene, "Call")
    first = heard(scene).first
    first.evaluate("(line) => { line.dataset.same = 'yes'; }")
    press(scene, "7")

    expect(heard(scene)).to_have_count(3)
    expect(first).to_have_attribute("data-same", "yes")
    expect(scene.page.get_by_role("log", name="Prompts heard")).to_be_visible()


# By key


def test_the_graph_is_worked_by_key(scene: Scene) -> None:
    load(scene, "01")
    keys = scene.page.keyboard
    scene.page.locator("#flows-title").focus()
    keys.press("Tab")
    expect(node(scene, "Start")).to_be_focused()
    keys.press("ArrowDown")
    expect(node(scene, "Menu")).to_be_focused()
    keys.press("Enter")
    expect(scene.page.locator("#node-title")).to_have_text("Menu")
    keys.press("ArrowDown")
    keys.press("ArrowRight")
    keys.press("Home")
    expect(node(scene, "Start")).to_be_focused()
    expect(scene.page.locator('.graph-node[tabindex="0"]')).to_have_count(1)
    keys.press("Tab")

    expect(scene.page.get_by_role("button", name="Close", exact=True)).to_be_focused()


def test_a_call_is_played_by_key(scene: Scene) -> None:
    load(scene, "01")
    keys = scene.page.keyboard
    scene.page.get_by_label("Your number").focus()
    for key in ("Tab", "Tab", "Tab", "Enter"):
        keys.press(key)
    expect(heard(scene)).to_have_count(1)
    for _ in range(5):
        keys.press("Tab")
    expect(keypad(scene).get_by_role("button", name="1", exact=True)).to_be_focused()
    keys.press("7")
    expect(heard(scene)).to_have_count(3)
    expect(keypad(scene).get_by_role("button", name="1", exact=True)).to_be_focused()
    keys.press("Enter")

    expect(steps(scene).last).to_have_text("Support")


def test_the_focus_stays_on_a_run_while_runs_come_and_end(scene: Scene) -> None:
    load(scene, "01")
    run = scene.emulator.phone(CALLER).calls("+14155550101")
    row = scene.page.locator(f'[data-run="{run.run_id}"]')
    row.focus()
    scene.emulator.phone("12025550009").calls("+14155550101")
    expect(scene.page.locator("#runs button").nth(1)).to_be_focused()
    scene.emulator.phone("12025550009").hangs_up()
    expect(scene.page.locator("#runs button").first).to_be_focused()
    scene.emulator.phone(CALLER).hangs_up()
    expect(row.locator(".chip")).to_have_text("ended")
    expect(row).to_be_focused()
    scene.page.keyboard.press("Enter")

    expect(row).to_have_attribute("aria-pressed", "true")
    scene.page.get_by_role("button", name="Close", exact=True).click()
    expect(row).to_be_focused()


# For everyone


def full(scene: Scene) -> None:
    """Have every part of the flows on show, with every kind of content."""
    load(scene, "01", "14")
    scene.page.locator("#flow-select").select_option("Warm transfer")
    press(scene, "Call", "2", "Speak", "Hang up")
    expect(scene.page.locator("#run-recordings audio")).to_have_count(1)
    scene.emulator.phone("12025550009").calls("+14155550114")
    scene.page.locator("#run-steps summary").first.click()
    node(scene, "Menu").click()
    expect(scene.page.locator("#node-options")).to_contain_text("inputs")
    press(scene, "9")
    expect(scene.page.locator("#keypad-keys").get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_flows(
    scene: Scene, complaints: list[str], scheme: Scheme, width: int
) -> None:
    scene.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    scene.page.set_viewport_size({"width": width, "height": 900})
    full(scene)

    assert violations(scene.page) == []
    assert scene.page.evaluate("() => document.documentElement.scrollWidth") == width
    complaints[:] = [said for said in complaints if "status of 4" not in said]


def test_without_scripts_flows_and_runs_are_tables(scene: Scene, browser: Browser) -> None:
    load(scene, "01")
    phone = scene.emulator.phone(CALLER)
    phone.calls("+14155550101")
    phone.presses("7")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(scene.url)
    runs = page.get_by_role("table", name="Runs, live ones first")
    flows = page.get_by_role("table", name="Flows")

    expect(runs).to_contain_text("Start → Menu → Wrong_key → Menu")
    expect(runs).to_contain_text("Menu: keys")
    expect(flows).to_contain_text("Wrong Input: Wrong_key")
    expect(page.locator("#flows")).to_be_hidden()
    context.close()


# Attacks


def hostile(**changes: Any) -> Mapping[str, Any]:
    """A flow whose every text is HTML, and whose nodes have names that objects have too."""
    menu = {"component": "IVR Menu", "prompt": f"{HOSTILE} {{{{Start.call.from}}}}", "inputs": "1"}
    return {
        "phlo": HOSTILE,
        "id": "hostile",
        "numbers": ["+14155550100"],
        "start": {"Incoming Call": HOSTILE},
        "nodes": {
            HOSTILE: {**menu, "inputs": ["1"], "next": {"1": "__proto__"}},
            "__proto__": {
                "component": "Send SMS",
                "from": "+14155550100",
                "to": "{{Start.call.from}}",
                "message": HOSTILE,
                "next": "constructor",
            },
            "constructor": {**menu, "inputs": ["1"]},
        },
        **changes,
    }


def test_no_name_and_no_prompt_of_a_flow_runs_a_script(scene: Scene) -> None:
    scene.emulator.load_flow(hostile())
    scene.emulator.load_flow(hostile(id="other", numbers=[]))
    caller = f"{HOSTILE}@x"
    use(scene, caller)
    press(scene, "Call", "1")
    expect(heard(scene)).to_have_text([f"{HOSTILE} {caller}"] * 2)
    expect(scene.page.locator("#keypad-received p")).to_contain_text([HOSTILE])
    for name in (HOSTILE, "__proto__", "constructor"):
        steps(scene).get_by_text(name, exact=True).click()
        expect(scene.page.locator("#node-title")).to_have_text(name)
        expect(scene.page.locator("#node-options")).to_contain_text("onerror")
    for summary in scene.page.locator("#run-steps summary").all():
        summary.click()
    scene.open()

    assert scene.page.title() != "broken"
    assert scene.page.locator("img[src=x]").count() == 0
    assert scene.page.evaluate("() => Object.keys(Object.prototype)") == []


def test_the_auth_token_is_in_no_part_of_a_flow(scene: Scene) -> None:
    token = {"component": "Play Audio", "prompt": f"Token {DEMO_AUTH_TOKEN}."}
    scene.emulator.load_flow(document("Say", "Menu", Say=token))
    press(scene, "Call")
    expect(heard(scene).first).to_have_text("Token ***.")
    node(scene, "Say").click()

    expect(scene.page.locator("#node-options dd").first).to_have_text("Token ***.")
    assert f"Token {DEMO_AUTH_TOKEN}" not in scene.page.content()
