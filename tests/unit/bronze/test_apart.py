"""What is no record is set aside: a header that comes again, rows that add up others. Rows are counted without them."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from spark_jobs.bronze import apart, fast
from spark_jobs.bronze.controls import Verified, verify
from spark_jobs.bronze.discovery import Listed
from spark_jobs.bronze.records import read
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.errors import ContractError
from spark_jobs.settings import SHIPPED_CONF

DAY = date(2026, 9, 30)
CONTRACT = """
feed: x__x
delivery: {{file: "x_{{date}}.csv"}}
layout: {{kind: delimited, separator: ",", header: true, encoding: gb18030}}
control: {{in: file, file: "{{stem}}.ctl", pattern: '(?P<rows>\\d+)\\|(?P<total>[\\d.]+)', sums: {{total: amt}}}}
{more}
fields:
  acct: {{from: 客户号, type: string, class: C2-id}}
  amt: {{from: 余额, type: number, class: C2-fin}}
"""
SUMS = 'set_aside: {acct: ["合计", "小计"]}'
COUNTED = "checks: {header_again: counted}"
TWO_OUTLETS = "客户号,余额\nC1,10\nC2,20\n客户号,余额\nC3,30\n"
SUMMED = "客户号,余额\nC1,10\nC2,20\n小 计：,30\nC3,30\n小计\n合　计,60\n"


def contract(folder: Path, more: str = "", text: str = CONTRACT) -> SourceContract:
    (folder / "contracts" / "sources").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "rules" / "feeds.yml").write_text('in_use: ["x__*"]\n')
    (folder / "contracts" / "sources" / "x__x.yml").write_text(text.format(more=more), encoding="utf-8")
    return load_sources((SHIPPED_CONF, folder))["x__x"]


def verified(content: str, source: SourceContract, control: bytes | None, folder: Path) -> Verified:
    """Of the bytes, and of the file that they are in, which is looked at by whole pieces: the same."""
    raw, path = content.encode("gb18030"), folder / "x.csv"
    path.write_bytes(raw)
    found = verify(path, source, DAY, None, control)
    assert found == verify(raw, source, DAY, None, control)
    return found


def read_as(content: str, source: SourceContract, folder: Path) -> list[tuple[int, object]]:
    """Values or reasons by line; read record by record and by columns: the same."""
    raw, path = content.encode("gb18030"), folder / "y.csv"
    path.write_bytes(raw)
    slow = [(r.line_no, r.values or r.reasons) for r in read(raw, source)]
    quick: list[tuple[int, object]] = []
    for some in fast.read(path, source):
        if isinstance(some, fast.Block):
            quick += zip(some.numbers.tolist(), some.values.to_pylist(), strict=True)
        else:
            quick += [(r.line_no, r.values or r.reasons) for r in some]
    assert sorted(quick, key=lambda told: told[0]) == slow
    return slow


def test_a_control_file_that_counts_records_fits_although_the_header_came_again(tmp_path: Path) -> None:
    found = verified(TWO_OUTLETS, contract(tmp_path / "conf"), b"3|60.00", tmp_path)

    assert (found.reason, found.rows_declared, found.rows_found) == (None, 3, 3)


def test_a_control_file_that_counts_lines_fits_where_the_contract_says_that_it_does(tmp_path: Path) -> None:
    counted = contract(tmp_path / "counted", COUNTED)

    found = verified(TWO_OUTLETS, counted, b"4|60.00", tmp_path)

    assert (found.reason, found.rows_declared, found.rows_found) == (None, 4, 4)
    assert verified(TWO_OUTLETS, counted, b"3|60.00", tmp_path).reason == "row_count_control"


def test_a_header_does_not_stand_for_a_record_that_was_lost(tmp_path: Path) -> None:
    """Four were sent, three came, and a header: so many lines, but not so many records."""
    found = verified(TWO_OUTLETS, contract(tmp_path / "conf"), b"4|60.00", tmp_path)

    assert found.reason == "row_count_control"


def test_the_list_of_the_package_counts_records_too(tmp_path: Path) -> None:
    import hashlib

    raw = TWO_OUTLETS.encode("gb18030")
    md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    source = contract(tmp_path / "conf")

    def reason(rows: int) -> str | None:
        return verify(raw, source, DAY, Listed(rows, 0, md5, "gb18030"), b"3|60").reason

    assert (reason(3), reason(4)) == (None, "row_count")


@given(
    st.lists(
        st.sampled_from(["a,b", "\ufeffa,b", "a,b ", " a,b", "a,b,c", "ab", "", "1,2", '"a",b', "\ufeff\ufeffa,b"]),
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n", "\r\r\n"]),
    st.sampled_from(["utf-8", "gb18030", "gbk"]),
    st.booleans(),
)  # fmt: skip
def test_headers_are_counted_by_pieces_as_one_by_one(
    lines: list[str], end: str, encoding: str, is_ended: bool
) -> None:
    content = end.join(lines).encode(encoding, "ignore") + (end.encode() if is_ended else b"")
    whole = content[: content.rfind(b"\n") + 1]
    header, mark = b"a,b", "\ufeff".encode(encoding, "ignore")

    one_by_one = sum(
        raw.removesuffix(b"\r") in (header, mark + header) for raw in whole.split(b"\n")[:-1]
    )  # fmt: skip

    assert apart.count_headers(whole, header, encoding) == one_by_one


def test_rows_that_add_up_others_load_nowhere_and_count_as_no_rows(tmp_path: Path) -> None:
    """小计 in line 6 stands alone, without the columns behind it."""
    source = contract(tmp_path / "conf", SUMS)

    assert read_as(SUMMED, source, tmp_path) == [
        (2, ["C1", "10"]), (3, ["C2", "20"]), (4, ["no_record"]), (5, ["C3", "30"]), (6, ["no_record"]), (7, ["no_record"]),
    ]  # fmt: skip
    found = verified(SUMMED, source, b"3|60.00", tmp_path)
    assert (found.reason, found.rows_found) == (None, 3)


def test_a_word_inside_of_a_value_is_no_sum_and_neither_is_one_in_another_field(tmp_path: Path) -> None:
    source = contract(tmp_path / "conf", SUMS)

    assert read_as("客户号,余额\n合计科技,1\n合计金额,2\nC3,合计\n", source, tmp_path) == [
        (2, ["合计科技", "1"]), (3, ["合计金额", "2"]), (4, ["C3", "合计"]),
    ]  # fmt: skip


def test_a_star_stands_for_anything(tmp_path: Path) -> None:
    source = contract(tmp_path / "conf", 'set_aside: {acct: ["*小计", "制表*", "a.b"]}')

    content = "客户号,余额\n城东 小计,1\n小计\n制表人：某人\n小计一,2\naxb,3\na.b,4\n"
    assert read_as(content, source, tmp_path) == [
        (2, ["no_record"]), (3, ["no_record"]), (4, ["no_record"]), (5, ["小计一", "2"]), (6, ["axb", "3"]), (7, ["no_record"]),
    ]  # fmt: skip


def test_a_word_of_stars_alone_would_set_everything_aside_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="set_aside"):
        contract(tmp_path / "conf", 'set_aside: {acct: ["*"]}')


def test_a_sum_without_a_word_in_the_contract_is_a_record_as_any(tmp_path: Path) -> None:
    assert read_as("客户号,余额\nC1,1\n合计,1\n", contract(tmp_path / "conf"), tmp_path)[1] == (
        3,
        ["合计", "1"],
    )


def test_words_of_a_field_that_is_none_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="`name` in `set_aside` is no field"):
        contract(tmp_path / "conf", "set_aside: {name: [合计]}")


SHEET = """
feed: x__x
delivery: {{file: "x_{{date}}.xlsx"}}
layout: {{kind: excel, header: true}}
{more}
fields:
  acct: {{from: 客户号, type: string, class: C2-id}}
  name: {{from: 姓名, type: string, class: C2-id}}
  amt: {{from: 余额, type: number, class: C2-fin}}
