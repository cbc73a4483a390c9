"""The types of ASGI: https://asgi.readthedocs.io/en/latest/specs/main.html."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
"""A message."""

Scope = MutableMapping[str, Any]
"""A connection scope."""

Receive = Callable[[], Awaitable[Message]]
"""The receive callable."""

Send = Callable[[Message], Awaitable[None]]
"""The send callable."""

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An application."""
