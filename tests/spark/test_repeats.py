"""Full deliveries say most things again each day. Histories and newest rows are the same whether each of them is looked at or each version once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

import pytest
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_jobs.contracts.sources import SourceContract
from spark_jobs.silver import agreement, party, reference
from spark_jobs.silver.feeds import Feeds
from spark_jobs.silver.folds import fold_history, keep_newest
from spark_jobs.silver.repeats import Told
from spark_jobs.tables import Lake

DAYS = [date(2026, 9, 1) + timedelta(days=n) for n in range(12) if n != 5]
PLACE = "business_date date, _line_no bigint, _file_id string"


def assigned(dice: Random) -> Iterator[dict[str, str | None]]:
    """Customers and their managers, as CRM has them on a day."""
    for number in range(40):
        yield {
            "crm_id": f"C{number % 25:03}", "rm_no": f"R{number % 3}", "from_dt": dice.choice(["2026-08-01"] * 9 + ["2026-09-03"]),
            "ecif_id": dice.choice(["E1", "E1", "E1", "E2", None]), "to_dt": dice.choice([None] * 8 + ["2026-09-20"]),
            "priority": dice.choice(["1", "1", "2"]),
        }  # fmt: skip


def cards(dice: Random) -> Iterator[dict[str, str | None]]:
    """Accounts whose balance is another each day; seldom what silver keeps for good is."""
    for number in range(40):
        yield {
            "card_acct": f"A{number:03}", "card_cust_no": dice.choice(["K1"] * 9 + ["K2"]), "ccy": dice.choice(["156"] * 9 + ["840"]),
            "bal": str(dice.randrange(10**6)),
        }  # fmt: skip


def delivered(
    lake: Lake, source: SourceContract, day_of: Callable[[Random], Iterator[dict[str, str | None]]]
) -> Feeds:
    """Twelve days but one: each record keeps what it says on three days of four, is left out of some, and comes twice in a few."""
    dice, rows, said = Random(7), [], {}
    for day in DAYS:
        today = []
        for at, record in enumerate(day_of(dice)):
            if at not in said or dice.random() < 0.25:
                said[at] = record
            kept = said[at] | {name: record[name] for name in ("bal",) if name in record}
            today += [kept] * dice.choices([0, 1, 2], [1, 10, 1])[0]
            if dice.random() < 0.03:
                today.append(record | {name: kept[name] for name in source.key})
        dice.shuffle(today)
        rows += [
            (*[record.get(name) for name in source.names()], day, line, f"f-{day}")
            for line, record in enumerate(today)
        ]
    schema = ", ".join(f"{name} string" for name in source.names()) + ", " + PLACE
    bronze = lake.spark.createDataFrame(rows, schema).localCheckpoint()
    files = [
        Row(feed_code=source.feed, business_date=day, file_id=f"f-{day}", rows_found=1, replay_hash=None)
        for day in DAYS
    ]
    return Feeds(lake, {source.feed: source}, lambda feed: bronze, files, DAYS[-1])


def content(frame: DataFrame) -> list[str]:
    return sorted(frame.select(F.to_json(F.struct(*sorted(frame.columns))).alias("row")).toPandas()["row"])


@pytest.fixture
def feeds(make_lake: Callable[..., Lake], request: pytest.FixtureRequest) -> Feeds:
    feed, day_of = request.param
    lake = make_lake(last=DAYS[-1])
    return delivered(lake, lake.sources[feed], day_of)


def told(
    feeds: Feeds, entity: str, once: Told, make: Callable[[DataFrame], DataFrame]
) -> tuple[list[str], list[str]]:
    """What is made of each version once, and what of every day's record."""
    each, few = feeds.rows(entity), feeds.rows(entity, told=once)
    assert few.count() < each.count() / 1.5
    return content(make(few)), content(make(each))


@pytest.mark.parametrize("feeds", [("crm__cust_assign", assigned)], indirect=True, ids=["managers"])
@pytest.mark.parametrize("entity", ["customer_manager", "party_identifier", "party"])
def test_histories_of_each_version_once_are_those_of_every_day(feeds: Feeds, entity: str) -> None:
    make: dict[str, Callable[[DataFrame], DataFrame]] = {
        "customer_manager": reference.fold_managers,
        "party_identifier": lambda rows: party.fold_identifiers(rows, feeds.lake.token),
        "party": lambda rows: fold_history(rows, ["party_id"], ["source_code", "party_no_source"]),
    }

    once, daily = told(feeds, entity, Told.FIRST, make[entity])

    assert once == daily
    assert once


@pytest.mark.parametrize("feeds", [("card__c_acct", cards)], indirect=True, ids=["accounts"])
def test_what_changes_daily_and_is_kept_by_day_does_not_hide_that_the_rest_stays(feeds: Feeds) -> None:
    agreements = told(feeds, "agreement", Told.LAST, agreement.conform_agreements)
    newest = told(feeds, "agreement", Told.LAST, lambda rows: keep_newest(rows, ["agreement_id"]))
    holders = told(feeds, "party_agreement", Told.FIRST, lambda rows: fold_history(
        rows, ["agreement_id", "party_id", "role_code"], ["holder_rank", "share_ratio"]
    ))  # fmt: skip

    for once, daily in (agreements, newest, holders):
        assert once == daily
        assert once
