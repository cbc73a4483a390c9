"""A place on loopback where everything that leaves a client arrives, and nothing answers."""

from __future__ import annotations

import socket

__all__ = ["Listener"]


class Listener:
    """Listens on 127.0.0.1 and counts connections.

    The kernel completes their handshakes, so that each counts although nothing accepts it.

    Attributes:
        port: where it listens.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    @property
    def base_url(self) -> str:
        """The address of an API here."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def connections(self) -> int:
        """How many connections came in since it was last asked."""
        count = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return count
            connection.close()
            count += 1

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
