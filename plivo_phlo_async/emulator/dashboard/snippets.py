"""A request that came, written so that it can be pasted: as curl, and as Python."""

import shlex

from ..calls.phlos import NodeType
from ..http.phlo_api import DIALLING, MEMBER_ACTIONS
from ..http.request import Request
from ..http.request_info import Asked


def as_curl(request: Request) -> str:
    """Return the request as a line for a shell, with the credentials left to the environment."""
    path = request.raw_path.decode("latin-1").removeprefix("/v1")
    if request.query:
        path += "?" + request.query.decode("latin-1")
    words = ["curl", "-X", shlex.quote(request.method)]
    words.append('-u "$PLIVO_AUTH_ID:$PLIVO_AUTH_TOKEN"')
    if request.body:
        words.append("-H 'Content-Type: application/json'")
        words.append("--data-binary " + shlex.quote(request.body.decode("utf-8", "replace")))
    words.append('"$PLIVO_PHLO_BASE_URL"' + shlex.quote(path))
    return " ".join(words)


def as_python(asked: Asked) -> str | None:
    """Return the request as Python for this package's client; None where there is no such."""
    facts, parameters = asked.facts, asked.parameters
    phlo = f"client.phlo({asked.phlo_id!r})"
    if facts.action == "run":
        return f"await {phlo}.run({dict(parameters) or ''})"
    if asked.node_id is None or "/multi_party_call/" not in facts.path:
        return None
    node = f"{phlo}.multi_party_call({asked.node_id!r})"
    if "/members/" in facts.path:
        known = facts.action in MEMBER_ACTIONS[NodeType.MULTI_PARTY_CALL]
        return f"await {node}.member({facts.address!r}).{facts.action}()" if known else None
    if facts.action not in DIALLING:
        return None
    giver, role = parameters.get("trigger_source"), parameters.get("role", "agent")
    return f"await {node}.{facts.action}({giver!r}, {facts.address!r}, role={role!r})"
