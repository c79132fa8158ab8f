"""What the CRM export reads of a business date, brought to one row per customer."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.exports import crm, holds
from spark_jobs.history import explode_days
from spark_jobs.privacy.tokens import tokeniser
from spark_jobs.profile.a_person import complete_columns, summarise_complaints
from spark_jobs.profile.consent import check_uses, uses_of_export
from spark_jobs.tables import Lake

FULL = "export.crm__customer_full_v1"
# Columns of customer_daily that a bank without the system behind them does not have: null, never invented.
CONCLUSIONS = {
    "region_code": "string", "tier_code": "string", "tier_state_code": "string", "stage_code": "string", "group_code": "string",
    "segment_codes": "array<string>", "risk_grade_code": "string", "is_risk_expired": "boolean", "next_matures_date": "date",
}  # fmt: skip


class Inputs:
    """One business date of one lake. Nothing is read before it is asked for."""

    def __init__(self, lake: Lake, day: DateRange) -> None:
        self.lake = lake
        self.day = day
        self.rules = lake.rules("export")
        check_uses(lake.rules("consent"), uses_of_export(self.rules))
        self.tokens = tokeniser(lake.settings, "crm")

    @cached_property
    def memberships(self) -> DataFrame:
        """Party and customer of the date."""
        return explode_days(self.lake.read("identity.party_customer"), self.day).select(
            "party_id", "customer_id", "business_date"
        )

    def customers(self) -> DataFrame:
        """customer_daily of the date with status, manager and `eligibility_code`."""
        lake = self.lake
        managed = crm.managers_by_customer(
            explode_days(lake.read("silver.customer_manager_hist"), self.day), self.memberships
        )
        status = lake.read("identity.customer").select("customer_id", "status_code")
        daily = complete_columns(lake.read("profile.customer_daily", self.day), CONCLUSIONS)
        people = daily.drop("manager_staff_id", "status_code", "complaint_open_cnt", "preferred_channel_code")
        people = people.join(status, "customer_id").join(managed, "customer_id", "left")
        return crm.judge_eligibility(people, self._doubtful())

    def _doubtful(self) -> DataFrame:
        open_items = self.lake.read("identity.review_item").where(
            F.col("kind_code").isin(*self.rules["in_doubt"]) & (F.col("state_code") == "open")
        )
        parties = open_items.select(F.explode("party_ids").alias("party_id"))
        return self.memberships.join(parties, "party_id", "left_semi").select("customer_id").distinct()

    def layers(self) -> crm.Layers:
        """What joins the customers."""
        lake, day = self.lake, self.day
        complaints = summarise_complaints(
            lake.read("silver.complaint"), lake.read("silver.complaint_event"), self.memberships, day,
            int(lake.rules("guard")["complaint_quiet_days"]), str(lake.rules("calendar")["zone"]),
        )  # fmt: skip
        scores = lake.read("profile.a_model_score").where(
            (F.col("model_code") == "churn") & (F.col("as_of_date") <= F.lit(day.last))
        )
        newest = scores.groupBy("customer_id").agg(
            F.max_by(F.struct("band_code", "reason_codes"), "as_of_date").alias("_n")
        )
        return crm.Layers(
            golden=explode_days(lake.read("identity.golden_hist"), day),
            grants=crm.summarise_grants(explode_days(lake.read("profile.a_consent_hist"), day), self.rules["consents"]),
            numbers=crm.numbers_by_customer(lake.read("silver.party"), self.memberships),
            complaints=complaints.select("customer_id", "complaint_open_cnt"),
            scores=newest.select("customer_id", "_n.*"),
            preferences=lake.read("profile.a_contact_preference").select("customer_id", "preferred_channel_code"),
            staff=lake.read("silver.staff").select(
                F.col("staff_id").alias("manager_staff_id"), F.col("staff_no_hrorg").alias("manager_staff_no"), "team_code"
            ),
        )  # fmt: skip

    def holds(self) -> list[str]:
        """Why the whole export may not leave today; empty where it may."""
        lake = self.lake
        feeds = holds.needed_feeds(lake.sources, self.rules["fresh"])
        loaded = lake.read("ops.delivery_file").where(
            (F.col("state_code") == "loaded") & F.col("feed_code").isin([f.feed for f in feeds])
        )
        files = [
            (r["feed_code"], r["business_date"])
            for r in loaded.select("feed_code", "business_date").collect()
        ]
        verdicts = lake.read("ops.quality_verdict").where("gate_code = 'profile' and verdict_code = 'fail'")
        spoken = lake.read("ops.quality_verdict").where("gate_code = 'profile'").select(
            "gate_code", "from_date", "to_date", "judged_at"
        ).distinct()  # fmt: skip
        rows: list[Any] = [
            *verdicts.select("gate_code", "from_date", "to_date", "judged_at", "check_severity_code", "verdict_code").collect(),
            *spoken.withColumns({"check_severity_code": F.lit("warn"), "verdict_code": F.lit("pass")}).collect(),
        ]  # fmt: skip
        known_feeds = feeds if lake.exists("ops.delivery_file") else []
        return holds.reasons(
            holds.stale_feeds(known_feeds, files, self.day.last), self._identity_until(),
            holds.newest_failures([row.asDict() for row in rows], self.day.last), self.day.last,
        )  # fmt: skip

    def _identity_until(self) -> date | None:
        last = (
            self.lake.read("ops.stage_commit")
            .where("job_code = 'identity'")
            .agg(F.max_by("to_date", F.struct("to_date", "started_at")).alias("last"))
        )
        found: date | None = last.collect()[0]["last"]
        return found
