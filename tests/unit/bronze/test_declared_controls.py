"""A bank declares its own way of saying what a file holds; a file that is not what it says is held, with the reason."""

from __future__ import annotations

import io
import tarfile
from datetime import date, datetime
from pathlib import Path

import pytest

from spark_jobs import settings as settings_module
from spark_jobs.bronze import ledger
from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.discovery import arrived, unasked
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.settings import SHIPPED_CONF, Settings

LATER = datetime(2099, 1, 1)
DAY = date(2026, 10, 1)
BALANCES = r"""
feed: haus__konten
delivery: {file: "konten.{date:ddMMyyyy}.txt", mode: full}
layout: {kind: delimited, encoding: iso8859-1, separator: ";", decimal: ",", skip_lines: 1, header: true, record_type: {trailer: ENDE}}
control:
  in: trailer
  pattern: 'ENDE;(?P<date>\d\d\.\d\d\.\d{4});(?P<rows>\d+);(?P<euro>[-\d.,]+)'
  date_format: dd.MM.yyyy
  sums: {euro: {of: saldo, where: {waehrung: [EUR]}}}
key: [konto]
fields:
  konto: {type: string, class: C2-id}
  waehrung: {type: string, class: C1}
  saldo: {type: number, class: C2-fin}
"""
ROWS = "Kontostände\nkonto;waehrung;saldo\nA;EUR;1.234,56\nB;EUR;34,56-\nC;CHF;9,00\n"
GOOD = ROWS + "ENDE;01.10.2026;3;1.200,00\n"


def feed(folder: Path, text: str = BALANCES) -> SourceContract:
    (folder / "contracts" / "sources").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "rules" / "feeds.yml").write_text('in_use: ["haus__*"]\n')
    (folder / "contracts" / "sources" / "haus__konten.yml").write_text(text, encoding="utf-8")
    return load_sources((SHIPPED_CONF, folder))["haus__konten"]


def reason(folder: Path, content: str) -> str | None:
    return verify(content.encode("iso8859-1"), feed(folder), DAY, None, None).reason


def test_sums_with_decimal_commas_and_a_sign_behind_are_compared_to_the_cent(tmp_path: Path) -> None:
    verified = verify(GOOD.encode("iso8859-1"), feed(tmp_path), DAY, None, None)

    assert verified.reason is None
    assert (verified.rows_declared, verified.rows_found) == (3, 3)
    assert [(c.code, str(c.actual)) for c in verified.checks if c.code == "control_total_euro"] == [
        ("control_total_euro", "1200.00")
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("1.200,00", "1.200,01"), "control_total_euro"),
        ((";3;", ";4;"), "row_count_control"),
        (("01.10.2026", "30.09.2026"), "date_mismatch_control"),
        (("ENDE;01.10.2026;3;1.200,00\n", ""), "truncated"),
        (("konto;waehrung", "waehrung;konto"), "schema_swapped"),
    ],
)
def test_what_does_not_hold_names_itself(tmp_path: Path, wrong: tuple[str, str], code: str) -> None:
    assert reason(tmp_path, GOOD.replace(*wrong)) == code


def test_a_record_that_cannot_be_read_makes_the_sum_wrong_and_holds_the_file(tmp_path: Path) -> None:
    assert reason(tmp_path, GOOD.replace("A;EUR;1.234,56", "A;EUR;1.234,56;?")) == "control_total_euro"


ENTRIES = r"""
feed: haus__konten
delivery: {file: "konten.{date:ddMMyyyy}.txt", mode: new_rows}
layout: {kind: fixed, encoding: iso8859-1, record_bytes: 18, record_type: {trailer: "*"}}
control:
  - in: trailer
    pattern: '\*(?P<date>\d{8}) (?P<rows>\d{4}) *(?P<lasten>-?\d+) *(?P<rest>-?\d+)'
    sums:
      lasten: {of: betrag, only: negative, without_sign: true}
      rest: {of: betrag, where: {waehrung: {not: [EUR]}}}
  - in: file
    file: "{stem}.ctl"
    pattern: 'ROWS=(?P<rows>\d+) EUR=(?P<euro>[-\d]+)'
    sums: {euro: {of: betrag, where: {waehrung: [EUR], art: [U, V]}}}
key: [konto]
fields:
  konto:    {at: [1, 6], type: string, class: C2-id}
  art:      {at: [7, 7], type: string, class: C1}
  waehrung: {at: [8, 10], type: string, class: C1}
  betrag:   {at: [11, 18], type: implied2, class: C2-fin}
"""
# 12.00 and 3.00 of euro entries, 5.00 taken away, a euro balance (art S) that no sum holds, and 7.00 in another currency.
BOOKED = (
    b"000001UEUR+0001200\n000002VEUR    -500\n000003VEUR+0000300\n000004SEUR+0009900\n000005UCHF+0000700\n"
)
LAST = b"*20261001 0005 500 700\n"


