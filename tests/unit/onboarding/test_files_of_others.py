"""Files as branches, portals and other programs send them: read as they are meant, or refused or asked about; never quietly wrong."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook

from spark_jobs.onboarding.apart_words import WORDS
from spark_jobs.onboarding.check import lay_out
from spark_jobs.onboarding.controls import Of
from spark_jobs.onboarding.names import template_of
from spark_jobs.onboarding.onboard import Drafted, loaded, onboard
from spark_jobs.settings import SHIPPED_CONF


def zipped(name: str) -> bytes:
    """A zip of one small member."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "x")
    return made.getvalue()


NAMES = ("王小明", "李红", "张伟", "赵敏")


def drafted(folder: Path, content: bytes | str, name: str = "x_20260930.csv") -> Drafted:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (draft,), refused = onboard([path])
    assert refused == []
    return draft


def asked(draft: Drafted, column: str) -> str:
    return " ".join(q for q in draft.questions if q.startswith(f"`{column}`"))


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


def test_the_byte_order_mark_of_gb18030_hides_no_header(tmp_path: Path) -> None:
    content = "\ufeff客户号,姓名\n" + "".join(f"C{n:04d},{NAMES[n % 4]}\n" for n in range(20))

    draft = drafted(tmp_path, content.encode("gb18030"))

    assert ([c.source_name for c in draft.draft.columns], draft.draft.rows) == (["客户号", "姓名"], 20)


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


@pytest.mark.parametrize("name", ["卡有效期", "指纹", "track2", "pin_block", "card_exp"])
def test_what_may_never_enter_a_lake_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    draft = drafted(
        tmp_path, f"客户号,{name}\n" + "".join(f"C{n:04d},{n % 12 + 1:02d}/28\n" for n in range(20))
    )

    assert draft.draft.columns[1].privacy == "C2-id"
    assert "looks like a secret (C3)" in asked(draft, draft.draft.columns[1].name)


def test_the_magnetic_stripe_of_a_card_is_a_secret_whatever_it_is_called(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "no,data\n" + "".join(f"{n},;62{n:014d}=2812{n:08d}?\n" for n in range(20)))

    assert "looks like a secret (C3)" in asked(draft, "data")


@pytest.mark.parametrize("key", ["zip", "序号", "姓名"])
def test_a_postal_code_a_line_number_or_a_name_is_nobodys_number(tmp_path: Path, key: str) -> None:
    value = {"zip": "{:05d}", "序号": "{}", "姓名": ""}[key]
    people = [f"{NAMES[n % 4][0]}{'伟芳娜敏静磊'[n % 6]}{'平刚桂英'[n // 6]}" for n in range(24)]
    lines = [f"{value.format(90210 + n)},{p}" if value else p for n, p in enumerate(people)]

    draft = drafted(tmp_path, "\n".join([f"{key},姓名" if value else key, *lines]) + "\n")

    assert draft.draft.proposal.maps == []


def test_signs_of_no_width_around_values_are_asked_about(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "客户号,余额\n" + "".join(f"\u200bC{n:04d},{n}.50\n" for n in range(20)))

    assert "nobody sees" in asked(draft, "ke_hu_hao")


def test_a_decimal_comma_is_known_where_blanks_part_thousands(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "Client;Solde\n" + "".join(f"{n};1\u202f{n:03d},50\n" for n in range(100, 120)))

    assert (draft.draft.guess.layout.decimal, draft.draft.columns[1].typed.type) == (",", "number")


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


def test_a_column_of_signs_is_not_taken_for_one_of_unknown_values(tmp_path: Path) -> None:
    """`-` means unknown elsewhere; here every debit would have become a credit."""
    draft = drafted(tmp_path, "no;sign;amt\n" + "".join(f"C{n};{'+-'[n % 2]};{n}.50\n" for n in range(20)))

    assert draft.draft.columns[1].typed.null == ()
    assert "sign_by" in asked(draft, "sign")


def test_signs_behind_numbers_of_fixed_width_belong_to_them(tmp_path: Path) -> None:
    content = "".join(f"C{n:05d}{n * 1037:011d}{'+-'[n % 2]}{20260901 + n}\n" for n in range(1, 25))

    draft = drafted(tmp_path, content)

    places = {c.name: c for c in draft.draft.columns}
    assert (places["b018"].at if "b018" in places else None, places["b019"].at) == (None, (19, 26))
    assert any(c.at and c.at[1] == 18 and c.typed.type == "number" for c in draft.draft.columns)


