"""The files of a new PHLO: a menu to begin with, and its scenarios."""

from __future__ import annotations

__all__ = ["NAME_PATTERN", "starter_files"]

NAME_PATTERN = "[0-9A-Za-z][0-9A-Za-z_-]{0,59}"
"""The form of a name, which the files have too."""

_PHLO = """\
# A PHLO for the emulator of plivo-phlo-async.
#
#   plivo-phlo check NAME.phlo.yaml
#   plivo-phlo test NAME.phlo.yaml NAME.scenario.yaml
#   plivo-phlo emulate --flow NAME.phlo.yaml

phlo: "NAME"
id: "NAME"
numbers: ["+14155550100"]                # calls and messages to them start a run

start:
  Incoming Call: Menu

nodes:
  Menu:
    component: IVR Menu
    prompt: Press 1 to talk to us, or 2 to leave a message.
    inputs: [1, 2]
    timeout: 5                           # seconds
    next:                                # where each state leads
      1: Desk
      2: Leave_message
      No Input: Menu
      Wrong Input: Menu

  Desk:
    component: Call Forward
    from: "{{Start.call.from}}"          # a variable: the caller's number
    to: "+12025550141"
    next:                                # Completed leads nowhere, and ends the call
      No Answer: Leave_message
      Busy/Rejected: Leave_message
      Failed: Leave_message

  Leave_message:
    component: Record Audio
    prompt: Leave a message after the beep.
    next: Text_owner                     # a name alone means every state

  Text_owner:
    component: Send SMS
    from: "{{Start.call.to}}"
    to: "+12025550142"
    message: "{{Start.call.from}} left {{Leave_message.recording_url}}"
"""

_SCENARIO = """\
# What phones do in NAME.phlo.yaml, and what is expected. Write the steps and leave out `expect`:
# `plivo-phlo test NAME.phlo.yaml NAME.scenario.yaml --update` writes what happens.

scenarios:
  - name: The desk answers
    call: {from: 12025550000}            # calls the first number of the PHLO
    steps:
      - hears: Press 1 to talk to us
      - presses: 1
    expect:
      path: [Start, Menu, Desk]
      waiting: Desk                      # until one of the two hangs up

  - name: The desk is busy
    call: {from: 12025550000}
    phones:
      12025550141: reject                # every other phone answers at once
    steps:
      - wait: 5                          # no key: the menu again
      - presses: 1
      - hears: Leave a message
      - speaks: 4
      - hangs_up
    expect:
      path: [Start, Menu, Menu, Desk, Leave_message, Text_owner]
      texts:
        12025550142: "12025550000 left http*"
"""


def starter_files(name: str) -> dict[str, str]:
    """Return the texts of a new PHLO and of its scenarios, by the names of their files.

    Args:
        name: the name of the PHLO, of the form of `NAME_PATTERN`.
    """
    texts = {f"{name}.phlo.yaml": _PHLO, f"{name}.scenario.yaml": _SCENARIO}
    return {file: text.replace("NAME", name) for file, text in texts.items()}
