"""X: what customers say of the bank: survey answers and complaints."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile import x_complaint, x_customer, x_score
from spark_jobs.profile.a_person import summarise_complaints
from spark_jobs.profile.members import explode_memberships
from spark_jobs.profile.windows import link_customers
from spark_jobs.tables import Lake


def run(lake: Lake, dates: DateRange) -> None:
    """Publish the answers of these dates and all complaints, then each customer's days."""
    memberships = explode_memberships(
        lake.read("identity.party_customer"), lake.read("identity.customer"), dates
    ).localCheckpoint()
    scores = x_score.assemble_scores(
        lake.read("silver.survey_answer", dates), lake.read("silver.survey_response"), lake.read("silver.survey_invitation"),
        lake.read("silver.touchpoint"), lake.rules("survey"),
    )  # fmt: skip
    lake.publish_all(
        {"profile.x_score": link_customers(scores, memberships), "profile.x_complaint": _complaints(lake)},
        dates,
    )
    lake.publish("profile.x_customer_daily", _customers(lake, dates, memberships), dates)


def _complaints(lake: Lake) -> DataFrame:
    """x_complaint with the customers of the newest business date."""
    zone = str(lake.rules("calendar")["zone"])
    today = DateRange.day(lake.run.dates.last)
    owners = explode_memberships(
        lake.read("identity.party_customer"), lake.read("identity.customer"), today
    ).drop("business_date")
    complaints = lake.read("silver.complaint")
    exposures = lake.read("profile._s_party_daily").where(F.size("incident_nos") > 0)
    causes = x_complaint.link_causes(
        complaints, exposures, owners, lake.read("silver.incident"), lake.rules("complaint"), zone
    )
    return x_complaint.assemble_complaints(complaints, lake.read("silver.complaint_event"), owners, causes)


def _customers(lake: Lake, dates: DateRange, memberships: DataFrame) -> DataFrame:
    rules, zone = lake.rules("survey"), str(lake.rules("calendar")["zone"])
    scores = lake.read("profile.x_score", dates.back(int(rules["answers_days"]) - 1))
    complaints = lake.read("silver.complaint")
    quiet = int(lake.rules("guard")["complaint_quiet_days"])
    return x_customer.assemble_customer_daily(
        memberships, x_customer.summarise_answers(scores, memberships, dates, rules),
        x_customer.count_invitations(lake.read("silver.survey_invitation"), memberships, dates, zone),
        x_customer.count_complaints(complaints, memberships, dates, zone),
        summarise_complaints(complaints, lake.read("silver.complaint_event"), memberships, dates, quiet, zone),
    )  # fmt: skip
