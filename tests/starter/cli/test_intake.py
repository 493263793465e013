"""Cases from files: rows become cases, bad ones become reasons with line and field, never with a value."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from policies.case.request import CaseRequest
from starter.intake.candidates import FileUnusable, Rejected
from starter.intake.csv_columns import KNOWN, column_of
from starter.intake.formats import STDIN, Format, read_cases
from starter.intake.rejects import rejects_path, write_rejects
from starter.settings import ROOT
from tests.starter.desk.requests import refund

HEADER = "merchant,kind,reference,order,amount_minor,currency,provider,provider_reference,customer_id,customer_email,customer_phone,country"
GOOD = "northwind,refund,R-1,NW-1,4990,EUR,simpay,SP-1,C-1,ada@example.com,,GB"


def read(tmp_path: Path, text: str, name: str = "cases.csv") -> list[tuple[list[int], CaseRequest | Rejected]]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return [(candidate.lines, verdict) for candidate, verdict in read_cases(path)]


def accepted(found: list[tuple[list[int], CaseRequest | Rejected]]) -> list[CaseRequest]:
    assert not any(isinstance(verdict, Rejected) for _, verdict in found), found
    return [verdict for _, verdict in found if isinstance(verdict, CaseRequest)]


def reasons(found: list[tuple[list[int], CaseRequest | Rejected]]) -> list[str]:
    return [f"{lines[0]}: {reason}" for lines, verdict in found if isinstance(verdict, Rejected) for reason in verdict.reasons]


def test_the_example_is_ten_cases() -> None:
    found = read_cases(ROOT / "examples" / "cases.csv")
    requests = [verdict for _, verdict in found if isinstance(verdict, CaseRequest)]
    assert len(requests) == len(found) == 10
    assert {request.kind.value for request in requests} == {"refund", "dispute", "delay"}
    assert {request.customer.locale for request in requests} == {"en", "de"}
    assert all((request.customer.email or "").endswith("@example.com") for request in requests)


def test_the_same_cases_as_json_lines() -> None:
    as_lines = [verdict for _, verdict in read_cases(ROOT / "examples" / "cases.jsonl")]
    assert as_lines == [verdict for _, verdict in read_cases(ROOT / "examples" / "cases.csv")]


def test_rows_of_one_case_are_its_payments(tmp_path: Path) -> None:
    second = GOOD.replace("4990", "100").replace("SP-1", "SP-2")
    other = GOOD.replace("R-1", "R-2")
    found = read(tmp_path, "\n".join([HEADER, GOOD, other, second, ""]))
    assert [lines for lines, _ in found] == [[2, 4], [3]]
    first, _ = accepted(found)
    assert [(payment.reference, payment.amount_minor) for payment in first.payments] == [("SP-1", 4990), ("SP-2", 100)]


def test_rows_of_one_case_may_leave_out_what_the_first_said(tmp_path: Path) -> None:
    [request] = accepted(read(tmp_path, "\n".join([HEADER, GOOD, "northwind,refund,R-1,,100,EUR,simpay,SP-2,,,,"])))
    assert len(request.payments) == 2


def test_rows_of_one_case_that_contradict_each_other(tmp_path: Path) -> None:
    found = read(tmp_path, "\n".join([HEADER, GOOD, GOOD.replace("ada@", "bea@").replace("SP-1", "SP-2")]))
    assert reasons(found) == ["2: customer_email: line 3 says something else than line 2 of the same case"]


def test_a_delay_has_one_row_per_parcel(tmp_path: Path) -> None:
    header = "merchant,kind,reference,order,customer_id,customer_email,carrier,tracking,delay_promised_at,fact_ordered,tags"
    row = "northwind,delay,V-1,NW-1,C-1,ada@example.com,simship,T-{},2026-03-06T18:00:00+01:00,2026-02-20T10:00:00Z,gift|web"
    [request] = accepted(read(tmp_path, "\n".join([header, row.format(1), row.format(2)])))
    assert [parcel.tracking for parcel in request.parcels] == ["T-1", "T-2"]
    assert (request.tags, list(request.facts)) == (["gift", "web"], ["ordered"])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("ada@example.com", "ada.brook", "2: customer_email: has not the right form; right would be an address such as name@example.com"),
        ("4990", "49.90", "2: amount_minor: is no whole number; right would be minor units, for example 4990 for 49.90"),
        ("EUR", "EURO", "2: currency: no ISO 4217 currency; right would be three capital letters, for example EUR"),
        ("refund", "refunds", "2: kind: right would be 'refund', 'dispute' or 'delay'"),
        (",SP-1,", ",,", "2: provider_reference: is missing"),
        (",GB", ",Britain", "2: country: has not the right form; right would be two capital letters, for example DE"),
        (",,GB", ",0171 39200,GB,more", "2: row: 13 cells, the header has 12"),
        (",4990,EUR,", ",4990 EUR,", "2: row: 11 cells, the header has 12"),
        ("4990", "0", "2: amount_minor: must be more than 0; right would be minor units, for example 4990 for 49.90"),
    ],
)
def test_a_bad_row_names_line_and_column(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert reason in reasons(read(tmp_path, "\n".join([HEADER, GOOD.replace(old, new, 1)])))


def test_no_reason_repeats_a_value(tmp_path: Path) -> None:
    header = f"{HEADER},customer_name,zone,cadence,opened_at,locale,segment,channels"
    secret = "ada.brook@private+447700900117"
    row = (
        f"northwind,{secret},R-1,NW-1,{secret},{secret},{secret},SP,C,{secret},{secret},{secret}"
        + f",Ada,{secret},{secret},{secret},{secret},{secret},{secret}"
    )
    found = reasons(read(tmp_path, f"{header}\n{row}"))
    assert len(found) >= 8
    assert not any(part in line for line in found for part in ("ada", "brook", "private", "7700"))


def test_phone_numbers_as_people_write_them(tmp_path: Path) -> None:
    international, national = GOOD.replace(",,GB", ",+44 7400 123-456,GB"), GOOD.replace("R-1", "R-2").replace(",,GB", ",07400 123456,GB")
    requests = accepted(read(tmp_path, "\n".join([HEADER, international, national])))
    assert {request.customer.phone for request in requests} == {"+447400123456"}


@pytest.mark.parametrize("cells", [",07400 123456,", ",0171 12,DE", ",0171 12,", ",call me,GB", ",07700 900117,GB"])
def test_a_number_that_cannot_be_read_for_certain_is_asked_for_in_full(cells: str, tmp_path: Path) -> None:
    assert reasons(read(tmp_path, "\n".join([HEADER, GOOD.replace(",,GB", cells)]))) == [
        "2: customer_phone: has not the right form; right would be E.164, for example +4930123456"
    ]


def test_a_bare_number_is_no_moment(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER},opened_at\n{GOOD},20260302")
    assert reasons(found) == ["2: opened_at: is a number; right would be an ISO 8601 time with its offset"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("merchant,kind,reference,custmer_email\n", 'line 1: column "custmer_email" is unknown; did you mean customer_email?'),
        ("merchant,kind\n", "line 1: column reference is missing"),
        ("merchant,kind,reference,kind\n", 'line 1: column "kind" stands there twice'),
        ("\n,,\nmerchant", "line 1: is empty; right would be a header"),
        ('merchant,kind,reference\n"a', "is no CSV"),
    ],
)
def test_a_header_that_is_wrong_refuses_the_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(FileUnusable) as refused:
        read(tmp_path, text)
    assert words in str(refused.value)


def test_spreadsheets_write_a_mark_and_semicolons(tmp_path: Path) -> None:
    [request] = accepted(read(tmp_path, "\ufeff" + f"{HEADER}\r\n{GOOD}\r\n".replace(",", ";")))
    assert request.reference == "R-1"


def test_a_value_over_several_lines_keeps_the_count(tmp_path: Path) -> None:
    rows = [f"{HEADER},item", f'{GOOD},"two\nlines"', f"{GOOD.replace('R-1', 'R-2').replace('EUR', 'X')},one"]
    found = read(tmp_path, "\n".join(rows))
    assert [lines for lines, _ in found] == [[2], [4]]


def test_json_tells_the_line_of_each_case(tmp_path: Path) -> None:
    good, bad = refund().model_dump(mode="json", exclude_none=True), {"merchant": "m", "colour": 1}
    text = "[\n  " + json.dumps(good) + ",\n\n  " + json.dumps(bad, indent=2) + "\n]"
    found = read(tmp_path, text, "cases.json")
    assert [lines for lines, _ in found] == [[2], [4]]
    assert "4: colour: is unknown; did you mean" in "\n".join(reasons(found)) or "4: colour: is unknown; known are" in "\n".join(
        reasons(found)
    )
    assert "4: customer: is missing" in reasons(found)


def test_a_row_that_leaves_out_empty_cells_at_its_end_is_a_case(tmp_path: Path) -> None:
    assert len(accepted(read(tmp_path, "\n".join([HEADER, GOOD.removesuffix(",,GB")])))) == 1


@pytest.mark.parametrize("value", [None, 7])
def test_what_is_no_text_is_told_apart_from_what_is_missing(value: object, tmp_path: Path) -> None:
    found = read(tmp_path, json.dumps({**refund().model_dump(mode="json"), "merchant": value}), "cases.json")
    assert reasons(found) == ["1: merchant: is missing" if value is None else "1: merchant: must be text"]


def test_a_comma_too_many_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(FileUnusable) as refused:
        read(tmp_path, '[\n  {"merchant": "m"},\n]', "cases.json")
    assert str(refused.value).startswith(f"{tmp_path / 'cases.json'}: line ")
    assert ", column " in str(refused.value)
    assert "is probably one too many" in str(refused.value)
    with pytest.raises(FileUnusable, match=r"line 1, column 2: is no JSON \(Expecting value\)"):
        read(tmp_path, "[oops]", "cases.json")
    assert "is probably one too many" in reasons(read(tmp_path, '{"merchant": "m",}', "cases.jsonl"))[0]


def test_json_lines_go_on_after_a_broken_one(tmp_path: Path) -> None:
    good = refund().model_dump_json(exclude_none=True)
    found = read(tmp_path, f"{good}\n\n{{broken\n[1]\n", "cases.jsonl")
    assert [lines for lines, _ in found] == [[1], [3], [4]]
    assert [line.split(" (")[0] for line in reasons(found)] == ["3: line: is no JSON", "4: case: is no table of names and values"]


def test_names_that_do_not_say_the_format(tmp_path: Path) -> None:
    with pytest.raises(FileUnusable, match="add --format csv, json or jsonl"):
        read(tmp_path, HEADER, "cases.txt")
    (tmp_path / "cases.txt").write_text(f"{HEADER}\n{GOOD}", encoding="utf-8")
    assert len(read_cases(tmp_path / "cases.txt", Format.CSV)) == 1
    with pytest.raises(FileUnusable, match="cannot be read"):
        read_cases(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    "text", [f"{HEADER}\n{GOOD}", refund().model_dump_json(), f"[{refund().model_dump_json()}]", refund().model_dump_json(indent=1)]
)
def test_a_stream_tells_its_format_by_how_it_begins(text: str) -> None:
    class Stream:
        buffer = io.BytesIO(text.encode())

    kept: Any = sys.stdin
    sys.stdin = Stream()
    try:
        [(_, verdict)] = read_cases(STDIN)
    finally:
        sys.stdin = kept
    assert isinstance(verdict, CaseRequest)


def test_rejects_stand_beside_the_file_for_its_owner_only(tmp_path: Path) -> None:
    source = tmp_path / "cases.csv"
    source.write_text("\n".join([HEADER, GOOD.replace("EUR", "EURO")]), encoding="utf-8")
    rejected = [verdict for _, verdict in read_cases(source) if isinstance(verdict, Rejected)]
    path = rejects_path(source)
    write_rejects(path, rejected)
    assert path.name == "cases.rejects.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    [row] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert row["line"] == 2
    assert row["reasons"][0].startswith("currency: ")
    assert row["row"]["merchant"] == "northwind"


def test_every_column_has_a_way_back() -> None:
    assert column_of("customer.email") == "customer_email"
    assert column_of("payments[1].reference") == "provider_reference"
    assert column_of("facts.ordered") == "fact_ordered"
    assert column_of("case") == "case"
    assert len(set(KNOWN)) == len(KNOWN)
