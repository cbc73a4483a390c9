"""The PHLO runner: which PHLOs exist, and what every request comes to.

No I/O: parameters come in as a mapping, replies go out as a status and a body.
"""

from collections.abc import Callable, Iterable, Mapping

import attrs

from ..calls import calls, transfers
from ..calls.log_entry import Place
from ..calls.members import Call, Role
from ..calls.phlos import EmulatedNode, EmulatedPhlo, NodeType
from ..calls.switchboard import Switchboard
from ..errors import Refusal, UnknownResource
from .parameters import Parameters, read_action, read_dialling

RUN_LIMIT = 10_000
"""How many of the latest runs can still be asked for."""

DIALLING: Mapping[str, Callable[[Call, str, str, Role], Call]] = {
    "call": calls.call,
    "warm_transfer": transfers.warm_transfer,
    "cold_transfer": transfers.cold_transfer,
}
"""What can be asked of a multi-party call."""

MEMBER_ACTIONS: Mapping[NodeType, Mapping[str, Callable[[Call, str], Call]]] = {
    NodeType.MULTI_PARTY_CALL: {
        "hold": calls.hold,
        "unhold": calls.unhold,
        "hangup": calls.hangup,
        "resume_call": transfers.resume_call,
        "abort_transfer": transfers.abort_transfer,
        "voicemail_drop": calls.voicemail_drop,
        "mute": calls.mute,
        "unmute": calls.unmute,
    },
    NodeType.CONFERENCE_BRIDGE: {
        "mute": calls.mute,
        "unmute": calls.unmute,
        "hangup": calls.hangup,
        "leave": calls.hangup,
    },
}
"""What can be asked of a member, by the type of its node."""


@attrs.frozen
class Reply:
    """What is answered.

    Attributes:
        status: the HTTP status.
        body: the JSON.
        headers: the headers there are beside the content's type and length.
        raw: the bytes that take the JSON's place, None for none.
        content_type: the content's type.
    """

    status: int
    body: Mapping[str, object]
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = attrs.field(default=None, repr=False)
    content_type: str = "application/json"


@attrs.frozen
class Run:
    """One run of a PHLO, with the parameters it was started with."""

    run_id: str
    phlo_id: str
    parameters: Parameters


