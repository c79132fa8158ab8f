"""Small made-up files of suppliers, and what a draft finds in them. Nobody in them was ever born."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook

from spark_jobs.onboarding.masks import masked, shape
from spark_jobs.onboarding.names import feed_name, field_names, plain_word, template_of
from spark_jobs.onboarding.onboard import Drafted, onboard

TAIWAN_LETTERS = {c: 10 + i for i, c in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}


def only(path: Path, content: str | bytes, encoding: str = "utf-8") -> Drafted:
    """The draft of one file with this content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    drafts, refused = onboard([path])
    assert refused == []
    return drafts[0]


def taiwan_id(letter: str, number: int) -> str:
    """Letter, 1, seven digits and the check digit: the sum by weights 1 9 8 7 6 5 4 3 2 1 1 is a multiple of ten."""
    body = f"{letter}1{number:07d}"
    digits = f"{TAIWAN_LETTERS[letter]}{body[1:]}"
    total = sum(w * int(d) for w, d in zip((1, 9, 8, 7, 6, 5, 4, 3, 2, 1), digits, strict=True))
    return f"{body}{-total % 10}"


def taiwanese_customers() -> str:
    names = [
        "王大明",
        "陳怡君",
        "林志玲",
        "張家豪",
        "李美玲",
        "黃俊傑",
        "吳淑芬",
        "劉建宏",
        "蔡佩珊",
        "楊宗翰",
        "許雅婷",
        "鄭文雄",
    ]
    lines = ["客戶編號|身分證字號|姓名|出生日期|手機|地址|開戶日期|餘額"]
    lines += [
        f"TW{n:06d}|{taiwan_id('ABFH'[n % 4], n * 7919)}|{name}|{60 + n}/{n % 12 + 1:02d}/{n * 5 % 28 + 1:02d}|09{15000000 + n * 137}|"
        f"台北市信義區松仁路{n + 1}號{n % 9 + 1}樓|1{n % 10:02d}/0{n % 9 + 1}/15|{(n + 1) * 12345.5:,.2f}"
        for n, name in enumerate(names)
    ]
    return "\r\n".join([*lines, ""])


def test_a_taiwanese_file_is_big5_with_years_of_the_republic_and_taiwan_ids(tmp_path: Path) -> None:
    drafted = only(tmp_path / "客戶資料_20260930.txt", taiwanese_customers(), "big5")
    contract = yaml.safe_load(drafted.text)

    assert contract["delivery"] == {"file": "客戶資料_{date}.txt"}
    assert contract["layout"] == {"kind": "delimited", "encoding": "cp950", "separator": "|", "header": True}
    assert contract["key"] == ["ke_hu_bian_hao"]
    by_source = {field["from"]: field for field in contract["fields"].values()}
    assert by_source["出生日期"]["type"] == by_source["開戶日期"]["type"] == "date"
    assert by_source["餘額"]["type"] == "number"
    assert {by_source[n]["class"] for n in ("客戶編號", "身分證字號", "姓名", "手機", "地址")} == {"C2-id"}
    party = contract["maps"]["party"]
    assert party["address"] == "di_zhi"
    assert (party["id_kind_code"], party["name"], party["birth_date"]) == (
        {"const": "20"},
        "xing_ming",
        "chu_sheng_ri_qi",
    )
    assert "100% pass the check of Taiwan ids" in drafted.text
    # The numbering plan of Taiwan, not of the mainland: the draft says which rule to set.
    assert "region TW" in drafted.text
    assert (drafted.unreadable, drafted.held) == ({}, {})


GERMAN = """\
Kundenspiegel Nordhain
KDNR;NACHNAME;VORNAME;GEBOREN;TELEFON;SALDO;STATUS
00000001;Grünfink;Jörg;17.03.1956;0151 23450001;1.000,01;A
00000002;Weißdorn;Änne;28.02.1957;0151 23450002;-250,00;A
00000003;Süderau;Uwe;01.12.1958;0151 23450003;12,50;G
00000004;Öhmd;Zoë;31.01.1959;0151 23450004;1.234.567,89;A
ENDE;30.09.2026;4;1.235.330,40
"""


