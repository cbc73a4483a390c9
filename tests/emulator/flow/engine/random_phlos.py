"""Random PHLOs of all components, from a seed alone."""

from __future__ import annotations

import random

from plivo_phlo_async.emulator.flow.components import COMPONENTS, IVR_KEYS, OPERATIONS, TRIGGERS
from plivo_phlo_async.emulator.flow.graph import FlowNode, FlowStart, NodeCallback, Prompt
from plivo_phlo_async.emulator.flow.phlo import Phlo
from plivo_phlo_async.emulator.webhooks.callbacks import Callback

NUMBERS = ("+14155550100", "12025550001", "2025550002", "sip:agent@phone.example", "")
TEXTS = (
    "Hello.",
    "",
    "{{Start.call.from}}",
    "{{Start.http.params.to | default: '12025550003'}}",
    "{{N1.digits}}{{N2.input}}",
    "{{N3.response.name | upcase}}",
    "{% if Start.request_type == 'call' %}call{% else %}other{% endif %}",
    "{{Nothing.at.all}}",
)


class PhloMaker:
    """Makes PHLOs that the seed alone decides."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def make(self) -> Phlo:
        """Return one more PHLO."""
        names = [f"N{number}" for number in range(1, self._dice.randint(2, 12))]
        nodes = {name: self._node(name, names) for name in names}
        triggers = {one: self._dice.choice(names) for one in TRIGGERS if self._chance(0.95)}
        keys = {"to": None, "otp": "0042"}
        return Phlo("Random", "phlo", NUMBERS[:1], FlowStart(keys, triggers), nodes)

    def _chance(self, probability: float) -> bool:
        return self._dice.random() < probability

    def _node(self, name: str, names: list[str]) -> FlowNode:
        component = self._dice.choice([*COMPONENTS])
        node = FlowNode(name, component, self._options(component))
        later = names[names.index(name) + 1 :]
        after = {
            state: self._dice.choice(later if later and self._chance(0.9) else names)
            for state in node.states
            if self._chance(0.8)
        }
        callback = NodeCallback(Callback("http://127.0.0.1:9/")) if self._chance(0.5) else None
        return FlowNode(name, component, node.options, after, callback, f"id-{name}")

    def _options(self, component: str) -> dict[str, object]:
        return {
            name: value
            for name, value in self._all_options(component).items()
            if COMPONENTS[component].options[name].required or self._chance(0.7)
        }

    def _all_options(self, component: str) -> dict[str, object]:
        prompt = tuple(Prompt(speak=self._text()) for _ in range(self._dice.randint(0, 2)))
        seconds = self._dice.choice(("5", "0", "0.5", "{{Start.http.params.to}}"))
        flag = self._dice.choice(("true", "false", "0", "{{Start.call.from}}"))
        people = tuple(self._number() for _ in range(self._dice.randint(0, 4)))
        match component:
            case "Send SMS":
                message = self._dice.choice((self._text(), "x" * 1700))
                media = ("http://127.0.0.1/a.png",)
                ends: dict[str, object] = {"from": self._number(), "to": people}
                return {**ends, "message": message, "media": media}
            case "IVR Menu":
                keys = tuple(key for key in IVR_KEYS if self._chance(0.3)) or ("1",)
                return {"prompt": prompt, "inputs": keys, "timeout": "5", "interrupt": flag}
            case "Get Input":
                digits = self._dice.choice(("1", "4", "99"))
                return {"prompt": prompt, "max_digits": digits, "timeout": "5"}
            case "Initiate Call":
                dials = {"from": self._number(), "to": people, "ring_timeout": seconds}
                detection = {"record": flag, "voicemail_detection": flag}
                return {**dials, **detection, "headers": {"a": self._text()}}
            case "Call Forward":
                order = self._dice.choice(("sequence", "parallel"))
                dials = {"from": self._number(), "to": people, "ring_timeout": "30"}
                confirm = {"prompt": prompt, "key": "1"}
                return {**dials, "order": order, "confirm": confirm, "record": flag}
            case "Hangup":
                return {"reason": self._dice.choice(("Rejected", "Busy"))}
            case "Play Audio":
                return {"prompt": prompt}
            case "Record Audio":
                return {"prompt": prompt, "beep": flag, "max": "60", "finish_on": "#*"}
            case "Multiparty Call":
                name = self._dice.choice(("", "room"))
                return {"from": self._number(), "to": people, "conference": name, "record": flag}
            case "Conference Bridge":
                return {"conference": self._text(), "announcement": prompt, "mute": flag}
            case "HTTP Request":
                expect = self._dice.choice(((), ("name",)))
                body = {"json": {"from": self._text(), "list": [self._text()]}}
                return {
                    **{"method": "POST", "url": "http://127.0.0.1:9/", "body": body},
                    **{"params": {"q": self._text()}, "auth": {"bearer": self._text()}},
                    "expect": expect,
                }
            case "Counter":
                return {"max": self._dice.choice(("1", "3", "1000"))}
            case _:
                operation = self._dice.choice([*OPERATIONS])
                conditions = {"a": (operation, self._text()), "b": ("equals", "Hello.")}
                return {"variable": self._text(), "conditions": conditions}

    def _text(self) -> str:
        return self._dice.choice(TEXTS)

    def _number(self) -> str:
        if self._chance(0.7):
            return self._dice.choice(NUMBERS[:-1])
        return self._dice.choice((*NUMBERS, "{{Start.call.from}}", "{{Start.http.params.to}}"))
