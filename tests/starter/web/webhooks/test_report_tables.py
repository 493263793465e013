"""The tables of reports: every row is met by what its provider really sends, and a table that cannot be right is refused in words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from starter.web.webhooks import sendgrid_words, twilio_words
from starter.web.webhooks.report_tables.table import ReportTableInvalid, Said, read_table, report_table
from store.delivery_events import ReportedState
from store.delivery_reports import Fault, IncomingReport
from store.suppressions import SuppressionReason

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STOP, INVALID, SPAM = SuppressionReason.STOP, SuppressionReason.INVALID, SuppressionReason.SPAM
BOUNCE, UNSUBSCRIBE = SuppressionReason.HARD_BOUNCE, SuppressionReason.UNSUBSCRIBE
SENDER = "+15005550006"

# code -> reason, this number will never do, why it is suppressed, what is parked, a newer word takes its place
TWILIO: dict[int, tuple[str, bool, SuppressionReason | None, Fault | None, bool]] = {
    21610: ("opted_out", True, STOP, None, False),
    21211: ("invalid_number", True, INVALID, None, False),
    21614: ("no_mobile_number", True, INVALID, None, False),
    21408: ("unroutable", True, None, None, False),
    21612: ("unroutable", True, None, None, False),
    21601: ("not_sendable", True, None, None, False),
    21602: ("not_sendable", True, None, None, False),
    21604: ("not_sendable", True, None, None, False),
    21617: ("not_sendable", True, None, None, False),
    30004: ("blocked", True, None, None, False),
    30005: ("unknown_number", True, INVALID, None, False),
    30006: ("landline", True, INVALID, None, False),
    30007: ("filtered", True, None, None, False),
    30001: ("queue_overflow", False, None, None, False),
    30003: ("handset_off", False, None, None, False),
    30008: ("unknown_error", False, None, None, False),
    30022: ("carrier_rate", False, None, None, False),
    30500: ("internal_error", False, None, None, False),
    20500: ("internal_error", False, None, None, False),
    20503: ("internal_error", False, None, None, False),
    20429: ("too_many", False, None, None, False),
    14107: ("too_many", False, None, None, False),
    21611: ("too_many", False, None, None, False),
    30002: ("account_suspended", False, None, Fault.ACCOUNT, False),
    20003: ("account_refused", False, None, Fault.ACCOUNT, False),
    21608: ("trial_account", False, None, Fault.ACCOUNT, False),
    21606: ("sender_refused", False, None, Fault.SENDER, False),
    30036: ("expired", False, None, None, True),
}
# What SendGrid writes as the reason of a drop; rows are met by the beginning, whatever its case.
SENDGRID: dict[str, tuple[str, bool, SuppressionReason | None, Fault | None, bool]] = {
    "Bounced Address": ("bounced_address", True, BOUNCE, None, False),
    "Spam Reporting Address": ("spam_reporting_address", True, SPAM, None, False),
    "Unsubscribed Address": ("unsubscribed_address", True, UNSUBSCRIBE, None, False),
    "Recipient List over Package Quota": ("over_quota", False, None, Fault.ACCOUNT, False),
    "Spam Content (if spam checker app enabled)": ("spam_content", False, None, None, False),
    "Invalid SMTPAPI header": ("invalid_header", False, None, None, False),
    "Invalid": ("invalid_address", True, INVALID, None, False),
}


def meant(report: IncomingReport | None) -> tuple[str | None, bool, SuppressionReason | None, Fault | None, bool]:
    assert report is not None
    return report.reason, report.permanent, report.suppress, report.fault, report.superseded


def callback(code: int, **more: str) -> IncomingReport | None:
    form = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "failed", "ErrorCode": str(code), "To": "+4930123456", "From": SENDER}
    return twilio_words.report_of({**form, **more}, "d1", NOW)


def dropped(reason: Any) -> IncomingReport | None:
    event = {"event": "dropped", "sg_event_id": "e1", "notification_id": "d1", "email": "ada@example.org", "reason": reason}
    return sendgrid_words.report_of(event, NOW)


@pytest.mark.parametrize("code", TWILIO)
def test_what_a_code_of_twilio_means(code: int) -> None:
    assert meant(callback(code)) == TWILIO[code]


@pytest.mark.parametrize("reason", SENDGRID)
def test_what_a_drop_of_sendgrid_means(reason: str) -> None:
    assert meant(dropped(reason)) == meant(dropped(f"  {reason.upper()} ")) == SENDGRID[reason]


def test_every_row_and_code_is_met() -> None:
    twilio, sendgrid = report_table("twilio"), report_table("sendgrid")
    assert sorted(code for row in twilio.rows for code in row.code) == sorted(TWILIO)
    assert [row for row in sendgrid.rows if row not in [sendgrid.judge(Said(words=words)) for words in SENDGRID]] == []
    assert (twilio.provider, sendgrid.provider) == (twilio_words.PROVIDER, sendgrid_words.PROVIDER)


def test_what_nobody_knows_concludes_nothing() -> None:
    assert meant(callback(39999)) == ("twilio_39999", False, None, None, False)
    assert meant(dropped("A word of the future")) == meant(dropped(None)) == meant(dropped(7)) == ("dropped", False, None, None, False)


def test_a_sender_is_named_only_where_the_message_named_it() -> None:
    alone, pool = callback(21606), callback(21606, MessagingServiceSid="MG" + "0" * 32)
    assert alone is not None
    assert pool is not None
    assert (alone.fault, alone.sender) == (Fault.SENDER, SENDER)
    assert (pool.fault, pool.sender) == (Fault.ACCOUNT, "")  # a Messaging Service is one for all brands
    nobody = callback(21606, From="")
    assert nobody is not None
    assert nobody.fault is Fault.ACCOUNT


def test_a_code_beside_a_good_end_is_none() -> None:
    report = callback(30002, MessageStatus="delivered")
    assert report is not None
    assert (report.state, report.fault, report.reason) == (ReportedState.DELIVERED, None, None)


ROW = '[[rows]]\ncode = [1]\nreason = "one"\nmeans = "transient"\nwhy = "So."\n'
WRONG = [
    ("", "rows: Field required"),
    ('rows = "x"', "rows: Input should be a valid list"),
    (ROW.replace("transient", "perhaps"), "rows.0.means: Input should be 'permanent', 'transient', 'operator' or 'superseded'"),
    (ROW.replace("code = [1]\n", ""), "rows.0: a row needs either code or begins"),
    (ROW + 'begins = "x"\n', "rows.0: a row needs either code or begins"),
    (ROW + 'suppress = "stop"\n', 'rows.0: suppress belongs to means = "permanent"'),
    (ROW + 'scope = "sender"\n', 'rows.0: scope = "sender" belongs to means = "operator"'),
    (ROW + "colour = 1\n", "rows.0.colour: Extra inputs are not permitted"),
    (ROW.replace('"one"', '"One two"'), "rows.0.reason: "),
    (ROW + ROW, "rows[1] can never be met: rows[0] fits first"),
    (ROW + "[[rows", "no valid TOML"),
]


@pytest.mark.parametrize(("rows", "told"), WRONG)
def test_a_table_that_cannot_be_right_is_refused_in_words(tmp_path: Path, rows: str, told: str) -> None:
    file = tmp_path / "some.toml"
    file.write_text(f'provider = "some"\nversion = 1\n{rows}', encoding="utf-8")
    with pytest.raises(ReportTableInvalid) as refusal:
        read_table(file)
    assert told in str(refusal.value)
    assert str(file) in str(refusal.value)


def test_a_table_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ReportTableInvalid, match=r"none\.toml: cannot be read"):
        read_table(tmp_path / "none.toml")
