"""A journal that any number of processes and hosts share, in PostgreSQL.

Needs `plivo-phlo-async[postgres]`, PostgreSQL 12 or later, and asyncio.
"""

from __future__ import annotations

try:
    # Only here, so that one line says what to install.
    import psycopg as _psycopg  # noqa: F401  # asked for by name, and not used here
    import psycopg_pool as _psycopg_pool  # noqa: F401  # as psycopg
except ImportError as _missing:
    _needed = "pip install 'plivo-phlo-async[postgres]' 'psycopg[binary]'"
    _what = "plivo_phlo_async.postgres needs psycopg, its pool and libpq"
    raise ImportError(f"{_what}: {_needed}") from _missing

from .journal import PostgresJournal

__all__ = ["PostgresJournal"]
