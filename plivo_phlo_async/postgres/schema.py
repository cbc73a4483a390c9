"""The tables of journals in PostgreSQL: created on first use, and checked.

phlo_runs       one row for each run
  run           the run's name
  first         the name and content of the first action of its list
phlo_actions    one row for each action that was begun
  id            in the order in which actions first began
  run, name     the run, and what it knows the action by
  content       a digest of what the action does
  number        its position in the list; 0 outside a list
  action        the action, as JSON
  status        begun, done, failed or unknown
  fence         identifies the latest beginning, the only one that may end the action
  begun, ended  when
  until         until when whoever began it may be at work
  before        how it had ended, if it was begun again; and when it had begun
  result, error, attempts, elapsed    as in `BulkOutcome`; the first two as JSON
"""

from __future__ import annotations

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import tuple_row

from .._transport.hooks import logger
from ..errors import JournalError

__all__ = ["prepare_schema"]

VERSION = 1
_NAME = f"journal of plivo-phlo-async, version {VERSION}"
_LOCK = 0x50484C4F  # hosts that create the tables at the same time wait for each other
_CREATE = (
    f"SELECT pg_advisory_xact_lock({_LOCK})",
    """
CREATE TABLE IF NOT EXISTS phlo_runs (
    run text PRIMARY KEY,
    first text NOT NULL
)""",
    """
CREATE TABLE IF NOT EXISTS phlo_actions (
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    run text NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    number integer NOT NULL,
    action text NOT NULL,
    status text NOT NULL CHECK (status IN ('begun', 'done', 'failed', 'unknown')),
    fence text NOT NULL,
    begun timestamptz,
    until timestamptz NOT NULL,
    ended timestamptz,
    before text,
    before_begun timestamptz,
    result text,
    error text,
    attempts integer NOT NULL DEFAULT 0,
    elapsed double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (run, name)
)""",
    f"COMMENT ON TABLE phlo_actions IS '{_NAME}'",
)
_CHECK = """
SELECT
    current_setting('transaction_read_only') = 'on',
    to_regclass('phlo_actions') IS NOT NULL,
    obj_description(to_regclass('phlo_actions'), 'pg_class'),
    current_setting('fsync') = 'on',
    current_setting('synchronous_standby_names') = ''
        AND EXISTS (SELECT FROM pg_stat_replication)
"""
_RIGHTS = """
SELECT bool_and(has_table_privilege(name, kind))
FROM unnest(ARRAY['phlo_actions', 'phlo_runs']) AS name,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS kind
"""


async def prepare_schema(connection: AsyncConnection[object]) -> None:
    """Create the tables if there are none, and check that they can be used.

    Args:
        connection: a connection in autocommit mode.

    Raises:
        JournalError: they cannot be used; the message says why and what to do.
        psycopg.Error: the server cannot be used.
    """
    read_only, exists, name, is_durable, may_forget = await _row(connection, _CHECK)
    if read_only:
        raise JournalError(
            "PostgreSQL: this server is read-only; give the address of the primary, or add"
            " target_session_attrs=read-write."
        )
    if not exists:
        await _create(connection)
        _, _, name, *_ = await _row(connection, _CHECK)
    if name != _NAME:
        raise JournalError(
            f"PostgreSQL: phlo_actions is not a {_NAME}, but {name or 'another table'}; use"
            " another database or schema, or the version of this package that created it."
        )
    (has_rights,) = await _row(connection, _RIGHTS)
    if not has_rights:
        raise JournalError(
            "PostgreSQL: this user may not use the journal; grant it SELECT, INSERT, UPDATE and"
            " DELETE on phlo_actions and phlo_runs."
        )
    _warn(is_durable=bool(is_durable), may_forget=bool(may_forget))


async def _create(connection: AsyncConnection[object]) -> None:
    try:
        async with connection.transaction():
            for statement in _CREATE:
                await connection.execute(statement, prepare=False)
    except psycopg.errors.InsufficientPrivilege as error:
        raise JournalError(
            "PostgreSQL: this user may not create the journal's tables; grant it CREATE on the"
            " schema, or let another user open the journal first."
        ) from error


def _warn(*, is_durable: bool, may_forget: bool) -> None:
    if not is_durable:
        logger.warning(
            "PostgreSQL has fsync off: after a crash of its machine the journal may have forgotten"
            " what was begun, and such actions are sent twice"
        )
    if may_forget:
        logger.warning(
            "PostgreSQL has asynchronous standbys only: one that takes over may have missed the"
            " latest beginnings, and such actions are sent twice (with a standby 0.7 s behind, 169"
            " of 1,500); set synchronous_standby_names"
        )


async def _row(connection: AsyncConnection[object], query: str) -> tuple[object, ...]:
    async with AsyncCursor(connection, row_factory=tuple_row) as cursor:
        await cursor.execute(query, prepare=False)
        row = await cursor.fetchone()
    assert row is not None  # it selects one
    return row
