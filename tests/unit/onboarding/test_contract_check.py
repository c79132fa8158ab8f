"""`oxpecker contract check`: what a contract makes of its files, without a JVM; people in them were never born."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from spark_jobs import settings as settings_module
from spark_jobs.cli import app
from spark_jobs.contracts.sources import SourceField, load_sources
from spark_jobs.onboarding.check import fitted, lay_out
from spark_jobs.onboarding.commands import check
from spark_jobs.onboarding.evaluate import Evaluator, day_of, instant_of
from spark_jobs.onboarding.masks import masked
from spark_jobs.settings import SHIPPED_CONF
from tests.foreign_bank import files as nordhain

NORDHAIN = Path(nordhain.__file__).with_name("conf")
CONTRACT = """\
feed: probe__people
delivery: {file: "people_{date}.csv", mode: full}
layout: {kind: delimited, separator: ";", header: true}
key: [nr]
fields:
  nr:    {type: string, class: C2-id}
  name:  {type: string, class: C2-id}
  sex:   {type: string, class: C1}
  born:  {type: date, format: dd.MM.yyyy, class: C2-fin}
  phone: {type: string, class: C2-id}
maps:
  party: {party_no_source: nr, name: name, sex_code: {lookup: [sex, codes.sex]}, birth_date: born, status_code: {const: active}}
  party_contact: {where: {sex: [M]}, party_no_source: nr, contact_kind_code: {const: mobile}, contact_value: phone}
"""
ROWS = "nr;name;sex;born;phone\n" + "".join(
    f"K{n:03d};李小{n};{'MFX'[n % 3]};{'31.02.1980' if n == 4 else f'0{n}.03.1980'};1540000{n:04d}\n"
    for n in range(1, 7)
)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A bank with one feed of six people."""
    folder = tmp_path / "bank"
    (folder / "contracts" / "sources").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "contracts" / "sources" / "probe__people.yml").write_text(CONTRACT, encoding="utf-8")
    (folder / "rules" / "feeds.yml").write_text('in_use: ["probe__*"]\n', encoding="utf-8")
    return folder


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "people_20260930.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def said(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["contract", "check", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def lines_about(text: str, table: str) -> dict[str, list[str]]:
    """Column → its cells, of the table of first rows of one entity."""
    part = text[text.index(f"\n{table} from ") :].split("└")[0]
    rows = [
        [cell.strip() for cell in line.strip("│ \n").split("│")]
        for line in part.splitlines()
        if line.startswith("│")
    ]
    return {row[0]: row[1:] for row in rows}


def test_first_rows_of_every_entity_are_shown_masked_by_class(bank: Path, sample: Path) -> None:
    code, text = said("--conf", bank, sample)

    party = lines_about(text, "silver.party_hist")
    assert code == 0
    assert party["status_code"] == ["active", "active", "active"]
    assert party["party_no_source"][:3] == ["A9*", "A9*", "A9*"]
    assert "李小" not in text
    assert "1540000" not in text


def test_what_gets_lost_on_the_way_is_counted(bank: Path, sample: Path) -> None:
    _, text = said("--conf", bank, sample)

    party = lines_about(text, "silver.party_hist")
    # 31 February is no day; M, F and X are words of the list `sex`, and a sex is shown to nobody.
    assert party["birth_date"][-1] == "1 given but not readable as its type"
    assert party["sex_code"] == ["*", "*", "*"]
    assert "2 rows of people_20260930.csv" in text.split("silver.party_contact")[1]


def test_values_are_shown_when_somebody_asks_for_them(bank: Path, sample: Path) -> None:
    _, text = said("--conf", bank, "--show-values", "--rows", 1, sample)

    party = lines_about(text, "silver.party_hist")
    assert (party["name"][0], party["birth_date"][0]) == ("李小1", "1980-03-01")


@pytest.mark.requirement("R-ING-23")
def test_words_that_no_list_knows_are_shown_where_their_field_names_nobody(bank: Path, sample: Path) -> None:
    sample.write_text(ROWS.replace(";X;", ";W;"), encoding="utf-8")

    _, text = said("--conf", bank, sample)

    assert lines_about(text, "silver.party_hist")["sex_code"][-1] == "2 not in the code list: W (2)"


