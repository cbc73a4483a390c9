"""Plivo PHLO's multi-party calls for asyncio and trio: never dialled twice, never hidden."""

from ._version import __version__

__all__ = ["__version__"]
