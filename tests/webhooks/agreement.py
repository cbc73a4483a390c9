"""Do we judge as the official package does? `python -m tests.webhooks.agreement --requests 10000`.

Requests are made at random from a seed, signed by us, some then changed, and judged by both. Where
the official validator is known to be wrong, the request is not made here: each of those has a test
of its own in `test_agreement.py`.
"""

from __future__ import annotations

import argparse
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus

from attrs import evolve, frozen
from plivo.utils import validate_v3_signature

from plivo_phlo_async.errors import SignatureError
from plivo_phlo_async.webhooks import sign_v3, verify_v3

_LETTERS = "aAbBzZ09_-.~ +&=%?#/:;<>@\u00e9\u20ac\U0001f4de"
_ASCII = _LETTERS[:-3]


@frozen
class Request:
    """What both are asked to judge."""

    method: str
    url: str
    params: dict[str, Any]
    token: str
    nonce: str
    signature: str

    def ours(self) -> bool:
        headers = {
            "X-Plivo-Signature-V3": self.signature,
            "X-Plivo-Signature-V3-Nonce": self.nonce,
        }
        try:
            verify_v3(self.method, self.url, headers, self.params, self.token)
        except SignatureError:
            return False
        return True

    def theirs(self) -> bool:
        params = dict(self.params)  # which their function changes
        answer: bool = validate_v3_signature(
            self.method, self.url, self.nonce, self.token, self.signature, params
        )
        return answer


def _text(random: Random, letters: str, least: int = 0) -> str:
    return "".join(random.choices(letters, k=random.randint(least, 8)))


def _url(random: Random) -> str:
    # A path: a bare host and one with a slash are the same to us, and `;` is cut off by them.
    path = "".join(f"/{quote(_text(random, _LETTERS, 1), safe='')}" for _ in range(3))
    port = random.choice(["", "", ":443", ":8443"])
    pairs = [
        f"{quote_plus(_text(random, _ASCII, 1))}={quote_plus(_text(random, _ASCII))}"
        for _ in range(random.choice([0, 0, 1, 2, 5]))
    ]
    pairs += random.sample(pairs, k=min(len(pairs), random.randint(0, 1)))
    query = "?" + "&".join(pairs) if pairs else random.choice(["", "?"])
    return f"{random.choice(['http', 'https'])}://example.com{port}{path}{query}"


def _params(random: Random) -> dict[str, Any]:
    def value(level: int) -> Any:
        kind = random.random()
        if kind < 0.1:
            return [_text(random, _LETTERS) for _ in range(random.randint(0, 3))]
        if kind < 0.2 and level < 2:
            return {_text(random, _LETTERS): value(level + 1) for _ in range(2)}
        return random.randint(0, 9) if kind < 0.25 else _text(random, _LETTERS)

    return {_text(random, _LETTERS, 1): value(0) for _ in range(random.choice([0, 1, 3, 12]))}


def made(random: Random) -> Request:
    """A request, right or wrong."""
    method = random.choice(["GET", "POST"])
    url = _url(random)
    # With a GET they let the URL's value of a key win over the parameter's; so none is given.
    params = {} if method == "GET" else _params(random)
    token, nonce = _text(random, _LETTERS, 1).replace(" ", "x"), str(random.getrandbits(64))
    signature = sign_v3(method, url, params, token, nonce=nonce)["X-Plivo-Signature-V3"]
    if random.random() < 0.2:
        signature = f"{signature[::-1]},{signature}"
    request = Request(method, url, params, token, nonce, signature)
    return _changed(random, request) if random.random() < 0.5 else request


def _changed(random: Random, request: Request) -> Request:
    url = request.url
    more = random.choice(["a", "&", "z=1"])
    changes: list[dict[str, Any]] = [
        {"url": url.replace("example", "example.org", 1)},
        {"url": f"{url}{more}" if "?" in url else f"{url}?{more}"},
        {"url": url.replace("://example", "://Example", 1)},
        {"params": {**request.params, _text(random, _LETTERS, 1): "x"}},
        {"token": request.token + "x"},
        {"nonce": request.nonce + "0"},
        {"signature": request.signature[1:]},
        {"method": "POST" if request.method == "GET" else "GET", "params": {}},
    ]
    if request.method == "GET":
        del changes[3]
    return evolve(request, **random.choice(changes))


def disagreements(requests: int, seed: int) -> tuple[int, list[Request]]:
    """How many both found right, and those judged differently."""
    random = Random(seed)
    right, differently = 0, []
    for _ in range(requests):
        request = made(random)
        ours, theirs = request.ours(), request.theirs()
        right += ours and theirs
        if ours != theirs:
            differently.append(request)
    return right, differently


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.webhooks.agreement")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    right, differently = disagreements(given.requests, given.seed)
    for request in differently[:5]:
        print(request)
    print(
        f"{given.requests} requests, seed {given.seed}: {right} right by both,"
        f" {given.requests - right - len(differently)} wrong by both,"
        f" {len(differently)} judged differently"
    )
    raise SystemExit(bool(differently))


if __name__ == "__main__":
    main()
