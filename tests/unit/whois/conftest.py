"""A bank of a few people, each with a story: a chain, a refused pair, a phone of a whole floor, a call that fits two, a steward's merge."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.whois import Bank, Decided, Person, Tied, resident

WANG = [
    Person(
        "core:1001", "王敏", "1980-01-01", "F", resident("33980119800101002"), "15400000001", core_no="1001"
    ),
    Person("ecif:2001", "王敏", "1980-01-01", "F", core_no="1001"),
    Person("wealth:3001", "王敏", phone="15400000001", since=date(2026, 9, 8)),
    Person("call:4001", "王敏", since=date(2026, 9, 8)),
]
CHEN = [
    Person("core:1002", "陈杰", "1966-01-01", "M", resident("33980219660101001"), "15400000002"),
    Person("core:1003", "陈杰", "1966-01-01", "M", resident("33980319660101001"), "15400000002"),
    Person("cmpl:5001", "陈杰", since=date(2026, 9, 10)),
]
ZHOU = [Person("core:1004", "周平", "1960-06-06", "M"), Person("loan:6001", "周屏", "1960-06-06", "M")]
LI = [
    Person("core:1005", "李红", "1975-08-08", "F"),
    Person("wealth:3002", "李宏", "1975-08-08"),
    Person("card:7001", "李宏", "1975-08-08"),
]
FLOOR = [
    Person(f"core:11{n:02d}", f"员工{chr(0x4E00 + n)}", f"1990-01-{1 + n:02d}", phone="15400000009")
    for n in range(14)
]
ALL = [*WANG, *CHEN, *ZHOU, *LI, *FLOOR]
TIES = [
    Tied("ecif:2001", "core:1001", "claimed_core_number", "name+ birth+ sex+ id?"),
    Tied("wealth:3001", "core:1001", "name_phone", "name+ birth? sex? id?", since=date(2026, 9, 8)),
    Tied("wealth:3001", "call:4001", "name_phone", "name+ birth? sex? id?", since=date(2026, 9, 8)),
    Tied("core:1002", "core:1003", "name_birth_phone", "name+ birth+ sex+ id-"),
    Tied("core:1002", "core:1003", "name_phone", "name+ birth+ sex+ id-"),
    Tied(
        "core:1002",
        "cmpl:5001",
        "name_phone",
        "name+ birth? sex? id?",
        since=date(2026, 9, 10),
        until=date(2026, 9, 10),
        is_ambiguous=True,
    ),
    Tied(
        "core:1003",
        "cmpl:5001",
        "name_phone",
        "name+ birth? sex? id?",
        since=date(2026, 9, 10),
        until=date(2026, 9, 10),
        is_ambiguous=True,
    ),
    # Wrong: a permit number typed at the wrong person.
    Tied("core:1005", "wealth:3002", "same_document", "name- birth+ sex? id?", since=date(2026, 9, 12)),
    Tied("wealth:3002", "card:7001", "masked_phone_birth", "name+ birth+ sex? id?"),
]
MERGE = Decided("d-zhou", "merge", ("core:1004", "loan:6001"), date(2026, 9, 10))
AUM = {
    "core:1001": "5000.00",
    "core:1002": "900000.00",
    "core:1003": "20.00",
    "core:1004": "100.00",
    "core:1005": "70.00",
}


@pytest.fixture
def bank(tmp_path) -> Bank:
    return Bank(tmp_path, ALL, TIES, [MERGE], AUM)
