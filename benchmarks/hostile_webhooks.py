"""What 256 KiB of hostile webhook body cost: `python -m benchmarks.hostile_webhooks`.

The processor time of `receive`, which is how long the event loop stands still: with a bogus
signature, and with a right one where the body is within the limits.
"""

from __future__ import annotations

import argparse
import time
from contextlib import suppress

from plivo_phlo_async.errors import WebhookError
from plivo_phlo_async.webhooks import receive, sign_v3
from plivo_phlo_async.webhooks.http_params import parse_body
from tests.webhooks.hostile import ACCEPTED, HOSTILE, content_type
from tests.webhooks.samples import TOKEN, URL

_BOGUS = {"X-Plivo-Signature-V3": "A" * 43 + "=", "X-Plivo-Signature-V3-Nonce": "n"}


def milliseconds(headers: dict[str, str], body: bytes, rounds: int) -> float:
    """Return the least that one request takes."""
    found: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        with suppress(WebhookError):
            receive("POST", URL, headers, body, TOKEN)
        found.append((time.process_time() - began) * 1000)
    return min(found)


def main() -> None:
    """Time each body."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hostile_webhooks", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=5, help="of each body (default 5)")
    rounds = max(1, parser.parse_args().rounds)
    print("| body | bytes | bogus signature | right signature |\n| --- | --- | --- | --- |")
    for name, body in HOSTILE.items():
        kind = content_type(body)
        bogus = f"{milliseconds({**kind, **_BOGUS}, body, rounds):.1f} ms"
        right = "rejected"
        if name in ACCEPTED:
            signed = sign_v3("POST", URL, parse_body(kind, body, "surrogateescape"), TOKEN)
            right = f"{milliseconds({**kind, **signed}, body, rounds):.1f} ms"
        print(f"| {name} | {len(body)} | {bogus} | {right} |", flush=True)


if __name__ == "__main__":
    main()
