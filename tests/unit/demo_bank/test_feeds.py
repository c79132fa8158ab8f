"""Deliveries that go wrong: the pipeline's controls name the reason that the ledger expects."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from demo_bank.dirt import feeds
from demo_bank.packages import Inner, trailer
from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.discovery import Listed
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import conf_dirs

SOURCES = load_sources(conf_dirs())
HOLDING = (
    '"wm_no","pos_no","product_code","units","nav","mkt_value","cost","buy_dt","mature_dt","auto_roll"\n'
    '"W1","P1","甲","1.00","1.0000","1.500000","15000.00","2026-01-05","","N"\n'
    '"W2","P2","乙,丙","1.00","1.0000","2.250000","22500.00","2026-01-05","","N"\n'
)
REPAY = "".join(f"R{k}|@|D{k}|@|2026-09-29|@|2026-09-29|@|1.00|@|1.00|@|0.00|@|N|@|03\n" for k in range(3))


def reason(feed: str, inner: Inner, day: date) -> str | None:
    digest = hashlib.md5(inner.content, usedforsecurity=False).hexdigest()
    return verify(
        inner.content, SOURCES[feed], day, Listed(inner.rows, inner.record_bytes, digest, "GB18030"), None
    ).reason


def holding() -> Inner:
    return Inner("HOLDING_20260914.csv", HOLDING.encode("gb18030"), 2, 0)


def test_a_column_in_the_middle_holds_holdings():
    day = date(2026, 9, 14)
    assert reason("wealth__holding", holding(), day) is None
    soiled = feeds.column_added(holding(), None)
    assert reason("wealth__holding", soiled, day) == "schema_added"
    assert soiled.content.decode("gb18030").splitlines()[2].startswith('"W2","P2",N,"乙,丙"')


def test_wrong_market_values_look_right():
    soiled = feeds.values_wrong(holding(), None)
    assert reason("wealth__holding", soiled, date(2026, 9, 21)) is None
    assert '"15.000000"' in soiled.content.decode("gb18030")


def test_a_lost_row_holds_repayments():
    inner = Inner("REPAY_20260929.txt", REPAY.encode("gb18030"), 3, 0)
    assert reason("loan__repay", inner, date(2026, 9, 29)) is None
    assert reason("loan__repay", feeds.row_missing(inner, None), date(2026, 9, 29)) == "row_count"


def test_yesterdays_card_entries_under_todays_name_are_never_dated_anew():
    def file(day: date) -> Inner:
        return Inner(f"C_TXN_{day:%Y%m%d}.dat", trailer("C_TXN", day, 0, 0, 0, 160), 0, 160)

    soiled = feeds.yesterdays(file(date(2026, 9, 3)), file(date(2026, 9, 2)))
    assert soiled.name == "C_TXN_20260903.dat"
    assert reason("card__c_txn", file(date(2026, 9, 3)), date(2026, 9, 3)) is None
    assert reason("card__c_txn", soiled, date(2026, 9, 3)) == "date_mismatch_control"


@pytest.mark.parametrize(("system", "day"), sorted(feeds.HELD))
def test_every_held_feed_is_one_that_a_contract_asks_for(system: str, day: date):
    for wrong in feeds.HELD[(system, day)]:
        for name in wrong.objects:
            assert f"{system}__{name}".lower() in SOURCES
