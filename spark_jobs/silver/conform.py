"""Which function makes which silver table, as data: independent tables first, then those that read other silver tables.

A new table of a plain kind (history, newest row, event, daily snapshot) needs a line here and a contract; a new feed needs neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.certificates import declared_kinds
from spark_jobs.contracts.model import HISTORY_COLUMNS
from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief
from spark_jobs.silver import agreement, happening, party, reference
from spark_jobs.silver.feeds import Feeds
from spark_jobs.silver.folds import carry_forward, fold_history, keep_first, keep_newest
from spark_jobs.silver.mapping import table_of
from spark_jobs.silver.repeats import Told
from spark_jobs.tables import Lake


@dataclass(frozen=True)
class Work:
    """What the makers of a run share."""

    lake: Lake
    feeds: Feeds
    dates: DateRange

    def history(self, entity: str) -> DataFrame:
        """Plain history: versions per key."""
        contract = self.lake.contracts.table(table_of(entity))
        payload = [c for c in contract.columns if c not in (*contract.key, *HISTORY_COLUMNS)]
        return fold_history(self.feeds.rows(entity, told=Told.FIRST), list(contract.key), payload)

    def newest(self, entity: str) -> DataFrame:
        """Plain current state: the newest row per key, deleted ones left out."""
        contract = self.lake.contracts.table(table_of(entity))
        rows = keep_newest(self.feeds.rows(entity, told=Told.LAST), list(contract.key))
        return rows.where(~F.col("_gone")).withColumn("business_date", F.col("_day"))

    def first(self, entity: str) -> DataFrame:
        """Plain events of the range: each counts on the day that first brought it."""
        contract = self.lake.contracts.table(table_of(entity))
        key = [c for c in contract.key if c != "business_date"]
        since = self.dates.first - timedelta(days=happening.REPEAT_DAYS)
        return keep_first(self.feeds.rows(entity, since), key, self.dates, happening.REPEAT_DAYS)

    def daily(self, entity: str) -> DataFrame:
        """Plain daily snapshots of the range, carried forward where the feed's contract allows it."""
        contract = self.lake.contracts.table(table_of(entity))
        key = [c for c in contract.key if c != "business_date"]
        frames = []
        for feed, each in self.feeds.maps(entity):
            source = feed.source.delivery
            before = [d for d in feed.delivered if d < self.dates.first]
            since = before[-1] if source.carry_forward and before else self.dates.first
            delivered = [d for d in feed.delivered if d >= since]
            rows = self.feeds.of_map(feed, each, since)
            snapshot = carry_forward(rows, key, self.dates, delivered)
            frames.append(snapshot if source.carry_forward else snapshot.where(~F.col("is_carried")))
        if not frames:
            nothing = self.feeds.rows(entity)
            return nothing.withColumn("business_date", F.col("_day")).withColumn("is_carried", F.lit(False))
        return reduce(DataFrame.unionByName, frames)


def _home(work: Work) -> str:
    return str(work.lake.rules("aum")["home_currency"])


def _contacts(work: Work) -> DataFrame:
    return party.fold_contacts(
        work.feeds.rows("party_contact", told=Told.FIRST), work.lake.token, work.feeds.phone_region
    )


def _consent(work: Work) -> DataFrame:
    rows = work.feeds.rows("consent")
    return party.fold_consent(rows, work.lake.run.known_at, work.lake.settings.cut_off)


def _navs(work: Work) -> DataFrame:
    return agreement.fold_navs(work.feeds.rows("product_nav_daily"))


def _applications(work: Work) -> DataFrame:
    """Steps of the range; the application's first step may lie before it."""
    every = work.feeds.rows("loan_application")
    begun = every.groupBy("application_id").agg(F.min("step_at").alias("_begun"))
    steps = keep_first(every, ["application_id", "step_code"], work.dates, happening.REPEAT_DAYS)
    return steps.join(begun, "application_id", "left").withColumn(
        "applied_at", F.coalesce("applied_at", "_begun")
    )


