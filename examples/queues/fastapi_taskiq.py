"""A FastAPI service that queues actions in RabbitMQ, and taskiq's workers that perform them.

    pip install "plivo-phlo-async[postgres,redis]" fastapi uvicorn taskiq taskiq-aio-pika
    uvicorn examples.queues.fastapi_taskiq:app
    taskiq worker examples.queues.fastapi_taskiq:broker --ack-type when_saved

Environment: AMQP_URL; for the workers, as for `worker.py`.
"""

import os
from contextlib import AsyncExitStack

from fastapi import Body, FastAPI
from taskiq import Context, SmartRetryMiddleware, TaskiqDepends, TaskiqEvents, TaskiqState
from taskiq_aio_pika import AioPikaBroker

from plivo_phlo_async import TRY_AGAIN

from .worker import open_worker

again = SmartRetryMiddleware(10_000, default_delay=1, types_of_exceptions=TRY_AGAIN)
broker = AioPikaBroker(os.environ["AMQP_URL"], qos=20).with_middlewares(again)
app = FastAPI(on_startup=[broker.startup], on_shutdown=[broker.shutdown])


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    """Open the client and the journal of a worker."""
    state.stack = AsyncExitStack()
    state.worker = await state.stack.enter_async_context(open_worker("calls"))


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(state: TaskiqState) -> None:
    """Close them."""
    await state.stack.aclose()


@broker.task(retry_on_error=True)
async def perform(fields: dict[str, str], context: Context = TaskiqDepends()) -> None:  # noqa: B008
    """Perform an action once, however often the queue delivers it."""
    await context.state.worker.perform(fields)


@app.post("/actions", status_code=202)
async def queue(fields: dict[str, str] = Body()) -> None:  # noqa: B008
    """Queue an action; its key names it, however often it is posted."""
    await perform.kiq(fields)
