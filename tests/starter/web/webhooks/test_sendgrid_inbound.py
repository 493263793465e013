"""/webhooks/sendgrid/inbound: answers by e-mail, known by the token in the address; strangers' mail is not kept."""

import hashlib
import stat
from pathlib import Path

import pytest

from policies.case.vocabulary import Channel
from starter.web.webhooks.attachments import AttachmentFolder
from starter.web.webhooks.replies import Reply, reply_text
from store.engine import Store
from store.erasure import Erasure
from store.inbox import InboxState
from store.link_tokens import LinkSigner, LinkUrls
from tests.starter.web.harness import KEY, PUBLIC_URL
from tests.starter.web.webhooks.harness import Hooks, hooks
from tests.starter.web.webhooks.mails import HEADERS, body_of, mail, post
from tests.store.samples import ADMIN, CASE, MONDAY

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40


async def address(h: Hooks) -> str:
    """Where the case's messages ask for an answer."""
    await h.sent()
    return LinkUrls(PUBLIC_URL, LinkSigner([KEY])).reply_address("reply@in.shop.example", await h.link_id())


async def reply(h: Hooks) -> Reply:
    (row,) = await h.rows()
    assert (row.kind, row.state) == ("reply", InboxState.NEW)
    return Reply.model_validate(row.payload)


