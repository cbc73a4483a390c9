"""Dispatch the events of calls to callback URLs."""

import uuid
from collections.abc import Callable, Mapping

import attrs

from ..calls.log_entry import LogEntry, NodeKey
from .callbacks import Callback, read_callback
from .deliveries import Deliver, Deliveries, Delivery
from .member_events import CallLegs


class WebhookDispatcher:
    """Queues the events of a call for its node's callback, else for the default one.

    `callback` and `callbacks` are what `reset` restores. `deliver` sends a request, `token` returns
    the Auth Token that signs it, `now` the seconds since 1970; `changed` is called with every
    delivery that is new or has changed.
    """

    def __init__(
        self,
        callback: Callback | str | None,
        callbacks: Mapping[NodeKey, Callback],
        *,
        deliver: Deliver,
        token: Callable[[], str],
        now: Callable[[], float],
        changed: Callable[[Delivery], None],
    ) -> None:
        self._legs = CallLegs(lambda: str(uuid.uuid4()))
        self.deliveries: Deliveries = Deliveries(
            deliver=deliver,
            token=token,
            new_id=lambda: uuid.uuid4().hex,
            now=now,
            changed=changed,
        )
        self.configure(callback, callbacks)

    def configure(
        self, callback: Callback | str | None, callbacks: Mapping[NodeKey, Callback]
    ) -> None:
        """Set the callbacks that `reset` restores, and reset."""
        self._initial = (_read(callback), dict(callbacks))
        self.reset()

    def reset(self) -> None:
        """Restore the initial callbacks, and drop every call leg and delivery."""
        default, by_node = self._initial
        self._default = default
        self._by_node = dict(by_node)
        self._legs.reset()
        self.deliveries.reset()

    def set(self, callback: Callback | str | None, node_key: NodeKey | None) -> None:
        """Set the callback of a node, or the default one; None disables it."""
        given = _read(callback)
        if node_key is None:
            self._default = given
        elif given is None:
            self._by_node.pop(node_key, None)
        else:
            self._by_node[node_key] = given

    def dispatch(self, step: LogEntry, conference: str) -> None:
        """Queue the events of a step; `conference` is the name of the node."""
        callback = self._by_node.get(step.node_key, self._default)
        events = self._legs.variables(step, conference)
        if callback is not None:
            for variables in events:
                self.deliveries.add(step.node_key, callback, variables)

    def describe(self) -> dict[str, object]:
        """Return the callbacks as plain data."""
        nodes = [
            {"phlo_id": node_key[0], "node_id": node_key[1], **attrs.asdict(callback)}
            for node_key, callback in self._by_node.items()
        ]
        return {"callback": self._default and attrs.asdict(self._default), "nodes": nodes}


def _read(callback: Callback | str | None) -> Callback | None:
    return read_callback(callback) if isinstance(callback, str) else callback