def _digital(work: Work) -> DataFrame:
    topics, points = work.lake.codes("search_topic"), work.lake.codes("touchpoint")
    return happening.derive_touchpoints(work.first("digital_event"), topics, points)


def _responses(work: Work) -> DataFrame:
    """All responses are looked at, so that a second answer is known as one; those of the range are written."""
    every = work.feeds.rows("survey_response")
    invitations = keep_newest(work.feeds.rows("survey_invitation"), ["invitation_id"])
    judged = happening.derive_duplicates(every, invitations)
    return keep_first(judged, ["response_id"], work.dates, happening.REPEAT_DAYS)


def _staff(work: Work) -> DataFrame:
    newest = keep_newest(work.feeds.rows("staff", told=Told.LAST), ["staff_id"])
    gone = F.col("_gone_date").isNotNull()
    return newest.withColumn("is_active", F.when(gone, False).otherwise(F.coalesce("is_active", F.lit(True))))


def _party_relation(work: Work) -> DataFrame:
    lake = work.lake
    holders = current_belief(lake.read("silver.party_agreement", provenance=True)).drop(
        "_run_id", "_rules_version"
    )
    systems = lake.read("silver.agreement").select(
        "agreement_id", F.col("source_code").alias("declared_by_code")
    )
    declared = work.history("party_relation")
    return party.derive_relations(declared, holders.join(systems, "agreement_id", "left"))


def _party(work: Work) -> DataFrame:
    history = current_belief(work.lake.read("silver.party_hist", provenance=True)).drop(
        "_run_id", "_rules_version"
    )
    return party.conform_parties(history, work.dates)


def _holdings(work: Work) -> DataFrame:
    lake = work.lake
    return agreement.derive_nav_date(
        work.daily("wealth_holding_daily"),
        lake.read("silver.product_nav_daily"),
        current_belief(lake.read("silver.product_hist")),
        lake.read("silver.calendar"),
        _home(work),
    )


def _messages(work: Work) -> DataFrame:
    lake = work.lake
    campaigns = lake.read("silver.campaign").select("campaign_code", F.col("purpose_code").alias("_purpose"))
    messages = happening.assemble_messages(
        work.feeds.rows("message"),
        lake.read("silver.contact_opt_out"),
        current_belief(lake.read("silver.party_contact")),
        lake.token,
        work.feeds.phone_region,
    )
    return messages.join(campaigns, "campaign_code", "left").withColumn(
        "purpose_code", F.coalesce("purpose_code", "_purpose")
    )


def _incidents(work: Work) -> DataFrame:
    points = work.lake.codes("touchpoint")
    page = happening.touchpoint_of_page(F.col("page_code"), points)
    return work.newest("incident").withColumn("touchpoint_code", F.coalesce("touchpoint_code", page))


def _opening(entity: str) -> Callable[[Work], DataFrame]:
    return lambda work: work.newest(entity)


Maker = Callable[[Work], DataFrame]

