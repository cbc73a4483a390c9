"""`plivo-phlo verify`: whether a request is signed by Plivo and, if not, what differs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from attrs import frozen
from rich.console import Console
from rich.text import Text

from .._masking import mask_numbers
from ..errors import ConfigurationError, SignatureError, WebhookError
from ..webhooks import diagnose, verify_v2, verify_v3
from ..webhooks.signature import signed_text, text_pairs
from ..webhooks.wire import body_params
from .event_lines import printable
from .exits import FAILED, OK

__all__ = ["verify"]

_ONLY_V2 = "it is signed by V2, which"  # no difference where V2 was asked for


@frozen
class Verdict:
    """What was found.

    Attributes:
        matches: a server that was given this would take it.
        differences: what has to be read differently for the signature to match.
        as_given: what is signed of the request as it was given, but for the nonce.
        as_signed: what is signed in the reading that matches; None when none does.
        advice: what to do.
    """

    matches: bool
    differences: tuple[str, ...]
    as_given: str
    as_signed: str | None
    advice: str


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
    variables: tuple[str, ...],
    body: str | None,
    params: tuple[str, ...],
    content_type: str,
    verbose: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Tell whether a request's signature matches and, if not, which part differs.

    The Auth Token is taken from the environment and never printed. Exit code 0: it matches, 1: it
    does not.
    """
    if body is not None and params:
        _refuse("give --body or --param, not both.")
    tokens = [_token(name) for name in variables]
    try:
        sent = [_pair(param) for param in params] if body is None else _sent(body, content_type)
        verdict = _judge(sent, tokens, variables, **asked)
    except SignatureError as error:
        _refuse(f"--url: {error.reason}.")
    except WebhookError as error:
        _refuse(str(error))

    def shown(text: str) -> str:
        return printable(text) if verbose else mask_numbers(printable(text))

    if as_json:
        click.echo(json.dumps(_as_json(verdict, "V2" if asked["v2"] else "V3", shown)))
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
        _refuse(f"--param: {mask_numbers(param)!r} is not KEY=VALUE.")
    return key, value


def _sent(body: str, content_type: str) -> Any:
    return body_params({"content-type": content_type}, _bytes(body), "surrogateescape")


def _bytes(body: str) -> bytes:
    if not body.startswith("@"):
        return os.fsencode(body)
    try:
        return sys.stdin.buffer.read() if body == "@-" else Path(body[1:]).read_bytes()
    except OSError as error:
        _refuse(f"--body {body}: {error.strerror or error}.")


def _refuse(text: str) -> NoReturn:
    raise click.UsageError(text, click.get_current_context()) from None


# What is found


def _judge(
    sent: Any,
    tokens: list[str],
    variables: tuple[str, ...],
    *,
    method: str,
    url: str,
    nonce: str,
    signature: str,
    v2: bool,
    hosts: tuple[str, ...],
) -> Verdict:
    version = "V2" if v2 else "V3"
    as_given = signed_text(version, method, url, text_pairs(sent))
    if _is_taken(version, method, url, sent, tokens[0], nonce, signature):
        return Verdict(True, (), as_given, as_given, f"A server takes it ({version}).")
    given: dict[str, Any] = {"signature_v2" if v2 else "signature_v3": signature}
    found = diagnose(
        method, url, sent, tokens[0], nonce=nonce, hosts=hosts, other_tokens=tokens[1:], **given
    )
    differences = tuple(
        _with_name(each, variables)
        for each in found.differences
        if not (v2 and each.startswith(_ONLY_V2))
    )
    advice = _advice(url, found.signed, differences) if differences else found.advice
    return Verdict(False, differences, as_given, found.signed, advice)


def _is_taken(
    version: str, method: str, url: str, sent: Any, token: str, nonce: str, signature: str
) -> bool:
    """What a server says, which this command must not say otherwise."""
    name = f"X-Plivo-Signature-{version}"
    headers = {name: signature, f"{name}-Nonce": nonce}
    try:
        if version == "V2":
            verify_v2(url, headers, token)
        else:
            verify_v3(method, url, headers, sent, token)
    except SignatureError:
        return False
    return True


def _with_name(difference: str, variables: tuple[str, ...]) -> str:
    """A token by the name of its variable."""
    return re.sub(
        r"the other token no\. (\d+)$",
        lambda found: f"the token in {variables[int(found[1])]}",
        difference,
    )


def _advice(url: str, signed: str | None, differences: tuple[str, ...]) -> str:
    advice = []
    begins = re.match(r"[^:/?#]+://[^/?#]*", signed or "")
    here = re.match(r"[^:/?#]+://[^/?#]*", url)
    if begins and here and begins[0] != here[0].lower():
        advice.append(f'Give the server what Plivo was given: public_base_url="{begins[0]}".')
    if any(each.startswith(_ONLY_V2) for each in differences):
        advice.append("Take V2 with allow_v2=True, if a body that anyone may change will do.")
    if any("the token in" in each for each in differences):
        advice.append("Check with that token too: auth_token takes several.")
    return " ".join(advice) or "Let the server see the request as it was sent."


# What is told


def _tell(verdict: Verdict, shown: Callable[[str], str]) -> None:
    console = Console(highlight=False)
    in_pipe = not console.is_terminal
    if verdict.matches:
        console.print("[bold green]✓ It matches.[/]", verdict.advice, soft_wrap=in_pipe)
    else:
        would = "It would if:" if verdict.differences else ""
        console.print("[bold red]✗ It does not match.[/]", would, soft_wrap=in_pipe)
    for difference in verdict.differences:
        console.print(Text(f"  - {shown(difference)}"), soft_wrap=in_pipe)
    for label, signed in (("as given", verdict.as_given), ("as signed", verdict.as_signed)):
        if signed is not None and not (verdict.matches and label == "as signed"):
            # In one piece, so that it can be copied.
            line = Text(f"  {label:<9}  ", "cyan").append(shown(signed), "default")
            console.print(line, soft_wrap=True)
    if not verdict.matches:
        console.print(Text(verdict.advice), soft_wrap=in_pipe)


def _as_json(verdict: Verdict, version: str, shown: Callable[[str], str]) -> dict[str, Any]:
    return {
        "matches": verdict.matches,
        "version": version,
        "differences": [shown(each) for each in verdict.differences],
        "as_given": shown(verdict.as_given),
        "as_signed": None if verdict.as_signed is None else shown(verdict.as_signed),
        "advice": verdict.advice,
    }
