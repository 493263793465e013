"""A shop's backend talking to Makegood: open a case, look at it, act on it, follow the list. Standard library only.

    makegood keys create shop-backend --scope open --scope read --scope act
    MAKEGOOD_API=http://127.0.0.1:8400 MAKEGOOD_KEY=mg_... python examples/api/backend.py

It shows the four things every caller should do: repeat what was not answered (opening is safe by itself, acts carry an Idempotency-Key),
wait as long as Retry-After says, decide by the problem's `type`, and read what the case says when it says no.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

API = os.environ.get("MAKEGOOD_API", "http://127.0.0.1:8400").rstrip("/")
TRIES = 5
NOT_SENT = (urllib.error.URLError, TimeoutError, ConnectionError)


class Refused(Exception):
    """A problem+json answer that repeating does not change."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem['type']}: {problem.get('detail', problem['title'])}")
        self.problem = problem


def call(method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    """Ask, and ask again while it makes sense. Raises Refused."""
    request = urllib.request.Request(API + path, method=method, data=json.dumps(body).encode() if body is not None else None)
    request.add_header("Authorization", f"Bearer {os.environ['MAKEGOOD_KEY']}")
    request.add_header("Content-Type", "application/json")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code not in (429, 503, 504) or not left:
                raise Refused(problem) from None
            time.sleep(int(error.headers.get("Retry-After", "1")))
        except NOT_SENT:
            if not left:
                raise
            time.sleep(1)
    raise AssertionError("unreachable")


def act(case_id: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """One act. The key is made once and sent with every try, so that it is done once."""
    return call("POST", f"/v1/cases/{case_id}/{name}", body, Idempotency_Key=str(uuid.uuid4()))


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> int:
    reference = sys.argv[1] if len(sys.argv) > 1 else "R-EXAMPLE-1"
    request = {
        "merchant": "northwind",
        "kind": "refund",
        "reference": reference,
        "order": f"NW-{reference}",
        "item": "Rain jacket",
        "payments": [{"amount_minor": 8990, "currency": "EUR", "provider": "simpay", "reference": f"SP-{reference}"}],
        "customer": {"id": "C-17", "name": "Ada Brook", "email": "ada.brook@example.com", "zone": "Europe/London"},
    }
    opened = call("POST", "/v1/cases", request)
    case_id = opened["case_id"]
    say(f"{case_id}: {opened['result']}, ruled by {opened['policy_id']}")
    say(f"and again: {call('POST', '/v1/cases', request)['result']}")
    try:
        call("POST", "/v1/cases", {**request, "item": "Raincoat"})
    except Refused as refused:
        say(f"with another item: {refused.problem['type']}, different: {refused.problem['differing']}")

    case = call("GET", f"/v1/cases/{case_id}")
    say(f"{case['status']}; next: {case['next_what']} at {case['next_at']}; to be resolved by {case['resolve_by']}")

    by = {"who": "ana.agent", "why": "the warehouse must look at it"}
    held = act(case_id, "hold", {"by": by, "reason": "warehouse"})
    say(f"on hold: fact {held['seq']}, {held['status']}")
    try:
        act(case_id, "hold", {"by": by, "reason": "warehouse"})
    except Refused as refused:
        say(f"a second hold: {refused.problem['detail']}")
    say(f"resumed: {act(case_id, 'resume', {'by': by})['status']}")

    query = urllib.parse.urlencode({"merchant": "northwind", "limit": 2})
    page = call("GET", f"/v1/cases?{query}")
    say(f"due first: {[entry['case_id'] for entry in page['cases']]}{' and more' if page['cursor'] else ''}")
    for fact in call("GET", f"/v1/cases/{case_id}/timeline")["facts"]:
        say(f"  {fact['seq']}. {fact['type']} {fact['occurred_at']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
