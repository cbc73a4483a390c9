"""What your own tests import: a client that talks to an emulator in the same process.

Names are loaded when first used (their types are in the stub beside this file), because pytest
imports this package, for the plugin in it, in every session.
"""

import importlib
from typing import Any

__all__ = [
    "Clock",
    "EmulatedTransport",
    "RecordedRun",
    "client_of",
    "emulated_client",
    "load_run",
]

_HOMES = {
    "Clock": ".clock",
    "EmulatedTransport": ".in_process",
    "client_of": ".in_process",
    "RecordedRun": ".recorded_run",
    "emulated_client": ".in_process",
    "load_run": ".recorded_run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