@pytest.mark.parametrize(
    ("last", "beside", "held"),
    [
        (LAST, b"ROWS=5 EUR=1000", None),
        (LAST.replace(b"500", b"-500"), b"ROWS=5 EUR=1000", "control_total_lasten"),
        (LAST.replace(b"700", b"800"), b"ROWS=5 EUR=1000", "control_total_rest"),
        (LAST, b"ROWS=5 EUR=10900", "control_total_euro"),
        (LAST, b"ROWS=6 EUR=1000", "row_count_control_2"),
        (LAST.replace(b"0005", b"0006"), b"ROWS=5 EUR=1000", "row_count_control"),
        (LAST, b"none", "control_file"),
        (b"", b"ROWS=5 EUR=1000", "truncated"),
    ],
)  # fmt: skip
def test_a_bank_declares_a_trailer_and_a_file_beside_it_and_both_are_compared(
    tmp_path: Path, last: bytes, beside: bytes, held: str | None
) -> None:
    source = feed(tmp_path, ENTRIES)

    assert verify(BOOKED + last, source, DAY, None, beside).reason == held


def landed(folder: Path, conf: Path, *names: str) -> tuple[Settings, dict[str, SourceContract]]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(GOOD.encode("iso8859-1") if name.endswith("txt") else b"3\n")
    settings = settings_module.load(overlay=conf, landing=folder)
    return settings, dict(load_sources(settings.conf_dirs))


def test_the_date_of_a_plain_file_is_read_as_its_name_writes_it(tmp_path: Path) -> None:
    feed(tmp_path / "conf")
    settings, sources = landed(
        tmp_path / "in", tmp_path / "conf", "konten.01102026.txt", "konten.31022026.txt"
    )

    (found,) = arrived(settings, LATER, sources)

    assert (found.system, found.business_date) == ("haus__konten", DAY)
    assert [u.file_name for u in unasked(settings, LATER, sources)] == ["konten.31022026.txt"]


def test_a_date_may_stand_in_the_folder(tmp_path: Path) -> None:
    feed(tmp_path / "conf", BALANCES.replace("konten.{date:ddMMyyyy}.txt", "{date}/*/konten.txt"))
    settings, sources = landed(
        tmp_path / "in", tmp_path / "conf", "2026-10-01/a/konten.txt", "2026-10-01/konten.txt"
    )

    assert [p.business_date for p in arrived(settings, LATER, sources)] == [DAY]


def test_a_plain_file_waits_for_its_control_file_and_is_looked_at_again(tmp_path: Path) -> None:
    counted = BALANCES.replace("in: trailer", 'in: file\n  file: "{stem}.ctl"').replace("ENDE;", "E;")
    counted = (
        counted[: counted.index("  pattern")]
        + "  pattern: '(?P<rows>\\d+)'\n"
        + counted[counted.index("key:") :]
    )
    feed(tmp_path / "conf", counted)
    settings, sources = landed(tmp_path / "in", tmp_path / "conf", "konten.01102026.txt")
    (package,) = arrived(settings, LATER, sources)

    alone = ledger.examine(package, sources, tmp_path / "work", LATER).files[0].state
    landed(tmp_path / "in", tmp_path / "conf", "konten.01102026.ctl")
    (package,) = arrived(settings, LATER, sources)
    together = ledger.examine(package, sources, tmp_path / "work", LATER).files[0].state

    assert (alone.state_code, alone.reason_code) == ("held", "ok_missing")
    assert (together.state_code, together.rows_declared) == ("verified", 3)
    assert unasked(settings, LATER, sources) == []


def test_a_package_has_the_name_its_bank_gives_it_and_needs_no_ok_file_where_none_is_sent(
    tmp_path: Path,
) -> None:
    packaged = BALANCES.replace(
        'file: "konten.{date:ddMMyyyy}.txt"',
        'system: HAUS, package: "haus-{date:yyMMdd}.tgz", member: "konten.txt", ok: false',
    )
    feed(tmp_path / "conf", packaged)
    (tmp_path / "in").mkdir()
    with tarfile.open(tmp_path / "in" / "haus-261001.tgz", "w:gz") as archive:
        content = GOOD.encode("iso8859-1")
        member = tarfile.TarInfo("konten.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    settings, sources = landed(tmp_path / "in", tmp_path / "conf")
    (package,) = arrived(settings, LATER, sources)

    (examined,) = ledger.examine(package, sources, tmp_path / "work", LATER).files

    assert (package.business_date, examined.state.state_code, examined.state.rows_found) == (
        DAY,
        "verified",
        3,
    )