def test_lines_that_are_no_records_are_told_apart_from_those_that_cannot_be_read(
    bank: Path, sample: Path
) -> None:
    contract = bank / "contracts" / "sources" / "probe__people.yml"
    contract.write_text(CONTRACT + 'set_aside: {nr: ["合计", "制表*"]}\n', encoding="utf-8")
    header = ROWS.partition("\n")[0]
    sample.write_text(f"{ROWS}合计;;;;\n{header}\nK007;x\n制表人：王;;;;\n", encoding="utf-8")

    out = Console(file=io.StringIO(), width=250)

    code = check(settings_module.load(overlay=bank), [sample], None, 0, False, out)

    text = out.file.getvalue()
    (row,) = [line for line in text.splitlines() if "people_20260930.csv" in line]
    assert (code, "set aside" in text) == (0, True)
    assert [cell.strip() for cell in row.split("│")][4:8] == [
        "verified", "7", "1 column_count", "1 header_again (line 9); 2 no_record (lines 8, 11)",
    ]  # fmt: skip


def test_a_held_file_and_one_that_nobody_asks_for_are_told_with_exit_code_one(
    bank: Path, tmp_path: Path
) -> None:
    landing = tmp_path / "in"
    landing.mkdir()
    (landing / "people_20260930.csv").write_text("nr;name;sex;phone\nK1;x;M;1\n", encoding="utf-8")
    (landing / "peopel_20260930.csv").write_text(ROWS, encoding="utf-8")

    code, text = said("--conf", bank, "--landing", landing)

    assert code == 1
    assert "held: schema_missing" in text
    assert "no contract asks for peopel_20260930.csv" in text


def test_files_are_laid_where_their_contract_looks_for_them(tmp_path: Path) -> None:
    sources = load_sources((SHIPPED_CONF, NORDHAIN))
    inbox, landing = tmp_path / "inbox", tmp_path / "landing"
    for name in (
        "karte/karten_01102026.psv",
        "karte/karten_01102026.cnt",
        "kurse.csv",
        "haus-261001.tgz",
        "other.csv",
    ):
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_text("x")
    given = [p for p in inbox.rglob("*") if p.is_file() and p.suffix != ".cnt"]

    unasked = lay_out(given, sources, landing, date(2026, 10, 1))

    found = sorted(str(p.relative_to(landing)) for p in landing.rglob("*") if p.is_file())
    assert found == [
        "20261001/kurse.csv",
        "haus-261001.tgz",
        "karte/karten_01102026.cnt",
        "karte/karten_01102026.psv",
    ]
    assert unasked == ["other.csv"]


def test_two_columns_that_changed_places_are_told_with_the_tables_they_would_touch(
    bank: Path, tmp_path: Path
) -> None:
    landing = tmp_path / "in"
    landing.mkdir()
    people = [
        (f"K{n:03d}", f"李小{n}", "MF"[n % 2], f"{n % 28 + 1:02d}.03.1980", f"154{n * 104729:08d}")
        for n in range(1, 61)
    ]
    for day, order in (("20260929", (0, 1, 2, 3, 4)), ("20260930", (4, 1, 2, 3, 0))):
        rows = [";".join(person[k] for k in order) for person in people]
        (landing / f"people_{day}.csv").write_text(
            "nr;name;sex;born;phone\n" + "\n".join(rows) + "\n", encoding="utf-8"
        )

    _, text = said("--conf", bank, "--landing", landing, "--rows", 0)

    assert "probe__people: columns of 2026-09-30 against 2026-09-29" in text
    assert "swapped  nr ↔ phone: text and number; each looks like what the other was" in text
    assert "touches  silver.party_contact, silver.party_hist; identity." in text
    assert "mart.dim_customer" in text