def test_a_german_file_has_a_title_decimal_commas_days_with_full_stops_and_a_last_line_that_sums_up(
    tmp_path: Path,
) -> None:
    drafted = only(tmp_path / "kunden_30092026.csv", GERMAN, "iso8859-1")
    contract = yaml.safe_load(drafted.text)

    assert contract["delivery"]["file"] == "kunden_{date:ddMMyyyy}.csv"
    assert contract["layout"] == {
        "kind": "delimited", "encoding": "iso8859-1", "separator": ";", "header": True, "skip_lines": 1, "decimal": ",",
        "record_type": {"trailer": "ENDE;"},
    }  # fmt: skip
    assert contract["fields"]["geboren"] | {"class": ""} == {
        "from": "GEBOREN", "type": "date", "format": "dd.MM.yyyy", "class": "",
    }  # fmt: skip
    assert contract["fields"]["kdnr"]["type"] == "string"
    assert contract["control"]["date_format"] == "dd.MM.yyyy"
    assert contract["control"]["sums"] == {"total_1": "saldo"}
    assert (drafted.unreadable, drafted.held) == ({}, {})
    # Two columns of names: which are parts of one is asked, not guessed.
    assert "name" not in contract.get("maps", {}).get("party", {})
    assert "several names (nachname, vorname)" in drafted.text.replace("\n#     ", " ")


ODD = """\
"A-1"|"said ""no"" | twice"|"2026-09-30 08:15:00"|10.50
"A-2"|"a line
and another"|"2026-09-30 09:00:00"|-3.25
"A-3"|""|"2026-09-30 10:00:00"|0.75
"A-4"|"plain"|"2026-09-30 11:30:00"|100.00
TRAILER|4|108.00
"""


def test_an_odd_file_has_pipes_quotes_with_breaks_inside_no_header_and_a_trailer(tmp_path: Path) -> None:
    drafted = only(tmp_path / "2026-09-30" / "notes.psv", ODD)
    contract = yaml.safe_load(drafted.text)

    assert contract["delivery"]["file"] == "{date}/notes.psv"
    assert contract["layout"] == {
        "kind": "delimited", "encoding": "utf-8", "separator": "|", "quote": True, "record_type": {"trailer": "TRAILER|"},
    }  # fmt: skip
    assert [f["type"] for f in contract["fields"].values()] == ["string", "string", "timestamp", "number"]
    assert contract["key"] == ["c01"]
    assert contract["control"]["sums"] == {"total_1": "c04"}
    assert drafted.draft.rows == 4
    assert (drafted.unreadable, drafted.held) == ({}, {})


@pytest.mark.parametrize(
    "separator", ["|+|", "|@|", "\x1d", ";", "\t", "|", ",", "^", "~", "\x01", "||", "#|#", "@|@"]
)
def test_a_separator_of_one_or_more_signs_is_found_also_beside_empty_columns(
    tmp_path: Path, separator: str
) -> None:
    rows = [
        separator.join((f"K{n:03d}", "", "王小明" if n % 2 else "李红", f"{n}.50", "")) for n in range(12)
    ]

    drafted = only(tmp_path / "file_20260930.dat", "\n".join([*rows, ""]), "gb18030")

    layout = drafted.draft.guess.layout
    assert (layout.separator, layout.encoding, drafted.draft.guess.width) == (separator, "gb18030", 5)
    assert drafted.unreadable == {}


def test_a_last_record_is_not_taken_for_a_trailer_although_its_number_counts_the_records(
    tmp_path: Path,
) -> None:
    rows = "".join(f"{n},Dave,{1900 + n}\n" for n in range(100))

    drafted = only(tmp_path / "a_20260930.csv", f"id,name,year\n{rows}")
    fixed = only(tmp_path / "b_20260930.dat", "".join(f"A{n:04d}xyz\n" for n in range(20)) + "B0021xyz\n")

    assert (drafted.draft.rows, drafted.draft.guess.layout.trailer_mark) == (100, None)
    assert (fixed.draft.rows, fixed.draft.guess.layout.trailer_mark) == (21, None)


def test_the_trailer_of_a_long_file_is_found_at_its_end(tmp_path: Path) -> None:
    rows = "".join(f"K{n:05d}|{n}.25\n" for n in range(5000))

    drafted = only(tmp_path / "a_20260930.txt", f"{rows}T|20260930|5000\n")

    assert drafted.draft.guess.layout.trailer_mark == "T|"
    assert (drafted.draft.rows, drafted.held) == (5000, {})


def test_a_gzip_file_is_opened_and_keeps_its_ending_in_the_name(tmp_path: Path) -> None:
    drafted = only(tmp_path / "list_2026-09-30.csv.gz", gzip.compress(b"code,what\nA,1\nB,2\nC,3\n", mtime=0))

    assert drafted.draft.feed.template.text == "list_{date}.csv.gz"
    assert (drafted.draft.name, drafted.draft.rows) == ("supplier__list", 3)