def test_signs_in_last_digits_end_a_number_of_fixed_width_and_are_asked_about(tmp_path: Path) -> None:
    content = "".join(f"C{n:05d} {n * 1037:010d}{'{ABCDEFGHI}JKLMNOPQR'[n % 20]}156\n" for n in range(1, 25))

    draft = drafted(tmp_path, content)

    assert [c.at for c in draft.draft.columns] == [(1, 7), (8, 18), (19, 21)]
    assert "sign: overpunch" in asked(draft, "b008")


def test_a_number_with_a_country_code_is_a_phone(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path,
        "客户号,姓名,手机号\n" + "".join(f"C{n:04d},{NAMES[n % 4]},+86 1540000{n:04d}\n" for n in range(20)),
    )

    assert "party_contact" in dict(draft.draft.proposal.maps)


def test_who_acts_for_a_company_is_not_its_name_and_the_name_of_an_account_is_no_number(
    tmp_path: Path,
) -> None:
    people = [f"{NAMES[n % 4][0]}{'伟芳娜敏静磊'[n % 6]}" for n in range(20)]

    company = drafted(
        tmp_path, "编码,企业名称,法人\n" + "".join(f"K{n},滨江{n}号公司,{p}\n" for n, p in enumerate(people))
    )
    account = drafted(
        tmp_path,
        "acct_no,acct_name\n" + "".join(f"62{n:08d},{p}\n" for n, p in enumerate(people)),
        "y_20260930.csv",
    )

    assert company.draft.proposal.maps == []
    assert [c.meaning.kind if c.meaning else None for c in account.draft.columns] == ["account", "name"]


def test_the_number_of_a_line_names_no_record_where_something_else_does(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path,
        "序号,姓名,银行卡号\n" + "".join(f"{n},{NAMES[n % 4]},62{n * 7919:014d}\n" for n in range(1, 25)),
    )

    assert draft.draft.key_names == ["yin_hang_ka_hao"]


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


RECORDS = [(f"K{n:04d}", NAMES[n % 4], f"2026-09-{n:02d}", f"{n * 1037}.50") for n in range(1, 25)]


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


@pytest.mark.parametrize(
    ("form", "question"),
    [("`{}", "takes it for text"), ("{}\t", "have a tab"), ("\t{}", "have a tab"), ("no={}", "begins with `no`"), ("卡号：{}", "begins with `卡号`")],
)  # fmt: skip
def test_signs_that_stand_around_a_number_are_asked_about(tmp_path: Path, form: str, question: str) -> None:
    """They are a part of the value, so that nothing would ever be found by it."""
    rows = "".join(f"{form.format(62170000000000000 + n * 7919)},{n}.50\n" for n in range(1, 25))

    draft = drafted(tmp_path, "卡号,余额\n" + rows)

    assert draft.draft.guess.layout.separator == ","
    assert question in asked(draft, "ka_hao")


def test_a_first_line_that_tells_of_the_file_is_no_record(tmp_path: Path) -> None:
    content = "HDR|20260930|24|CORE\n" + "".join("|".join(r) + "\n" for r in RECORDS)

    draft = drafted(tmp_path, content)

    assert (draft.draft.rows, draft.draft.guess.layout.skip_lines, draft.held) == (24, 1, {})
    assert [c.typed.type for c in draft.draft.columns] == ["string", "string", "date", "number"]
    assert any("tells of the file" in q for q in draft.questions)


def test_records_of_which_each_begins_alike_are_all_records(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join("H|" + "|".join(r) + "\n" for r in RECORDS))

    assert draft.draft.rows == 24


def test_days_written_in_several_ways_are_days(tmp_path: Path) -> None:
    days = [
        day if n % 3 else day.replace("-", "/" if n % 2 else "") for n, (_, _, day, _) in enumerate(RECORDS)
    ]
    assert {len(day) for day in days} == {8, 10}

    draft = drafted(tmp_path, "客户号,开户日期\n" + "".join(f"C{n},{day}\n" for n, day in enumerate(days)))

    assert draft.draft.columns[1].typed.type == "date"


