"""Churn: what the model reads of a customer as of a date. Windows of 7, 30 and 90 days that end on it; nothing later, nothing known later.

Money is compared with the customer's own level, behaviour with the customer's own habit. A window longer than what was seen holds
what was seen. What a bank does not deliver is null: the model then reads the average customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.models.known import AS_OF, keep_known, newest

LONGEST = 90
# A thousand CNY and a twentieth of a login a day: below these levels a change says little.
LITTLE_CNY, LITTLE_LOGIN = 1000.0, 0.05
DIGITS = 6
# Columns that are read of each layer; one that a lake's layer lacks is null.
MONEY = ("aum_cny", "aum_180_avg_cny", "outflow_cny", "inflow_cny", "last_salary_date", "product_cnt", "next_matures_date", "relationship_date")  # fmt: skip
BEHAVIOUR = ("login_1_cnt", "transfer_fail_7_cnt", "call_30_cnt")
EXPERIENCE = ("complaint_open_cnt", "complaint_365_cnt", "low_score_30_cnt")
SERVICE = ("incident_30_cnt", "sla_breach_30_cnt")
LAYERS = {
    "profile.o_customer_daily": MONEY, "profile.b_customer_daily": BEHAVIOUR, "profile.x_customer_daily": EXPERIENCE,
    "profile.s_customer_daily": SERVICE,
}  # fmt: skip


def assemble_features(layers: Mapping[str, DataFrame], as_ofs: DataFrame, names: list[str]) -> DataFrame:
    """Grain out: customer_id, as_of_date of every customer who has money rows in the window; `names` as doubles.

    layers  table → customer_id, business_date, known_from and any of its columns of `LAYERS`
    as_ofs  as_of_date, known_at
    """
    seen = {
        table: keep_known(_with_columns(layers[table], columns), as_ofs, LONGEST)
        for table, columns in LAYERS.items()
        if table in layers
    }
    wide = _summarise_money(seen["profile.o_customer_daily"])
    for table, summarise in (
        ("profile.b_customer_daily", _summarise_behaviour),
        ("profile.x_customer_daily", _newest_of(EXPERIENCE)),
        ("profile.s_customer_daily", _newest_of(SERVICE)),
    ):
        if table in seen:
            wide = wide.join(summarise(seen[table]), AS_OF, "left")
    made = _features(wide.columns)
    unknown = F.lit(None).cast("double")
    return wide.select(
        *AS_OF, *[F.round(made.get(name, unknown).cast("double"), DIGITS).alias(name) for name in names]
    )


def _with_columns(rows: DataFrame, columns: tuple[str, ...]) -> DataFrame:
    return rows.select(
        "customer_id", "business_date", "known_from", *[c for c in columns if c in rows.columns]
    )  # fmt: skip


def _has(frame: DataFrame, column: str) -> bool:
    return column in frame.columns


def _over(column: str, days: int, how: Any) -> Column:
    return how(F.when(F.col("_age") < days, F.col(column)))


def _summarise_money(seen: DataFrame) -> DataFrame:
    means = [_over("aum_cny", days, F.avg).alias(f"_aum_{days}") for days in (7, 30, LONGEST)]
    sums = [
        _over(column, days, F.sum).alias(f"_{column}_{days}")
        for column in ("outflow_cny", "inflow_cny") if _has(seen, column) for days in (7, 30)
    ]  # fmt: skip
    last = [
        newest(c).alias(f"_{c}") for c in MONEY if c not in ("outflow_cny", "inflow_cny") and _has(seen, c)
    ]
    return seen.groupBy(*AS_OF).agg(*means, *sums, *last)


def _summarise_behaviour(seen: DataFrame) -> DataFrame:
    sums = [_over("login_1_cnt", days, F.sum).alias(f"_login_{days}") for days in (7, 30, LONGEST)]
    days = F.count(F.lit(1)).alias("_behaviour_days")
    last = [newest(c).alias(f"_{c}") for c in BEHAVIOUR[1:] if _has(seen, c)]
    return seen.groupBy(*AS_OF).agg(*sums, days, *last)


def _newest_of(columns: tuple[str, ...]) -> Any:
    def summarise(seen: DataFrame) -> DataFrame:
        return seen.groupBy(*AS_OF).agg(*[newest(c).alias(f"_{c}") for c in columns if _has(seen, c)])

    return summarise


def _features(columns: list[str]) -> dict[str, Column]:
    """Formulas by name; those whose inputs are not there are left out."""

    def money(name: str) -> Column:
        return F.coalesce(F.col(name).cast("double"), F.lit(0.0)) + LITTLE_CNY

    def ratio(above: Column, below: Column) -> Column:
        return F.log(above / below)

    def share(name: str) -> Column:
        # Capped: whoever moved twice of what they have has moved it all.
        return F.least(F.coalesce(F.col(name).cast("double"), F.lit(0.0)) / money("_aum_30"), F.lit(2.0))

    def logins(days: int) -> Column:
        within = F.least(F.lit(float(days)), F.col("_behaviour_days").cast("double"))
        return F.col(f"_login_{days}").cast("double") / within + LITTLE_LOGIN

    def count(name: str, most: int) -> Column:
        return F.least(F.col(name).cast("double"), F.lit(float(most)))

    matures = F.datediff("_next_matures_date", "as_of_date")
    unpaid = F.datediff("as_of_date", "_last_salary_date")
    uses_bank = F.col("_login_90") > 0
    wanted: dict[str, tuple[tuple[str, ...], Any]] = {
        "aum_level": (("_aum_30",), lambda: F.log(money("_aum_30"))),
        "aum_now_to_30": (("_aum_cny", "_aum_30"), lambda: ratio(money("_aum_cny"), money("_aum_30"))),
        "aum_7_to_30": (("_aum_7", "_aum_30"), lambda: ratio(money("_aum_7"), money("_aum_30"))),
        "aum_30_to_90": (("_aum_30", "_aum_90"), lambda: ratio(money("_aum_30"), money("_aum_90"))),
        "aum_30_to_180": (("_aum_30", "_aum_180_avg_cny"), lambda: ratio(money("_aum_30"), money("_aum_180_avg_cny"))),
        "outflow_7_share": (("_outflow_cny_7", "_aum_30"), lambda: share("_outflow_cny_7")),
        "outflow_30_share": (("_outflow_cny_30", "_aum_30"), lambda: share("_outflow_cny_30")),
        "inflow_30_share": (("_inflow_cny_30", "_aum_30"), lambda: share("_inflow_cny_30")),
        # A salary is due every month; five days of grace for weekends and holidays.
        "salary_overdue": (("_last_salary_date",), lambda: F.when(unpaid > 36, F.least(unpaid, F.lit(96)) / 30.0).otherwise(0.0)),
        "has_salary": (("_last_salary_date",), lambda: F.col("_last_salary_date").isNotNull().cast("double")),
        "product_cnt": (("_product_cnt",), lambda: count("_product_cnt", 6)),
        "matures_30": (("_next_matures_date",), lambda: F.coalesce(matures.between(0, 30), F.lit(False)).cast("double")),
        "ln_tenure": (("_relationship_date",), lambda: F.log1p(F.greatest(F.datediff("as_of_date", "_relationship_date"), F.lit(0)) / 365.25)),
        # Who never used the bank on a phone has not stopped using it.
        "login_7_to_30": (("_login_7", "_login_30"), lambda: F.when(uses_bank, ratio(logins(7), logins(30))).otherwise(0.0)),
        "login_30_to_90": (("_login_30", "_login_90"), lambda: F.when(uses_bank, ratio(logins(30), logins(LONGEST))).otherwise(0.0)),
        "transfer_fail_7": (("_transfer_fail_7_cnt",), lambda: count("_transfer_fail_7_cnt", 3)),
        "call_30": (("_call_30_cnt",), lambda: count("_call_30_cnt", 3)),
        "complaint_open": (("_complaint_open_cnt",), lambda: count("_complaint_open_cnt", 1)),
        "complaint_365": (("_complaint_365_cnt",), lambda: count("_complaint_365_cnt", 3)),
        "low_score_30": (("_low_score_30_cnt",), lambda: count("_low_score_30_cnt", 1)),
        "incident_30": (("_incident_30_cnt",), lambda: count("_incident_30_cnt", 5)),
        "sla_breach_30": (("_sla_breach_30_cnt",), lambda: count("_sla_breach_30_cnt", 3)),
    }  # fmt: skip
    return {name: made() for name, (inputs, made) in wanted.items() if set(inputs) <= set(columns)}
