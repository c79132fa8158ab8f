"""O: accounts, positions, flows and AUM of each customer and business date, and their months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief, explode_days
from spark_jobs.identity.registers import leave_out_erased
from spark_jobs.jobs.listed import read_listed
from spark_jobs.profile import o_customer, o_flow, o_month, o_party, o_position
from spark_jobs.profile.members import explode_memberships, link_months
from spark_jobs.profile.o_account import assemble_account_daily, derive_cny, explode_holders, zero
from spark_jobs.profile.o_party import Known
from spark_jobs.tables import Lake

HOLDS = ("holder", "joint_holder")
BALANCES = {"deposit": "silver.deposit_daily", "loan": "silver.loan_daily", "card": "silver.card_daily"}
PARTIES = "profile._o_party_daily"


@dataclass
class Money:
    """What the tables of these dates are made of; each part is built when first asked for."""

    lake: Lake
    dates: DateRange

    @cached_property
    def memberships(self) -> DataFrame:
        return explode_memberships(
            self.lake.read("identity.party_customer"), self.lake.read("identity.customer"), self.dates
        ).localCheckpoint()

    @cached_property
    def holders(self) -> DataFrame:
        days = explode_days(self.lake.read("silver.party_agreement"), self.dates)
        return days.where(F.col("role_code").isin(*HOLDS)).drop("role_code")

    @cached_property
    def rates(self) -> DataFrame:
        return self.lake.read("silver.fx_rate_daily")

    @cached_property
    def home(self) -> str:
        return str(self.lake.rules("aum")["home_currency"])

    @cached_property
    def products(self) -> DataFrame:
        return o_position.describe_products(explode_days(self.lake.read("silver.product_hist"), self.dates))

    @cached_property
    def shares(self) -> DataFrame:
        """Account × party of every deposit, loan and card with its day's balance."""
        described = self.lake.read("silver.agreement").select("agreement_id", "product_code", "matures_date")
        priced = derive_cny(self._balances(), self.rates, self.home).drop("balance_amt", "balance_ccy")
        known = priced.join(described, "agreement_id", "left").join(
            self.products.drop("risk_level_code"), ["product_code", "business_date"], "left"
        )
        return explode_holders(known.drop("product_code"), self.holders).localCheckpoint()

    def _balances(self) -> DataFrame:
        frames = []
        for kind, table in BALANCES.items():
            rows = self.lake.read(table, self.dates)
            overdue = F.col("overdue_days") if "overdue_days" in rows.columns else F.lit(None)
            frames.append(
                rows.select(
                    "agreement_id", "business_date", "balance_amt", "balance_ccy", F.lit(kind).alias("agreement_kind_code"),
                    overdue.cast("int").alias("overdue_days"), F.coalesce("is_carried", F.lit(False)).alias("is_carried"),
                )
            )  # fmt: skip
        return reduce(DataFrame.unionByName, frames)

    @cached_property
    def positions(self) -> DataFrame:
        holdings = self.lake.read("silver.wealth_holding_daily", self.dates)
        return o_position.assemble_positions(holdings, self.rates, self.products, self.home).localCheckpoint()

    @cached_property
    def in_transit(self) -> DataFrame:
        zone = str(self.lake.rules("calendar")["zone"])
        return o_position.summarise_in_transit(
            self.lake.read("silver.wealth_trade"), self.rates, self.dates, zone, self.home
        ).localCheckpoint()

    @cached_property
    def entries(self) -> DataFrame:
        """Entry × party with `share_cny`; reversals and what they take back are left out."""
        kept = o_flow.keep_counted(self.lake.read("silver.transaction", self.dates))
        priced = derive_cny(
            kept.withColumnsRenamed({"amount_amt": "balance_amt", "amount_ccy": "balance_ccy"}),
            self.rates,
            self.home,
        )
        chosen = priced.select(
            "transaction_id", "agreement_id", "business_date", "kind_code", "summary_code", "direction_code",
            "counterparty_agreement_id", "gross_balance_cny",
        )  # fmt: skip
        shared = explode_holders(chosen, self.holders, per=("transaction_id",))
        return shared.withColumnRenamed("balance_cny", "share_cny").localCheckpoint()


def run(lake: Lake, dates: DateRange) -> None:
    """Publish accounts, positions, flows and parties' days, then customers' days and months, then their reconciliation."""
    rules = lake.rules("aum")
    money = Money(lake, dates)
    parties = o_party.assemble_party_daily(
        o_party.summarise_party_accounts(money.shares),
        o_party.summarise_party_positions(money.positions, rules["components"]),
        o_flow.summarise_party_flows(money.entries, rules), money.in_transit,
    )  # fmt: skip
    lake.publish_all(
        {
            PARTIES: parties,
            "profile.o_account_daily": assemble_account_daily(money.shares, money.memberships),
            "profile.o_holding_daily": o_position.assemble_holding_daily(money.positions, money.memberships),
            "profile.o_cashflow_daily": o_flow.assemble_cashflow_daily(
                money.entries, money.holders, money.memberships, rules
            ),
        },
        dates,
    )
    opening = o_month.assemble_opening_months(
        lake.read("silver.opening_customer_month"), lake.read("silver.opening_holding_month")
    ).localCheckpoint()
    known, last = _known(lake, dates, opening)
    lake.publish_all(
        {
            "profile.o_customer_daily": _customers(money, opening, known),
            "profile.o_customer_monthly": _months(lake, opening, known, last),
        },
        dates,
    )
    customers = lake.read("profile.o_customer_daily", dates)
    lake.publish(
        "profile.o_reconciliation_daily",
        o_customer.reconcile(lake.read(PARTIES, dates), customers, money.memberships, _whole(lake, money)),
        dates,
    )