def test_a_return_too_many_is_no_separator(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "no,amt\r\r\n" + "".join(f"C{n},{n}.50\r\r\n" for n in range(1, 25)))

    assert draft.draft.guess.layout.separator == ","
    assert draft.held == {"x_20260930.csv": "line_ends"}


def test_a_sign_that_ends_records_before_their_line_ends_is_asked_about(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "".join("\x1d".join(r[::-1]) + "\x1e\n" for r in RECORDS))

    assert draft.draft.guess.layout.separator == "\x1d"
    assert "nobody sees" in asked(draft, "c04")


def test_a_web_address_does_not_begin_with_a_name(tmp_path: Path) -> None:
    rows = "".join(f"C{n},https://x.example/{n}\n" for n in range(1, 25))

    assert asked(drafted(tmp_path, "客户号,链接\n" + rows), "lian_jie") == ""


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


@pytest.mark.parametrize(
    ("value", "question"),
    [
        ("２０２６-０９-３０", "full-width figures"),
        ("民國115年9月30日", "years of the Republic"),
        ("30-Sep-2026", "the month in words"),
        ("2026/9/30 下午 3:04:05", "24 hours"),
        ("46295", "format: excel"),
        ("260930", "format: yyMMdd"),
        ("2026273", "number in the year"),
        ("30SEP2026", "the month in words"),
        ("2026-09-30-08.15.00.123456", "as DB2 writes them"),
        ("2026-09-30 08:15:00.5+08", "an offset of hours only"),
    ],
)
def test_days_that_no_type_reads_are_asked_about(tmp_path: Path, value: str, question: str) -> None:
    draft = drafted(tmp_path, "客户号,开户日期\n" + "".join(f"C{n},{value}\n" for n in range(20)))

    assert draft.draft.columns[1].typed.type == "string"
    assert question in asked(draft, "kai_hu_ri_qi")


@pytest.mark.parametrize(
    ("value", "question"),
    [
        ("(12.50)", "in parentheses"),
        ("12.5%", "per cent"),
        ("¥12.50", "a currency sign"),
        ("3亿", "a unit behind"),
        ("12.50 €", "a currency sign"),
        ("12.50CR", "its side"),
        ("1\x022", "sign inside that nobody sees"),
        ("&#29579;", "as web pages write them"),
        ('="12.50"', "takes it for text"),
    ],
)
def test_amounts_that_no_type_reads_are_asked_about(tmp_path: Path, value: str, question: str) -> None:
    rows = "".join(f"C{n},{value if n % 5 == 0 else f'{n}.50'}\n" for n in range(40))

    draft = drafted(tmp_path, "客户号,金额\n" + rows)

    assert draft.draft.columns[1].typed.type == "string"
    assert question in asked(draft, "jin_e")


@pytest.mark.parametrize(
    ("name", "unit"),
    [("余额(万元)", "wan"), ("余额(百万元)", "million"), ("余额(亿元)", "yi"), ("余额(千元)", "qian"), ("余额(分)", "fen")],
)  # fmt: skip
def test_a_unit_in_the_name_of_a_column_is_asked_about_and_none_is_invented(
    tmp_path: Path, name: str, unit: str
) -> None:
    rows = "".join(f"C{n},{n}.5000,{n}.25\n" for n in range(20))

    draft = drafted(tmp_path, f"客户号,{name},余额(元)\n{rows}")

    assert f"{{unit: [column, {unit}]}}" in asked(draft, draft.draft.columns[1].name)
    assert asked(draft, draft.draft.columns[2].name) == ""


def test_an_account_number_that_a_spreadsheet_rounded_is_asked_about(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "acct_no,amt\n" + "".join(f"6.22202E+15,{n}.50\n" for n in range(20)))

    assert "rounded them" in asked(draft, "acct_no")


def test_a_header_of_other_width_is_left_out_with_a_question(tmp_path: Path) -> None:
    draft = drafted(tmp_path, "id,note,amt\n" + "".join(f"{n},a,b,{n}.5\n" for n in range(20)))

    assert "line 1 has 3 fields and the records have 4; it is left out: is it the header?" in draft.questions


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