def test_lines_that_end_in_a_return_alone_are_told(tmp_path: Path) -> None:
    drafted = only(tmp_path / "x_20260930.csv", "a;b\r1;2\r3;4\r")

    assert yaml.safe_load(drafted.text)["layout"]["line_end"] == "cr"
    assert (drafted.draft.rows, drafted.unreadable, drafted.held) == (2, {}, {})


def test_a_workbook_has_its_header_below_a_title_and_days_without_midnight(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["客户清单"])
    sheet.append(["客户号", "开户日期", "余额"])
    for n in range(6):
        sheet.append([f"K{n:03d}", datetime(2026, 9, n + 1), n + 0.25])
    book.save(tmp_path / "list_20260930.xlsx")

    (drafted,) = onboard([tmp_path / "list_20260930.xlsx"])[0]

    contract = yaml.safe_load(drafted.text)
    assert contract["layout"] == {"kind": "excel", "header": True, "skip_lines": 1}
    assert [f["type"] for f in contract["fields"].values()] == ["string", "date", "number"]
    assert (drafted.draft.rows, drafted.unreadable, drafted.held) == (6, {}, {})


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "UTF-8"),
        ("a;b\n1;2\n".encode("utf-16-le") * 10, "UTF-8"),
        (b"", "a day on which there was something"),
        (b"a,b,c\n", "a header and no record"),
        (b'[{"a": 1}, {"a": 2}]', "one object a line"),
        (b"\x1f\x8b\x08\x00broken", "send it again"),
        (b"PAR1 and no more", "send it again"),
        (b"PK\x03\x04something", "a workbook that cannot be read"),
        (b"BZh91AY&SY", "gzip is opened"),
        (
            b"one line\nanother that is longer\nshort\nand a fourth one, yes\n",
            "ask the supplier for the layout",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_ask_the_supplier_for(
    tmp_path: Path, content: bytes, advice: str
) -> None:
    path = tmp_path / "x_20260930.csv"
    path.write_bytes(content)

    drafts, refused = onboard([path])

    assert drafts == []
    assert advice in refused[0]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("customers_20260930.csv", "customers_{date}.csv"),
        ("customers-2026-09-30.csv", "customers-{date}.csv"),
        ("karten_30092026.psv", "karten_{date:ddMMyyyy}.psv"),
        ("haus-260930.tgz", "haus-{date:yyMMdd}.tgz"),
        ("T24.30.09.2026.txt", "T24.{date:dd.MM.yyyy}.txt"),
        ("2026-09-30/activity.csv", "{date}/activity.csv"),
        ("AC1150930.txt", "AC{date:roc}.txt"),
        ("in/activity.csv", "{date}/activity.csv"),
        ("BAL_20260930_02.txt", "BAL_{date}_{seq}.txt"),
        ("ORDER_12345678_20260930.txt", "ORDER_12345678_{date}.txt"),
    ],
)
def test_the_business_date_is_found_in_a_files_name_or_in_that_of_its_folder(
    path: str, template: str
) -> None:
    assert template_of(Path(path)).text == template


def test_names_of_columns_become_plain_words_each_once_and_none_that_yaml_reads_otherwise() -> None:
    given = ["客户号", "Straße Nr.", "no", "CustNo", "custNo", "2nd name", "***", "full name"]

    assert field_names(given) == [
        "ke_hu_hao", "strasse_nr", "no_", "cust_no", "cust_no_2", "c2nd_name", "c07", "full_name",
    ]  # fmt: skip
    assert plain_word("Betrag (€)") == "betrag"
    assert feed_name("客戶資料_{date}.txt", "台灣 card") == "tai_wan_card__ke_hu_zi_liao"


def test_a_shape_tells_kinds_and_numbers_of_signs_and_no_sign_itself() -> None:
    assert shape("339800199001011234") == "9{18}"
    assert shape("张伟 Li-3") == "字字 Aa-9"
    assert masked("15400001234", "C2-id") == "99999****"
    assert masked("CNY", "C1") == "CNY"


def test_words_that_stand_for_nothing_are_listed_and_an_open_end_is_asked_about(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{n};{'1900-01-01' if n % 5 == 0 else f'19{60 + n}-03-0{n % 9 + 1}'};{'N/A' if n % 4 == 0 else f'text {n}'};9999-12-31;{'2026-01-01' if n % 2 else '9999-12-31'}"
        for n in range(20)
    )

    drafted = only(tmp_path / "p_20260930.csv", f"id;birth;remark;valid_to;seen\n{rows}\n")

    fields = yaml.safe_load(drafted.text)["fields"]
    # YAML reads the bare word null as nothing, also where it is a key; the loader of contracts knows.
    assert fields["birth"][None] == ["1900-01-01"]
    assert fields["remark"][None] == ["N/A"]
    assert fields["seen"][None] == ["9999-12-31"]
    assert None not in fields["valid_to"]


