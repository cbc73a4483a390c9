"""What your own tests import: a client that talks to an emulator in the same process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ..client import AsyncPhloClient
from ..emulator import PhloEmulator

__all__ = ["emulated_client"]


@asynccontextmanager
async def emulated_client(emulator: PhloEmulator, **options: Any) -> AsyncIterator[AsyncPhloClient]:
    """A client whose server is `emulator`, with no socket and no account.

    Args:
        emulator: what answers.
        options: more arguments for `AsyncPhloClient`.
    """
    transport = httpx.ASGITransport(app=emulator)
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AsyncPhloClient(
            emulator.auth_id,
            emulator.auth_token,
            base_url="http://emulator/v1",
            http_client=http,
            **options,
        ) as client,
    ):
        yield client
