"""The engine: a pure step from a run and an event to the next run and its effects.

It does no I/O and knows no clock: events carry the time, and ids come from the run's id.
"""
