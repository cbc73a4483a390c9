"""Plivo PHLO's multi-party calls for asyncio and trio: never dialled twice, never hidden."""

from ._transport.hooks import AttemptEvent, OutcomeEvent, PauseEvent
from ._transport.limiter import Limiter, RateLimit
from ._transport.outcome import Outcome
from ._transport.phlo_transport import PhloTransport
from ._transport.retry import RetryPolicy
from ._version import __version__
from .actions import Action, Repeat, Role, Verb
from .bulk import BulkRun
from .client import AsyncPhloClient
from .errors import (
    ActionFailedError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    DecodeError,
    InvalidArgumentError,
    JournalError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    PermissionDeniedError,
    PhloError,
    RateLimitedError,
    RequestError,
    ResponseError,
    ServerError,
    SignatureError,
    UnexpectedResponseError,
    WebhookError,
)
from .journal import Journal, MemoryJournal, Standing
from .reports import BulkOutcome, BulkReport, BulkStatus, CommonError
from .resources import Member, MultiPartyCall, Node, Phlo
from .results import ActionResult, NodeDetails, PhloDetails, PhloRun, PhloRunDetails, Result
from .sqlite_journal import SqliteJournal

__all__ = [
    "Action",
    "ActionFailedError",
    "ActionResult",
    "AsyncPhloClient",
    "AttemptEvent",
    "AuthenticationError",
    "BadRequestError",
    "BulkOutcome",
    "BulkReport",
    "BulkRun",
    "BulkStatus",
    "CommonError",
    "ConfigurationError",
    "ConflictError",
    "DecodeError",
    "InvalidArgumentError",
    "Journal",
    "JournalError",
    "Limiter",
    "Member",
    "MemoryJournal",
    "MultiPartyCall",
    "Node",
    "NodeDetails",
    "NotFoundError",
    "NotSentError",
    "Outcome",
    "OutcomeEvent",
    "OutcomeUnknownError",
    "PauseEvent",
    "PermissionDeniedError",
    "Phlo",
    "PhloDetails",
    "PhloError",
    "PhloRun",
    "PhloRunDetails",
    "PhloTransport",
    "RateLimit",
    "RateLimitedError",
    "Repeat",
    "RequestError",
    "ResponseError",
    "Result",
    "RetryPolicy",
    "Role",
    "ServerError",
    "SignatureError",
    "SqliteJournal",
    "Standing",
    "UnexpectedResponseError",
    "Verb",
    "WebhookError",
    "__version__",
]
