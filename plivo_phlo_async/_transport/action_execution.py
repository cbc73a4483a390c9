"""Perform one action: for each attempt, acquire a slot and a token, send, classify, decide."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import anyio
import httpx

from .._masking import mask_numbers
from .._parsing import accepted, error_from, is_foreign, result_from
from ..actions import Action
from ..errors import NotSentError, OutcomeUnknownError, PhloError
from ..results import Result
from .hooks import AttemptEvent, Hooks, OutcomeEvent, PauseEvent, call_hook, logger
from .limiter import Limiter, RateLimit
from .outcome import Attempt, Outcome, classify
from .retry import CLOSED, DEADLINE, SUPERSEDED, RetryDecision, RetryPolicy, RetryState, repeat
from .send_trace import NotBegun, SendTrace
from .shared_state import SharedState

__all__ = ["ActionExecution", "SendRecorder"]

R = TypeVar("R", bound=Result)


class ExecutionSettings(Protocol):
    """What an execution needs: a `Transport`."""

    @property
    def shared(self) -> SharedState:
        """What all views of a client share."""

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeout of an attempt."""

    @property
    def retry(self) -> RetryPolicy:
        """The retry policy."""

    @property
    def limiter(self) -> Limiter | None:
        """The rate limiter, if there is one."""

    @property
    def give_back(self) -> Callable[[], None] | None:
        """Returns a token to the limiter, if that can take one back."""

    @property
    def hooks(self) -> Hooks:
        """The caller's hooks."""


class SendRecorder(Protocol):
    """Records that an action is about to be sent, where a crash does not lose it."""

    def about_to_wait(self) -> None:
        """Note that the action waits: for a connection, for the rate limit or between attempts."""

    async def begin(self) -> None:
        """Record that the request follows; if it raises, nothing is sent."""

    def may_send(self) -> bool:
        """Return whether the request may be sent; called as the last thing before it is written."""

    async def undo(self) -> None:
        """Record that no request followed, or that none of them can have been carried out."""