class PhloRunner:
    """Answers requests for `phlos`, connecting their calls on `switchboard`.

    `new_id` makes the ids of requests and runs. A refused request changes nothing.
    """

    def __init__(
        self,
        phlos: Iterable[EmulatedPhlo],
        switchboard: Switchboard,
        *,
        new_id: Callable[[], str],
    ) -> None:
        self._switchboard = switchboard
        self._new_id = new_id
        self.take_on(phlos)
        self._runs: dict[str, Run] = {}

    def take_on(self, phlos: Iterable[EmulatedPhlo]) -> None:
        """Know these PHLOs from now on, and no others."""
        self.phlos: tuple[EmulatedPhlo, ...] = tuple(phlos)
        self._known = {phlo.phlo_id: phlo for phlo in self.phlos}
        self.places: dict[Place, EmulatedNode] = {
            (phlo.phlo_id, node.node_id): node for phlo in self.phlos for node in phlo.nodes
        }

    def node_name(self, place: Place) -> str:
        """Return a node's name, "" where there is no such node."""
        node = self.places.get(place)
        return "" if node is None else node.name

    def reset(self) -> None:
        """Forget every run, and everything on the switchboard."""
        self._runs.clear()
        self._switchboard.reset()

    def find_phlo(self, phlo_id: str) -> EmulatedPhlo:
        """Return a PHLO; raises `UnknownResource`."""
        phlo = self._known.get(phlo_id)
        if phlo is None:
            raise UnknownResource("PHLO")
        return phlo

    def find_node(self, phlo_id: str, node_type: str, node_id: str) -> EmulatedNode:
        """Return a node; raises `UnknownResource`, for the PHLO first."""
        for node in self.find_phlo(phlo_id).nodes:
            if (node.node_id, node.node_type) == (node_id, node_type):
                return node
        raise UnknownResource("node")

    def get_phlo(self, phlo_id: str) -> Reply:
        """Answer 200 with what a PHLO is, or 404."""

        def describe(_: str) -> dict[str, object]:
            phlo = self.find_phlo(phlo_id)
            return {"phlo_id": phlo_id, "name": phlo.name, "created_on": phlo.created_on}

        return self._reply(200, describe)

    def get_node(self, phlo_id: str, node_type: str, node_id: str) -> Reply:
        """Answer 200 with what a node is, or 404."""

        def describe(_: str) -> dict[str, object]:
            node = self.find_node(phlo_id, node_type, node_id)
            return {"phlo_id": phlo_id, **attrs.asdict(node), "node_type": node.node_type.value}

        return self._reply(200, describe)

    def run(self, phlo_id: str, parameters: Parameters) -> Reply:
        """Start a PHLO: 201, with `phlo_run_id` the same as `api_id`; no phone rings (assumed)."""

        def start(api_id: str) -> dict[str, object]:
            name = self.find_phlo(phlo_id).name
            self._remember(Run(api_id, phlo_id, parameters))
            message = f"b'Start' - b'{name}' with phlo_run_uuid: {api_id} executed"
            return {"phlo_id": phlo_id, "phlo_run_id": api_id, "message": message}

        return self._reply(201, start)

    def get_run(self, phlo_id: str, run_id: str) -> Reply:
        """Answer 200 with what a run left behind, which is nothing here (assumed), or 404."""

        def describe(_: str) -> dict[str, object]:
            self.find_phlo(phlo_id)
            run = self._runs.get(run_id)
            if run is None or run.phlo_id != phlo_id:
                raise UnknownResource("run")
            left: dict[str, object] = {"call_uuids": [], "message_uuids": [], "recording_ids": []}
            return {"phlo_id": phlo_id, "run_id": run_id, **left}

        return self._reply(200, describe)

    def act_on_node(
        self, phlo_id: str, node_type: str, node_id: str, parameters: Parameters
    ) -> Reply:
        """Perform `call`, `warm_transfer` or `cold_transfer`: 201, 400 or 404."""

        def dial(api_id: str) -> dict[str, object]:
            node = self.find_node(phlo_id, node_type, node_id)
            known = DIALLING if node.node_type is NodeType.MULTI_PARTY_CALL else {}
            action = known[verb := read_action(parameters, known)]
            who = read_dialling(parameters)
            place = (phlo_id, node_id)
            self._switchboard.dial(
                api_id,
                place,
                verb,
                who.to,
                lambda c: action(c, who.trigger_source, who.to, who.role),
                by=who.trigger_source,
            )
            return {"error": ""}

        return self._reply(201, dial)

    def act_on_member(
        self, phlo_id: str, node_type: str, node_id: str, address: str, parameters: Parameters
    ) -> Reply:
        """Perform an action on the member at `address`: 201, 400 or 404."""

        def act(api_id: str) -> dict[str, object]:
            known = MEMBER_ACTIONS[self.find_node(phlo_id, node_type, node_id).node_type]
            action = known[verb := read_action(parameters, known)]
            place = (phlo_id, node_id)
            self._switchboard.step(api_id, place, verb, address, lambda c: action(c, address))
            return {"error": ""}

        return self._reply(201, act)

    def join(self, phlo_id: str, node_id: str, address: str, role: Role | str) -> None:
        """A caller dials in to a node as `role`.

        Raises `UnknownResource` for the PHLO or the node, and `NotHere` or `NotNow` as
        `calls.join` does; `ValueError` for a role there is not.
        """
        self.find_phlo(phlo_id)
        if (phlo_id, node_id) not in self.places:
            raise UnknownResource("node")
        self._switchboard.join((phlo_id, node_id), address, Role(role))

    def refuse(self, no: Refusal) -> Reply:
        """Put a refusal into Plivo's shape, with a new id."""
        return _refusal(self._new_id(), no)

    def _reply(self, status: int, work: Callable[[str], dict[str, object]]) -> Reply:
        api_id = self._new_id()
        try:
            return Reply(status, {"api_id": api_id, **work(api_id)})
        except Refusal as no:
            return _refusal(api_id, no)

    def _remember(self, run: Run) -> None:
        self._runs[run.run_id] = run
        if len(self._runs) > RUN_LIMIT:
            del self._runs[next(iter(self._runs))]


def _refusal(api_id: str, no: Refusal) -> Reply:
    return Reply(no.status, {"api_id": api_id, "error": no.error}, no.headers)
