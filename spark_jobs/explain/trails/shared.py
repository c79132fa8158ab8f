"""Rows that several trails rest on: the customer's parties, and the accounts those have a part in."""

from __future__ import annotations

from spark_jobs.explain.trail import Step

ON_DAY = "valid_from <= {day} and {day} < valid_to and cast(known_to as date) >= date '9999-01-01'"

MEMBERS = Step(
    "identity.party_customer", "parties that are this customer on the day, and why", "select * from parties"
)
PARTIES = Step(
    "silver.party_hist", "what each source says of its party",
    f"""select party_id, source_code, status_code, birth_date_quality_code, valid_from, _origin from silver.party_hist
        where party_id in (select party_id from parties) and {ON_DAY} order by party_id""",
)  # fmt: skip
ACCOUNTS = Step(
    "profile.o_account_daily", "the customer's share of each account, in CNY",
    """select agreement_id, product_kind_code, balance_cny, gross_balance_cny, is_in_aum from profile.o_account_daily
       where customer_id = {customer} and business_date = {day} order by agreement_id""",
)  # fmt: skip
AGREEMENTS = Step(
    "silver.agreement", "the agreements themselves",
    """select agreement_id, agreement_kind_code, product_code, opened_date, matures_date, status_code, _origin from silver.agreement
       where agreement_id in (select agreement_id from accounts) order by agreement_id""",
)  # fmt: skip


def balances(table: str, said: str) -> Step:
    """The customer's accounts in one of silver's tables of daily balances."""
    return Step(
        table, said,
        f"""select agreement_id, business_date, balance_amt, balance_ccy, is_carried, _origin from {table}
            where agreement_id in (select agreement_id from accounts) and business_date = {{day}} order by agreement_id""",
    )  # fmt: skip


DEPOSITS = balances("silver.deposit_daily", "balance of each deposit account at the end of the day")
