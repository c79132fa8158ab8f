"""A: what the bank concludes of its customers: consent, tiers, lifecycle, segments, risk, preference, score; then one row a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief, explode_days
from spark_jobs.identity.registers import leave_out_erased
from spark_jobs.jobs import churn
from spark_jobs.profile import a_consent, a_customer, a_person, a_score
from spark_jobs.profile.conclude import RuleBook
from spark_jobs.profile.consent import check_uses, uses_of_segments
from spark_jobs.profile.members import UNASSIGNED, explode_memberships
from spark_jobs.profile.windows import KEY
from spark_jobs.tables import Lake


@dataclass
class Known:
    """What several conclusions read of the customers of these dates; built once, when first asked for."""

    lake: Lake
    dates: DateRange

    @cached_property
    def zone(self) -> str:
        return str(self.lake.rules("calendar")["zone"])

    @cached_property
    def memberships(self) -> DataFrame:
        return explode_memberships(
            self.lake.read("identity.party_customer"), self.lake.read("identity.customer"), self.dates
        ).localCheckpoint()

    @cached_property
    def people(self) -> DataFrame:
        return a_person.describe_people(
            self.memberships, explode_days(self.lake.read("silver.party_hist"), self.dates),
            explode_days(self.lake.read("identity.golden_hist"), self.dates),
        ).localCheckpoint()  # fmt: skip

    @cached_property
    def risk(self) -> DataFrame:
        return a_person.derive_risk(self.lake.read("silver.party_risk_assessment"), self.memberships)

    @cached_property
    def consents(self) -> DataFrame:
        days = explode_days(self.lake.read("profile.a_consent_hist"), self.dates)
        return a_consent.summarise_consents(days).localCheckpoint()

    @cached_property
    def complaints(self) -> DataFrame:
        """Open complaints, and whether there is one to respect."""
        said = self.lake.read("profile.x_customer_daily", self.dates)
        return said.select(*KEY, "complaint_open_cnt", "has_complaint")

    @cached_property
    def answers(self) -> DataFrame:
        """The newest answer to the NPS question."""
        return self.lake.read("profile.x_customer_daily", self.dates).select(*KEY, "nps_last_score")

    @cached_property
    def service(self) -> DataFrame:
        """How often the service level was missed."""
        return self.lake.read("profile.s_customer_daily", self.dates).select(*KEY, "sla_breach_30_cnt")

    @cached_property
    def contacts(self) -> DataFrame:
        made = self.lake.read("profile.b_contact", self.dates.back(a_person.LONGEST - 1))
        return a_person.count_contacts(made, self.memberships, self.dates)

    @cached_property
    def opt_outs(self) -> DataFrame:
        numbers = explode_days(self.lake.read("silver.party_contact"), self.dates)
        return a_person.list_opt_outs(
            self.lake.read("silver.contact_opt_out"), numbers, self.memberships, self.zone
        )

    def history(self, table: str) -> DataFrame:
        """A history by day of these dates."""
        return explode_days(self.lake.read(table), self.dates)


def run(lake: Lake, dates: DateRange) -> None:
    """Publish consents, then histories over all dates there are, then the tables that rest on both."""
    check_uses(lake.rules("consent"), uses_of_segments(lake.rules("segment")))
    _publish_consents(lake)
    every = _all_dates(lake, dates)
    _publish_histories(lake, Known(lake, every))
    known = Known(lake, dates)
    newest = Known(lake, DateRange.day(every.last))
    lake.publish_all(
        {
            "profile.a_risk_profile": newest.risk.drop("business_date"),
            "profile.a_contact_preference": _preferences(newest),
            "profile.a_model_score": _scores(known, every.first),
        },
        dates,
    )
    lake.publish(
        "profile.a_customer_daily",
        a_customer.assemble_customer_daily(
            known.people, known.history("profile.a_tier_hist").select(*KEY, "tier_code", "tier_state_code"),
            known.history("profile.a_lifecycle_hist").select(*KEY, "stage_code", "group_code"),
            known.history("profile.a_segment_member_hist"),
            lake.read("profile.a_model_score").where(F.col("as_of_date") <= F.lit(dates.last)), known.risk, known.consents,
            known.complaints, known.contacts,
        ),
        dates,
    )  # fmt: skip


def _all_dates(lake: Lake, dates: DateRange) -> DateRange:
    """Every business date that has customers' money, the run's included."""
    # Not as minimum and maximum: Delta answers those of whole tables itself and fails on dates.
    seen = (
        lake.read("profile.o_customer_daily")
        .agg(F.collect_set("business_date").alias("days"))
        .collect()[0]["days"]
    )
    return DateRange(min([*seen, dates.first]), max([*seen, dates.last]))


def _publish_consents(lake: Lake) -> None:
    every = current_belief(lake.read("identity.party_customer"))
    memberships = leave_out_erased(every, lake.read("identity.customer"))
    belief = a_consent.merge_consents(current_belief(lake.read("silver.consent_hist")), memberships)
    lake.publish("profile.a_consent_hist", belief)


def _publish_histories(lake: Lake, known: Known) -> None:
    """Fold each customer over all dates: what is concluded today depends on all days before."""
    money = lake.read("profile.o_customer_daily")
    behaviour = lake.read("profile.b_customer_daily")
    deposits = lake.read("profile.o_account_daily").where("is_in_aum and matures_date > business_date")
    holders = (
        lake.read("profile.o_holding_daily")
        .select(*KEY)
        .unionByName(deposits.select(*KEY))
        .where(F.col("customer_id") != UNASSIGNED)
    )
    given: dict[str, Any] = {name: lake.rules(name) for name in ("tier", "lifecycle", "segment")}
    sticky = a_person.derive_stickiness(money, behaviour, holders, given["lifecycle"])
    days = a_customer.assemble_days(
        known.people,
        known.people,
        money,
        behaviour,
        sticky,
        known.complaints,
        known.answers,
        known.service,
        known.consents,
    ).localCheckpoint()
    book = RuleBook.of(given, known.dates.last)
    concluded = a_customer.fold(days, lake.read("profile.o_customer_monthly"), book).localCheckpoint()
    lake.publish_all(
        {
            "profile.a_tier_hist": a_customer.tiers_of(concluded),
            "profile.a_lifecycle_hist": a_customer.stages_of(concluded),
            "profile.a_segment_member_hist": a_customer.segments_of(concluded),
        },
        known.dates,
    )


def _preferences(newest: Known) -> DataFrame:
    """Only opt-outs are known: no source states what people prefer."""
    unsaid = (
        "preferred_channel_code", "is_human_preferred", "is_elder_mode", "quiet_from", "quiet_to", "do_not_disturb_until",
        "language_code",
    )  # fmt: skip
    wide = newest.people.select(*KEY).join(newest.opt_outs, KEY, "left")
    return wide.select(
        "customer_id", *[F.lit(None).alias(c) for c in unsaid],
        F.coalesce("opted_out_codes", F.array().cast("array<string>")).alias("opted_out_codes"),
    )  # fmt: skip


def _scores(known: Known, first: date) -> DataFrame:
    """a_model_score of these dates; first: oldest business date of the lake."""
    lake, dates = known.lake, known.dates
    rules = lake.rules("churn")
    is_refresh = F.weekday("business_date") == int(rules["refresh_weekday"])
    days = known.memberships.where(is_refresh)
    money = lake.read("profile.o_customer_daily", dates)
    customers = known.people.where(is_refresh).join(
        money.select(*KEY, "aum_30_avg_cny", "relationship_date"), KEY, "left"
    )
    support = a_score.count_support(days, days, lake.read("identity.party_customer"), first)
    exclusions = a_score.list_exclusions(customers, support, known.history("profile.a_lifecycle_hist"), rules)
    return a_score.assemble_scores(exclusions, churn.score(lake, dates))
