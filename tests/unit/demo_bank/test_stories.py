"""What happens to the fixed people, in the files of CORE and ECIF and in the truth."""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from demo_bank import cast
from demo_bank.behaviour.conduct import Conduct
from demo_bank.behaviour.people import people_of
from demo_bank.books import Books, Entries, advance, main_account, open_books
from demo_bank.dirt.plan import plan_of
from demo_bank.generate import generate
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import DEFAULT_SEED, SIZES
from demo_bank.systems import core
from demo_bank.systems.core_customers import Customers
from demo_bank.systems.ecif import Ecif, office_phone

SIZE = replace(SIZES["nano"], first=date(2026, 9, 8))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stories")
    generate(SIZE, folder, DEFAULT_SEED, dirt="full")
    return folder


@pytest.fixture(scope="module")
def lived() -> tuple[Books, dict[date, tuple[Entries, np.ndarray]]]:  # type: ignore[type-arg]
    books = open_books(make_world(SIZE))
    return books, {day: (advance(books), books.balance.copy()) for day in SIZE.dates}


def of(books: Books, number: int) -> int:
    return int(main_account(books.accounts, cast.person(number))[0])


def test_forty_five_percent_of_six_hundred_thousand_leave_on_the_29th(lived):
    books, days = lived
    account = of(books, 16)
    assert days[date(2026, 9, 28)][1][account] == 60_000_000
    assert days[date(2026, 9, 29)][1][account] == 33_000_000


def test_a_transfer_taken_back_the_next_day_leaves_nothing(lived):
    books, days = lived
    account = of(books, 26)
    made, after = days[date(2026, 9, 23)]
    (row,) = np.flatnonzero(made.account == account)
    assert (made.flag[row], made.origin[row] != "") == ("D", True)
    assert after[account] == days[date(2026, 9, 21)][1][account]
    sent = days[date(2026, 9, 22)]
    assert sent[1][account] == after[account] - cast.REVERSED_CENTS
    place = int(np.flatnonzero(sent[0].account == account)[0])
    assert made.origin[row] == f"0922{place + 1:012d}"


def test_a_home_is_paid_with_a_loan_disbursed_twelve_days_before(lived):
    books, days = lived
    account = of(books, 15)
    kinds = {day: made.code[made.account == account].tolist() for day, (made, _) in days.items()}
    assert kinds[date(2026, 9, 12)] == ["6001"]
    assert kinds[date(2026, 9, 24)] == ["2003"]


def test_no_salary_after_july_for_member_17(lived):
    books, days = lived
    made, _ = days[date(2026, 9, 15)]
    paid = set(books.accounts.holder[made.account[made.code == "3001"]].tolist())
    assert cast.person(17) not in paid
    assert cast.person(2) in paid


def test_one_hundred_yuan_of_three_are_thirty_three_each_and_one_cent(lived):
    books, _ = lived
    (joint,) = np.flatnonzero(books.accounts.third_holder == cast.CO_HOLDER_3)
    shares = [int(share[joint]) for share, _, _ in books.accounts.shares(books.balance)]
    assert shares == [3334, 3333, 3333]


def test_balances_are_yesterdays_plus_the_entries(lived):
    _, days = lived
    before = open_books(make_world(SIZE)).balance
    for made, after in days.values():
        moved = np.zeros_like(before)
        np.add.at(moved, made.account, made.signed())
        assert (after == before + moved).all()
        before = after


def test_control_totals_are_the_sums_of_the_records():
    registry = Registry(make_world(SIZE))
    books = open_books(registry.world)
    day = SIZE.first
    files = {f.name: f for f in core.daily_package(books, Customers.open(registry), advance(books), day)}
    data = files[f"TXN_{day:%Y%m%d}.dat"].content.splitlines()
    sums: dict[bytes, int] = defaultdict(int)
    for line in data[:-1]:
        sums[line[57:58]] += int(line[61:78])
    assert files[f"TXN_{day:%Y%m%d}.ctl"].content.decode() == (
        f"T|{day:%Y%m%d}|{len(data) - 1}|DR=+{sums[b'D']:020d}|CR=+{sums[b'C']:020d}\n"
    )


