"""S: what service level each customer met: requests, calls, visits, failures, and the clocks of complaints."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.dates import DateRange
from spark_jobs.profile import s_complaint, s_exposure
from spark_jobs.profile.members import explode_memberships
from spark_jobs.profile.windows import link_customers
from spark_jobs.tables import Lake

PARTIES = "profile._s_party_daily"


def run(lake: Lake, dates: DateRange) -> None:
    """Publish complaint clocks as of the newest date, then the service met on these dates, then each customer's days."""
    rules = lake.rules("experience")
    memberships = explode_memberships(
        lake.read("identity.party_customer"), lake.read("identity.customer"), dates
    ).localCheckpoint()
    clocks = _clocks(lake).localCheckpoint()
    inside = F.col("business_date").between(F.lit(dates.first), F.lit(dates.last))
    met = s_exposure.summarise_party_service(
        _contacts(lake, dates), s_complaint.keep_missed(clocks).where(inside), rules
    )
    calls = s_exposure.derive_call_service(lake.read("silver.call", dates), rules)
    lake.publish_all(
        {
            "profile.s_complaint_clock": _with_owner(lake, clocks),
            "profile.s_call_service": link_customers(calls, memberships),
            PARTIES: met,
        },
        dates,
    )
    recent = lake.read(PARTIES, dates.back(s_exposure.LONGEST - 1))
    lake.publish_all(
        {
            "profile.s_exposure": s_exposure.summarise_exposure(recent.where(inside), memberships),
            "profile.s_customer_daily": s_exposure.summarise_service(recent, memberships, dates, rules),
        },
        dates,
    )


def _contacts(lake: Lake, dates: DateRange) -> DataFrame:
    rules = lake.rules("experience")
    windows = lake.read("silver.service_window", dates.back(1))
    frames = [
        s_exposure.derive_requests(lake.read("silver.digital_event", dates), windows, rules),
        s_exposure.derive_calls(lake.read("silver.call", dates)),
        s_exposure.derive_visits(lake.read("profile.b_event", dates)),
    ]
    contacts = s_exposure.assemble_contacts(frames, rules["unknown_touchpoint"])
    return s_exposure.link_incidents(contacts, lake.read("silver.incident"))


def _clocks(lake: Lake) -> DataFrame:
    """All clocks as of the end of the newest business date of the lake."""
    days = lake.read("silver.calendar").select("calendar_date", "is_working_day").collect()
    calendar = WorkingCalendar.of(
        ((d["calendar_date"], d["is_working_day"]) for d in days), lake.rules("calendar")
    )
    cases = s_complaint.assemble_cases(lake.read("silver.complaint"), lake.read("silver.complaint_event"))
    book = s_complaint.ClockBook(lake.rules("complaint"), calendar, lake.run.dates.last)
    return s_complaint.derive_clocks(cases, book)


def _with_owner(lake: Lake, clocks: DataFrame) -> DataFrame:
    """Clocks with the customer whose complaint it is on the newest business date; null where the person is not known."""
    last = DateRange.day(lake.run.dates.last)
    today = explode_memberships(
        lake.read("identity.party_customer"), lake.read("identity.customer"), last
    ).drop("business_date")
    return clocks.join(today, "party_id", "left")
