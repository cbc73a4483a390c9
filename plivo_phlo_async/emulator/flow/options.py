"""The options of nodes: from what a source has to the canonical form of each kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .components import IVR_KEYS, OPERATIONS, ComponentSpec, OptionKind, OptionSpec
from .graph import Prompt
from .problems import Path, ProblemList, list_names, quote
from .template_environment import is_liquid
from .tree import ListValue, MapValue, OpaqueValue, ScalarValue, SourceValue

__all__ = [
    "BODIES",
    "FLAGS",
    "MAX_NAME",
    "MAX_NUMBER",
    "OptionReader",
    "accepts_text_pairs",
    "is_count",
    "is_null",
    "split_commas",
]

FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
"""The spellings of a flag, in lower case."""

BODIES = ("json", "form", "multipart")
"""The forms of an HTTP body."""

MAX_NAME = 100
"""The largest length of a name, in characters."""

MAX_NUMBER = 1_000_000_000
"""The largest number of an option."""

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?")
_NOT_RECORDED = ("", "0", "false", "null")
_COMMA_OR_OPENING = re.compile(r",|\{\{|\{%")
_KEYS_HINT = "there are 0 to 9, * and #."
_PROMPT_HINT = "give a text, {play: URL} or {speak: text, language: ..., voice: ...}."


def is_count(spec: ComponentSpec, option: OptionSpec) -> bool:
    """Return whether a number is a count: whole, and at least 1."""
    return (spec.slug, option.name) in (("counter", "max"), ("get_input", "max_digits"))


def accepts_text_pairs(spec: ComponentSpec, option: OptionSpec) -> bool:
    """Return whether pairs may be written as Plivo has them: `head1=val1,head2=val2`."""
    return (spec.slug, option.name) == ("initiate_call", "headers")


def split_commas(text: str) -> list[str]:
    """Split a text at its commas, but not within `{{ }}` and `{% %}`; without empty parts."""
    parts, start, position = [], 0, 0
    while found := _COMMA_OR_OPENING.search(text, position):
        position = found.end()
        if found[0] == ",":
            parts.append(text[start : found.start()])
            start = position
        else:
            closing = text.find("}}" if found[0] == "{{" else "%}", position)
            if closing < 0:  # an error, which the check of templates reports
                break
            position = closing
    stripped = [part.strip() for part in (*parts, text[start:])]
    return [part for part in stripped if part]


class OptionReader:
    """Reads values into their canonical forms, and adds what is wrong to a list of problems.

    Each method returns None where the value is invalid as a whole.
    """

    def __init__(self, problems: ProblemList) -> None:
        self._problems = problems
        self._readers = {
            OptionKind.TEXT: self.text,
            OptionKind.FLAG: self._flag,
            OptionKind.RECORD: self._record,
            OptionKind.LIST: self.texts,
            OptionKind.PROMPT: self._prompts,
            OptionKind.KEYS: self._keys,
            OptionKind.KEY: self._key,
            OptionKind.BODY: self._body,
            OptionKind.AUTH: self._auth,
            OptionKind.NAMES: self.names,
            OptionKind.CONFIRM: self._confirm,
        }

    def option(
        self, spec: ComponentSpec, option: OptionSpec, value: SourceValue, path: Path
    ) -> object:
        """Return an option of a component in the form that `FlowNode.options` has."""
        match option.kind:
            case OptionKind.NUMBER:
                return self._number(value, path, is_count(spec, option))
            case OptionKind.CHOICE:
                return self._choice(value, path, option)
            case OptionKind.PAIRS:
                return self._pairs(value, path, as_text=accepts_text_pairs(spec, option))
            case OptionKind.CONDITIONS:
                return self._conditions(value, path, spec.states)
        return self._readers[option.kind](value, path)

    def text(self, value: SourceValue, path: Path) -> str | None:
        """Return a text."""
        if isinstance(value, ScalarValue):
            return value.text
        what = {ListValue: "list", MapValue: "mapping"}.get(type(value), "")
        if isinstance(value, OpaqueValue):
            is_text = isinstance(value.value, str)  # one that no encoding has
            what = "lone surrogate" if is_text else type(value.value).__name__
        self._add(value, path, f"give a text, not a {what}.")
        return None

    def name(self, name: ScalarValue, path: Path) -> str | None:
        """Return a name: printable, of limited length, without blanks around it."""
        text = name.text
        if text and text.isprintable() and text == text.strip() and len(text) <= MAX_NAME:
            return text
        what = f"{quote(text)} is no name; give up to {MAX_NAME} printable characters."
        self._add(name, path, what if text.strip() else "give a name that is not empty.")
        return None

    def texts(self, value: SourceValue, path: Path) -> tuple[str, ...] | None:
        """Return a list of texts; a text is split at its commas."""
        if isinstance(value, ScalarValue):
            return tuple(split_commas(value.text))
        if not isinstance(value, ListValue):
            self._add(value, path, "give a text or a list of texts.")
            return None
        return tuple(self._items(value, path))

    def names(self, value: SourceValue, path: Path) -> tuple[str, ...] | None:
        """Return a list of different names."""
        names = self.texts(value, path)
        for repeated in _repeated(names or ()):
            self._add(value, path, f"{quote(repeated)} is there twice.")
        return names

    def mapping(
        self, value: SourceValue, path: Path, keys: Sequence[str], what: str = "a mapping"
    ) -> dict[str, SourceValue] | None:
        """Return the values of a mapping with known keys, without those that are null."""
        entries = self._entries(value, path, f"{what} with {list_names(keys)}")
        if entries is None:
            return None
        for text, (key, _) in entries.items():
            if text not in keys:
                near = self._problems.suggest(text, keys)
                there = f"there are {list_names(keys)}."
                self._add(key, path, f"no key {quote(text)}{near}; {there}")
        known = {text: inner for text, (_, inner) in entries.items() if text in keys}
        return {text: inner for text, inner in known.items() if not is_null(inner)}

    def _entries(
        self, value: SourceValue, path: Path, what: str
    ) -> dict[str, tuple[ScalarValue, SourceValue]] | None:
        if isinstance(value, MapValue):
            return dict(value.entries)
        self._add(value, path, f"give {what}.")
        return None

    def _items(self, value: ListValue, path: Path) -> Iterator[str]:
        for number, item in enumerate(value.items):
            text = self.text(item, (*path, number))
            if text:
                yield text
            elif text is not None:
                self._add(item, (*path, number), "give a text that is not empty.")

    def _number(self, value: SourceValue, path: Path, count: bool) -> str | None:
        text = self.text(value, path)
        if not text or is_liquid(text):
            return text
        number = float(text) if _NUMBER.fullmatch(text) else -1.0
        if count and (number < 1 or not number.is_integer()):
            number = -1.0
        if 0 <= number <= MAX_NUMBER:
            return str(int(number)) if number.is_integer() else repr(number)
        what = "a whole number of 1 or more" if count else "a number of 0 or more"
        self._add(value, path, f"{quote(text)} is not {what}.")
        return None

    def _flag(self, value: SourceValue, path: Path) -> str | None:
        text = self.text(value, path)
        if not text or is_liquid(text):
            return text
        if text.lower() in FLAGS:
            return "true" if FLAGS[text.lower()] else "false"
        self._add(value, path, f"{quote(text)} is no flag; give true or false.")
        return None

    def _record(self, value: SourceValue, path: Path) -> str | None:
        """Return "true" for what Plivo takes for true: every text but 0, false and null."""
        text = self.text(value, path)
        if text is None or is_liquid(text):
            return text
        if not FLAGS.get(text.lower(), True) and text.lower() != "false":
            also = "every text but 0, false and null records"
            self._add(value, path, f"{quote(text)} would record, as {also}; write false.")
            return None
        return "" if text.lower() in _NOT_RECORDED else "true"

    def _choice(self, value: SourceValue, path: Path, option: OptionSpec) -> str | None:
        text = self.text(value, path)
        if not text or text in option.choices:
            return text
        near = self._problems.suggest(text, option.choices)
        there = f"there are {list_names(option.choices)}."
        self._add(value, path, f"no {option.name} {quote(text)}{near}; {there}")
        return None

    def _key(self, value: SourceValue, path: Path) -> str | None:
        text = self.text(value, path)
        if not text or text in IVR_KEYS:
            return text
        self._add(value, path, f"{quote(text)} is no key; {_KEYS_HINT}")
        return None

    def _keys(self, value: SourceValue, path: Path) -> tuple[str, ...] | None:
        """Return keys in the order of a phone; each problem is at the whole value."""
        if isinstance(value, ScalarValue):
            given = [key for key in value.text if key not in " ,"]
            if is_liquid(value.text):
                given = [value.text]
        elif isinstance(value, ListValue):
            given = list(self._items(value, path))
        else:
            self._add(value, path, "give a list of keys, or a text such as 12#.")
            return None
        for key in dict.fromkeys(key for key in given if key not in IVR_KEYS):
            self._add(value, path, f"{quote(key)} is no key; {_KEYS_HINT}")
        for key in _repeated(key for key in given if key in IVR_KEYS):
            self._add(value, path, f"{quote(key)} is there twice.")
        return tuple(key for key in IVR_KEYS if key in given)

    def _prompts(self, value: SourceValue, path: Path) -> tuple[Prompt, ...] | None:
        if not isinstance(value, ListValue):
            is_empty = isinstance(value, ScalarValue) and not value.text
            prompt = None if is_empty else self._prompt(value, path)
            return () if prompt is None else (prompt,)
        parts = [self._prompt(item, (*path, number)) for number, item in enumerate(value.items)]
        return tuple(part for part in parts if part is not None)

    def _prompt(self, value: SourceValue, path: Path) -> Prompt | None:
        if isinstance(value, ScalarValue) and value.text:
            return Prompt(speak=value.text)
        if not isinstance(value, MapValue):
            self._add(value, path, _PROMPT_HINT)
            return None
        given = self.mapping(value, path, ("speak", "play", "language", "voice")) or {}
        texts = {key: self.text(inner, (*path, key)) or "" for key, inner in given.items()}
        prompt = Prompt(**texts)
        if bool(prompt.speak) == bool(prompt.play):
            self._add(value, path, _PROMPT_HINT)
        elif prompt.play and (prompt.language or prompt.voice):
            self._add(value, path, "language and voice are for a text to speak.")
        return prompt

    def _pairs(
        self, value: SourceValue, path: Path, *, as_text: bool = False
    ) -> dict[str, str] | None:
        if as_text and isinstance(value, ScalarValue):
            return self._text_pairs(value, path)
        entries = self._entries(value, path, "a mapping of names and texts")
        if entries is None:
            return None
        pairs = {}
        for name, (key, inner) in entries.items():
            text = "" if is_null(inner) else self.text(inner, (*path, name))
            if not name:
                self._add(key, path, "give a name that is not empty.")
            elif text is not None:
                pairs[name] = text
        return pairs

    def _text_pairs(self, value: ScalarValue, path: Path) -> dict[str, str]:
        parts = [part.partition("=") for part in split_commas(value.text)]
        for name, equals, _ in parts:
            if not name.strip() or not equals or is_liquid(name):
                self._add(value, path, f"{quote(name)} is not name=value.")
        for name in _repeated(name.strip() for name, _, _ in parts):
            self._add(value, path, f"{quote(name)} is there twice.")
        return {name.strip(): text.strip() for name, _, text in parts}

    def _body(self, value: SourceValue, path: Path) -> dict[str, object] | None:
        given = self.mapping(value, path, BODIES)
        if given is None:
            return None
        if len(given) != 1:
            self._add(value, path, f"give one of {list_names(BODIES)}.")
            return None
        (form, inner), path = *given.items(), (*path, *given)
        if form == "json":
            return {form: self._json(inner, path)}
        return {form: self._pairs(inner, path) or {}}

    def _json(self, value: SourceValue, path: Path) -> object:
        if isinstance(value, MapValue):
            entries = value.entries.items()
            return {name: self._json(inner, (*path, name)) for name, (_, inner) in entries}
        if isinstance(value, ListValue):
            return [self._json(item, (*path, n)) for n, item in enumerate(value.items)]
        if isinstance(value, ScalarValue):
            return value.text
        return self.text(value, path)

    def _auth(self, value: SourceValue, path: Path) -> dict[str, object] | None:
        """Return credentials; no problem shows them."""
        given = self.mapping(value, path, ("basic", "bearer"))
        if given is None:
            return None
        if len(given) != 1:
            self._add(value, path, "give {basic: [user, password]} or {bearer: token}.")
            return None
        (scheme, inner), path = *given.items(), (*path, *given)
        if scheme == "bearer":
            return {scheme: self.text(inner, path)}
        if not isinstance(inner, ListValue) or len(inner.items) != 2:
            self._add(inner, path, "give a list of the user and the password.")
            return None
        return {scheme: tuple(self.text(each, path) for each in inner.items)}

    def _confirm(self, value: SourceValue, path: Path) -> dict[str, object] | None:
        given = self.mapping(value, path, ("prompt", "key"))
        if given is None:
            return None
        if len(given) != 2:
            self._add(value, path, "give a prompt and a key.")
            return None
        prompt = self._prompts(given["prompt"], (*path, "prompt"))
        key = self._key(given["key"], (*path, "key"))
        if prompt == () or key == "":
            self._add(value, path, "give a prompt and a key.")
        return {"prompt": prompt, "key": key}

    def _conditions(
        self, value: SourceValue, path: Path, states: Sequence[str]
    ) -> dict[str, tuple[str, str]] | None:
        entries = self._entries(value, path, "a mapping, such as {gold: {equals: gold}}")
        conditions = {}
        for alias, (key, inner) in (entries or {}).items():
            self.name(key, path)
            if alias in states:
                self._add(key, path, f"{quote(alias)} is a state already; choose another name.")
            conditions[alias] = self._condition(inner, (*path, alias))
        return conditions

    def _condition(self, value: SourceValue, path: Path) -> tuple[str, str]:
        if not isinstance(value, MapValue) or len(value.entries) != 1:
            self._add(value, path, "give one comparison, such as {equals: gold}.")
            return "equals", ""
        ((operation, (key, right)),) = value.entries.items()
        if operation not in OPERATIONS:
            near = self._problems.suggest(operation, OPERATIONS)
            there = f"there are {list_names(list(OPERATIONS))}."
            self._add(key, path, f"no comparison {quote(operation)}{near}; {there}")
        text = self.text(right, (*path, operation)) or ""
        if operation != "is_empty":
            return operation, text
        if text.lower() != "true":
            self._add(right, (*path, operation), "give true; not_equals compares with a text.")
        return operation, ""

    def _add(self, at: SourceValue, path: Path, text: str) -> None:
        self._problems.add(at.position, path, text)


def is_null(value: SourceValue) -> bool:
    """Return whether a source has no value where it could have one."""
    return isinstance(value, ScalarValue) and value.is_null


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
