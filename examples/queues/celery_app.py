"""Celery's workers perform the actions that are queued, in threads that share one event loop.

    pip install "plivo-phlo-async[postgres,redis]" celery
    celery -A examples.queues.celery_app worker --pool threads --concurrency 10 -n one@%h

Environment: AMQP_URL; for the workers, as for `worker.py`. Queue an action with
`perform.delay(action.to_dict())`; its key names it.
"""

import os
from contextlib import ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal
from celery import Celery
from celery.signals import worker_init, worker_shutdown

from plivo_phlo_async import TRY_AGAIN

from .worker import open_worker

app = Celery("calls", broker=os.environ["AMQP_URL"])
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)
stack, opened = ExitStack(), dict[str, Any]()


@worker_init.connect
def start(**_: Any) -> None:
    """Start the event loop, and open the client and the journal in it."""
    opened["loop"] = loop = stack.enter_context(start_blocking_portal())
    opened["worker"] = stack.enter_context(loop.wrap_async_context_manager(open_worker("calls")))


@worker_shutdown.connect
def stop(**_: Any) -> None:
    """Close them."""
    stack.close()


@app.task(autoretry_for=TRY_AGAIN, retry_backoff=True, max_retries=None)
def perform(fields: dict[str, str]) -> None:
    """Perform an action once, however often the queue delivers it."""
    opened["loop"].call(opened["worker"].perform, fields)
