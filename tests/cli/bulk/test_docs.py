"""The application of the page about bulk runs in FastAPI runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from plivo_phlo_async.emulator import DEMO_NODE_ID, DEMO_PHLO_ID, PhloEmulator

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"


@pytest.mark.anyio
async def test_the_fastapi_application_runs_a_bulk_in_the_background(
    emulator: PhloEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (HOW_TO / "bulk-in-fastapi.md").read_text()
    block = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[0]
    names: dict[str, Any] = {"__name__": "application"}
    exec(block, names)
    app, members = names["app"], [f"1202555{number:04}" for number in range(20)]
    for member in members:
        emulator.join(DEMO_PHLO_ID, DEMO_NODE_ID, member)
    asked = {"phlo_id": DEMO_PHLO_ID, "node_id": DEMO_NODE_ID, "members": members}
    asking = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app")
    async with app.router.lifespan_context(app), asking:
        began = await asking.post("/holds/monday", json=asked)
        again = await asking.post("/holds/monday", json=asked)
        wrong = await asking.post("/holds/tuesday", json={**asked, "members": [""]})
        with anyio.fail_after(60):
            while (counts := (await asking.get("/holds/monday")).json())["done"] < 20:
                await anyio.sleep(0.02)

    assert (began.status_code, again.status_code, wrong.status_code) == (202, 409, 422)
    assert counts == {"done": 20, "failed": 0, "unknown": 0}
