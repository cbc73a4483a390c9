"""Loads the modules of `flow`, which need the extra `flows`, when they are first used."""

import importlib
from functools import cache
from types import ModuleType

__all__ = ["load_flow_module"]

NEEDED = ("liquid", "phonenumbers", "yaml")
"""The packages of the extra."""


@cache
def load_flow_module(name: str) -> ModuleType:
    """Return a module of the package `flow`, by its name below it; raises `ImportError`."""
    try:
        return importlib.import_module(f"{__package__}.flow.{name}")
    except ModuleNotFoundError as missing:
        if missing.name not in NEEDED:
            raise
        needed = "pip install 'plivo-phlo-async[flows]'"
        text = f"Flows need python-liquid, PyYAML and phonenumberslite: {needed}"
        raise ImportError(text) from missing
