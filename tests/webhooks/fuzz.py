"""Requests of every kind: nothing but the two documented errors may come out.

`python -m tests.webhooks.fuzz --bodies 100000 --seed 7` runs for as many bodies and stops.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from attrs import frozen
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from plivo_phlo_async.errors import SignatureError, WebhookError
from plivo_phlo_async.webhooks import (
    Component,
    ConferenceEvent,
    Event,
    MemberTracker,
    diagnose,
    parse_request,
    receive,
    sign_v3,
)

from .samples import MEMBER, MEMBER_FORM, TOKEN

LISTED = json.loads((Path(__file__).parent / "events" / "variables.json").read_text())
VARIABLES = sorted({name for listed in LISTED.values() for name in listed["variables"]})
KEYS = [*VARIABLES, *MEMBER, "call", "message", "request", "state", "node_type", "Start.call.uuid"]
_words = st.sampled_from(["1", "-1", "1e99", "true", "2020-04-08 11:34:33", "ALeg", "[1]", "{", ""])
_keys = st.sampled_from(KEYS) | st.text(max_size=8)
_texts = _words | st.text(max_size=12)
_leaves = _texts | st.none() | st.booleans() | st.integers() | st.floats()
_json = st.recursive(
    _leaves,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(_keys, each, max_size=3),
    max_leaves=6,
)
_objects = st.dictionaries(_keys, _json, max_size=8)


@st.composite
def _broken(draw: st.DrawFn) -> bytes:
    """A form or an object with a few bytes changed, cut off or put in."""
    whole = draw(st.sampled_from([MEMBER_FORM, json.dumps(MEMBER).encode()]))
    at = draw(st.integers(0, len(whole)))
    return whole[:at] + draw(st.binary(max_size=6)) + whole[at + draw(st.integers(0, 6)) :]


_surrogates = {"encoding": "utf-8", "errors": "surrogatepass"}
bodies = (
    st.binary(max_size=60)
    | _broken()
    | _objects.map(lambda each: json.dumps(each).encode())
    | st.dictionaries(_keys, _texts, max_size=8).map(
        lambda each: urlencode(each, errors="replace").encode()
    )
    | st.lists(st.tuples(_keys, _texts), max_size=4).map(
        lambda each: "&".join(f"{key}={text}" for key, text in each).encode(**_surrogates)
    )
)
urls = st.sampled_from(["https://example.com/p", "/p", "", "https://[::1", "//", "https://a?b=%zz"])
queries = st.text("ab=&%+;?#.[]\x00\u00e9", max_size=10).map("?".__add__) | st.just("")
kinds = st.sampled_from(
    ["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x", ";"]
)
headers = st.dictionaries(
    st.sampled_from(["X-Plivo-Signature-V3", "X-Plivo-Signature-V3-Nonce", "X-Plivo-Signature-V2"]),
    st.text(max_size=10),
)


@frozen
class Sent:
    """A request."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    component: Component | None


requests = st.builds(
    Sent,
    method=st.sampled_from(["GET", "POST", "post", "PUT", ""]),
    url=st.builds(str.__add__, urls, queries),
    headers=st.builds(lambda sent, kind: {**sent, "Content-Type": kind}, headers, kinds),
    body=bodies,
    component=st.none() | st.sampled_from(Component),
)


def outcome(sent: Sent) -> str:
    """What came of a request: the event's or the error's name.

    Raises:
        Exception: any but the two documented errors.
    """
    try:
        event = parse_request(sent.method, sent.url, sent.headers, sent.body, sent.component)
    except WebhookError:
        event = None
    _used(event)
    try:
        receive(sent.method, sent.url, sent.headers, sent.body, TOKEN, allow_v2=True)
    except (SignatureError, WebhookError):
        pass
    else:
        raise AssertionError(f"forged and taken: {sent}")
    return "WebhookError" if event is None else type(event).__name__


def _used(event: Event | None) -> None:
    """All that is done with an event without knowing what it holds."""
    repr(event)
    hash(event)
    if isinstance(event, ConferenceEvent):
        MemberTracker().update(event)


def signed_again(sent: Sent, params: Any) -> None:
    """Signing, checking and explaining raise nothing else either."""
    try:
        sign_v3(sent.method, sent.url, params, TOKEN)
        diagnose(sent.method, sent.url, params, TOKEN, nonce="n", signature_v3="x")
    except (SignatureError, WebhookError):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.webhooks.fuzz")
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    tally: Counter[str] = Counter()

    @seed(asked.seed)
    @settings(
        max_examples=asked.bodies,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests)
    def run(sent: Sent) -> None:
        tally[outcome(sent)] += 1

    began = time.perf_counter()
    run()
    kinds = ", ".join(f"{many} {name}" for name, many in tally.most_common())
    took = time.perf_counter() - began
    print(f"{tally.total()} bodies, seed {asked.seed}, {took:.0f} s, no other exception: {kinds}")


if __name__ == "__main__":
    main()
