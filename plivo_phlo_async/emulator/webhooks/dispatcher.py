"""Telling the events of calls to callback URLs: which callback a node has, and its deliveries."""

import uuid
from collections.abc import Callable, Mapping

import attrs

from ..calls.log_entry import LogEntry, Place
from .callbacks import Callback, read_callback
from .deliveries import Deliver, Deliveries, Delivery
from .member_events import Legs


class Webhooks:
    """Has a call's events told to its node's callback, else to the one for all nodes.

    `callback` and `callbacks` are what a reset returns to. `deliver` sends a letter, `token` gives
    the Auth Token that signs, `now` the seconds since 1970; `changed` is told of every delivery
    that is new or has moved on.
    """

    def __init__(
        self,
        callback: Callback | str | None,
        callbacks: Mapping[Place, Callback],
        *,
        deliver: Deliver,
        token: Callable[[], str],
        now: Callable[[], float],
        changed: Callable[[Delivery], None],
    ) -> None:
        self._legs = Legs(lambda: str(uuid.uuid4()))
        self.deliveries: Deliveries = Deliveries(
            deliver=deliver,
            token=token,
            new_id=lambda: uuid.uuid4().hex,
            now=now,
            changed=changed,
        )
        self.give(callback, callbacks)

    def give(self, callback: Callback | str | None, callbacks: Mapping[Place, Callback]) -> None:
        """Take these callbacks as what a reset returns to, and start from them."""
        self._given = (_read(callback), dict(callbacks))
        self.reset()

    def reset(self) -> None:
        """Have the callbacks first given, and forget every leg and every delivery."""
        for_all, own = self._given
        self._for_all = for_all
        self._own = dict(own)
        self._legs.reset()
        self.deliveries.reset()

    def set(self, callback: Callback | str | None, place: Place | None) -> None:
        """Tell events to `callback`, those of one node or of all; None tells them nowhere."""
        given = _read(callback)
        if place is None:
            self._for_all = given
        elif given is None:
            self._own.pop(place, None)
        else:
            self._own[place] = given

    def tell(self, step: LogEntry, conference: str) -> None:
        """Have a step's events told; `conference` is the node's name."""
        callback = self._own.get(step.place, self._for_all)
        told = self._legs.tell(step, conference)
        if callback is not None:
            for variables in told:
                self.deliveries.add(step.place, callback, variables)

    def describe(self) -> dict[str, object]:
        """Return where events are told, as plain data."""
        own = [
            {"phlo_id": place[0], "node_id": place[1], **attrs.asdict(callback)}
            for place, callback in self._own.items()
        ]
        return {"callback": self._for_all and attrs.asdict(self._for_all), "nodes": own}


def _read(callback: Callback | str | None) -> Callback | None:
    return read_callback(callback) if isinstance(callback, str) else callback
