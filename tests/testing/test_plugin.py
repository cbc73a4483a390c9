"""The pytest plugin in a project of its own, under every way to run asynchronous tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("unmeasured")
PLUGIN = "plivo_phlo_async.testing.plugin"

TESTS = """
import urllib.request
import pytest
from plivo_phlo_async import OutcomeUnknownError
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID

{mark}
async def test_it_is_driven_and_fails_once(phlo_client, phlo_emulator):
    mpc = phlo_client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    phlo_emulator.fail_next("close_after", action="call")
    with pytest.raises(OutcomeUnknownError):
        await mpc.call("1", "2")
    await mpc.member("2").hold()
    assert phlo_emulator.dialled == {{"2": 1}}
    assert [entry.verb for entry in phlo_emulator.log] == ["call", "hold"]

{mark}
async def test_each_test_has_its_own(phlo_client, phlo_emulator, phlo_clock):
    assert phlo_emulator.calls == {{}}
    phlo_emulator.set_phone("2", "answer", after=60)
    mpc = phlo_client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    await mpc.call("1", "2")
    phlo_clock.advance(60)
    (call,) = phlo_emulator.calls.values()
    assert call.find("2").state == "in_call"

def test_a_synchronous_one_has_a_socket(phlo_server, phlo_emulator):
    with urllib.request.urlopen(phlo_server.base_url.replace("/v1", "/_emulator/state")) as answer:
        assert answer.status == 200
"""

WAYS = {
    "auto": ("asyncio_mode = auto", ""),
    "strict": ("asyncio_mode = strict", "@pytest.mark.asyncio"),
    "anyio": ("asyncio_mode = strict", "@pytest.mark.anyio"),
}


@pytest.mark.parametrize(("way", "passed"), [("auto", 3), ("strict", 3), ("anyio", 5)])
def test_the_fixtures_work_under(pytester: pytest.Pytester, way: str, passed: int) -> None:
    setting, mark = WAYS[way]
    pytester.makeini(
        f"[pytest]\n{setting}\nasyncio_default_fixture_loop_scope = function\n"
        "filterwarnings = error\n"
    )
    pytester.makepyfile(TESTS.format(mark=mark))
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=passed)


def test_options_are_overridden_like_any_fixture(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile("""
        import pytest

        @pytest.fixture
        def phlo_emulator_options():
            return {"auth_id": "MAMINE", "latency": 0.001}

        def test_it(phlo_emulator):
            assert (phlo_emulator.auth_id, phlo_emulator.latency) == ("MAMINE", 0.001)
    """)
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)


def test_loading_the_plugin_loads_neither_emulator_nor_server() -> None:
    code = f"import sys, {PLUGIN}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"uvicorn", "plivo_phlo_async.emulator"} & set(loaded) == set()


REFUSED = """
from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID

async def test_it_fails(phlo_client):
    mpc = phlo_client.phlo(DEMO_PHLO_ID).multi_party_call(DEMO_NODE_ID)
    await mpc.member("12025550102").hold()
"""


def test_a_test_that_fails_shows_why_the_emulator_refused(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(REFUSED)
    result = pytester.runpytest_subprocess("-q")

    result.stdout.fnmatch_lines(["*hold refused with 404: *0102 is in no call at this node*"])
