"""A parked channel or sender in the console: by whom it is let go on, what stands in the log, and that no other park is lifted for it."""

from datetime import timedelta

import pytest

from policies.case.vocabulary import Channel
from store.parks import ChannelPark, ParkBooks, park
from store.people import PersonRole
from tests.starter.web.console.harness import Scene
from tests.store.samples import hours

QUEUE = "/console/queue"


async def parked(scene: Scene, sender: str = "", at: float = 0) -> str:
    """The address of its page."""
    await scene.store.write(lambda c: park(c, Channel.EMAIL, "sendgrid", "sendgrid_401", hours(at), timedelta(hours=1), sender=sender))
    (found,) = [one for one in await standing(scene) if one.sender == sender]
    return f"{QUEUE}/parks/{found.alert_id}"


async def standing(scene: Scene) -> list[ChannelPark]:
    return await ParkBooks(scene.store).standing()


async def test_a_lead_lets_a_parked_channel_go_on_from_its_row_and_says_why(scene: Scene) -> None:
    path, other = await parked(scene), await parked(scene, "care@beta.example")
    async with scene.signed_in() as lead:
        queue = await lead.get(QUEUE)
        assert f'href="{path}"' in queue.text
        page = await lead.get(path)
        assert all(words in page.text for words in ("E-mail by sendgrid is parked", "sendgrid 401", "was not alerted yet"))
        assert (await lead.post(f"{path}/lift")).status_code == 422
        assert len(await standing(scene)) == 2
        done = await lead.post(f"{path}/lift", why="mended")
        assert "Let go on: what waits goes out at its next try." in done.text
        assert [one.sender for one in await standing(scene)] == ["care@beta.example"]
        again = await lead.post(f"{path}/lift", why="mended")
        assert "it is not parked any more" in again.text
        assert (await lead.get(path)).status_code == 404
        assert (await lead.get(other)).status_code == 200
    (row,) = await scene.audit("parks")
    assert (row.person, row.detail) == ("lena", {"park": path.rpartition("/")[2], "reason": "sendgrid_401", "why": "mended"})


async def test_a_park_that_was_put_up_after_the_page_was_read_stands(scene: Scene) -> None:
    path = await parked(scene)
    async with scene.signed_in() as lead:
        await lead.get(path)
        await ParkBooks(scene.store).lift(Channel.EMAIL, "sendgrid", hours(0.1))
        newer = await parked(scene, at=0.2)
        scene.clock.now = hours(0.3)
        assert "it is not parked any more" in (await lead.post(f"{path}/lift", why="mended")).text
    assert newer != path
    assert len(await standing(scene)) == 1
    assert await scene.audit("parks") == []


@pytest.mark.parametrize(("role", "merchants"), [(PersonRole.AGENT, []), (PersonRole.LEAD, ["acme"])])
async def test_others_have_no_way_to_it(scene: Scene, role: PersonRole, merchants: list[str]) -> None:
    path = await parked(scene, "care@beta.example")
    async with scene.signed_in(role, merchants=merchants) as person:
        assert "/parks/" not in (await person.get(QUEUE)).text
        for answer in (await person.get(path), await person.post(f"{path}/lift", why="mended")):
            assert answer.status_code == 403
            assert "care@beta.example" not in answer.text
    assert len(await standing(scene)) == 1


async def test_a_form_that_is_not_ours_lifts_nothing(scene: Scene) -> None:
    path = await parked(scene)
    async with scene.signed_in() as lead:
        assert (await lead.post(f"{path}/lift", why="mended", csrf_token="x")).status_code == 403
        elsewhere = {**lead.headers, "sec-fetch-site": "cross-site"}
        assert (
            await lead.http.post(f"{path}/lift", data={"why": "mended", "csrf_token": lead.token}, headers=elsewhere)
        ).status_code == 403
    assert len(await standing(scene)) == 1
