"""What to write in place of a name that Plivo's official SDKs have and this package has not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["SpellingHints", "attribute_error", "attributes_of_other_sdks", "check_arguments"]

F = TypeVar("F", bound=Callable[..., Any])

_MPC = "client.phlo(phlo_id).multi_party_call(node_id)"
_DIAL = ("call", "warm_transfer", "cold_transfer")
_MEMBER = (
    *("hold", "unhold", "mute", "unmute", "hangup"),
    *("resume_call", "abort_transfer", "voicemail_drop"),
)


def _read(handle: str, *names: str) -> dict[str, str]:
    return {name: f"(await {handle}.get()).{name}" for name in (*names, "name", "created_on")}


ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "plivo_phlo_async": {
        **dict.fromkeys(
            ("phlo", "RestClient", "PhloClient", "PhloRestClient", "Client"),
            "plivo_phlo_async.AsyncPhloClient(auth_id, auth_token)",
        ),
        "exceptions": "plivo_phlo_async.errors",
    },
    "AsyncPhloClient": {
        "phlos": "client.phlo(phlo_id)",
        "node": "client.phlo(phlo_id).node(node_type, node_id)",
        "member": f"{_MPC}.member(member_address)",
        "run": "await client.phlo(phlo_id).run(payload)",
        "close": "await client.aclose()",
    },
    "Phlo": {
        **_read("phlo"),
        "member": "phlo.multi_party_call(node_id).member(member_address)",
    },
    "Node": {
        **_read("node"),
        **{name: f"await phlo.multi_party_call(node_id).{name}(trigger_source, to, role)"
           for name in _DIAL},
        "update": "await phlo.multi_party_call(node_id).call(trigger_source, to, role)",
        "member": "phlo.multi_party_call(node_id).member(member_address)",
    },
    "MultiPartyCall": {
        **_read("mpc", "node_type"),
        **{name: f"await mpc.member(member_address).{name}()" for name in _MEMBER},
        "update": "await mpc.call(trigger_source, to, role)",
    },
    "Member": {
        "member_id": "member.member_address",
        "update": "await member.hold()",
    },
    "ConferenceBridge": {
        **_read("bridge", "node_type"),
        **{name: f"await bridge.member(member_address).{name}()" for name in _MEMBER[2:5]},
    },
    "ConferenceBridgeMember": {
        "member_id": "member.member_address",
        "update": "await member.mute()",
    },
}  # fmt: skip
"""The line to write for an attribute, by class and name."""

PHLO_ATTRIBUTES: Mapping[str, str] = {
    "get": "client.phlo(phlo_id)",
    "run": "await client.phlo(phlo_id).run(payload)",
    "multi_party_call": f"await {_MPC}.call(trigger_source, to, role)",
    "member": f"await {_MPC}.member(member_address).hold()",
}
"""The line to write for an attribute of `client.phlo`."""

CLIENT_ARGUMENTS: Mapping[str, str] = {
    "max_retries": "retry=RetryPolicy(attempts=max_retries + 1)",
    "proxies": "proxy=url",
    "headers": "default_headers=headers",
    "session": "http_client=httpx.AsyncClient(transport=PhloTransport())",
    "limits": "max_connections=100",
    **{name: f"{name}=" for name in ("auth_id", "auth_token", "base_url", "timeout", "proxy")},
}
"""What to write for an argument of `AsyncPhloClient`."""


def _key(name: str) -> str:
    """Return what all spellings of a name have in common: `voicemailDrop`, `voicemaildrop`."""
    return name.replace("_", "").lower()


_ARGUMENTS = {_key(name): line for name, line in CLIENT_ARGUMENTS.items()}


def attribute_error(owner: str, name: str, public: Iterable[str]) -> AttributeError:
    """Return the error for an attribute that does not exist.

    Args:
        owner: the class or module.
        name: the attribute.
        public: the attributes that it has.
    """
    lines = {_key(known): known for known in public if not known.startswith("_")}
    lines |= {_key(known): line for known, line in ATTRIBUTES.get(owner, {}).items()}
    line = None if name.startswith("_") else lines.get(_key(name))
    message = f"{owner} has no attribute {name!r}"
    if line is None:
        return AttributeError(message)  # to which Python adds a name that is spelled alike
    return AttributeError(f"{message}; write: {line}", name=None, obj=None)


class SpellingHints:
    """A class whose `AttributeError` shows what to write for a name of another SDK."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker would take every name for one that exists

        def __getattr__(self, name: str) -> NoReturn:
            cls = type(self)
            raise attribute_error(cls.__name__, name, dir(cls))


def attributes_of_other_sdks(method: F) -> F:
    """Decorate `AsyncPhloClient.phlo`, so that `client.phlo.get(...)` shows what to write."""
    for name, line in PHLO_ATTRIBUTES.items():
        setattr(method, name, _raiser(f"client.phlo has no attribute {name!r}; write: {line}"))
    return method


def _raiser(message: str) -> Callable[..., NoReturn]:
    def raise_it(*args: object, **kwargs: object) -> NoReturn:
        del args, kwargs  # a traceback with local variables would show the numbers in them
        raise AttributeError(message)

    return raise_it


def check_arguments(names: Iterable[str]) -> None:
    """Check the names of the arguments of `AsyncPhloClient`.

    Args:
        names: the names that were given.

    Raises:
        TypeError: one is of another SDK; the message shows what to write.
    """
    for name in names:
        line = _ARGUMENTS.get(_key(name), f"{name}=")
        if line != f"{name}=":
            raise TypeError(f"AsyncPhloClient() has no argument {name!r}; write: {line}")
