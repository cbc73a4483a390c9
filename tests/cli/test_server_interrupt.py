"""Ctrl-C ends a server from the moment it can be reached."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Python discards an exception that is raised in the callback of a weak reference. Imports have such
# callbacks, and a server imports much while it starts.
PROGRAM = """\
import signal, socket, weakref

create_server = socket.create_server

class Referent:
    pass

def interrupted(*args, **options):
    listening = create_server(*args, **options)
    referent = Referent()
    reference = weakref.ref(referent, lambda _: signal.raise_signal(signal.SIGINT))
    del referent
    return listening

socket.create_server = interrupted
from plivo_phlo_async.__main__ import main
main()
"""


@pytest.mark.parametrize("command", [["listen", "--no-verify"], ["emulate"]], ids=" ".join)
def test_ctrl_c_ends_a_server_as_soon_as_it_is_bound(command: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command, "--port", "0"],
        env={**os.environ, "PLIVO_AUTH_TOKEN": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == 130
    assert ended.stderr.splitlines()[-1] == "plivo-phlo: interrupted."
    assert "Traceback" not in ended.stderr
