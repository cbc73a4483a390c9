"""Actions that the page performs as the account: each is the request that a client sends.

The page has no credentials, so it names the action and this module builds the request. Fault rules,
the rate limit, the handler and the log are those of a request under `/v1`.
"""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

from .calls.members import NodeKey
from .emulator import Emulator
from .errors import InvalidParameter, UnknownResource
from .http.request import HttpRequest
from .http.request_info import RequestInfo, parse_request
from .http.response import HttpResponse

DIAL_PARAMETERS = ("action", "trigger_source", "to", "role")
"""The parameters of `call` and of the two transfers."""


async def perform_action(emulator: Emulator, info: RequestInfo) -> HttpResponse:
    """Perform an action on a member or on a node, or start a run, and describe the API's response.

    Args:
        emulator: the emulator that answers.
        info: the request; its JSON has `phlo_id`, `node_id` and `action`, and either `member` or
            `trigger_source`, `to` and `role`. For the action `run` it has `phlo_id` and `payload`.

    Returns:
        200 with `status` and `body` of the API's response, `reason`, one line that says why it was
        refused (None if it was not), and `fault`, the kind of the fault (None for none).

    Raises:
        ApiError: the JSON names no node, or one that does not exist.
    """
    given = info.read_json()
    build = build_run if given.get("action") == "run" else build_request
    request = build(emulator, given)
    response, fault = await emulator.answer(parse_request(request))
    described = {
        "status": response.status,
        "body": dict(response.body),
        "reason": response.reason,
        "fault": fault.kind,
    }
    return HttpResponse(200, described)


def build_request(emulator: Emulator, given: Mapping[str, object]) -> HttpRequest:
    """Return the request of an action, with the account's credentials.

    Args:
        emulator: the emulator that has the node and the account.
        given: the JSON of `perform_action`; the API validates the parameters.

    Returns:
        The request.

    Raises:
        ApiError: it names no node, one that does not exist, or a member that is not a string.
    """
    path = _path(emulator, _read_node_key(given))
    parameters = {name: given[name] for name in DIAL_PARAMETERS if name in given}
    member = given.get("member")
    if member is not None:
        if not isinstance(member, str):
            raise InvalidParameter("member: give a string.")
        path += f"/members/{_segment(member)}"
        parameters = {name: value for name, value in parameters.items() if name == "action"}
    return _post(emulator, path, parameters)


def build_run(emulator: Emulator, given: Mapping[str, object]) -> HttpRequest:
    """Return the request that starts a run, with the account's credentials.

    Args:
        emulator: the emulator that has the PHLO and the account.
        given: the JSON of `perform_action`.

    Returns:
        The request.

    Raises:
        ApiError: `phlo_id` is not a string, or `payload` not an object.
    """
    phlo_id, payload = given.get("phlo_id"), given.get("payload", {})
    if not isinstance(phlo_id, str):
        raise InvalidParameter("phlo_id: give a string.")
    if not isinstance(payload, Mapping):
        raise InvalidParameter("payload: give an object.")
    path = f"/v1/account/{_segment(emulator.auth_id)}/phlo/{_segment(phlo_id)}"
    return _post(emulator, path, payload)


def _post(emulator: Emulator, path: str, parameters: Mapping[str, object]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        raw_path=path.encode(),
        query=b"",
        authorization=_authorization(emulator.auth_id, emulator.auth_token),
        body=json.dumps(parameters).encode(),
    )


def _path(emulator: Emulator, node_key: NodeKey) -> str:
    phlo_id, node_id = node_key
    node = emulator.api.nodes.get(node_key)
    if node is None:
        raise UnknownResource("node", node_id)
    return f"/v1/phlo/{_segment(phlo_id)}/{node.node_type}/{_segment(node_id)}"


def _segment(text: str) -> str:
    return quote(text, safe=":@+")


def _read_node_key(given: Mapping[str, object]) -> NodeKey:
    phlo_id, node_id = given.get("phlo_id"), given.get("node_id")
    if not isinstance(phlo_id, str) or not isinstance(node_id, str):
        raise InvalidParameter("phlo_id, node_id: give both as strings.")
    return phlo_id, node_id


def _authorization(auth_id: str, auth_token: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{auth_id}:{auth_token}".encode())
