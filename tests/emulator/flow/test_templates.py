"""Templates: what they render, what they read, and what they may not take."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plivo_phlo_async.emulator.flow.templates import (
    MAX_CHARACTERS,
    DottedText,
    Reference,
    TemplateError,
    nest_variables,
    references,
    render,
    unknown_filters,
)

VARIABLES: dict[str, object] = {
    "Start": nest_variables(
        {
            "call.from": "12025550000",
            "http.params": {
                "otp": 779889,
                "pin": "0042",
                "rate": 1.0,
                "vip": True,
                "rows": [1, {"a": None}],
                "name": {"first name": "Ann", "é": [False]},
            },
        }
    ),
    "Send_SMS_1": nest_variables({"to": "1202", "to.iso2": "US", "status": ""}),
}
DOUBLED = "{% assign a = a | append: a %}"

MANY_NAMES = "".join(f"{{% assign a{number} = a %}}" for number in range(40))


def shown(template: str) -> str:
    return render(template, VARIABLES)


def refusal(template: str) -> str:
    with pytest.raises(TemplateError) as refused:
        shown(template)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("text", ["", "Hello.", "50% {x} }} %}", "a\r\nb"])
def test_a_text_without_liquid_is_itself(text: str) -> None:
    assert shown(text) is text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ Start.http.params.otp }}", "779889"),
        ("{{ Start.http.params.pin }}", "0042"),
        ("{{ Start.http.params.rate }}", "1.0"),
        ("{{ Start.http.params.vip }}", "true"),
        ("{{ Start.http.params.rows }}", '[1,{"a":null}]'),
        ("{{ Start.http.params.rows[1] }}", '{"a":null}'),
        ("{{ Start.http.params.rows[1].a }}", ""),
        ("{{ Start.http.params.name }}", '{"first name":"Ann","é":[false]}'),
        ("{{ Start.http.params.name['first name'] }}", "Ann"),
        ("{% echo Start.http.params.rows %}", '[1,{"a":null}]'),
        ("{{ Start.http.params.rows | append: '!' }}", '[1,{"a":null}]!'),
        ("{{ '!' | append: Start.http.params.vip }}", "!true"),
        ("{{ Start.http.params.rows | join: ', ' }}", '1, {"a":null}'),
        ("{{ (1..3) | join: '' }}{{ (1..3) }}", "1231..3"),
        ("{{ nil }}{{ empty }}", ""),
        ("{{ 'x' | append: nil }}", "x"),
        ("a\r\n{{ 1 }}\r\n", "a\r\n1\r\n"),
    ],
)
def test_a_value_renders_as_its_text_or_as_json(template: str, text: str) -> None:
    assert shown(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ Send_SMS_1.to }} {{ Send_SMS_1.to.iso2 }}", "1202 US"),
        ("{{ Send_SMS_1.to | append: '9' | slice: 3, 2 }}", "29"),
        ("{{ Send_SMS_1.to | plus: 1 }}", "1203"),
        ("{{ Send_SMS_1.to.size }}", "4"),
        ("{{ Send_SMS_1.to | upcase | split: '0' | join: '-' }}", "12-2"),
        ("{% if Send_SMS_1.to == '1202' and Send_SMS_1.to contains '20' %}yes{% endif %}", "yes"),
        ("{% case Send_SMS_1.to %}{% when '1202' %}yes{% endcase %}", "yes"),
        ("{{ Send_SMS_1.to.nothing }}{{ Send_SMS_1.to.iso2.nothing }}", ""),
    ],
)
def test_a_text_may_have_values_of_its_own(template: str, text: str) -> None:
    assert shown(template) == text


def test_names_with_dots_nest_in_any_order() -> None:
    flat = {"to.iso2": "US", "to": 1202, "http.params": {"a.b": 1}, "http.params.c.d": 2, "n": None}
    nested = nest_variables(flat)

    assert nested["to"] == DottedText("1202", {"iso2": "US"})
    assert nested["http"] == {"params": {"a.b": 1, "c": {"d": 2}}}
    assert nested["n"] is None
    assert nested.keys() == {"to", "http", "n"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ nothing }}",
        "{{ nothing.at.all }}",
        "{{ nothing[0]['x'] | upcase }}",
        "{{ nothing | map: 'x' | first }}",
        "{{ nothing | sort | uniq | reverse }}",
        "{{ nothing | split: ',' | join: nothing }}",
        "{{ Start.call.nothing | date: '%Y' }}",
        "{{ Start[nothing] }}{{ [Start.call.from] }}",
        "{% for each in nothing.at.all %}x{% endfor %}",
        "{% if nothing.at.all == 'x' or nothing > 1 %}x{% endif %}",
    ],
)
def test_what_has_no_value_is_empty(template: str) -> None:
    assert shown(template) == ""


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ nothing.at.all | default: 'there' }}", "there"),
        ("{{ Send_SMS_1.status | default: 'unknown' }}", "unknown"),
        ("{{ Send_SMS_1.to | default: 'unknown' }}", "1202"),
    ],
)
def test_a_default_replaces_what_is_empty(template: str, text: str) -> None:
    assert shown(template) == text


@pytest.mark.parametrize(
    "path",
    [
        "Start.__class__",
        "Start['__class__']",
        "Start.call.from.__class__.__mro__",
        "Send_SMS_1.to.values",
        "Send_SMS_1.to.format",
        "Start.http.params.rows.append",
        "nothing.name",
        "now",
        "today",
    ],
)
def test_nothing_but_the_given_values_can_be_read(path: str) -> None:
    assert shown(f"{{{{ {path} }}}}") == ""


def test_the_argument_of_map_is_a_text() -> None:
    assert render("{{ a | map: true }}", {"a": [{"true": 1}]}) == "[1]"


def test_a_value_is_never_a_template() -> None:
    assert render("{{ a }}", {"a": "{{ b }}{% x %}", "b": "secret"}) == "{{ b }}{% x %}"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ a | upcse }}", "unknown filter 'upcse' (did you mean upcase?)"),
        ("{{ a | escapejs }}", "unknown filter 'escapejs' (did you mean escape?)"),
        ("{% foo %}", "unexpected tag 'foo'"),
        ("{% include 'a' %}", "unexpected tag 'include'"),
        ("{% render 'a' %}", "unexpected tag 'render'"),
        ("{{ a", "has {{ without its end"),
        ("{{ a }} {% if a", "has {% without its end"),
        ("{% raw %}{{ a }}", "has {% raw %} without its end"),
        ("{{ 1 | divided_by: 0 }}", "divided_by: can't divide by 0"),
        ("{{ 'a' | split }}", "the filter 'split' has the wrong arguments"),
        ("{{ 'a' | upcase: context: 1 }}", "the filter 'upcase' has the wrong arguments"),
        ("{{ 'a' | concat: 'b' }}", "concat expects a list"),
        ("{{ 'x' | date: '%Y', 'x' }}", "the filter 'date' has the wrong arguments"),
    ],
)
def test_a_mistake_is_refused_in_one_line(template: str, reason: str) -> None:
    assert refusal(template) == reason


def test_a_long_reason_is_cut() -> None:
    assert len(refusal(f"{{{{ 'a' | {'b' * 1900} }}}}")) < 300


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 'now' | date: '%Y-%m-%d %H:%M' }}", "2026-01-02 03:04"),
        ("{{ 1700000000 | date: '%Y-%m-%d %H' }}", "2023-11-14 22"),
        ("{{ '1700000000' | date: '%H' }}", "22"),
        ("{{ '2020-05-06' | date: '%d.%m.' }}", "06.05."),
        ("{{ 'no date' | date: '%d' }}", "no date"),
    ],
)
def test_a_date_is_in_utc_and_now_is_given(template: str, text: str) -> None:
    assert render(template, {}, now=datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == text


def test_a_text_that_is_too_long_is_refused() -> None:
    longest = "x" * MAX_CHARACTERS

    assert shown(longest) == longest
    assert refusal(longest + "x") == "renders more than 10,000 characters"
    assert refusal("{{ a }}" + longest) == "is longer than 10,000 characters"


def test_a_template_renders_10_000_characters_of_any_kind_at_most() -> None:
    assert render("{{ a }}", {"a": "é" * MAX_CHARACTERS}) == "é" * MAX_CHARACTERS
    with pytest.raises(TemplateError, match="renders more than 10,000 characters"):
        render("{{ a }}b", {"a": "é" * MAX_CHARACTERS})


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for i in (1..9000) %}{{ i }}{% endfor %}", "renders more than"),
        ("{% for i in (1..1000000000) %}{% endfor %}", "range of more than 10,000 numbers"),
        ("{% for i in (1..1000000000) reversed %}{% endfor %}", "range of more than"),
        ("{% for i in (1..1000000000) offset: 999999999 %}{% endfor %}", "range of more than"),
        ("{% tablerow i in (1..1000000000) cols: 2 %}{% endtablerow %}", "range of more than"),
        ("{% if (1..1000000000) contains 'x' %}{% endif %}", "range of more than"),
        ("{% unless (1..1000000000) contains 'x' %}{% endunless %}", "range of more than"),
        ("{% case 1 %}{% when (1..1000000000) %}{% endcase %}", "range of more than"),
        ("{% assign a = (1..1000000000) %}{{ a | join }}", "range of more than"),
        ("{{ 'x' | append: (1..1000000000) }}", "range of more than"),
        ("{% liquid\necho (1..1000000000) | sort %}", "range of more than"),
        ("{% cycle (1..1000000000), 1 %}", "range of more than"),
        ("{% for i in (1..9000) %}{% endfor %}" * 99, "takes more than 100,000 steps"),
        ("{% for i in (1..200) %}" * 3 + "{% endfor %}" * 3, "loops more than 10,000 times"),
        ("{% case 1 %}{% when 1,1,1,1,1,1,1,1 %}" * 20 + "{% endcase %}" * 20, "steps"),
        ("{% for i in (1..9000) %}{% if (1..9000) contains 'x' %}{% endif %}{% endfor %}", "steps"),
        (
            "{% for i in (1..9000) %}{% case 1 %}{% when 2" + ",2" * 900 + " %}{% endcase %}"
            "{% endfor %}",
            "steps",
        ),
        ("{% assign a = 'ab' %}" + DOUBLED * 40, "value of more than 100,000 characters"),
        ("{% capture a %}ab{% endcapture %}" + DOUBLED * 40, "value of more than"),
        ("{% capture a %}{{ a }}{{ a }}b{% endcapture %}" * 40, "renders more than"),
        ("{% assign a = 9 %}" + "{% assign a = a | times: a %}" * 40, "number that is too large"),
        ("{% assign a = 'a,b' | split: ',' %}" + "{% assign a = a | concat: a %}" * 40, "value of"),
        ("{% assign a = 'ab' %}" + DOUBLED * 14 + "{{ a | replace: '', a }}", "value of"),
        ("{% assign a = 'ab' %}" + DOUBLED * 14 + "{{ a | split: '' | join: a }}", "value of"),
        ("{% assign a = '<script' %}" + DOUBLED * 12 + "{{ a | strip_html }}", "steps"),
        ("{% assign a = 'ab' %}" + DOUBLED * 14 + "{{ a | split: '' | uniq }}", "steps"),
        ("{% assign a = '1 ' %}" + DOUBLED * 8 + "{{ a | date: '%Y' }}", "date's format"),
        ("{% assign a = '%c' %}" + DOUBLED * 8 + "{{ 0 | date: a }}", "date's format"),
        ("{% assign a = 'ab' %}" + DOUBLED * 14 + MANY_NAMES, "keeps more than"),
        ("{{ " + "(" * 3000 + " }}", "tag of more than 2,000 characters"),
        ("{{ " + "[" * 1900 + " }}", "nested too deeply"),
        ("{% comment %}" + ("{{" + " " * 90) * 90, "has {{ without its end"),
    ],
)
def test_what_takes_too_much_is_refused(template: str, reason: str) -> None:
    assert reason in refusal(template)


def test_a_value_that_is_too_large_is_refused_by_filters() -> None:
    heavy = {"a": ["x" * 60_000] * 3, "b": 10**400}

    with pytest.raises(TemplateError, match="value of more than 100,000 characters"):
        render("{{ a | first | slice: 0 }}", heavy)
    with pytest.raises(TemplateError, match="number that is too large"):
        render("{{ b | plus: 1 }}", heavy)


def test_a_template_within_the_limits_may_do_much() -> None:
    template = "{% for i in (1..1000) %}{{ i | modulo: 10 }}{% if i == 7 %}!{% endif %}{% endfor %}"

    assert len(shown(template)) == 1001


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("no variable", []),
        ("{{ Menu.digits }}", ["Menu.digits"]),
        ("{{ Menu.digits }}{{ Menu.digits | upcase }}", ["Menu.digits"]),
        ("{{ a.b | append: c.d | slice: e, f }}", ["a.b", "c.d", "e", "f"]),
        ("{% if a.b == c or d contains e %}{% elsif f %}{% endif %}", ["a.b", "c", "d", "e", "f"]),
        ("{% case a %}{% when b, c %}{% endcase %}{% unless d %}{% endunless %}", [*"abcd"]),
        ("{% for i in a.b limit: c offset: d %}{{ i.x }}{{ forloop.index }}{% endfor %}",
         ["a.b", "c", "d"]),
        ("{% tablerow i in (a..b) cols: c %}{{ i }}{% endtablerow %}", ["a", "b", "c"]),
        ("{% assign a = b.c %}{{ a.d }}", ["b.c"]),
        ("{{ a }}{% assign a = 1 %}", ["a"]),
        ("{% capture a %}{{ b }}{% endcapture %}{{ a }}", ["b"]),
        ("{% increment a %}{{ a }}{% decrement b %}{{ b }}", []),
        ("{% cycle a: b, c %}{% echo d %}{% liquid\necho e %}", ["a", "b", "c", "d", "e"]),
        ("{{ a['b c'][0].d }}", ["a.b c.0.d"]),
        ("{{ a.b[c.d].e }}", ["a.b", "c.d"]),
        ("{% raw %}{{ a }}{% endraw %}{% comment %}{{ b }}{% endcomment %}", []),
    ],
)  # fmt: skip
def test_references_are_what_a_template_reads_from_outside(template: str, paths: list[str]) -> None:
    assert [".".join(each.path) for each in references(template)] == paths


def test_a_reference_has_a_default_where_the_filter_is_applied_to_it() -> None:
    found = references("{{ a.b | upcase | default: c }}{% assign x = d | default: 1 %}{{ a.b }}")

    assert found == (
        Reference(("a", "b"), True),
        Reference(("c",), False),
        Reference(("d",), True),
        Reference(("a", "b"), False),
    )


def test_unknown_filters_are_found_wherever_they_are() -> None:
    template = "{{ a | upcase | foo }}{% if a %}{% assign b = a | bar | foo %}{% endif %}"

    assert unknown_filters(template) == ("foo", "bar")
    assert unknown_filters("no filter") == ()


@pytest.mark.parametrize("look", [references, unknown_filters])
def test_what_is_no_template_cannot_be_analysed(look: object) -> None:
    assert callable(look)
    with pytest.raises(TemplateError, match="unexpected tag 'foo'"):
        look("{% foo %}")
