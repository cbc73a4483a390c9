"""Durations as people write them."""

import re

LONGEST_SECONDS = 3600
"""The longest duration that is accepted, in seconds."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|)", re.ASCII)


def read_seconds(text: str) -> float:
    """Parse a duration written as `20ms`, `1.5s` or `2`; raises `ValueError`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time: write 20ms or 1.5s.")
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{text!r} is too long: at most {LONGEST_SECONDS}s.")
    return seconds


def read_range(text: str) -> tuple[float, float]:
    """Parse a duration, or a range as `5-20s` or `500ms-2s`; raises `ValueError`.

    A start without a unit has the unit of the end.
    """
    start, dash, end = text.partition("-")
    if not dash:
        return (seconds := read_seconds(text)), seconds
    if start.replace(".", "").isdigit():
        start += end.lstrip("0123456789.")
    least, most = read_seconds(start), read_seconds(end)
    if least > most:
        raise ValueError(f"{text!r} ends before it begins.")
    return least, most
