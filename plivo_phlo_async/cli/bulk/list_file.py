"""The file of a list: opened once, and read as a stream as often as needed."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from .formats import FileError, format_of, spreadsheet_of

__all__ = ["ListFile", "changed"]

_MAX_LINE = 1 << 20  # characters
_BUFFER = 1 << 16  # bytes
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ListFile:
    """A list of actions on disk. Standard input and pipes are copied to a temporary file.

    Attributes:
        name: its name in messages.
        form: "csv" or "jsonl".
        has_bom: whether it begins with a byte order mark, as files of a spreadsheet do.
    """

    def __init__(self, name: str, path: Path | None, file: IO[bytes], form: str | None) -> None:
        self.name = name
        self._path, self._file = path, file
        self._before = _state(os.fstat(file.fileno()))
        head = file.read(_BUFFER)
        if spreadsheet := spreadsheet_of(name, head):
            raise FileError(f"it is {spreadsheet}; save it as CSV UTF-8 and pass that file.")
        self._encoding = _encoding_of(head)
        self.has_bom: bool = self._encoding != "utf-8"
        self.form: str = form or format_of(name, head.decode(self._encoding, "replace"))

    @classmethod
    def open(cls, path: str, form: str | None) -> Self:
        """Open a list.

        Args:
            path: the path, or `-` for standard input.
            form: "csv" or "jsonl"; None to detect it from the name, else from the content.

        Raises:
            FileError: it is a spreadsheet's own file.
            OSError: it cannot be read.
        """
        if path == "-":
            return cls._of("standard input", None, _copy(sys.stdin.buffer), form)
        file = open(path, "rb", buffering=0)  # noqa: SIM115  it is kept open
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return cls._of(path, Path(path), file, form)
        with file:
            return cls._of(path, None, _copy(file), form)

    @classmethod
    def _of(cls, name: str, path: Path | None, file: IO[bytes], form: str | None) -> Self:
        try:
            return cls(name, path, file, form)
        except BaseException:
            file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def check_unchanged(self) -> None:
        """Raise `FileError` if the file was changed or replaced since it was opened."""
        if self._path is not None:
            try:
                now = self._path.stat()
            except OSError:
                raise changed() from None
            _check_state(now, self._before)

    def lines(self) -> Iterator[str]:
        """Return its lines, with their ends, from the first one.

        Raises:
            FileError: a line is not text, or is too long, or the file has changed.
        """
        raw = _SteadyFile(self._file.fileno(), self._before)
        raw.seek(0)
        # A JSON value may hold any line end but a line feed.
        newline = "" if self.form == "csv" else "\n"
        text = io.TextIOWrapper(io.BufferedReader(raw, _BUFFER), self._encoding, newline=newline)
        number = 0
        try:
            while line := text.readline(_MAX_LINE):
                number += 1
                _check_line(number, line)
                yield line
        except UnicodeDecodeError:
            raise FileError(self._undecodable()) from None

    def _undecodable(self) -> str:
        """Return where the file is not valid text."""
        if self._encoding == "utf-16":
            return "it is not valid UTF-16; save it as CSV UTF-8."
        self._file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        place, line = 0, 1
        while True:
            chunk = self._file.read(_BUFFER)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line += chunk.count(b"\n", 0, max(0, error.start - pending))
                place += error.start - pending + 1
                return (
                    f"line {line}: byte {place} of the file, 0x{error.object[error.start]:02x},"
                    " is not UTF-8; save it as CSV UTF-8."
                )
            place, line = place + len(chunk), line + chunk.count(b"\n")


class _SteadyFile(io.FileIO):
    """Reads a file that must not change meanwhile."""

    def __init__(self, descriptor: int, before: tuple[int, ...]) -> None:
        super().__init__(descriptor, closefd=False)
        self._before = before

    def readinto(self, buffer: Any, /) -> int | None:
        """Read, and raise `FileError` if the file has changed."""
        count = super().readinto(buffer)
        _check_state(os.fstat(self.fileno()), self._before)
        return count


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _check_state(stat: os.stat_result, before: tuple[int, ...]) -> None:
    if _state(stat) != before:
        raise changed()


def changed() -> FileError:
    """Return the error of a list that has changed."""
    return FileError("the list has changed since it was opened; start the command again.")


def _encoding_of(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileError("it is UTF-32; save it as CSV UTF-8.")
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if head.startswith(_UTF16) else "utf-8"


def _check_line(number: int, line: str) -> None:
    if len(line) == _MAX_LINE:
        raise FileError(f"line {number}: it has {_MAX_LINE} characters or more.")
    if "\0" in line:
        raise FileError(f"line {number}: it has a null byte, as UTF-16 does; save it as CSV UTF-8.")


def _copy(source: IO[bytes]) -> IO[bytes]:
    """Copy a stream to a temporary file that no other user can open."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  it is kept open
    shutil.copyfileobj(source, copy)
    copy.seek(0)
    return copy
