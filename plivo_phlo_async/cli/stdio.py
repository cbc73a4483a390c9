"""The standard streams of a command: an output that cannot be written does not stop it."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

__all__ = ["OutputFile", "raise_output_error", "tolerant_stdio"]


class OutputFile(io.RawIOBase):
    """A binary output that never raises: after its first error it discards what is written.

    Args:
        file: the file to write to.
        on_error: called with the first error.

    Attributes:
        error: the first error, if there was one.
    """

    def __init__(self, file: Any, on_error: Callable[[OSError], object]) -> None:
        self._file, self._on_error = file, on_error
        self.error: OSError | None = None

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return bool(self._file.isatty())

    def fileno(self) -> int:
        """Return the descriptor of the file."""
        return int(self._file.fileno())

    def write(self, data: Any) -> int:
        """Write all the data, or discard it; return its length."""
        if self.error is None:
            try:
                self._write_all(memoryview(data))
            except OSError as error:
                self.error = error
                self._on_error(error)
        return len(data)

    def _write_all(self, data: memoryview) -> None:
        while data:
            written = self._file.write(data)
            if written is None:  # not blocking, and full: the descriptor is another program's, too
                select.select([], [self._file], [])
            else:
                data = data[written:]


@contextmanager
def tolerant_stdio() -> Iterator[None]:
    """Use standard streams that do not raise, and that exist even if they are closed.

    The first error of stdout is reported on stderr, except that its reader has gone, as with
    `head`.
    """
    _fill_closed_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115  it is kept open
    sys.stdout = _tolerant(sys.stdout, _report)
    sys.stderr = _tolerant(sys.stderr, lambda error: None)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def raise_output_error() -> None:
    """Raise the error that stdout has met, if any: for a command that ends with its reader.

    Raises:
        OSError: stdout cannot be written.
    """
    output = getattr(sys.stdout, "buffer", None)
    if isinstance(output, OutputFile) and output.error is not None:
        raise output.error


def _fill_closed_descriptors() -> None:
    """Open what is closed of 0, 1 and 2, or the next file that is opened gets the output."""
    while (opened := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(opened)


def _tolerant(stream: TextIO | None, on_error: Callable[[OSError], object]) -> TextIO:
    if stream is None:  # it is closed: `>&-`
        return open(os.devnull, "w")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    file = getattr(stream.buffer, "raw", stream.buffer)
    return io.TextIOWrapper(
        OutputFile(file, on_error),  # type: ignore[type-var]  # has what a text stream calls
        stream.encoding,
        "replace",  # for terminals that lack a character
        line_buffering=stream.line_buffering,
    )


def _report(error: OSError) -> None:
    if not isinstance(error, BrokenPipeError):
        reason = error.strerror or error
        print(f"plivo-phlo: the output cannot be written: {reason}.", file=sys.stderr)