def rows(folder: Path, system: str, day: str, name: str, sequence: str = "01") -> list[list[str]]:
    package = folder / f"landing/{system}/{day}/{system}_{sequence}_{day}.tar.gz"
    with tarfile.open(package) as archive:
        content = archive.extractfile(f"{name}_{day}.txt").read()  # type: ignore[union-attr]
    return [line.split("|+|") for line in content.decode("gb18030").splitlines()]


def test_a_marriage_changes_name_and_passport_and_leaves_the_id(told: Path):
    party = {row[0]: row for row in rows(told, "ECIF", "20260922", "PARTY")}
    assert party["E700000005"][2:4] == ["何婉清", "HE WANQING"]
    certs = [row for row in rows(told, "ECIF", "20260922", "PARTY_CERT") if row[0] == "E700000005"]
    assert [(row[1], row[2]) for row in certs] == [("04", "E10000005"), ("04", "EA2000005")]


def test_ecif_takes_two_siblings_for_one_and_the_clean_twin_does_not(told: Path):
    certs = [row[:3] for row in rows(told, "ECIF", "20260922", "PARTY_CERT") if row[9] == "0"]
    registry = Registry(make_world(SIZE))
    assert ["E700000003", "01", str(registry.world.certs[4])] in certs
    clean = Ecif.open(registry, plan_of(registry, "none").troubles)
    clean.advance(date(2026, 9, 22))
    assert f"E700000003|+|01|+|{registry.world.certs[4]}" not in clean.package(date(2026, 9, 22))[
        1
    ].content.decode("gb18030")


def test_the_name_of_member_11_swallows_a_separator(told: Path):
    opened = rows(told, "ECIF", "20260907", "PARTY", "00")
    assert len(opened[10]) == 13
    decided = [json.loads(line) for line in (told / "steward/decisions.jsonl").read_text().splitlines()]
    repair = next(each for each in decided if each["decision_code"] == "repair")
    assert (repair["subject_id"].rsplit(":", 1)[1], repair["repaired_value"]) == ("11", "林瑋")


def test_the_dead_are_closed_in_core_and_a_childs_book_is_the_fathers(told: Path):
    registry = Registry(make_world(SIZE))
    known = Customers.open(registry)
    for day in SIZE.dates[:9]:
        known.changed(day)
    assert known.states[cast.person(24)] == "9"
    records = registry.records("CORE")
    assert (records.cert_kinds[7], records.certs[7]) == ("03", registry.world.certs[6])


def test_truth_tells_households_and_joint_holders(told: Path):
    found = pq.read_table(told / "truth/truth_relation.parquet").to_pylist()
    pairs = {(row["kind"], row["from"], row["to"]) for row in found}
    assert {
        ("sibling", 1, 2),
        ("sibling", 3, 4),
        ("parent", 6, 7),
        ("joint_holder", 26, cast.CO_HOLDER_2),
    } <= pairs
    people = pq.read_table(told / "truth/truth_person.parquet").to_pylist()
    assert people[1]["household_no"] == people[2]["household_no"] == 1
    assert people[23]["death_date"] == date(2026, 9, 15)
    assert [len(people[0]["satisfaction"]), len(people[0]["hazard"])] == [23, 4]
    assert (
        sum(row["is_canary"] for row in people)
        == pq.read_table(told / "truth/truth_canary.parquet").num_rows
        == 5
    )


def test_every_record_has_one_person_in_the_truth(told: Path):
    links = pq.read_table(told / "truth/truth_link.parquet").to_pylist()
    keys = [(row["source_code"], row["source_key"]) for row in links]
    assert len(set(keys)) == len(keys)
    assert {source for source, _ in keys} >= {"core", "ecif", "mbank", "crm", "call", "cmpl", "survey"}
    assert "loan" not in {source for source, _ in keys} or (told / "landing/LOAN").exists()


