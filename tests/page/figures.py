"""How fast the page is, in a real browser: `python -m tests.page.figures`, or `... flows`.

First paint of a page with 50 calls, when all 50 are painted; how long after a request its member is
painted, after a press of a button too, and after a key in the search its cards. Each with and
without requests to all 50 calls going on, which another process sends.

The same for a flow of 200 nodes: when its graph is painted, and how long after a key its token is
painted at the next node, with 50 live runs whose phones press keys meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import httpx
from playwright.async_api import Browser, Page, async_playwright, expect

from plivo_phlo_async import AsyncPhloClient, PhloError
from plivo_phlo_async.emulator import DEMO_AUTH_ID, DEMO_AUTH_TOKEN

CALLS, PAGES, STEPS = 50, 9, 40
RATES = (300, 500)
PORT = 7462
ROOT = f"http://127.0.0.1:{PORT}"
SEED = {
    "phlos": [
        {
            "phlo_id": "figures",
            "name": "Figures",
            "nodes": [{"node_id": f"line-{n}", "name": f"Line {n}"} for n in range(CALLS)],
        }
    ]
}

NODES, RUNS, KEY_RATES = 200, 50, (0, 50, 100)
HALF = NODES // 2
NUMBER, CALLER = "+14155550100", "12025550000"


def flow(reach: int) -> dict[str, object]:
    """A flow of menus: 1 leads to the next one, other states at most `reach` of them further on.

    What a phone reaches by 1 from the first menu on, a phone that has pressed 2 does not.
    """
    nodes = {}
    for number in range(NODES):
        base = 0 if number < HALF else HALF
        further = HALF + (number + number * 7 % reach) % HALF
        back = HALF + max(0, number - number * 3 % reach) % HALF
        nodes[f"Menu_{number}"] = {
            "component": "IVR Menu",
            "prompt": "Press 1 or 2.",
            "inputs": ["1", "2"],
            "timeout": "86400",
            "next": {
                "1": f"Menu_{base + (number + 1) % HALF}",
                "2": f"Menu_{further}",
                "Wrong Input": f"Menu_{further if number % 5 else back}",
            },
        }
    start = {"Incoming Call": "Menu_0"}
    return {"phlo": "Large", "id": "large", "numbers": [NUMBER], "start": start, "nodes": nodes}


GRAPH_DRAWN = f"""new MutationObserver((_, watch) => {{
    if (document.querySelectorAll(".graph-node").length < {NODES}) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark("graph"), 0));
}}).observe(document, {{ childList: true, subtree: true }})"""
GRAPH_MEASURED = "() => performance.getEntriesByName('graph')[0]?.startTime"
# When the token was painted at a node, by the wall clock that the sender of the key reads too.
TOKEN_PAINTED = """(name) => new Promise((done) => {
    const node = document.querySelector(`.graph-node[data-node="${name}"]`);
    const watch = new MutationObserver(() => {
        if (!node.querySelector(".wait")) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(Date.now()), 0));
    });
    watch.observe(node, { childList: true, subtree: true });
})"""

CARDS_PAINTED = f"""new MutationObserver((_, watch) => {{
    if (document.querySelectorAll(".card").length < {CALLS}) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark("cards"), 0));
}}).observe(document, {{ childList: true, subtree: true }})"""
MEASURED = """() => {
    const at = (name) => performance.getEntriesByName(name)[0]?.startTime;
    return [at("first-contentful-paint"), at("cards")];
}"""
# When a member was painted in its state, by the wall clock that the client reads too.
STATE_PAINTED = """([number, state]) => new Promise((done) => {
    const painted = () => requestAnimationFrame(() => setTimeout(() => done(Date.now()), 0));
    const line = [...document.querySelectorAll("#cards .member")].find(
        (one) => one.querySelector(".address").textContent === number);
    if (line.dataset.state === state) return painted();
    const watch = new MutationObserver(() => {
        if (line.dataset.state !== state) return;
        watch.disconnect();
        painted();
    });
    watch.observe(line, { attributes: true });
})"""


# From a press or a key to the frame after which it is painted.
PRESSED_PAINTED = """([number, state]) => new Promise((done) => {
    const line = [...document.querySelectorAll("#cards .member")].find(
        (one) => one.querySelector(".address").textContent === number);
    const began = performance.now();
    const watch = new MutationObserver(() => {
        if (line.dataset.state !== state) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - began), 0));
    });
    watch.observe(line, { attributes: true });
    line.querySelector(".direct button").click();
})"""
SEARCHED_PAINTED = """(text) => new Promise((done) => {
    const search = document.getElementById("search");
    const began = performance.now();
    search.value = text;
    search.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began), 0));
})"""


def connected() -> AsyncPhloClient:
    return AsyncPhloClient(DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=f"{ROOT}/v1", rate_limit=None)


@asynccontextmanager
async def served(seed_data: Mapping[str, object]) -> AsyncIterator[AsyncPhloClient]:
    """An emulator in a process of its own, as users have it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as seed:
        json.dump(seed_data, seed)
        seed.flush()
        command = [sys.executable, "-m", "plivo_phlo_async", "emulate", "--port", str(PORT)]
        emulator = subprocess.Popen(
            [*command, "--seed", seed.name, "--no-rate-limit", "--prompt-speed", "0"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PLIVO_EMULATOR_AUTH_TOKEN": DEMO_AUTH_TOKEN},
        )
        try:
            assert emulator.stdout is not None
            await asyncio.to_thread(emulator.stdout.readline)
            async with connected() as client:
                yield client
        finally:
            emulator.terminate()
            emulator.wait()


async def opened(browser: Browser) -> Page:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.add_init_script(CARDS_PAINTED)
    await page.goto(f"{ROOT}/_emulator/")
    await expect(page.locator(".card")).to_have_count(CALLS)
    await expect(page.locator("#link-text")).to_have_text("Live")
    await expect(page.locator("#lines > li")).not_to_have_count(0)
    return page


async def painted(page: Page) -> tuple[float, float]:
    first, cards = await page.evaluate(MEASURED)
    while first is None:  # the browser notes a paint after it
        await asyncio.sleep(0.05)
        first, cards = await page.evaluate(MEASURED)
    return first, cards


async def updated(page: Page, client: AsyncPhloClient) -> list[float]:
    """Milliseconds from sending a request to its member's being painted, over and over."""
    member = client.phlo("figures").multi_party_call("line-0").member("130355500")
    took = []
    for step in range(STEPS):
        state = "in_call" if step % 2 else "on_hold"
        seen = asyncio.create_task(page.evaluate(STATE_PAINTED, ["130355500", state]))
        await asyncio.sleep(0.05)
        began = time.time()
        await (member.unhold() if step % 2 else member.hold())
        took.append(await seen - began * 1000)
    return took


async def pressed(page: Page) -> list[float]:
    """Milliseconds from a press of a member's button to its member's being painted."""
    states = ["in_call" if step % 2 else "on_hold" for step in range(STEPS)]
    took = []
    for state in states:
        took.append(await page.evaluate(PRESSED_PAINTED, ["130355500", state]))
        await asyncio.sleep(0.05)
    return took


async def searched(page: Page) -> list[float]:
    """Milliseconds from a key in the search to its cards' being painted."""
    took = []
    for step in range(STEPS):
        took.append(await page.evaluate(SEARCHED_PAINTED, "" if step % 2 else "1303555003"))
        await asyncio.sleep(0.05)
    return took


async def busy(per_second: int) -> None:
    """Send requests to all calls at that rate until this process ends."""
    began, sent = time.monotonic(), 0
    async with connected() as client, asyncio.TaskGroup() as group:
        while True:
            due = int((time.monotonic() - began) * per_second)
            for _ in range(min(due - sent, 20)):
                group.create_task(mute(client, sent))
                sent += 1
            sent = max(sent, due - 20)
            await asyncio.sleep(0.01)


async def mute(client: AsyncPhloClient, number: int) -> None:
    line, times = number % CALLS, number // CALLS
    member = client.phlo("figures").multi_party_call(f"line-{line}").member(f"13035550{line}")
    with suppress(PhloError):
        await (member.unmute() if times % 2 else member.mute())


@asynccontextmanager
async def load(per_second: int, what: str = "calls") -> AsyncIterator[None]:
    command = [sys.executable, "-m", "tests.page.figures", what, str(per_second)]
    noise = await asyncio.create_subprocess_exec(*command)
    try:
        await asyncio.sleep(2)
        yield
    finally:
        noise.terminate()
        await noise.wait()


def report(name: str, values: list[float]) -> None:
    best, middle, worst = min(values), statistics.median(values), max(values)
    print(f"{name:<36} median {middle:5.0f} ms   best {best:5.0f}   worst {worst:5.0f}")


# Flows


def people() -> httpx.AsyncClient:
    """What people do with their phones."""
    return httpx.AsyncClient(base_url=f"{ROOT}/_emulator/phones/", timeout=30)


async def keys(per_second: int) -> None:
    """Press keys at the phones of all runs at that rate until this process ends."""
    began, sent = time.monotonic(), 0
    async with people() as http:
        while True:
            due = int((time.monotonic() - began) * per_second)
            for number in range(sent, min(due, sent + 20)):
                key = "2" if number % 3 else "1"
                await http.post(f"{CALLER}{number % RUNS + 1}/press", json={"keys": key})
            sent = due
            await asyncio.sleep(0.005)


async def graph_painted(browser: Browser) -> float:
    """Milliseconds from the start of the navigation to the painted graph."""
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.add_init_script(GRAPH_DRAWN)
    await page.goto(f"{ROOT}/_emulator/")
    while (drawn := await page.evaluate(GRAPH_MEASURED)) is None:
        await asyncio.sleep(0.05)
    await page.close()
    return float(drawn)


async def tokens_painted(browser: Browser, http: httpx.AsyncClient) -> list[float]:
    """Milliseconds from sending a key to the token's being painted at the next node."""
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(f"{ROOT}/_emulator/")
    await http.post(f"{CALLER}/call", json={"to": NUMBER})
    await expect(page.locator('.graph-node[data-node="Menu_0"] .wait')).to_have_count(1)
    took = []
    for step in range(STEPS):
        seen = asyncio.create_task(page.evaluate(TOKEN_PAINTED, f"Menu_{step + 1}"))
        await asyncio.sleep(0.05)
        began = time.time()
        await http.post(f"{CALLER}/press", json={"keys": "1"})
        took.append(await seen - began * 1000)
    await http.post(f"{CALLER}/hangup", json={})
    await page.close()
    return took


async def measure_flows() -> None:
    """Print the figures of flows."""
    chromium = os.environ.get("PLIVO_PHLO_CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for reach, name in ((8, "a flow of"), (HALF, "a tangle of")):
            async with served({"phlos": [flow(reach)]}):
                took = [await graph_painted(browser) for _ in range(PAGES)]
            report(f"{name} {NODES} nodes painted", took)
        async with served({"phlos": [flow(8)]}), people() as http:
            await measure_tokens(browser, http)
        print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        await browser.close()


async def measure_tokens(browser: Browser, http: httpx.AsyncClient) -> None:
    """Print how soon a token's move is painted, while other runs move more and more often."""
    for number in range(RUNS):
        await http.post(f"{CALLER}{number + 1}/call", json={"to": NUMBER})
        await http.post(f"{CALLER}{number + 1}/press", json={"keys": "2"})
    for rate in KEY_RATES:
        async with load(rate, "keys"):
            before, began = await steps_of_all(http), time.monotonic()
            took = await tokens_painted(browser, http)
            reached = (await steps_of_all(http) - before) / (time.monotonic() - began)
        report(f"key to token painted, {reached:.0f} steps/s", took)


async def steps_of_all(http: httpx.AsyncClient) -> int:
    runs = (await http.get(f"{ROOT}/_emulator/runs")).json()["runs"]
    return sum(int(run["steps"]) for run in runs)


async def measure() -> None:
    """Print the figures."""
    chromium = os.environ.get("PLIVO_PHLO_CHROMIUM") or shutil.which("chromium")
    async with served(SEED) as client, async_playwright() as playwright:
        phlo = client.phlo("figures")
        for n in range(CALLS):
            node = phlo.multi_party_call(f"line-{n}")
            await node.call(f"120255500{n}", f"13035550{n}", "customer")
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await opened(browser)
        cold, warm = [], []
        for _ in range(PAGES):
            await page.close()
            page = await opened(browser)
            cold.append(await painted(page))
            await page.reload()
            await expect(page.locator(".card")).to_have_count(CALLS)
            await expect(page.locator("#lines > li")).not_to_have_count(0)
            warm.append(await painted(page))
        report("first paint, 50 calls, new tab", [first for first, _ in cold])
        report("first paint, 50 calls, reloaded", [first for first, _ in warm])
        report("all 50 calls painted, new tab", [cards for _, cards in cold])
        report("all 50 calls painted, reloaded", [cards for _, cards in warm])
        await interaction(page, client, "")
        for rate in RATES:
            async with load(rate):
                before, began = await client_requests(page), time.monotonic()
                await interaction(page, client, f", {rate}/s")
                seconds = time.monotonic() - began
                reached = (await client_requests(page) - before) / seconds
            print(f"{reached:.0f} of {rate} requests a second were reached")
        print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        await browser.close()


async def interaction(page: Page, client: AsyncPhloClient, under: str) -> None:
    report(f"request to painted{under}", await updated(page, client))
    report(f"button to painted{under}", await pressed(page))
    report(f"key in the search to painted{under}", await searched(page))


async def client_requests(page: Page) -> int:
    dashboard = await (await page.request.get(f"{ROOT}/_emulator/dashboard")).json()
    return int(dashboard["requests"])


if __name__ == "__main__":
    logging.disable()
    if len(sys.argv) > 2:
        send = {"calls": busy, "keys": keys}[sys.argv[1]]
        asyncio.run(send(int(sys.argv[2])))
    else:
        asyncio.run(measure_flows())
        if sys.argv[1:] != ["flows"]:
            asyncio.run(measure())
