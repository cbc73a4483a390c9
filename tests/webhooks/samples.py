"""Requests as Plivo may send them."""

from __future__ import annotations

from urllib.parse import urlencode

TOKEN = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
URL = "https://example.com/plivo?tenant=5"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}

MEMBER = {
    "from": "12025550000",
    "direction": "inbound",
    "caller_name": "+12025550000",
    "to": "12025551111",
    "event": "ConferenceEnter",
    "bill_rate": "0.0035",
    "call_status": "in-progress",
    "conference_name": "support",
    "call_uuid": "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36",
    "conference_uuid": "6f1c1f5e-8a5e-4c4a-9d6f-0d8d8f1f5a11",
    "member_id": "1234",
    "to_iso2": "US",
    "from_iso2": "US",
    "to_country": "United States",
    "from_country": "United States",
}
MEMBER_FORM = urlencode(MEMBER).encode()
