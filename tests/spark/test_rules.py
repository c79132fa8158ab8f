"""The whole job on a drawn bank: who is hit on a day, and what became of each hit."""

from datetime import date, datetime

import pytest
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.jobs import rules
from tests.support.tables import table

DAY = DateRange.day(date(2026, 9, 29))
PEOPLE = ("consents", "refuses", "withdrew", "dead")


def _publish(lake, name, schema, text, dates=None, **literals):
    """A drawn table; columns that are not drawn are null or the given ones."""
    drawn = table(lake.spark, schema, text).withColumns({k: F.lit(v) for k, v in literals.items()})
    fields = {f.name for f in lake.empty(name).schema}
    missing = {c: F.lit(None) for c in fields if c not in drawn.columns}
    lake.publish(name, drawn.withColumns(missing), dates)


@pytest.fixture
def bank(lake):
    """Four customers of one party each, who all move half of their money out on the 29th."""
    always = {"valid_from": date(2020, 1, 1), "valid_to": date(9999, 12, 31)}
    _publish(
        lake,
        "identity.party_customer",
        "party_id string, customer_id string",
        "\n".join(f"p_{c} | {c}" for c in PEOPLE),
        **always,
    )
    _publish(
        lake, "silver.party_hist", "party_id string, status_code string",
        "\n".join(f"p_{c} | {'deceased' if c == 'dead' else 'active'}" for c in PEOPLE),
        source_code="core", party_no_source="1", **always,
    )  # fmt: skip
    _publish(
        lake, "profile.o_customer_daily", "customer_id string, business_date date, aum_cny decimal(18,2)",
        "\n".join(f"{c} | {d} | 100000" for c in PEOPLE for d in ("2026-09-28", "2026-09-29")),
        DAY.back(1), deposit_cny=0, loan_cny=0,
    )  # fmt: skip
    _publish(
        lake, "profile.o_cashflow_daily", "customer_id string, business_date date, flow_code string, amount_cny decimal(18,2)",
        "\n".join(f"{c} | 2026-09-29 | external_out | 50000" for c in PEOPLE), DAY, txn_cnt=1,
    )  # fmt: skip
    consent = "customer_id string, data_class_code string, state_code string, valid_from date, valid_to date"
    _publish(lake, "profile.a_consent_hist", consent, """
        consents | contact     | granted   | 2020-01-01 | 9999-12-31
        consents | transaction | granted   | 2020-01-01 | 9999-12-31
        refuses  | contact     | denied    | 2020-01-01 | 9999-12-31
        withdrew | contact     | granted   | 2020-01-01 | 9999-12-31
        withdrew | transaction | granted   | 2020-01-01 | 2026-09-29
        withdrew | transaction | withdrawn | 2026-09-29 | 9999-12-31
        dead     | contact     | granted   | 2020-01-01 | 9999-12-31
        dead     | transaction | granted   | 2020-01-01 | 9999-12-31
    """, purpose_code="care", channel_code="any", source_party_cnt=1)  # fmt: skip
    return lake


@pytest.mark.slow
def test_each_hit_of_the_day_has_one_outcome_and_a_second_run_changes_nothing(bank):
    rules.run(bank, DAY)
    once = sorted(map(tuple, bank.read("profile.a_rule_hit").collect()))
    hits = {r["customer_id"]: r for r in bank.read("profile.a_rule_hit").collect()}

    assert {c: (r["rule_code"], r["outcome_code"], r["reason_codes"]) for c, r in hits.items()} == {
        "consents": ("A01", "sent", []),
        "refuses": ("A01", "suppressed", ["consent"]),
        "withdrew": ("A01", "suppressed", ["consent"]),
        "dead": ("A01", "suppressed", ["deceased"]),
    }
    assert hits["consents"]["due_at"] == datetime(2026, 9, 30, 3)
    rules.run(bank, DAY)
    assert sorted(map(tuple, bank.read("profile.a_rule_hit").collect())) == once
