"""Workbooks as people keep them: titles, notes, sums, merged cells, several sheets. Read as meant, or asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook

from spark_jobs.onboarding.apart_words import WORDS
from spark_jobs.onboarding.onboard import Drafted, onboard
from tests.support.drafts import RECORDS, asked, drafted


def sheet(folder: Path, *rows: list[object]) -> Drafted:
    """The draft of a workbook of these rows."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(folder / "x_20260930.xlsx")
    (draft,), refused = onboard([folder / "x_20260930.xlsx"])
    assert refused == []
    return draft


SHEET = [["客户号", "姓名", "开户日期", "余额"], *([no, name, day, float(amount)] for no, name, day, amount in RECORDS)]  # fmt: skip


def test_rows_of_a_sheet_that_sum_up_are_drafted_as_set_aside_and_asked_about(tmp_path: Path) -> None:
    book = Workbook()
    rows = [["客户号", "余额"], *([f"C{n}", n * 10] for n in range(1, 20)), ["小 计：", 1900], ["合计", 1900]]
    for row in rows:
        book.worksheets[0].append(row)
    book.save(tmp_path / "x_20260930.xlsx")

    (draft,), _ = onboard([tmp_path / "x_20260930.xlsx"])

    contract = yaml.safe_load(draft.text)
    assert contract["set_aside"] == {"ke_hu_hao": ["小计", "合计"]}
    assert (draft.draft.rows, draft.unreadable, draft.held) == (19, {"no_record": 2}, {})
    assert "小计 and 合计 no records" in asked(draft, "ke_hu_hao")
    assert "# No records: 2 no_record." in draft.text and "kept aside" not in draft.text
    assert contract["key"] == ["ke_hu_hao"]
    assert all(words not in column.words for column in draft.draft.columns for words in ("合计", "小 计："))


def test_notes_below_a_table_are_no_customers(tmp_path: Path) -> None:
    notes = [["制表人：李小梅", None, "复核：王建国"], ["注：余额为人民币"]]

    draft = sheet(tmp_path, ["存款明细表"], *SHEET, [], *notes)

    assert yaml.safe_load(draft.text)["set_aside"] == {"ke_hu_hao": ["制表*", "注*"]}
    assert (draft.draft.rows, draft.unreadable) == (24, {"no_record": 2})
    assert "李小梅" not in draft.text
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]


def test_sums_of_groups_bear_the_names_of_the_groups(tmp_path: Path) -> None:
    draft = sheet(
        tmp_path, *SHEET[:13], ["城东支行小计", None, None, 1], *SHEET[13:], ["城西支行小计", None, None, 2], ["总计", None, None, 3]
    )  # fmt: skip

    assert yaml.safe_load(draft.text)["set_aside"] == {"ke_hu_hao": ["*小计", "总计"]}
    assert (draft.draft.rows, draft.unreadable) == (24, {"no_record": 3})


def test_a_company_called_like_a_sum_is_a_customer(tmp_path: Path) -> None:
    rows = [[f"滨江{n}合计" if n == 7 else f"滨江{n}公司", f"C{n}", float(n)] for n in range(1, 25)]

    draft = sheet(tmp_path, ["单位", "客户号", "余额"], *rows)

    assert "set_aside" not in yaml.safe_load(draft.text)
    assert draft.draft.rows == 24


def test_cells_that_were_merged_over_rows_are_asked_about(tmp_path: Path) -> None:
    branches = {0: "城东支行", 12: "城西支行"}
    rows = [[branches.get(n), *row] for n, row in enumerate(SHEET[1:])]

    draft = sheet(tmp_path, ["支行", *SHEET[0]], *rows)

    assert "cells that were merged" in asked(draft, "zhi_xing")
    assert "merged" not in asked(draft, "xing_ming")


def test_a_workbook_of_several_sheets_says_so_and_one_of_one_does_not(tmp_path: Path) -> None:
    assert not any("sheets" in q for q in sheet(tmp_path, *SHEET).questions)

    book = Workbook()
    for row in SHEET:
        book.worksheets[0].append(row)
    book.create_sheet("城西").append(["客户号"])
    book.save(tmp_path / "x_20260930.xlsx")
    (draft,), _ = onboard([tmp_path / "x_20260930.xlsx"])
    assert any("2 sheets" in q for q in draft.questions)


