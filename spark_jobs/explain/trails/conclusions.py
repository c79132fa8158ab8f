"""Trails of what is concluded of the customer: tier, stage, segments, score, risk, consent, contacts."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.explain.trail import Step, Trail
from spark_jobs.explain.trails.shared import ACCOUNTS, AGREEMENTS, DEPOSITS, MEMBERS, ON_DAY, PARTIES

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
                from profile.a_tier_hist where customer_id = {{customer}} and {ON_DAY}""",
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
                from profile.a_lifecycle_hist where customer_id = {{customer}} and {ON_DAY}""",
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
                where customer_id = {{customer}} and {ON_DAY} order by segment_code""",
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
                    from profile.a_consent_hist where customer_id = {{customer}} and purpose_code = '{purposes}' and {ON_DAY}
                    order by data_class_code, channel_code""",
            ),
            MEMBERS,
            Step(
                "silver.consent_hist", "what each party said",
                f"""select party_id, purpose_code, data_class_code, channel_code, state_code, version_no, captured_at, expires_at, _origin
                    from silver.consent_hist where party_id in (select party_id from parties) and purpose_code = '{purposes}' and {ON_DAY}
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
