"""Keeping the calls over a restart: one JSON file, written whole or not at all."""

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

from .calls.members import Call, Member, MemberState, Role, Transfer, TransferKind, line_of
from .calls.phlos import Phone
from .calls.switchboard import Kept
from .errors import InvalidParameter
from .notifier import Bell
from .seed import read_phone

_LOGGER = logging.getLogger("plivo_phlo_async.emulator")

GROUP_SECONDS = 0.2
"""How long changes are gathered before they are written together."""


class Keepable(Protocol):
    """What can be kept: `changed` rings when there is something new."""

    changed: Bell

    def keep(self) -> Kept:
        """Return what is to be kept."""


class StateFile:
    """The file the calls are kept in.

    Args:
        path: the JSON file; it need not be there yet.
        sleep: waits so many seconds between two writings.
    """

    def __init__(self, path: Path, *, sleep: Callable[[float], Any] = anyio.sleep) -> None:
        self.path: Path = path
        self._sleep = sleep
        self._written: str | None = None

    def read(self) -> Kept | None:
        """Return what was kept, None when there is no file yet.

        Raises `OSError`, and `InvalidParameter` naming what is wrong with the file.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as wrong:
            raise InvalidParameter(f"{self.path.name}: it is not UTF-8.") from wrong
        try:
            return read_kept(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
            what = f"it holds no calls an emulator kept ({type(wrong).__name__}: {wrong})"
            raise InvalidParameter(f"{self.path.name}: {what}.") from wrong

    def write(self, kept: Kept) -> None:
        """Write the file anew, so that it is either as before or whole; raises `OSError`."""
        text = json.dumps(show_kept(kept), indent=1)
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

    async def keep(self, what: Keepable) -> None:
        """Write at once and after every change, until cancelled; then once more.

        Changes close together are written as one.
        """
        with what.changed.listen() as ear:
            try:
                while True:
                    await anyio.to_thread.run_sync(self._try, what)
                    await ear.heard()
                    await self._sleep(GROUP_SECONDS)
            finally:
                self._try(what)

    def _try(self, what: Keepable) -> None:
        # A disk that is full for a while is no reason to stop: the next change tries again.
        try:
            self.write(what.keep())
        except OSError as wrong:
            _LOGGER.warning("The calls could not be kept in %s: %s", self.path, wrong)


def show_kept(kept: Kept) -> dict[str, object]:
    """Return what is kept as JSON knows it."""
    calls = [
        {
            "phlo_id": place[0],
            "node_id": place[1],
            "members": [
                {
                    **attrs.asdict(member),
                    "age": round(kept.ages.get(place, {}).get(member.line, 0.0), 1),
                }
                for member in call.members
            ],
            "transfer": None if call.transfer is None else attrs.asdict(call.transfer),
        }
        for place, call in kept.calls.items()
    ]
    phones = {to: attrs.asdict(phone) for to, phone in kept.phones.items()}
    return {"version": 1, "calls": calls, "dialled": dict(kept.dialled), "phones": phones}


def read_kept(value: Mapping[str, Any]) -> Kept:
    """Return what JSON says was kept; raises the usual exceptions for what is no such thing."""
    if value["version"] != 1:
        raise ValueError(f"its version is {value['version']!r}, not 1")
    calls, ages = {}, {}
    for one in value["calls"]:
        place = str(one["phlo_id"]), str(one["node_id"])
        calls[place] = _call(one)
        ages[place] = {line_of(m["address"]): float(m["age"]) for m in one["members"]}
    dialled = {str(to): int(times) for to, times in value["dialled"].items()}
    phones: dict[str, Phone] = {
        to: read_phone(phone, f"phones[{to!r}]") for to, phone in value["phones"].items()
    }
    return Kept(calls, ages, dialled, phones)


def _call(one: Mapping[str, Any]) -> Call:
    members = tuple(
        Member(str(m["address"]), Role(m["role"]), MemberState(m["state"]), m["muted"] is True)
        for m in one["members"]
    )
    under_way = one["transfer"]
    if under_way is None:
        call = Call(members)
    else:
        kind, held = TransferKind(under_way["kind"]), tuple(under_way["held"])
        call = Call(members, Transfer(kind, under_way["giver"], under_way["taker"], held))
        for address in (under_way["giver"], under_way["taker"]):
            found = call.find(address)
            if found is None or not found.live:
                raise ValueError(f"a transfer's {address!r} is nobody in the call")
    if call.ended:
        raise ValueError("a call has nobody in it")
    return call
