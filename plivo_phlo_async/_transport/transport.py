"""Perform one action: for each attempt wait for a place and a token, send, judge."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeVar

import anyio
import httpx
from attrs import define, field, frozen

from .._masking import mask_numbers
from .._parsing import accepted, error_from, is_foreign, result_from
from ..actions import Action
from ..errors import NotSentError, OutcomeUnknownError, PhloError
from ..results import Result
from .event_loop import loop_clock
from .hooks import AttemptEvent, Hooks, OutcomeEvent, PauseEvent, logger, tell
from .limiter import Limiter, RateLimit
from .newest import Asked
from .outcome import Attempt, Outcome, judge
from .retry import CLOSED, DEADLINE, SUPERSEDED, Repeats, RetryPolicy, Step, Traffic, repeat
from .send_trace import NotBegun, SendTrace
from .sender import HttpSender
from .slots import ConnectionSlots

__all__ = ["Delivery", "Line", "Transport"]

R = TypeVar("R", bound=Result)


@define
class Line:
    """What all views of a client share, in every event loop and thread."""

    sender: HttpSender
    slots: ConnectionSlots  # one for each connection, so that nobody queues below
    traffic: Traffic = field(factory=Traffic)
    asked: Asked = field(factory=Asked)
    clock: Callable[[], float] = loop_clock
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    random: Callable[[], float] = random.random


@frozen
class Transport:
    """Sends actions along a line, under one timeout, retry policy and limiter."""

    line: Line
    timeout: httpx.Timeout
    retry: RetryPolicy
    limiter: Limiter | None
    hooks: Hooks

    async def perform(self, action: Action, kind: type[R]) -> R:
        """Carry out `action` and give its result as a `kind`; `errors` lists what is raised."""
        return await Delivery(self, action).run(kind)


class Delivery:
    """One action on its way; it is run once.

    Attributes:
        attempts: how many requests it took so far.
        waited: seconds spent waiting for connection, rate and backoff.
        in_doubt: once it has ended, whether it may have been carried out with no success known.
    """

    def __init__(self, transport: Transport, action: Action) -> None:
        self.transport, self.line, self.action = transport, transport.line, action
        self.started = self.line.clock()
        self.repeats = Repeats(
            transport.retry, action.repeat, self.started, self.line.traffic, self.line.random
        )
        self.attempts, self.waited, self.in_doubt = 0, 0.0, False
        self.last: Attempt | None = None
        self.on_the_wire: SendTrace | None = None

    @property
    def only_waits(self) -> bool:
        """Whether nothing was carried out yet that cancelling it now would leave in doubt."""
        return self.on_the_wire is None and not self.repeats.may_have_happened

    async def run(self, kind: type[R]) -> R:
        """Carry it out and give its result as a `kind`; `errors` lists what is raised."""
        self.line.traffic.request(self.started)
        self.ticket = self.line.asked.enter(self.action)
        try:
            step = await repeat(self._once, self._back_off)
        except BaseException as cut:
            self._cut_short(cut)
            raise
        finally:
            self.line.asked.leave(self.action)
        return self._conclude(step, kind)

    async def _back_off(self, seconds: float) -> None:
        self.waited += seconds
        await self.line.sleep(seconds)

    async def _once(self) -> Step:
        """Wait for a slot and a token, then make one attempt; time is up only while waiting."""
        if self.line.sender.is_closed:
            return self._nothing_more(CLOSED)
        await anyio.lowlevel.checkpoint_if_cancelled()
        if (slot := self._enter_at_once()) is not None:
            try:
                return await self._attempt()
            finally:
                self.line.slots.release(slot)
        waiting_since = self.line.clock()
        with anyio.move_on_after(self.repeats.start_by - waiting_since) as waiting:
            slot = await self.line.slots.acquire()
            try:
                if self.transport.limiter is not None:
                    try:
                        await self.transport.limiter.acquire()
                    except Exception as error:
                        failed = Attempt(Outcome.NEVER_SENT, cause=error)
                        return Step(failed, why="the rate limiter failed")
                # The deadline, or whoever gave up on it meanwhile, is heard before it is sent.
                await anyio.lowlevel.checkpoint_if_cancelled()
                waiting.deadline = inf
                self.waited += self.line.clock() - waiting_since
                return await self._attempt()
            finally:
                self.line.slots.release(slot)
        self.waited += self.line.clock() - waiting_since
        return self._nothing_more(DEADLINE)

    def _enter_at_once(self) -> Any:
        """Take a slot and a token where nobody waits for either: the way of nearly every action.

        Only the first attempt goes it, which the deadline cannot have passed. Gives the slot, or
        None.
        """
        limiter = self.transport.limiter
        if self.attempts or not isinstance(limiter, RateLimit | None):
            return None
        slot = self.line.slots.acquire_nowait()
        if slot is None or limiter is None or limiter.acquire_nowait():
            return slot
        self.line.slots.release(slot)
        return None

    def _nothing_more(self, why: str) -> Step:
        return Step(self.last or Attempt(Outcome.NEVER_SENT), why=why)

    async def _attempt(self) -> Step:
        if self.repeats.may_have_happened and not self._is_newest():
            return self._nothing_more(SUPERSEDED)
        if self.line.sender.is_closed:
            return self._nothing_more(CLOSED)
        self.attempts += 1
        hooks = self.transport.hooks
        tell(hooks.on_attempt, AttemptEvent, self.action, self.attempts, self.waited)
        self.last = attempt = await self._send()
        if isinstance(attempt.cause, NotBegun) and attempt.outcome is Outcome.NEVER_SENT:
            return Step(attempt)  # what forbids it would forbid the next one, too
        step = self.repeats.after(attempt, self.line.clock(), is_newest=self._is_newest())
        if step.pause is not None:
            self._pause(attempt, step.pause)
        return step

    def _is_newest(self) -> bool:
        return self.line.asked.is_newest(self.action, self.ticket)

    def _pause(self, attempt: Attempt, seconds: float) -> None:
        assert attempt.reply is not None  # nothing but an answer refuses
        if self.transport.limiter is not None:
            try:
                self.transport.limiter.pause(seconds)
            except Exception:
                logger.exception("the rate limiter's pause raised; the action goes on")
        status, told = attempt.reply.status_code, attempt.retry_after is not None
        tell(self.transport.hooks.on_pause, PauseEvent, self.action, seconds, status, told)

    async def _send(self) -> Attempt:
        self.on_the_wire = trace = SendTrace(self.line.sender)
        reply, cause = await self.line.sender.send(self.action, self.transport.timeout, trace)
        self.on_the_wire = None
        foreign = reply is not None and is_foreign(self.action, reply)
        return judge(trace.begun, reply, cause, datetime.now(UTC), is_foreign=foreign)

    def _conclude(self, step: Step, kind: type[R]) -> R:
        """The result or the error that the last step means."""
        cause = step.attempt.cause
        elapsed = self.line.clock() - self.started
        try:
            result = self._result(step, kind, elapsed)
        except PhloError as error:
            error.attempts = self.attempts
            if cause is not None:
                error.add_note(self._one_line(cause))
            self.in_doubt = error.may_have_happened
            self._tell_outcome(step.attempt, error)
            raise error from cause
        self._tell_outcome(step.attempt)
        if self.attempts > 1:
            self._log(logging.INFO, f"done after {self.attempts} attempts")
        elif logger.isEnabledFor(logging.DEBUG):
            self._log(logging.DEBUG, "done")
        return result

    def _log(self, level: int, what: str) -> None:
        extra = {
            "phlo_verb": self.action.verb.value,
            "phlo_id": self.action.phlo_id,
            "phlo_attempts": self.attempts,
            "phlo_waited": self.waited,
            "phlo_may_have_happened": self.in_doubt,
        }
        logger.log(level, "%s: %s", self.action, what, extra=extra)

    def _result(self, step: Step, kind: type[R], elapsed: float) -> R:
        reply, doubt = step.attempt.reply, self.repeats.may_have_happened
        if reply is None:
            raise self._no_answer(step, doubt)
        told = {"attempts": self.attempts, "elapsed": elapsed}
        if step.attempt.outcome is Outcome.ACCEPTED:
            return result_from(kind, self.action, reply, told, may_have_happened=doubt)
        if self.repeats.counts_as_done(step.attempt):
            return accepted(kind, reply, told)
        raise error_from(
            self.action,
            reply,
            retry_after=step.attempt.retry_after,
            may_have_happened=doubt,
            stopped=step.why,
        )

    def _no_answer(self, step: Step, doubt: bool) -> PhloError:
        cause = step.attempt.cause
        reason = self._one_line(cause) if cause else step.why
        stopped = f" ({step.why})" if cause and step.why else ""
        if doubt:
            return OutcomeUnknownError(
                f"{self.action}: no answer came after the request was begun: {reason}{stopped}."
                " It may have happened; check before repeating it.",
                action=self.action,
            )
        return NotSentError(
            f"{self.action}: it was not sent to {self.line.sender.route}: {reason}{stopped}."
            " Nothing happened; it is safe to try again.",
            action=self.action,
        )

    def _cut_short(self, cut: BaseException) -> None:
        """The caller gave up (or something of the caller's raised): say what may have happened."""
        sending = self.on_the_wire is not None and self.on_the_wire.begun is not False
        self.in_doubt = sending or self.repeats.may_have_happened
        if self.in_doubt:
            cut.add_note(f"{self.action}: it may have happened; check before repeating it.")
            self._log(logging.WARNING, "given up after the request was begun; it may have happened")
        last = Attempt(Outcome.AMBIGUOUS) if self.in_doubt else self.last
        self._tell_outcome(last or Attempt(Outcome.NEVER_SENT), cut, cancelled=True)

    def _tell_outcome(
        self, attempt: Attempt, error: BaseException | None = None, *, cancelled: bool = False
    ) -> None:
        hook = self.transport.hooks.on_outcome
        if hook is None:
            return
        tell(
            hook,
            OutcomeEvent,
            self.action,
            attempt.outcome,
            attempt.reply.status_code if attempt.reply else None,
            self.attempts,
            self.line.clock() - self.started,
            self.waited,
            self.in_doubt,
            cancelled,
            None if error is None else type(error).__name__,
        )

    def _one_line(self, error: Exception) -> str:
        text = " ".join(str(error).split()).rstrip(".")
        name = type(error).__name__
        if not isinstance(error, NotBegun):  # whose text says it all
            text = f"{name}: {text}" if text else name
        return mask_numbers(text, self.action.addresses)
