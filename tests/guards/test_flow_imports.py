"""The libraries of flows are loaded with the first flow, and not before."""

from __future__ import annotations

import subprocess
import sys

LIBRARIES = ("liquid", "yaml", "phonenumbers")
PROGRAM = """
import sys
import plivo_phlo_async, plivo_phlo_async.emulator
{more}
print(*(name for name in sys.modules if name.partition(".")[0] in {libraries}))
"""
FLOW = {
    **{"phlo": "Short", "numbers": ["+14155550100"], "start": {"Incoming Call": "Bye"}},
    "nodes": {"Bye": {"component": "Hangup"}},
}


def _loaded(more: str) -> set[str]:
    program = PROGRAM.format(more=more, libraries=LIBRARIES)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_an_import_of_the_package_and_the_emulator_loads_no_library_of_flows() -> None:
    assert _loaded("") == set()


def test_a_flow_loads_them() -> None:
    assert _loaded(f"plivo_phlo_async.emulator.PhloEmulator().load_flow({FLOW})") == set(LIBRARIES)