class ActionExecution:
    """The execution of one action; it runs once.

    Args:
        transport: performs it.
        action: the action.
        recorder: records that it is about to be sent; None if nothing does.

    Attributes:
        transport: performs it.
        action: the action.
        started: when it began, by the client's clock.
        attempts: how many requests it took so far.
        waited: seconds spent waiting for a slot, for the rate limit and between attempts.
        begun: when its first attempt began; None before.
        in_doubt: once it has ended, whether it may have happened although no success is known.
    """

    def __init__(
        self, transport: ExecutionSettings, action: Action, recorder: SendRecorder | None = None
    ) -> None:
        self.transport: ExecutionSettings = transport
        self.action: Action = action
        self._recorder, self._is_recorded = recorder, False
        self.begun: datetime | None = None
        self._shared = shared = transport.shared
        self.started: float = shared.clock()
        self.attempts: int = 0
        self.waited: float = 0.0
        self.in_doubt: bool = False
        self._retry = RetryState(
            transport.retry, action.retry_safety, self.started, shared.retry_budget, shared.random
        )
        self._last: Attempt | None = None
        self._sending: SendTrace | None = None

    @property
    def may_have_happened(self) -> bool:
        """Whether an attempt, also one on the wire, may have been carried out."""
        on_the_wire = self._sending is not None and self._sending.begun is not False
        return on_the_wire or self._retry.may_have_happened

    @property
    def is_waiting(self) -> bool:
        """Whether it waits, and cancelling it now would leave nothing in doubt."""
        return self._sending is None and not self._retry.may_have_happened

    async def run(self, kind: type[R]) -> R:
        """Perform the action and return its result.

        Args:
            kind: the result's class.

        Raises:
            PhloError: the action failed, or may have; see `errors`.
        """
        self._shared.retry_budget.deposit(self.started)
        self._ticket = self._shared.superseded.register(self.action)
        try:
            decision = await repeat(self._once, self._back_off)
        except BaseException as error:
            self._cancelled(error)
            raise
        finally:
            self._shared.superseded.forget(self.action)
        return self._conclude(decision, kind)

    async def _back_off(self, seconds: float) -> None:
        self.waited += seconds
        if self._recorder is not None:
            await self._undo(self._recorder)
        await self._shared.sleep(seconds)

    # One attempt

    async def _once(self) -> RetryDecision:
        """Make one attempt, once it has a slot and a token."""
        if reason := self._why_not():
            return self._stop(reason)
        await anyio.lowlevel.checkpoint_if_cancelled()
        slot = self._acquire_nowait()
        if slot is None:
            slot, stopped = await self._acquire()
            if stopped is not None:
                return stopped
        try:
            if self._recorder is not None and not self._is_recorded:
                await self._begin(self._recorder)
            reason = self._why_not()  # the wait may have been long
            return self._stop(reason) if reason else await self._attempt()
        finally:
            self._shared.slots.release(slot)

    async def _begin(self, recorder: SendRecorder) -> None:
        """Record that the request follows; if it does not, the token serves another action."""
        try:
            await recorder.begin()
            self._is_recorded = True
            # `begin` may have been shielded from a cancellation; raise it before the request.
            await anyio.lowlevel.checkpoint_if_cancelled()
        except BaseException:
            if self.transport.give_back is not None:
                self.transport.give_back()
            raise

    async def _undo(self, recorder: SendRecorder) -> None:
        """Before a wait, record that nothing can have happened yet, if that is so."""
        if self._is_recorded and not self._retry.may_have_happened:
            await recorder.undo()
            self._is_recorded = False
        recorder.about_to_wait()

    def _why_not(self) -> str:
        """Return why no further attempt may be made; "" if one may."""
        if self._shared.sender.is_closed:
            return CLOSED
        superseded = self._retry.may_have_happened and self._is_superseded()
        return SUPERSEDED if superseded else ""

    def _stop(self, reason: str) -> RetryDecision:
        return RetryDecision(self._last or Attempt(Outcome.NEVER_SENT), reason=reason)

    def _acquire_nowait(self) -> Any:
        """Return a slot, with a token, if no one waits for either; else None.

        Most actions start this way. Only the first attempt does, for which the deadline has not
        passed.
        """
        limiter = self.transport.limiter
        if self.attempts or not isinstance(limiter, RateLimit | None):
            return None
        slot = self._shared.slots.acquire_nowait()
        if slot is None or limiter is None or limiter.acquire_nowait():
            return slot
        self._shared.slots.release(slot)
        return None

    async def _acquire(self) -> tuple[Any, RetryDecision | None]:
        """Wait for a slot and a token; return the slot, or why there is none."""
        limiter, since = self.transport.limiter, self._shared.clock()
        if self._recorder is not None:
            self._recorder.about_to_wait()
        with anyio.move_on_after(self._retry.start_by - since):
            slot = await self._shared.slots.acquire()
            try:
                if limiter is not None:
                    try:
                        await limiter.acquire()
                    except Exception as error:
                        self._shared.slots.release(slot)
                        failed = Attempt(Outcome.NEVER_SENT, cause=error)
                        return None, RetryDecision(failed, reason="the rate limiter failed")
                # A deadline that has passed, or a cancellation, counts before the request is sent.
                await anyio.lowlevel.checkpoint_if_cancelled()
            except BaseException:
                self._shared.slots.release(slot)
                raise
            self.waited += self._shared.clock() - since
            return slot, None
        self.waited += self._shared.clock() - since
        return None, self._stop(DEADLINE)

    async def _attempt(self) -> RetryDecision:
        self.attempts += 1
        self.begun = self.begun or datetime.now(UTC)
        hooks = self.transport.hooks
        call_hook(hooks.on_attempt, AttemptEvent, self.action, self.attempts, self.waited)
        self._last = attempt = await self._send()
        if isinstance(attempt.cause, NotBegun) and attempt.outcome is Outcome.NEVER_SENT:
            return RetryDecision(attempt)  # what forbids it would forbid the next one, too
        now, is_superseded = self._shared.clock(), self._is_superseded()
        decision = self._retry.decide(attempt, now, is_superseded=is_superseded)
        if logger.isEnabledFor(logging.DEBUG):
            self._log(logging.DEBUG, self._describe(decision))
        if decision.pause is not None:
            self._pause(attempt, decision.pause)
        return decision

    def _describe(self, decision: RetryDecision) -> str:
        """Return what came of the last attempt and what follows, on one line."""
        attempt, then = decision.attempt, ""
        came = attempt.reply.status_code if attempt.reply else "no answer"
        cause = f" ({self._one_line(attempt.cause)})" if attempt.cause else ""
        if decision.wait is not None:
            then = f"; attempt {self.attempts + 1} follows in {decision.wait:.2f} s"
        elif decision.reason:
            then = f"; no other follows: {decision.reason}"
        host = self._shared.sender.route
        return f"attempt {self.attempts} at {host}: {came}{cause}, {attempt.outcome.value}{then}"

    async def _send(self) -> Attempt:
        sender = self._shared.sender
        may_send = None if self._recorder is None else self._recorder.may_send
        self._sending = trace = SendTrace(sender, may_send)
        reply, cause = await sender.send(self.action, self.transport.timeout, trace)
        self._sending = None
        foreign = reply is not None and is_foreign(self.action, reply)
        return classify(trace.begun, reply, cause, datetime.now(UTC), is_foreign=foreign)

    def _is_superseded(self) -> bool:
        return self._shared.superseded.is_superseded(self.action, self._ticket)

    def _pause(self, attempt: Attempt, seconds: float) -> None:
        assert attempt.reply is not None  # only a response refuses
        if self.transport.limiter is not None:
            try:
                self.transport.limiter.pause(seconds)
            except Exception:
                logger.exception("the rate limiter's pause raised; the action continues")
        status, from_retry_after = attempt.reply.status_code, attempt.retry_after is not None
        hook = self.transport.hooks.on_pause
        call_hook(hook, PauseEvent, self.action, seconds, status, from_retry_after)

    # The end

    def _conclude(self, decision: RetryDecision, kind: type[R]) -> R:
        """Return the result, or raise the error, that the last decision means."""
        cause = decision.attempt.cause
        elapsed = self._shared.clock() - self.started
        try:
            result = self._result(decision, kind, elapsed)
        except PhloError as error:
            error.attempts = self.attempts
            if cause is not None:
                error.add_note(self._one_line(cause))
            self.in_doubt = error.may_have_happened
            self._report(decision.attempt, error)
            raise error from cause
        self._report(decision.attempt)
        if self.attempts > 1:
            self._log(logging.INFO, f"done after {self.attempts} attempts")
        elif logger.isEnabledFor(logging.DEBUG):
            self._log(logging.DEBUG, "done")
        return result

    def _cancelled(self, error: BaseException) -> None:
        """End with a cancellation, or with an exception of the caller's own code."""
        self.in_doubt = self.may_have_happened
        if self.in_doubt:
            error.add_note(f"{self.action}: it may have happened; check before repeating it.")
            self._log(
                logging.WARNING, "cancelled after the request was begun; it may have happened"
            )
        last = Attempt(Outcome.AMBIGUOUS) if self.in_doubt else self._last
        self._report(last or Attempt(Outcome.NEVER_SENT), error, cancelled=True)

    def _result(self, decision: RetryDecision, kind: type[R], elapsed: float) -> R:
        reply = decision.attempt.reply
        if reply is None:
            raise self._no_response(decision)
        stats = {"attempts": self.attempts, "elapsed": elapsed}
        in_doubt = self.may_have_happened
        if decision.attempt.outcome is Outcome.ACCEPTED:
            return result_from(kind, self.action, reply, stats, may_have_happened=in_doubt)
        if self._retry.counts_as_done(decision.attempt):
            return accepted(kind, reply, stats)
        raise error_from(
            self.action,
            reply,
            retry_after=decision.attempt.retry_after,
            may_have_happened=in_doubt,
            stopped=decision.reason,
        )

    def _no_response(self, decision: RetryDecision) -> PhloError:
        cause = decision.attempt.cause
        reason = self._one_line(cause) if cause else decision.reason
        stopped = f" ({decision.reason})" if cause and decision.reason else ""
        if self.may_have_happened:
            return OutcomeUnknownError(
                f"{self.action}: no answer came after the request was begun: {reason}{stopped}."
                " It may have happened; check before repeating it.",
                action=self.action,
            )
        return NotSentError(
            f"{self.action}: it was not sent to {self._shared.sender.route}: {reason}{stopped}."
            " Nothing happened; it is safe to try again.",
            action=self.action,
        )

    def _report(
        self, attempt: Attempt, error: BaseException | None = None, *, cancelled: bool = False
    ) -> None:
        """Call the outcome's hook."""
        hook = self.transport.hooks.on_outcome
        if hook is None:
            return
        call_hook(
            hook,
            OutcomeEvent,
            self.action,
            attempt.outcome,
            attempt.reply.status_code if attempt.reply else None,
            self.attempts,
            self._shared.clock() - self.started,
            self.waited,
            self.in_doubt,
            cancelled,
            None if error is None else type(error).__name__,
        )

    def _log(self, level: int, what: str) -> None:
        extra = {
            "phlo_verb": self.action.verb.value,
            "phlo_id": self.action.phlo_id,
            "phlo_attempts": self.attempts,
            "phlo_waited": self.waited,
            "phlo_may_have_happened": self.in_doubt,
        }
        logger.log(level, "%s: %s", self.action, what, extra=extra)

    def _one_line(self, error: Exception) -> str:
        text = " ".join(str(error).split()).rstrip(".")
        name = type(error).__name__
        if not isinstance(error, NotBegun):  # whose text is complete
            text = f"{name}: {text}" if text else name
        return mask_numbers(text, self.action.addresses)
