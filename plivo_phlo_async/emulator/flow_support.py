"""Flows in the emulator: the package that runs them is loaded with the first flow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from os import PathLike
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from .calls.log_entry import LogEntry
from .calls.members import NodeKey
from .calls.phlos import EmulatedNode, EmulatedPhlo, NodeType
from .calls.switchboard import Switchboard
from .errors import InvalidParameter, UnknownResource
from .flow_package import load_flow_module
from .http.phlo_api import FlowRunStart, PhloApi
from .webhooks.callbacks import Callback, CallbackRegistry, is_url
from .webhooks.dispatcher import WebhookDispatcher

if TYPE_CHECKING:
    from .flow.engine.values import Run
    from .flow.graph import FlowNode
    from .flow.phlo import Phlo
    from .flow.runtime.phone_actions import PhoneActions
    from .flow.runtime.runner import FlowRunner

    FlowSource: TypeAlias = "str | PathLike[str] | Mapping[str, Any] | Phlo | BuildsPhlo"

__all__ = ["BuildsPhlo", "FlowSupport"]


NODE_TYPES = {
    "Multiparty Call": NodeType.MULTI_PARTY_CALL,
    "Conference Bridge": NodeType.CONFERENCE_BRIDGE,
}
"""The components that accept actions."""

_TRIGGER_SLUGS = {"Incoming Call": "call", "Incoming Message": "message", "API Request": "http"}
"""The slugs of Start's states in the message of a run (seen)."""

NOTHING_AT_PHONE: Mapping[str, object] = {
    "heard": [],
    "heard_count": 0,
    "received": [],
    "received_count": 0,
    "calls": [],
}
"""What a phone is described as where there is no flow."""

SNAPSHOT_RUNS = 100
"""How many of the latest runs that have ended survive a restart."""


class BuildsPhlo(Protocol):
    """A flow that is built in Python."""

    def build(self) -> Phlo:
        """Return the PHLO; raises `FlowError`."""


