"""Whole PHLOs: a file or Python describes the graph, and the emulator runs it."""

from .builder.flow import Flow
from .graph import NodeCallback, Prompt
from .phlo import Phlo
from .problems import FlowError

__all__ = ["Flow", "FlowError", "NodeCallback", "Phlo", "Prompt"]
