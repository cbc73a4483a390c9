"""The client's end of a request: where the response goes, and how to see the client leave.

A server that knows its connections offers a `RawConnection` in the extensions of the scope. In
process there is none.
"""

from typing import Protocol

import attrs

from ..asgi import Receive, Scope, Send
from ..notifier import Notifier
from ..race import first_completed

RAW_CONNECTION = "plivo_phlo_async.raw_connection"
"""The name of the extension in an ASGI scope."""


class RawConnection(Protocol):
    """The connection below HTTP; nothing is sent after `close` or `reset`."""

    def write(self, data: bytes) -> None:
        """Send bytes past HTTP."""

    def close(self) -> None:
        """Send what is buffered, and close the connection."""

    def reset(self) -> None:
        """Close the connection at once, with a TCP reset."""


@attrs.frozen
class Exchange:
    """One request and its response.

    Attributes:
        send: sends the response.
        receive: receives the client's disconnect.
        raw: the raw connection, None where there is none.
        closing: notifies that the server is shutting down.
    """

    send: Send
    receive: Receive
    raw: RawConnection | None
    closing: Notifier

    async def until_disconnected(self) -> None:
        """Wait until the client disconnects; ignores what it still sends."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def until_disconnected_or_closing(self) -> None:
        """Wait until the client disconnects or the server shuts down."""
        with self.closing.subscribe() as subscription:
            await first_completed(self.until_disconnected, subscription.wait)


def raw_connection_of(scope: Scope) -> RawConnection | None:
    """Return the raw connection of a scope, None where there is none."""
    raw: RawConnection | None = (scope.get("extensions") or {}).get(RAW_CONNECTION)
    return raw
