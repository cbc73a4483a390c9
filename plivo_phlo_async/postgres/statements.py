"""The statements of a journal in PostgreSQL; each is a transaction of its own.

So they work through a pooler that gives a connection to a transaction only, such as pgbouncer. All
times are the server's. An action that is begun is under way until `until`, and then in doubt.
"""

from __future__ import annotations

__all__ = [
    "BEGIN",
    "CLAIM_RUN",
    "COUNTS",
    "FINISH",
    "FORGET",
    "INSERT_ENDED",
    "NOW",
    "OUTCOMES",
    "PRIOR",
    "RECORDED",
    "SETTLE",
    "UNDO",
]

_ACTION = "run = %(run)s AND name = %(name)s"
_RECORDED = (
    "number, action, status, result, error, attempts, elapsed,"
    " extract(epoch FROM begun)::float8, extract(epoch FROM ended)::float8"
)
_UNDER_WAY = "(status = 'begun' AND until > statement_timestamp())"
# A beginning is on the disk, also of a synchronous standby, before the statement returns; what ends
# an action may be lost with the server, and is then in doubt.
_DURABLE = (
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"
)
_LAZY = "SELECT set_config('synchronous_commit', 'off', true)"

NOW = "SELECT statement_timestamp()"

# The first action of a run's list, and whether it was there: a run belongs to one list.
CLAIM_RUN = """
WITH claimed AS (
    INSERT INTO phlo_runs (run, first) VALUES (%(run)s, %(first)s)
    ON CONFLICT (run) DO NOTHING RETURNING first
)
SELECT first, false FROM claimed
UNION ALL SELECT first, true FROM phlo_runs WHERE run = %(run)s
"""

PRIOR = f"""
SELECT content, status, {_UNDER_WAY}, coalesce(begun, ended)
FROM phlo_actions WHERE {_ACTION}
"""

RECORDED = f"SELECT {_RECORDED} FROM phlo_actions WHERE {_ACTION}"

# It may be asked again with the same fence, if its answer was lost.
BEGIN = f"""
WITH durable AS MATERIALIZED ({_DURABLE})
INSERT INTO phlo_actions AS had (run, name, content, number, action, status, fence, begun, until)
SELECT %(run)s, %(name)s, %(content)s, %(number)s, %(action)s, 'begun', %(fence)s,
    statement_timestamp(), statement_timestamp() + %(lasts)s * interval '1 second'
FROM durable
ON CONFLICT (run, name) DO UPDATE SET
    status = 'begun', fence = excluded.fence, begun = excluded.begun, until = excluded.until,
    before = CASE
        WHEN had.fence = excluded.fence THEN had.before
        WHEN had.status = 'begun' THEN 'unknown' ELSE had.status END,
    before_begun = CASE WHEN had.fence = excluded.fence THEN had.before_begun ELSE had.begun END
WHERE had.content = excluded.content AND (
    (had.status = 'begun' AND had.fence = excluded.fence)
    OR (
        coalesce(had.begun, had.ended) < coalesce(%(since)s::timestamptz, 'infinity')
        AND (
            had.status = ANY(%(redo)s::text[])
            OR (had.status = 'begun' AND had.until <= statement_timestamp()
                AND 'unknown' = ANY(%(redo)s::text[]))
        )
    )
)
"""

# Only the beginning that has the fence ends; again is harmless.
FINISH = f"""
WITH lazy AS MATERIALIZED ({_LAZY})
UPDATE phlo_actions SET status = %(status)s, result = %(result)s, error = %(error)s,
    attempts = %(attempts)s, elapsed = %(elapsed)s, ended = statement_timestamp(),
    before = NULL, before_begun = NULL
FROM lazy
WHERE {_ACTION} AND fence = %(fence)s AND status IN ('begun', %(status)s)
"""

UNDO = f"""
WITH lazy AS MATERIALIZED ({_LAZY}),
never_begun AS (
    DELETE FROM phlo_actions USING lazy
    WHERE {_ACTION} AND fence = %(fence)s AND status = 'begun' AND before IS NULL
)
UPDATE phlo_actions SET status = before, begun = before_begun, before = NULL, before_begun = NULL
FROM lazy
WHERE {_ACTION} AND fence = %(fence)s AND status = 'begun' AND before IS NOT NULL
"""

# What failed before it began.
INSERT_ENDED = f"""
WITH lazy AS MATERIALIZED ({_LAZY})
INSERT INTO phlo_actions AS had (run, name, content, number, action, status, fence, until,
    result, error, attempts, elapsed, ended)
SELECT %(run)s, %(name)s, %(content)s, %(number)s, %(action)s, %(status)s, %(fence)s,
    statement_timestamp(), %(result)s, %(error)s, %(attempts)s, %(elapsed)s, statement_timestamp()
FROM lazy
ON CONFLICT (run, name) DO UPDATE SET
    status = excluded.status, result = excluded.result, error = excluded.error,
    attempts = excluded.attempts, elapsed = excluded.elapsed, ended = excluded.ended
WHERE had.status = 'failed' AND had.content = excluded.content
"""

OUTCOMES = f"""
SELECT id, {_RECORDED} FROM phlo_actions
WHERE run = %(run)s AND id > %(after)s AND NOT {_UNDER_WAY}
    AND (NOT %(only_unknown)s OR status IN ('begun', 'unknown'))
ORDER BY id LIMIT %(page)s
"""

COUNTS = f"""
SELECT CASE status WHEN 'begun' THEN 'unknown' ELSE status END, count(*)
FROM phlo_actions WHERE run = %(run)s AND NOT {_UNDER_WAY} GROUP BY 1
"""

# A late end of the settled beginning finds another fence.
SETTLE = f"""
UPDATE phlo_actions SET status = %(status)s, result = NULL, error = %(error)s,
    fence = %(fence)s, ended = statement_timestamp(), before = NULL, before_begun = NULL
WHERE {_ACTION} AND status IN ('begun', 'unknown') AND NOT {_UNDER_WAY}
"""

FORGET = """
DELETE FROM phlo_actions
WHERE run = %(run)s AND status IN ('done', 'failed')
    AND ended <= statement_timestamp() - %(seconds)s * interval '1 second'
"""
