"""Text as branches, portals and other programs cut it: titles, headers, last lines, separators. Read as meant, or refused or asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from spark_jobs.onboarding.controls import Of
from tests.support.drafts import NAMES, RECORDS, asked, drafted


def test_a_branchs_statement_has_titles_filled_up_with_commas_and_a_line_that_sums_up(tmp_path: Path) -> None:
    lines = [f'C{n},{NAMES[n % 4]},2026-09-{n:02d},"{n * 1000}.50"' for n in range(1, 21)]
    head = ["城东支行存款明细表,,,", "制表日期：2026-09-30,,,单位：元", "客户号,姓名,交易日期,余额(元)"]
    content = "\r\n".join([*head, *lines, '合计,,,"210,010.00"']) + "\r\n"

    draft = drafted(tmp_path, content.encode("gb18030"))

    layout = draft.draft.guess.layout
    assert (layout.skip_lines, layout.header, layout.trailer_mark) == (2, True, "合计,")
    assert draft.draft.rows == 20
    assert [c.source_name for c in draft.draft.columns] == ["客户号", "姓名", "交易日期", "余额(元)"]
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]


def test_a_statement_has_its_header_below_a_page_of_titles_and_counts_below_its_entries(
    tmp_path: Path,
) -> None:
    """As WeChat and Alipay export them; the entries once were drafted without names, among the titles."""
    titles = [
        "支付账单明细,,,",
        *(f"注{n}：仅供对账,,," for n in range(15)),
        "交易时间,交易类型,金额(元),交易单号",
    ]
    entries = [f'2026-09-{n:02d} 08:15:00,消费,{n}.50,"42{n:08d}"' for n in range(1, 21)]
    below = ["-----------------------", "共20笔记录", "导出时间：[2026-10-01 08:15:00]"]

    draft = drafted(tmp_path, "\n".join([*titles, *entries, *below]) + "\n")

    assert (draft.draft.rows, draft.draft.guess.layout.skip_lines, draft.unreadable) == (
        20,
        16,
        {"no_record": 3},
    )
    assert [c.typed.type for c in draft.draft.columns] == ["timestamp", "string", "number", "string"]


def test_numbers_written_for_a_spreadsheet_do_not_undo_the_quotes_beside_them(tmp_path: Path) -> None:
    """="0012" beside "1,234.50": its comma once parted columns, and the first records were left out as titles."""
    rows = "".join(f'="{n:04d}",{NAMES[n % 4]},"{n * 37:,}.50"\n' for n in range(1, 60))

    draft = drafted(tmp_path, "工号,姓名,工资\n" + rows)

    layout = draft.draft.guess.layout
    assert (layout.quote, layout.header, layout.skip_lines, draft.draft.rows) == (True, True, 0, 59)


def test_lines_that_are_cut_otherwise_than_the_records_are_asked_about_when_they_are_left_out(
    tmp_path: Path,
) -> None:
    draft = drafted(tmp_path, "客户号，姓名\n" + "".join(f"C{n:04d},{NAMES[n % 4]}\n" for n in range(20)))

    assert draft.draft.guess.layout.skip_lines == 1
    assert any("the first line is left out" in q for q in draft.questions)


@pytest.mark.parametrize("sign", [":", "，", "；", "｜", " "])
def test_a_sign_that_seldom_parts_columns_does_where_nothing_else_could(tmp_path: Path, sign: str) -> None:
    draft = drafted(
        tmp_path,
        "".join(sign.join(("C" + str(n), name, day)) + "\n" for n, (_, name, day, _) in enumerate(RECORDS)),
    )

    assert draft.draft.guess.layout.separator == sign
    assert any("only because nothing else does" in q for q in draft.questions)


def test_the_colons_of_times_part_no_columns(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join(f"{n}:15:00\n" for n in range(5, 24)))

    assert len(draft.draft.columns) == 1


def test_names_in_quotes_may_go_over_two_lines_and_hold_the_separator(tmp_path: Path) -> None:
    rows = "".join(f'"C{n:04d}","{NAMES[n % 4]}","{n}.50"\n' for n in range(20))

    draft = drafted(tmp_path, '"客户号","姓名, 全称","余额\n(元)"\n' + rows)

    assert ([c.source_name for c in draft.draft.columns], draft.draft.rows) == (
        ["客户号", "姓名, 全称", "余额\n(元)"],
        20,
    )


def test_a_line_of_units_below_the_names_is_no_record(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path, "客户号,余额,增长率\n,万元,%\n" + "".join(f"C{n:04d},{n}.50,{n}.5\n" for n in range(20))
    )

    assert draft.draft.rows == 20
    assert [c.typed.type for c in draft.draft.columns] == ["string", "number", "number"]
    assert any("a line of units" in q for q in draft.questions)


def test_a_first_record_that_lost_a_separator_is_kept_aside_and_not_left_out_of_every_file(
    tmp_path: Path,
) -> None:
    lines = [f"C{n:06d}|{NAMES[n % 4]}|{n}.50" for n in range(20)]

    draft = drafted(tmp_path, "\n".join([lines[0].replace("|0.50", "0.50"), *lines[1:]]) + "\n")

    assert (draft.draft.guess.layout.skip_lines, draft.unreadable) == (0, {"column_count": 1})


def test_a_sign_that_all_values_begin_with_takes_no_header_away(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "no,name\n" + "".join(f"C{n:04d},&#{20000 + n};\n" for n in range(60)))

    assert (draft.draft.guess.layout.separator, draft.draft.guess.layout.header) == (",", True)
    assert "as web pages write them" in asked(draft, "name")
    lost = drafted(
        tmp_path,
        "no,name\n" + "".join(f"C{n:04d},{'?' * (2 + n % 2)}\n" for n in range(60)),
        "y_20260930.csv",
    )
    assert (lost.draft.guess.layout.separator, lost.draft.guess.layout.header) == (",", True)
    assert "lost characters" in asked(lost, "name")


def test_the_last_line_of_a_file_of_commas_is_read_field_by_field(tmp_path: Path) -> None:
    """60,1830.00 is no number of a thousand and more, as it would be inside of a field."""
    rows = "".join(f"DT,C{n:04d},{n}.50\n" for n in range(1, 61))

    draft = drafted(tmp_path, rows + "TR,60,1860.00\n")

    ((declared, _),) = draft.draft.controls
    assert (declared.counts_rows, declared.sums) == (True, {"total_1": Of("c03")})


@pytest.mark.parametrize("separator", ["|", ""])
def test_several_kinds_of_record_in_one_file_are_asked_about(tmp_path: Path, separator: str) -> None:
    one = [separator.join(("1", f"{n:06d}", "WANG XIAO", "AB")) for n in range(20)]
    other = [separator.join(("2", f"{n:06d}", f"62{n:07d}", f"{n:02d}")) for n in range(20)]

    draft = drafted(tmp_path, "".join(f"{line}\n" for pair in zip(one, other, strict=True) for line in pair))

    assert any("several kinds of record (1 and 2)" in q for q in draft.questions)
    alike = drafted(tmp_path, "".join(f"{line}\n" for line in one), "y_20260930.csv")
    assert not any("several kinds" in q for q in alike.questions)


def test_what_nothing_parts_is_asked_about(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join(f"[CUST{n}]\nname=x{n}\n" for n in range(20)))

    assert any("a list of one column" in q or "parts the columns only" in q for q in draft.questions)


def test_a_text_that_nothing_counts_must_end_as_its_samples_do(tmp_path: Path) -> None:
    text = "客户号,余额\n" + "".join(f"C{n:04d},{n}.50\n" for n in range(20))

    assert yaml.safe_load(drafted(tmp_path, text).text)["checks"]["last_line_end"] == "hold"
    assert "last_line_end" not in drafted(tmp_path, text.rstrip(), "y_20260930.csv").text


def test_separators_at_the_end_of_all_lines_take_no_names_away(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path, "FORACID|CUST_NAME|\n" + "".join(f"1{n:05d}|{NAMES[n % 4]}|\n" for n in range(20))
    )

    assert draft.draft.guess.layout.header
    assert [c.source_name for c in draft.draft.columns] == ["FORACID", "CUST_NAME"]
    assert draft.unreadable == {}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_header_that_comes_again_is_still_the_header(tmp_path: Path, mark: str) -> None:
    lines = [f"C{n},2026-09-{n:02d},{n}.50" for n in range(1, 21)]
    content = (
        "\n".join(["客户号,开户日期,余额", *lines[:10], f"{mark}客户号,开户日期,余额", *lines[10:]]) + "\n"
    )

    draft = drafted(tmp_path, content)

    assert draft.draft.guess.layout.header
    assert (draft.draft.rows, draft.unreadable) == (20, {"header_again": 1})


def test_a_header_with_separators_too_many_is_no_record(tmp_path: Path) -> None:
    content = "Customer No,Open Date,,\n" + "".join(f"C{n},2026-09-{n:02d},,\n" for n in range(1, 21))

    draft = drafted(tmp_path, content)

    assert draft.draft.rows == 20
    assert [c.name for c in draft.draft.columns[:2]] == ["customer_no", "open_date"]


def test_two_lines_of_names_are_a_header_and_no_record(tmp_path: Path) -> None:
    """Technical names first, then what they mean; the second line once loaded as a customer called 客户号."""
    lines = ["cust_no,cust_name,open_dt,bal", "客户号,姓名,开户日期,余额", *(",".join(r) for r in RECORDS)]

    draft = drafted(tmp_path, "\n".join(lines) + "\n")

    assert (draft.draft.rows, draft.draft.guess.layout.skip_lines, draft.held) == (24, 1, {})
    assert [c.source_name for c in draft.draft.columns] == ["客户号", "姓名", "开户日期", "余额"]
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]
    assert any("two lines" in q for q in draft.questions)


def test_a_first_record_of_words_below_the_header_is_a_record(tmp_path: Path) -> None:
    content = "客户号,姓名,状态\n" + "".join(f"{'ABCDEFGH'[n]},{NAMES[n % 4]},正常\n" for n in range(8))

    assert drafted(tmp_path, content).draft.rows == 8


def test_a_column_whose_name_was_forgotten_does_not_make_a_record_of_the_header(tmp_path: Path) -> None:
    content = "客户号,姓名,,余额\n" + "".join(",".join(r) + "\n" for r in RECORDS)

    draft = drafted(tmp_path, content)

    assert draft.draft.rows == 24
    assert [c.name for c in draft.draft.columns] == ["ke_hu_hao", "xing_ming", "c03", "yu_e"]
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]
    assert any("taken by their place" in q for q in draft.questions)


def test_names_above_columns_of_fixed_width_are_no_record(tmp_path: Path) -> None:
    content = "CUSTNO    NAMEEN    BALANCE   \n" + "".join(
        f"{no:<10}{'ABCDEFGHI'[: 1 + n % 8]:<10}{amount:>10}\n"
        for n, (no, _, _, amount) in enumerate(RECORDS)
    )

    draft = drafted(tmp_path, content)

    layout = draft.draft.guess.layout
    assert (layout.kind, layout.record_bytes, layout.skip_lines, draft.draft.rows) == ("fixed", 30, 1, 24)
    assert any("line of names" in q for q in draft.questions)


def test_a_first_line_that_tells_of_the_file_is_no_record(tmp_path: Path) -> None:
    content = "HDR|20260930|24|CORE\n" + "".join("|".join(r) + "\n" for r in RECORDS)

    draft = drafted(tmp_path, content)

    assert (draft.draft.rows, draft.draft.guess.layout.skip_lines, draft.held) == (24, 1, {})
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]
    assert any("tells of the file" in q for q in draft.questions)


def test_records_of_which_each_begins_alike_are_all_records(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join("H|" + "|".join(r) + "\n" for r in RECORDS))

    assert draft.draft.rows == 24


def test_a_return_too_many_is_no_separator(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "no,amt\r\r\n" + "".join(f"C{n},{n}.50\r\r\n" for n in range(1, 25)))

    assert draft.draft.guess.layout.separator == ","
    assert draft.held == {"x_20260930.csv": "line_ends"}


def test_a_sign_that_ends_records_before_their_line_ends_is_asked_about(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join("\x1d".join(r[::-1]) + "\x1e\n" for r in RECORDS))

    assert draft.draft.guess.layout.separator == "\x1d"
    assert "nobody sees" in asked(draft, "c04")


def test_a_decimal_comma_parts_no_columns_where_a_semicolon_does(tmp_path: Path) -> None:
    content = "".join(f"{n},5;{n},25\n" for n in range(10, 30))

    draft = drafted(tmp_path, content)

    assert (draft.draft.guess.layout.separator, draft.draft.guess.layout.decimal) == (";", ",")
    assert [c.typed.type for c in draft.draft.columns] == ["number", "number"]


def test_the_line_that_tells_a_spreadsheet_the_separator_is_believed(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "sep=;\r\nid;amt\r\n" + "".join(f"{n};{n},5\r\n" for n in range(20)))

    layout = draft.draft.guess.layout
    assert (layout.separator, layout.skip_lines, layout.header, draft.draft.rows) == (";", 1, True, 20)


def test_a_list_of_one_column_is_read(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "客户号\n" + "".join(f"C{n}\n" for n in range(95, 115)))

    assert [c.source_name for c in draft.draft.columns] == ["客户号"]
    assert draft.draft.rows == 20


def test_a_header_of_other_width_is_left_out_with_a_question(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "id,note,amt\n" + "".join(f"{n},a,b,{n}.5\n" for n in range(20)))

    assert "line 1 has 3 fields and the records have 4; it is left out: is it the header?" in draft.questions


def test_a_databases_unload_with_backslashes_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [f"C{n:03d}\t{NAMES[n % 4]}\t\\N\t2026-09-{n:02d}" for n in range(1, 25)]
    rows[3], rows[7] = "C004\tA\\\tB\tx\t2026-09-04", "C008\tC\\\nD\tx\t2026-09-08"

    draft = drafted(tmp_path, "\n".join(rows) + "\n", "t_cust_20260930.txt")

    assert yaml.safe_load(draft.text)["layout"] == {
        "kind": "delimited", "encoding": "utf-8", "separator": "\t", "escape": True,
    }  # fmt: skip
    assert (draft.draft.rows, draft.unreadable) == (24, {})
    assert [c.typed.type for c in draft.draft.columns][-1] == "date"


def test_backslashes_that_take_nothing_away_are_signs_like_others(tmp_path: Path) -> None:
    rows = [f"C{n:03d},BANK\\user{n}" for n in range(1, 25)]

    draft = drafted(tmp_path, "客户号,柜员\n" + "\n".join(rows) + "\n")

    assert "escape" not in yaml.safe_load(draft.text)["layout"]
    assert "BANK\\user1" in draft.draft.columns[1].words
