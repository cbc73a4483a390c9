"""What several processes and machines share through Redis.

Needs `plivo-phlo-async[redis]`, Redis 5 or later (or Valkey), and asyncio.
"""

from __future__ import annotations

try:
    import redis as _redis  # noqa: F401  # only here, so that one line says what to install
except ImportError as _missing:
    _needed = "pip install 'plivo-phlo-async[redis]'"
    raise ImportError(f"plivo_phlo_async.redis needs redis-py: {_needed}") from _missing

from .members import RedisMemberTracker
from .nonces import RedisNonces
from .rate_limit import RedisRateLimit

__all__ = ["RedisMemberTracker", "RedisNonces", "RedisRateLimit"]
