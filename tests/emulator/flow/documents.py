"""Valid documents of flows, made from the component table."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from plivo_phlo_async.emulator.flow.components import (
    COMPONENTS,
    IVR_KEYS,
    OPERATIONS,
    TRIGGERS,
    ComponentSpec,
    OptionKind,
    OptionSpec,
    slug_of,
)
from plivo_phlo_async.emulator.flow.options import accepts_text_pairs, is_count
from plivo_phlo_async.emulator.flow.template_environment import is_liquid

_ODD_TEXTS = [
    *("on", "no", "1", "007", "1e5", "-0.5", "true", "null", "~", "+14155550100", "12025550000"),
    *(
        "a: b",
        "a #b",
        "# a",
        "- a",
        "? a",
        "* a",
        "& a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "[a",
        "{a",
    ),
    *(
        "'",
        '"',
        "it's",
        'say "hi"',
        "\\",
        "a\nb",
        "a\n\nb\n",
        "\na",
        " a",
        "a ",
        "a  b",
        "\ta",
        "a\tb",
    ),
    *(
        "a\r\nb",
        "\x85",
        "\u2028a",
        "\ufeff",
        "\x00",
        "\x1b[31m",
        "\U0001f600",
        "é",
        "a, b",
        "=",
        "a=b",
    ),
    *("word " * 40, "long" * 60, f"{'word ' * 30}\n{'word ' * 30}end", "---", "...", "<<", "next"),
]
_TEMPLATES = [
    "{{Start.request_type}}",
    "{{ Start.http.params.to | default: '12025550001' }}",
    "Hello {{Start.call.from}}: {% if Start.call.to == '1' %}one{% else %}two{% endif %}.",
    "{% assign x = Start.message.text %}{{x | upcase}}\n{{ Start.call.header1 }}",
]


def _full(text: str) -> bool:
    return bool(text.strip()) and not is_liquid(text)


texts = st.one_of(
    st.sampled_from(_ODD_TEXTS),
    st.text(max_size=30).filter(lambda text: not is_liquid(text)),
    st.sampled_from(_TEMPLATES),
)
full_texts = texts.filter(lambda text: bool(text.strip()))
names = st.one_of(
    st.sampled_from(["Menu", "Send SMS_1", "on", "1", "null", "a: b", "#", "{x}", "next", "é"]),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12),
).filter(lambda name: name.isprintable() and name != "Start")
numbers = st.one_of(
    st.integers(0, 10**9),
    st.integers(0, 100).map(str),
    st.floats(0, 10**6),
    st.just("{{Start.http.params.seconds}}"),
)
counts = st.one_of(st.integers(1, 10**6), st.integers(1, 10).map(str))
flags = st.sampled_from([True, False, "true", "no", "On", "{{Start.http.params.flag}}"])
records = st.sampled_from([True, False, 0, 17, "true", "False", "{{Start.http.params.record}}"])
pairs = st.dictionaries(st.one_of(full_texts, names), texts, max_size=4)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), texts)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(full_texts | names, inner, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(IVR_KEYS)
key_lists = st.lists(keys, min_size=1, unique=True)
name_lists = st.lists(names.filter(lambda name: "," not in name), unique=True, max_size=4)
spoken = st.fixed_dictionaries(
    {"speak": full_texts}, optional={"language": st.just("de-DE"), "voice": full_texts}
)
parts = st.one_of(full_texts, spoken, st.fixed_dictionaries({"play": full_texts}))
prompts = st.one_of(parts, st.lists(parts, min_size=1, max_size=3))
urls = st.sampled_from(["http://127.0.0.1:8000/plivo", "https://example.com/{{ Start.call.to }}"])

_BODIES = st.one_of(
    st.fixed_dictionaries({"json": json_values.filter(lambda value: value is not None)}),
    st.fixed_dictionaries({"form": pairs}),
    st.fixed_dictionaries({"multipart": pairs}),
)
_COMPARISONS = st.one_of(
    st.sampled_from([name for name in OPERATIONS if name != "is_empty"]).flatmap(
        lambda name: st.fixed_dictionaries({name: texts})
    ),
    st.just({"is_empty": True}),
)
_OF_KIND: dict[OptionKind, st.SearchStrategy[Any]] = {
    OptionKind.TEXT: full_texts,
    OptionKind.FLAG: flags,
    OptionKind.RECORD: records,
    OptionKind.LIST: st.one_of(
        full_texts.filter(lambda text: bool(text.strip(" ,\n\t"))),
        st.lists(full_texts, min_size=1, max_size=3),
    ),
    OptionKind.PROMPT: prompts,
    OptionKind.KEYS: st.one_of(key_lists, key_lists.map("".join)),
    OptionKind.KEY: keys,
    OptionKind.BODY: _BODIES,
    OptionKind.AUTH: st.one_of(
        st.fixed_dictionaries({"basic": st.lists(texts, min_size=2, max_size=2)}),
        st.fixed_dictionaries({"bearer": texts}),
    ),
    OptionKind.NAMES: name_lists,
    OptionKind.CONFIRM: st.fixed_dictionaries({"prompt": prompts, "key": keys}),
    OptionKind.CONDITIONS: st.dictionaries(
        names.filter(lambda name: name != "No Match"), _COMPARISONS, max_size=3
    ),
}


def _option(spec: ComponentSpec, option: OptionSpec) -> st.SearchStrategy[Any]:
    if option.kind is OptionKind.NUMBER:
        return counts if is_count(spec, option) else numbers
    if option.kind is OptionKind.CHOICE:
        return st.sampled_from(option.choices)
    if option.kind is OptionKind.PAIRS:
        as_text = [st.just("head1=val1, head2={{Start.call.to}}")]
        return st.one_of(pairs, *(as_text if accepts_text_pairs(spec, option) else []))
    return _OF_KIND[option.kind]


def _states(spec: ComponentSpec, node: dict[str, Any]) -> list[str]:
    added = node.get(spec.state_option, ()) if spec.state_option else ()
    return [*added, *spec.states, *(slug for slug in map(slug_of, spec.states) if slug != added)]


@st.composite
def nodes(draw: st.DrawFn, targets: list[str]) -> dict[str, Any]:
    """A node whose next nodes are among `targets`."""
    spec = draw(st.sampled_from(list(COMPONENTS.values())))
    node: dict[str, Any] = {"component": draw(st.sampled_from([spec.title, spec.slug]))}
    for name, option in spec.options.items():
        if option.required or draw(st.booleans()):
            node[name] = draw(_option(spec, option))
    if node.get("method") == "GET":
        node.pop("body", None)
    states = st.sampled_from(_states(spec, node))
    links = st.dictionaries(states, st.sampled_from(targets), max_size=4)
    distinct = links.filter(lambda each: len({slug_of(name) or name for name in each}) == len(each))
    node["next"] = draw(st.sampled_from(targets) | distinct)
    if draw(st.booleans()):
        events = st.lists(st.sampled_from([*spec.states, *spec.events]), max_size=3)
        given = st.fixed_dictionaries(
            {"url": urls},
            optional={"format": st.just("json"), "port_in_signature": flags.filter(_is_literal)}
            | {"events": events},
        )
        node["callback"] = draw(urls | given)
    return node


def _is_literal(value: object) -> bool:
    return not is_liquid(str(value))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid flow, as plain data."""
    unique = st.lists(
        names, min_size=1, max_size=5, unique_by=lambda n: n.replace(" ", "_").replace("-", "_")
    )
    listed = draw(unique)
    start: dict[str, Any] = draw(
        st.dictionaries(st.sampled_from(TRIGGERS), st.sampled_from(listed), max_size=3)
    )
    if draw(st.booleans()):
        start["keys"] = draw(name_lists | st.dictionaries(names, st.none() | texts, max_size=3))
    document = {
        "phlo": draw(names),
        "numbers": draw(st.lists(full_texts, unique=True, max_size=2)),
        "start": start,
        "nodes": {name: draw(nodes(listed)) for name in listed},
    }
    if draw(st.booleans()):
        document["id"] = "0f6b1c52-7d3a-4e8b-9a41-5c2d7e90b1a4"
    return document
