"""The PHLO of `help_desk.phlo.yaml`, in Python."""

from __future__ import annotations

from plivo_phlo_async.emulator import Callback
from plivo_phlo_async.emulator.flow import Flow, NodeCallback, Prompt

NUMBER, URL = "+14155550100", "http://127.0.0.1:8000/plivo"

flow = Flow("Help desk", numbers=[NUMBER], phlo_id="help-desk")
start = flow.start(keys=["to", "order"])
caller, order = start.call.from_, start.params.order

look_up = flow.http_request(
    "Look_up",
    method="GET",
    url="http://127.0.0.1:8000/customers",
    params={"phone": caller, "limit": 1},
    auth={"basic": ("phlo", "secret")},
    expect=["name", "agent"],
)
is_vip = flow.branch(
    "Is_VIP",
    variable=look_up.response.tier,
    conditions={"gold": {"equals": "gold"}, "regular": {"greater_than": 3}},
)
name = look_up.response.name.default("there")
menu = flow.ivr_menu(
    "Menu",
    prompt=[
        f"Hello {name}. Press 1 for an agent, 2 for voicemail.",
        Prompt(play="https://example.com/menu.mp3"),
    ],
    inputs="12",
    timeout=7.5,
    callback=URL,
)
tries = flow.counter("Tries", max=3)
agents = flow.multi_party_call(
    "Agents",
    node_id="agents",
    from_=start.call.to,
    to=look_up.response.agent.default("12025550001"),
    conference=f"desk-{start.call.uuid}",
    callback=NodeCallback(Callback(URL, format="json"), ("ConferenceEnter",)),
)
message = flow.record_audio(
    "Leave_message",
    prompt=Prompt("Please leave a message.", language="en-GB", voice="WOMAN"),
    beep=False,
    max=120,
)
tell = flow.send_sms(
    "Tell_team",
    from_=start.call.to,
    to=["+12025550177", "+12025550178"],
    message=f"{caller} ({start.call.from_iso2}): {message.recording_url}",
)
note = flow.http_request(
    "Note",
    method="POST",
    url="http://127.0.0.1:8000/notes",
    body={"json": {"sms": tell.to.iso2, "urgent": True, "tries": [1, 2.5]}},
    auth={"bearer": "secret"},
)
bye = flow.hangup("Bye", reason="Busy")
thanks = flow.send_sms("Thanks", from_=start.call.to, to=caller, message="Thank you for calling.")

start.incoming_call >> look_up
look_up.success >> is_vip
look_up.failed >> menu
is_vip.condition("gold") >> agents
is_vip.other_states >> menu
menu.key("1") >> agents
menu.key("2") >> message
menu.other_states >> tries
tries.count_not_reached >> menu
tries.count_reached >> message
agents.completed >> thanks
agents.failed >> message
message.recording_completed >> tell
tell.every_state >> note
note.every_state >> bye

ring = flow.initiate_call(
    "Ring_customer",
    from_=NUMBER,
    to=start.params.to,
    ring_timeout=25,
    voicemail_detection=True,
    headers={"order": order},
)
which = flow.get_input("Which", prompt="Enter your code.", max_digits=4)
say_order = flow.play_audio("Say_order", prompt=f"Your order {order} is ready.")
courier = flow.call_forward(
    "Courier",
    from_=NUMBER,
    to="+12025550131, +12025550132",
    order="parallel",
    confirm={"prompt": "Press 1.", "key": 1},
    record=True,
)
text_instead = flow.send_sms(
    "Text_instead", from_=NUMBER, to=start.params.to, message=f"Your order {order} is ready."
)

start.api_request >> ring
ring.answered >> which
ring.voicemail >> say_order
ring.other_states >> text_instead
which.successful_input >> say_order
say_order.prompt_completed >> courier
courier.completed >> flow.conference_bridge("Team", conference="team", mute=True)

start.incoming_message >> flow.send_sms(
    "Answer_text",
    from_=start.message.to,
    to=start.message.from_,
    message=f'We got "{start.message.msg}".',
    log=False,
)
