"""Calls that outlive a restart: whole or as before, and never half read."""

import json
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from plivo_phlo_async.emulator import ApiError, EmulatedPhlo, PhloEmulator
from plivo_phlo_async.emulator.persistence import StateFile
from plivo_phlo_async.emulator.server import EmulatorServer

from .asking import DIAL, NODE, WARM, Clock, ask, say


def busy(clock: Clock) -> PhloEmulator:
    emulator = PhloEmulator(clock=clock, wall=clock)
    emulator.set_phone("444", "answer", after=3)
    emulator.set_phone("555", "never", keys=["1", ""], talks=4, sms="failed")
    ask(emulator, "POST", NODE, DIAL)
    say(emulator, "222", "mute")
    clock.now += 5
    ask(emulator, "POST", NODE, WARM)
    return emulator


def test_the_calls_go_on_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    before = busy(clock)
    file = StateFile(tmp_path / "calls.json")
    file.write(before.snapshot())
    after = PhloEmulator(clock=clock, wall=clock)
    kept = StateFile(tmp_path / "calls.json").read()
    assert kept is not None
    after.restore(kept)
    both = [(e.calls, e.dialled) for e in (before, after)]
    resumed = say(after, "111", "resume_call")

    assert both[0] == both[1]
    assert (resumed.status, after.phones()) == (201, before.phones())
    dashboard = ask(after, "GET", "/_emulator/dashboard").json["calls"][0]["members"]
    assert [m["state"] for m in dashboard] == ["in_call"] * 3


def test_how_long_a_member_is_where_it_is_goes_on_too(tmp_path: Path) -> None:
    clock = Clock()
    file = StateFile(tmp_path / "calls.json")
    file.write(busy(clock).snapshot())
    later = Clock()
    later.now = 9000.0
    after = PhloEmulator(clock=later, wall=later)
    kept = file.read()
    assert kept is not None
    after.restore(kept)
    later.now += 2
    emulator_members = ask(after, "GET", "/_emulator/dashboard").json["calls"][0]["members"]

    assert [m["seconds"] for m in emulator_members] == [2.0, 2.0, 2.0]


def test_no_file_is_no_call(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "calls.json").read() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"version": 1, "calls": [], "dialled": {}, "phones": {}}',
        '{"version": 2}',
        '{"version": 2, "calls": [{}], "dialled": {}, "phones": {}}',
        '{"version": 2, "calls": [], "dialled": {"1": "x"}, "phones": {}}',
        '{"version": 2, "calls": [], "dialled": {}, "phones": {"1": "sing"}}',
        '{"version": 2, "calls": [{"call_id": "c", "phlo_id": "p", "node_id": "n", "members": [],'
        ' "transfer": null}], "dialled": {}, "phones": {}}',
    ],
)
def test_a_broken_file_is_refused_and_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calls.json"
    path.write_text(text)

    with pytest.raises(ApiError, match=r"calls\.json|phones"):
        StateFile(path).read()


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = StateFile(tmp_path / "calls.json")
    file.write(PhloEmulator().snapshot())
    before = file.path.read_text()

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        file.write(busy(Clock()).snapshot())

    assert (file.path.read_text(), [p.name for p in tmp_path.iterdir()]) == (before, ["calls.json"])


@pytest.mark.anyio
async def test_changes_close_together_are_written_once(tmp_path: Path) -> None:
    emulator = PhloEmulator()
    gathering, slept = anyio.Event(), anyio.Event()

    async def sleep(_: float) -> None:
        gathering.set()
        await slept.wait()

    file = StateFile(tmp_path / "calls.json", sleep=sleep)
    async with anyio.create_task_group() as group:
        group.start_soon(file.write_changes, emulator)
        while not emulator.changed.subscribers:
            await anyio.lowlevel.checkpoint()
        while not file.path.exists():
            await anyio.lowlevel.checkpoint()
        ask(emulator, "POST", NODE, DIAL)
        await gathering.wait()
        early = json.loads(file.path.read_text())
        say(emulator, "222", "hold")
        group.cancel_scope.cancel()
    kept = json.loads(file.path.read_text())

    assert (early["calls"], kept["calls"][0]["members"][1]["state"]) == ([], "on_hold")


