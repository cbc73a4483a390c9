"""The campaign: thousands of faults, and for each action what the client said against the truth.

Everything is drawn from the seed by the action's identity and the number of its attempt, so that a
run can be repeated whatever the interleaving was.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from math import inf
from pathlib import Path
from typing import Any

import anyio
import httpx
from attrs import define, field, frozen

from plivo_phlo_async import (
    Action,
    AsyncPhloClient,
    AttemptEvent,
    NotSentError,
    Outcome,
    OutcomeEvent,
    PhloError,
    RateLimit,
    ResponseError,
    Result,
    RetryPolicy,
    Verb,
)

from .kinds import BY_NAME, KINDS, OK, Do, Endpoint, Kind
from .server import Asked, FaultServer, Record
from .transports import BELOW, DEFAULT, MOCK, Below, Evidence, lab_client

__all__ = ["AUTH_ID", "BACKENDS", "RULES", "Report", "run", "write_table"]

AUTH_ID = "MA2025RK4E639VJFZAGV"
BACKENDS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}
if sys.platform == "win32":
    del BACKENDS["uvloop"]
_FIRST = 12_020_000_000  # identities are phone numbers from here
_TIMEOUT = 0.25
_DEADLINE = 3.0
_DIALS = (Verb.CALL, Verb.WARM_TRANSFER, Verb.COLD_TRANSFER, Verb.VOICEMAIL_DROP, Verb.RUN)
_ONCE = frozenset({*_DIALS, Verb.RESUME_CALL, Verb.ABORT_TRANSFER})
_READS = frozenset({Verb.GET_PHLO, Verb.GET_NODE, Verb.GET_RUN})
_SHARED = tuple(kind for kind in KINDS if kind.endpoint is Endpoint.SHARED)
_NEVER_ARRIVED = "(the request never arrived)"
_EXAMPLES = 5  # of each rule
_DOUBT = Outcome.AMBIGUOUS

RULES = {
    "dialled twice": "what dials is carried out at most once",
    "repeated in doubt": "after doubt, what dials, resumes or aborts is not tried again",
    "hidden": "what was carried out is reported as done, or as one that may have happened",
    "denied": "what is reported as not sent was not carried out",
    "invented": "what is reported as done was carried out",
    "doubted": "what shows that nothing happened is not reported as one that may have happened",
    "not one ending": "each action has one outcome event, which says the same as the client",
    "attempts miscounted": "each ending says how many attempts there were",
    "stray exception": "nothing but a result, a PhloError or the cancellation comes out",
    "not healed": "hold and its like, hangup and readings outlive one doubtful attempt",
    "refusal not outlived": "a refused action succeeds after the pause",
    "tried in vain": "what a repeat cannot help is tried once",
}
_COLUMNS = (
    *("done", "refused", "rejected", "not sent", "unknown"),
    *("cancelled, nothing happened", "cancelled, may have happened"),
)
_BELOW_COLUMNS = (
    *("faults", "actions", "carried out", *_COLUMNS),
    *("in doubt, nothing happened", "violations"),
)


@define
class Report:
    """A campaign in numbers; its size does not grow with the campaign."""

    actions: int = 0
    seconds: float = 0.0
    injected: Counter[str] = field(factory=Counter)
    carried_out: Counter[str] = field(factory=Counter)
    repeated: Counter[str] = field(factory=Counter)
    below: Counter[tuple[str, str, str]] = field(factory=Counter)  # transport, event loop, column
    verdicts: Counter[tuple[str, str]] = field(factory=Counter)
    violations: Counter[str] = field(factory=Counter)
    examples: list[str] = field(factory=list)
    cancellations: int = 0
    in_doubt: int = 0  # endings that say "may have happened"
    in_doubt_for_nothing: int = 0  # those of them where nothing had
    cancelled_in_doubt: int = 0
    cancelled_in_doubt_for_nothing: int = 0

    @property
    def faults(self) -> int:
        """Faults injected: attempts that met one; cancellations are not among them."""
        return sum(
            count for name, count in self.injected.items() if BY_NAME.get(name, OK) is not OK
        )

    @property
    def ended(self) -> int:
        """Actions that ended in exactly one of the classes."""
        return sum(self.verdicts.values())

    def add_violation(self, rule: str, story: str) -> None:
        """Count a rule that was broken."""
        self.violations[rule] += 1
        if self.violations[rule] <= _EXAMPLES:
            self.examples.append(f"{rule}: {story}")

    def table(self) -> str:
        """The campaign by fault kind, in Markdown.

        Each row adds up: injected = repeated + the endings to its right.
        """
        head = ("fault", "acts", "injected", "carried out", "tried again", *_COLUMNS)
        rows = [head, ("---",) * 2 + ("---:",) * (len(head) - 2)]
        for name in (OK.name, *(kind.name for kind in KINDS), _NEVER_ARRIVED):
            if self.injected[name]:
                rows.append((name, self._acts(name), *map(str, self._figures(name))))
        names = list(self.injected)
        sums = [sum(column) for column in zip(*map(self._figures, names), strict=True)]
        rows.append(("all", "", *map(str, sums)))
        return _markdown(rows)

    def table_below(self) -> str:
        """The campaign by what was below the client, in Markdown."""
        rows: list[tuple[str, ...]] = [("transport", "event loop", *_BELOW_COLUMNS)]
        rows.append(("---",) * 2 + ("---:",) * len(_BELOW_COLUMNS))
        for name, loop in dict.fromkeys((name, loop) for name, loop, _ in self.below):
            figures = (str(self.below[name, loop, column]) for column in _BELOW_COLUMNS)
            rows.append((name, loop, *figures))
        return _markdown(rows)

    def summary(self) -> str:
        """The campaign in a few lines."""
        share = self.in_doubt_for_nothing / self.in_doubt if self.in_doubt else 0.0
        lines = [
            f"{self.faults} faults injected into {self.actions} actions, {self.cancellations} of"
            f" them cancelled before their end, in {self.seconds:.0f} s; endings: {self.ended}",
            *(f"  {self.violations[rule]:6d}  {rule}" for rule in RULES),
            f"in doubt: {self.in_doubt}, for nothing: {self.in_doubt_for_nothing} ({share:.1%});"
            f" of cancelled ones {self.cancelled_in_doubt}, for nothing:"
            f" {self.cancelled_in_doubt_for_nothing}",
        ]
        return "\n".join(lines + self.examples)

    def _acts(self, name: str) -> str:
        return "" if name not in BY_NAME else "yes" if BY_NAME[name].acts else "no"

    def _figures(self, name: str) -> tuple[int, ...]:
        endings = (self.verdicts[name, column] for column in _COLUMNS)
        return (self.injected[name], self.carried_out[name], self.repeated[name], *endings)


def _markdown(rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


@frozen
class _Cut:
    """When and how an action is cancelled."""

    delay: float
    by_task: bool


@frozen
class _Job:
    action: Action
    identity: str
    cut: _Cut | None
    own_node: bool


@define
class _Ending:
    """What the client said about an action."""

    result: Result | None = None
    error: PhloError | None = None
    stray: BaseException | None = None
    cut: bool = False
    noted: bool = False
    events: list[OutcomeEvent] = field(factory=list)
    attempts: int = 0

    @property
    def may_have_happened(self) -> bool:
        if self.error is not None:
            return self.error.may_have_happened
        return self.cut and any(event.may_have_happened for event in self.events)

    def verdict(self) -> str:
        if self.cut:
            return _COLUMNS[6 if self.may_have_happened else 5]
        if self.error is None:
            return "done"
        if self.error.may_have_happened:
            return "unknown"
        if isinstance(self.error, NotSentError):
            return "not sent"
        status = self.error.status_code if isinstance(self.error, ResponseError) else 0
        return "refused" if status in {425, 429} else "rejected"


@frozen
class _Settings:
    """How one batch's client is made."""

    below: Below
    backend: str
    max_connections: int
    budget: float | None
    limit: bool

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The faults that it can meet."""
        return _SHARED if self.below in {DEFAULT, MOCK} else KINDS


# asyncio drops what came with a broken TLS record, so a status line that was sent may be lost.
MAY_LOSE_THE_HEAD = {"TLS broken in the body"}


class _Draw:
    """What the seed says."""

    def __init__(self, seed: int, kinds: tuple[Kind, ...], *, cancels: bool) -> None:
        self._seed, self._kinds, self._cancels = seed, kinds, cancels

    def __call__(self, asked: Asked) -> Kind:
        """The kind that an attempt meets."""
        draw = random.Random(f"{self._seed} {asked.identity} {asked.attempt}")
        if draw.random() < (0.15 if asked.attempt == 1 else 0.6):
            return OK
        return draw.choice(self._kinds)

    def job(self, number: int, backend: str) -> _Job:
        identity = str(_FIRST + number)
        draw = random.Random(f"{self._seed} {identity}")
        own_node = draw.random() < 0.85
        node = f"node-{identity}" if own_node else "node-of-all"
        action = _action(draw.choice(tuple(Verb)), identity, node)
        cut = None
        if self._cancels and draw.random() < 0.2:
            longest = draw.choice((0.003, 0.01, 0.03, _TIMEOUT * 1.5))
            by_task = backend != "trio" and draw.random() < 0.5
            cut = _Cut(draw.uniform(0.0005 if by_task else 0, longest), by_task)
        return _Job(action, identity, cut, own_node)


def _action(verb: Verb, identity: str, node: str) -> Action:
    if verb is Verb.RUN:
        return Action.run("flow", {"to": identity}, key=identity)
    if verb is Verb.GET_PHLO:
        return Action.get_phlo(identity, key=identity)
    if verb is Verb.GET_NODE:
        return Action.get_node("flow", "multi_party_call", identity, key=identity)
    if verb is Verb.GET_RUN:
        return Action.get_run("flow", identity, key=identity)
    if verb in _DIALS and verb is not Verb.VOICEMAIL_DROP:
        return Action(verb, "flow", node, None, f"agent-{identity}", identity, key=identity)
    return Action(verb, "flow", node, identity, key=identity)


class _Batch:
    """Some hundred actions of one client, and how they are judged."""

    def __init__(
        self, server: FaultServer, draw: _Draw, settings: _Settings, report: Report
    ) -> None:
        self._server, self._draw, self._settings, self._report = server, draw, settings, report
        self._endings: dict[str, _Ending] = {}
        self._verbs: dict[str, str] = {}

    async def run(self, jobs: list[_Job], concurrency: int) -> None:
        self._server.plan = self._draw
        waiting = iter(jobs)
        below, connections = self._settings.below, self._settings.max_connections
        http = None
        if below is not DEFAULT:
            http = lab_client(self._server, self._met_now, connections, below)
        async with (
            http or nullcontext(),
            self._client(http) as client,
            anyio.create_task_group() as group,
        ):
            for _ in range(concurrency):
                group.start_soon(self._work, client, waiting)

    def judge(self, jobs: list[_Job]) -> None:
        """Compare every ending with what the server knows, and drop its records."""
        self._server.settle()
        for job in jobs:
            ending, record = self._endings[job.identity], self._server.record(job.identity)
            _Comparison(self, job, ending, record).run()
        self._server.forget()

    # Making the client.

    def _client(self, http: httpx.AsyncClient | None) -> AsyncPhloClient:
        settings = self._settings
        return AsyncPhloClient(
            AUTH_ID,
            "token",
            base_url=f"{self._server.url(OK)}/v1",
            timeout=_TIMEOUT,
            retry=RetryPolicy(max_backoff=0.02, deadline=_DEADLINE, budget=settings.budget),
            rate_limit=RateLimit(2000, per=1.0, burst=40) if settings.limit else None,
            max_connections=settings.max_connections,
            http_client=http,
            on_attempt=self._on_attempt,
            on_outcome=self._on_outcome,
        )

    def _on_attempt(self, event: AttemptEvent) -> None:
        self._endings[str(event.action.key)].attempts = event.attempt

    def _on_outcome(self, event: OutcomeEvent) -> None:
        self._endings[str(event.action.key)].events.append(event)

    def _met_now(self, identity: str) -> tuple[Kind, int]:
        attempt = self._endings[identity].attempts
        return self.planned(identity, attempt), attempt

    def planned(self, identity: str, attempt: int) -> Kind:
        return self._draw(Asked(identity, "", attempt))

    @property
    def settings(self) -> _Settings:
        return self._settings

    @property
    def report(self) -> Report:
        return self._report

    # Performing.

    async def _work(self, client: AsyncPhloClient, jobs: Iterator[_Job]) -> None:
        for job in jobs:
            ending = self._endings[job.identity] = _Ending()
            if job.cut is None:
                await _perform(client, job.action, ending)
            elif job.cut.by_task:
                task = asyncio.ensure_future(_perform(client, job.action, ending))
                await asyncio.sleep(0)  # cancelled before it has begun, it would say nothing
                alarm = asyncio.get_running_loop().call_later(job.cut.delay, task.cancel)
                await asyncio.wait({task})
                alarm.cancel()
            else:
                with anyio.move_on_after(job.cut.delay):
                    await _perform(client, job.action, ending)


async def _perform(client: AsyncPhloClient, action: Action, ending: _Ending) -> None:
    try:
        ending.result = await client.perform(action)
    except PhloError as error:
        ending.error = error
    except Exception as stray:
        ending.stray = stray
    except BaseException as cut:
        ending.cut = True
        ending.noted = any("may have happened" in note for note in getattr(cut, "__notes__", ()))
        raise


class _Comparison:
    """One action: what was said, what was done."""

    def __init__(self, batch: _Batch, job: _Job, ending: _Ending, record: Record) -> None:
        self._batch, self._report, self._job = batch, batch.report, job
        self._below = batch.settings.below
        self._ending, self._record = ending, record
        self._met = [self._kind(attempt) for attempt in range(1, ending.attempts + 1)]

    def run(self) -> None:
        self._count()
        self._truth()
        self._form()
        if not self._ending.cut and self._ending.stray is None:
            self._persistence()

    def _kind(self, attempt: int) -> Kind | None:
        """The kind that an attempt met; None when its request never got to the server."""
        served = self._record.served.get(attempt)
        if served is not None:
            return BY_NAME[served]
        if self._below in {DEFAULT, MOCK}:
            return None
        kind = self._batch.planned(self._job.identity, attempt)
        reads = {Endpoint.SHARED, Endpoint.TLS, Endpoint.REUSED}
        return None if kind.endpoint in reads else kind

    def _count(self) -> None:
        report, ending = self._report, self._ending
        report.actions += 1
        report.cancellations += ending.cut
        names = [_NEVER_ARRIVED if kind is None else kind.name for kind in self._met]
        names = names or [_NEVER_ARRIVED]  # cancelled before its first attempt
        report.injected.update(names)
        report.repeated.update(names[:-1])
        report.verdicts[names[-1], ending.verdict()] += 1
        for attempt in self._record.acted:
            report.carried_out[self._record.served[attempt]] += 1
        faults = sum(kind is not None and kind is not OK for kind in self._met)
        self._add("faults", faults)
        self._add("actions")
        self._add("carried out", self._record.carried_out)
        self._add(ending.verdict())
        if ending.may_have_happened and self._job.action.verb not in _READS:
            nothing = not self._record.carried_out
            report.in_doubt += 1
            report.in_doubt_for_nothing += nothing
            self._add("in doubt, nothing happened", nothing)
            report.cancelled_in_doubt += ending.cut
            report.cancelled_in_doubt_for_nothing += ending.cut and nothing

    def _add(self, column: str, count: int = 1) -> None:
        self._report.below[self._below.name, self._batch.settings.backend, column] += count

    def _truth(self) -> None:
        verb, ending, done = self._job.action.verb, self._ending, self._record.carried_out
        if verb in _ONCE:
            if done > 1:
                self._violates("dialled twice")
            if self._is_repeated_in_doubt():
                self._violates("repeated in doubt")
        verdict = ending.verdict()
        if done and verb not in _READS:
            if verdict in {"refused", "rejected"}:
                self._violates("hidden")
            if verdict in {"not sent", "cancelled, nothing happened"}:
                self._violates("denied")
        if verdict == "unknown" and all(self._shows_nothing(kind) for kind in self._met):
            self._violates("doubted")
        gone = (
            verb is Verb.HANGUP
            and ending.result is not None
            and ending.result.status_code in {404, 409}
        )
        if verdict == "done" and ending.stray is None and not done and not gone:
            self._violates("invented")

    def _shows_nothing(self, kind: Kind | None) -> bool:
        """Whether an attempt that met `kind` shows that nothing happened."""
        if kind is None:
            return False
        shown = self._below.shows(kind)
        if shown is Outcome.NEVER_SENT and kind.endpoint is not Endpoint.CLIENT_CERTIFICATE:
            return True
        said = {Outcome.NEVER_SENT, Outcome.REFUSED, Outcome.REJECTED}  # by an answer, or an alert
        return shown in said and self._is_quick()

    def _is_quick(self) -> bool:
        """Whether only silent servers took as long as the timeout, and not a busy machine."""
        silent = sum(kind is not None and Do.SILENCE in kind.steps for kind in self._met)
        busy = sum(event.elapsed - event.waited for event in self._ending.events)
        return busy < _TIMEOUT * (1 + silent)

    def _is_repeated_in_doubt(self) -> bool:
        served, attempts = self._record.served, self._ending.attempts
        if self._below.evidence is Evidence.NOTHING:
            refused = {n for n in served if BY_NAME[served[n]].shows is Outcome.REFUSED}
            return any(n not in refused for n in range(1, attempts))
        # Only where the request was read: a reset may be seen before anything is sent. And by
        # arrival where nothing numbers the attempts, since one that never arrived may be before.
        if self._below is DEFAULT:
            attempts = max(served, default=0)
        doubtful = {_DOUBT, Outcome.ACCEPTED}
        return any(BY_NAME[served[n]].shows in doubtful for n in served if n < attempts)

    def _form(self) -> None:
        ending = self._ending
        if ending.stray is not None:
            self._violates("stray exception")
        events = [(event.may_have_happened, event.cancelled) for event in ending.events]
        if events != [(ending.may_have_happened, ending.cut)] or (
            ending.cut and ending.noted is not ending.may_have_happened
        ):
            self._violates("not one ending")
        counts = {event.attempts for event in ending.events}
        counts |= {said.attempts for said in (ending.result, ending.error) if said is not None}
        if counts != {ending.attempts} or len(self._record.served) > ending.attempts:
            self._violates("attempts miscounted")

    def _persistence(self) -> None:
        """What should have been tried again was, unless the machine was too slow for it."""
        ending, met = self._ending, [kind for kind in self._met if kind is not None]
        if not self._is_quick():
            return
        if any(self._is_final(kind) for kind in met[:-1]):
            self._violates("tried in vain")
        quiet = self._job.own_node and self._batch.settings.budget is None
        if ending.error is None or len(met) < len(self._met) or not met or not quiet:
            return
        if ending.events and ending.events[0].elapsed > _DEADLINE - 1:
            return
        if any(kind.name in MAY_LOSE_THE_HEAD for kind in met):
            return
        *earlier, last = [self._below.shows(kind) for kind in met]
        if last is Outcome.REFUSED:
            self._violates("refusal not outlived")
        # Another parser may refuse an odd answer, which then leaves its attempt in doubt.
        doubts = sum(shown in {_DOUBT, Outcome.ACCEPTED} for shown in earlier) + (last is _DOUBT)
        failures = doubts + [*earlier, last].count(Outcome.NEVER_SENT)
        if (
            self._job.action.verb not in _ONCE
            and doubts == 1
            and failures < 4
            and last in {_DOUBT, Outcome.NEVER_SENT}
            and not met[-1].final
        ):
            self._violates("not healed")

    def _is_final(self, kind: Kind) -> bool:
        """Whether a client above this transport sees that a repeat cannot help."""
        reports = self._below.evidence is not Evidence.NOTHING
        return kind.final and reports and self._below.shows(kind) is kind.shows

    def _violates(self, rule: str) -> None:
        ending = self._ending
        met = [kind.name if kind else None for kind in self._met]
        said = ending.stray or ending.error or ending.result or ending.verdict()
        self._add("violations")
        self._report.add_violation(
            rule,
            f"{self._below.name}: {self._job.action.verb} {self._job.identity} met {met}, acted in"
            f" {self._record.acted}, said {said!r}; {self._job.cut}; {ending.events}",
        )


def run(
    backends: tuple[str, ...] = tuple(BACKENDS),
    *,
    seed: int = 7,
    faults: float = inf,
    batches: int = 1_000_000,
    below: tuple[Below, ...] = BELOW,
    batch: int = 400,
    concurrency: int = 32,
    seconds: float = 1800,
    progress: Callable[[Report], object] = lambda report: None,
) -> Report:
    """Inject faults, in batches on each event loop by turns, and judge.

    Args:
        backends: event loops to use, by turns.
        seed: everything is drawn from it.
        faults: the run ends after the batch that reaches so many.
        batches: it ends after so many batches.
        below: transports to use, by turns; an event loop skips what does not work on it.
        batch: actions of one client.
        concurrency: how many are under way at once.
        seconds: it ends then, whatever was reached.
        progress: called with the report after each batch.
    """
    report, started, number = Report(), time.monotonic(), 0
    with FaultServer() as server:
        for turn in range(batches):
            backend = backends[turn % len(backends)]
            settings = _settings(seed, turn // len(backends), backend, below)
            draw = _Draw(seed, settings.kinds, cancels=True)
            jobs = [draw.job(number + offset, backend) for offset in range(batch)]
            number += batch
            part = _Batch(server, draw, settings, report)
            name, options = BACKENDS[backend]
            anyio.run(part.run, jobs, concurrency, backend=name, backend_options=options)
            part.judge(jobs)
            report.seconds = time.monotonic() - started
            progress(report)
            if report.faults >= faults or report.seconds > seconds:
                break
    return report


def _settings(seed: int, turn: int, backend: str, below: tuple[Below, ...]) -> _Settings:
    draw = random.Random(f"{seed} settings {turn}")
    usable = [each for each in below if backend in each.backends]
    return _Settings(
        below=usable[turn % len(usable)],
        backend=backend,
        max_connections=draw.choice((20, 40, 100)),
        budget=draw.choice((None, None, None, 0.1)),
        limit=draw.random() < 0.15,
    )


def write_table(report: Report, path: Path, title: str) -> None:
    """Write the table and the summary as Markdown."""
    path.write_text(
        f"# {title}\n\n```text\n{report.summary()}\n```\n\n{report.table()}\n"
        f"By what is below the client:\n\n{report.table_below()}"
    )
