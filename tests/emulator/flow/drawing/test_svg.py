"""A flow as SVG: valid, the same every time, and nothing overlaps."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plivo_phlo_async.emulator.flow import Phlo
from plivo_phlo_async.emulator.flow.drawing.svg import to_svg
from plivo_phlo_async.emulator.flow.graph import FlowNode, FlowStart
from plivo_phlo_async.emulator.flow.reader import load_phlo

EXAMPLES = sorted((Path(__file__).parents[4] / "examples" / "flows").glob("*.phlo.yaml"))
SVG = "{http://www.w3.org/2000/svg}"
STATES = ("1", "2", "No Input", "Wrong Input")

Rectangle = tuple[float, float, float, float]


@st.composite
def graphs(draw: st.DrawFn) -> Phlo:
    """Flows of menus whose states lead anywhere."""
    names = [f"N{number}" for number in range(draw(st.integers(1, 12)))]
    targets = st.dictionaries(st.sampled_from(STATES), st.sampled_from(names))
    nodes = {
        name: FlowNode(name, "IVR Menu", {"inputs": ("1", "2")}, draw(targets)) for name in names
    }
    return Phlo("Graph", "graph", (), FlowStart({}, {"Incoming Call": "N0"}), nodes)


def _rectangles(svg: str) -> list[Rectangle]:
    """Return the boxes and the labels, without the page."""
    _, *found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [
        (float(one.attrib["x"]), float(one.attrib["y"]), float(one.attrib["width"]),
         float(one.attrib["height"]))
        for one in found
    ]  # fmt: skip


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    x, y, width, height = one
    x2, y2, width2, height2 = other
    return x < x2 + width2 and x2 < x + width and y < y2 + height2 and y2 < y + height


def _texts(svg: str) -> list[str]:
    return [str(one.text) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@given(graphs())
@settings(max_examples=40, derandomize=True, deadline=None)
def test_no_box_or_label_overlaps_another(phlo: Phlo) -> None:
    found = _rectangles(to_svg(phlo))

    assert [pair for pair in combinations(found, 2) if _overlap(*pair)] == []


def _inside(one: Rectangle, other: Rectangle) -> bool:
    x, y, width, height = one
    x2, y2, width2, height2 = other
    return x2 <= x and x + width <= x2 + width2 and y2 <= y and y + height <= y2 + height2


@given(graphs())
@settings(max_examples=40, derandomize=True, deadline=None)
def test_a_text_is_in_one_box_or_label_or_beside_all(phlo: Phlo) -> None:
    svg = to_svg(phlo)
    found = _rectangles(svg)

    for text in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        width = 5 * len(str(text.text))
        place = (float(text.attrib["x"]) - width / 2, float(text.attrib["y"]) - 8, width, 9.0)
        touched = [one for one in found if _overlap(one, place)]
        assert len(touched) <= 1
        assert all(_inside(place, one) for one in touched)


@given(graphs())
@settings(max_examples=40, derandomize=True, deadline=None)
def test_everything_is_on_the_page(phlo: Phlo) -> None:
    svg = to_svg(phlo)
    page = next(ElementTree.fromstring(svg).iter(f"{SVG}rect")).attrib
    left, top = float(page["x"]), float(page["y"])

    for x, y, width, height in _rectangles(svg):
        assert left < x < x + width < left + float(page["width"])
        assert top < y < y + height < top + float(page["height"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_have_every_node_and_state(path: Path) -> None:
    phlo = load_phlo(path)
    svg = to_svg(phlo)
    words = " ".join(_texts(svg))

    assert {"Start", *phlo.nodes} <= {*_texts(svg)}
    for node in phlo.nodes.values():
        if {*node.next} != {*node.states}:
            assert all(state in words for state in node.next)


def test_the_same_flow_gives_the_same_text() -> None:
    assert to_svg(load_phlo(EXAMPLES[0])) == to_svg(load_phlo(EXAMPLES[0]))


def test_names_are_escaped() -> None:
    name = '<b>&"名前'
    node = FlowNode(name, "Hangup")
    phlo = Phlo("<&>", "x", (), FlowStart({}, {"API Request": name}), {name: node})
    root = ElementTree.fromstring(to_svg(phlo))

    assert root.findtext(f"{SVG}title") == "<&>"
    assert name in _texts(to_svg(phlo))


def test_a_long_name_is_shortened_and_whole_in_its_title() -> None:
    name = "N" * 100
    phlo = Phlo("Long", "x", (), FlowStart(), {name: FlowNode(name, "Hangup")})
    titles = [one.text for one in ElementTree.fromstring(to_svg(phlo)).iter(f"{SVG}title")]

    assert f"{'N' * 35}…" in _texts(to_svg(phlo))
    assert name in titles


def test_the_colours_follow_the_theme() -> None:
    assert "prefers-color-scheme: dark" in to_svg(load_phlo(EXAMPLES[0]))


def test_an_edge_that_leads_back_up_is_dashed() -> None:
    nodes = {
        "A": FlowNode("A", "Play Audio", {}, {"Prompt Completed": "B"}),
        "B": FlowNode("B", "Play Audio", {}, {"Prompt Completed": "A"}),
        "C": FlowNode("C", "Play Audio", {}, {"Prompt Completed": "C"}),
    }
    phlo = Phlo("Loop", "x", (), FlowStart({}, {"Incoming Call": "A"}), nodes)
    edges = [
        one.attrib["class"]
        for one in ElementTree.fromstring(to_svg(phlo)).iter(f"{SVG}path")
        if one.attrib["class"].startswith("edge")
    ]

    assert sorted(edges) == ["edge", "edge", "edge up", "edge up"]
