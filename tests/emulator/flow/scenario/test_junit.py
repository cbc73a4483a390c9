"""JUnit XML in the form that CI servers read."""

from __future__ import annotations

from xml.etree import ElementTree

import attrs

from plivo_phlo_async.emulator.flow.scenario.junit import junit_xml
from plivo_phlo_async.emulator.flow.scenario.report import failure_lines
from plivo_phlo_async.emulator.flow.scenario.values import ScenarioResult

from .playing import called

PASSED = attrs.evolve(called("expect: {waiting: Menu}"), seconds=0.0124)
FAILED = attrs.evolve(called("expect: {path: [Start]}"), seconds=1.5)
OTHER = attrs.evolve(PASSED, scenario=attrs.evolve(PASSED.scenario, source="a/other.scenario.yaml"))
COUNTS = {"tests": "2", "failures": "1", "errors": "0", "skipped": "0", "time": "1.512"}


def _parsed(*results: ScenarioResult) -> ElementTree.Element:
    return ElementTree.fromstring(junit_xml(results))


def test_each_file_is_a_suite_with_its_counts() -> None:
    root = _parsed(PASSED, FAILED, OTHER)
    one, other = root

    assert root.tag == "testsuites"
    assert root.attrib["tests"] == "3"
    assert root.attrib["time"] == "1.525"
    assert (one.tag, one.attrib) == ("testsuite", {"name": "shop.scenario.yaml", **COUNTS})
    assert (other.attrib["name"], other.attrib["tests"]) == ("a/other.scenario.yaml", "1")


def test_each_scenario_is_a_case_with_its_time_and_place() -> None:
    ((case,),) = _parsed(PASSED)

    assert (case.tag, [*case]) == ("testcase", [])
    assert case.attrib == {
        "classname": "shop",
        "name": "A call",
        "file": "shop.scenario.yaml",
        "line": "1",
        "time": "0.012",
    }


def test_a_failure_has_the_report() -> None:
    ((case,),) = _parsed(FAILED)
    (failure,) = case

    assert failure.tag == "failure"
    assert failure.attrib["message"] == "shop.scenario.yaml:3:10: path differs"
    assert failure.text == "\n".join(failure_lines(FAILED))


def test_characters_that_xml_forbids_are_escaped() -> None:
    failing = attrs.evolve(PASSED, failures=("a\x1b[1m\0 <&> \ud800 \U0001f600",))
    ((case,),) = _parsed(failing)

    assert case[0].attrib["message"] == "a\\x1b[1m\\x00 <&> \\ud800 \U0001f600"
