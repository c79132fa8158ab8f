"""O: accounts, AUM and flows of each customer and business date."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import explode_days
from spark_jobs.profile.o_account import assemble_account_daily, derive_cny, explode_holders
from spark_jobs.profile.o_customer import (
    roll_up,
    summarise_accounts,
    summarise_average,
    summarise_flows,
    summarise_salary,
)
from spark_jobs.tables import Lake

HOLDS = ("holder", "joint_holder")


def run(lake: Lake, dates: DateRange) -> None:
    """Publish o_account_daily, then o_customer_daily, for these dates."""
    rules = lake.rules("aum")
    window = dates.back(int(rules["average_days"]) - 1)
    memberships = explode_days(lake.read("identity.party_customer"), dates).select(
        "party_id", "business_date", "customer_id"
    )
    shares = _shares(lake, window).localCheckpoint()
    accounts = assemble_account_daily(shares.where(F.col("business_date") >= F.lit(dates.first)), memberships)
    described = lake.read("silver.agreement").select("agreement_id", "opened_date", "matures_date")
    lake.publish(
        "profile.o_account_daily", accounts.join(described.drop("opened_date"), "agreement_id", "left"), dates
    )
    published = lake.read("profile.o_account_daily", dates)
    money = summarise_accounts(
        published.join(described.select("agreement_id", "opened_date"), "agreement_id", "left")
    )
    averages = roll_up(
        summarise_average(shares, dates, int(rules["average_days"])), memberships,
        F.round(F.sum("_avg"), 2).alias("aum_30_avg_cny"),
    )  # fmt: skip
    flows = _flows(lake, published, dates)
    key = ["customer_id", "business_date"]
    customers = memberships.select(*key).distinct()
    joined = customers.join(money, key, "left").join(averages, key, "left").join(flows, key, "left")
    amounts = [
        "aum_cny",
        "deposit_cny",
        "loan_cny",
        "aum_30_avg_cny",
        "outflow_cny",
        "inflow_cny",
        "salary_30_cny",
        "product_cnt",
    ]
    lake.publish("profile.o_customer_daily", joined.fillna(0, amounts), dates)


def _shares(lake: Lake, dates: DateRange) -> DataFrame:
    """Each party's share of each deposit account and day."""
    balances = lake.read("silver.deposit_daily", dates).select(
        "agreement_id", "business_date", "balance_amt", "balance_ccy"
    )
    home = str(lake.rules("aum")["home_currency"])
    priced = derive_cny(balances, lake.read("silver.fx_rate_daily"), home).select(
        "agreement_id", "business_date", "gross_balance_cny"
    )
    products = explode_days(lake.read("silver.product_hist"), DateRange.day(dates.last)).select(
        "product_code", "product_kind_code"
    )
    kinds = (
        lake.read("silver.agreement")
        .select("agreement_id", "product_code")
        .join(products, "product_code", "left")
    )
    described = priced.join(kinds.select("agreement_id", "product_kind_code"), "agreement_id", "left")
    holders = explode_days(lake.read("silver.party_agreement"), dates).where(F.col("role_code").isin(*HOLDS))
    return explode_holders(described, holders.drop("role_code"))


def _flows(lake: Lake, accounts: DataFrame, dates: DateRange) -> DataFrame:
    """Flows and salary of each customer and day; an account's flows belong to its first holder's customers by their share."""
    rules = lake.rules("aum")
    entries = lake.read("silver.transaction").where("not is_reversal and not is_reversed")
    entries = entries.where(F.col("business_date") <= F.lit(dates.last))
    amounts = entries.select(
        "agreement_id", "business_date", "kind_code", F.col("amount_amt").alias("balance_amt"),
        F.col("amount_ccy").alias("balance_ccy"),
    )  # fmt: skip
    rates = lake.read("silver.fx_rate_daily")
    priced = derive_cny(amounts, rates, str(rules["home_currency"])).withColumnRenamed(
        "gross_balance_cny", "amount_cny"
    )
    flows = summarise_flows(priced, rules["flows"])
    salaries = summarise_salary(flows, dates, int(rules["salary_days"]))
    owners = accounts.where("customer_id <> '_unassigned'").select(
        "agreement_id", "customer_id", "business_date"
    )
    day_key = ["agreement_id", "business_date"]
    return (
        owners.join(flows.drop("salary_cny"), day_key, "left").join(salaries, day_key, "left")
        .groupBy("customer_id", "business_date")
        .agg(
            F.sum("outflow_cny").alias("outflow_cny"), F.sum("inflow_cny").alias("inflow_cny"),
            F.sum("salary_30_cny").alias("salary_30_cny"), F.max("last_salary_date").alias("last_salary_date"),
        )
    )  # fmt: skip
