"""Keeps the calls over a restart: one JSON file, replaced atomically."""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import anyio
import anyio.to_thread
import attrs

from .calls.members import (
    Call,
    CallMember,
    MemberRole,
    MemberState,
    Transfer,
    TransferKind,
    canonical_address,
)
from .calls.phlos import Phone
from .calls.phone_data import read_phone
from .calls.switchboard import Snapshot
from .errors import InvalidParameter
from .notifier import Notifier

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")

GROUP_SECONDS = 0.2
"""How long changes are gathered before they are written together."""


class SnapshotSource(Protocol):
    """The source of snapshots: `changed` notifies of changes."""

    changed: Notifier

    def snapshot(self) -> Snapshot:
        """Return the present snapshot."""


class StateFile:
    """The file that keeps a snapshot.

    Args:
        path: the JSON file; it is created if missing.
        sleep: waits between two writes, in seconds.
    """

    def __init__(self, path: Path, *, sleep: Callable[[float], Any] = anyio.sleep) -> None:
        self.path: Path = path
        self._sleep = sleep
        self._written: str | None = None

    def read(self) -> Snapshot | None:
        """Return the snapshot in the file, None if there is no file.

        Raises `OSError`, and `InvalidParameter`, whose message says what is invalid.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise InvalidParameter(f"{self.path.name}: it is not UTF-8.") from error
        try:
            return parse_snapshot(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = f"it is not an emulator's state ({type(error).__name__}: {error})"
            raise InvalidParameter(f"{self.path.name}: {what}.") from error

    def write(self, snapshot: Snapshot) -> None:
        """Replace the file, so that it is never partial; raises `OSError`."""
        text = json.dumps(dump_snapshot(snapshot), indent=1)
        if text == self._written:
            return
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise
        self._written = text

    async def write_changes(self, source: SnapshotSource) -> None:
        """Write at once, after every change, and once more when cancelled.

        Changes close together are written as one.
        """
        with source.changed.subscribe() as subscription:
            try:
                while True:
                    await anyio.to_thread.run_sync(self._try_write, source)
                    await subscription.wait()
                    await self._sleep(GROUP_SECONDS)
            finally:
                self._try_write(source)

    def _try_write(self, source: SnapshotSource) -> None:
        # A full disk may be temporary: the next change tries again.
        try:
            self.write(source.snapshot())
        except OSError as error:
            _LOGGER.warning("Cannot write the calls to %s: %s", self.path, error)


def dump_snapshot(snapshot: Snapshot) -> dict[str, object]:
    """Return a snapshot as JSON data."""
    calls = [
        {
            "call_id": call.call_id,
            "phlo_id": call.phlo_id,
            "node_id": call.node_id,
            "lasted": round(snapshot.lasted.get(call.call_id, 0.0), 1),
            "members": [
                _dump_member(member, snapshot.ages.get(call.call_id, {})) for member in call.members
            ],
            "transfer": None if call.transfer is None else attrs.asdict(call.transfer),
        }
        for call in snapshot.calls.values()
    ]
    phones = {to: attrs.asdict(phone) for to, phone in snapshot.phones.items()}
    data = {"version": 2, "calls": calls, "dialled": dict(snapshot.dialled), "phones": phones}
    return {**data, "flow_runs": snapshot.flow_runs} if snapshot.flow_runs else data


def _dump_member(member: CallMember, ages: Mapping[str, float]) -> dict[str, object]:
    age = round(ages.get(member.canonical_address, 0.0), 1)
    return {**attrs.asdict(member), "age": age}


def parse_snapshot(value: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot in JSON data; raises the usual exceptions if it is invalid."""
    if value["version"] != 2:
        raise ValueError(f"its version is {value['version']!r}, not 2")
    calls, ages, lasted = {}, {}, {}
    for one in value["calls"]:
        call = _parse_call(one)
        if call.call_id in calls:
            raise ValueError(f"the call {call.call_id!r} occurs twice")
        calls[call.call_id] = call
        members = one["members"]
        ages[call.call_id] = {canonical_address(m["address"]): float(m["age"]) for m in members}
        # A file of an earlier version has no duration: the call is as old as its oldest state.
        lasted[call.call_id] = float(one.get("lasted", max(ages[call.call_id].values())))
    dialled = {str(to): int(times) for to, times in value["dialled"].items()}
    phones: dict[str, Phone] = {
        to: read_phone(phone, f"phones[{to!r}]") for to, phone in value["phones"].items()
    }
    flow_runs = value.get("flow_runs", {})
    if not isinstance(flow_runs, dict):
        raise ValueError("flow_runs is not an object")
    return Snapshot(calls, ages, dialled, phones, lasted, flow_runs)


def _parse_call(value: Mapping[str, Any]) -> Call:
    call = Call(
        tuple(_parse_member(member) for member in value["members"]),
        call_id=str(value["call_id"]),
        phlo_id=str(value["phlo_id"]),
        node_id=str(value["node_id"]),
    )
    if value["transfer"] is not None:
        call = call.with_transfer(_parse_transfer(value["transfer"], call))
    if call.ended:
        raise ValueError("a call has no live member")
    return call


def _parse_member(value: Mapping[str, Any]) -> CallMember:
    role, state = MemberRole(value["role"]), MemberState(value["state"])
    return CallMember(str(value["address"]), role, state, value["muted"] is True)


def _parse_transfer(value: Mapping[str, Any], call: Call) -> Transfer:
    kind, held = TransferKind(value["kind"]), tuple(value["held"])
    for address in (value["transferor"], value["target"]):
        found = call.find(address)
        if found is None or not found.live:
            raise ValueError(f"{address!r} is an end of a transfer, but not in the call")
    return Transfer(kind, value["transferor"], value["target"], held)