async def test_an_answer_is_known_by_its_address_and_stripped_of_the_quotation(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    to = await address(h)
    text = "Where is my money?\n\nOn Mon, Acme wrote:\n> Dear Ada"
    assert (await post(h, body_of(mail(to.upper(), text)))).status_code == 200  # mail systems change the case of letters
    taken = await reply(h)
    assert (taken.channel, taken.text, taken.link_id) == (Channel.EMAIL, "Where is my money?", await h.link_id())
    assert "ada@" not in str((await h.rows())[0].payload)


async def test_five_times_the_same_mail_is_one(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    body = body_of(mail(await address(h)))
    assert [(await post(h, body, age_s=hours * 3600)).status_code for hours in (0, 1, 24, 48, 72)] == [200] * 5
    assert len(await h.rows()) == 1


async def test_two_mails_without_an_id_are_told_apart_by_what_they_say(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    to = await address(h)
    for words in ("one", "two", "two"):
        await post(h, body_of(mail(to, words, headers="From: ada@example.org")))
    assert len(await h.rows()) == 2


async def test_attachments_are_kept_under_their_hash_and_named_by_it(sqlite_store: Store, tmp_path: Path) -> None:
    folder = AttachmentFolder(tmp_path / "attachments")
    h = hooks(sqlite_store, attachments=folder)
    files = [("image/jpeg", PHOTO), ("application/pdf", b"%PDF\r\n--not the boundary\r\n")]
    assert (await post(h, body_of(mail(await address(h), "broken", files=files)))).status_code == 200
    taken, digest = await reply(h), hashlib.sha256(PHOTO).hexdigest()
    assert reply_text(taken).split("\n")[:3] == [
        "broken",
        "",
        f"[attachment 1: image/jpeg, {len(PHOTO)} bytes, sha256 {digest}, at attachment:{digest}]",
    ]
    kept = folder.path(digest)
    assert kept.read_bytes() == PHOTO
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert folder.path(taken.attachments[1].sha256 or "").read_bytes() == files[1][1]
    assert "Ada" not in str((await h.rows())[0].payload)
    assert len([path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]) == 2


async def test_a_mail_in_another_charset(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    text = "Größe".encode("iso-8859-1")
    await post(h, body_of(mail(await address(h), text, charsets='{"text": "iso-8859-1"}')))
    assert (await reply(h)).text == "Größe"


@pytest.mark.parametrize("charsets", ['{"text": "klingon"}', "[]", "{", '{"text": 7}'])
async def test_a_charset_that_nobody_knows(sqlite_store: Store, charsets: str) -> None:
    h = hooks(sqlite_store)
    await post(h, body_of(mail(await address(h), "Größe", charsets=charsets)))
    assert (await reply(h)).text == "Größe"


async def test_a_mail_with_html_only(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await post(h, body_of(mail(await address(h), None, html="<p>Where is <b>it</b>?</p><style>p {}</style>")))
    assert (await reply(h)).text == "Where is it?"


STRANGERS = ["reply@in.shop.example", "reply+hello@in.shop.example", f"reply+{'a' * 42}@in.shop.example", "nonsense", "+@", ""]


@pytest.mark.parametrize("to", STRANGERS)
async def test_without_a_token_of_ours_nothing_of_a_mail_is_kept(sqlite_store: Store, tmp_path: Path, to: str) -> None:
    h = hooks(sqlite_store, attachments=AttachmentFolder(tmp_path / "attachments"))
    await h.sent()  # the sender is a customer; whom a mail says it is from counts for nothing
    assert (await post(h, body_of(mail(to, files=[("image/jpeg", PHOTO)])))).status_code == 200
    (row,) = await h.rows()
    assert (row.state, row.problem, row.payload, row.reference) == (InboxState.IGNORED, "no_token", {}, None)
    assert not (tmp_path / "attachments").exists()


async def test_a_token_under_another_key_is_none(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await h.sent()
    forged = LinkUrls(PUBLIC_URL, LinkSigner(["x" * 32])).reply_address("reply@in.shop.example", await h.link_id())
    await post(h, body_of(mail(forged)))
    assert [row.problem for row in await h.rows()] == ["no_token"]


MACHINES = [
    {"headers": HEADERS + "\nAuto-Submitted: auto-replied"},
    {"headers": HEADERS + "\nAuto-Submitted: auto-generated; owner=x"},
    {"headers": HEADERS + "\nPrecedence: bulk"},
    {"headers": HEADERS + "\nPrecedence: auto_reply"},
    {"headers": HEADERS + "\nX-Autoreply: yes"},
    {"headers": HEADERS + "\nX-Failed-Recipients: ada@example.org"},
    {"headers": HEADERS.replace("text/plain", "multipart/report; report-type=delivery-status")},
    {"sender": ""},
    {"sender": "MAILER-DAEMON@example.org"},
    {"sender": "no-reply@example.org"},
    {"sender": "postmaster@example.org"},
]


@pytest.mark.parametrize("change", MACHINES)
async def test_an_answer_of_a_machine_is_no_reply(sqlite_store: Store, change: dict[str, str]) -> None:
    h = hooks(sqlite_store)
    await post(h, body_of(mail(await address(h), **change)))  # type: ignore[arg-type]
    (row,) = await h.rows()
    assert (row.state, row.problem, row.payload) == (InboxState.IGNORED, "by_machine", {})


async def test_a_person_who_says_that_no_machine_wrote_is_a_person(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    await post(h, body_of(mail(await address(h), headers=HEADERS + "\nAuto-Submitted: no\nPrecedence: normal")))
    assert (await reply(h)).text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", None),
        (b"to=x", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (body_of([("email", None, b"From: x\r\n\r\nraw")]), None),  # "post the raw, full MIME message"
        (body_of([(f"f{n}", None, b"") for n in range(200)]), None),
        (b"--xYzZY\r\nContent-Disposition: form-data", None),
        (body_of(mail("x@y.example")), "multipart/form-data"),
    ],
)
async def test_what_is_signed_and_no_mail_is_refused_in_words(sqlite_store: Store, body: bytes, content_type: str | None) -> None:
    h = hooks(sqlite_store)
    answer = await post(h, body, content_type=content_type)
    assert (answer.status_code, "right would be a parsed mail" in answer.json()["detail"]) == (400, True)
    assert await h.rows() == []


async def test_a_forged_one_changes_nothing(sqlite_store: Store) -> None:
    h = hooks(sqlite_store)
    body = body_of(mail(await address(h)))
    answers = [
        await post(h, body, key=h.events_key),  # the event webhook's key is another one
        await post(h, body, age_s=73 * 3600 + 1),
        await h.client.post("/webhooks/sendgrid/inbound", content=body),
    ]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert await h.rows() == []


async def test_without_a_key_it_is_closed(sqlite_store: Store) -> None:
    assert (await post(hooks(sqlite_store, locked=True), body_of(mail("x@y.example")))).status_code == 503


async def test_a_large_mail_is_taken_and_a_larger_one_not(sqlite_store: Store, tmp_path: Path) -> None:
    h = hooks(sqlite_store, attachments=AttachmentFolder(tmp_path / "attachments"))
    to = await address(h)
    large = bytes(21 * 1024 * 1024)
    assert (await post(h, body_of(mail(to, files=[("video/mp4", large)])))).status_code == 200
    (kept,) = (await reply(h)).attachments
    assert (kept.address, kept.bytes) == ("nowhere: it is too large to be kept", len(large))
    assert (await post(h, bytes(31 * 1024 * 1024 + 1))).status_code == 413


async def test_of_somebody_who_was_erased_neither_words_nor_files_are_kept(sqlite_store: Store, tmp_path: Path) -> None:
    h = hooks(sqlite_store, attachments=AttachmentFolder(tmp_path / "attachments"))
    to = await address(h)
    await Erasure(sqlite_store).erase(CASE, ADMIN, MONDAY)
    assert (await post(h, body_of(mail(to, "broken", files=[("image/jpeg", PHOTO)])))).status_code == 200
    (row,) = await h.rows()
    assert (row.state, row.problem, row.payload) == (InboxState.IGNORED, "link_unknown", {})
    assert not (tmp_path / "attachments").exists()
