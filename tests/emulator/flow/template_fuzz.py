"""Any template renders at most 10,000 characters or raises one line, within bounded time.

`python -m tests.emulator.flow.template_fuzz --count 20000 --seed 7`
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from plivo_phlo_async.emulator.flow.templates import (
    MAX_CHARACTERS,
    TemplateError,
    nest_variables,
    references,
    render,
    unknown_filters,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LARGE = [{"name": "n" * 40, "items": list(range(20))} for _ in range(400)]
VARIABLES: dict[str, object] = {
    "Start": nest_variables(
        {
            "call.from": "12025550000",
            "http.params": {"otp": "0042", "code": 779889, "rate": 1.0, "on": True, "none": None},
        }
    ),
    "Send_SMS": nest_variables({"to": "+12025550177", "to.iso2": "US"}),
    "Look_up": nest_variables({"response": {"rows": LARGE, "text": "<b>ab</b> " * 6000}}),
    "huge": 10**300,
    "deep": [[[[[[["x"]]]]]]],
    "odd": "\ud800\x00\u2028<script>&amp;",
}
PATHS = [
    *("Start.call.from", "Start.http.params", "Start.http.params.code", "Start.http.params.rate"),
    *("Send_SMS.to", "Send_SMS.to.iso2", "Look_up.response", "Look_up.response.rows"),
    *("Look_up.response.text", "huge", "deep", "odd", "a", "b", "i", "forloop", "nothing.at.all"),
    *("Start.__class__", "a.first", "a.last.size", "a[0]", "a[b]", "[a]", "i['x']", "now"),
]
FILTERS = {
    0: "abs base64_decode base64_encode base64_url_safe_decode base64_url_safe_encode capitalize"
    " ceil compact downcase escape escape_once first floor join last lstrip newline_to_br reverse"
    " round rstrip size sort sort_natural squish strip strip_html strip_newlines sum truncate"
    " truncatewords uniq upcase url_decode url_encode",
    1: "append at_least at_most concat date default divided_by find find_index has join map minus"
    " modulo plus prepend reject remove remove_first remove_last round slice sort split sum times"
    " truncate truncatewords uniq where",
    2: "find has reject replace replace_first replace_last slice truncate where",
}
LITERALS = ["'x'", "''", "'name'", "','", "0", "1", "-1", "9999999999", "1.5", "nil", "true", "''"]
LITERALS += ["(1..99)", "(1..9999)", "(1..1000000000)", "(a..b)", "'%Y %0999999d'", "'now'"]
PIECES = ["{{", "}}", "{%", "%}", "{%-", "|", ":", ",", "..", "(", "[", "'", '"', " " * 300]
PIECES += ["\n", "endfor", "raw", "{% raw %}", "{% comment %}", "\x00", "\ud800", "((((" * 100]


class Maker:
    """Makes templates, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def template(self) -> str:
        """Return a template: mostly valid ones that grow, sometimes with damage."""
        made = "".join(self._node(0) for _ in range(self._dice.randrange(1, 12)))
        if self._dice.random() < 0.2:
            made *= min(self._dice.randrange(2, 40), 1 + 9000 // (len(made) + 1))
        if self._dice.random() < 0.02:
            made += self._dice.choice(["{% break %}", "{% include 'x' %}", "{% render 'x' %}"])
        if self._dice.random() < 0.2:
            made = self._damaged(made)
        return made

    def _damaged(self, text: str) -> str:
        for _ in range(self._dice.randrange(1, 6)):
            at = self._dice.randrange(len(text) + 1)
            end = at + self._dice.choice([0, 0, 1, 5])
            text = text[:at] + self._dice.choice(PIECES) + text[end:]
        return text

    def _value(self) -> str:
        return self._dice.choice(self._dice.choice([PATHS, PATHS, LITERALS]))

    def _filtered(self) -> str:
        filters = [self._filter() for _ in range(self._dice.choice([0, 0, 0, 1, 1, 2, 4]))]
        return " | ".join([self._value(), *filters])

    def _filter(self) -> str:
        count = self._dice.choice([0, 1, 1, 2])
        name = self._dice.choice(FILTERS[count].split())
        if self._dice.random() < 0.02:
            name, count = self._dice.choice([name, "ljust"]), self._dice.randrange(4)
        values = ", ".join(self._value() for _ in range(count))
        return f"{name}: {values}" if values else name

    def _condition(self) -> str:
        operators = ["==", "!=", "<", ">=", "contains", "and", "or"]
        parts = [self._value()]
        for _ in range(self._dice.randrange(4)):
            parts += [self._dice.choice(operators), self._value()]
        return " ".join(parts)

    def _body(self, depth: int) -> str:
        return "".join(self._node(depth + 1) for _ in range(self._dice.randrange(4)))

    def _node(self, depth: int) -> str:
        leaves: list[Callable[[], str]] = [
            lambda: "text ",
            lambda: f"{{{{ {self._filtered()} }}}}",
            lambda: f"{{% assign {self._dice.choice('ab')} = {self._filtered()} %}}",
            lambda: "{% assign a = a | append: a %}" * 3,
            lambda: "{% assign a = 'x,y' | split: ',' %}" + "{% assign a = a | concat: a %}" * 9,
            lambda: "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 3,
            lambda: f"{{% cycle {self._value()}, {self._value()} %}}",
            lambda: "{% increment a %}{% decrement b %}",
            lambda: f"{{% liquid\nassign a = {self._filtered()}\necho a %}}",
            lambda: f"{{% echo {self._filtered()} %}}",
        ]
        blocks: list[Callable[[], str]] = [
            lambda: self._loop("for", self._body(depth)),
            lambda: self._loop("tablerow", self._body(depth)),
            lambda: f"{{% if {self._condition()} %}}{self._body(depth)}{{% endif %}}",
            lambda: f"{{% case 1 %}}{{% when 1{', 1' * 9} %}}{self._body(depth)}{{% endcase %}}",
            lambda: f"{{% capture b %}}{self._body(depth)}{{% endcapture %}}",
            lambda: f"{{% ifchanged %}}{self._body(depth)}{{% endifchanged %}}",
        ]
        return self._dice.choice(leaves + blocks * 2 if depth < 6 else leaves)()

    def _loop(self, tag: str, body: str) -> str:
        options = ["", "", " reversed", " limit: 99", f" offset: {self._value()}"]
        head = f"{tag} i in {self._value()}{self._dice.choice(options)}"
        return f"{{% {head} %}}{body}{{% end{tag} %}}"


def outcome(template: str) -> str:
    """Return "rendered", or the message that refuses the template.

    Raises:
        AssertionError: neither happened as promised.
    """
    try:
        text = render(template, VARIABLES, now=NOW)
    except TemplateError as error:
        message = str(error)
        assert message, template
        assert "\n" not in message, template
        assert len(message) < 300, template
        return message
    assert len(text) <= MAX_CHARACTERS, template
    for look in (references, unknown_filters):
        look(template)  # what renders can be analysed
    return "rendered"


def run(count: int, seed: int) -> tuple[Counter[str], tuple[float, str]]:
    """Render `count` templates; return the outcomes, and the slowest with its CPU seconds."""
    maker, outcomes, slowest = Maker(seed), Counter[str](), (0.0, "")
    for _ in range(count):
        template = maker.template()
        began = time.process_time()
        outcomes[outcome(template)[:60]] += 1
        slowest = max(slowest, (time.process_time() - began, template))
    return outcomes, slowest


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    began = time.monotonic()
    outcomes, (seconds, template) = run(given.count, given.seed)
    for text, count in outcomes.most_common(30):
        print(f"{count:7} {text}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{given.count} templates in {time.monotonic() - began:.1f} s, peak {peak} MiB")
    print(f"slowest: {seconds:.3f} s {template[:2000]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