class FlowSupport:
    """The flows of an emulator, and what it does for them.

    Args:
        switchboard: the live calls and the phones.
        api: the API, at which the flows are PHLOs.
        webhooks: sends the events of callbacks.
        callbacks: the callbacks of nodes.
        clock: returns monotonic seconds.
        wall: returns the seconds since 1970.
        new_id: makes the ids of runs.
        locked: holds the emulator's lock.
        wake: lets the background run what is due.
        changed: receives the data of each run that has changed.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        api: PhloApi,
        webhooks: WebhookDispatcher,
        callbacks: CallbackRegistry,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        new_id: Callable[[], str],
        locked: Callable[[], AbstractContextManager[object]],
        wake: Callable[[], None],
        changed: Callable[[Callable[[], Mapping[str, object]]], None],
    ) -> None:
        self._switchboard, self._api = switchboard, api
        self._webhooks, self._callbacks = webhooks, callbacks
        self._clock, self._wall, self._new_id = clock, wall, new_id
        self._locked, self._wake, self._changed = locked, wake, changed
        self._runner: FlowRunner | None = None
        self._prompt_speed: float | None = 15.0
        self.base_url: str = "http://127.0.0.1:7461"
        self._own_hosts: Mapping[str, str | None] = {}
        self._seed_hosts: Mapping[str, str | None] = {}

    @property
    def prompt_speed(self) -> float | None:
        """The characters of a prompt a second; None for prompts without length."""
        return self._prompt_speed

    @prompt_speed.setter
    def prompt_speed(self, speed: float | None) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(
                "prompt_speed: give a number above 0, or None for prompts without length."
            )
        self._prompt_speed = speed

    @property
    def loaded(self) -> bool:
        """Whether there is a flow."""
        return self._runner is not None and bool(self._runner.flows)

    @property
    def runner(self) -> FlowRunner:
        """The runner; it is loaded when it is first used. Raises `ImportError`."""
        if self._runner is None:
            self._runner = self._load_runner()
        return self._runner

    @property
    def phones(self) -> PhoneActions:
        """What people do with their phones in flows."""
        actions: PhoneActions = load_flow_module("runtime.phone_actions").PhoneActions(self.runner)
        return actions

    def _load_runner(self) -> FlowRunner:
        runner: FlowRunner = load_flow_module("runtime.runner").FlowRunner(
            self._switchboard,
            clock=self._clock,
            wall=self._wall,
            new_id=self._new_id,
            post=self._post,
            assign_leg=self._webhooks.assign_leg,
            locked=self._locked,
            wake=self._wake,
            changed=self._on_run,
            settings=self,
        )
        self._api.flow_runs = self
        return runner

    def allow(self, hosts: Iterable[str] | Mapping[str, str | None]) -> None:
        """Let HTTP Request nodes reach hosts, besides this machine.

        Raises `InvalidParameter` for what is no URL.
        """
        if isinstance(hosts, str):
            hosts = (hosts,)
        added = hosts if isinstance(hosts, Mapping) else dict.fromkeys(hosts)
        for host, url in added.items():
            if url is not None and not is_url(url):
                raise InvalidParameter(
                    f"allow_hosts[{host!r}]: give a URL that begins with http:// or https://, or"
                    " None for the host itself."
                )
        self._own_hosts = {**self._own_hosts, **added}

    def set_seed_hosts(self, hosts: Mapping[str, str | None]) -> None:
        """Set the hosts that a seed allows; they replace those of the seed before."""
        self._seed_hosts = dict(hosts)

    @property
    def allowed_hosts(self) -> Mapping[str, str | None]:
        """The hosts that HTTP Request nodes may reach, with the URL that is used instead."""
        return {**self._seed_hosts, **self._own_hosts}

    # Flows

    def read(self, source: FlowSource) -> Phlo:
        """Return the flow of a file, of a text, of plain data or of a value.

        Raises `FlowError`, and `TypeError` for anything else.
        """
        reader: Any = load_flow_module("reader")
        found: Any = source
        if isinstance(source, str) and ("\n" in source or source.startswith("{")):
            found = reader.read_phlo_text(source)
        elif isinstance(source, str | PathLike):
            found = reader.load_phlo(source)
        elif isinstance(source, Mapping):
            found = reader.read_phlo(source)
        elif hasattr(source, "build"):
            found = source.build()
        if not isinstance(found, reader.Phlo):
            kind = type(source).__name__
            raise TypeError(f"give a flow as a path, a text, a mapping or a Phlo, not {kind}.")
        phlo: Phlo = found
        return phlo

    def load(self, phlo: Phlo) -> None:
        """Add a flow; it replaces the PHLO with the same id, whose runs are stopped.

        Raises `InvalidParameter` if another flow has one of its numbers.
        """
        self.runner.load(phlo)
        nodes = {node.node_id: node for node in phlo.nodes.values() if node.component in NODE_TYPES}
        self._callbacks.set_flow(phlo.phlo_id, _member_callbacks(nodes))
        listed = tuple(
            EmulatedNode(node_id, NODE_TYPES[node.component], node.name)
            for node_id, node in nodes.items()
        )
        self._api.add(EmulatedPhlo(phlo.phlo_id, phlo.name, listed))

    def clear(self) -> None:
        """Remove every flow and run."""
        if self._runner is not None:
            self._runner.reset()
            self._runner.flows.clear()
            self._callbacks.clear_flows()

    # The API

    def has(self, phlo_id: str) -> bool:
        """Return whether a PHLO is a flow."""
        return self._runner is not None and phlo_id in self._runner.flows

    def start(self, phlo_id: str, params: Mapping[str, object], api_id: str) -> FlowRunStart:
        """Start a run by API request.

        Raises `ApiError` if there is no such flow, a value is no JSON, or too many runs are live.
        """
        if not self.has(phlo_id):
            raise UnknownResource("flow", phlo_id)
        payload = {name: _as_json(name, value) for name, value in params.items()}
        trigger = load_flow_module("engine.step").Trigger("API Request", params=payload)
        run = self.runner.start(phlo_id, trigger)
        return FlowRunStart(run.run_id, self._message(run, api_id))

    def _message(self, run: Run, api_id: str) -> str:
        """Return the message of a started run: documented where it goes on, seen where it stops."""
        visit = run.path[-1]
        node = self.runner.flows[run.phlo_id].nodes.get(visit.node)
        where = f"b'{'Start' if node is None else node.component}' - b'{visit.node}'"
        if run.ended is None:
            response = {"api_id": api_id}
            return f"{where} with phlo_run_uuid: {run.run_id} executed with response: {response}"
        name = run.states[-1].state
        state = _TRIGGER_SLUGS.get(name) or load_flow_module("components").slug_of(name)
        return (
            f"stopped. next node uuid not found for {where} with output state: {state}"
            f" - phlo_run_id {run.run_id}"
        )

    def describe(self, phlo_id: str, run_id: str) -> dict[str, object]:
        """Return the ids of a run's calls, messages and recordings; raises `UnknownResource`."""
        run = self.find(run_id)
        if run.phlo_id != phlo_id:
            raise UnknownResource("run", run_id)
        return {
            "call_uuids": [*run.legs],
            "message_uuids": [*run.messages],
            "recording_ids": [recording.recording_id for recording in run.recordings],
        }

    def find(self, run_id: str) -> Run:
        """Return a run; raises `UnknownResource`."""
        run = None if self._runner is None else self._runner.runs.get(run_id)
        if run is None:
            raise UnknownResource("run", run_id)
        return run

    # Views

    def flows(self) -> list[dict[str, object]]:
        """Return every flow as plain data."""
        return [] if self._runner is None else [*map(self._describe_flow, self._runner.flows)]

    def flow(self, phlo_id: str) -> dict[str, object]:
        """Return a flow as plain data, with the options of its nodes; raises `UnknownResource`."""
        if not self.has(phlo_id):
            raise UnknownResource("flow", phlo_id)
        options = self._views.describe_options(self.runner.flows[phlo_id])
        return {**self._describe_flow(phlo_id), "options": options}

    def _describe_flow(self, phlo_id: str) -> dict[str, object]:
        phlo, taken = self.runner.flows[phlo_id], self.runner.taken.get(phlo_id, Counter())
        described: dict[str, object] = self._views.describe_flow(phlo, taken)
        return described

    def runs(self, most: int | None = None) -> list[dict[str, object]]:
        """Return the outline of every run as plain data, the latest first.

        With `most`, of every live run, then of the latest others, up to `most` in all.
        """
        if self._runner is None:
            return []
        runs = reversed(self._runner.runs.values()) if most is None else self._runner.recent(most)
        return [self._views.summarize_run(run) for run in runs]

    def run(self, run_id: str) -> dict[str, object]:
        """Return a run as plain data; raises `UnknownResource`."""
        run = self.find(run_id)
        described: dict[str, object] = self._views.describe_run(run)
        return described

    def phone(self, address: str) -> dict[str, object]:
        """Return what a phone has heard and received, and its live calls, as plain data."""
        if self._runner is None:
            return {"address": address, **NOTHING_AT_PHONE}
        state = self._runner.phones.look(address)
        views = self._views
        described: dict[str, object] = views.describe_phone(address, state, self._runner.runs)
        return described

    def explain_runs(self, address: str | None = None) -> list[str]:
        """Return lines for a person about the latest runs: path, waits, end, notes and prompts.

        Args:
            address: only the runs with this phone; None for all.
        """
        if self._runner is None:
            return []
        explained: list[str] = load_flow_module("runtime.explanation").explain_runs(
            self._runner, address
        )
        return explained

    def dump_run(self, run_id: str) -> dict[str, object]:
        """Return a run as plain data, with the flow and the events that repeat it.

        The events of a run before the latest ones are not kept. Raises `UnknownResource`.
        """
        history = None if self._runner is None else self._runner.histories.get(run_id)
        described = self.run(run_id)
        if history is None:
            return described
        phlo = load_flow_module("writer").to_document(history.phlo)
        return {**described, "flow": phlo, "history": history.to_json()}

    def recording(self, recording_id: str) -> bytes:
        """Return a recording as a WAV file; raises `UnknownResource`."""
        found = None if self._runner is None else self._runner.recording(recording_id)
        if found is None:
            raise UnknownResource("recording", recording_id)
        wav: bytes = load_flow_module("recordings").recording_wav(found.seconds, recording_id)
        return wav

    @property
    def _views(self) -> ModuleType:
        return load_flow_module("runtime.views")

    def _on_run(self, run: Run, before: Run | None) -> None:
        # Made now: a function that makes it later would keep the whole run, at each of its steps.
        outline = {**self._views.describe_step(run, before), "dialled": self._dialled(run, before)}
        self._changed(lambda: outline)

    def _dialled(self, run: Run, before: Run | None) -> dict[str, int]:
        """Return how often the phones were dialled that a step of a run has dialled."""
        known: Mapping[str, object] = {} if before is None else before.legs
        dialled: dict[str, int] = {}
        for uuid, leg in run.legs.items():
            if uuid not in known and leg.direction == "outbound":
                dialled |= self._switchboard.dialled_at(leg.phone)
        return dialled

    # What happens in the emulator

    @property
    def due(self) -> float | None:
        """When the next event of a run is due, by the clock; None for never."""
        return None if self._runner is None else self._runner.due

    def tick(self) -> None:
        """Send the next event that is due."""
        self.runner.tick()

    def on_step(self, step: LogEntry) -> None:
        """Send the runs in a call what a step of it means to them."""
        if self._runner is not None:
            self._runner.conferences.on_step(step)

    def conference_of(self, call_id: str) -> str | None:
        """Return the name of the conference of a call, None for a call of no flow."""
        return None if self._runner is None else self._runner.conferences.name_of(call_id)

    def sends(self, node_key: NodeKey, event: str) -> bool:
        """Return whether the callback of a node receives an event."""
        phlo_id, node_id = node_key
        phlo = None if self._runner is None else self._runner.flows.get(phlo_id)
        nodes = () if phlo is None else phlo.nodes.values()
        node = next((one for one in nodes if one.node_id == node_id), None)
        return node is None or node.callback is None or node.callback.sends(event)

    def _post(
        self, run_id: str, node_key: NodeKey, callback: Callback, variables: Mapping[str, object]
    ) -> None:
        texts = {name: _as_text(value) for name, value in variables.items()}
        self._webhooks.post(run_id, node_key, callback, texts)

    # Background

    @property
    def unfinished(self) -> int:
        """How many HTTP requests of nodes have no response yet."""
        return 0 if self._runner is None else self._runner.fetches.unfinished

    def spawn_sends(self) -> None:
        """Start to send the HTTP requests of nodes."""
        if self._runner is not None:
            self._runner.fetches.spawn()

    async def flush(self) -> None:
        """Send the HTTP requests of nodes that wait, and return when they are answered."""
        if self._runner is not None:
            await self._runner.fetches.flush()

    # Reset and restart

    def reset(self) -> None:
        """Forget every run; the flows stay."""
        if self._runner is not None:
            self._runner.reset()

    def snapshot(self) -> dict[str, Any]:
        """Return what survives a restart, as JSON data; {} where there is no flow."""
        if self._runner is None:
            return {}
        dumped: dict[str, Any] = load_flow_module("runtime.snapshot").dump_runs(
            self._runner, SNAPSHOT_RUNS
        )
        return dumped

    def restore(self, data: Mapping[str, Any]) -> None:
        """Replace the runs by those of a snapshot whose PHLOs still have their nodes.

        Raises `InvalidParameter` if they are damaged; none is restored then.
        """
        if self._runner is None:
            return
        if not data:
            self._runner.reset()
            return
        try:
            load_flow_module("runtime.snapshot").restore_runs(self._runner, data)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"it is not of an emulator's state ({type(error).__name__}: {error})"
            raise InvalidParameter(f"flow_runs: {what}.") from error


def _member_callbacks(nodes: Mapping[str, FlowNode]) -> dict[str, Callback]:
    """Return the callbacks for the events of members, by the ids of the nodes.

    A template needs a run, and a conference may have several.
    """
    is_liquid = load_flow_module("template_environment").is_liquid
    found = {node_id: node.callback.callback for node_id, node in nodes.items() if node.callback}
    return {node_id: one for node_id, one in found.items() if not is_liquid(one.url)}


def _as_json(name: str, value: object) -> object:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()  # a lone surrogate is no text
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameter(f"{name}: give a value that JSON can have.") from error
    plain: object = json.loads(text)
    return plain


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
