"""O: money of each party by day, and windows over it. Parties do not change while customers do (docs/adr/0003)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.o_account import CENT, zero

NOBODY = "_none"
COMPONENTS = ("deposit_cny", "wealth_cny", "fund_cny", "insurance_cny", "in_transit_cny")
DEBTS = ("loan_cny", "card_cny")
SUM = "decimal(28,2)"
# Months looked back at for salary, beside the running one.
SALARY_MONTHS = 3


def _sum(condition: Column, amount: Column) -> Column:
    return F.sum(F.when(condition, amount).otherwise(zero())).cast(CENT)


def summarise_party_accounts(shares: DataFrame) -> DataFrame:
    """Coarser: deposits, debts and the longest overdue of each party and day.

    shares: account × party with agreement_kind_code, balance_cny, overdue_days, is_carried. A negative deposit is a loan; an overpaid
    loan or card is nothing. Grain out: party_id, business_date.
    """
    kind, share = F.col("agreement_kind_code"), F.col("balance_cny")
    owed, kept = F.greatest(share, zero()), F.greatest(share, zero())
    debt = F.when(kind == "loan", owed).when(kind == "deposit", F.greatest(-share, zero())).otherwise(zero())
    return shares.groupBy("party_id", "business_date").agg(
        _sum(kind == "deposit", kept).alias("deposit_cny"), F.sum(debt).cast(CENT).alias("loan_cny"),
        _sum(kind == "card", owed).alias("card_cny"), F.max("overdue_days").alias("overdue_days"),
        F.max(F.coalesce("is_carried", F.lit(False))).alias("has_carried"),
    )  # fmt: skip


def summarise_party_positions(positions: DataFrame, components: Mapping[str, str]) -> DataFrame:
    """Coarser: wealth, funds and insurance of each party and day; a kind that the rules do not name counts as wealth."""
    kind, value = F.col("product_kind_code"), F.col("market_value_cny")

    def of(component: str) -> Column:
        return kind.isin(*[k for k, c in components.items() if c == component])

    other = ~of("fund") & ~of("insurance")
    return positions.groupBy("party_id", "business_date").agg(
        _sum(other, value).alias("wealth_cny"), _sum(of("fund"), value).alias("fund_cny"),
        _sum(of("insurance"), value).alias("insurance_cny"), F.max("is_nav_stale").alias("is_nav_stale"),
        F.max(F.coalesce("is_carried", F.lit(False))).alias("has_carried"),
    )  # fmt: skip


def assemble_party_daily(*parts: DataFrame) -> DataFrame:
    """One row per party and day from whatever is known of them; `_none` stands for accounts without a known holder.

    parts: frames of grain party_id, business_date with any of the columns of `_o_party_daily`; what a part lacks counts 0.
    """
    sums = (*COMPONENTS, *DEBTS, "salary_cny", "outside_in_cny", "overdue_fee_cnt")
    flags = ("overdue_days", "is_nav_stale", "has_carried")
    together = parts[0]
    for part in parts[1:]:
        together = together.unionByName(part, allowMissingColumns=True)
    for missing in [c for c in (*sums, *flags) if c not in together.columns]:
        together = together.withColumn(missing, F.lit(None))
    totals = [F.coalesce(F.sum(c), F.lit(0)).alias(c) for c in sums]
    worst = [F.max(F.col(c).cast("int")).alias(c) for c in flags]
    daily = (
        together.withColumn("party_id", F.coalesce("party_id", F.lit(NOBODY)))
        .groupBy("party_id", "business_date")
        .agg(*totals, *worst)
    )
    aum = sum((F.col(c) for c in COMPONENTS), zero())
    return daily.withColumns({
        "aum_cny": aum.cast(CENT), "overdue_days": F.coalesce("overdue_days", F.lit(0)),
        "is_nav_stale": F.coalesce(F.col("is_nav_stale") == 1, F.lit(False)),
        "has_carried": F.coalesce(F.col("has_carried") == 1, F.lit(False)),
    })  # fmt: skip


@dataclass(frozen=True)
class Known:
    """From which day on AUM is known: `first` by daily rows, `since` counting the months of the opening package, too."""

    first: date
    since: date


def explode_opening(months: DataFrame, known: Known, back: date) -> DataFrame:
    """Finer: a month's average for each of its days before the first business date. Grain: party_id, business_date.

    months  party_id, month_date, aum_cny (the month's average), salary_cny, day_cnt (the running month's elapsed days)
    back    no day before it is wanted
    The month's salary stands on its first day: the opening package says in which month it came, not on which day.
    """
    day = F.col("business_date")
    days = F.sequence(F.col("month_date"), F.date_add("month_date", F.col("day_cnt").cast("int") - 1))
    exploded = months.where("day_cnt > 0").withColumn("business_date", F.explode(days))
    salary = F.when(day == F.col("month_date"), F.col("salary_cny")).otherwise(zero())
    return exploded.where((day < F.lit(known.first)) & (day >= F.lit(back))).select(
        "party_id",
        "business_date",
        "aum_cny",
        salary.cast(CENT).alias("salary_cny"),
        F.lit(0).alias("overdue_fee_cnt"),
    )


def derive_windows(
    parties: DataFrame, past: DataFrame, rules: Mapping[str, Any], dates: DateRange
) -> DataFrame:
    """Sums of each party over the windows that end on each of its days; averages are taken later, over customers.

    parties  party_id, business_date of `dates` for which windows are wanted
    past     party_id, business_date, aum_cny, salary_cny, overdue_fee_cnt: `dates` and all days before them that windows reach
    Grain out: parties; columns aum_cny, aum_30_sum, aum_180_sum, aum_mtd_sum, salary_30_sum, salary_mtd_sum, overdue_fee_180_sum,
    salary_before_1 … 3 (amounts of the months before), last_salary_date (within what `past` reaches).
    """
    series = parties.select("party_id", "business_date", F.lit(True).alias("_wanted")).join(
        past, ["party_id", "business_date"], "full"
    )
    day_no = F.datediff("business_date", F.lit(date(1970, 1, 1)))
    series = series.withColumns({
        "_day": day_no, "_month": F.trunc("business_date", "MM"),
        "_paid": F.when(F.col("salary_cny") > 0, F.col("business_date")),
    })  # fmt: skip
    per_party = Window.partitionBy("party_id").orderBy("_day")
    month_so_far = (
        Window.partitionBy("party_id", "_month")
        .orderBy("_day")
        .rangeBetween(Window.unboundedPreceding, Window.currentRow)
    )

    def last(days: int) -> Any:
        return per_party.rangeBetween(-(days - 1), Window.currentRow)

    def total(column: str, window: Any) -> Column:
        return F.coalesce(F.sum(column).over(window), F.lit(0)).cast(SUM)

    wide = series.withColumns({
        "aum_30_sum": total("aum_cny", last(rules["average_days"])),
        "aum_180_sum": total("aum_cny", last(rules["long_average_days"])),
        "aum_mtd_sum": total("aum_cny", month_so_far),
        "salary_30_sum": total("salary_cny", last(rules["salary_days"])),
        "salary_mtd_sum": total("salary_cny", month_so_far),
        "overdue_fee_180_sum": total("overdue_fee_cnt", last(rules["overdue_fee_days"])),
        "last_salary_date": F.max("_paid").over(per_party),
    })  # fmt: skip
    wanted = wide.where(
        F.col("_wanted") & F.col("business_date").between(F.lit(dates.first), F.lit(dates.last))
    )
    return wanted.join(_months_before(series), ["party_id", "_month"], "left").drop(
        "_wanted", "_day", "_month", "_paid", "salary_cny", "overdue_fee_cnt"
    )


def _months_before(series: DataFrame) -> DataFrame:
    """Salary of the one, two and three calendar months before each month. Grain: party_id, _month."""
    monthly = (
        series.where("salary_cny > 0").groupBy("party_id", "_month").agg(F.sum("salary_cny").alias("_salary"))
    )
    later = monthly.select(
        "party_id", "_salary", "_month", F.explode(F.sequence(F.lit(1), F.lit(SALARY_MONTHS))).alias("_k")
    )
    moved = later.withColumn("_month", F.add_months("_month", F.col("_k")))
    return moved.groupBy("party_id", "_month").agg(
        *[
            F.max(F.when(F.col("_k") == k, F.col("_salary"))).alias(f"salary_before_{k}")
            for k in range(1, SALARY_MONTHS + 1)
        ]
    )


def observed_days(day: Column, window: Column | int, known: Known) -> Column:
    """Divisor of an average: days of the window, less those before anything was known."""
    length = F.lit(window) if isinstance(window, int) else window
    return F.least(length, F.datediff(day, F.lit(known.since)) + 1)


def reach(dates: DateRange, rules: Mapping[str, Any]) -> date:
    """Oldest day that any window ending in `dates` reads: the longest window, and whole months for salary."""
    longest = dates.first - timedelta(days=int(rules["long_average_days"]) - 1)
    month = dates.first.replace(day=1)
    for _ in range(SALARY_MONTHS):
        month = (month - timedelta(days=1)).replace(day=1)
    return min(longest, month)
