"""Plivo PHLO's multi-party calls for asyncio and trio: never dialled twice, never hidden."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import _early_interrupt as _early_interrupt  # first: it has an effect on import
from ._other_sdks import attribute_error as _attribute_error
from ._transport.hooks import AttemptEvent, OutcomeEvent, PauseEvent
from ._transport.limiter import Limiter, RateLimit
from ._transport.outcome import Outcome
from ._transport.phlo_transport import PhloTransport
from ._transport.retry import RetryPolicy
from ._version import __version__
from .actions import Action, RetrySafety, Role, Verb
from .bulk import (
    BaseJournal,
    BulkOutcome,
    BulkReport,
    BulkRun,
    BulkStatus,
    CommonError,
    Journal,
    JournalEntry,
    JournalOutcomes,
    KeptOutcomes,
    MemoryJournal,
    PriorState,
    SqliteJournal,
)
from .client import AsyncPhloClient
from .errors import (
    TRY_AGAIN,
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
from .resources import (
    ConferenceBridge,
    ConferenceBridgeMember,
    Member,
    MultiPartyCall,
    Node,
    Phlo,
)
from .results import ActionResult, NodeDetails, PhloDetails, PhloRun, PhloRunDetails, Result

__all__ = [
    "TRY_AGAIN",
    "Action",
    "ActionFailedError",
    "ActionResult",
    "AsyncPhloClient",
    "AttemptEvent",
    "AuthenticationError",
    "BadRequestError",
    "BaseJournal",
    "BulkOutcome",
    "BulkReport",
    "BulkRun",
    "BulkStatus",
    "CommonError",
    "ConferenceBridge",
    "ConferenceBridgeMember",
    "ConfigurationError",
    "ConflictError",
    "DecodeError",
    "InvalidArgumentError",
    "Journal",
    "JournalEntry",
    "JournalError",
    "JournalOutcomes",
    "KeptOutcomes",
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
    "PriorState",
    "RateLimit",
    "RateLimitedError",
    "RequestError",
    "ResponseError",
    "Result",
    "RetryPolicy",
    "RetrySafety",
    "Role",
    "ServerError",
    "SignatureError",
    "SqliteJournal",
    "UnexpectedResponseError",
    "Verb",
    "WebhookError",
    "__version__",
]

if not _TYPE_CHECKING:  # a type checker would take every name for one that exists

    def __getattr__(name: str) -> object:
        raise _attribute_error(__name__, name, __all__)