def test_leavers_take_their_money_along_and_the_fixed_people_stay():
    size = replace(SIZES["nano"], people=400, first=date(2026, 8, 1))
    registry = Registry(make_world(size))
    conduct, books = Conduct.open(people_of(registry)), open_books(registry.world)
    begins = books.balance.copy()
    for day in size.dates:
        conduct.advance(day)
        advance(books, conduct.leaving)
    gone = np.flatnonzero(conduct.leaving.gone < np.datetime64(size.last))
    assert len(gone) > 0
    assert gone.min() >= cast.FIXED
    left = np.isin(books.accounts.holder, gone)
    assert books.balance[left].sum() < 0.1 * begins[left].sum()


def test_newcomers_come_with_their_first_deposit_and_are_unknown_before():
    size = replace(SIZES["nano"], people=1_000)
    registry = Registry(make_world(size))
    books, known, ecif = open_books(registry.world), Customers.open(registry), Ecif.open(registry)
    newcomers = np.flatnonzero(registry.world.is_newcomer)
    assert len(newcomers) == 4
    before = date(2026, 9, 20)
    number = str(registry.cust_no[newcomers[0]]).encode()
    came = registry.world.opened[newcomers[0]].astype("datetime64[D]").astype(date)
    opening = {f.name.rsplit("_", 1)[0]: f.content for f in core.opening_package(registry, books, known)[1]}
    assert all(number not in content for content in opening.values())
    assert (
        str(registry.ecif_no[newcomers[0]]).encode() not in ecif.package(before, everything=True)[0].content
    )
    for day in size.dates:
        made = advance(books)
        files = {f.name.rsplit("_", 1)[0]: f.content for f in core.daily_package(books, known, made, day)}
        assert (number in files["CIF"]) == (number in files["ACCT"]) == (day == came)
        ecif.advance(day)
        assert (str(registry.ecif_no[newcomers[0]]).encode() in ecif.package(day)[0].content) == (day == came)
    account = main_account(books.accounts, int(newcomers[0]))
    assert books.balance[account] > 0


def test_deleted_phones_are_sent_as_deleted_or_left_out_of_the_complete_delivery():
    size = replace(SIZES["nano"], people=600, first=date(2026, 8, 28), last=date(2026, 9, 4))
    registry = Registry(make_world(size))
    troubles = {"D40": np.array([500, 501])}
    ecif = Ecif.open(registry, troubles)
    phones = [ecif.package(size.first, everything=True)[2].content]
    for day in size.dates:
        ecif.advance(day)
        phones.append(ecif.package(day)[2].content)
    kept, left_out = (office_phone(person).encode() for person in (500, 501))
    assert kept in phones[0]
    assert left_out in phones[0]
    marked = [line for content in phones[1:] for line in content.splitlines() if kept in line]
    assert marked
    assert all(line.endswith(b"|1") == (line == marked[-1]) or line.endswith(b"|0") for line in marked)
    complete = phones[1 + size.dates.index(date(2026, 9, 1))]
    assert left_out not in complete
    assert not [
        line
        for content in phones
        for line in content.splitlines()
        if left_out in line and line.endswith(b"|1")
    ]


def test_tiny_has_enough_wealthy_people_and_one_and_a_half_entries_a_day_each():
    world = make_world(SIZES["tiny"])
    books = open_books(world)
    owned = np.zeros(world.people)
    cny = np.where(books.accounts.currency == "USD", books.balance * 7, books.balance)
    for share, person, _ in books.accounts.shares(cny):
        np.add.at(owned, person[person >= 0], share[person >= 0])
    assert (owned > 500_000_000).sum() >= 8
    assert ((owned >= 100_000_000) & (owned <= 500_000_000)).sum() >= 80
    made = sum(len(advance(books).account) for _ in world.size.dates)
    assert made / world.people / len(world.size.dates) == pytest.approx(1.5, rel=0.1)
