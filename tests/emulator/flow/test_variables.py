"""The variables that templates read exist, or an error says which do."""

from __future__ import annotations

from typing import Any

import pytest

from plivo_phlo_async.emulator.flow.problems import MAX_PROBLEMS, FlowError
from plivo_phlo_async.emulator.flow.reader import read_phlo, read_phlo_text

MENU: dict[str, Any] = {"component": "IVR Menu", "inputs": "1"}


def errors(message: str, **node: Any) -> list[str]:
    """Return the problems of a text that a node `Tell` sends."""
    sms = {"component": "Send SMS", "from": "1", "to": "2", "message": message, **node}
    nodes = {
        "Menu": MENU,
        "Ask": {"component": "HTTP Request", "method": "GET", "url": "http://x"},
        "Send SMS_1": sms,
        "Tries": {"component": "Counter", "max": 3},
    }
    try:
        read_phlo({"phlo": "Test", "nodes": nodes}, "")
    except FlowError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    "template",
    [
        "{{Menu.digits}}",
        "{{ Menu['digits'] }}",
        "{{Menu.digits.size}}",
        "{{Menu}}",
        "{{Start.call.from}}",
        "{{Start.call}}",
        "{{Start.call.header1}}",
        "{{Start.http.params.anything.below}}",
        "{{Start.request.params.key}}",
        "{{Ask.response.customer.orders[0].id}}",
        "{{Send_SMS_1.to.iso2}}",
        "{{Send_SMS_1.media_urls[0]}}",
        "{% assign own = Menu.digits %}{{own}}",
        "{% capture own %}x{% endcapture %}{{own}}",
        "{% for key in Start.http.params.keys %}{{key}}{{forloop.index}}{% endfor %}",
        "{% raw %}{{Menu.digit}}{% endraw %}",
        "no template: Menu.digit",
    ],
)
def test_what_exists_may_be_read(template: str) -> None:
    assert errors(template) == []


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (
            "{{Menu.digit}}",
            "{{Menu.digit}}: IVR Menu has no variable 'digit' (did you mean digits?); it has"
            " digits, input_type.",
        ),
        ("{{Tries.count}}", "{{Tries.count}}: Counter has no variable 'count'; it has none."),
        ("{{Menuu.digits}}", "{{Menuu.digits}}: no node 'Menuu' (did you mean Menu?)."),
        (
            "{{order}}",
            "{{order}}: no node 'order'; there are Menu, Ask, Send_SMS_1, Tries, Start.",
        ),
        (
            "{{Start.message.mesage}}",
            "{{Start.message.mesage}}: Start has no variable 'message.mesage' (did you mean"
            " message.msg?); it has message.message_uuid, ",
        ),
        (
            "{{Start.cal.from}}",
            "{{Start.cal.from}}: Start has no variable 'cal.from' (did you mean call.from?); it"
            " has request_type, call.uuid, ",
        ),
        ("{{Start.call.headerx}}", "{{Start.call.headerx}}: Start has no variable "),
        ("{{Menu.digits.first.x}}", "{{Menu.digits.first.x}}: IVR Menu has no variable "),
        ("{{Menu.digits", "template: has {{ without its end."),
        ("{% if %}{% endif %}", "template: missing expression."),
    ],
)
def test_what_does_not_exist_is_an_error(template: str, problem: str) -> None:
    (line,) = errors(template)

    assert line.startswith(f"nodes.Send SMS_1.message: {problem}")


@pytest.mark.parametrize(
    ("option", "value", "place"),
    [
        ("to", ["1", "{{Nix.x}}"], "to[1]"),
        ("to", "{{Nix.x}}", "to"),
        ("to", "1, {{Nix.x}}", "to"),
        ("media", ["{{Nix.x}}"], "media[0]"),
        ("callback", "http://x/{{Nix.x}}", "callback"),
        ("callback", {"url": "http://x/{{Nix.x}}"}, "callback.url"),
    ],
)
def test_a_template_has_the_place_where_it_stands(option: str, value: object, place: str) -> None:
    (line,) = errors("", **{option: value})

    assert line.startswith(f"nodes.Send SMS_1.{place}: {{{{Nix.x}}}}: no node 'Nix'")


def test_each_form_of_an_option_is_read() -> None:
    text = (
        "phlo: T\nnodes:\n  A:\n    component: HTTP Request\n    method: PUT\n    url: '{{x1}}'\n"
        "    params: {p: '{{x2}}'}\n    body: {json: {list: [1, {deep: '{{x3}}'}]}}\n"
        "    auth: {basic: ['{{x4}}', p]}\n"
        "  B:\n    component: Call Forward\n    from: '1'\n    to: ['{{x5}}']\n"
        "    confirm: {prompt: ['{{x6}}'], key: 1}\n    ring_timeout: '{{x7}}'\n"
        "  C:\n    component: Branch\n    variable: a\n    conditions: {a: {equals: '{{x8}}'}}\n"
        "  D:\n    component: Play Audio\n    prompt: {play: '{{x9}}'}\n"
    )

    with pytest.raises(FlowError) as caught:
        read_phlo_text(text)

    found = {(problem.line, problem.text.partition(":")[0]) for problem in caught.value.problems}
    assert found == {
        *((6, "{{x1}}"), (7, "{{x2}}"), (8, "{{x3}}"), (9, "{{x4}}"), (13, "{{x5}}")),
        *((14, "{{x6}}"), (15, "{{x7}}"), (19, "{{x8}}"), (22, "{{x9}}")),
    }


def test_an_opening_without_its_end_is_one_problem() -> None:
    assert errors("", to="1, {{ Menu.digits, 2") == [
        "nodes.Send SMS_1.to: template: has {{ without its end."
    ]


def test_no_more_problems_are_looked_for_than_are_kept() -> None:
    media = [f"{{{{Nix.x{number}}}}}" for number in range(MAX_PROBLEMS + 5)]

    assert len(errors("", media=media, callback="http://x/{{Nix.x}}")) == MAX_PROBLEMS


def test_a_node_whose_component_is_unknown_has_any_variable() -> None:
    nodes = {"A": {"component": "x"}, "B": {"component": "Play Audio", "prompt": "{{A.b}}"}}

    with pytest.raises(FlowError) as caught:
        read_phlo({"phlo": "T", "nodes": nodes})
    assert [problem.place for problem in caught.value.problems] == ["nodes.A.component"]
