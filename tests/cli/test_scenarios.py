"""`plivo-phlo test`: the report, the files it writes, and what is wrong with its input."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from xml.etree import ElementTree

import pytest

from plivo_phlo_async.emulator.flow.scenario.schema import scenario_schema

from .conftest import Installed, Run

FLOW = """\
phlo: Shop
id: shop
numbers: ["+14155550100"]
start: {Incoming Call: Menu}
nodes:
  Menu:
    component: IVR Menu
    prompt: Press 1 or 2.
    inputs: [1, 2]
    callback: http://127.0.0.1:9/plivo
    next: {1: Say, 2: Bye}
  Say: {component: Play Audio, prompt: Hello.}
  Bye: {component: Hangup}
"""
SCENARIOS = """\
scenarios:
  - name: One is hello
    call: {from: 12025550000}
    steps: [presses: 1, hears: Hello.]
    expect: {path: [Start, Menu, Say]}

  - name: Two is goodbye  # a comment
    call: {from: 12025550000}
    steps: [presses: 2]
    expect: {path: [Start, Menu, Say]}
"""
FILES = ("shop.phlo.yaml", "shop.scenario.yaml")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILES[0]).write_text(FLOW)
    Path(FILES[1]).write_text(SCENARIOS)


def _without_times(text: str) -> str:
    return re.sub(r"\(\d+ ms\)|\(\d+\.\d\d s\)", "(TIME)", text)


def test_a_failure_shows_the_paths_and_what_was_heard(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("test", *FILES)

    assert (code, err) == (1, "")
    assert _without_times(out).splitlines() == [
        "✓ One is hello (TIME)",
        "✗ Two is goodbye (TIME)",
        "    shop.scenario.yaml:10:14: path differs",
        "        expected  got",
        "        Start     Start",
        "        Menu      Menu",
        "      ! Say       Bye",
        "    Run of Shop (Incoming Call): Start > Menu > Bye",
        "      ended: hung up at Bye",
        "      12025550000 heard: Press 1 or 2.",
        "2 scenarios: 1 passed, 1 failed (TIME).",
    ]


def test_scenarios_that_pass_exit_0(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("test", *FILES, "-k", "ONE IS")

    assert code == 0
    assert _without_times(out) == "✓ One is hello (TIME)\n1 scenario: 1 passed, 0 failed (TIME).\n"


def test_a_name_that_no_scenario_has_is_refused(plivo_phlo: Run) -> None:
    code, out, err = plivo_phlo("test", *FILES, "-k", "three")

    assert (code, out) == (2, "")
    assert err == "plivo-phlo test: no scenario has 'three' in its name.\n"


def test_all_problems_of_all_files_are_shown(plivo_phlo: Run) -> None:
    Path("bad.yaml").write_text("name: A\ncall: {from: 1202}\nexpect: {path: [Strt]}\nhttp: x\n")
    code, out, err = plivo_phlo("test", FILES[0], "bad.yaml", "none.yaml")

    assert (code, err) == (2, "")
    assert out.splitlines() == [
        "bad.yaml:3:17: expect.path[0]: no node 'Strt' (did you mean Start?).",
        "bad.yaml:4:7: http: give a mapping of METHOD URL to an answer.",
        "none.yaml: No such file or directory.",
    ]


def test_problems_of_the_flow_are_shown_as_check_shows_them(plivo_phlo: Run) -> None:
    Path(FILES[0]).write_text(FLOW.replace("2: Bye", "2: By"))
    code, out, _ = plivo_phlo("test", *FILES)

    assert code == 2
    assert out == "shop.phlo.yaml:11:23: nodes.Menu.next.2: no node 'By' (did you mean Bye?).\n"


def test_update_writes_what_happens_and_shows_what_changed(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("test", *FILES, "--update")

    assert code == 0
    assert _without_times(out).splitlines()[1:] == [
        "~ Two is goodbye updated: path",
        "    shop.scenario.yaml:10:14: path differs",
        "        expected  got",
        "        Start     Start",
        "        Menu      Menu",
        "      ! Say       Bye",
        "2 scenarios: 2 passed, 0 failed (TIME).",
    ]
    changed = SCENARIOS.replace(
        "2]\n    expect: {path: [Start, Menu, Say]", "2]\n    expect: {path: [Start, Menu, Bye]"
    )
    assert Path(FILES[1]).read_text() == changed


def test_update_repairs_a_path_with_a_node_that_has_another_name(plivo_phlo: Run) -> None:
    Path(FILES[0]).write_text(FLOW.replace("Say", "Greet"))
    code, _, _ = plivo_phlo("test", *FILES, "--update")

    assert code == 0
    assert plivo_phlo("test", *FILES)[0] == 0


def test_update_leaves_a_file_that_passes(plivo_phlo: Run) -> None:
    plivo_phlo("test", *FILES, "--update")
    before = Path(FILES[1]).stat().st_mtime_ns

    assert plivo_phlo("test", *FILES, "--update")[0] == 0
    assert Path(FILES[1]).stat().st_mtime_ns == before


def test_update_that_is_not_possible_says_what_to_do(plivo_phlo: Run) -> None:
    text = SCENARIOS.replace("expect: {path: [Start, Menu, Say]}", "expect: &e {path: [Start]}", 1)
    Path(FILES[1]).write_text(text.replace("expect: {path: [Start, Menu, Say]}", "expect: *e"))
    code, _, err = plivo_phlo("test", *FILES, "--update")

    assert code == 2
    assert err == (
        "plivo-phlo test: shop.scenario.yaml: its values cannot be replaced one by one;"
        " write `expect` without anchors and aliases.\n"
    )


def test_junit_has_every_scenario(plivo_phlo: Run) -> None:
    code, _, _ = plivo_phlo("test", *FILES, "--junit", "results.xml")
    (suite,) = ElementTree.parse("results.xml").getroot()

    assert code == 1
    assert [case.attrib["name"] for case in suite] == ["One is hello", "Two is goodbye"]
    assert [len(case) for case in suite] == [0, 1]


def test_json_has_what_was_expected_and_what_happened(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("test", *FILES, "--json")
    one, other = json.loads(out)

    assert code == 1
    assert (one["name"], one["passed"], one["line"]) == ("One is hello", True, 2)
    assert other["differences"] == [
        {
            "key": "path",
            "expected": ["Start", "Menu", "Say"],
            "got": ["Start", "Menu", "Bye"],
        }
    ]
    assert other["got"]["states"] == [
        {"Start": "Incoming Call"},
        {"Menu": "2"},
        {"Bye": "Hangup Complete"},
    ]


def test_prompts_take_time_where_it_is_wanted(plivo_phlo: Run) -> None:
    Path(FILES[1]).write_text(
        "name: A\ncall: {from: 1202}\nsteps: [wait: 9]\nexpect: {waiting: Menu}"
    )

    assert plivo_phlo("test", *FILES)[0] == 1
    assert plivo_phlo("test", *FILES, "--prompt-speed", "1")[0] == 0


def test_notes_are_in_the_report_alone() -> None:
    request = "{component: HTTP Request, method: GET, url: http://127.0.0.1:9/}"
    Path(FILES[0]).write_text(FLOW.replace("{component: Hangup}", request))
    done = subprocess.run(
        [sys.executable, "-m", "plivo_phlo_async", "test", *FILES],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (1, "")
    line = 'http has no answer for GET http://127.0.0.1:9/; add `"GET http://127.0.0.1:9/": 200`.'
    assert line in done.stdout
    assert "note: " in done.stdout


class _Server(BaseHTTPRequestHandler):
    paths: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_request_that_passes_is_sent_and_no_callback_is(plivo_phlo: Run) -> None:
    _Server.paths.clear()
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        request = f"{{component: HTTP Request, method: POST, url: {url}/orders}}"
        text = FLOW.replace("http://127.0.0.1:9", url).replace("{component: Hangup}", request)
        Path(FILES[0]).write_text(text)
        Path(FILES[1]).write_text(
            f"name: A\ncall: {{from: 1202}}\nhttp: {{'POST {url}/*': pass}}\nsteps: [presses: 2]\n"
            "expect: {states: [Start: Incoming Call, Menu: 2, Bye: Success]}\n"
        )
        code, out, _ = plivo_phlo("test", *FILES)
        server.shutdown()
        thread.join()

    assert code == 0, out
    assert _Server.paths == ["/orders"]


def test_the_schema_is_printed(plivo_phlo: Run) -> None:
    code, out, _ = plivo_phlo("test", "--schema")

    assert code == 0
    assert json.loads(out) == scenario_schema()


@pytest.mark.parametrize("arguments", [[], [FILES[0]]])
def test_without_files_it_says_so(plivo_phlo: Run, arguments: list[str]) -> None:
    code, out, err = plivo_phlo("test", *arguments)

    assert (code, out) == (2, "")
    assert err == (
        "plivo-phlo test: give a PHLO and its scenarios:"
        " plivo-phlo test shop.phlo.yaml shop.scenario.yaml.\n"
    )


def test_without_the_libraries_of_flows_it_says_what_to_install(without: Installed) -> None:
    done = without("yaml", argv=["test", *FILES])

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "plivo-phlo test: Flows need python-liquid, PyYAML and phonenumberslite:"
        " pip install 'plivo-phlo-async[flows]'\n"
    )
