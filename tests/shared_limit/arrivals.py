"""A server of datagrams that notes when each arrives, and prints that once its input ends."""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time


def main() -> None:
    arrived: list[float] = []
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        selectors.DefaultSelector() as ready,
    ):
        server.bind(("127.0.0.1", 0))
        ready.register(server, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        print(server.getsockname()[1], flush=True)
        while True:
            for key, _ in ready.select():
                if key.fileobj is not server:
                    print(json.dumps(arrived))
                    return
                server.recv(16)
                arrived.append(time.monotonic())


if __name__ == "__main__":
    main()