@pytest.mark.anyio
async def test_what_cannot_be_written_is_warned_of_and_tried_again_with_the_next_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def sleep(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    emulator = PhloEmulator()
    file = StateFile(tmp_path / "later" / "calls.json", sleep=sleep)
    async with anyio.create_task_group() as group:
        group.start_soon(file.write_changes, emulator)
        while not emulator.changed.subscribers:
            await anyio.lowlevel.checkpoint()
        ask(emulator, "POST", NODE, DIAL)
        while not caplog.records:
            await anyio.lowlevel.checkpoint()
        file.path.parent.mkdir()
        say(emulator, "222", "hold")
        while not file.path.exists():
            await anyio.lowlevel.checkpoint()
        kept = json.loads(file.path.read_text())
        group.cancel_scope.cancel()

    assert kept["calls"][0]["members"][1]["state"] == "on_hold"
    assert "Cannot write the calls to" in caplog.text


def test_what_is_as_it_was_is_not_written_again(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "calls.json")
    emulator = PhloEmulator()
    file.write(emulator.snapshot())
    file.path.unlink()
    file.write(emulator.snapshot())
    same = file.path.exists()
    emulator.set_phone("222", "ring")
    file.write(emulator.snapshot())

    assert (same, file.path.exists()) == (False, True)


def test_a_file_that_is_no_text_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.json"
    path.write_bytes(b"\xff")

    with pytest.raises(ApiError, match=r"calls\.json: it is not UTF-8"):
        StateFile(path).read()


@pytest.mark.parametrize("change", [{"address": "999"}, {"state": "left"}])
@pytest.mark.parametrize("end", [0, 2])
def test_a_transfer_without_one_of_its_two_is_refused(
    tmp_path: Path, end: int, change: dict[str, str]
) -> None:
    file = StateFile(tmp_path / "calls.json")
    file.write(busy(Clock()).snapshot())
    kept = json.loads(file.path.read_text())
    kept["calls"][0]["members"][end] |= change
    file.path.write_text(json.dumps(kept))

    with pytest.raises(ApiError, match="not in the call"):
        file.read()


def test_a_file_with_the_same_call_twice_is_refused(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "calls.json")
    file.write(busy(Clock()).snapshot())
    kept = json.loads(file.path.read_text())
    kept["calls"] *= 2
    file.path.write_text(json.dumps(kept))

    with pytest.raises(ApiError, match="occurs twice"):
        file.read()


def test_what_rings_after_a_restart_waits_to_be_answered() -> None:
    clock = Clock()
    before, after = (PhloEmulator(clock=clock, wall=clock) for _ in range(2))
    for emulator in (before, after):
        emulator.set_phone("222", "answer", after=3)
        ask(emulator, "POST", NODE, DIAL)
    after.restore(before.snapshot())
    clock.now += 10
    rings = after.member("222")
    after.answer("222")
    answered = after.member("222")

    assert [m and m.state.value for m in (rings, answered)] == ["ringing", "in_call"]


def test_a_call_at_a_node_there_is_no_more_is_left_out() -> None:
    before = busy(Clock())
    after = PhloEmulator(phlos=[EmulatedPhlo("other")])
    after.restore(before.snapshot())

    assert (after.calls, after.dialled) == ({}, before.dialled)


def test_a_server_keeps_the_calls_while_it_runs_and_when_it_stops(tmp_path: Path) -> None:
    emulator = PhloEmulator()
    emulator.state_file = StateFile(tmp_path / "calls.json")
    with EmulatorServer(emulator):
        ask(emulator, "POST", NODE, DIAL)
        while not (tmp_path / "calls.json").exists():
            pass
        say(emulator, "222", "hold")
    kept = StateFile(tmp_path / "calls.json").read()
    assert kept is not None

    assert kept.calls == emulator.calls
