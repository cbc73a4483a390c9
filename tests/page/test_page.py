"""What the page is sent as: its files, its tables for a browser without scripts, no secret."""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from plivo_phlo_async.emulator import (
    DEMO_AUTH_ID,
    DEMO_AUTH_TOKEN,
    DEMO_NODE_ID,
    DEMO_PHLO_ID,
    EmulatedNode,
    EmulatedPhlo,
    FaultKind,
    PhloEmulator,
    PhoneBehaviour,
)
from plivo_phlo_async.emulator.calls.phlos import NodeType
from plivo_phlo_async.emulator.http.phlo_api import DIAL_ACTIONS, MEMBER_ACTIONS
from plivo_phlo_async.emulator.http.response import HttpResponse
from plivo_phlo_async.emulator.page import MODULES, PAGE_FILES, VENDORED, join_modules

from ..emulator.asking import DIAL, NODE, WARM, Clock, ask, exchange
from ..emulator.flow.flows import CALLER, NUMBER, StillEmulator

HOSTILE = ("<img src=x onerror=alert(1)>", 'sip:"><script>@x', "</script><b>&amp;")
PAGE = Path(str(files("plivo_phlo_async.emulator.page")))


def get(path: str, emulator: PhloEmulator | None = None) -> HttpResponse:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    messages = [{"type": "http.request", "body": b""}]
    start, body = exchange(emulator or PhloEmulator(), scope, messages)
    content_type = dict(start["headers"])[b"content-type"].decode()
    return HttpResponse(start["status"], {}, raw=body["body"], content_type=content_type)


def page_of(emulator: PhloEmulator) -> str:
    raw = get("/_emulator/", emulator).raw
    assert raw is not None
    return raw.decode()