def _known(lake: Lake, dates: DateRange, opening: DataFrame) -> tuple[Known, date]:
    """From which day on AUM is known, and the newest business date of the lake."""
    # Not as minimum and maximum: Delta answers those of whole tables itself and fails on dates.
    days = lake.read(PARTIES).agg(F.collect_set("business_date").alias("_days"))
    months = opening.agg(F.collect_set("month_date").alias("_months"))
    row = days.crossJoin(months).collect()[0]
    first, last = min([*row["_days"], dates.first]), max([*row["_days"], dates.last])
    return Known(first, min([*row["_months"], first])), last


def _customers(money: Money, opening: DataFrame, known: Known) -> DataFrame:
    lake, dates, rules = money.lake, money.dates, money.lake.rules("aum")
    back = o_party.reach(dates, rules)
    stored = lake.read(PARTIES, DateRange(back, dates.last)).drop("party_bucket")
    past = stored.unionByName(o_party.explode_opening(opening, known, back), allowMissingColumns=True)
    wanted = money.memberships.select("party_id", "business_date")
    windows = _with_opening_salary(lake, o_party.derive_windows(wanted, past, rules, dates))
    flows = o_flow.summarise_directions(lake.read("profile.o_cashflow_daily", dates), rules)
    agreements = lake.read("silver.agreement")
    held = o_customer.summarise_holdings(
        lake.read("profile.o_account_daily", dates), lake.read("profile.o_holding_daily", dates), agreements
    )
    ever = current_belief(lake.read("silver.party_agreement")).where(F.col("role_code").isin(*HOLDS))
    since = o_customer.summarise_relations(ever, agreements, money.memberships)
    totals = o_customer.summarise_money(windows, money.memberships, known, rules)
    etc = read_listed(lake, money.memberships, dates, "etc", "has_etc")
    return o_customer.assemble_customer_daily(totals, flows, held, since, etc)


def _with_opening_salary(lake: Lake, windows: DataFrame) -> DataFrame:
    """The opening package names the day of the last salary before it; its months only say that there was one."""
    before = lake.read("silver.opening_customer").select(
        "party_id", F.col("last_salary_date").alias("_before")
    )
    joined = windows.join(before, "party_id", "left")
    return joined.withColumn("last_salary_date", F.greatest("last_salary_date", "_before")).drop("_before")


def _months(lake: Lake, opening: DataFrame, known: Known, last: date) -> DataFrame:
    """o_customer_monthly of all months there are."""
    seen = o_month.summarise_months(lake.read(PARTIES))
    tiers = lake.read("silver.opening_tier_month")
    every = current_belief(lake.read("identity.party_customer"))
    memberships = leave_out_erased(every, lake.read("identity.customer"))
    months = reduce(
        DataFrame.unionAll,
        [seen.select("month_date"), opening.select("month_date"), tiers.select("month_date")],
    )
    since = memberships.groupBy("customer_id").agg(F.min("valid_from").alias("_since"))
    links = link_months(memberships, months, str(last))
    return o_month.assemble_customer_months(seen, opening, tiers, links, since, known, last)


def _whole(lake: Lake, money: Money) -> DataFrame:
    """business_date, component_code, accounts_cny of every account and position, before any is shared."""
    accounts = money.shares.dropDuplicates(["agreement_id", "business_date"])
    kind, gross = F.col("agreement_kind_code"), F.col("gross_balance_cny")
    component = F.when(kind == "deposit", F.when(gross < 0, "loan").otherwise("deposit")).otherwise(kind)
    amount = F.when(kind == "deposit", F.abs(gross)).otherwise(F.greatest(gross, zero()))
    kinds = lake.rules("aum")["components"]
    named: Column = F.lit("wealth")
    for product, of in kinds.items():
        named = F.when(F.col("product_kind_code") == product, of).otherwise(named)
    frames = [
        accounts.select("business_date", component.alias("component_code"), amount.alias("accounts_cny")),
        money.positions.select("business_date", named.alias("component_code"), F.col("market_value_cny").alias("accounts_cny")),
        money.in_transit.select("business_date", F.lit("in_transit").alias("component_code"), F.col("in_transit_cny").alias("accounts_cny")),
    ]  # fmt: skip
    return reduce(DataFrame.unionByName, frames)