@pytest.mark.parametrize(
    ("days", "written"),
    [
        (("30/09/2026", "01/02/2026"), ("date", "dd/MM/yyyy")),
        (("09/30/2026", "01/02/2026"), ("date", "MM/dd/yyyy")),
        (("3/9/2026", "30/9/2026"), ("date", "d/M/yyyy")),
        (("03/09/2026", "01/02/2026"), ("string", None)),  # Nobody can tell.
        (("115/09/30", "75/01/02"), ("date", "roc")),
        (("1150930", "0750102", "1011231"), ("date", "roc")),
        (("30.09.2026", "01.02.2026"), ("date", "dd.MM.yyyy")),
        (("20260930", "20260201"), ("date8", None)),
        (("30092026", "01022026"), ("date", "ddMMyyyy")),
        (("2026年09月30日", "2026年01月02日"), ("date", "yyyy年MM月dd日")),
    ],
)
def test_days_are_read_in_the_order_that_the_values_prove(
    tmp_path: Path, days: tuple[str, ...], written: tuple[str, str | None]
) -> None:
    rows = "\n".join(f"K{n}|{day}|x" for n, day in enumerate(days * 4))

    drafted = only(tmp_path / "d_20260930.txt", f"key|when|what\n{rows}\n")

    field = yaml.safe_load(drafted.text)["fields"]["when"]
    assert (field["type"], field.get("format")) == written


def test_cents_without_a_point_are_a_question_and_no_answer(tmp_path: Path) -> None:
    rows = "\n".join(f"ACC{n:05d}+{n * 123456:015d}" for n in range(1, 30))

    drafted = only(tmp_path / "bal_20260930.dat", rows + "\n")

    assert yaml.safe_load(drafted.text)["fields"]["b009"]["type"] == "number"
    assert "implied2 is cents" in drafted.text


def test_words_that_a_code_list_knows_are_looked_up_and_the_others_listed(tmp_path: Path) -> None:
    sex = ["男", "女", "M", "W"]
    rows = "\n".join(
        f"C{n:04d},王{'伟芳娜敏静丽强磊'[n % 8]}{'明华军'[n % 3]},{sex[n % 4]}" for n in range(40)
    )

    drafted = only(tmp_path / "c_20260930.csv", f"cust_no,姓名,性别\n{rows}\n")

    assert yaml.safe_load(drafted.text)["maps"]["party"]["sex_code"] == {"lookup": ["xing_bie", "codes.sex"]}
    assert "codes.sex knows 75%; not: W (10)" in drafted.text


def test_a_column_that_looks_like_a_secret_is_asked_to_be_left_out(tmp_path: Path) -> None:
    rows = "\n".join(f"U{n},{n * 7919:08d}" for n in range(10))

    drafted = only(tmp_path / "u_20260930.csv", f"user,password\n{rows}\n")

    assert "`password` looks like a secret (C3)" in drafted.text


def test_a_second_sample_tells_whether_files_hold_everything(tmp_path: Path) -> None:
    for day, first in (("20260929", 0), ("20260930", 1)):
        rows = "".join(f"A{n:03d},{n}.50\n" for n in range(first, 40))
        (tmp_path / f"b_{day}.csv").write_text(f"acct_no,balance\n{rows}", encoding="utf-8")

    (drafted,) = onboard(sorted(tmp_path.glob("*.csv")))[0]

    assert yaml.safe_load(drafted.text)["delivery"]["mode"] == "full"
    assert drafted.draft.rows == 79


def test_a_counting_file_beside_the_data_becomes_the_control(tmp_path: Path) -> None:
    (tmp_path / "k_20260930.csv").write_text("id,amount\n1,2.50\n2,3.50\n3,4.00\n", encoding="utf-8")
    (tmp_path / "k_20260930.ctl").write_text("ROWS=3 DATE=20260930 SUM=10.00\n", encoding="utf-8")

    (drafted,) = onboard([tmp_path / "k_20260930.csv"])[0]

    control = yaml.safe_load(drafted.text)["control"]
    assert (control["in"], control["file"], control["sums"]) == ("file", "{stem}.ctl", {"total_1": "amount"})
    assert drafted.held == {}


def test_objects_without_members_are_refused_with_what_is_missing(tmp_path):
    (tmp_path / "events_20260930.jsonl").write_bytes(b"{}\n{}\n")

    drafts, refused = onboard([tmp_path / "events_20260930.jsonl"])

    assert not drafts and "its objects have no members" in refused[0]
