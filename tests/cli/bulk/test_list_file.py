"""The file of a list is read as text, as often as needed, and must not change meanwhile."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from plivo_phlo_async.cli.bulk.formats import FileError
from plivo_phlo_async.cli.bulk.list_file import ListFile

CSV = "verb,to\ncall,René\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.csv"


def _text(path: Path) -> str:
    with ListFile.open(str(path), None) as file:
        return "".join(file.lines())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_spreadsheet_calls_utf_8_or_unicode_text_is_read(path: Path, encoding: str) -> None:
    path.write_bytes(CSV.encode(encoding))

    assert _text(path) == CSV


@pytest.mark.parametrize(("encoding", "has_bom"), [("utf-8", False), ("utf-8-sig", True)])
def test_a_byte_order_mark_is_remembered(path: Path, encoding: str, has_bom: bool) -> None:
    path.write_bytes(CSV.encode(encoding))
    with ListFile.open(str(path), None) as file:
        assert file.has_bom == has_bom


def test_a_list_can_be_read_twice(path: Path) -> None:
    path.write_text(CSV, "utf-8")
    with ListFile.open(str(path), None) as file:
        assert list(file.lines()) == list(file.lines()) == CSV.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CSV.encode("cp1252"), "line 2: byte 17 of the file, 0xe9, is not UTF-8; save it as CSV"),
        (b"\xef\xbb\xbfverb\nhold\xff\n", "line 2: byte 13 of the file, 0xff, is not UTF-8"),
        (b"verb\n" * 40_000 + b"\xff", "line 40001: byte 200001 of the file, 0xff, is not UTF-8"),
        (b"a" * 65_535 + "é".encode() + b"\nb\xff", "line 2: byte 65540 of the file, 0xff"),
        (b"verb\nRen\xc3", "line 2: byte 9 of the file, 0xc3, is not UTF-8"),
        (
            CSV.replace("é", "e").encode("utf-16-le"),
            "line 1: it has a null byte, as UTF-16 does; save it as CSV",
        ),
        (CSV.encode("utf-16") + b"\x00", "it is not valid UTF-16; save it as CSV UTF-8."),
        (CSV.encode("utf-32"), "it is UTF-32; save it as CSV UTF-8."),
        (b"PK\x03\x04\x14\x00", "it is a spreadsheet or ZIP file; save it as CSV UTF-8 and"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "it is a spreadsheet; save it as CSV UTF-8 and pass that"),
        (b"a" * 1_048_576 + b"\n", "line 1: it has 1048576 characters or more."),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_text_says_why(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)

    with pytest.raises(FileError) as refused:
        _text(path)

    assert reason in str(refused.value)


@pytest.mark.parametrize("ending", [".xlsx", ".XLS", ".ods", ".numbers"])
def test_a_spreadsheet_is_known_by_its_name(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"calls{ending}").write_text("<html>")

    with pytest.raises(FileError, match="it is a spreadsheet; save it as CSV UTF-8"):
        ListFile.open(str(tmp_path / f"calls{ending}"), None)


def test_standard_input_can_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(CSV.encode())))
    with ListFile.open("-", None) as file:
        assert "".join(file.lines()) == "".join(file.lines()) == CSV


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_can_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(CSV,))
    writer.start()
    with ListFile.open(str(pipe), None) as file:
        assert "".join(file.lines()) == "".join(file.lines()) == CSV
    writer.join()


def _append(path: Path) -> None:
    with path.open("a") as file:
        file.write("call,1\n")


def _edit(path: Path) -> None:
    path.write_text("verb,to\ncall,Anna\n")


def _replace(path: Path) -> None:
    path.with_suffix(".new").write_text(CSV, "utf-8")
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize("change", [_append, _edit, _replace, Path.unlink])
def test_a_list_that_was_changed_or_replaced_is_refused(path: Path, change: object) -> None:
    path.write_text(CSV, "utf-8")
    os.utime(path, (0, 0))
    with ListFile.open(str(path), None) as file:
        list(file.lines())
        file.check_unchanged()
        assert callable(change)
        change(path)

        with pytest.raises(FileError, match="the list has changed since it was opened"):
            file.check_unchanged()


@pytest.mark.parametrize("change", [_append, _edit])
def test_a_list_that_changes_while_it_is_read_is_refused(path: Path, change: object) -> None:
    path.write_text("verb,to\n" + "call,René\n" * 20_000, "utf-8")
    os.utime(path, (0, 0))
    with ListFile.open(str(path), None) as file:
        lines = file.lines()
        next(lines)
        assert callable(change)
        change(path)

        with pytest.raises(FileError, match="the list has changed since it was opened"):
            list(lines)