def test_a_sheet_may_have_a_page_of_titles_and_names_over_two_lines(tmp_path: Path) -> None:
    titles: list[list[object]] = [["支付账单明细"], [], *([f"{n}. 仅供对账"] for n in range(12))]

    draft = sheet(tmp_path, *titles, ["客户号", "姓名", "开户\n日期", "余额\n(元)"], *SHEET[1:])

    assert (draft.draft.rows, draft.draft.guess.layout.skip_lines) == (24, 14)
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]


def test_a_sheet_in_front_that_is_no_table_is_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["本文件为客户清单"])
    data = book.create_sheet("数据")
    for row in SHEET:
        data.append(row)
    book.save(tmp_path / "x_20260930.xlsx")

    (draft,), _ = onboard([tmp_path / "x_20260930.xlsx"])

    assert (draft.draft.rows, yaml.safe_load(draft.text)["layout"]["sheet"]) == (24, "数据")
    assert any("the first that has a table" in q for q in draft.questions)


def test_two_lines_of_names_of_a_sheet_are_a_header(tmp_path: Path) -> None:
    draft = sheet(tmp_path, ["cust_no", "cust_name", "open_dt", "bal"], *SHEET)

    assert (draft.draft.rows, draft.draft.guess.layout.skip_lines) == (24, 1)
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]


def test_a_sheet_that_names_a_column_twice_is_drafted_by_places_and_not_held(tmp_path: Path) -> None:
    draft = sheet(tmp_path, *([*row, row[-1]] for row in SHEET))

    assert (draft.draft.rows, draft.held) == (24, {})
    assert [c.source_name for c in draft.draft.columns][-2:] == ["余额", "余额#2"]
    assert any("taken by their place" in q for q in draft.questions)


def test_sums_between_the_records_of_a_text_file_are_set_aside_and_the_control_file_fits(
    tmp_path: Path,
) -> None:
    lines = [f"C{n},2026-09-{n:02d},{n}.50" for n in range(1, 21)]
    halves = [*lines[:10], "小计,,60.00", *lines[10:], "小计,160.00"]
    (tmp_path / "x_20260930.ctl").write_text("20260930|20\n")

    draft = drafted(tmp_path, "\n".join(["客户号,开户日期,余额", *halves]) + "\n")

    contract = yaml.safe_load(draft.text)
    assert contract["set_aside"] == {"ke_hu_hao": ["小计"]}
    assert (draft.draft.rows, draft.unreadable, draft.held) == (20, {"no_record": 2}, {})
    assert "rows" in contract["control"]["pattern"]


@pytest.mark.parametrize(("declared", "checks"), [(20, None), (21, "counted")])
def test_a_control_file_is_believed_whether_or_not_it_counts_the_header_that_came_again(
    tmp_path: Path, declared: int, checks: str | None
) -> None:
    lines = [f"C{n},2026-09-{n:02d},{n}.50" for n in range(1, 21)]
    header = "客户号,开户日期,余额"
    (tmp_path / "x_20260930.ctl").write_text(f"20260930|{declared}\n")

    draft = drafted(tmp_path, "\n".join([header, *lines[:10], header, *lines[10:]]) + "\n")

    contract = yaml.safe_load(draft.text)
    assert contract["checks"].get("header_again") == checks
    assert "(?P<rows>" in contract["control"]["pattern"]
    assert draft.held == {}


@pytest.mark.parametrize(
    ("word", "is_sum"),
    [("合计", True), ("本页小计", True), ("總計", True), ("Grand Total", True), ("SUBTOTAL", True), ("Zwischensumme", True),
     ("合计科技有限公司", False), ("计", False), ("会计", False), ("total assets", False), ("Summer", False)],
)  # fmt: skip
def test_words_for_a_sum(word: str, is_sum: bool) -> None:
    assert (WORDS.fullmatch(word) is not None) == is_sum
