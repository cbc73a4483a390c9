"""`plivo-phlo flow`: draws a PHLO, and writes a new one."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from plivo_phlo_async.emulator.flow.drawing.svg import to_svg
from plivo_phlo_async.emulator.flow.reader import load_phlo

from .conftest import Installed, Run, Terminal

FLOW = """\
phlo: Shop
start: {Incoming Call: Menu}
nodes:
  Menu: {component: IVR Menu, prompt: Press., inputs: [1], next: {1: Bye, No Input: Menu}}
  Bye: {component: Hangup}
"""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.phlo.yaml").write_text(FLOW)


def test_a_flow_is_drawn_as_text(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("flow", "draw", "shop.phlo.yaml")

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Shop",
        "",
        "Start",
        "└─ Incoming Call -> Menu (IVR Menu)",
        "   ├─ 1 -> Bye (Hangup)",
        "   └─ No Input -> Menu (above)",
    ]


def test_lines_have_the_width_of_the_terminal(terminal: Terminal) -> None:
    long = FLOW.replace("No Input: Menu", "No Input: Bye").replace("Bye", "Say_goodbye_to_all")
    Path("shop.phlo.yaml").write_text(long)
    _, shown = terminal("flow", "draw", "shop.phlo.yaml", COLUMNS="40")

    assert shown.splitlines()[-2:] == [
        "   1, No Input",
        "     -> Say_goodbye_to_all (Hangup)",
    ]


def test_a_flow_is_drawn_as_svg(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("flow", "draw", "shop.phlo.yaml", "--svg", "shop.svg")

    assert (code, out) == (0, "")
    assert ElementTree.parse("shop.svg").getroot().tag.endswith("svg")
    assert Path("shop.svg").read_text() == to_svg(load_phlo("shop.phlo.yaml"))


def test_a_file_with_problems_is_not_drawn(plivo_phlo: Run) -> None:
    Path("shop.phlo.yaml").write_text(FLOW.replace("1: Bye", "1: By"))
    code, out, _ = plivo_phlo("flow", "draw", "shop.phlo.yaml")

    assert code == 2
    assert out == "shop.phlo.yaml:4:70: nodes.Menu.next.1: no node 'By' (did you mean Bye?).\n"


def test_a_new_flow_passes_check_and_test(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("flow", "new", "bakery")
    files = ["bakery.phlo.yaml", "bakery.scenario.yaml"]

    assert (code, out.split()) == (0, files)
    assert "no errors, no warnings" in plivo_phlo("check", files[0])[1]
    assert plivo_phlo("test", *files)[0] == 0


def test_a_new_flow_may_be_in_another_folder(plivo_phlo: Run) -> None:
    Path("flows").mkdir()

    assert plivo_phlo("flow", "new", "bakery", "--dir", "flows")[0] == 0
    assert sorted(path.name for path in Path("flows").iterdir()) == [
        "bakery.phlo.yaml",
        "bakery.scenario.yaml",
    ]


@pytest.mark.parametrize("taken", ["bakery.phlo.yaml", "bakery.scenario.yaml"])
def test_a_file_that_exists_is_not_overwritten(plivo_phlo: Run, taken: str) -> None:
    Path(taken).write_text("mine")
    code, out, err = plivo_phlo("flow", "new", "bakery")

    assert (code, out) == (2, "")
    assert err == f"plivo-phlo flow new: {taken} exists; give another name.\n"
    assert Path(taken).read_text() == "mine"
    assert len(list(Path().iterdir())) == 2


@pytest.mark.parametrize("name", ["a/b", "", "-", "..", "ä", "x" * 61])
def test_a_name_that_no_file_has_is_refused(plivo_phlo: Run, name: str) -> None:
    code, _, err = plivo_phlo("flow", "new", "--", name)

    assert code == 2
    assert err == "plivo-phlo flow new: give a name of up to 60 letters, digits, - and _.\n"


def test_without_a_command_the_help_is_shown(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("flow")

    assert (code, out) == (2, "")
    assert "Draw the graph of a PHLO" in err


def test_without_the_libraries_of_flows_it_says_what_to_install(without: Installed) -> None:
    done = without("yaml", argv=["flow", "draw", "shop.phlo.yaml"])

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "plivo-phlo flow draw: Flows need python-liquid, PyYAML and phonenumberslite:"
        " pip install 'plivo-phlo-async[flows]'\n"
    )
