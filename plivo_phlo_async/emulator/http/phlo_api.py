"""Plivo's PHLO API: which PHLOs exist, and the response to each request. It does no I/O."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import attrs

from ..calls import transfers, transitions
from ..calls.members import Call, MemberRole, NodeKey
from ..calls.phlos import EmulatedNode, EmulatedPhlo, NodeType
from ..calls.switchboard import Switchboard
from ..errors import ApiError, CallError, UnknownResource
from .parameters import Parameters, read_action, read_dial_parameters
from .request_info import RequestInfo
from .response import HttpResponse, error_response

ACCOUNT: Mapping[str, object] = {
    "account_type": "standard",
    "address": "",
    "auto_recharge": False,
    "billing_mode": "prepaid",
    "cash_credits": "100.00000",
    "city": "",
    "name": "Emulated account",
    "state": "",
    "timezone": "UTC",
}
"""The values of the account, besides its ids; the names are Plivo's, the values assumed."""

RUN_LIMIT = 10_000
"""How many of the latest runs can be read."""

DIAL_ACTIONS: Mapping[str, Callable[[Call, str, str, MemberRole], Call]] = {
    "call": transitions.call,
    "warm_transfer": transfers.warm_transfer,
    "cold_transfer": transfers.cold_transfer,
}
"""The actions on a multi-party-call node."""

MEMBER_ACTIONS: Mapping[NodeType, Mapping[str, Callable[[Call, str], Call]]] = {
    NodeType.MULTI_PARTY_CALL: {
        "hold": transitions.hold,
        "unhold": transitions.unhold,
        "hangup": transitions.hangup,
        "resume_call": transfers.resume_call,
        "abort_transfer": transfers.abort_transfer,
        "voicemail_drop": transitions.voicemail_drop,
        "mute": transitions.mute,
        "unmute": transitions.unmute,
    },
    NodeType.CONFERENCE_BRIDGE: {
        "mute": transitions.mute,
        "unmute": transitions.unmute,
        "hangup": transitions.hangup,
        "leave": transitions.hangup,
    },
}
"""The actions on a member, by the type of its node."""


@attrs.frozen
class StartedRun:
    """One run of a PHLO, with the parameters it was started with."""

    run_id: str
    phlo_id: str
    parameters: Parameters


@attrs.frozen
class FlowRunStart:
    """The run of a flow that has begun, and the message of the response."""

    run_id: str
    message: str


class FlowRuns(Protocol):
    """Runs the PHLOs that are flows."""

    def has(self, phlo_id: str) -> bool:
        """Return whether a PHLO is a flow."""

    def start(self, phlo_id: str, params: Mapping[str, object], api_id: str) -> FlowRunStart:
        """Start a run by API request; raises `ApiError` if too many are live."""

    def describe(self, phlo_id: str, run_id: str) -> dict[str, object]:
        """Return the ids of a run's calls, messages and recordings; raises `UnknownResource`."""


