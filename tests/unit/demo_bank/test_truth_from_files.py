"""What everybody owns, worked out from the delivered files alone, is what the truth says: to the cent, on every date, after the last resend."""

from __future__ import annotations

import csv
import io
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from demo_bank.generate import generate
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import DEFAULT_SEED, SIZES

SIZE = replace(SIZES["nano"], people=260, first=date(2026, 9, 10))
Owned = dict[tuple[int, str], int]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("owned")
    generate(SIZE, folder, DEFAULT_SEED, dirt="full")
    return folder


def newest(bank: Path, system: str, day: date, name: str) -> bytes:
    """The file of the highest sequence that brings it."""
    found = b""
    for package in sorted((bank / f"landing/{system}/{day:%Y%m%d}").glob("*.tar.gz")):
        with tarfile.open(package) as archive:
            for member in archive.getmembers():
                if member.name.startswith(f"{name}_{day:%Y%m%d}"):
                    found = archive.extractfile(member).read()  # type: ignore[union-attr]
    return found


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("gb18030"))))


def cents(text: str) -> int:
    return int((Decimal(text) * 100).to_integral_value())


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


@pytest.fixture(scope="module")
def from_files(bank: Path) -> dict[date, Owned]:
    registry = Registry(make_world(SIZE))
    person_of = dict(
        zip(registry.records("CORE").keys.tolist(), registry.records("CORE").person.tolist(), strict=True)
    )
    kinds: dict[str, str] = {}
    holders: dict[str, list[int]] = {}
    trades: dict[str, dict[str, str]] = {}
    told: dict[date, Owned] = {}
    before = SIZE.first - timedelta(days=1)
    for day in days(before, SIZE.last):
        for line in newest(bank, "CORE", day, "ACCT").splitlines()[:-1]:
            numbers = [line[at : at + 16].decode().strip() for at in (23, 39, 55)]
            holders[line[1:23].decode().strip()] = [person_of[number] for number in numbers if number]
        for row in table(newest(bank, "WEALTH", day, "PRODUCT")):
            kinds[row["product_code"]] = {"WLTH": "wealth", "FUND": "fund", "INSU": "insurance"}[row["kind"]]
        owned: Owned = defaultdict(int)
        rates = {row["ccy"]: Decimal(row["mid"]) for row in table(newest(bank, "REF", day, "FX"))}
        for line in newest(bank, "CORE", day, "ACCT_BAL").splitlines()[:-1]:
            balance, currency = int(line[34:52]), line[31:34].decode()
            if currency != "156":
                balance = int((balance * rates[currency]).quantize(Decimal(1), ROUND_HALF_UP))
            people = holders[line[1:23].decode().strip()]
            for rank, person in enumerate(people):
                owned[(person, "deposit")] += balance // len(people) + (rank < balance % len(people))
        for row in table(newest(bank, "WEALTH", day, "HOLDING")):
            owned[(int(row["wm_no"][1:]) - 600_000_000, kinds[row["product_code"]])] += int(
                Decimal(row["mkt_value"]) * 1_000_000
            )
        trades |= (
            {row["trade_no"]: row for row in table(newest(bank, "WEALTH", day, "TRADE"))}
            if day > before
            else {}
        )
        told[day] = owned
    for row in trades.values():
        ordered, confirmed, settled = row["order_ts"][:10], row["confirm_dt"], row["settle_dt"]
        # Bought: paid when ordered, held when confirmed, or given back when cancelled. Sold: gone when confirmed, paid when settled.
        since, until = (ordered, confirmed or settled) if row["kind"] == "SUB" else (confirmed, settled)
        if since:
            end = date.fromisoformat(until) - timedelta(days=1) if until else SIZE.last
            for day in days(date.fromisoformat(since), end):
                told[day][(int(row["wm_no"][1:]) - 600_000_000, "in_transit")] += cents(row["amount"])
    return told


def test_aum_of_everybody_from_the_files_is_the_truth_to_the_cent(bank: Path, from_files: dict[date, Owned]):
    truth: dict[date, Owned] = defaultdict(dict)
    for row in pq.read_table(bank / "truth/truth_balance_daily.parquet").to_pylist():
        if row["is_in_aum"] and row["cents"]:
            truth[row["business_date"]][(row["person_no"], row["part"])] = row["cents"]
    assert len(truth) == len(SIZE.dates)
    for day in SIZE.dates:
        assert {key: value for key, value in from_files[day].items() if value} == truth[day], day


def test_there_are_dollars_joint_accounts_funds_and_money_in_transit(from_files: dict[date, Owned]):
    seen = {part for owned in from_files.values() for (_, part), value in owned.items() if value}
    assert {"deposit", "wealth", "fund", "in_transit"} <= seen


def test_what_is_owed_from_the_files_is_the_truth(bank: Path):
    registry = Registry(make_world(SIZE))
    person_of = dict(zip(registry.cust_no.tolist(), range(len(registry.cust_no)), strict=True))
    truth: dict[tuple[date, str], dict[int, int]] = defaultdict(dict)
    for row in pq.read_table(bank / "truth/truth_balance_daily.parquet").to_pylist():
        if not row["is_in_aum"] and row["cents"]:
            truth[(row["business_date"], row["part"])][row["person_no"]] = row["cents"]
    for day in SIZE.dates:
        loans: dict[int, int] = defaultdict(int)
        for line in newest(bank, "LOAN", day, "DUEBILL").decode("gb18030").splitlines():
            row = line.split("|@|")
            loans[person_of[row[2]]] += cents(row[6])
        assert loans == truth[(day, "loan")]
        cards = {
            int(line[21:37].strip()[1:]) - 800_000_000: int(line[55:71])
            for line in newest(bank, "CARD", day, "C_ACCT").splitlines()[:-1]
        }
        owed = truth[(day, "card")]
        # An account nobody knows yet comes a day late (D42).
        assert {person: value for person, value in cards.items() if value} == {
            person: owed[person] for person in owed if person in cards
        }
