"""`Flow`: builds a PHLO in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

from ..components import START
from ..phlo import Phlo
from ..reader import read_phlo
from .graph import BuilderGraph, BuilderNode
from .nodes import (
    BranchNode,
    CallForwardNode,
    ConferenceBridgeNode,
    CounterNode,
    GetInputNode,
    HangupNode,
    HttpRequestNode,
    InitiateCallNode,
    IvrMenuNode,
    MultiPartyCallNode,
    PlayAudioNode,
    RecordAudioNode,
    SendSmsNode,
    StartNode,
)
from .options import (
    CallbackOption,
    Comparison,
    ConfirmOption,
    Flag,
    HttpBody,
    Number,
    Pairs,
    Prompts,
    RequestAuth,
    Text,
    Texts,
    plain_callback,
    plain_options,
)

__all__ = ["Flow"]

NodeT = TypeVar("NodeT", bound=BuilderNode)


class Flow:
    """A PHLO that is being built.

    The methods are named after the components, their keyword arguments after the options of a file;
    `docs/reference/phlo-components.md` describes each of them. Every method adds a node and returns
    it, and takes

    - `name`, the node's name, which the PHLO has once;
    - the options, as texts, numbers, booleans and variables of other nodes; `prompt` and
      `announcement` are a text, a `Prompt` or a list of these, `to` and `media` a text or a list,
      `headers` and `params` mappings;
    - `callback`, the URL that receives its events, a `Callback` or a `NodeCallback`;
    - `node_id`, the id that the REST API uses; derived from the names by default.

    A method raises `ValueError` where the name is taken and `TypeError` where an option cannot be
    written to a file.

    Args:
        name: the PHLO's name.
        numbers: the numbers that are attached to it.
        phlo_id: its id; derived from the name by default.
    """

    def __init__(
        self, name: str, *, numbers: Iterable[str] = (), phlo_id: str | None = None
    ) -> None:
        self._name = name
        self._numbers = tuple(numbers)
        self._phlo_id = phlo_id
        self._graph = BuilderGraph()
        self._start: dict[str, object] | None = None
        self._nodes: dict[str, dict[str, object]] = {}

    def start(
        self,
        *,
        keys: Iterable[str] | Mapping[str, str | None] = (),
        callback: CallbackOption = None,
    ) -> StartNode:
        """Return the Start node.

        Args:
            keys: the keys of an API request's payload; with values where they are static.
            callback: the callback.

        Raises:
            ValueError: the flow has a Start node already.
        """
        if self._start is not None:
            raise ValueError(f"{self._name}: there is a Start node already.")
        names = dict(keys) if isinstance(keys, Mapping) else dict.fromkeys(keys)
        static = any(value is not None for value in names.values())
        self._start = _given({"keys": names if static else list(names)})
        if callback is not None:
            self._start["callback"] = plain_callback(callback)
        return StartNode(self._graph, names)

    def send_sms(
        self,
        name: str,
        *,
        from_: Text,
        to: Texts,
        message: Text = "",
        media: Texts = (),
        log: Flag | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> SendSmsNode:
        """Add a Send SMS node: a `message` with `media` `from_` a number.

        `log`, whether Plivo logs the text, has no effect in the emulator.
        """
        options = {"from": from_, "to": to, "message": message, "media": media, "log": log}
        return self._add(SendSmsNode(self._graph, name), options, callback, node_id)

    def ivr_menu(
        self,
        name: str,
        *,
        inputs: str | Iterable[str | int],
        prompt: Prompts = (),
        timeout: Number | None = None,
        interrupt: Flag | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> IvrMenuNode:
        """Add an IVR Menu node: `inputs` are its keys, `"12*"` or a list.

        `timeout` is in seconds, and with `interrupt` a key stops the prompt.
        """
        keys = [str(key) for key in inputs if key not in (" ", ",")]
        options = {"prompt": prompt, "inputs": keys, "timeout": timeout, "interrupt": interrupt}
        return self._add(IvrMenuNode(self._graph, name, keys), options, callback, node_id)

    def get_input(
        self,
        name: str,
        *,
        prompt: Prompts = (),
        max_digits: Number | None = None,
        timeout: Number | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> GetInputNode:
        """Add a Get Input node: up to `max_digits` keys, each within `timeout` seconds."""
        options = {"prompt": prompt, "max_digits": max_digits, "timeout": timeout}
        return self._add(GetInputNode(self._graph, name), options, callback, node_id)

    def initiate_call(
        self,
        name: str,
        *,
        from_: Text,
        to: Texts,
        ring_timeout: Number | None = None,
        record: Flag | None = None,
        voicemail_detection: Flag | None = None,
        headers: Pairs | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> InitiateCallNode:
        """Add an Initiate Call node: calls `to` with the caller ID `from_`.

        `ring_timeout` is in seconds, `record` records the calls, `voicemail_detection` enables the
        state Voicemail, and `headers` are SIP headers, without effect in the emulator.
        """
        options = {
            "from": from_,
            "to": to,
            "ring_timeout": ring_timeout,
            "record": record,
            "voicemail_detection": voicemail_detection,
            "headers": headers,
        }
        return self._add(InitiateCallNode(self._graph, name), options, callback, node_id)

    def call_forward(
        self,
        name: str,
        *,
        from_: Text,
        to: Texts,
        ring_timeout: Number | None = None,
        order: Literal["sequence", "parallel"] | None = None,
        confirm: ConfirmOption | None = None,
        record: Flag | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> CallForwardNode:
        """Add a Call Forward node: forwards the call to `to` with the caller ID `from_`.

        `ring_timeout` is in seconds, `order` "sequence" or "parallel", `confirm` the prompt and key
        by which the person called accepts the call, and `record` records it.
        """
        options = {
            "from": from_,
            "to": to,
            "ring_timeout": ring_timeout,
            "order": order,
            "confirm": confirm,
            "record": record,
        }
        return self._add(CallForwardNode(self._graph, name), options, callback, node_id)

    def hangup(
        self,
        name: str,
        *,
        reason: Literal["Rejected", "Busy"] | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> HangupNode:
        """Add a Hangup node; `reason` is "Rejected", "Busy" or None."""
        return self._add(HangupNode(self._graph, name), {"reason": reason}, callback, node_id)

    def play_audio(
        self,
        name: str,
        *,
        prompt: Prompts,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> PlayAudioNode:
        """Add a Play Audio node."""
        return self._add(PlayAudioNode(self._graph, name), {"prompt": prompt}, callback, node_id)

    def record_audio(
        self,
        name: str,
        *,
        prompt: Prompts = (),
        beep: Flag | None = None,
        silence: Number | None = None,
        max: Number | None = None,
        finish_on: str | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> RecordAudioNode:
        """Add a Record Audio node; `beep` has no effect in the emulator.

        The recording ends after `silence` seconds of silence, after `max` seconds or at the key
        `finish_on`.
        """
        options = {
            "prompt": prompt,
            "beep": beep,
            "silence": silence,
            "max": max,
            "finish_on": finish_on,
        }
        return self._add(RecordAudioNode(self._graph, name), options, callback, node_id)

    def multi_party_call(
        self,
        name: str,
        *,
        from_: Text | None = None,
        to: Texts = (),
        conference: Text | None = None,
        role: Literal["customer", "agent"] | None = None,
        prompt: Prompts = (),
        hold_music: Text | None = None,
        beep: Flag | None = None,
        mute: Flag | None = None,
        record: Flag | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> MultiPartyCallNode:
        """Add a Multiparty Call node: dials `to`, with the caller ID `from_`, into a `conference`.

        The caller's `role` is "customer" or "agent"; the caller hears the `prompt` on joining, and
        joins muted with `mute`. `record` records the call. `hold_music`, a URL, and `beep` have no
        effect in the emulator.
        """
        options = {
            "from": from_,
            "to": to,
            "conference": conference,
            "role": role,
            "prompt": prompt,
            "hold_music": hold_music,
            "beep": beep,
            "mute": mute,
            "record": record,
        }
        return self._add(MultiPartyCallNode(self._graph, name), options, callback, node_id)

    def conference_bridge(
        self,
        name: str,
        *,
        conference: Text,
        announcement: Prompts = (),
        wait_music: Text | None = None,
        beep: Flag | None = None,
        mute: Flag | None = None,
        record: Flag | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> ConferenceBridgeNode:
        """Add a Conference Bridge node: calls with one `conference` name are in one conference.

        The caller hears the `announcement` on joining, and joins muted with `mute`. `record`
        records the conference. `wait_music`, a URL, and `beep` have no effect in the emulator.
        """
        options = {
            "conference": conference,
            "announcement": announcement,
            "wait_music": wait_music,
            "beep": beep,
            "mute": mute,
            "record": record,
        }
        return self._add(ConferenceBridgeNode(self._graph, name), options, callback, node_id)

    def http_request(
        self,
        name: str,
        *,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        url: Text,
        headers: Pairs | None = None,
        params: Pairs | None = None,
        body: HttpBody | None = None,
        auth: RequestAuth | None = None,
        expect: Iterable[str] = (),
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> HttpRequestNode:
        """Add an HTTP Request node: a `method`, `url`, `headers`, `params` and `body`.

        The body is `{"json": value}`, `{"form": pairs}` or `{"multipart": pairs}`; `auth` is
        `{"basic": (user, password)}` or `{"bearer": token}`. `expect` has the keys that the
        response must have.
        """
        options = {
            "method": method,
            "url": url,
            "headers": headers,
            "params": params,
            "body": body,
            "auth": auth,
            "expect": expect,
        }
        return self._add(HttpRequestNode(self._graph, name), options, callback, node_id)

    def counter(
        self, name: str, *, max: Number, callback: CallbackOption = None, node_id: str = ""
    ) -> CounterNode:
        """Add a Counter node: the state is Count Reached at the `max`-th time."""
        return self._add(CounterNode(self._graph, name), {"max": max}, callback, node_id)

    def branch(
        self,
        name: str,
        *,
        variable: Text,
        conditions: Mapping[str, Comparison] | None = None,
        callback: CallbackOption = None,
        node_id: str = "",
    ) -> BranchNode:
        """Add a Branch node: the state is the first of the `conditions` that `variable` meets.

        Each is a state with a comparison: `{"gold": {"equals": "gold"}}`.
        """
        options = {"variable": variable, "conditions": conditions}
        node = BranchNode(self._graph, name, conditions or ())
        return self._add(node, options, callback, node_id)

    def build(self) -> Phlo:
        """Return the PHLO, which a file that says the same gives as well.

        Raises:
            FlowError: the PHLO is invalid; with every problem.
        """
        return read_phlo(self.to_document(), self._name)

    def to_document(self) -> dict[str, object]:
        """Return the PHLO as plain data, in the structure of a file.

        Only a callback with an application stays an object.
        """
        start = {**(self._start or {}), **self._graph.connections.get(START.title, {})}
        document = _given({"phlo": self._name, "id": self._phlo_id, "numbers": [*self._numbers]})
        nodes = {name: self._document_of(name) for name in self._nodes}
        return {**document, "start": start, "nodes": nodes}

    def _document_of(self, name: str) -> dict[str, object]:
        connections = self._graph.connections.get(name, {})
        return {**self._nodes[name], **_given({"next": dict(connections)})}

    def _add(
        self, node: NodeT, options: Mapping[str, object], callback: CallbackOption, node_id: str
    ) -> NodeT:
        plain = plain_options(options)
        self._graph.add(node)
        self._nodes[node.name] = {"component": node.component} | _given(
            {**plain, "callback": plain_callback(callback), "node_id": node_id}
        )
        return node


def _given(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that say something."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
