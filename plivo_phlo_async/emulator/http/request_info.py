"""What a request under `/v1` is about, as far as its path and its parameters tell."""

from collections.abc import Mapping

import attrs

from ..calls.log_entry import Place
from ..errors import Refusal
from ..faults.rules import Facts
from .request import Request


@attrs.frozen
class Asked:
    """What a request asks for: `facts` for fault rules, the ids in its path, its parameters."""

    facts: Facts
    parameters: Mapping[str, object]
    phlo_id: str | None = None
    node_id: str | None = None

    @property
    def place(self) -> Place | None:
        """Where the call is, None for a request that acts on none."""
        if self.phlo_id is None or self.node_id is None:
            return None
        return self.phlo_id, self.node_id


def understand(request: Request) -> Asked:
    """Return what a request is about; never raises."""
    parameters = _parameters(request)
    action, to = _text(parameters.get("action")), _text(parameters.get("to"))
    path = request.raw_path.decode("latin-1")
    match request.segments:
        case (_, "phlo", phlo, _, node, "members", address):
            return Asked(Facts(action, address, path), parameters, phlo, node)
        case (_, "phlo", phlo, kind, node) if request.method == "POST" and kind != "runs":
            return Asked(Facts(action, to, path), parameters, phlo, node)
        case (_, "account", _, "phlo", phlo):
            return Asked(Facts("run", None, path), parameters, phlo)
    return Asked(Facts("get" if request.method == "GET" else None, None, path), parameters)


def _parameters(request: Request) -> Mapping[str, object]:
    try:
        return request.parameters()
    except Refusal:
        return {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
