"""Random lists for the check: `python -m tests.cli.bulk.fuzz --lists 10000 --seed 7`.

Each list is checked as the command checks it. It may be refused with lines of text; it must not
end in another exception, and what it accepts must be addresses.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from plivo_phlo_async.bulk.report import BulkOutcome, BulkStatus
from plivo_phlo_async.cli.bulk.addresses import clean_address
from plivo_phlo_async.cli.bulk.check import CheckedList, check_list
from plivo_phlo_async.cli.bulk.columns import FIELDS
from plivo_phlo_async.cli.bulk.countries import Countries
from plivo_phlo_async.cli.bulk.formats import FileError
from plivo_phlo_async.cli.bulk.list_file import ListFile
from plivo_phlo_async.cli.bulk.notes import notes
from plivo_phlo_async.cli.bulk.results_file import ResultsFile
from plivo_phlo_async.cli.bulk.rows import Duplicates, ListOptions

__all__ = ["run"]

_CELLS = [
    *("", "-", "call", "hold", "HOLD ", "run", "warm-transfer", "customer", "agent", "\ufeff"),
    *("12025550101", "+1 (202) 555-0101", "0012025550101", "1.2E+10", "12025550101.0", "#N/A"),
    *(
        "sip:a@x.example",
        "a@x",
        "=1+1",
        '="12025550101"',
        "'12025550101",
        "\u202a12025550101\u202c",
    ),
    *("12025550101,12025550102", '"', '""', "a\nb", "a\r\nb", "{}", '{"a": 1}', "[", "\u2028"),
    *("١٢٠٢٥٥٥٠١٠١", "\U0001f600", "a" * 2000, "1" * 5000, "9" * 15, "\0", "\x1a", "\x1b[31m"),
    *("é", "sep=;", "true", "nan", "NULL", "1e400"),
]
_NAMES = [*FIELDS, "Name", "Trigger Source", "TO", "status", "", " ", "trigger_sorce", "Phone"]


def run(lists: int, seed: int, folder: Path) -> Counter[str]:
    """Check random lists, and return how many were accepted and refused.

    Args:
        lists: how many.
        seed: the seed of the first one.
        folder: where they are written.

    Raises:
        AssertionError: a list that was accepted has no address where one is dialled.
    """
    results: Counter[str] = Counter()
    for number in range(seed, seed + lists):
        source = random.Random(number)
        path = folder / f"list{source.choice(['.csv', '.jsonl', '.txt', '.txt'])}"
        path.write_bytes(source.choice(_MAKERS)(source))
        try:
            results[_check(path, source)] += 1
        except Exception as error:
            error.add_note(f"It was list {number}, kept as {path}.")
            raise
        path.unlink()
    return results


def _check(path: Path, source: random.Random) -> str:
    defaults = {"phlo_id": "p", "node_id": "n", "verb": "call", "trigger_source": "12025550100"}
    columns = source.choice([*[{}] * 6, {"to": "Phone"}, {"role": "", "key": "Name"}])
    duplicates = source.choice(list(Duplicates))
    any_address = source.random() < 0.1
    options = ListOptions(defaults, columns, any_address, duplicates)
    try:
        with ListFile.open(str(path), source.choice([*[None] * 8, "csv", "jsonl"])) as file:
            checked = check_list(file, options)
            _check_text("\n".join(notes(checked)))
            for error in checked.errors.first:
                _check_text(error.reason)
            if checked.errors.count:
                return "rows refused"
            _check_rows(checked, path.parent)
    except FileError as error:
        _check_text(str(error))
        return "list refused"
    return "accepted"


def _check_rows(checked: CheckedList, folder: Path) -> None:
    """Check what would be sent, and that the results can be read back."""
    countries = Countries()
    paths, rows = [folder / "out.csv", folder / "out.jsonl"], list(checked.rows())
    for row in rows:
        for address in (row.action.to, row.action.member_address):
            if address is not None and not checked.options.any_address:
                assert clean_address(address).address == address
                countries.of(address)
    for path in paths:
        with ResultsFile.open(path, checked.layout, append=False) as results:
            for row in rows:
                results.write(row, BulkOutcome(row.action, BulkStatus.DONE))
    with paths[0].open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=checked.layout.delimiter, strict=True)
        assert [int(each["line"]) for each in reader] == [row.line for row in rows]
    lines = paths[1].read_text().splitlines()
    assert [json.loads(line)["line"] for line in lines] == [row.line for row in rows]
    for path in paths:
        path.unlink()


def _check_text(text: str) -> None:
    assert len(text) < 20_000
    assert "12025550101" not in text


def _bytes(source: random.Random) -> bytes:
    return source.randbytes(source.randrange(2000))


def _unicode(source: random.Random) -> bytes:
    codes = (source.choice([128, 0x3000, 0x11_0000]) for _ in range(source.randrange(500)))
    text = "".join(chr(source.randrange(limit)) for limit in codes)
    encoding = source.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
    return text.encode(encoding, source.choice(["replace", "surrogatepass"]))


def _csv(source: random.Random) -> bytes:
    delimiter, end = source.choice(",;\t"), source.choice(["\n", "\r\n", "\r"])
    names = [source.choice(["to", "to", "Name"]), *source.sample(_NAMES, source.randrange(5))]
    rows = [names, *([source.choice(_CELLS) for _ in names] for _ in range(source.randrange(30)))]
    quote = source.choice([_quoted, _quoted, _as_it_is])
    text = end.join(delimiter.join(map(quote, row)) for row in rows)
    start = source.choice(["", "", f"sep={delimiter}{end}", "\n\n"])
    encoding = source.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"])
    return (start + text).encode(encoding, "replace")


def _as_it_is(cell: str) -> str:
    return cell


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _json_lines(source: random.Random) -> bytes:
    values: list[Any] = [
        *_CELLS,
        None,
        True,
        7,
        12025550101,
        12025550101.0,
        float("nan"),
        [],
        {},
        {"a": [1]},
    ]
    names = [*_NAMES, "\ud800"]
    lines = (
        json.dumps({source.choice(names): source.choice(values) for _ in range(5)})
        for _ in range(source.randrange(30))
    )
    return source.choice(["\n", "\r\n", "\n\n"]).join(lines).encode()


def _good(source: random.Random) -> bytes:
    numbers = [f"1202555{source.randrange(10_000):04}" for _ in range(source.randrange(1, 40))]
    return ("to,key\n" + "".join(f"{number},{n}\n" for n, number in enumerate(numbers))).encode()


def _mutated(source: random.Random) -> bytes:
    data = bytearray(source.choice([_csv, _json_lines, _good])(source))
    for _ in range(source.randrange(1, 10)):
        place = source.randrange(len(data) + 1)
        piece = source.choice([b'"', b"\n", b"\0", b"\xff", b",", b"\\", b"{", source.randbytes(3)])
        data[place : place + source.randrange(4)] = piece
    return bytes(data)


_MAKERS = [
    _bytes,
    _unicode,
    _csv,
    _csv,
    _csv,
    _json_lines,
    _good,
    _good,
    _mutated,
    _mutated,
    _mutated,
]


def main() -> int:
    """Run the campaign and print its counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.cli.bulk.fuzz", description=__doc__)
    parser.add_argument("--lists", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    results = run(args.lists, args.seed, folder)
    folder.rmdir()
    counts = ", ".join(f"{count} {name}" for name, count in sorted(results.items()))
    print(f"{args.lists} lists: {counts}; no other exception")
    return 0


if __name__ == "__main__":
    sys.exit(main())