"""


def test_a_sheet_that_was_pasted_together_has_headers_and_sums_inside(tmp_path: Path) -> None:
    book = Workbook()
    for row in (
        ["客户号", "姓名", "余额"], ["C1", "林一", 10], ["小计", None, 10],
        ["客户号", "姓名", "余额"], ["C2", "林二", 20], ["小计", None, 20], [None, "客户号", None], ["合计", None, 30],
    ):  # fmt: skip
        book.worksheets[0].append(row)
    sink = io.BytesIO()
    book.save(sink)
    source = contract(tmp_path / "conf", SUMS, SHEET)

    found = [(r.line_no, r.values or r.reasons) for r in read(sink.getvalue(), source)]

    assert found == [
        (2, ["C1", "林一", "10"]), (3, ["no_record"]), (4, ["header_again"]), (5, ["C2", "林二", "20"]),
        (6, ["no_record"]), (7, [None, "客户号", None]), (8, ["no_record"]),
    ]  # fmt: skip
    assert verify(sink.getvalue(), source, DAY, None, None).rows_found == 3


def test_records_by_width_and_of_json_are_told_by_their_fields_too(tmp_path: Path) -> None:
    fixed = """
feed: x__x
delivery: {{file: "x_{{date}}.dat"}}
layout: {{kind: fixed, record_bytes: 8, encoding: gb18030}}
set_aside: {{acct: ["合计"]}}
fields:
  acct: {{at: [1, 4], type: string, class: C2-id}}
  amt: {{at: [5, 8], type: number, class: C2-fin}}
"""
    by_width = contract(tmp_path / "fixed", text=fixed)
    lines = contract(
        tmp_path / "json",
        text=fixed.replace("fixed, record_bytes: 8, encoding: gb18030", "jsonl").replace(
            "at: [1, 4], ", "").replace("at: [5, 8], ", ""),
    )  # fmt: skip

    assert read_as("C001  10\n合计  10\n", by_width, tmp_path) == [(1, ["C001", "10"]), (2, ["no_record"])]
    told = read('{"acct": "C001", "amt": 10}\n{"acct": "合计", "amt": 10}\n'.encode(), lines)
    assert [r.values or r.reasons for r in told] == [["C001", "10"], ["no_record"]]
