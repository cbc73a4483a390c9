"""The routes under `/_emulator/`: what people and tests look at and do, as JSON."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import attrs

from .actions import perform_action
from .calls.members import MemberRole, NodeKey
from .calls.phlos import NodeType
from .calls.phone_data import read_phone
from .emulated_phones import EmulatedPhones
from .emulator import Emulator
from .errors import ApiError, CallError, InvalidParameter, UnknownResource, WrongMethod
from .faults.rules import read_rules
from .http.request_info import RequestInfo
from .http.response import HttpResponse
from .http.routes import Handler, dispatch
from .page import page_file, show_page
from .seed import read_seed
from .webhooks.callbacks import read_callback


async def control_response(emulator: Emulator, info: RequestInfo) -> HttpResponse:
    """Answer a request under `/_emulator`, except for a subscription to the events."""
    try:
        if info.segments[1:] == ("events",):
            raise WrongMethod(["GET"])
        if info.segments[1:] == ("actions",):
            # Its latency must not hold the lock.
            if info.request.method != "POST":
                raise WrongMethod(["POST"])
            return await perform_action(emulator, info)
        with emulator.current():
            return dispatch(info, control_handlers(emulator, info.segments[1:]))
    except (ApiError, CallError) as error:
        # People read this answer, and no client of Plivo's: it says why.
        response = emulator.error_response(error)
        return attrs.evolve(response, body={**response.body, "error": error.reason})


def control_handlers(emulator: Emulator, segments: tuple[str, ...]) -> Mapping[str, Handler]:
    """Return the handlers of a path under `/_emulator`, by method; empty for no such path."""
    handlers = ControlHandlers(emulator)
    match segments:
        case ():
            return {"GET": lambda _: show_page(emulator)}
        case ("page", name):
            return {"GET": lambda _: page_file(name)}
        case ("state",):
            return {"GET": lambda _: HttpResponse(200, emulator.state())}
        case ("dashboard",):
            return {"GET": lambda _: HttpResponse(200, emulator.dashboard())}
        case ("reset",):
            return {"POST": handlers.reset}
        case ("log",):
            return {"GET": handlers.log}
        case ("faults",):
            return {
                "GET": handlers.faults,
                "POST": handlers.add_faults,
                "DELETE": handlers.clear_faults,
            }
        case ("faults", number):
            return {"DELETE": lambda info: handlers.remove_fault(number, info)}
        case ("deliveries",):
            return {"GET": handlers.deliveries}
        case ("deliveries", number, "redeliver"):
            return {"POST": lambda _: handlers.redeliver(number)}
        case ("callback",):
            return {
                "GET": handlers.callbacks,
                "POST": handlers.set_callback,
                "DELETE": handlers.remove_callback,
            }
        case ("seed",):
            return {"POST": handlers.seed}
        case ("phones",):
            return {"GET": handlers.phones}
        case ("phones", address):
            return {
                "GET": lambda _: HttpResponse(200, emulator.flows.phone(address)),
                "POST": lambda info: handlers.set_phone(address, info),
            }
        case ("phones", address, action):
            return handlers.phone_actions(address, action)
    return _flow_handlers(handlers, segments)


def _flow_handlers(handlers: "ControlHandlers", segments: tuple[str, ...]) -> Mapping[str, Handler]:
    match segments:
        case ("flows", phlo_id):
            return {"GET": lambda _: handlers.flow(phlo_id)}
        case ("runs",):
            return {"GET": handlers.runs}
        case ("runs", run_id):
            return {"GET": lambda _: handlers.run(run_id)}
        case ("runs", run_id, "stop"):
            return {"POST": lambda _: handlers.stop_run(run_id)}
        case ("recordings", name):
            return {"GET": lambda _: handlers.recording(name)}
    return {}


class ControlHandlers:
    """The handlers of one emulator's control routes."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def reset(self, _: RequestInfo) -> HttpResponse:
        """Reset the emulator."""
        self._emulator.reset()
        return HttpResponse(200, self._emulator.state())

    def log(self, info: RequestInfo) -> HttpResponse:
        """Return the log, newest first: `?call=ID&member=ADDRESS&errors=1&limit=N`."""
        query = dict(parse_qsl(info.request.query.decode("latin-1")))
        limit = query.get("limit", "1000")
        if not (limit.isascii() and limit.isdigit() and len(limit) < 10):
            raise InvalidParameter("limit: give a whole number.")
        errors = query.get("errors", "") not in ("", "0", "false")
        log = self._emulator.request_log
        found = log.select(query.get("call", ""), query.get("member", ""), errors)
        entries = [entry.describe() for entry in found[: int(limit)]]
        return HttpResponse(200, {"entries": entries, "matching": len(found)})

    # Faults

    def faults(self, _: RequestInfo) -> HttpResponse:
        """Return the active rules."""
        return HttpResponse(200, {"faults": self._emulator.faults.describe()})

    def add_faults(self, info: RequestInfo) -> HttpResponse:
        """Activate a rule, or a list of them."""
        faults = self._emulator.faults
        added = [faults.add(rule).describe() for rule in read_rules(info.read_any_json())]
        return HttpResponse(201, {"faults": faults.describe(), "added": added})

    def clear_faults(self, info: RequestInfo) -> HttpResponse:
        """Remove every rule."""
        self._emulator.faults.clear()
        return self.faults(info)

    def remove_fault(self, number: str, info: RequestInfo) -> HttpResponse:
        """Remove one rule."""
        if not self._emulator.faults.remove(_read_number(number)):
            raise UnknownResource("fault", number)
        return self.faults(info)

    # Webhooks

    def deliveries(self, _: RequestInfo) -> HttpResponse:
        """Return the deliveries, newest first."""
        deliveries = self._emulator.webhooks.deliveries[::-1]
        return HttpResponse(200, {"deliveries": [delivery.describe() for delivery in deliveries]})

    def redeliver(self, number: str) -> HttpResponse:
        """Deliver an event again."""
        delivery = self._emulator.webhooks.redeliver(_read_number(number))
        if delivery is None:
            raise UnknownResource("delivery", number)
        return HttpResponse(201, delivery.describe())

    def callbacks(self, _: RequestInfo) -> HttpResponse:
        """Return the callbacks."""
        return HttpResponse(200, self._emulator.callbacks.describe())

    def set_callback(self, info: RequestInfo) -> HttpResponse:
        """Set the callback of one node, or of every node without one of its own."""
        given = dict(info.read_json())
        node_key = _read_node_key(given.pop("phlo_id", None), given.pop("node_id", None))
        self._emulator.callbacks.set(read_callback(given), node_key)
        return self.callbacks(info)

    def remove_callback(self, info: RequestInfo) -> HttpResponse:
        """Remove the callback of the node in the body, or the default one."""
        given = info.read_json()
        node_key = _read_node_key(given.get("phlo_id"), given.get("node_id"))
        self._emulator.callbacks.set(None, node_key)
        return self.callbacks(info)

    # Flows

    def flow(self, phlo_id: str) -> HttpResponse:
        """Return a flow, with the options of its nodes."""
        return HttpResponse(200, self._emulator.flows.flow(phlo_id))

    def run(self, run_id: str) -> HttpResponse:
        """Return a run."""
        return HttpResponse(200, self._emulator.flows.run(run_id))

    def runs(self, _: RequestInfo) -> HttpResponse:
        """Return the flows and the outline of every run."""
        flows = self._emulator.flows
        return HttpResponse(200, {"flows": flows.flows(), "runs": flows.runs()})

    def stop_run(self, run_id: str) -> HttpResponse:
        """End a run."""
        flows = self._emulator.flows
        flows.find(run_id)
        flows.runner.stop(run_id)
        return HttpResponse(200, flows.run(run_id))

    def recording(self, name: str) -> HttpResponse:
        """Return a recording."""
        wav = self._emulator.flows.recording(name.removesuffix(".wav"))
        return HttpResponse(200, {}, raw=wav, content_type="audio/wav")

    # What people do

    def seed(self, info: RequestInfo) -> HttpResponse:
        """Load a seed."""
        self._emulator.load(read_seed(info.read_json(), "seed"))
        return HttpResponse(200, self._emulator.dashboard())

    def phones(self, _: RequestInfo) -> HttpResponse:
        """Return the configured phones; every other phone does what `default_phone` says."""
        return HttpResponse(200, {"phones": self._emulator.switchboard.phones.describe()})

    def set_phone(self, address: str, info: RequestInfo) -> HttpResponse:
        """Set what a phone does: `{"does": "answer", "after": 3, "keys": ["1"]}`."""
        self._emulator.switchboard.phones.set(address, read_phone(info.read_json(), "phone"))
        return self.phones(info)

    def phone_actions(self, address: str, action: str) -> Mapping[str, Handler]:
        """Return the handlers of an action of a phone, by method."""
        emulator = self._emulator
        phones = EmulatedPhones(emulator.switchboard, emulator.flows)
        actions: dict[str, Callable[[RequestInfo], None]] = {
            "answer": lambda info: phones.answer(address, _read_call_id(info)),
            "reject": lambda info: phones.reject(address, _read_call_id(info)),
            "hangup": lambda info: phones.hang_up(address, _read_call_id(info)),
            "press": lambda info: phones.press(address, _read_text(info, "keys")),
            "speak": lambda info: phones.speak(address, _read_seconds(info)),
        }
        starts: dict[str, Callable[[RequestInfo], str | None]] = {
            "call": lambda info: self._call(phones, address, info),
            "text": lambda info: phones.text(
                address, _read_text(info, "to"), _read_text(info, "message")
            ),
        }

        def act(info: RequestInfo) -> HttpResponse:
            actions[action](info)
            return HttpResponse(200, emulator.dashboard())

        def start(info: RequestInfo) -> HttpResponse:
            run_id = starts[action](info)
            return HttpResponse(200, {**emulator.dashboard(), "run_id": run_id})

        if action in actions:
            return {"POST": act}
        return {"POST": start} if action in starts else {}

    def _call(self, phones: EmulatedPhones, address: str, info: RequestInfo) -> str | None:
        """Call a number of a flow, or dial in to a node."""
        if "to" in info.read_json():
            headers = info.read_json().get("headers", {})
            if not isinstance(headers, Mapping):
                raise InvalidParameter("headers: give an object.")
            return phones.call(address, _read_text(info, "to"), headers)
        self._join(address, info)
        return None

    def _join(self, address: str, info: RequestInfo) -> None:
        given = info.read_json()
        role = given.get("role", MemberRole.CUSTOMER)
        if role not in tuple(MemberRole):
            raise InvalidParameter("role: give agent or customer.")
        node_key = _read_node_key(given.get("phlo_id"), given.get("node_id"))
        self._emulator.api.join(
            node_key or self._first_node(),
            address,
            MemberRole(str(role)),
            call_id=_read_call_id(info),
            new_call=given.get("new_call") is True,
        )

    def _first_node(self) -> NodeKey:
        for phlo in self._emulator.api.phlos:
            for node in phlo.nodes:
                if node.node_type is NodeType.MULTI_PARTY_CALL:
                    return phlo.phlo_id, node.node_id
        raise UnknownResource("node", NodeType.MULTI_PARTY_CALL)


def _read_text(info: RequestInfo, name: str) -> str:
    value = info.read_json().get(name)
    if not isinstance(value, str) or not value:
        raise InvalidParameter(f"{name}: give a string that is not empty.")
    return value


def _read_seconds(info: RequestInfo) -> float:
    value = info.read_json().get("seconds")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidParameter("seconds: give a number.")
    return float(value)


def _read_call_id(info: RequestInfo) -> str | None:
    call_id = info.read_json().get("call_id")
    if call_id is None or isinstance(call_id, str):
        return call_id
    raise InvalidParameter("call_id: give a string.")


def _read_node_key(phlo_id: object, node_id: object) -> NodeKey | None:
    if phlo_id is None and node_id is None:
        return None
    if not isinstance(phlo_id, str) or not isinstance(node_id, str):
        raise InvalidParameter("phlo_id, node_id: give both as strings, or neither.")
    return phlo_id, node_id


def _read_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
