"""What the page does where flows and runs are many, large, replaced or gone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from plivo_phlo_async.emulator import PhloEmulator, Seed
from plivo_phlo_async.emulator.server import EmulatorServer

from ...emulator.flow.flows import AGENT, NUMBER, document
from .driving import Scene
from .test_accessibility import violations
from .test_flows import CALLER, HOSTILE, TIMES, keypad, load, node, press, steps, use, waits

WIDE = "W" * 60


@pytest.fixture
def emulator(seed: Seed) -> PhloEmulator:
    return PhloEmulator(rate_limit=None, prompt_speed=None, wall=lambda: 1000.0, clock=lambda: 5.0)


def menu(scene: Scene, **options: object) -> None:
    """Have a flow with a menu."""
    scene.emulator.load_flow(document("Menu", "Bye", Menu={"next": {"1": "Bye"}, **options}))
    expect(node(scene, "Menu")).to_be_visible()


# Many, and large


def test_every_live_run_is_counted_however_many_there_are(scene: Scene) -> None:
    menu(scene)
    for number in range(1000):
        scene.emulator.phone(f"1303555{number:04}").calls(NUMBER)
    scene.open()

    expect(scene.page.locator("#runs-note")).to_have_text("1000 live · first 60 shown")
    waits(scene, "Menu", f"1000 {TIMES} keys")
    scene.emulator.phone("13035550000").presses("1")
    waits(scene, "Menu", f"999 {TIMES} keys")


def test_a_name_is_cut_to_the_width_of_its_node(scene: Scene) -> None:
    bye = {"component": "Hangup"}
    scene.emulator.load_flow(document("Menu", WIDE, **{WIDE: bye}))
    box = node(scene, WIDE).locator(".box").bounding_box()
    name = node(scene, WIDE).locator(".name").bounding_box()

    assert box is not None
    assert name is not None
    assert box["x"] < name["x"]
    assert name["x"] + name["width"] < box["x"] + box["width"]


def test_a_long_variable_is_read_to_its_end_by_key(scene: Scene) -> None:
    scene.emulator.load_flow(document("Menu"))
    scene.emulator.phone(CALLER).texts(NUMBER, "Long. " * 2000 + "The end.")
    scene.page.locator("#runs button").click()
    node(scene, "Start").click()
    value = scene.page.locator("#node-variables dd").filter(has_text="The end.").first
    value.focus()
    scene.page.keyboard.press("End")

    expect(value).to_be_focused()
    at_the_end = "(box) => box.scrollTop > box.scrollHeight - box.clientHeight - 2"
    scene.page.wait_for_function(at_the_end, arg=value.element_handle())


def test_a_narrow_page_shows_the_first_node(scene: Scene) -> None:
    scene.page.set_viewport_size({"width": 360, "height": 900})
    load(scene, "01")
    graph = scene.page.locator("#graph").bounding_box()
    start = node(scene, "Start").locator(".box").bounding_box()

    assert graph is not None
    assert start is not None
    middle = graph["x"] + graph["width"] / 2
    assert abs(start["x"] + start["width"] / 2 - middle) < 20


def test_a_persons_variables_are_not_those_of_another_at_the_same_node(scene: Scene) -> None:
    people = ("12025550101", "12025550102")
    ring = {"to": ",".join(people), "next": {"Answered": "Menu"}}
    scene.emulator.load_flow(document("Ring", "Menu", Ring=ring))
    run = scene.emulator.run("test")
    scene.emulator.phone(people[0]).presses("1")
    assert run.path == ["Start", "Ring", "Menu", "Menu"]
    scene.page.locator("#runs button").click()
    menus = scene.page.locator("#run-steps > li").filter(has_text="Menu")

    expect(menus.first.locator("dl")).to_contain_text("digits1")
    expect(menus.last.locator("details")).to_be_hidden()


# Replaced, and gone


def test_a_flow_that_is_loaded_again_ends_the_run_that_is_shown(scene: Scene) -> None:
    menu(scene)
    press(scene, "Call")
    expect(steps(scene)).to_have_text(["Start", "Menu"])
    scene.emulator.load_flow(document("Say", "Bye"))

    expect(scene.page.locator("#run-ended")).to_have_text("Ended: stopped: the PHLO was replaced")
    expect(steps(scene)).to_have_text(["Start", "Menu"])
    expect(node(scene, "Say")).to_be_visible()


def test_a_file_that_cannot_be_loaded_again_is_named_with_its_problems(scene: Scene) -> None:
    menu(scene)
    problems = scene.page.locator("#flows").get_by_role("alert")
    expect(problems).to_have_count(0)
    lines = (f"a.phlo.yaml:3:1: {HOSTILE}", "a.phlo.yaml:9:1: no node 'Menuu'.")
    scene.emulator.report_file_problems({"a.phlo.yaml": "\n".join(lines)})
    expect(problems.locator("li")).to_have_text(lines)
    expect(problems).to_contain_text("Their flows still run the last version that loaded.")
    assert scene.page.locator("img[src=x]").count() == 0
    assert violations(scene.page) == []
    scene.emulator.report_file_problems({})

    expect(problems).to_have_count(0)


def test_a_phone_that_a_flow_dials_is_counted(scene: Scene) -> None:
    scene.emulator.load_flow(document("Forward"))
    for caller in (CALLER, "13035550100"):
        scene.emulator.phone(caller).calls(NUMBER)
        scene.emulator.phone(caller).hangs_up()
    rung = scene.page.locator("#known tr").filter(has_text=AGENT).locator(".rung")

    expect(rung).to_have_text(f"2{TIMES}")


def test_the_lines_for_a_shell_name_the_flow_that_has_no_node(scene: Scene) -> None:
    scene.emulator.load_flow(document("Menu"))
    lines = scene.page.get_by_role("group", name="For a shell")

    expect(lines).to_contain_text("export PLIVO_PHLO_ID=test")
    expect(lines).not_to_contain_text("PLIVO_NODE_ID")


def test_a_run_that_is_no_longer_among_the_latest_stays_on_show(scene: Scene) -> None:
    menu(scene)
    press(scene, "Call", "1")
    expect(steps(scene)).to_have_text(["Start", "Menu", "Bye"])
    for number in range(110):
        scene.emulator.phone(f"1303555{number:04}").calls(NUMBER)
    scene.emulator.load_flow({**document("Say"), "id": "other", "numbers": []})

    expect(scene.page.locator("#flows-note")).to_have_text("2 flows · 110 live runs")
    expect(steps(scene)).to_have_text(["Start", "Menu", "Bye"])


def test_another_emulator_at_the_same_place_has_none_of_the_runs(
    scene: Scene, complaints: list[str]
) -> None:
    menu(scene)
    press(scene, "Call")
    expect(steps(scene)).to_have_count(2)
    port = scene.server.port
    scene.server.stop()
    press(scene, "1")
    refused = keypad(scene).get_by_role("alert")
    expect(refused).to_have_text("The emulator is not reachable.")
    other = PhloEmulator(rate_limit=None, prompt_speed=None)
    other.load_flow(document("Menu"))
    with EmulatorServer(other, port=port):
        scene.is_live()
        expect(scene.page.locator("#run-facts")).to_be_hidden()
        expect(scene.page.locator("#no-runs")).to_be_visible()
        expect(scene.page.locator("#keypad-heard p")).to_have_count(0)
        press(scene, "Call")
        expect(steps(scene)).to_have_text(["Start", "Menu"])
        expect(refused).to_have_count(0)
        scene.page.goto("about:blank")  # it would connect again
    complaints[:] = [said for said in complaints if "net::ERR_" not in said]


def test_a_layout_that_could_not_be_loaded_is_loaded_again(
    scene: Scene, complaints: list[str]
) -> None:
    def lose(route: Route) -> None:
        route.abort()

    scene.page.route("**/dagre.js", lose)
    scene.emulator.load_flow(document("Menu"))
    expect(scene.page.locator("#said")).to_be_visible()
    scene.page.unroute("**/dagre.js", lose)
    scene.emulator.phone(CALLER).calls(NUMBER)

    expect(node(scene, "Menu")).to_be_visible()
    complaints[:] = [said for said in complaints if "net::ERR_" not in said]


def test_a_node_in_the_path_is_that_of_the_runs_own_flow(scene: Scene) -> None:
    load(scene, "01", "14")
    press(scene, "Call")
    expect(steps(scene).last).to_have_text("Menu")
    expect(scene.page.locator("#run-note")).to_contain_text("Phone system")
    scene.page.locator("#flow-select").select_option("Warm transfer")
    expect(node(scene, "Agents")).to_be_visible()
    steps(scene).last.click()

    expect(node(scene, "Sales")).to_be_visible()
    expect(scene.page.locator("#node-options")).to_contain_text("Press 1 for support")


# The focus, and what is refused


def test_the_focus_stays_in_the_run_that_is_stopped(scene: Scene) -> None:
    menu(scene)
    press(scene, "Call")
    expect(scene.page.locator("#run-stop")).to_be_visible()
    scene.page.locator("#run-stop").focus()
    scene.page.keyboard.press("Enter")

    expect(scene.page.locator("#run-stop")).to_be_hidden()
    expect(scene.page.locator("#run-close")).to_be_focused()


def test_the_keys_of_the_browser_stay_its_own(scene: Scene) -> None:
    menu(scene)
    node(scene, "Start").focus()
    scene.page.keyboard.press("Control+ArrowDown")
    expect(node(scene, "Start")).to_be_focused()
    scene.page.keyboard.press("ArrowDown")

    expect(node(scene, "Menu")).to_be_focused()


def test_a_screen_reader_says_which_nodes_the_run_has_visited(scene: Scene) -> None:
    menu(scene)
    press(scene, "Call")

    expect(node(scene, "Menu")).to_have_attribute(
        "aria-label", "Menu, IVR Menu, 1 token waiting: keys, in the path of the run"
    )
    expect(node(scene, "Bye")).to_have_attribute("aria-label", "Bye, Hangup")


def test_what_was_refused_is_hidden_by_what_is_done_next(
    scene: Scene, complaints: list[str]
) -> None:
    menu(scene)
    press(scene, "5")
    expect(keypad(scene).get_by_role("alert")).to_have_count(1)
    press(scene, "Call")

    expect(steps(scene)).to_have_text(["Start", "Menu"])
    expect(keypad(scene).get_by_role("alert")).to_have_count(0)
    complaints[:] = [said for said in complaints if "status of 4" not in said]


def test_keys_are_pressed_at_the_phone_that_was_chosen_then(scene: Scene) -> None:
    menu(scene, next={"1": "Bye", "Wrong Input": "Menu"})
    press(scene, "Call")
    waits(scene, "Menu", "keys")
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    scene.page.route("**/press", hold_the_first)
    press(scene, "7", "1")
    use(scene, "13035550100")
    held[0].continue_()

    expect(steps(scene)).to_have_text(["Start", "Menu", "Menu", "Bye"])
