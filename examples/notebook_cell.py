# mypy: disable-error-code="top-level-await"
# ruff: noqa: F704
"""Cells of a notebook, which has an event loop already: no `main`, no `asyncio.run`, only `await`.

Editors that know `# %%` run it cell by cell, and Jupytext opens it as a notebook.
"""

# %% The client is open as long as the notebook is.
from plivo_phlo_async import AsyncPhloClient

client = AsyncPhloClient()
line = client.multi_party_call()

# %% What is this line?
details = await line.get()
print(details.name, details.node_type, details.created_on)

# %% Ring somebody, and have them wait. To run the cell again is to ring again.
agent, customer = "12025550101", "12025550199"
await line.call(agent, customer, role="customer")
held = await line.member(customer).hold()
print(f"held after {held.elapsed:.3f} s and {held.attempts} attempt(s)")

# %% The end.
await line.member(customer).hangup()
await client.aclose()
