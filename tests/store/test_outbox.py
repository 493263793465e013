"""The embedded provider: the same delivery is one post."""

import asyncio

from store.engine import Store
from store.outbox import ALERT, Outbox, Post
from tests.store.samples import CASE, MONDAY, hours


def _post(delivery_id: str, **changes: str) -> dict[str, object]:
    return {
        "delivery_id": delivery_id,
        "message_id": "m1",
        "case_id": CASE,
        "channel": "email",
        "address": "ada@example.org",
        "sender": "care@acme.example",
        "subject": "Your refund",
        "text": "Hello",
        "locale": "en",
        "headers": {"List-Unsubscribe": "<https://acme.example/stop>"},
        "a_field_of_tomorrow": 1,
        **changes,
    }


async def test_the_same_delivery_is_one_post(store: Store) -> None:
    outbox = Outbox(store)
    ids = await asyncio.gather(*(outbox.put(_post("d1", text=f"try {n}"), MONDAY) for n in range(20)))
    assert len(set(ids)) == 1
    found = await outbox.find("d1")
    assert found is not None
    assert (found.provider_id, found.put_at, found.headers) == (
        ids[0],
        MONDAY,
        {"List-Unsubscribe": "<https://acme.example/stop>"},
    )
    assert await outbox.find("d2") is None
    assert len(await outbox.rows()) == 1


async def test_rows_go_on_where_they_ended(store: Store) -> None:
    outbox = Outbox(store)
    for n in range(5):
        await outbox.put(_post(f"d{n}", case_id=f"case-{n % 2}"), hours(n))
    alert = Post(delivery_id="a1", case_id="case-1", channel=ALERT, address="kim", text="Case is late")
    await outbox.put(alert, hours(5))
    first = await outbox.rows(limit=4)
    rest = await outbox.rows(after_id=first[-1].id)
    assert [row.delivery_id for row in first + rest] == ["d0", "d1", "d2", "d3", "d4", "a1"]
    assert [row.delivery_id for row in await outbox.rows(case_id="case-1")] == ["d1", "d3", "a1"]
    assert rest[-1].channel == ALERT
