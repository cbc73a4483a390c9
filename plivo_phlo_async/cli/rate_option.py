"""Parsing of a rate option, such as `300/5s`."""

from __future__ import annotations

import re

__all__ = ["read_rate"]

_RATE = re.compile(r"(\d{1,9})/(\d{0,9}(?:\.\d{1,9})?)(ms|s|m|h)?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


def read_rate(text: str) -> tuple[int, float]:
    """Parse `300/5s`, `60/m` or `2/1` into a number of requests and a number of seconds.

    Raises:
        ValueError: the text is not a rate; the message is one line.
    """
    found = _RATE.fullmatch(text)
    if found is not None and (found[2] or found[3]):
        requests, seconds = int(found[1]), float(found[2] or 1) * _SECONDS[found[3]]
        if requests > 0 and seconds > 0:
            return requests, seconds
    raise ValueError(f"{text!r} is not a rate; write it as 300/5s.")
