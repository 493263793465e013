"""A cancellation or an eviction in the engine never ends a case."""

from datetime import timedelta
from pathlib import Path

from tests.life.harness import MONDAY, house, start_of


async def test_a_cancellation_in_the_web_ui_is_refused_seen_and_the_promise_is_kept(tmp_path: Path) -> None:
    async with house(tmp_path, max_cached_workflows=0) as h:  # every task replays from the beginning
        h.provider.will_be("R-1-1", MONDAY + timedelta(days=3), "succeeded")
        case = await h.open(start_of())
        await h.until(MONDAY + timedelta(hours=30))
        await case.handle.cancel(reason="clicked by mistake")
        await h.until(MONDAY + timedelta(hours=50))
        assert h.post.kinds() == ["acknowledgement", "update", "update"]
        refused = await case.facts("refused_signal")
        assert [fact.detail["signal"] for fact in refused] == ["cancel"]
        assert any("cancelled in the engine" in message.body for message, _ in h.alerts.told)
        result = await case.handle.result()
        assert result["outcome"] == "refunded"
