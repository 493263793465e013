"""What a customer wrote, without the message that they answered; nothing of theirs is lost."""

import pytest

from starter.web.webhooks.mail_text import text_of_html, without_quotation

QUOTED = "> Dear Ada,\n> your refund is on its way.\n>\n> Acme"
STRIPPED = [
    f"Thank you!\n\nOn Mon, 2 Mar 2026 at 10:00, Acme <care@shop.example> wrote:\n\n{QUOTED}",
    f"Thank you!\r\n\r\nOn Mon, 2 Mar 2026 at 10:00, Acme\r\n<reply+abc@shop.example> wrote:\r\n{QUOTED}\r\n",
    f"Thank you!\n\nAm Mo., 2. März 2026 um 10:00 Uhr schrieb Acme <\nreply+abc@shop.example>:\n\n{QUOTED}",
    f"Thank you!\n\nLe lun. 2 mars 2026 à 10:00, Acme <care@shop.example> a écrit :\n{QUOTED}",
    f"Thank you!\n\nEl lun, 2 mar 2026 a las 10:00, Acme (<care@shop.example>) escribió:\n{QUOTED}",
    "Thank you!\n\n-----Original Message-----\nFrom: Acme\nSent: Monday\n\nDear Ada,\nyour refund",
    "Thank you!\n\n-----Ursprüngliche Nachricht-----\nVon: Acme\n\nDear Ada",
    "Thank you!\n\n________________________________\nVon: Acme <care@shop.example>\nGesendet: Montag\n\nDear Ada",
    "Thank you!\n\nFrom: Acme <care@shop.example>\nSent: Monday, 2 March\nTo: Ada\n\nDear Ada",
    f"Thank you!\n{QUOTED}",
    "Thank you!\n\nOn Mon, 2 Mar 2026 at 10:00, Acme <care@shop.example> wrote:\nDear Ada,\nyour refund",  # a program without marks
]


@pytest.mark.parametrize("mail", STRIPPED)
def test_the_quotation_is_left_out(mail: str) -> None:
    assert without_quotation(mail) == "Thank you!"


KEPT = [
    f"On Monday, Ada wrote:\n{QUOTED}\nYes, that is right.\n> Another line\nNo, that is wrong.",  # answers between the lines
    f"{QUOTED}\n\nThank you!",  # below the quotation
    f"Here is what you wrote:\nAcme wrote:\n{QUOTED}\nand that is not true",
    QUOTED,  # nothing but a quotation: better that than nothing
    "From: me\nto you with love",
    "I paid 5 > 3 times\nreally",
    "On the 2nd I wrote:\nplease help",
]


@pytest.mark.parametrize("mail", KEPT)
def test_where_own_words_stand_among_quoted_ones_or_nothing_is_quoted_everything_is_kept(mail: str) -> None:
    assert without_quotation(mail) == mail


def test_the_words_of_an_html_mail() -> None:
    html = (
        "<html><head><title>x</title><style>p {color: red}</style></head><body><p>Hello&nbsp;<b>there</b></p>"
        "<div>Where is<br>my money?</div><script>alert(1)</script><p></p><p></p><p>Ada &amp; Bob</p></body></html>"
    )
    assert text_of_html(html) == "Hello there\n\nWhere is\nmy money?\n\nAda & Bob"


@pytest.mark.parametrize("html", ["", "<", "<p", "<![", "&#99999999;", "<p>" * 1000, "</script>x"])
def test_broken_html_raises_nothing(html: str) -> None:
    text_of_html(html)


@pytest.mark.parametrize("hostile", ["on " * 60_000, "on\n" * 60_000, "From: x\n" * 20_000, "> \n" * 60_000, "_" * 200_000 + "\nx"])
def test_a_long_mail_of_half_quotations_is_kept(hostile: str) -> None:
    assert without_quotation(hostile) == hostile.strip()
