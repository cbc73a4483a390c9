"""Answers an authenticated request under `/v1`: the rate limit, then the handler of its path."""

from ..errors import ApiError, CallError
from .phlo_api import PhloApi
from .rate_limit import RateLimiter
from .request_info import RequestInfo
from .response import HttpResponse
from .routes import api_handlers, dispatch


class RequestHandler:
    """Answers the requests to an API; `rate_limiter` is None for no limit."""

    def __init__(self, api: PhloApi, rate_limiter: RateLimiter | None) -> None:
        self._api = api
        self._rate_limiter = rate_limiter

    def handle(self, info: RequestInfo, auth_id: str) -> HttpResponse:
        """Answer a request of the account `auth_id`; never raises."""
        try:
            if self._rate_limiter is not None:
                self._rate_limiter.acquire()
            return dispatch(info, api_handlers(self._api, auth_id, info.segments[1:]))
        except (ApiError, CallError) as error:
            return self._api.error_response(error)

    def reset(self) -> None:
        """Forget the counted requests and the runs, and reset the switchboard."""
        self._api.reset()
        if self._rate_limiter is not None:
            self._rate_limiter.reset()
