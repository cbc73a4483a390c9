"""Callbacks: the URLs that the events of a call are posted to.

That the events are a form, signed V3, is assumed.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import attrs

from ..asgi import ASGIApp
from ..calls.members import NodeKey
from ..errors import InvalidParameter


@attrs.frozen
class Callback:
    """A URL that receives the events of calls.

    Attributes:
        url: the http or https URL.
        method: "POST", or "GET" with all variables in the URL.
        format: the body of a POST: "form" or "json".
        version: the signature: "V3", or "V2" over the bare URL.
        port_in_signature: whether the URL is signed with its port. The validators of Plivo's SDKs
            for Java, Ruby and .NET drop the port from a V3 URL, and that for Ruby from a V2 URL
            too; use False for these.
        app: an ASGI application that receives the requests, with no socket; None sends them to the
            URL's host. Its lifespan is not run.
    """

    url: str
    method: str = "POST"
    format: str = "form"
    version: str = "V3"
    port_in_signature: bool = True
    app: ASGIApp | None = attrs.field(default=None, repr=False)

    def describe(self) -> dict[str, object]:
        """Return the callback as plain data, without its application."""
        return attrs.asdict(self, filter=lambda attribute, _: attribute.name != "app")


AnyCallback = Callback | str | ASGIApp
"""A callback, its URL, or the ASGI application that receives it at `APP_URL`."""

APP_URL = "http://app/"
"""The URL of an application that is given without one."""

CHOICES = {"method": ("POST", "GET"), "format": ("form", "json"), "version": ("V3", "V2")}
"""The values of a callback's texts; the first is the default."""


def read_callback(value: object, where: str = "callback") -> Callback:
    """Return a callback from its URL or its JSON object; raises `InvalidParameter`."""
    given = {"url": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise InvalidParameter(f"{where}: give a URL, or an object with a url.")
    for key in given:
        if key not in ("url", "port_in_signature", *CHOICES):
            raise InvalidParameter(f"{where}: unknown key {key!r}.")
    for key, choices in CHOICES.items():
        if given.get(key, choices[0]) not in choices:
            raise InvalidParameter(f"{where}.{key}: give {' or '.join(choices)}.")
    if not isinstance(given.get("port_in_signature", True), bool):
        raise InvalidParameter(f"{where}.port_in_signature: give true or false.")
    if not is_url(given.get("url")):
        raise InvalidParameter(f"{where}.url: give a URL that begins with http:// or https://.")
    return Callback(**given)


def optional_callback(callback: AnyCallback | None) -> Callback | None:
    """Return a callback from its URL or application, None for none; raises `InvalidParameter`."""
    if callback is None or isinstance(callback, Callback):
        return callback
    if isinstance(callback, str):
        return read_callback(callback)
    return Callback(APP_URL, app=callback)


def is_url(value: object) -> bool:
    """Return whether a value is the http or https URL of a host, without credentials."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:  # an invalid port raises as well
        return False
    if parts.username or parts.password or parts.fragment or " " in value:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


class CallbackRegistry:
    """The callback of each node: its own, else the default one; `set` calls `changed`."""

    def __init__(self, *, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._of_flows: dict[NodeKey, Callback] = {}
        self.configure(None, {})

    def configure(self, callback: Callback | None, callbacks: Mapping[NodeKey, Callback]) -> None:
        """Set the callbacks that `reset` restores, and reset."""
        self._initial = (callback, dict(callbacks))
        self.reset()

    def reset(self) -> None:
        """Restore the initial callbacks."""
        default, by_node = self._initial
        self._default = default
        self._by_node = dict(by_node)

    def set(self, callback: AnyCallback | None, node_key: NodeKey | None) -> None:
        """Set the callback of a node, or the default one; None disables it."""
        given = optional_callback(callback)
        if node_key is None:
            self._default = given
        elif given is None:
            self._by_node.pop(node_key, None)
        else:
            self._by_node[node_key] = given
        self._changed()

    def set_flow(self, phlo_id: str, callbacks: Mapping[str, Callback]) -> None:
        """Set the callbacks that a flow has, by the ids of its nodes; they replace its others."""
        others = {key: one for key, one in self._of_flows.items() if key[0] != phlo_id}
        own = {(phlo_id, node_id): callback for node_id, callback in callbacks.items()}
        self._of_flows = others | own

    def clear_flows(self) -> None:
        """Remove the callbacks of flows."""
        self._of_flows.clear()

    def find(self, node_key: NodeKey) -> Callback | None:
        """Return the callback for the events of a node, None for none."""
        of_flow = self._of_flows.get(node_key, self._default)
        return self._by_node.get(node_key, of_flow)

    def describe(self) -> dict[str, object]:
        """Return the callbacks as plain data."""
        nodes = [
            {"phlo_id": node_key[0], "node_id": node_key[1], **callback.describe()}
            for node_key, callback in self._by_node.items()
        ]
        return {"callback": self._default and self._default.describe(), "nodes": nodes}
