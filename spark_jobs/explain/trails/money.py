"""Trails of what the customer keeps, owes and moves: back to balances, positions, orders and entries."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.explain.trail import Step, Trail
from spark_jobs.explain.trails.shared import ACCOUNTS, AGREEMENTS, DEPOSITS, MEMBERS, ON_DAY, balances

_HELD = "role_code in ('holder', 'joint_holder')"

HOLDERS = Step(
    "silver.party_agreement", "who stands in which account",
    f"""select agreement_id, party_id, role_code, holder_rank, share_ratio, _origin from silver.party_agreement
        where agreement_id in (select agreement_id from accounts) and {_HELD} and {ON_DAY} order by agreement_id, holder_rank, party_id""",
)  # fmt: skip
LOANS = balances("silver.loan_daily", "what is owed on each loan receipt at the end of the day")
CARDS = balances("silver.card_daily", "what is owed on each card at the end of the day")
RATES = Step(
    "silver.fx_rate_daily", "rates of the accounts' other currencies",
    """select currency_code, rate_date, mid_rate, _origin from silver.fx_rate_daily
       where currency_code in (select balance_ccy from silver.deposit_daily
                               where agreement_id in (select agreement_id from accounts) and business_date = {day})
         and currency_code not in ({home}) and rate_date <= {day}
       qualify rate_date = max(rate_date) over (partition by currency_code) order by currency_code""",
)  # fmt: skip
POSITIONS = Step(
    "profile.o_holding_daily", "the customer's wealth positions, in CNY",
    """select agreement_id, product_kind_code, market_value_cny, is_nav_stale from profile.o_holding_daily
       where customer_id = {customer} and business_date = {day} order by agreement_id""",
)  # fmt: skip
HOLDINGS = Step(
    "silver.wealth_holding_daily", "each position as the wealth system values it",
    """select agreement_id, business_date, hold_units, nav, nav_date, market_value_amt, market_value_ccy, is_carried, _origin
       from silver.wealth_holding_daily where party_id in (select party_id from parties) and business_date = {day} order by agreement_id""",
)  # fmt: skip
WINDOW_BALANCES = Step(
    "silver.deposit_daily", "balances of the days in the window",
    """select agreement_id, business_date, balance_amt, balance_ccy, is_carried, _origin from silver.deposit_daily
       where agreement_id in (select agreement_id from accounts) and business_date between {day} - 29 and {day}
       order by agreement_id, business_date""",
)  # fmt: skip
WINDOW_HOLDINGS = Step(
    "silver.wealth_holding_daily", "positions of the days in the window",
    """select agreement_id, business_date, market_value_amt, market_value_ccy, is_carried, _origin from silver.wealth_holding_daily
       where party_id in (select party_id from parties) and business_date between {day} - 29 and {day}
       order by agreement_id, business_date""",
)  # fmt: skip
TRADES = Step(
    "silver.wealth_trade", "orders, some of which may be in transit",
    """select trade_id, agreement_id, kind_code, status_code, ordered_at, confirmed_date, settle_date, amount_amt, amount_ccy, _origin
       from silver.wealth_trade where party_id in (select party_id from parties) and business_date <= {day} order by trade_id""",
)  # fmt: skip


def _entries(days: int, which: str = "true") -> Step:
    since = f"between {{day}} - {days - 1} and {{day}}"
    return Step(
        "silver.transaction", "entries that count, reversals and what they take back left out",
        f"""select transaction_id, agreement_id, business_date, kind_code, amount_amt, amount_ccy, _origin from silver.transaction
            where agreement_id in (select agreement_id from accounts) and business_date {since} and ({which})
              and not is_reversal and not is_reversed order by business_date, transaction_id""",
    )  # fmt: skip


_ACCOUNT_SUM = "select sum({what}) from profile.o_account_daily where customer_id = {{customer}} and business_date = {{day}}"
_DEPOSIT_SUM = _ACCOUNT_SUM.format(what="greatest(balance_cny, 0)")
_LOAN_SUM = _ACCOUNT_SUM.format(
    what="case agreement_kind_code when 'loan' then greatest(balance_cny, 0) when 'deposit' then greatest(-balance_cny, 0) else 0 end"
)
_CARD_SUM = _ACCOUNT_SUM.format(what="greatest(balance_cny, 0)") + " and agreement_kind_code = 'card'"
_O, _PARTY = "spark_jobs.profile.o_customer", "spark_jobs.profile.o_party"
_MONEY_STEPS = (MEMBERS, ACCOUNTS, HOLDERS, DEPOSITS)


def _flow(kind: str, told: str) -> Trail:
    flows = Step(
        "profile.o_cashflow_daily", "how money moved on the day",
        """select flow_code, amount_cny, txn_cnt from profile.o_cashflow_daily
           where customer_id = {customer} and business_date = {day} and flow_code in ({flows}) order by flow_code""",
    )  # fmt: skip
    return Trail(
        "spark_jobs.profile.o_flow:summarise_directions", told, (MEMBERS, flows, ACCOUNTS, _entries(1)), rules={"aum": ("flow_of", kind)},
        lists={"flows": ("aum", kind)},
        total="select sum(amount_cny) from profile.o_cashflow_daily where customer_id = {customer} and business_date = {day} and flow_code in ({flows})",
    )  # fmt: skip


def _position(told: str) -> Trail:
    return Trail(
        f"{_PARTY}:summarise_party_positions",
        told,
        (MEMBERS, POSITIONS, HOLDINGS),
        rules={"aum": ("components",)},
    )


_SALARY = Trail(
    f"{_O}:summarise_money", "Entries of kind salary, or that say so, on the customer's accounts within the window that ends on the day.",
    (MEMBERS, ACCOUNTS, _entries(30, "kind_code = 'salary' or (summary_code = 'salary' and direction_code = 'credit')")),
    rules={"aum": ("salary_days",)},
)  # fmt: skip
_OPENED = Trail(
    f"{_O}:summarise_relations", "The day the oldest of the customer's agreements was opened.", (MEMBERS, ACCOUNTS, AGREEMENTS)
)  # fmt: skip

MONEY: Mapping[str, Trail] = {
    "aum_cny": Trail(
        f"{_O}:summarise_money",
        "What the customer keeps with the bank at the end of the day: shares of deposits that are not negative, positions, and what is in transit, in CNY.",
        (*_MONEY_STEPS, RATES, POSITIONS, HOLDINGS, TRADES), rules={"aum": ("home_currency",)}, lists={"home": ("aum", "home_currency")},
        total=f"""select coalesce(({_DEPOSIT_SUM} and is_in_aum), 0) + coalesce((select sum(market_value_cny) from profile.o_holding_daily
                  where customer_id = {{customer}} and business_date = {{day}}), 0) + coalesce((select sum(in_transit_cny)
                  from profile._o_party_daily where party_id in (select party_id from parties) and business_date = {{day}}), 0)""",
    ),
    "deposit_cny": Trail(
        f"{_PARTY}:summarise_party_accounts", "Shares of the customer's deposit accounts; a negative balance counts 0 and is a loan.",
        (*_MONEY_STEPS, RATES), rules={"aum": ("home_currency",)}, lists={"home": ("aum", "home_currency")}, total=f"{_DEPOSIT_SUM} and is_in_aum",
    ),
    "wealth_cny": _position("Market value of positions that are neither funds nor insurance."),
    "fund_cny": _position("Market value of funds."),
    "insurance_cny": _position("Cash value of insurance."),
    "in_transit_cny": Trail(
        "spark_jobs.profile.o_position:summarise_in_transit", "Subscriptions not yet in the holdings, redemptions not yet on the account.",
        (MEMBERS, TRADES), rules={"aum": ("version",)},
    ),
    "loan_cny": Trail(
        f"{_PARTY}:summarise_party_accounts", "What is owed: loan receipts and the negative part of deposits.",
        (MEMBERS, ACCOUNTS, HOLDERS, LOANS, DEPOSITS), rules={"aum": ("version",)}, total=_LOAN_SUM,
    ),
    "card_cny": Trail(
        f"{_PARTY}:summarise_party_accounts", "What is owed on cards; an overpaid card counts 0.",
        (MEMBERS, ACCOUNTS, HOLDERS, CARDS), rules={"aum": ("version",)}, total=_CARD_SUM,
    ),
    "aum_30_avg_cny": Trail(
        f"{_O}:summarise_money", "Mean of the daily AUM of the customer's parties over the window; days before anything was known are left out.",
        (MEMBERS, ACCOUNTS, WINDOW_BALANCES, WINDOW_HOLDINGS), rules={"aum": ("average_days",)},
    ),
    "outflow_cny": _flow("outflow", "What left the customer on the day, by the flows that the rules call outflow."),
    "inflow_cny": _flow("inflow", "What came to the customer on the day, by the flows that the rules call inflow."),
    "salary_30_cny": _SALARY,
    "last_salary_date": _SALARY,
    "product_cnt": Trail(f"{_O}:summarise_holdings", "Agreements the customer holds.", (MEMBERS, ACCOUNTS, AGREEMENTS)),
    "next_matures_date": Trail(f"{_O}:summarise_holdings", "The next day on which one of them matures.", (MEMBERS, ACCOUNTS, AGREEMENTS)),
    "relationship_date": _OPENED,
    "tenure_days": _OPENED,
}  # fmt: skip