# Tables that read bronze only.
FIRST: dict[str, Maker] = {
    "silver.party_hist": lambda w: party.fold_parties(
        w.feeds.rows("party", told=Told.FIRST), reference.own_cities(w.feeds.rows("region", told=Told.LAST))
    ),
    "silver.party_identifier": lambda w: party.fold_identifiers(
        w.feeds.rows("party_identifier", told=Told.FIRST),
        w.lake.token,
        declared_kinds(w.lake.codes("cert_kind")),
    ),
    "silver.party_contact": _contacts,
    "silver.person_list": lambda w: party.fold_lists(
        w.feeds.rows("person_list", told=Told.FIRST), w.lake.token, declared_kinds(w.lake.codes("cert_kind"))
    ),
    "silver.party_agreement": lambda w: w.history("party_agreement"),
    "silver.product_hist": lambda w: w.history("product"),
    "silver.org_hist": lambda w: w.history("org"),
    "silver.consent_hist": _consent,
    "silver.customer_manager_hist": lambda w: reference.fold_managers(
        w.feeds.rows("customer_manager", told=Told.FIRST)
    ),
    "silver.digital_event": _digital,
    "silver.deposit_daily": lambda w: agreement.derive_overdraft(w.daily("deposit_daily")),
    "silver.loan_daily": lambda w: w.daily("loan_daily"),
    "silver.card_daily": lambda w: w.daily("card_daily"),
    "silver.agreement": lambda w: agreement.conform_agreements(w.feeds.rows("agreement", told=Told.LAST)),
    "silver.card_transaction": lambda w: w.first("card_transaction"),
    "silver.loan_repayment": lambda w: w.first("loan_repayment"),
    "silver.loan_application": _applications,
    "silver.wealth_trade": lambda w: w.newest("wealth_trade"),
    "silver.call": lambda w: happening.derive_caller(w.first("call"), w.lake.token, w.feeds.phone_region),
    "silver.complaint": lambda w: happening.fold_complaints(w.feeds.rows("complaint")),
    "silver.complaint_event": lambda w: w.first("complaint_event"),
    "silver.survey_invitation": lambda w: w.newest("survey_invitation"),
    "silver.survey_response": _responses,
    "silver.survey_answer": lambda w: happening.derive_answers(w.first("survey_answer")),
    "silver.crm_task": lambda w: w.newest("crm_task"),
    "silver.crm_contact": lambda w: w.first("crm_contact"),
    "silver.campaign": lambda w: w.newest("campaign"),
    "silver.contact_opt_out": lambda w: happening.fold_opt_outs(
        w.feeds.rows("contact_opt_out"), w.lake.token, w.feeds.phone_region
    ),
    "silver.party_risk_assessment": lambda w: party.fold_risk_assessments(
        w.feeds.rows("party_risk_assessment")
    ),
    "silver.product_nav_daily": _navs,
    "silver.fx_rate_daily": lambda w: agreement.fold_rates(w.feeds.rows("fx_rate_daily"), _home(w)),
    "silver.region": lambda w: reference.fold_regions(w.feeds.rows("region", told=Told.LAST)),
    "silver.calendar": lambda w: reference.fill_calendar(
        w.feeds.rows("calendar"), w.feeds.begun, w.dates.last
    ),
    "silver.staff": _staff,
    "silver.service_window": lambda w: reference.fill_windows(
        w.first("service_window"), w.lake.settings.zone
    ),
    "silver.incident": _incidents,
    "silver.touchpoint": lambda w: reference.touchpoints(
        w.lake.spark, w.lake.codes("touchpoint"), w.lake.codes("journey")
    ),
    "silver.event_kind": lambda w: reference.event_kinds(w.lake.spark, w.lake.codes("event_kind")),
    "silver.opening_customer_month": _opening("opening_customer_month"),
    "silver.opening_holding_month": _opening("opening_holding_month"),
    "silver.opening_customer": _opening("opening_customer"),
    "silver.opening_agreement": _opening("opening_agreement"),
    "silver.opening_user": _opening("opening_user"),
    "silver.opening_tier_month": _opening("opening_tier_month"),
}

# Tables that read those above.
SECOND: dict[str, Maker] = {
    "silver.party": _party,
    "silver.party_relation": _party_relation,
    "silver.wealth_holding_daily": _holdings,
    "silver.message": _messages,
}

# Rows of these follow from the date, the cut-off or other tables as well; any other table stays as it is while its files and rules do.
BY_MORE_THAN_FILES = frozenset({
    "silver.consent_hist", "silver.calendar", "silver.service_window", "silver.survey_response", *SECOND,
})  # fmt: skip
FROM_CODES = frozenset({"silver.touchpoint", "silver.event_kind"})
