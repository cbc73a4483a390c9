"""A Chromium, a page in it, and an emulator on a socket that it shows."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from plivo_phlo_async.emulator import PhloEmulator, Seed, read_seed
from plivo_phlo_async.emulator.server import EmulatorServer

from .driving import Scene

SEED = {
    "phlos": [
        {
            "phlo_id": "support",
            "name": "Support",
            "nodes": [{"node_id": f"line-{n}", "name": f"Line {n}"} for n in (1, 2, 3)],
        }
    ]
}


def chromium() -> str:
    found = os.environ.get("PLIVO_PHLO_CHROMIUM") or shutil.which("chromium")
    if found is None:
        pytest.fail("There is no chromium: apt-get install chromium, or set PLIVO_PHLO_CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Names of other sites that lead to this machine, as a rebound one does.
        names = "--host-resolver-rules=MAP *.example 127.0.0.1"
        launched = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", names]
        )
        yield launched
        launched.close()


@pytest.fixture
def seed() -> Seed:
    return read_seed(SEED, "seed")


@pytest.fixture
def emulator(seed: Seed) -> PhloEmulator:
    emulator = PhloEmulator(rate_limit=None)
    emulator.load(seed)
    return emulator


@pytest.fixture
def server(emulator: PhloEmulator) -> Iterator[EmulatorServer]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with EmulatorServer(emulator, port=port) as server:
        yield server


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console has complained of; a test may forgive by emptying it."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda wrong: complaints.append(str(wrong)))
    yield page
    context.close()

    assert complaints == []


@pytest.fixture
def scene(page: Page, server: EmulatorServer) -> Scene:
    scene = Scene(page, server)
    scene.open()
    return scene
