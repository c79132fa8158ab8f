"""Encodings, change logs, archives and names as others send them: read as meant, or refused or asked about."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest

from spark_jobs.onboarding.check import lay_out
from spark_jobs.onboarding.names import template_of
from spark_jobs.onboarding.onboard import loaded, onboard
from spark_jobs.settings import SHIPPED_CONF
from tests.support.drafts import NAMES, asked, drafted


def zipped(name: str) -> bytes:
    """A zip of one small member."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "x")
    return made.getvalue()


def test_the_byte_order_mark_of_gb18030_hides_no_header(tmp_path: Path) -> None:
    content = "\ufeff客户号,姓名\n" + "".join(f"C{n:04d},{NAMES[n % 4]}\n" for n in range(20))

    draft = drafted(tmp_path, content.encode("gb18030"))

    assert ([c.source_name for c in draft.draft.columns], draft.draft.rows) == (["客户号", "姓名"], 20)


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("CUST_2026093008.csv", "CUST_{date}{seq}.csv"),
        ("CUST_20260930_083000.csv", "CUST_{date}_{seq}.csv"),
        ("CUST.D260930.T083000", "CUST.D{date:yyMMdd}.T{seq}"),
        ("CUST_20260930_20261001.csv", "CUST_{date}_*.csv"),
        ("CUST_20260930_001.csv", "CUST_{date}_{seq}.csv"),
        ("IND26093001ACOMN", "IND{date:yyMMdd}{seq}ACOMN"),
        ("客户_2026年09月30日.csv", "客户_{date:yyyy年MM月dd日}.csv"),
    ],
)
def test_what_changes_in_a_name_from_day_to_day_stands_in_no_template(name: str, template: str) -> None:
    """A time or a second day that was kept would make tomorrow's file one that nobody asks for."""
    found = template_of(Path(name))

    assert (found.text, found.day) == (template, date(2026, 9, 30))


def test_text_that_was_read_in_a_wrong_encoding_before_is_asked_about(tmp_path: Path) -> None:
    lines = ["客户编号,姓名", *(f"C{n},王小" for n in range(20))]
    spoiled = "\n".join(lines).encode().decode("gb18030")

    draft = drafted(tmp_path, spoiled)

    assert any("were read as another encoding before" in q for q in draft.questions)
    yuan = "流水号,金额\n" + "".join(
        f"S{n},{n}.50元\n" for n in range(40)
    )  # in GB the bytes of a letter of UTF-8
    assert not any("encoding" in q for q in drafted(tmp_path, yuan, "z_20260930.csv").questions)
    plain = drafted(tmp_path, "\n".join(lines), "y_20260930.csv")
    assert not any("encoding" in q for q in plain.questions)


def test_korean_is_not_taken_for_chinese_without_a_question(tmp_path: Path) -> None:
    rows = "".join(f"C{n},홍길동\n" for n in range(20))

    draft = drafted(tmp_path, f"고객번호,성명잔액\n{rows}".encode("euc_kr"))

    assert any("Korean" in q for q in draft.questions)


def test_a_list_inside_of_a_record_is_asked_about_and_not_called_empty(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join(f'{{"no": "C{n}", "tags": [{n}]}}\n' for n in range(20)))

    assert "no plain ones" in asked(draft, "tags")
    assert "never filled" not in asked(draft, "tags")