class Seen(HTMLParser):
    """The elements and the texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def options(self, select: str) -> list[str]:
        at = next(
            n for n, (_, attributes) in enumerate(self.elements) if attributes.get("id") == select
        )
        found = []
        for tag, attributes in self.elements[at + 1 :]:
            if tag != "option":
                break
            found.append(attributes.get("value") or "")
        return found


@pytest.mark.parametrize("path", ["/_emulator/", "/_emulator"])
def test_the_page_is_html(path: str) -> None:
    answer = get(path)

    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(("name", "kind"), PAGE_FILES.items())
def test_a_file_of_the_page_has_its_content_type(name: str, kind: str) -> None:
    answer = get(f"/_emulator/page/{name}")

    assert answer.status == 200
    assert answer.content_type == kind
    assert answer.raw


@pytest.mark.parametrize("name", ["dom.js", "page.html", "__init__.py", "..%2Fapp.py", ""])
def test_no_other_file_is_served(name: str) -> None:
    assert get(f"/_emulator/page/{name}").status == 404


def test_the_page_asks_for_nothing_but_its_own_files() -> None:
    elements = Seen(page_of(PhloEmulator())).elements
    asked = {
        attributes[key]
        for _, attributes in elements
        for key in ("src", "href")
        if attributes.get(key)
    }

    assert {one for one in asked if one and not one.startswith("#")} == {
        "/_emulator/",
        *(f"/_emulator/page/{name}" for name in PAGE_FILES if name not in VENDORED),
    }


def test_what_others_wrote_comes_with_its_licence_and_is_loaded_by_the_first_flow() -> None:
    licences = [(PAGE / f"{place}.license").read_text() for place in VENDORED.values()]

    assert all("SPDX-License-Identifier: MIT" in licence for licence in licences)
    assert re.findall(r"import\((\w+)\)", join_modules()) == ["DAGRE"]
    assert 'DAGRE = "/_emulator/page/dagre.js"' in join_modules()


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    elements = Seen(page_of(PhloEmulator())).elements
    scripts = [
        attributes for tag, attributes in elements if tag == "script" and "src" not in attributes
    ]
    inline = [
        attributes
        for _, attributes in elements
        if any(k == "style" or k[:2] == "on" for k in attributes)
    ]

    assert ([attributes["type"] for attributes in scripts], inline) == (["application/json"], [])


def test_every_module_is_sent_and_none_twice() -> None:
    written = {path.stem for path in PAGE.glob("*.js")} - {"boot"}

    assert sorted(MODULES) == sorted(written)


def test_a_module_comes_after_all_that_it_imports() -> None:
    late = [
        (name, other)
        for at, name in enumerate(MODULES)
        for other in re.findall(r'from "\./(\w+)\.js"', (PAGE / f"{name}.js").read_text())
        if other not in MODULES[:at]
    ]

    assert late == []


def test_the_joined_modules_import_and_export_nothing() -> None:
    assert re.findall(r"^\s*(?:import|export)\b.*", join_modules(), re.MULTILINE) == []


def test_no_two_modules_use_one_name() -> None:
    named = r"^(?:async )?(?:function|class|const|let) (\w+)"
    names = Counter(re.findall(named, join_modules(), re.MULTILINE))

    assert [name for name, times in names.items() if times > 1] == []


def test_the_scripts_never_read_html_from_a_text() -> None:
    parses = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b"

    assert re.findall(parses, join_modules()) == []


def test_the_page_reads_the_kinds_of_faults_from_the_emulator() -> None:
    page = page_of(PhloEmulator())
    dashboard: Any = PhloEmulator().dashboard()
    kinds = [one["kind"] for one in dashboard["fault_kinds"]]

    assert kinds == list(FaultKind)
    assert Seen(page).options("fault-kind") == []


def test_every_action_can_meet_a_fault() -> None:
    page = page_of(PhloEmulator())

    verbs = [*DIAL_ACTIONS, *MEMBER_ACTIONS[NodeType.MULTI_PARTY_CALL]]

    assert [verb for verb in verbs if f"<option>{verb}<" not in page] == []


@pytest.mark.parametrize("kind", NodeType)
def test_the_page_has_every_action_on_a_member(kind: NodeType) -> None:
    listed = re.search(rf"MEMBER_ACTIONS = {{[^}}]*{kind}: (\[[^]]*\])", join_modules())
    assert listed is not None

    # `leave` is another word for a hangup.
    assert {*re.findall(r"\w+", listed[1])} == {*MEMBER_ACTIONS[kind]} - {"leave"}


def test_the_page_has_every_action_on_a_call() -> None:
    listed = re.search(r"DIAL_ACTIONS = {\s*multi_party_call: (\[[^]]*\])", join_modules())
    assert listed is not None

    assert {*re.findall(r"\w+", listed[1])} == {*DIAL_ACTIONS}


def test_the_page_has_the_published_token_of_the_demo_account() -> None:
    assert f'DEMO_TOKEN = "{DEMO_AUTH_TOKEN}"' in join_modules()


@pytest.mark.parametrize("token", [DEMO_AUTH_TOKEN, "another-token"])
def test_the_dashboard_says_whose_token_it_is_and_has_none(token: str) -> None:
    answer = ask(PhloEmulator(auth_token=token), "GET", "/_emulator/dashboard").json

    assert answer["account"]["auth_id"] == DEMO_AUTH_ID
    assert answer["account"]["demo_token"] == (token == DEMO_AUTH_TOKEN)
    assert "another-token" not in str(answer)


def test_every_behaviour_of_a_phone_can_be_chosen() -> None:
    assert sorted(Seen(page_of(PhloEmulator())).options("phone-does")) == sorted(PhoneBehaviour)


def test_the_board_comes_with_the_page() -> None:
    emulator = PhloEmulator(wall=lambda: 5.0, clock=lambda: 5.0)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, HOSTILE[2])
    found = re.search(r'id="first-look">(.*?)</script>', page_of(emulator), re.DOTALL)
    assert found is not None

    assert json.loads(found[1]) == emulator.dashboard()


def test_without_scripts_there_is_a_table_of_members_and_one_of_the_log() -> None:
    emulator = PhloEmulator()
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "12025550102")
    seen = Seen(page_of(emulator))

    assert {"12025550102", "customer", "in call", "join", "by phone"} <= set(seen.texts)


def test_without_scripts_a_member_has_its_part_in_a_transfer() -> None:
    emulator = PhloEmulator(phones={"33": "ring"})
    ask(emulator, "POST", NODE, {**DIAL, "trigger_source": "11", "to": "22"})
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "44", "agent")
    ask(emulator, "POST", f"{NODE}/members/44", {"action": "mute"})
    ask(emulator, "POST", NODE, {**WARM, "trigger_source": "11", "to": "33"})
    rows = re.findall(r"<tr><td>Multi-Party Call_1</td>(.*?)</tr>", page_of(emulator))
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]

    assert [(who, state, part) for _, who, _, state, _, part in cells] == [
        ("11", "in call", "warm, transferor"),
        ("22", "on hold", "warm, held"),
        ("44", "in call, muted", ""),
        ("33", "ringing", "warm, target"),
    ]


def test_without_scripts_the_calls_of_a_node_have_their_ids() -> None:
    emulator = PhloEmulator()
    for source in ("11", "22"):
        ask(emulator, "POST", NODE, {**DIAL, "trigger_source": source, "to": f"{source}0"})
    rows = re.findall(
        r"<tr><td>Multi-Party Call_1</td><td>(.*?)</td><td>(.*?)</td>", page_of(emulator)
    )
    first, second = (call_id[:8] for call_id in emulator.calls)

    assert rows == [(first, "11"), (first, "110"), (second, "22"), (second, "220")]


def test_without_scripts_there_is_a_table_of_ended_calls() -> None:
    clock = Clock()
    emulator = PhloEmulator(clock=clock, wall=clock)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "12025550102")
    call_id = next(iter(emulator.calls))
    clock.now += 75
    emulator.hang_up("12025550102")
    row = "</td><td>".join(["Multi-Party Call_1", call_id[:8], "12025550102", "1:15", "00:02:55"])

    assert f"<tr><td>{row}</td></tr>" in page_of(emulator)


def test_without_scripts_the_log_says_why_a_request_was_refused() -> None:
    emulator = PhloEmulator()
    ask(emulator, "POST", f"{NODE}/members/9", {"action": "hold"})

    assert "9 is in no call at this node, or has left it." in Seen(page_of(emulator)).texts


def test_without_scripts_there_is_a_table_of_deliveries() -> None:
    emulator = PhloEmulator(callback="http://127.0.0.1:9/e", wall=lambda: 3661.0)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "12025550102")
    texts = Seen(page_of(emulator)).texts

    assert {"ConferenceEnter", "http://127.0.0.1:9/e", "waiting", "01:01:01"} <= {*texts}


def test_without_scripts_a_delivery_of_a_flow_has_its_event() -> None:
    callback = {"Text": {"callback": "http://127.0.0.1:9/flow"}}
    emulator = StillEmulator().load("Text", **callback)
    emulator.phone(CALLER).texts(NUMBER, "Hello?")
    texts = Seen(page_of(emulator)).texts

    assert {"http://127.0.0.1:9/flow", "sent"} <= {*texts}


def test_without_scripts_there_is_a_table_of_runs_with_their_paths() -> None:
    emulator = StillEmulator().load("Menu", "Bye", Menu={"next": {"1": "Bye"}})
    for caller in (CALLER, "12025550009"):
        emulator.phone(caller).calls(NUMBER)
    emulator.phone(CALLER).presses("1")
    rows = re.findall(
        r"<td>Incoming Call</td><td>[\d:]+</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>",
        page_of(emulator),
    )

    assert rows == [
        ("Start → Menu", "Menu: keys", ""),
        ("Start → Menu → Bye", "", "hung up at Bye"),
    ]


def test_without_scripts_a_long_path_is_cut_at_its_beginning() -> None:
    emulator = StillEmulator().load("Menu", Menu={"next": {"1": "Menu"}})
    emulator.phone(CALLER).calls(NUMBER)
    for _ in range(120):
        emulator.phone(CALLER).presses("1")

    assert f"<td>… {'→ Menu ' * 100}</td>".replace(" </td>", "</td>") in page_of(emulator)


def test_without_scripts_a_flow_is_a_table_of_its_nodes() -> None:
    emulator = StillEmulator().load("Menu", "Bye", Menu={"next": {"1": "Bye"}})
    emulator.phone(CALLER).calls(NUMBER)
    emulator.phone(CALLER).presses("1")
    cells = ("Test", NUMBER, "Menu", "IVR Menu", "1: Bye", "1: 1")

    assert f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" in page_of(emulator)


def test_without_a_flow_there_is_no_table_of_flows() -> None:
    assert "Runs, live ones first" not in Seen(page_of(PhloEmulator())).texts


@pytest.mark.parametrize(("seconds", "shown"), [(7, "0:07"), (750, "12:30"), (3723, "1:02:03")])
def test_without_scripts_it_is_said_how_long_a_member_is_there(seconds: int, shown: str) -> None:
    clock = Clock()
    emulator = PhloEmulator(clock=clock, wall=clock)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "12025550102")
    clock.now += seconds

    assert shown in Seen(page_of(emulator)).texts


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_name_in_a_flow_is_a_text_whatever_it_holds(hostile: str) -> None:
    node = {"component": "IVR Menu", "prompt": hostile, "inputs": ["1"], "next": {"1": hostile}}
    emulator = StillEmulator().load(hostile, **{hostile: node})
    emulator.phone(CALLER).calls(NUMBER)
    empty = Counter(tag for tag, _ in Seen(page_of(PhloEmulator())).elements)
    seen = Seen(page_of(emulator))
    more = Counter(tag for tag, _ in seen.elements) - empty

    assert more.keys() & {"img", "script", "b"} == set()
    assert f"Start → {hostile}" in "".join(seen.texts)


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_is_a_text_whatever_it_holds(address: str) -> None:
    empty = Counter(tag for tag, _ in Seen(page_of(PhloEmulator())).elements)
    emulator = PhloEmulator()
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, address)
    seen = Seen(page_of(emulator))
    more = Counter(tag for tag, _ in seen.elements) - empty

    assert more.keys() & {"img", "script", "b"} == set()
    assert "".join(seen.texts).count(address) >= 2


def test_the_auth_token_is_not_on_the_page_even_as_an_address() -> None:
    emulator = PhloEmulator()
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, f"sip:{DEMO_AUTH_TOKEN}@x")
    page = page_of(emulator)

    assert DEMO_AUTH_TOKEN not in page
    assert "sip:***@x" in page


@pytest.mark.parametrize(("token", "hidden"), [("members", False), ("ACustomer", True)])
def test_a_word_of_a_few_letters_is_no_secret(token: str, hidden: bool) -> None:
    emulator = PhloEmulator(auth_token=token)
    emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, "ACustomer")
    answer = ask(emulator, "GET", "/_emulator/dashboard").json["calls"][0]

    assert answer["members"][0]["address"] == ("***" if hidden else "ACustomer")


def test_a_call_of_thousands_is_cut_short() -> None:
    emulator = PhloEmulator()
    for number in range(600):
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, f"1{number}")

    assert "and 100 more" in Seen(page_of(emulator)).texts


def test_a_text_that_no_encoding_has_is_shown_as_a_question_mark() -> None:
    emulator = PhloEmulator(phlos=[EmulatedPhlo("p", nodes=(EmulatedNode("n", name="\ud800"),))])
    emulator.join("p", "n", "5")

    assert "<td>?</td>" in page_of(emulator)
