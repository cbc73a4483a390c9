"""A relay before PostgreSQL that can lose the answer to a statement, as a broken network does."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define

__all__ = ["Relay", "relay_to"]

_SOCKET = ".s.PGSQL.5432"


@define
class Relay:
    """Passes bytes on in both directions, each connection in a thread.

    Attributes:
        server: the folder of the server's socket.
        lose: the answer to a statement that contains these bytes is lost, with its connection.
        lost: how many answers were lost.
    """

    server: Path
    lose: bytes = b""
    lost: int = 0

    def accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is closed
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,)).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self.server / _SOCKET))
            while True:
                readable, _, _ = select.select([client, server], [], [])
                data = readable[0].recv(65536)
                if not data:
                    return
                if readable[0] is server:
                    client.sendall(data)
                    continue
                server.sendall(data)
                if self.lose and self.lose in data:
                    server.recv(65536)  # it was executed
                    self.lose, self.lost = b"", self.lost + 1
                    return


@contextmanager
def relay_to(server: Path, folder: Path) -> Iterator[Relay]:
    """Relay from a socket in `folder`, the `host` of a connection string, to one in `server`."""
    relay = Relay(server)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / _SOCKET))
        listener.listen()
        accepting = threading.Thread(target=relay.accept, args=(listener,))
        accepting.start()
        yield relay
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
