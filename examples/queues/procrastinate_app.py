"""procrastinate's workers perform the actions that are queued in PostgreSQL.

    pip install "plivo-phlo-async[postgres,redis]" procrastinate
    procrastinate --app examples.queues.procrastinate_app.app schema --apply
    python -m examples.queues.procrastinate_app

Environment: as for `worker.py`. Queue an action with `await perform.defer_async(fields=
action.to_dict())`; its key names it.
"""

import asyncio
import os

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy

from plivo_phlo_async import TRY_AGAIN

from .worker import open_worker

app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))
again = RetryStrategy(retry_exceptions=TRY_AGAIN, wait=1)


@app.task(name="perform", retry=again, pass_context=True)
async def perform(context: JobContext, fields: dict[str, str]) -> None:
    """Perform an action once, however often the queue delivers it."""
    await context.additional_context["worker"].perform(fields)


@app.periodic(cron="* * * * *")
@app.task(name="retry_stalled_jobs", queueing_lock="stalled")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Queue the jobs of workers that died again; `perform` makes that safe."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(job)


async def main() -> None:
    """Work until interrupted."""
    async with app.open_async(), open_worker("calls") as worker:
        await app.run_worker_async(concurrency=10, additional_context={"worker": worker})


if __name__ == "__main__":
    asyncio.run(main())
