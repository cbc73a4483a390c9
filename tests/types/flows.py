"""The types of the flow builder, and what they refuse; checked by mypy and pyright, never run."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import assert_type

from plivo_phlo_async.emulator import Callback
from plivo_phlo_async.emulator.flow import Flow, NodeCallback, Phlo, Prompt
from plivo_phlo_async.emulator.flow.builder.graph import FlowState
from plivo_phlo_async.emulator.flow.builder.nodes import (
    BranchNode,
    CallForwardNode,
    ConferenceBridgeNode,
    CounterNode,
    GetInputNode,
    HangupNode,
    HttpRequestNode,
    InitiateCallNode,
    IvrMenuNode,
    MultiPartyCallNode,
    PlayAudioNode,
    RecordAudioNode,
    SendSmsNode,
    StartNode,
)
from plivo_phlo_async.emulator.flow.builder.variables import JsonVariable, Variable

URL = "http://127.0.0.1:8000/"


def nodes(flow: Flow) -> None:
    assert_type(flow.start(keys=["to"]), StartNode)
    assert_type(flow.start(keys={"to": None, "currency": "EUR"}, callback=URL), StartNode)
    assert_type(flow.send_sms("A", from_="1", to=["2"], media=[URL], log=False), SendSmsNode)
    assert_type(flow.ivr_menu("B", inputs="12#", timeout=2.5, interrupt=True), IvrMenuNode)
    assert_type(flow.ivr_menu("B", inputs=[1, "*"], prompt=["a", Prompt(play=URL)]), IvrMenuNode)
    assert_type(flow.get_input("C", prompt="Hello.", max_digits=4), GetInputNode)
    headers = {"order": 17}
    assert_type(flow.initiate_call("D", from_="1", to="2", headers=headers), InitiateCallNode)
    assert_type(flow.hangup("F", reason="Busy"), HangupNode)
    assert_type(flow.play_audio("G", prompt=Prompt("Hello.", language="en-GB")), PlayAudioNode)
    assert_type(flow.record_audio("H", finish_on="*"), RecordAudioNode)
    assert_type(flow.multi_party_call("I", role="agent", node_id="agents"), MultiPartyCallNode)
    assert_type(flow.conference_bridge("J", conference="all"), ConferenceBridgeNode)
    assert_type(flow.counter("L", max=3), CounterNode)
    assert_type(flow.build(), Phlo)


def mappings(flow: Flow, caller: Variable) -> None:
    forward = flow.call_forward(
        "E", from_=caller, to=["2", caller], order="parallel", confirm={"prompt": "?", "key": 1}
    )
    assert_type(forward, CallForwardNode)
    post = flow.http_request(
        "K",
        method="POST",
        url=URL,
        body={"json": {"caller": caller, "tags": [1, 2.5, True]}},
        auth={"basic": ("user", caller)},
    )
    assert_type(post, HttpRequestNode)
    flow.http_request(
        "K", method="PUT", url=URL, body={"form": {"a": caller}}, auth={"bearer": "token"}
    )
    conditions = flow.branch(
        "M",
        variable=caller,
        conditions={"adult": {"greater_than": 17}, "unknown": {"is_empty": True}},
        callback=NodeCallback(Callback(URL), ("adult",)),
    )
    assert_type(conditions, BranchNode)


def states_and_variables(
    start: StartNode, menu: IvrMenuNode, sms: SendSmsNode, http: HttpRequestNode
) -> None:
    assert_type(menu.no_input, FlowState)
    assert_type(menu.key("1"), FlowState)
    assert_type(menu.every_state, FlowState)
    assert_type(menu.other_states, FlowState)
    assert_type(menu.no_input >> sms, SendSmsNode)
    assert_type(menu.no_input.to(sms), SendSmsNode)
    assert_type((start.incoming_call >> menu).digits, Variable)
    assert_type(start.call.from_.default("unknown"), Variable)
    assert_type(start.call.from_.default(start.call.to), Variable)
    assert_type(sms.to.iso2, Variable)
    assert_type(http.response.items[0]["name"], JsonVariable)
    assert_type(start.params.order, JsonVariable)
    assert_type(start.http.params["order"], JsonVariable)


def refused(flow: Flow, start: StartNode, menu: IvrMenuNode, http: HttpRequestNode) -> None:
    # Each line is a mistake that a type checker must report: mypy reports an ignore without one.
    print(menu.no_imput)  # type: ignore[attr-defined]  # no such state
    print(menu.digit)  # type: ignore[attr-defined]  # no such variable
    print(menu.digits.length)  # type: ignore[attr-defined]  # a text has no parts
    print(start.call.form)  # type: ignore[attr-defined]  # no such variable of a call
    print(http.respones)  # type: ignore[attr-defined]  # no such variable
    print(list(http.response))  # type: ignore[call-overload]  # its length is not known
    print(menu.no_input >> menu.wrong_input)  # type: ignore[type-var]  # a state is no node
    print(menu.no_input >> start)  # type: ignore[type-var]  # nothing leads to Start
    flow.counter("A")  # type: ignore[call-arg]  # max is required
    flow.counter("A", maximum=3)  # type: ignore[call-arg]  # no such option
    flow.play_audio("A", prompt=start.call)  # type: ignore[arg-type]  # a group of variables
    flow.hangup("A", reason="busy")  # type: ignore[arg-type]  # no such reason
    flow.branch("A", variable="x", conditions={"a": {"equal": "1"}})  # type: ignore[typeddict-unknown-key]  # equals
    flow.http_request("A", method="PATCH", url=URL)  # type: ignore[arg-type]  # no such method
    flow.http_request("A", method="POST", url=URL, body={"text": "x"})  # type: ignore[arg-type]  # no kind
