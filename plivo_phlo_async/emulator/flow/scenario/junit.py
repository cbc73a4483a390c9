"""The results of scenarios in the XML of JUnit, as CI servers read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from xml.etree import ElementTree

from .report import failure_lines
from .values import ScenarioResult

__all__ = ["junit_xml"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Sequence[ScenarioResult]) -> bytes:
    """Return results as XML: a `testsuite` for each file of scenarios, a `testcase` for each.

    A character that XML does not allow becomes its escape, as `\\x1b`.

    Args:
        results: what came of the scenarios, those of a file together.
    """
    root = ElementTree.Element("testsuites", {"name": "plivo-phlo test", **_counts(results)})
    for source in dict.fromkeys(result.scenario.source for result in results):
        of_file = [result for result in results if result.scenario.source == source]
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": _xml_text(source), **_counts(of_file)}
        )
        for result in of_file:
            _add_case(suite, result)
    ElementTree.indent(root)
    xml: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return xml + b"\n"


def _counts(results: Sequence[ScenarioResult]) -> dict[str, str]:
    failures = sum(not result.passed for result in results)
    seconds = sum(result.seconds for result in results)
    return {
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }


def _add_case(suite: ElementTree.Element, result: ScenarioResult) -> None:
    scenario = result.scenario
    attributes = {
        "classname": _xml_text(PurePath(scenario.source).name.partition(".")[0]),
        "name": _xml_text(scenario.name),
        "file": _xml_text(scenario.source),
        "line": str(scenario.positions.get("", (0, 0))[0]),
        "time": f"{result.seconds:.3f}",
    }
    case = ElementTree.SubElement(suite, "testcase", attributes)
    if not result.passed:
        lines = failure_lines(result)
        failure = ElementTree.SubElement(
            case, "failure", {"message": _xml_text(lines[0]), "type": "failure"}
        )
        failure.text = _xml_text("\n".join(lines))


def _xml_text(text: str) -> str:
    return _NOT_XML.sub(lambda found: ascii(found[0])[1:-1], text)
