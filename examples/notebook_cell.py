# mypy: disable-error-code="top-level-await"
# ruff: noqa: F704
"""Cells of a notebook, which already has an event loop: use `await`, without `asyncio.run`.

Editors that support `# %%` run the file cell by cell, and Jupytext opens it as a notebook.
"""

# %% Open the client.
from plivo_phlo_async import AsyncPhloClient

client = AsyncPhloClient()
line = client.multi_party_call()

# %% Show the node.
details = await line.get()
print(details.name, details.node_type, details.created_on)

# %% Call the customer and put them on hold. Running this cell again rings the phone again.
agent, customer = "12025550101", "12025550199"
await line.call(agent, customer, role="customer")
held = await line.member(customer).hold()
print(f"held after {held.elapsed:.3f} s and {held.attempts} attempt(s)")

# %% Hang up and close the client.
await line.member(customer).hangup()
await client.aclose()
