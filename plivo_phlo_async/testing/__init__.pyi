from .clock import Clock as Clock
from .in_process import EmulatedTransport as EmulatedTransport
from .in_process import client_of as client_of
from .in_process import emulated_client as emulated_client

__all__ = ["Clock", "EmulatedTransport", "client_of", "emulated_client"]
