"""Whole PHLOs: a file or Python describes the graph, and the emulator runs it."""
