"""The form of a recorded request, and what the requests of all SDKs share."""

from collections.abc import Mapping

import attrs

AGENT, CUSTOMER, SUPERVISOR = "12025550101", "+12025550102", "sip:bob@phone.plivo.com"
VOICEMAIL = "12025550177"

ACTION = ("api_id", "error")
BRIDGE_ACTION = ("api_id",)
PHLO = ("api_id", "phlo_id", "name", "created_on")
NODE = ("api_id", "node_id", "phlo_id", "name", "node_type", "created_on")
RUN = ("api_id", "phlo_id", "message")


@attrs.frozen
class SdkRequest:
    """A request as it is on the wire; `$account`, `$phlo`, `$node` and `$bridge` stand for ids.

    Attributes:
        call: what the program calls, in the SDK's spelling.
        method: the HTTP method.
        target: the path and the query, byte for byte.
        body: the body, byte for byte.
        reads: the fields of the response that the SDK reads.
        after: the scene before it: "nothing", "talk", "transfer", "voicemail" or "bridge".
        verb: the step that it causes, None for none.
        status: the status that it is answered with.
    """

    call: str
    method: str
    target: str
    body: str = ""
    reads: tuple[str, ...] = ACTION
    after: str = "nothing"
    verb: str | None = None
    status: int = 201

    def __str__(self) -> str:
        return self.call


@attrs.frozen
class Sdk:
    """The requests of one SDK, with the headers that all of them have."""

    name: str
    headers: Mapping[str, str]
    requests: tuple[SdkRequest, ...]

    def __str__(self) -> str:
        return self.name


def reading(call: str, target: str, reads: tuple[str, ...]) -> SdkRequest:
    return SdkRequest(call, "GET", target, reads=reads, status=200)
