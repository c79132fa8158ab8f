"""The trails of the one view's columns. A column without one is walked to the layer that brings it, and the answer says so.

A new column of a layer needs a line here to be walked to the files; `tests/unit/explain` holds every step against the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.explain.trail import Step, Trail

_ON_DAY = "valid_from <= {day} and {day} < valid_to and cast(known_to as date) >= date '9999-01-01'"
_HELD = "role_code in ('holder', 'joint_holder')"

MEMBERS = Step(
    "identity.party_customer", "parties that are this customer on the day, and why", "select * from parties"
)
PARTIES = Step(
    "silver.party_hist", "what each source says of its party",
    f"""select party_id, source_code, status_code, birth_date_quality_code, valid_from, _origin from silver.party_hist
        where party_id in (select party_id from parties) and {_ON_DAY} order by party_id""",
)  # fmt: skip

# --- money ------------------------------------------------------------------------------------------------------

ACCOUNTS = Step(
    "profile.o_account_daily", "the customer's share of each account, in CNY",
    """select agreement_id, product_kind_code, balance_cny, gross_balance_cny, is_in_aum from profile.o_account_daily
       where customer_id = {customer} and business_date = {day} order by agreement_id""",
)  # fmt: skip
HOLDERS = Step(
    "silver.party_agreement", "who stands in which account",
    f"""select agreement_id, party_id, role_code, holder_rank, share_ratio, _origin from silver.party_agreement
        where agreement_id in (select agreement_id from accounts) and {_HELD} and {_ON_DAY} order by agreement_id, holder_rank, party_id""",
)  # fmt: skip


def _balances(table: str, said: str) -> Step:
    return Step(
        table, said,
        f"""select agreement_id, business_date, balance_amt, balance_ccy, is_carried, _origin from {table}
            where agreement_id in (select agreement_id from accounts) and business_date = {{day}} order by agreement_id""",
    )  # fmt: skip


DEPOSITS = _balances("silver.deposit_daily", "balance of each deposit account at the end of the day")
LOANS = _balances("silver.loan_daily", "what is owed on each loan receipt at the end of the day")
CARDS = _balances("silver.card_daily", "what is owed on each card at the end of the day")
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
AGREEMENTS = Step(
    "silver.agreement", "the agreements themselves",
    """select agreement_id, agreement_kind_code, product_code, opened_date, matures_date, status_code, _origin from silver.agreement
       where agreement_id in (select agreement_id from accounts) order by agreement_id""",
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


_DEPOSIT_SUM = "select sum(greatest(balance_cny, 0)) from profile.o_account_daily where customer_id = {customer} and business_date = {day}"
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
        (MEMBERS, ACCOUNTS, HOLDERS, LOANS, DEPOSITS), rules={"aum": ("version",)},
    ),
    "card_cny": Trail(
        f"{_PARTY}:summarise_party_accounts", "What is owed on cards; an overpaid card counts 0.",
        (MEMBERS, ACCOUNTS, HOLDERS, CARDS), rules={"aum": ("version",)},
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

# --- who --------------------------------------------------------------------------------------------------------


def _golden(element: str) -> tuple[Step, ...]:
    chosen = f"""select unnest(provenance, recursive := true) from identity.golden_hist
                 where customer_id = {{customer}} and {_ON_DAY}"""
    winner = f"with won as ({chosen}) select party_id, source_code from won where element_code = '{element}'"
    return (
        MEMBERS,
        Step("identity.golden_hist", "the party whose word won, by quality, order of sources and newness", winner),
        Step(
            "silver.party_hist", "what that party's source delivered",
            f"""with won as ({chosen}) select p.party_id, p.source_code, p.birth_date_quality_code, p.valid_from, p._origin
                from silver.party_hist p join won on p.party_id = won.party_id and won.element_code = '{element}'
                where p.{_ON_DAY.replace(" and valid", " and p.valid").replace("< valid", "< p.valid")}""",
        ),
    )  # fmt: skip


def _who(element: str, told: str) -> Trail:
    return Trail(
        "spark_jobs.identity.golden:assemble_golden",
        told,
        _golden(element),
        rules={"identity": ("survivorship",)},
    )


_COUNTED = Trail(
    "spark_jobs.profile.customer:summarise_parties",
    "Counted over the parties that are this customer on the day.",
    (MEMBERS, PARTIES),
)
WHO: Mapping[str, Trail] = {
    "sex_code": _who("sex_code", "The best-founded sex that any party of the customer states; unknown never wins."),
    "age_years": _who("birth_date", "Full years from the golden birth date to the day."),
    "age_band_code": _who("birth_date", "Band of the age in full years."),
    "is_minor": _who("birth_date", "Younger than 18 on the day; without a birth date nobody is taken for a minor."),
    "is_deceased": Trail("spark_jobs.profile.a_person:describe_people", "True where any party's source says so.", (MEMBERS, PARTIES)),
    "party_cnt": _COUNTED,
    "source_cnt": _COUNTED,
}  # fmt: skip

# --- conclusions ------------------------------------------------------------------------------------------------

MONTHS = Step(
    "profile.o_customer_monthly", "monthly averages the machine has seen",
    """select month_date, aum_mavg_cny, day_cnt, is_complete_month, is_from_opening, max_overdue_days, salary_cny
       from profile.o_customer_monthly where customer_id = {customer} and month_date <= {day} order by month_date""",
)  # fmt: skip
OPENING_MONTHS = Step(
    "silver.opening_customer_month", "months before the first date, from the opening package",
    """select party_id, month_date, mavg_deposit_cny, day_cnt, max_overdue_days, _origin from silver.opening_customer_month
       where party_id in (select party_id from parties) order by party_id, month_date""",
)  # fmt: skip
FACTS = Step(
    "profile.o_customer_daily", "money of the day",
    """select aum_cny, aum_30_avg_cny, salary_30_cny, last_salary_date, relationship_date from profile.o_customer_daily
       where customer_id = {customer} and business_date = {day}""",
)  # fmt: skip
SEEN = Step(
    "profile.b_customer_daily", "when the customer was last seen",
    """select last_login_date, last_active_date, inactive_days from profile.b_customer_daily
       where customer_id = {customer} and business_date = {day}""",
)  # fmt: skip
_A = "spark_jobs.profile.a_customer"
_TIER = Trail(
    "spark_jobs.profile.tier:fold_tiers",
    "The monthly average of the closed month against the thresholds, with protection and watch.",
    (
        Step(
            "profile.a_tier_hist", "what was concluded, since when and why",
            f"""select tier_code, tier_state_code, reason_code, basis_cny, watch_month_no, below_month_cnt, protected_until_date, valid_from
                from profile.a_tier_hist where customer_id = {{customer}} and {_ON_DAY}""",
        ),
        MONTHS, MEMBERS, OPENING_MONTHS, DEPOSITS,
    ),
    rules={"tier": ("hnw_min_exclusive", "affluent_min", "protection_months", "watch_months")},
)  # fmt: skip
_STAGE = Trail(
    "spark_jobs.profile.lifecycle:Lifecycle",
    "A state machine over the customer's days: age of the relation, kinds of products, falls of the average, activity.",
    (
        Step(
            "profile.a_lifecycle_hist", "stage and group, what moved the customer there and when",
            f"""select stage_code, group_code, reason_code, cause_code, base_cny, previous_stage_code, entered_date, valid_from
                from profile.a_lifecycle_hist where customer_id = {{customer}} and {_ON_DAY}""",
        ),
        FACTS, SEEN, MEMBERS, ACCOUNTS, AGREEMENTS, DEPOSITS,
    ),
    rules={"lifecycle": ("new_days", "mature_days", "asleep_days", "loss_share", "gone_share", "senior_age", "value_avg30")},
)  # fmt: skip
_SEGMENTS = Trail(
    "spark_jobs.profile.segment:Segments", "Each segment's entry and exit; the numbers that matched are stored with the membership.",
    (
        Step(
            "profile.a_segment_member_hist", "memberships and the numbers that matched",
            f"""select segment_code, why, valid_from from profile.a_segment_member_hist
                where customer_id = {{customer}} and {_ON_DAY} order by segment_code""",
        ),
        FACTS, MEMBERS, ACCOUNTS, AGREEMENTS, DEPOSITS,
    ),
    rules={"segment": ("segments",)},
)  # fmt: skip
_CHURN = Trail(
    "spark_jobs.profile.a_score:assemble_scores", "The newest score at or before the day; band N says why there is none.",
    (
        Step(
            "profile.a_model_score", "the score, or the reasons against one",
            """select model_code, as_of_date, score_ratio, band_code, reason_codes, model_version, support_days from profile.a_model_score
               where customer_id = {customer} and as_of_date <= {day} order by as_of_date desc limit 1""",
        ),
        FACTS,
    ),
    rules={"churn": ("bands", "reference_min", "min_support_days", "min_tenure_days")},
    ends="a score stands for many rows at once: the walk ends at its reasons and at the money of the day",
)  # fmt: skip
_RISK = Trail(
    "spark_jobs.profile.a_person:derive_risk", "The newest assessment of the customer's parties; of one day the more careful grade.",
    (
        MEMBERS,
        Step(
            "silver.party_risk_assessment", "assessments up to the day, newest first",
            """select party_id, source_code, assessed_date, risk_grade_code, expire_date, _origin from silver.party_risk_assessment
               where party_id in (select party_id from parties) and assessed_date <= {day} order by assessed_date desc, risk_grade_code""",
        ),
    ),
)  # fmt: skip


def _consent(purposes: str, told: str) -> Trail:
    return Trail(
        f"{_A}:assemble_customer_daily", told,
        (
            Step(
                "profile.a_consent_hist", "what the customer's parties together allow",
                f"""select purpose_code, data_class_code, channel_code, state_code, source_party_cnt, basis_code, valid_from
                    from profile.a_consent_hist where customer_id = {{customer}} and purpose_code = '{purposes}' and {_ON_DAY}
                    order by data_class_code, channel_code""",
            ),
            MEMBERS,
            Step(
                "silver.consent_hist", "what each party said",
                f"""select party_id, purpose_code, data_class_code, channel_code, state_code, version_no, captured_at, expires_at, _origin
                    from silver.consent_hist where party_id in (select party_id from parties) and purpose_code = '{purposes}' and {_ON_DAY}
                    order by party_id, data_class_code, channel_code""",
            ),
            PARTIES,
        ),
        rules={"consent": ("matrix", "purpose_of")},
    )  # fmt: skip


def _contacts(purpose: str, days: int) -> Trail:
    within = f"between {{day}} - {days - 1} and {{day}}"
    return Trail(
        "spark_jobs.profile.a_person:count_contacts", f"Outbound contacts for {purpose} in the last {days} days.",
        (
            MEMBERS,
            Step(
                "profile.b_contact", "contacts that count",
                f"""select contact_id, business_date, party_id, channel_code, purpose_code, occurred_at from profile.b_contact
                    where party_id in (select party_id from parties) and direction_code = 'outbound' and purpose_code = '{purpose}'
                      and business_date {within} order by business_date, contact_id""",
            ),
            Step(
                "silver.message", "the messages among them",
                f"""select message_id, party_id, channel_code, purpose_code, sent_at, _origin from silver.message
                    where party_id in (select party_id from parties) and purpose_code = '{purpose}' and business_date {within}
                    order by message_id""",
            ),
            Step(
                "silver.crm_contact", "what managers logged",
                f"""select business_date, party_id, channel_code, purpose_code, occurred_at, _origin from silver.crm_contact
                    where party_id in (select party_id from parties) and purpose_code = '{purpose}' and business_date {within}
                    order by business_date, occurred_at""",
            ),
        ),
    )  # fmt: skip


CONCLUSIONS: Mapping[str, Trail] = {
    "tier_code": _TIER, "tier_state_code": _TIER, "stage_code": _STAGE, "group_code": _STAGE, "segment_codes": _SEGMENTS,
    "churn_ratio": _CHURN, "churn_band_code": _CHURN, "risk_grade_code": _RISK, "is_risk_expired": _RISK,
    "can_sell": _consent("recommendation", "Consent to recommendation, of age, alive, and no complaint open."),
    "can_care": _consent("care", "Consent to care, and alive."),
    "can_research": _consent("research", "Consent to research, of age and alive."),
    "sale_7_cnt": _contacts("sale", 7), "sale_30_cnt": _contacts("sale", 30), "care_90_cnt": _contacts("care", 90),
}  # fmt: skip

# --- behaviour --------------------------------------------------------------------------------------------------

_B = "spark_jobs.profile.b_customer"


def _behaviour(told: str, days: int, which: str) -> Trail:
    within = f"party_id in (select party_id from parties) and business_date between {{day}} - {days - 1} and {{day}} and ({which})"
    found = f"(select event_id from profile.b_event where {within})"

    def of(table: str, key: str, said: str, columns: str) -> Step:
        return Step(
            table,
            said,
            f"select {key}, business_date, {columns}, _origin from {table} where {key} in {found} order by business_date, {key}",
        )

    return Trail(
        f"{_B}:summarise_behaviour", told,
        (
            MEMBERS,
            Step(
                "profile.b_event", "events that count",
                f"""select event_id, business_date, party_id, source_code, kind_code, channel_code, result_code, search_topic_code
                    from profile.b_event where {within} order by business_date, event_id""",
            ),
            of("silver.digital_event", "event_id", "noticed by the digital channels", "kind_code, page_code, result_code"),
            of("silver.call", "call_id", "noticed by the contact centre", "started_at"),
            of("silver.transaction", "transaction_id", "entries the customer started", "kind_code, channel_code"),
            of("silver.card_transaction", "card_transaction_id", "card purchases", "posted_date"),
        ),
        rules={"behaviour": ("version",)},
    )  # fmt: skip


_LOGIN = "kind_code = 'login' and coalesce(result_code, 'ok') = 'ok'"
_ACTION = "kind_code <> 'contact'"
BEHAVIOUR: Mapping[str, Trail] = {
    "login_1_cnt": _behaviour("Logins that succeeded on the day.", 1, _LOGIN),
    "login_30_cnt": _behaviour("Logins that succeeded in the last 30 days.", 30, _LOGIN),
    "last_login_date": _behaviour("The newest login; before the first date the opening package knows.", 365, _LOGIN),
    "since_login_days": _behaviour("Days since the newest login.", 365, _LOGIN),
    "session_30_cnt": _behaviour("Sessions of the last 30 days, each on the day it began.", 30, "session_no_mbank is not null"),
    "transfer_fail_7_cnt": _behaviour("Transfers that failed in the last 7 days.", 7, "kind_code = 'transfer_fail'"),
    "search_repay_7_cnt": _behaviour("Searches for early repayment in the last 7 days.", 7, "kind_code = 'search' and search_topic_code = 'early_repayment'"),
    "visit_90_cnt": _behaviour("Days with a visit or an entry at the counter in the last 90 days.", 90, "kind_code = 'visit' or (kind_code = 'transaction' and channel_code = 'counter')"),
    "call_30_cnt": _behaviour("Calls of the last 30 days.", 30, "kind_code = 'call'"),
    "active_days_30_cnt": _behaviour("Days of the last 30 on which the customer did anything.", 30, _ACTION),
    "last_active_date": _behaviour("The newest day on which the customer did anything.", 365, _ACTION),
    "inactive_days": _behaviour("Days since the customer last did anything.", 365, _ACTION),
    "digital_share_ratio": _behaviour("Digital entries over digital and served ones, of the last 30 days.", 30, "kind_code = 'transaction'"),
}  # fmt: skip

TRAILS: Mapping[str, Trail] = {**MONEY, **WHO, **CONCLUSIONS, **BEHAVIOUR}
