"""`plivo-phlo doctor`: whether Plivo can be reached from here, and what to do where it cannot."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio
import click
from attrs import asdict, frozen

from .._transport.auth import Credentials, base_url_from
from .._transport.retry import RetryPolicy
from ..client import AsyncPhloClient
from ..errors import AuthenticationError, ConfigurationError, NotSentError, PhloError, ResponseError
from .exits import CREDENTIALS, FAILED, NETWORK, OK
from .reach import common

__all__ = ["doctor"]

_PACKAGES = ("plivo-phlo-async", "httpx", "httpcore", "anyio", "tenacity", "attrs", "certifi")
_NO_PHLO = "00000000-0000-4000-8000-000000000000"  # asked for when none is given
_WRONG_CLOCK = 60.0  # seconds


class Verdict(StrEnum):
    """What is to be thought of a finding."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "wrong"


@frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        verdict: whether it is well.
        told: what was found.
        advice: what to do, "" when nothing is.
        code: the exit code it asks for.
    """

    name: str
    verdict: Verdict
    told: str
    advice: str = ""
    code: int = OK


def _versions() -> Finding:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    told = f"Python {platform.python_version()} on {platform.system()}; {', '.join(found)}"
    return Finding("versions", Verdict.GOOD, told)


def _credentials(auth_id: str | None, environ: Mapping[str, str]) -> Finding:
    try:
        found = Credentials.find(auth_id, None, environ)
    except ConfigurationError as error:
        return Finding("credentials", Verdict.BAD, str(error), code=CREDENTIALS)
    masked = f"{found.auth_id[:4]}…{found.auth_id[-2:]}"
    told = f"Auth ID {masked}, an Auth Token of {len(found.auth_token)} characters"
    if found.auth_id.startswith("SA"):
        told += " (a subaccount)"
    return Finding("credentials", Verdict.GOOD, told)


def _base_url(base_url: str | None, environ: Mapping[str, str]) -> Finding:
    try:
        url = base_url_from(base_url, environ)
    except ConfigurationError as error:
        return Finding("base URL", Verdict.BAD, str(error), code=CREDENTIALS)
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
        advice = "Use https, or the token can be read on the way."
        return Finding("base URL", Verdict.NOTE, url, advice)
    return Finding("base URL", Verdict.GOOD, url)


def _trust(url: str, environ: Mapping[str, str]) -> Finding:
    if urlsplit(url).scheme != "https":
        return Finding("TLS trust", Verdict.GOOD, "not needed for http")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        value = environ.get(variable)
        if value and not Path(value).exists():
            advice = f"Unset {variable}, or let it name what is there."
            told = f"{variable}={value}, which does not exist"
            return Finding("TLS trust", Verdict.BAD, told, advice, NETWORK)
        if value:
            return Finding("TLS trust", Verdict.GOOD, f"{variable}={value}")
    return Finding("TLS trust", Verdict.GOOD, "certifi's authorities")


def _proxy(url: str) -> Finding:
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return Finding("proxy", Verdict.GOOD, "none")
    if proxy_bypass(parts.hostname or ""):
        return Finding("proxy", Verdict.GOOD, "set, but NO_PROXY leaves this host out")
    shown = urlsplit(proxy)
    told = f"{shown.scheme}://{shown.hostname}:{shown.port}, from the environment"
    advice = "Through a proxy httpx's own connections serve, which cost more for each action."
    return Finding("proxy", Verdict.NOTE, told, advice)


async def _ask(options: dict[str, Any], phlo_id: str | None) -> tuple[str, PhloError | None]:
    """The PHLO's name, or what was raised instead."""
    async with AsyncPhloClient(**options, retry=RetryPolicy(attempts=1, deadline=10)) as client:
        try:
            found = await client.phlo(phlo_id or _NO_PHLO).get()
        except PhloError as error:
            return "", error
        return found.name or "", None


