"""A new PHLO has no warnings, and its scenarios pass."""

from __future__ import annotations

from plivo_phlo_async.emulator.flow.check import check_phlo_text
from plivo_phlo_async.emulator.flow.problems import Severity
from plivo_phlo_async.emulator.flow.scenario.reader import read_scenarios
from plivo_phlo_async.emulator.flow.starter import starter_files


def test_it_has_no_warnings_whatever_its_name() -> None:
    for name in ("shop", "null", "12", "a-b_c"):
        phlo, scenarios = starter_files(name).values()
        checked = check_phlo_text(phlo)

        assert checked.phlo is not None
        assert (checked.phlo.name, checked.phlo.phlo_id) == (name, name)
        assert {problem.severity for problem in checked.problems} == {Severity.NOTE}
        assert read_scenarios(scenarios, phlo=checked.phlo)
