"""`plivo-phlo verify`: verifies a signature and, if it is invalid, diagnoses it."""

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
from .exit_codes import FAILED, OK, usage_error
from .printing import print_json, print_line, printable

__all__ = ["verify"]


@frozen
class Verification:
    """The result of the verification.

    Attributes:
        version: the requested version, "V3" or "V2".
        differences: the changes with which the signature matches.
        as_given: the signed text of the request as passed, without the nonce.
        as_signed: the signed text of the matching variant; None when none matches.
        advice: what to do.
    """

    version: str
    differences: tuple[str, ...]
    as_given: str
    as_signed: str | None
    advice: str

    @property
    def matches(self) -> bool:
        """Whether the signature matches the request as passed."""
        return self.as_signed is not None and not self.differences


@click.command()
@click.option("--url", required=True, metavar="URL", help="The requested URL, with its query.")
@click.option(
    "--nonce", required=True, metavar="NONCE", help="The value of X-Plivo-Signature-V3-Nonce."
)
@click.option(
    "--signature",
    required=True,
    metavar="SIG",
    help="The value of X-Plivo-Signature-V3 or -Ma-V3; several may be joined by commas.",
)
@click.option("--method", default="POST", show_default=True, help="The HTTP method.")
@click.option("--body", metavar="TEXT|@FILE", help="The raw body; @- reads standard input.")
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="KEY=VALUE",
    help="A decoded parameter, instead of --body.",
)
@click.option(
    "--content-type",
    default="",
    metavar="TYPE",
    help="The content type, when it is not evident from the body.",
)
@click.option("--v2", is_flag=True, help="SIG and NONCE are the values of the -V2 headers.")
@click.option(
    "--other-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Also try this host, such as that of a proxy.",
)
@click.option(
    "--token-env",
    "variables",
    multiple=True,
    default=("PLIVO_AUTH_TOKEN",),
    show_default=True,
    metavar="NAME",
    help="The variable with the Auth Token; repeat it to try another, such as the main account's.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print full phone numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(
    variables: tuple[str, ...], v2: bool, verbose: bool, as_json: bool, **request: Any
) -> None:
    """Verify the signature of a webhook. If it does not match, show what differs.

    The Auth Token is read from the environment and never printed. The exit code is 0 when the
    signature matches, and 1 otherwise.
    """
    version = "V2" if v2 else "V3"
    try:
        as_given, diagnosis = _diagnose(version, [_token(name) for name in variables], **request)
    except SignatureError as error:
        usage_error(f"--url: {error.reason}.")
    except WebhookError as error:
        usage_error(str(error))
    verification = _verification(diagnosis, version, as_given, variables)

    def shown(text: str) -> str:
        return printable(text) if verbose else mask_numbers(printable(text))

    if as_json:
        print_json(_as_json(verification, shown))
    else:
        _print(verification, shown)
    raise SystemExit(OK if verification.matches else FAILED)


# Arguments


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
        usage_error(f"--param: {mask_numbers(param)!r} is not KEY=VALUE.")
    return key, value


def _sent(body: str, content_type: str) -> Any:
    return parse_body({"content-type": content_type}, _bytes(body), "surrogateescape")


def _bytes(body: str) -> bytes:
    if not body.startswith("@"):
        return os.fsencode(body)
    try:
        return sys.stdin.buffer.read() if body == "@-" else Path(body[1:]).read_bytes()
    except OSError as error:
        usage_error(f"--body {body}: {error.strerror or error}.")


# Diagnosis


def _diagnose(
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
    """Return the signed text of the request as passed, and the diagnosis."""
    if body is not None and params:
        usage_error("pass --body or --param, not both.")
    if not nonce.strip():
        usage_error("--nonce is empty; a server rejects that.")
    sent = [_pair(param) for param in params] if body is None else _sent(body, content_type)
    as_given = signed_text(version, method, url, text_pairs(sent))
    signatures: dict[str, Any] = {f"signature_{version.lower()}": signature}
    return as_given, diagnose(
        method,
        url,
        sent,
        tokens[0],
        nonce=nonce,
        hosts=hosts,
        other_tokens=tokens[1:],
        **signatures,
    )


def _verification(
    diagnosis: Diagnosis, version: str, as_given: str, variables: tuple[str, ...]
) -> Verification:
    v2_requested = version == "V2"  # then the version is not a difference
    differences = [
        each for each in diagnosis.differences if not (v2_requested and each.part == "version")
    ]
    if diagnosis.signed is None:
        advice = diagnosis.advice
    elif differences:
        advice = _advice(diagnosis, {each.part for each in differences})
    else:
        advice = f"A server accepts it ({version})."
    described = tuple(_describe(each, diagnosis, variables) for each in differences)
    return Verification(version, described, as_given, diagnosis.signed, advice)


def _describe(difference: Difference, diagnosis: Diagnosis, variables: tuple[str, ...]) -> str:
    """Describe a difference; another token by the name of its variable."""
    if difference.part == "token" and diagnosis.token:
        return f"it is made with the token in {variables[diagnosis.token]}"
    return str(difference)


def _advice(diagnosis: Diagnosis, parts: set[str]) -> str:
    advice = []
    base_match = URL.match(diagnosis.signed or "")
    if base_match and parts & {"scheme", "host", "port"}:
        base = f"{base_match[1]}://{base_match[2]}"
        advice.append(f'Pass the public URL to the server: public_base_url="{base}".')
    if "version" in parts:
        advice.append("Accept V2 with allow_v2=True; it does not protect the body.")
    if diagnosis.token:
        advice.append("Verify with that token as well: auth_token accepts several.")
    return " ".join(advice) or "Pass the request to the server unchanged."


# Output


def _print(verification: Verification, shown: Callable[[str], str]) -> None:
    console = Console(highlight=False)
    if verification.matches:
        matches = Text("✓ The signature matches.", "bold green").append(
            f" {verification.advice}", "not bold default"
        )
        print_line(console, matches)
    else:
        would = " It would match if:" if verification.differences else ""
        print_line(
            console,
            Text("✗ The signature does not match.", "bold red").append(would, "not bold default"),
        )
    for difference in verification.differences:
        print_line(console, f"  - {shown(difference)}")
    _signed(console, "as given", shown(verification.as_given))
    if not verification.matches:
        if verification.as_signed is not None:
            _signed(console, "as signed", shown(verification.as_signed))
        print_line(console, verification.advice)


def _signed(console: Console, label: str, text: str) -> None:
    """Print a signed text on one line, to be copied."""
    console.print(Text(f"  {label:<9}  ", "cyan").append(text, "default"), soft_wrap=True)


def _as_json(verification: Verification, shown: Callable[[str], str]) -> dict[str, Any]:
    return {
        "matches": verification.matches,
        "version": verification.version,
        "differences": [shown(each) for each in verification.differences],
        "as_given": shown(verification.as_given),
        "as_signed": None if verification.as_signed is None else shown(verification.as_signed),
        "advice": verification.advice,
    }
