"""Media of text messages, fetched from a server on loopback that behaves as Twilio's API does: login, redirect, bytes."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from policies.case.vocabulary import Channel
from starter.web.webhooks.attachments import AttachmentFolder
from starter.web.webhooks.replies import Attachment, Reply, reply_text
from starter.web.webhooks.twilio_media import MediaAway, TwilioMedia
from tests.vendors import answers
from tests.vendors.answers import Reply as Said
from tests.vendors.loopback import Loopback, Request, serving

ACCOUNT, TOKEN = "AC" + "a" * 32, "t" * 32
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'b' * 32}/Media/ME"
JPEG = b"\xff\xd8\xff" + b"picture" * 100
IMAGE = {"Content-Type": "image/jpeg"}


class Api(Loopback):
    """Media behind a login: each leads to a signed address that needs none."""

    def answer(self, request: Request) -> Said:
        if request.path.startswith("/signed/"):
            assert request.headers.get("Authorization") is None
            return Said(200, JPEG, IMAGE)
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {login}":
            return Said(401)
        return Said(307, None, {"Location": f"/signed/{request.path[-32:]}?Signature=x"})


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    async with serving(Api()) as server:
        yield server


def media(api: Api, folder: Path, *tokens: str, within_s: float = 5.0) -> TwilioMedia:
    return TwilioMedia(AttachmentFolder(folder), tokens or (TOKEN,), api.url, within_s)


def sent(api: Api, digit: str = "1") -> Attachment:
    return Attachment(address=f"{api.url}{PATH}{digit * 32}", type="image/jpeg")


async def test_a_picture_is_kept_by_address_and_hash_as_that_of_a_mail(api: Api, tmp_path: Path) -> None:
    digest = hashlib.sha256(JPEG).hexdigest()
    found = await media(api, tmp_path, "old" * 11, TOKEN).fetched([sent(api), sent(api, "2")], last_try=False)
    assert [(one.address, one.type, one.bytes, one.sha256) for one in found] == [
        (f"attachment:{digest}", "image/jpeg", len(JPEG), digest)
    ] * 2
    assert AttachmentFolder(tmp_path).path(digest).read_bytes() == JPEG
    said = reply_text(Reply(channel=Channel.SMS, text="Look", attachments=found[:1]))
    assert said == f"Look\n\n[attachment 1: image/jpeg, {len(JPEG)} bytes, sha256 {digest}, at attachment:{digest}]"


async def test_what_is_kept_already_and_what_is_not_twilios_is_left_alone(api: Api, tmp_path: Path) -> None:
    elsewhere = [
        Attachment(address="https://evil.example/2010-04-01/x", type="image/jpeg"),
        Attachment(address="attachment:0", type="image/jpeg", sha256="0" * 64),
    ]
    assert await media(api, tmp_path).fetched(elsewhere, last_try=False) == elsewhere
    assert api.requests == []


@pytest.mark.parametrize(
    ("url", "takes"),
    [
        (f"https://api.twilio.com{PATH}{'1' * 32}", True),
        (f"https://api.dublin.ie1.twilio.com{PATH}{'1' * 32}", True),
        (f"http://api.twilio.com{PATH}{'1' * 32}", False),
        (f"https://api.twilio.com.evil.example{PATH}{'1' * 32}", False),
        (f"https://evil.example/api.twilio.com{PATH}{'1' * 32}", False),
        (f"https://api.twilio.com@evil.example{PATH}{'1' * 32}", False),
        (f"https://user@api.twilio.com{PATH}{'1' * 32}", False),
        (f"https://api.twilio.com:8443{PATH}{'1' * 32}", False),
        ("https://api.twilio.com/2010-04-01/Accounts", False),
        (f"https://api.twilio.com{PATH}{'1' * 32}/../../x", False),
    ],
)
def test_the_accounts_login_goes_to_twilios_own_addresses_only(tmp_path: Path, url: str, takes: bool) -> None:
    assert TwilioMedia(AttachmentFolder(tmp_path), [TOKEN]).takes(url) is takes


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (answers.reply(401), "the account's token does not open it"),
        (answers.reply(403), "Twilio answered 403"),
        (answers.reply(307, None, {"Location": "https://evil.example/x"}), "it lies where we do not fetch from"),
        (answers.reply(307, None, {"Location": "http://mms.twiliocdn.com/x"}), "it lies where we do not fetch from"),
        (answers.reply(307), "it lies where we do not fetch from"),
        (answers.reply(200, b"<script>", {"Content-Type": "text/html"}), "its type is none that is kept"),
        (answers.reply(200, b"<svg/>", {"Content-Type": "image/svg+xml"}), "its type is none that is kept"),
        (answers.reply(200, b"MZ", {"Content-Type": "application/octet-stream"}), "its type is none that is kept"),
        (answers.reply(200, b"\0" * (20 * 1024 * 1024 + 1), IMAGE), "it is too large to be kept"),
    ],
)
async def test_what_will_not_come_stays_at_twilio_and_says_why(api: Api, tmp_path: Path, said: answers.Answer, problem: str) -> None:
    api.script([said])
    (found,) = await media(api, tmp_path).fetched([sent(api)], last_try=False)
    assert (found.address, found.sha256, found.problem) == (sent(api).address, None, problem)
    assert f"not kept: {problem}, at {found.address}" in reply_text(Reply(channel=Channel.SMS, attachments=[found]))
    assert list(tmp_path.iterdir()) == []
    assert len(api.requests) == 1


LATER = [
    [answers.reply(503)],
    [answers.reply(404)],
    [answers.reply(429)],
    [answers.silent()],
    [answers.reset()],
    [answers.accept(), answers.cut_off()],  # half of the picture
    [answers.accept(), answers.reply(500)],
]


@pytest.mark.parametrize("said", LATER)
async def test_what_may_come_later_is_tried_again_and_not_for_ever(api: Api, tmp_path: Path, said: list[answers.Answer]) -> None:
    api.script([*said, *said])
    fetcher = media(api, tmp_path, within_s=0.5)
    with pytest.raises(MediaAway):
        await fetcher.fetched([sent(api)], last_try=False)
    (found,) = await fetcher.fetched([sent(api)], last_try=True)
    assert (found.sha256, found.problem is not None) == (None, True)
    assert list(tmp_path.iterdir()) == []
    api.release()
