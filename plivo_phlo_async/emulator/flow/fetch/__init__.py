"""HTTP Request nodes: sending a request and reading its response."""

from .content import FetchRequest
from .exchange import MAX_BODY, FetchFailed, FetchReply, fetch
from .hosts import AllowedHosts

__all__ = ["MAX_BODY", "AllowedHosts", "FetchFailed", "FetchReply", "FetchRequest", "fetch"]
