"""Code to copy: a request as curl and as Python, the environment of a client for a shell."""

import shlex
from collections.abc import Iterable, Mapping

from ..calls.phlos import EmulatedPhlo, NodeType
from ..http.phlo_api import DIAL_ACTIONS, MEMBER_ACTIONS
from ..http.request import HttpRequest
from ..http.request_info import RequestInfo


def default_node(phlos: Iterable[EmulatedPhlo]) -> dict[str, str]:
    """Return `PLIVO_PHLO_ID` and `PLIVO_NODE_ID` of the first PHLO, as far as there are any."""
    phlo = next(iter(phlos), None)
    if phlo is None:
        return {}
    ids = {"PLIVO_PHLO_ID": phlo.phlo_id}
    return {**ids, "PLIVO_NODE_ID": phlo.nodes[0].node_id} if phlo.nodes else ids


def as_exports(environment: Mapping[str, str], host: str) -> list[str]:
    """Return lines for a shell that export an environment; `NO_PROXY` gets `host` added."""
    return [
        f'export {name}="${{{name}:+${name},}}{host}"'
        if name.lower() == "no_proxy"
        else f"export {name}={shlex.quote(value)}"
        for name, value in environment.items()
    ]


def as_curl(request: HttpRequest) -> str:
    """Return the request as a shell command, with the credentials in environment variables."""
    path = request.path.removeprefix("/v1")
    if request.query:
        path += "?" + request.query.decode("latin-1")
    words = ["curl", "-X", shlex.quote(request.method)]
    words.append('-u "$PLIVO_AUTH_ID:$PLIVO_AUTH_TOKEN"')
    if request.body:
        words.append("-H 'Content-Type: application/json'")
        words.append("--data-binary " + shlex.quote(request.body.decode("utf-8", "replace")))
    words.append('"$PLIVO_PHLO_BASE_URL"' + shlex.quote(path))
    return " ".join(words)


def as_python(info: RequestInfo) -> str | None:
    """Return the request as a call of this package's client, None if it has no such method."""
    phlo = f"client.phlo({info.phlo_id!r})"
    if info.action == "run":
        return f"await {phlo}.run({dict(info.parameters) or ''})"
    if info.node_id is None or info.segments[3] not in tuple(NodeType):
        return None
    kind = NodeType(info.segments[3])
    node = f"{phlo}.{kind}({info.node_id!r})"
    if "/members/" in info.path:
        known = info.action in MEMBER_ACTIONS[kind] and info.action != "leave"
        return f"await {node}.member({info.address!r}).{info.action}()" if known else None
    if kind is not NodeType.MULTI_PARTY_CALL or info.action not in DIAL_ACTIONS:
        return None
    source, role = info.parameters.get("trigger_source"), info.parameters.get("role") or "agent"
    return f"await {node}.{info.action}({source!r}, {info.address!r}, role={role!r})"
