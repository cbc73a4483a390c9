"""Scenarios: what phones do in a flow and what is expected of it, in files without Python."""
