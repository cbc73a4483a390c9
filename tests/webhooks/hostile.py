"""Bodies of 256 KiB that cost as much as possible, all well formed or nearly so."""

from __future__ import annotations

from collections.abc import Iterable

SIZE = 262_144


def _filled(begin: str, units: Iterable[str], end: str, separator: str = ",") -> bytes:
    """As many of these units as fit."""
    text, left = [], SIZE - len(begin) - len(end)
    for unit in units:
        left -= len(unit) + len(separator)
        if left < 0:
            break
        text.append(unit)
    return f"{begin}{separator.join(text)}{end}".encode()


def _same(begin: str, unit: str, end: str, separator: str = ",") -> bytes:
    return _filled(begin, (unit for _ in range(SIZE)), end, separator)


def _numbered(begin: str, form: str, end: str, separator: str = ",") -> bytes:
    return _filled(begin, (form % number for number in range(SIZE)), end, separator)


_K = "k" * 250_000

# Rejected as soon as their size is known.
REJECTED = {
    "nested arrays": b'{"a":' + b"[" * 131_000 + b"]" * 131_000 + b"}",
    "nested objects": b'{"a":' * 43_000 + b"1" + b"}" * 43_000,
    "33 levels": b'{"a":' * 33 + b'"' + b"x" * 250_000 + b'"' + b"}" * 33,
    "many arrays": _same('{"a":[', "[]", "]}"),
    "many objects": _same('{"a":[', "{}", "]}"),
    "many numbers": _same('{"a":[', "1", "]}"),
    "many texts": _same('{"a":[', '""', "]}"),
    "many keys": _numbered("{", '"%d":1', "}"),
    "many objects by key": _numbered("{", '"%d":{"a":[1]}', "}"),
    "a long key of many": f'{{"{_K}":[{",".join("1" * 999)}]}}'.encode(),
    "a long wrapper": f'{{"{_K}":{{{",".join(f""" "{n}":1""" for n in range(999))}}}}}'.encode(),
    "a huge number": _same('{"a":', "9", "}", ""),
    "numbers of 4300 digits": _same('{"a":[', "9" * 4300, "]}"),
    "an unterminated text": _same('{"a":"', '\\"', "", ""),
    "repeated parameters": _same("", "a=1", "", "&"),
    "percent signs": _same("a=", "%", "", ""),
}
# As large as what is accepted.
ACCEPTED = {
    "1000 numbers of 250 digits": _filled('{"a":[', ("9" * 250 for _ in range(999)), "]}"),
    "a key of 256 characters and 1990 numbers": _filled(
        f'{{"{"k" * 256}":[', ("9" * 125 for _ in range(1990)), "]}"
    ),
    "a text below 32 levels": b'{"a":' * 32 + b'"' + b"x" * 250_000 + b'"' + b"}" * 32,
    "32 levels of 60 keys": b'{"a":' * 31
    + _filled("{", (f'"{"k" * 120}{n}":1' for n in range(1900)), "}")
    + b"}" * 31,
    "a huge fraction": b'{"a":1.' + b"9" * 262_000 + b"}",
    "escapes in JSON": _same('{"a":"', "\\u00e9", '"}', ""),
    "quotes in JSON": _same('{"a":"', '\\"', '"}', ""),
    "1000 form keys": _numbered("", "%0260d=%%41%%ff", "", "&"),
    "deep form keys": _same("a", "[a]", "=1", ""),
    "escapes": _same("a=", "%41", "", ""),
    "escapes of invalid UTF-8": _same("a=", "%ff", "", ""),
    "escapes in both": _same("a=", "%41a=", "", ""),
    "JSON in a form": _same("media_urls=[", "[]", "]")[:200_000],
    "spaces between addresses": b"media_urls=" + b"+" * 250_000 + b"x",
    "a long state": b"state=" + b"a" * 250_000,
    "a long time": b"start_time=" + b"+" * 130_000 + b"-" * 130_000,
}
HOSTILE = {**REJECTED, **ACCEPTED}


def content_type(body: bytes) -> dict[str, str]:
    kind = "json" if body[:1] == b"{" else "x-www-form-urlencoded"
    return {"content-type": f"application/{kind}"}