@pytest.mark.parametrize("has_schema", [False, True])
def test_a_change_log_is_drafted_as_one_with_and_without_its_schema(tmp_path: Path, has_schema: bool) -> None:
    rows = [{"no": f"C{n}"} for n in range(20)]
    changes: list[dict[str, object]] = [
        {"op": "d", "ts_ms": n, "before": row, "after": None} if n % 2
        else {"op": "u", "ts_ms": n, "before": None, "after": row}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    written = [{"schema": {"type": "struct"}, "payload": c} if has_schema else c for c in changes]

    draft = drafted(tmp_path, "".join(json.dumps(each) + "\n" for each in written))

    assert (draft.draft.guess.layout.kind, draft.draft.rows, draft.unreadable) == ("cdc", 20, {})
    assert [c.source_name for c in draft.draft.columns] == ["$op", "$ts_ms", "no"]
    assert any("delete_when: {op: [d]}" in q for q in draft.questions)


def test_a_change_log_of_another_form_is_told_and_nothing_is_mapped_from_it(tmp_path: Path) -> None:
    changes = [
        {"table": "T", "op_type": "D", "op_ts": f"2026-09-30 08:00:{n:02d}", "pos": f"{n:08d}", "before": {"ID": n, "NAME": NAMES[n % 4]}}
        for n in range(20)
    ]  # fmt: skip

    draft = drafted(tmp_path, "".join(json.dumps(change) + "\n" for change in changes))

    assert any("as GoldenGate writes it" in q for q in draft.questions)
    assert draft.draft.proposal.maps == []


def test_a_header_in_another_encoding_than_its_records_is_refused_and_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x_20260930.csv"
    rows = "".join(f"C{n:04d},{NAMES[n % 4]},{n}.50,A,B,C\n" for n in range(100))
    path.write_bytes(b"cust_no,\xff,amt,city,branch,kind\n" + rows.encode())

    drafts, (refused,) = onboard([path])

    assert drafts == []
    assert "its header is in another encoding than its records" in refused


def test_a_name_with_a_sign_that_turns_the_writing_round_is_refused_and_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "cif\u202evsc.csv"
    path.write_bytes(b"a,b\n1,2\n")

    drafts, (refused,) = onboard([path])

    assert drafts == []
    assert "nobody sees" in refused
    assert "\u202e" not in refused


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"%PDF-1.7\n1 0 obj\n", "a PDF document"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "with a password"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(64), "7-Zip"),
        (b"Rar!\x1a\x07\x00" + bytes(64), "RAR"),
        (b"\x28\xb5\x2f\xfd" + bytes(64), "Zstandard"),
        (b"\r\n<html><table><tr><td>1</td><td>2</td></tr></table></html>\n", "a web page or XML"),
        (b'<?xml version="1.0"?>\n<rows><r id="1"/></rows>\n', "a web page or XML"),
        (b"INSERT INTO `cif` VALUES ('C1','x',1);\nINSERT INTO `cif` VALUES ('C2','y',2);\n", "statements of SQL"),
        ("".join(f"C{n:05d}WANG XIAOMING  20260930" for n in range(40)).encode("cp037"), "EBCDIC"),
        (b'{"code": 0, "data": {"rows": [{"no": "C1"}, {"no": "C2"}]}}', "holds its records in a list (`data.rows`)"),
        (b'{"no": 1, "no": 2}\n' * 5, "json_key_twice"),
        (b"{1:F01BJBKCNBJAXXX0000000001}{2:I103ICBKCNBJXXXXN}{4:\r\n:20:REF1\r\n-}\r\n", "SWIFT"),
        (b":20:STMT1\r\n:25:BJBK/1\r\n:60F:C260929CNY1,00\r\n-\r\n" * 9, "SWIFT"),
        (b"ORC" + bytes(range(200)) * 9, "an ORC file"),
        (b"WHAT\x00\x01\x00\x7f" + bytes(range(32)) * 40, "no text"),
        (zipped("customers.csv"), "a zip inside"),
        (zipped("mimetype"), "OpenOffice"),
        ("顧客番号,氏名\nC1,山田太郎\n".encode("shift_jis") * 9, "no encoding that we look for"),
    ],
)  # fmt: skip
def test_what_is_no_extract_is_refused_under_its_own_name(
    tmp_path: Path, content: bytes, advice: str
) -> None:
    path = tmp_path / "x_20260930.csv"
    path.write_bytes(content)

    drafts, (refused,) = onboard([path])

    assert drafts == []
    assert advice in refused


def test_a_member_without_a_date_is_found_in_its_package_and_the_package_in_its_folder(
    tmp_path: Path,
) -> None:
    package = tmp_path / "2026-09-30" / "kunden.zip"
    package.parent.mkdir()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("kunden.csv", "no,name\n" + "".join(f"C{n},x\n" for n in range(9)))

    (draft,), refused = onboard([package])

    assert refused == []
    source = loaded(draft.text, draft.draft.name, (SHIPPED_CONF,))
    assert (source.delivery.package, source.delivery.member) == ("{date}/kunden.zip", "kunden.csv")
    assert lay_out([package], {source.feed: source}, tmp_path / "landing", None) == []
    assert (tmp_path / "landing" / "2026-09-30" / "kunden.zip").is_file()