def test_a_whole_foreign_bank_is_looked_at_in_one_go(tmp_path: Path) -> None:
    nordhain.deliver(tmp_path)

    code, text = said("--conf", NORDHAIN, "--landing", tmp_path)

    # On 2 October the card centre counts one row too many: held, and the check says so.
    assert code == 1
    assert "held: row_count_control" in text
    accounts = lines_about(text, "silver.deposit_daily")
    assert accounts["balance_ccy"][:3] == ["EUR", "EUR", "EUR"]
    rates = lines_about(text, "silver.fx_rate_daily")
    # One euro buys 1.10 dollars: a dollar is worth 0.90909091 euro.
    assert "0.90909091" in rates["mid_rate"]


@pytest.mark.parametrize(
    ("value", "kind", "held"),
    [
        (Decimal("10.005"), "decimal(18,2)", Decimal("10.01")),
        (Decimal("1e17"), "decimal(18,2)", None),
        (datetime(2026, 9, 30, 16), "date", date(2026, 9, 30)),
        ("no day", "date", None),
        ("7", "int", 7),
        (None, "decimal(18,2)", None),
    ],
)
def test_a_value_is_shown_as_its_column_will_hold_it(value: object, kind: str, held: object) -> None:
    assert fitted(value, kind) == held


def test_days_and_instants_are_read_as_the_contract_says() -> None:
    assert day_of("115/09/30") == date(2026, 9, 30)
    assert day_of("01.01.70", "dd.MM.yy") == date(2070, 1, 1)
    # Berlin is two hours ahead of UTC in summer; an explicit offset goes before the zone.
    assert instant_of("30.09.2026 08:15", "Europe/Berlin", "dd.MM.yyyy HH:mm") == datetime(2026, 9, 30, 6, 15)
    assert instant_of("2026-09-30T00:30:00+08:00", "Europe/Berlin") == datetime(2026, 9, 29, 16, 30)
    assert instant_of("2026-09-30 08:15:00", "Europe/Berlin", "utc") == datetime(2026, 9, 30, 8, 15)


def test_a_token_is_shown_as_what_it_is_and_never_as_the_number_it_stands_for(
    bank: Path, sample: Path
) -> None:
    contract = bank / "contracts" / "sources" / "probe__people.yml"
    contract.write_text(
        CONTRACT.replace(
            "party: {party_no_source: nr,", "party: {party_id: {token: [party, nr]}, party_no_source: nr,"
        ),
        encoding="utf-8",
    )

    _, text = said("--conf", bank, "--show-values", sample)

    assert lines_about(text, "silver.party_hist")["party_id"][0] == "<id of party>"


def test_a_mask_keeps_less_than_half_of_a_value() -> None:
    for text in ("李", "李红", "15400001234", "339800199001011234", "wang@example.com"):
        kept = masked(text, "C2-id").rstrip("*")
        assert len(kept) <= max(1, len(text) // 2)
        assert not any(c in kept for c in text if c.isalnum() and c not in "9aA字")


def test_a_sign_in_the_last_digit_is_read_as_a_run_reads_it(bank: Path, sample: Path) -> None:
    contract = bank / "contracts" / "sources" / "probe__people.yml"
    contract.write_text(
        CONTRACT.replace("phone: {type: string,", "phone: {type: implied2, sign: overpunch,").replace(
            "contact_value: phone", "contact_value: {concat: [phone]}"
        ),
        encoding="utf-8",
    )
    sample.write_text(ROWS.replace("15400000003", "1540000000L"), encoding="utf-8")

    _, text = said("--conf", bank, "--show-values", "--rows", 3, sample)

    assert "-154000000.03" in text


def test_an_evaluator_reads_a_code_list_once_and_says_what_it_does_not_know() -> None:
    asked: list[str] = []

    def codes(name: str) -> dict[str, dict[str, str]]:
        asked.append(name)
        return {"M": {"aliases": "1;probe:K"}, "F": {"aliases": "2"}}

    (source,) = (s for s in load_sources((SHIPPED_CONF,)).values() if s.feed == "core__cif")
    evaluator = Evaluator(source, codes, "Asia/Shanghai")

    assert [evaluator._looked_up(word, "sex") for word in ("1", "F", "K", None)] == [
        "M",
        "F",
        "_unmapped",
        None,
    ]
    assert asked == ["sex"]
    assert isinstance(source.fields[0], SourceField)
