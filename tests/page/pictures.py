"""Takes the pictures of the documentation: `python -m tests.page.pictures`."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import attrs
from playwright.async_api import Browser, async_playwright, expect
from rich.console import Console
from rich.text import Text

from plivo_phlo_async import AsyncPhloClient, PhloError
from plivo_phlo_async.emulator import DEMO_AUTH_ID, DEMO_AUTH_TOKEN, PhloEmulator, read_seed
from plivo_phlo_async.emulator.server import EmulatorServer

from ..examples.desktop import serve_desktop

IMAGES = Path(__file__).parents[2] / "docs" / "images"
EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"
AGENT, SECOND, CUSTOMER = "12025550100", "12025550101", "12025550102"
SIP_AGENT, OTHER, OTHER_CUSTOMER = "sip:alice4711@phone.plivo.com", "12025550110", "13035550177"
NAMES = ["Support line", "Orders", "Billing", "Returns", "Sales", "Night desk"]


@attrs.define
class Studio:
    """An emulator whose time can be moved on, and a client of it."""

    emulator: PhloEmulator
    client: AsyncPhloClient
    url: str
    later: Callable[[float], None]

    async def do(self, line: int, verb: str, *words: str) -> None:
        node = self.client.phlo("support").multi_party_call(f"line-{line}")
        if len(words) == 1:
            await getattr(node.member(words[0]), verb)()
        else:
            await getattr(node, verb)(*words)


async def call(at: Studio) -> None:
    await at.do(0, "call", AGENT, CUSTOMER, "customer")
    at.later(74)
    await at.do(0, "mute", CUSTOMER)
    at.later(11)
    await at.do(0, "unmute", CUSTOMER)
    at.later(3)


async def warm_transfer(at: Studio) -> None:
    await call(at)
    at.emulator.set_phone(SECOND, "ring")
    await at.do(0, "warm_transfer", AGENT, SECOND)
    at.later(6)
    at.emulator.answer(SECOND)
    at.later(9)


async def handover(at: Studio) -> None:
    await warm_transfer(at)
    await at.do(1, "call", SIP_AGENT, OTHER_CUSTOMER, "customer")
    at.later(42)
    at.emulator.fail_next("close_after")
    with suppress(PhloError):
        await at.do(1, "mute", OTHER_CUSTOMER)
    at.later(5)
    at.emulator.set_phone(OTHER, "ring")
    await at.do(1, "cold_transfer", SIP_AGENT, OTHER)
    at.later(4)


async def bulk(at: Studio) -> None:
    emulator = at.emulator
    for line in range(len(NAMES)):
        emulator.join("support", f"line-{line}", f"1202555010{line}", "agent")
        await at.do(line, "call", f"1202555010{line}", f"1303555017{line}", "customer")
    for rule in ("mute:500 2% seed=4", "mute:close_after 2% seed=9"):
        emulator.add_fault(rule)
    few = asyncio.Semaphore(16)

    async def mute(number: int) -> None:
        line = number % len(NAMES)
        who = "12025550999" if number % 83 == 5 else f"1303555017{line}"
        async with few:
            with suppress(PhloError):
                await at.do(line, "mute", who)

    await asyncio.gather(*(mute(number) for number in range(620)))


async def picture(
    browser: Browser,
    name: str,
    script: Callable[[Studio], Awaitable[None]],
    size: tuple[int, int] = (1280, 900),
    scheme: Literal["light", "dark"] = "light",
    opened: str = "",
) -> None:
    """Play a scene and take its picture."""
    shift = [0.0]

    def later(seconds: float) -> None:
        shift[0] += seconds

    nodes = [{"node_id": f"line-{n}", "name": name} for n, name in enumerate(NAMES)]
    emulator = PhloEmulator(
        rate_limit=(150, 1.0),
        clock=lambda: time.monotonic() + shift[0],
        wall=lambda: time.time() + shift[0],
    )
    phlo = {"phlo_id": "support", "name": "Support", "nodes": nodes}
    emulator.load(read_seed({"phlos": [phlo]}, "seed"))
    with EmulatorServer(emulator) as server:
        url = f"http://127.0.0.1:{server.port}/_emulator/"
        async with AsyncPhloClient(
            DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=server.base_url, rate_limit=None
        ) as client:
            await script(Studio(emulator, client, url, later))
        page = await browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        await page.goto(url)
        await expect(page.locator("#link-text")).to_have_text("Live")
        await expect(page.locator("#lines > li")).not_to_have_count(0)
        if opened:
            await page.locator(opened).first.click()
            await page.evaluate("() => document.activeElement.blur()")
        await page.mouse.move(0, 0)
        await page.screenshot(path=IMAGES / f"emulator-{name}.png")
        await page.close()


# Flows


def phone_system(emulator: PhloEmulator, later: Callable[[float], None]) -> None:
    """A caller who pressed a wrong key and talks to support, one who gave up, one at the menu."""
    first, second, third = (emulator.phone(f"1202555000{number}") for number in range(3))
    first.calls("+14155550101")
    later(3)
    first.presses("7")
    later(3)
    first.presses("1")
    later(16)
    second.calls("+14155550101")
    later(21)
    second.hangs_up()
    third.calls("+14155550101")
    later(7)


def broadcast(emulator: PhloEmulator, later: Callable[[float], None]) -> None:
    """A broadcast to five people, who are at different places of it."""
    for number, does in enumerate(("answer", "answer", "ring", "voicemail", "reject"), 1):
        emulator.set_phone(f"1202555018{number}", does)
    emulator.run("broadcast", message="The storm closes the office today.")
    later(2)
    emulator.phone("12025550181").presses("1")
    later(1)


def transfer(emulator: PhloEmulator, later: Callable[[float], None]) -> None:
    """A caller and an agent who talk in the Multiparty Call node, after a wrong key."""
    phone = emulator.phone("12025550000")
    phone.calls("+14155550114")
    later(3)
    phone.presses("9")
    later(4)
    phone.presses("1")
    later(48)


async def flow_picture(
    browser: Browser,
    name: str,
    example: str,
    script: Callable[[PhloEmulator, Callable[[float], None]], None],
    node: str,
    run: int = 0,
    scheme: Literal["light", "dark"] = "light",
) -> None:
    """Play an example flow, and take a picture of the flows with a run and a node selected."""
    shift = [0.0]

    def later(seconds: float) -> None:
        shift[0] += seconds

    emulator = PhloEmulator(
        rate_limit=None,
        clock=lambda: shift[0],
        wall=lambda: time.time() + shift[0],
    )
    (path,) = EXAMPLES.glob(f"{example}-*.phlo.yaml")
    emulator.load_flow(path)
    script(emulator, later)
    with EmulatorServer(emulator) as server:
        page = await browser.new_page(
            viewport={"width": 1280, "height": 1400}, color_scheme=scheme, reduced_motion="reduce"
        )
        await page.goto(f"http://127.0.0.1:{server.port}/_emulator/")
        await expect(page.locator("#link-text")).to_have_text("Live")
        await page.locator("#runs button").nth(run).click()
        await page.locator(f'.graph-node[data-node="{node}"]').click()
        await expect(page.locator("#node-options")).not_to_be_empty()
        await expect(page.locator("#run-facts")).to_be_visible()
        await page.evaluate("() => document.activeElement.blur()")
        await page.mouse.move(0, 0)
        flows = page.locator("#flows")
        await flows.evaluate(
            "(box) => Object.assign(box.style, {padding: '1rem', margin: '-1rem -1rem 3rem'})"
        )
        await flows.screenshot(path=IMAGES / f"flow-{name}.png")
        await page.close()


def printed_demo() -> str:
    """What `plivo-phlo demo` prints up to its first warm transfer, as an SVG of a terminal."""
    printed = subprocess.run(
        [sys.executable, "-m", "plivo_phlo_async", "demo"],
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    steps = Text.from_ansi(printed)
    console = Console(record=True, width=74, file=io.StringIO())
    console.print(Text("$ plivo-phlo demo"))
    console.print(steps[: steps.plain.index("\n 5  ")])
    return console.export_svg(title="plivo-phlo demo")


async def terminal_picture(browser: Browser) -> None:
    """Take the picture of the demo in a terminal."""
    page = await browser.new_page()
    # rich's font is on a CDN; a local one does.
    await page.set_content(printed_demo().replace("Fira Code", "DejaVu Sans Mono"))
    await page.locator("svg").screenshot(path=IMAGES / "terminal-demo.png", omit_background=True)
    await page.close()


async def desktop_picture(
    browser: Browser, name: str, status: str, scheme: Literal["light", "dark"]
) -> None:
    """Take a picture of the agent desktop: a colleague's phone rings, until the page says so."""
    with serve_desktop(ring_seconds=15) as served:
        page = await browser.new_page(
            viewport={"width": 760, "height": 640}, color_scheme=scheme, reduced_motion="reduce"
        )
        await page.goto(served.url)
        await page.get_by_label("Your number").fill(AGENT)
        await page.get_by_label("Customer").fill(CUSTOMER)
        await page.get_by_role("button", name="Call", exact=True).click()
        await expect(page.locator("#members li")).to_have_count(2)
        served.emulator.set_phone(SECOND, "ring")
        await page.get_by_label("Colleague").fill(SECOND)
        await page.get_by_role("button", name="Warm transfer").click()
        await expect(page.get_by_role("status")).to_contain_text(status, timeout=30_000)
        # A process has another id each time.
        await page.evaluate("() => { link.textContent = 'Live, from worker 4711'; }")
        await page.evaluate("() => document.activeElement.blur()")
        await page.screenshot(path=IMAGES / f"{name}.png")
        await page.close()


async def take() -> None:
    """Take all of them."""
    chromium = os.environ.get("PLIVO_PHLO_CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        await picture(browser, "call", call, opened="#lines summary")
        await picture(browser, "warm-transfer", warm_transfer)
        more = ".transfer .member button[aria-haspopup=menu]"
        await picture(browser, "actions", warm_transfer, opened=more)
        await picture(browser, "bulk", bulk)
        lost = "#lines > li[data-outcome=lost] summary"
        await picture(browser, "dark", handover, (1280, 1460), "dark", lost)
        await picture(browser, "narrow", warm_transfer, (390, 844))
        await flow_picture(browser, "phone-system", "01", phone_system, "Menu", 1)
        await flow_picture(browser, "broadcast", "08", broadcast, "Alert")
        await flow_picture(browser, "warm-transfer", "14", transfer, "Menu", 0, "dark")
        await desktop_picture(browser, "agent-desktop", "is ringing", "light")
        await desktop_picture(browser, "agent-desktop-no-answer", "no answer", "dark")
        await terminal_picture(browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(take())
