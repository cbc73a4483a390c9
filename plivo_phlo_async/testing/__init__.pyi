from .clock import Clock as Clock
from .in_process import EmulatedTransport as EmulatedTransport
from .in_process import client_of as client_of
from .in_process import emulated_client as emulated_client
from .recorded_run import RecordedRun as RecordedRun
from .recorded_run import load_run as load_run

__all__ = [
    "Clock",
    "EmulatedTransport",
    "RecordedRun",
    "client_of",
    "emulated_client",
    "load_run",
]
