"""Lists for tests, as files and as text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plivo_phlo_async.cli.bulk.check import CheckedList, check_list
from plivo_phlo_async.cli.bulk.formats import RowError
from plivo_phlo_async.cli.bulk.list_file import ListFile
from plivo_phlo_async.cli.bulk.rows import ListOptions, Row, RowReader

__all__ = ["PLACE", "checked", "read"]

PLACE = {"phlo_id": "p", "node_id": "n"}


def read(
    text: str,
    form: str = "csv",
    defaults: Mapping[str, Any] = PLACE,
    columns: Mapping[str, str] | None = None,
    **options: Any,
) -> list[Row | RowError]:
    """Return the rows of a list, and the errors of invalid ones."""
    reader = RowReader(form, ListOptions(defaults, columns or {}, **options))
    return list(reader.read(io.StringIO(text, newline="" if form == "csv" else "\n")))


@contextmanager
def checked(path: Path, content: str | bytes, **options: Any) -> Iterator[CheckedList]:
    """Write a list, check it, and keep it open."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with ListFile.open(str(path), None) as file:
        yield check_list(file, ListOptions(PLACE, **options))