class PhloApi:
    """Answers requests for PHLOs; their calls are on `switchboard`.

    `new_id` makes the ids of requests and runs. A request that fails changes nothing.
    """

    def __init__(self, switchboard: Switchboard, *, new_id: Callable[[], str]) -> None:
        self._switchboard = switchboard
        self._new_id = new_id
        self.flow_runs: FlowRuns | None = None
        self.configure(())
        self._runs: dict[str, StartedRun] = {}

    def configure(self, phlos: Iterable[EmulatedPhlo]) -> None:
        """Set the PHLOs that exist."""
        self._set(tuple(phlos))

    def add(self, phlo: EmulatedPhlo) -> None:
        """Add a flow, after the other flows; it replaces a PHLO with the same id."""
        others = [one for one in self.phlos if one.phlo_id != phlo.phlo_id]
        flows = [one for one in others if self._is_flow(one.phlo_id)]
        self._set((*flows, phlo, *(one for one in others if one not in flows)))

    def _is_flow(self, phlo_id: str) -> bool:
        return self.flow_runs is not None and self.flow_runs.has(phlo_id)

    def _set(self, phlos: tuple[EmulatedPhlo, ...]) -> None:
        self.phlos: tuple[EmulatedPhlo, ...] = phlos
        self._by_id = {phlo.phlo_id: phlo for phlo in self.phlos}
        self.nodes: dict[NodeKey, EmulatedNode] = {
            (phlo.phlo_id, node.node_id): node for phlo in self.phlos for node in phlo.nodes
        }

    def node_name(self, node_key: NodeKey) -> str:
        """Return the name of a node, "" if it does not exist."""
        node = self.nodes.get(node_key)
        return "" if node is None else node.name

    def reset(self) -> None:
        """Drop every run, and reset the switchboard."""
        self._runs.clear()
        self._switchboard.reset()

    def find_phlo(self, phlo_id: str) -> EmulatedPhlo:
        """Return a PHLO; raises `UnknownResource`."""
        phlo = self._by_id.get(phlo_id)
        if phlo is None:
            raise UnknownResource("PHLO", phlo_id)
        return phlo

    def find_node(self, phlo_id: str, node_type: str, node_id: str) -> EmulatedNode:
        """Return a node; raises `UnknownResource`, for the PHLO first."""
        for node in self.find_phlo(phlo_id).nodes:
            if (node.node_id, node.node_type) == (node_id, node_type):
                return node
        raise UnknownResource("node", f"{node_type}/{node_id}")

    def get_account(self, auth_id: str) -> HttpResponse:
        """Describe the account: 200.

        Assumed here: Plivo serves it on another host, where its .NET client asks for it first.
        """
        uri = f"/v1/Account/{auth_id}/"
        return self._respond(200, lambda _: {"auth_id": auth_id, "resource_uri": uri, **ACCOUNT})

    def get_phlo(self, phlo_id: str) -> HttpResponse:
        """Describe a PHLO: 200 or 404."""

        def describe(_: str) -> dict[str, object]:
            phlo = self.find_phlo(phlo_id)
            return {"phlo_id": phlo_id, "name": phlo.name, "created_on": phlo.created_on}

        return self._respond(200, describe)

    def get_node(self, phlo_id: str, node_type: str, node_id: str) -> HttpResponse:
        """Describe a node: 200 or 404."""

        def describe(_: str) -> dict[str, object]:
            node = self.find_node(phlo_id, node_type, node_id)
            return {"phlo_id": phlo_id, **attrs.asdict(node), "node_type": node.node_type.value}

        return self._respond(200, describe)

    def run(self, phlo_id: str, info: RequestInfo) -> HttpResponse:
        """Start a PHLO: 201, 400 or 404.

        A PHLO that is a flow runs up to its first wait. Assumed for any other: `phlo_run_id` is the
        same as `api_id`, and no phone rings.
        """

        def start(api_id: str) -> dict[str, object]:
            name = self.find_phlo(phlo_id).name
            if self.flow_runs is not None and self.flow_runs.has(phlo_id):
                run = self.flow_runs.start(phlo_id, info.read_parameters(), api_id)
                return {"phlo_id": phlo_id, "phlo_run_id": run.run_id, "message": run.message}
            self._store(StartedRun(api_id, phlo_id, info.read_parameters()))
            message = f"b'Start' - b'{name}' with phlo_run_uuid: {api_id} executed"
            return {"phlo_id": phlo_id, "phlo_run_id": api_id, "message": message}

        return self._respond(201, start)

    def get_run(self, phlo_id: str, run_id: str) -> HttpResponse:
        """Describe a run: 200 or 404. One of no flow has no calls or messages (assumed)."""

        def describe(_: str) -> dict[str, object]:
            self.find_phlo(phlo_id)
            if self.flow_runs is not None and self.flow_runs.has(phlo_id):
                found = self.flow_runs.describe(phlo_id, run_id)
                return {"phlo_id": phlo_id, "run_id": run_id, **found}
            run = self._runs.get(run_id)
            if run is None or run.phlo_id != phlo_id:
                raise UnknownResource("run", run_id)
            empty: dict[str, object] = {"call_uuids": [], "message_uuids": [], "recording_ids": []}
            return {"phlo_id": phlo_id, "run_id": run_id, **empty}

        return self._respond(200, describe)

    def act_on_node(
        self, phlo_id: str, node_type: str, node_id: str, info: RequestInfo
    ) -> HttpResponse:
        """Perform `call`, `warm_transfer` or `cold_transfer`: 201, 400 or 404.

        An unknown node is a 404 even with a malformed body.
        """

        def dial(api_id: str) -> dict[str, object]:
            node = self.find_node(phlo_id, node_type, node_id)
            parameters = info.read_parameters()
            known = DIAL_ACTIONS if node.node_type is NodeType.MULTI_PARTY_CALL else {}
            action = known[verb := read_action(parameters, known)]
            given = read_dial_parameters(parameters)
            self._switchboard.dial(
                api_id,
                (phlo_id, node_id),
                verb,
                given.to,
                lambda c: action(c, given.trigger_source, given.to, given.role),
                by=given.trigger_source,
            )
            return {"error": ""}

        return self._respond(201, dial)

    def act_on_member(
        self, phlo_id: str, node_type: str, node_id: str, address: str, info: RequestInfo
    ) -> HttpResponse:
        """Perform an action on the member at `address`: 201, 400 or 404.

        An unknown node is a 404 even with a malformed body. Seen in Plivo's specification: a
        conference bridge answers with the `api_id` alone.
        """

        def act(api_id: str) -> dict[str, object]:
            node = self.find_node(phlo_id, node_type, node_id)
            known = MEMBER_ACTIONS[node.node_type]
            action = known[verb := read_action(info.read_parameters(), known)]
            node_key = (phlo_id, node_id)
            self._switchboard.step(api_id, node_key, verb, address, lambda c: action(c, address))
            return {} if node.node_type is NodeType.CONFERENCE_BRIDGE else {"error": ""}

        return self._respond(201, act)

    def join(
        self,
        node_key: NodeKey,
        address: str,
        role: MemberRole | str,
        *,
        call_id: str | None = None,
        new_call: bool = False,
    ) -> None:
        """A caller dials in to a node as `role`.

        It joins the call `call_id`, a new call, or else the one opened last (assumed). Raises
        `UnknownResource` for the PHLO, the node or the call, `MemberNotFound` or `InvalidState` as
        `transitions.join` does, and `ValueError` for an unknown role.
        """
        phlo_id, node_id = node_key
        self.find_phlo(phlo_id)
        if node_key not in self.nodes:
            raise UnknownResource("node", node_id)
        current = None if new_call else self._switchboard.latest(node_key)
        if call_id is not None:
            current = self._switchboard.calls.get(call_id)
            if current is None or current.node_key != node_key:
                raise UnknownResource("call", call_id)
        current = current or self._switchboard.new_call(node_key)
        self._switchboard.join(current, address, MemberRole(role))

    def error_response(self, error: ApiError | CallError) -> HttpResponse:
        """Return an error in Plivo's form, with a new id."""
        return error_response(self._new_id(), error)

    def _respond(self, status: int, work: Callable[[str], dict[str, object]]) -> HttpResponse:
        api_id = self._new_id()
        try:
            return HttpResponse(status, {"api_id": api_id, **work(api_id)})
        except (ApiError, CallError) as error:
            return error_response(api_id, error)

    def _store(self, run: StartedRun) -> None:
        self._runs[run.run_id] = run
        if len(self._runs) > RUN_LIMIT:
            del self._runs[next(iter(self._runs))]
