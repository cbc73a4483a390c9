"""`plivo-phlo verify`: whether a request is signed by Plivo and, if not, what differs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from attrs import frozen
from rich.console import Console
from rich.text import Text

from .._masking import mask_numbers
from ..errors import ConfigurationError, SignatureError, WebhookError
from ..webhooks import Diagnosis, Difference, diagnose
from ..webhooks.http_params import parse_body
from ..webhooks.signature import URL, signed_text, text_pairs
from .event_lines import printable
from .exits import FAILED, OK, refuse
from .printing import print_json, print_line

__all__ = ["verify"]


@frozen
class Verdict:
    """What was found.

    Attributes:
        version: "V3" or "V2", as was asked.
        differences: what has to be read differently for the signature to match.
        as_given: what is signed of the request as it was given, but for the nonce.
        as_signed: what is signed in the reading that matches; None when none does.
        advice: what to do.
    """

    version: str
    differences: tuple[str, ...]
    as_given: str
    as_signed: str | None
    advice: str

    @property
    def matches(self) -> bool:
        """A server that was given this would take it."""
        return self.as_signed is not None and not self.differences


@click.command()
@click.option("--url", required=True, metavar="URL", help="The URL asked for, with its query.")
@click.option("--nonce", required=True, metavar="NONCE", help="X-Plivo-Signature-V3-Nonce.")
@click.option(
    "--signature",
    required=True,
    metavar="SIG",
    help="X-Plivo-Signature-V3 or -Ma-V3; several with commas between will do.",
)
@click.option("--method", default="POST", show_default=True)
@click.option("--body", metavar="TEXT|@FILE", help="The body as it came; @- is standard input.")
@click.option(
    "--param", "params", multiple=True, metavar="KEY=VALUE", help="Or its parameters, decoded."
)
@click.option("--content-type", default="", metavar="TYPE", help="Where the body does not tell.")
@click.option("--v2", is_flag=True, help="SIG and NONCE are those of the -V2 headers.")
@click.option(
    "--other-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Try this host too: what a proxy in front is called.",
)
@click.option(
    "--token-env",
    "variables",
    multiple=True,
    default=("PLIVO_AUTH_TOKEN",),
    show_default=True,
    metavar="NAME",
    help="Where the Auth Token is. Given again: one more to try, as the main account's.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print full numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print the finding as JSON.")
def verify(
    variables: tuple[str, ...], v2: bool, verbose: bool, as_json: bool, **asked: Any
) -> None:
    """Tell whether a request's signature matches and, if not, which part differs.

    The Auth Token is taken from the environment and never printed. Exit code 0: it matches, 1: it
    does not.
    """
    version = "V2" if v2 else "V3"
    try:
        as_given, found = _diagnosed(version, [_token(name) for name in variables], **asked)
    except SignatureError as error:
        refuse(f"--url: {error.reason}.")
    except WebhookError as error:
        refuse(str(error))
    verdict = _judge(found, version, as_given, variables)

    def shown(text: str) -> str:
        return printable(text) if verbose else mask_numbers(printable(text))

    if as_json:
        print_json(_as_json(verdict, shown))
    else:
        _tell(verdict, shown)
    raise SystemExit(OK if verdict.matches else FAILED)


# What was given


def _token(name: str) -> str:
    token = os.environ.get(name, "")
    if not token.strip():
        raise ConfigurationError(
            f"No Auth Token: set the environment variable {name}, or name another one with"
            " --token-env."
        )
    return token


def _pair(param: str) -> tuple[str, str]:
    key, equals, value = param.partition("=")
    if not equals:
        refuse(f"--param: {mask_numbers(param)!r} is not KEY=VALUE.")
    return key, value


def _sent(body: str, content_type: str) -> Any:
    return parse_body({"content-type": content_type}, _bytes(body), "surrogateescape")


def _bytes(body: str) -> bytes:
    if not body.startswith("@"):
        return os.fsencode(body)
    try:
        return sys.stdin.buffer.read() if body == "@-" else Path(body[1:]).read_bytes()
    except OSError as error:
        refuse(f"--body {body}: {error.strerror or error}.")


# What is found


def _diagnosed(
    version: str,
    tokens: list[str],
    *,
    url: str,
    nonce: str,
    signature: str,
    method: str,
    body: str | None,
    params: tuple[str, ...],
    content_type: str,
    hosts: tuple[str, ...],
) -> tuple[str, Diagnosis]:
    """What is signed of the request as it was given, and what came of looking into it."""
    if body is not None and params:
        refuse("give --body or --param, not both.")
    if not nonce.strip():
        refuse("--nonce is empty, and no server takes that.")
    sent = [_pair(param) for param in params] if body is None else _sent(body, content_type)
    as_given = signed_text(version, method, url, text_pairs(sent))
    given: dict[str, Any] = {f"signature_{version.lower()}": signature}
    others = tokens[1:]
    return as_given, diagnose(
        method, url, sent, tokens[0], nonce=nonce, hosts=hosts, other_tokens=others, **given
    )


def _judge(found: Diagnosis, version: str, as_given: str, variables: tuple[str, ...]) -> Verdict:
    asked_for_v2 = version == "V2"  # then that it is V2 is no difference
    differences = [
        each for each in found.differences if not (asked_for_v2 and each.part == "version")
    ]
    if found.signed is None:
        advice = found.advice
    elif differences:
        advice = _advice(found, {each.part for each in differences})
    else:
        advice = f"A server takes it ({version})."
    told = tuple(_told(each, found, variables) for each in differences)
    return Verdict(version, told, as_given, found.signed, advice)


def _told(difference: Difference, found: Diagnosis, variables: tuple[str, ...]) -> str:
    """A difference; another token by the name of its variable."""
    if difference.part == "token" and found.token:
        return f"it is made with the token in {variables[found.token]}"
    return str(difference)


def _advice(found: Diagnosis, parts: set[str]) -> str:
    advice = []
    begins = URL.match(found.signed or "")
    if begins and parts & {"scheme", "host", "port"}:
        base = f"{begins[1]}://{begins[2]}"
        advice.append(f'Give the server what Plivo was given: public_base_url="{base}".')
    if "version" in parts:
        advice.append("Take V2 with allow_v2=True, if a body that anyone may change will do.")
    if found.token:
        advice.append("Check with that token too: auth_token takes several.")
    return " ".join(advice) or "Let the server see the request as it was sent."


# What is told


def _tell(verdict: Verdict, shown: Callable[[str], str]) -> None:
    console = Console(highlight=False)
    if verdict.matches:
        matches = Text("✓ It matches.", "bold green").append(
            f" {verdict.advice}", "not bold default"
        )
        print_line(console, matches)
    else:
        would = " It would if:" if verdict.differences else ""
        print_line(
            console, Text("✗ It does not match.", "bold red").append(would, "not bold default")
        )
    for difference in verdict.differences:
        print_line(console, f"  - {shown(difference)}")
    _signed(console, "as given", shown(verdict.as_given))
    if not verdict.matches:
        if verdict.as_signed is not None:
            _signed(console, "as signed", shown(verdict.as_signed))
        print_line(console, verdict.advice)


def _signed(console: Console, label: str, text: str) -> None:
    """What is signed, in one piece, so that it can be copied."""
    console.print(Text(f"  {label:<9}  ", "cyan").append(text, "default"), soft_wrap=True)


def _as_json(verdict: Verdict, shown: Callable[[str], str]) -> dict[str, Any]:
    return {
        "matches": verdict.matches,
        "version": verdict.version,
        "differences": [shown(each) for each in verdict.differences],
        "as_given": shown(verdict.as_given),
        "as_signed": None if verdict.as_signed is None else shown(verdict.as_signed),
        "advice": verdict.advice,
    }
