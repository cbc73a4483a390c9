"""What a browser test does: acts through the SDK while it looks at the page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
from playwright.sync_api import Locator, Page, expect

from plivo_phlo_async import AsyncPhloClient
from plivo_phlo_async.emulator import DEMO_AUTH_ID, DEMO_AUTH_TOKEN, PhloEmulator
from plivo_phlo_async.emulator.server import EmulatorServer
from plivo_phlo_async.resources import MultiPartyCall

AGENT, SECOND, CUSTOMER = "12025550100", "12025550101", "12025550102"

Work = Callable[[MultiPartyCall], Awaitable[object]]


@attrs.frozen
class Scene:
    """A page that shows a served emulator."""

    page: Page
    server: EmulatorServer

    @property
    def emulator(self) -> PhloEmulator:
        return self.server.emulator

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/_emulator/"

    def open(self) -> None:
        self.page.goto(self.url)
        self.is_live()

    def is_live(self) -> None:
        expect(self.page.locator("#link-text")).to_have_text("Live")

    def do(self, work: Work, node_id: str = "line-1") -> None:
        """Have the SDK do `work` with a node. In a thread: the browser has this one's loop."""
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, self._work(work, node_id)).result(timeout=30)

    async def _work(self, work: Work, node_id: str) -> None:
        async with AsyncPhloClient(
            DEMO_AUTH_ID, DEMO_AUTH_TOKEN, base_url=self.server.base_url, rate_limit=None
        ) as client:
            await work(client.phlo("support").multi_party_call(node_id))

    def talk(self) -> None:
        """Have an agent and a customer in a call."""
        self.do(lambda node: node.call(AGENT, CUSTOMER, "customer"))

    # Where to look

    def member(self, address: str) -> Locator:
        name = self.page.locator(".address").get_by_text(address, exact=True)
        return self.page.locator("#cards li.member").filter(has=name)

    def shows(self, **states: str) -> None:
        """Whether the page shows each member (`_` and the number) in its state, sooner or later."""
        for address, state in states.items():
            line = self.member(address.removeprefix("_"))
            expect(line).to_have_attribute("data-state", state)
            expect(line.locator(".chip")).to_have_text(state.replace("_", " "))

    def press(self, address: str, button: str) -> None:
        self.member(address).get_by_role("button", name=button).click()

    def choose(self, opener: Locator, item: str) -> None:
        """Choose an item of the menu that a button opens."""
        opener.click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def choose_for(self, address: str, item: str) -> None:
        """Choose an item of a member's menu."""
        self.choose(self.member(address).get_by_role("button", name="More for"), item)

    def entries(self, outcome: str | None = None) -> Locator:
        which = f'[data-outcome="{outcome}"]' if outcome else ""
        return self.page.locator(f"#lines > li{which}")
