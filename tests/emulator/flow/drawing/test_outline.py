"""A flow as text: each node once, and references to what is shown elsewhere."""

from __future__ import annotations

from plivo_phlo_async.emulator.flow import Phlo
from plivo_phlo_async.emulator.flow.drawing.outline import outline
from plivo_phlo_async.emulator.flow.reader import read_phlo_text

SHOP = """\
phlo: Shop
numbers: ["+14155550100"]
start: {Incoming Call: Menu, API Request: Ring}
nodes:
  Menu:
    component: IVR Menu
    prompt: Press.
    inputs: [1, 2]
    next: {1: Desk, 2: Message, No Input: Menu, Wrong Input: Menu}
  Desk:
    component: Call Forward
    from: "1"
    to: "2"
    next: {Completed: Bye, No Answer: Message, Failed: Message}
  Message: {component: Record Audio, prompt: Beep., next: Text}
  Text: {component: Send SMS, from: "1", to: "2", message: Hi, next: Bye}
  Bye: {component: Hangup}
  Ring: {component: Initiate Call, from: "1", to: "2"}
  Lost: {component: Play Audio, prompt: Hello., next: Bye}
"""


def _chain(length: int) -> Phlo:
    """A flow that branches at every node."""
    head = "phlo: Deep\nstart: {Incoming Call: N0}\nnodes:\n"
    following = "next: {{Count Reached: N{1}, Count Not Reached: N0}}"
    node = f"  N{{0}}: {{{{component: Counter, max: 2, {following}}}}}\n"
    nodes = "".join(node.format(n, n + 1) for n in range(length))
    return read_phlo_text(f"{head}{nodes}  N{length}: {{component: Hangup}}\n")


def test_a_node_stands_below_what_leads_to_it_first() -> None:
    assert outline(read_phlo_text(SHOP)) == [
        "Shop (+14155550100)",
        "",
        "Start",
        "├─ Incoming Call -> Menu (IVR Menu)",
        "│  ├─ 1 -> Desk (Call Forward)",
        "│  │  ├─ Completed -> Bye (Hangup)",
        "│  │  └─ No Answer, Failed -> Message (Record Audio)",
        "│  │     Recording Completed -> Text (Send SMS)",
        "│  │     every state -> Bye (above)",
        "│  ├─ 2 -> Message (above)",
        "│  └─ No Input, Wrong Input -> Menu (above)",
        "└─ API Request -> Ring (Initiate Call)",
        "",
        "Lost (Play Audio): nothing leads to it",
        "Prompt Completed -> Bye (above)",
    ]


def test_long_lines_are_wrapped_below_their_branch() -> None:
    lines = outline(read_phlo_text(SHOP), 46)

    assert lines[6:9] == [
        "│  │  └─ No Answer, Failed",
        "│  │       -> Message (Record Audio)",
        "│  │     Recording Completed",
    ]


def test_a_deep_branch_goes_on_below() -> None:
    lines = outline(_chain(20), 50)

    assert max(map(len, lines)) <= 50
    assert any(line.endswith("(below)") for line in lines)
    assert sum(line.startswith("N") and line.endswith("(Counter)") for line in lines) > 1


def test_every_node_is_named_with_its_component_once() -> None:
    phlo = _chain(400)
    text = "\n".join(outline(phlo, 60))

    for name, node in phlo.nodes.items():
        assert text.count(f"{name} ({node.component})") == 1
