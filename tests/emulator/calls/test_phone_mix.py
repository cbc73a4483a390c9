"""What phones do on average, by chance that can be repeated."""

from __future__ import annotations

from collections import Counter

import pytest

from plivo_phlo_async.emulator import PhloEmulator, PhoneMix, read_phone_mix, read_seed

from ..asking import DIAL, NODE, Clock, ask

MIX = "answer 70% after 5-20s, reject 10%, never 20%"


def test_of_many_phones_each_share_does_its_part() -> None:
    mix = read_phone_mix(MIX)
    drawn = Counter(mix.draw(str(number), 0).does.value for number in range(5000))

    assert drawn["answer"] == pytest.approx(3500, rel=0.05)
    assert drawn["reject"] == pytest.approx(500, rel=0.15)
    assert drawn["never"] == pytest.approx(1000, rel=0.1)


def test_a_range_is_drawn_from_its_start_to_its_end() -> None:
    drawn = [read_phone_mix("answer after 5-20s").draw(str(n), 0).after for n in range(1000)]

    assert min(drawn) == pytest.approx(5, abs=0.2)
    assert max(drawn) == pytest.approx(20, abs=0.2)


def test_an_address_does_the_same_whatever_else_rings() -> None:
    assert read_phone_mix(MIX).draw("1", 3) == read_phone_mix(MIX).draw("1", 3)


def test_another_ring_and_another_seed_are_another_chance() -> None:
    drawn = {read_phone_mix(MIX).draw("1", ring).does for ring in range(50)}
    first = [read_phone_mix(f"{MIX}, seed={seed}").draw("1", 0).does for seed in range(50)]

    assert len(drawn) > 1
    assert len(set(first)) > 1


@pytest.mark.parametrize(
    ("text", "reads_as"),
    [
        ("answer", "answer"),
        ("voicemail after 500ms", "voicemail after 0.5s"),
        ("answer 90%, reject", "answer 90%, reject 10%"),
        ("answer, invalid 5%", "answer 95%, invalid 5%"),
        ("answer 50% after 1s-2s, ring 50%, seed=7", "answer 50% after 1-2s, ring 50%, seed=7"),
        ("answer after 100-900ms", "answer after 0.1-0.9s"),
    ],
)
def test_a_mix_is_read_and_written(text: str, reads_as: str) -> None:
    assert str(read_phone_mix(text)) == reads_as
    assert read_phone_mix(reads_as) == read_phone_mix(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write it as in"),
        ("seed=7", "give each behaviour its percentage"),
        ("explode", "a phone does one of answer, ring, reject, voicemail, never, invalid"),
        ("answer 70%, reject 20%", "add up to 90, not 100"),
        ("answer 70%, reject 40%", "add up to 110"),
        ("answer, reject", "give each behaviour its percentage"),
        ("answer 100%, reject", "leaves none for reject"),
        ("answer after 20-5s", "ends before it begins"),
        ("answer after soon", "'soon' is not a time"),
        ("never 100% after 5s", "'after' does not apply to never"),
        ("invalid 100% after 5s", "'after' does not apply to invalid"),
    ],
)
def test_what_is_no_mix_is_refused_with_the_part(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_phone_mix(text)


def test_five_hundred_calls_look_like_life() -> None:
    clock = Clock()
    emulator = PhloEmulator(default_phone=MIX, clock=clock, wall=clock, rate_limit=None)
    for number in range(500):
        body = {**DIAL, "trigger_source": f"1{number:03}", "to": f"2{number:03}"}
        assert ask(emulator, "POST", NODE, body).status == 201
    rung = states(emulator)
    clock.now += 20

    assert rung == {"ringing": pytest.approx(450, abs=25)}
    assert states(emulator)["in_call"] == pytest.approx(350, abs=35)
    assert states(emulator)["ringing"] == pytest.approx(100, abs=30)


def states(emulator: PhloEmulator) -> Counter[str]:
    """How many of the numbers that begin with 2 are in which state."""
    members = [member for call in emulator.calls.values() for member in call.members]
    return Counter(m.state.value for m in members if m.live and m.address.startswith("2"))


def test_a_phone_that_never_answers_cannot_be_answered() -> None:
    emulator = PhloEmulator(default_phone="never")
    ask(emulator, "POST", NODE, DIAL)
    answer = ask(emulator, "POST", "/_emulator/phones/222/answer")

    assert (answer.status, answer.json["error"]) == (400, "The phone at 222 never answers.")


def test_a_phone_that_is_set_does_what_it_is_set_to() -> None:
    emulator = PhloEmulator(default_phone="never", phones={"222": "answer"})
    ask(emulator, "POST", NODE, DIAL)

    assert states(emulator) == {"in_call": 1}


def test_a_seed_has_it_and_a_reset_keeps_it() -> None:
    emulator = PhloEmulator()
    emulator.load(read_seed({"default_phone": MIX}, "seed"))
    emulator.reset()

    assert emulator.dashboard()["default_phone"] == MIX


@pytest.mark.parametrize("value", ["explode", 7, None])
def test_a_seed_with_another_value_is_refused(value: object) -> None:
    answer = ask(PhloEmulator(), "POST", "/_emulator/seed", {"default_phone": value})

    assert (answer.status, answer.json["error"][:20]) == (400, "seed: default_phone:")


def test_the_default_is_to_answer_at_once() -> None:
    assert (str(PhoneMix()), PhoneMix().draw("1", 0).after) == ("answer", 0.0)
