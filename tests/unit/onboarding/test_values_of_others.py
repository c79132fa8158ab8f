"""Values as other programs write them: dates, amounts, signs, numbers of persons. Read as meant or asked about, never quietly wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from spark_jobs.onboarding.evaluate import instant_of
from tests.support.drafts import NAMES, RECORDS, asked, drafted


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
    ("form", "question"),
    [("`{}", "takes it for text"), ("{}\t", "have a tab"), ("\t{}", "have a tab"), ("no={}", "begins with `no`"), ("卡号：{}", "begins with `卡号`")],
)  # fmt: skip
def test_signs_that_stand_around_a_number_are_asked_about(tmp_path: Path, form: str, question: str) -> None:
    """They are a part of the value, so that nothing would ever be found by it."""
    rows = "".join(f"{form.format(62170000000000000 + n * 7919)},{n}.50\n" for n in range(1, 25))

    draft = drafted(tmp_path, "卡号,余额\n" + rows)

    assert draft.draft.guess.layout.separator == ","
    assert question in asked(draft, "ka_hao")


def test_days_written_in_several_ways_are_days(tmp_path: Path) -> None:
    days = [
        day if n % 3 else day.replace("-", "/" if n % 2 else "") for n, (_, _, day, _) in enumerate(RECORDS)
    ]
    assert {len(day) for day in days} == {8, 10}

    draft = drafted(tmp_path, "客户号,开户日期\n" + "".join(f"C{n},{day}\n" for n, day in enumerate(days)))

    assert draft.draft.columns[1].typed.type == "date"


def test_a_web_address_does_not_begin_with_a_name(tmp_path: Path) -> None:
    rows = "".join(f"C{n},https://x.example/{n}\n" for n in range(1, 25))

    assert asked(drafted(tmp_path, "客户号,链接\n" + rows), "lian_jie") == ""


@pytest.mark.parametrize("value", ["2026-09-30-08.15.00.123456", "2026-09-30 08:15:00.123456+08"])
def test_moments_of_db2_and_offsets_of_hours_are_moments(tmp_path: Path, value: str) -> None:
    draft = drafted(tmp_path, "客户号,登记时间\n" + "".join(f"C{n},{value}\n" for n in range(20)))

    assert draft.draft.columns[1].typed.type == "timestamp"
    assert instant_of(value, "Asia/Shanghai") == datetime(2026, 9, 30, 0, 15, 0, 123456)


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
    ],
)
def test_days_that_no_type_reads_are_asked_about(tmp_path: Path, value: str, question: str) -> None:
    draft = drafted(tmp_path, "客户号,开户日期\n" + "".join(f"C{n},{value}\n" for n in range(20)))

    assert draft.draft.columns[1].typed.type == "string"
    assert question in asked(draft, "kai_hu_ri_qi")


@pytest.mark.parametrize(
    ("value", "question"),
    [
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


def test_amounts_in_parentheses_are_numbers(tmp_path: Path) -> None:
    rows = "".join(f'C{n},"({n},250.00)"\n' if n % 5 == 0 else f'C{n},"{n},250.00"\n' for n in range(1, 41))

    draft = drafted(tmp_path, "客户号,金额\n" + rows)

    assert draft.draft.columns[1].typed.type == "number"


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