def _reached(
    url: str, phlo_id: str | None, name: str, error: PhloError | None
) -> Iterator[Finding]:
    """What an answer, or none, tells."""
    host = urlsplit(url).netloc
    if not isinstance(error, ResponseError) and error is not None:
        code = NETWORK if isinstance(error, NotSentError) else FAILED
        yield Finding("reachable", Verdict.BAD, f"{host}: {error}", _advice(error), code)
        return
    yield Finding("reachable", Verdict.GOOD, f"{host} answers")
    if isinstance(error, AuthenticationError):
        told, advice = "refused by the server", "Compare Auth ID and Auth Token with the console."
        yield Finding("account", Verdict.BAD, told, advice, CREDENTIALS)
        return
    yield Finding("account", Verdict.GOOD, "the credentials are taken")
    if phlo_id is not None:
        yield _phlo(phlo_id, name, error)
    if error is not None:
        yield from _clock(error.headers.get("date"), datetime.now(UTC))


def _phlo(phlo_id: str, name: str, error: PhloError | None) -> Finding:
    if error is None:
        return Finding("PHLO", Verdict.GOOD, f"{phlo_id} is there{f': {name}' if name else ''}")
    return Finding(
        "PHLO", Verdict.BAD, str(error), "Compare PLIVO_PHLO_ID with the console.", FAILED
    )


def _advice(error: PhloError) -> str:
    told = " ".join([str(error), *getattr(error, "__notes__", ())])
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return "Give your own authority with SSL_CERT_FILE, or AsyncPhloClient(verify=...)."
    if "WRONG_VERSION_NUMBER" in told:
        return "What listens there speaks no TLS: check scheme and port in PLIVO_PHLO_BASE_URL."
    if "getaddrinfo" in told or "Name or service" in told or "name resolution" in told:
        return "The host's name cannot be resolved: check DNS and PLIVO_PHLO_BASE_URL."
    if "refused" in told or "Connect call failed" in told:
        return "Nothing listens there: check host and port in PLIVO_PHLO_BASE_URL."
    if "Timeout" in told:
        return "Nothing came in time: check firewall and proxy."
    return "Check network, firewall and proxy."


def _clock(date: str | None, now: datetime) -> Iterator[Finding]:
    """This machine's clock beside the server's."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return
    late = (now - theirs).total_seconds()
    told = f"{abs(late):.0f} s {'ahead of' if late > 0 else 'behind'} the server's"
    if abs(late) < _WRONG_CLOCK:
        yield Finding("clock", Verdict.GOOD, told)
    else:
        yield Finding("clock", Verdict.NOTE, told, "Set it: TLS and log times depend on it.")


def _examine(options: dict[str, Any], phlo_id: str | None) -> Iterator[Finding]:
    yield _versions()
    credentials = _credentials(options["auth_id"], os.environ)
    address = _base_url(options["base_url"], os.environ)
    yield credentials
    yield address
    if address.verdict is Verdict.BAD:
        return
    trust = _trust(address.told, os.environ)
    yield trust
    yield _proxy(address.told)
    if Verdict.BAD in {credentials.verdict, trust.verdict}:
        yield Finding("reachable", Verdict.NOTE, "not tried", "Mend the above first.")
        return
    name, error = anyio.run(_ask, options, phlo_id)
    yield from _reached(address.told, phlo_id, name, error)


@click.command
@click.option("--phlo", "phlo_id", envvar="PLIVO_PHLO_ID", metavar="ID", help="A PHLO to look for.")
@common
def doctor(phlo_id: str | None, as_json: bool, **reach: Any) -> None:
    """Look whether everything is there to reach Plivo; makes one request that changes nothing."""
    options = {name: value for name, value in reach.items() if name != "timeout"}
    options["timeout"] = reach["timeout"] or 10.0
    findings = []
    for finding in _examine(options, phlo_id):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    raise SystemExit(next((finding.code for finding in findings if finding.code), OK))


_SIGNS = {Verdict.GOOD: ("✓", "green"), Verdict.NOTE: ("!", "yellow"), Verdict.BAD: ("✗", "red")}


def _show(finding: Finding) -> None:
    sign, colour = _SIGNS[finding.verdict]
    line = f"{click.style(sign, fg=colour)} {click.style(finding.name, bold=True)}: {finding.told}"
    click.echo(line, color=False if os.environ.get("NO_COLOR") else None)
    if finding.advice:
        click.echo(f"  {finding.advice}")
