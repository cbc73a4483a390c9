"""An event is printed as a line, a table or JSON."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from .samples import BODY, ENTERS, LINE, URL, Read, ask, listener, signed


def test_an_event_is_a_line_with_its_number_masked(capsys: Read) -> None:
    answers = ask(listener(), signed())

    assert [answer.status_code for answer in answers] == [200]
    assert capsys.readouterr() == (LINE, "")


def test_all_variables_are_shown_if_asked(capsys: Read) -> None:
    long = "1" * 300
    ask(listener(verbose=True, auth_token=None), signed(body=BODY + f"&new={long}".encode()))
    out, _ = capsys.readouterr()

    assert out.startswith(LINE)
    assert "          to         12025550199\n" in out
    assert f"          new        {long} (not known)\n" in out


def test_json_has_everything_on_one_line(capsys: Read) -> None:
    ask(listener(as_json=True), signed())
    out, _ = capsys.readouterr()
    printed = json.loads(out)

    assert out.count("\n") == 1
    assert printed["time"] == "2026-01-02T12:30:00+00:00"
    assert printed["method"] == "POST"
    assert printed["url"] == URL
    assert printed["verified"]
    assert (printed["component"], printed["variables"]["to"]) == ("multi_party_call", "12025550199")
    assert printed["raw"] == {**ENTERS, "tenant": "5", "a": " "}


def test_what_is_sent_does_not_steer_the_terminal(capsys: Read) -> None:
    form = {"event": "\x1b[31mred\r\n", "to": "1202\x1b]0;x\x07", "member_id": "\x9b2J"}
    for kind in ({"verbose": True}, {"as_json": True}, {}):
        app = listener(auth_token=None, **kind)
        ask(app, httpx.Request("POST", URL, data=form))
    ask(listener(), httpx.Request("POST", URL.replace("hooks", "%1B"), data=form))

    assert {each for each in "".join(capsys.readouterr()) if not each.isprintable()} == {"\n"}


def test_on_a_terminal_an_event_is_no_wider_and_a_refusal_is_not_cut(
    capsys: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    ask(listener(verbose=True), signed(), httpx.Request("POST", URL, content=BODY))
    out, err = (re.sub(r"\x1b\[[0-9;]*m", "", each) for each in capsys.readouterr())

    assert out.startswith("12:30:00  multi_party_call  ConferenceE…\n")
    assert max(map(len, out.splitlines())) <= 40
    assert err.endswith("header, or it is empty\n")
