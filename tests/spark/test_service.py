"""What service customers met, and what they said of it: drawn days with an outage, a queue, a late answer and a survey."""

from datetime import date, datetime

import pytest

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.dates import DateRange
from spark_jobs.profile import s_complaint, s_exposure, x_complaint, x_customer, x_score
from spark_jobs.settings import load, rules
from spark_jobs.silver import happening
from tests.support.tables import table

GIVEN = load()
EXPERIENCE, SURVEY, COMPLAINT = (rules(GIVEN, name) for name in ("experience", "survey", "complaint"))
DAYS = DateRange(date(2026, 9, 22), date(2026, 9, 24))
MEMBER = "party_id string, business_date date, customer_id string"
EVENT = (
    "event_id string, party_id string, business_date date, kind_code string, touchpoint_code string, channel_code string, page_code string, "
    "occurred_at timestamp, latency_ms bigint, result_code string, error_code string"
)  # fmt: skip
WINDOW = "channel_code string, page_code string, window_start_at timestamp, latency_p95_ms bigint"
INCIDENT = (
    "incident_no_apm string, channel_code string, page_code string, touchpoint_code string, org_code string, "
    "started_at timestamp, ended_at timestamp, severity_code string"
)  # fmt: skip
CALL = "call_id string, party_id string, business_date date, started_at timestamp, queue_secs int, is_abandoned boolean"


@pytest.fixture
def members(spark):
    """Wang has two parties, Li one; on all days."""
    return table(spark, MEMBER, "\n".join(
        f"{party} | 2026-09-{day} | {customer}"
        for day in (22, 23, 24) for party, customer in (("w1", "wang"), ("w2", "wang"), ("l", "li"))
    )).localCheckpoint()  # fmt: skip


@pytest.fixture
def contacts(spark):
    """22 September, times in UTC: transfers are down from 02:00 to 03:30; 01:10 is before, and the balance page works all day."""
    events = table(spark, EVENT, """
        e1 | w1 | 2026-09-22 | page          | mb_transfer | mobile | transfer_confirm | 2026-09-22 01:10:00 | 400  | ok   |
        e2 | w1 | 2026-09-22 | page          | mb_transfer | mobile | transfer_confirm | 2026-09-22 02:05:00 | 5000 | fail | E5001
        e3 | w2 | 2026-09-22 | page          | mb_transfer | mobile | transfer_confirm | 2026-09-22 03:29:59 | 900  | fail | E5001
        e4 | w1 | 2026-09-22 | transfer_fail | mb_transfer | mobile | transfer_confirm | 2026-09-22 02:05:02 |      | fail | E5001
        e5 | w1 | 2026-09-22 | page          | mb_account  | mobile | balance          | 2026-09-22 02:06:00 |      | ok   |
        e6 | l  | 2026-09-22 | page          |             | mobile | strange          | 2026-09-22 03:30:00 | 300  | fail | E3007
        e7 |    | 2026-09-22 | login         | mb_login    | mobile | login            | 2026-09-22 02:07:00 | 300  | ok   |
    """)  # fmt: skip
    windows = table(
        spark,
        WINDOW,
        "mobile | balance | 2026-09-22 02:05:00 | 700\n mobile | balance | 2026-09-22 02:10:00 | 9999",
    )
    calls = table(spark, CALL, """
        c1 | w1 | 2026-09-22 | 2026-09-22 05:00:00 | 60  | false
        c2 | w1 | 2026-09-22 | 2026-09-22 05:10:00 | 61  | false
        c3 | l  | 2026-09-22 | 2026-09-22 05:20:00 | 10  | true
    """)  # fmt: skip
    incidents = table(spark, INCIDENT, """
        I1 | mobile  | transfer_confirm | | | 2026-09-22 02:00:00 | 2026-09-22 03:30:00 | 4
        I2 | mobile  |                  | | | 2026-09-22 02:05:00 | 2026-09-22 02:06:30 | 2
        I3 | counter |                  | | B1 | 2026-09-22 00:00:00 | | 3
    """)  # fmt: skip
    frames = [
        s_exposure.derive_requests(events, windows, EXPERIENCE),
        s_exposure.derive_calls(calls),
    ]
    every = s_exposure.assemble_contacts(frames, EXPERIENCE["unknown_touchpoint"])
    return s_exposure.link_incidents(every, incidents)


@pytest.fixture
def party_service(spark, contacts):
    missed = table(
        spark, "party_id string, business_date date", "w1 | 2026-09-24\n w1 | 2026-09-24\n | 2026-09-24"
    )
    return s_exposure.summarise_party_service(contacts, missed, EXPERIENCE).localCheckpoint()


@pytest.mark.requirement("R-S-03")
def test_exposure_is_what_this_customer_met_at_each_touchpoint(party_service, members):
    rows = s_exposure.summarise_exposure(party_service, members).collect()

    met = {(r["customer_id"], r["touchpoint_code"], r["business_date"].day): r for r in rows}
    transfer = met["wang", "mb_transfer", 22]
    assert (transfer["request_cnt"], transfer["error_cnt"], transfer["latency_p95_ms"]) == (3, 2, 5000)
    # Both parties of Wang ran into I1, one of them into I2 as well; the two failures within them are breaches.
    assert (transfer["incident_cnt"], transfer["sla_breach_cnt"]) == (2, 2)
    # The window's 95 % value stands in for a request the app did not time.
    account = met["wang", "mb_account", 22]
    assert (account["latency_p95_ms"], account["incident_cnt"], account["sla_breach_cnt"]) == (700, 1, 0)
    # A failure outside of any incident is an error of the customer's day, no breach of the service level.
    lost = met["li", "_unmapped", 22]
    assert (lost["error_cnt"], lost["incident_cnt"], lost["sla_breach_cnt"]) == (1, 0, 0)
    calls = met["wang", "call_centre", 22]
    assert (calls["contact_cnt"], calls["wait_max_secs"], calls["wait_sum_secs"]) == (2, 61, 121)
    assert (calls["sla_breach_cnt"], met["li", "call_centre", 22]["sla_breach_cnt"]) == (1, 1)
    desk = met["wang", "complaint_desk", 24]
    assert (desk["contact_cnt"], desk["sla_breach_cnt"]) == (0, 2)
    assert len(met) == 6


def test_windows_of_service_end_on_the_day_and_everybody_has_a_row(party_service, members):
    rows = s_exposure.summarise_service(party_service, members, DAYS, EXPERIENCE).collect()

    days = {(r["customer_id"], r["business_date"].day): r for r in rows}
    assert len(days) == 6
    assert [days["wang", day]["sla_breach_30_cnt"] for day in (22, 23, 24)] == [3, 3, 5]
    assert (days["wang", 24]["incident_30_cnt"], days["wang", 24]["wait_max_30_secs"]) == (2, 61)
    # 400, 700, 900 and 5000 ms: the nearest rank of 95 % of four is the fourth.
    assert days["wang", 23]["latency_p95_7_ms"] == 5000
    assert (float(days["wang", 23]["error_7_ratio"]), days["li", 22]["abandoned_call_30_cnt"]) == (0.5, 1)


def test_clocks_run_in_the_workers_and_a_missed_one_is_a_breach_of_its_day(spark):
    complaints = table(
        spark, "complaint_no_cmpl string, party_id string, received_at timestamp, channel_code string, severity_code string",
        "k | w1 | 2026-09-23 01:30:00 | app | 3\n later | w1 | 2026-09-30 16:30:00 | app | 1",
    )  # fmt: skip
    steps = table(
        spark, "complaint_no_cmpl string, event_no_cmpl string, kind_code string, occurred_at timestamp, staff_id string", """
        k | 2 | assigned  | 2026-09-23 02:30:00 | s
        k | 1 | received  | 2026-09-23 01:30:00 |
        k | 3 | responded | 2026-09-25 03:30:00 | s
    """)  # fmt: skip
    off = {date(2026, 9, d): False for d in (25, 26, 27)}
    book = s_complaint.ClockBook(COMPLAINT, WorkingCalendar(off), date(2026, 9, 30))

    clocks = s_complaint.derive_clocks(s_complaint.assemble_cases(complaints, steps), book).localCheckpoint()

    found = {r["clock_code"]: r for r in clocks.collect()}
    assert set(found) == {"respond", "progress", "resolve", "reg_complex"}
    assert {code: r["state_code"] for code, r in found.items()} == {
        "respond": "breached", "progress": "breached", "resolve": "breached", "reg_complex": "running",
    }  # fmt: skip
    assert (found["respond"]["due_at"], found["respond"]["minutes_used"]) == (
        datetime(2026, 9, 24, 1, 30),
        50 * 60,
    )
    assert sorted(r["business_date"].day for r in s_complaint.keep_missed(clocks).collect()) == [24, 26]


@pytest.mark.requirement("R-ING-12")
def test_a_complaint_in_two_feeds_is_one_received_when_the_earlier_says(spark):
    rows = table(
        spark, "complaint_no_cmpl string, feed_rank int, received_at timestamp, channel_code string, outcome_code string, _day date, "
        "_order string, _feed string, _stub boolean, _gone boolean, _until date, _origin array<struct<file_id string, line_no bigint>>", """
        k | 1 | 2026-09-24 08:00:00 | app   |        | 2026-09-24 | 1 | json  | false | false | | [{"file_id": "j1", "line_no": 4}]
        k | 1 | 2026-09-24 08:00:00 | phone |        | 2026-09-25 | 1 | json  | false | false | | [{"file_id": "j2", "line_no": 7}]
        k | 2 | 2026-09-24 07:40:00 | 12378 | refund | 2026-09-26 | 1 | excel | false | false | | [{"file_id": "e1", "line_no": 2}]
    """)  # fmt: skip

    found = happening.fold_complaints(rows).collect()

    assert [
        (r["received_at"], r["channel_code"], r["outcome_code"], r["business_date"].day) for r in found
    ] == [(datetime(2026, 9, 24, 7, 40), "phone", "refund", 26)]
    # The newest record of each feed stands behind it.
    assert [(o["file_id"], o["line_no"]) for o in found[0]["_origin"]] == [("e1", 2), ("j2", 7)]


def test_a_complaint_is_linked_to_the_gravest_failure_met_within_two_days(spark):
    complaints = table(
        spark, "complaint_no_cmpl string, party_id string, received_at timestamp, state_code string, csat_value int", """
        k1 | w2 | 2026-09-23 01:30:00 | closed   | 2
        k2 | w2 | 2026-09-25 01:30:00 | appealed | 4
        k3 | x  | 2026-09-23 01:30:00 | assigned |
    """)  # fmt: skip
    owners = table(spark, "party_id string, customer_id string", "w1 | wang\n w2 | wang\n l | li")
    exposures = table(spark, "party_id string, business_date date, incident_nos array<string>", """
        w1 | 2026-09-22 | ["I1", "I2"]
        w1 | 2026-09-23 | ["I9"]
        l  | 2026-09-23 | ["I8"]
    """)  # fmt: skip
    incidents = table(spark, "incident_no_apm string, severity_code string, started_at timestamp", """
        I1 | 4 | 2026-09-22 02:00:00
        I2 | 2 | 2026-09-22 04:00:00
        I8 | 4 | 2026-09-23 00:00:00
        I9 | 4 | 2026-09-23 05:00:00
    """)  # fmt: skip
    steps = table(spark, "complaint_no_cmpl string, kind_code string, occurred_at timestamp", """
        k1 | resolved | 2026-09-24 01:00:00
        k2 | resolved | 2026-09-26 01:00:00
        k2 | appealed | 2026-09-28 01:00:00
    """)  # fmt: skip
    causes = x_complaint.link_causes(complaints, exposures, owners, incidents, COMPLAINT, "Asia/Shanghai")

    rows = x_complaint.assemble_complaints(complaints, steps, owners, causes).collect()

    told = {r["complaint_no_cmpl"]: r for r in rows}
    # I9 began after the first complaint; by the second, I1 lies three days back.
    assert {k: r["caused_by_incident_no_apm"] for k, r in told.items()} == {
        "k1": "I1",
        "k2": "I9",
        "k3": None,
    }
    assert [told[k]["is_complaint_open"] for k in ("k1", "k2", "k3")] == [False, True, True]
    # What was said of the second does not count while the appeal is undecided.
    assert [told[k]["is_csat_counted"] for k in ("k1", "k2", "k3")] == [True, False, False]
    assert told["k2"]["resolved_at"] is None


@pytest.fixture
def scores(spark):
    """Sent on 1 September 10:00: answered in time, a minute late, and on day 40; answered twice; NPS on a scale of five."""
    answers = table(
        spark, "response_id string, question_code string, business_date date, source_code string, metric_code string, "
        "value_raw decimal(9,4), value_score decimal(9,4), is_rescaled boolean", """
        in_time  | q1 | 2026-09-15 | survey | NPS  | 9 | 90  | false
        in_time  | q2 | 2026-09-15 | survey | CSAT | 2 | 25  | false
        in_time  | q3 | 2026-09-15 | survey | CSAT | 5 | 100 | false
        late     | q1 | 2026-09-15 | survey | NPS  | 9 | 90  | false
        very     | q1 | 2026-10-11 | survey | NPS  | 9 | 90  | false
        twice    | q1 | 2026-09-15 | survey | NPS  | 3 | 30  | false
        of_five  | q1 | 2026-09-15 | survey | NPS  | 5 |     | false
        in_time  | q9 | 2026-09-15 | survey | OTHER | 5 | 50 | false
    """)  # fmt: skip
    responses = table(
        spark, "response_id string, invitation_id string, party_id string, submitted_at timestamp, touchpoint_code string, "
        "is_duplicate boolean, is_late boolean", """
        in_time | i | | 2026-09-15 10:00:00 | mb_transfer | false |
        late    | i | | 2026-09-15 10:01:00 | mb_transfer | false |
        very    | i | | 2026-10-11 10:00:00 | mb_transfer | false |
        twice   | i | | 2026-09-15 09:05:00 | mb_transfer | true  |
        of_five |   | l | 2026-09-15 09:00:00 |           | false |
    """)  # fmt: skip
    invitations = table(
        spark,
        "invitation_id string, party_id string, sent_at timestamp, expires_at timestamp",
        "i | w1 | 2026-09-01 10:00:00 |",
    )
    touchpoints = table(spark, "touchpoint_code string, journey_code string", "mb_transfer | transfer")
    return x_score.assemble_scores(answers, responses, invitations, touchpoints, SURVEY).localCheckpoint()


def test_an_answer_counts_once_in_time_and_on_the_metrics_own_scale(scores):
    told = {(r["response_id"], r["metric_code"]): r["exclude_reason_code"] for r in scores.collect()}

    assert told == {
        ("in_time", "NPS"): None, ("in_time", "CSAT"): None, ("late", "NPS"): "late", ("very", "NPS"): "late",
        ("twice", "NPS"): "duplicate", ("of_five", "NPS"): "scale",
    }  # fmt: skip
    kept = scores.where("is_counted and metric_code = 'CSAT'").collect()[0]
    # Of two questions for one metric the first is the answer; the invitation tells whose it is.
    assert (float(kept["value_score"]), kept["party_id"], kept["journey_code"]) == (25.0, "w1", "transfer")


def test_what_was_said_and_asked_up_to_the_day(spark, scores, members):
    invited = table(
        spark, "party_id string, sent_at timestamp", "w1 | 2026-09-22 16:30:00\n l | 2026-06-20 02:00:00"
    )
    complaints = table(
        spark, "party_id string, received_at timestamp", "w2 | 2026-09-23 01:30:00\n w2 | 2025-09-24 01:30:00\n | 2026-09-23 01:30:00"
    )  # fmt: skip
    open_ = table(
        spark,
        "customer_id string, business_date date, complaint_open_cnt bigint, has_complaint boolean",
        "wang | 2026-09-23 | 1 | true",
    )
    rows = x_customer.assemble_customer_daily(
        members, x_customer.summarise_answers(scores, members, DAYS, SURVEY),
        x_customer.count_invitations(invited, members, DAYS, "Asia/Shanghai"),
        x_customer.count_complaints(complaints, members, DAYS, "Asia/Shanghai"), open_,
    ).collect()  # fmt: skip

    days = {(r["customer_id"], r["business_date"].day): r for r in rows}
    assert len(days) == 6
    wang = days["wang", 23]
    assert (float(wang["nps_last_score"]), float(wang["csat_last_score"]), wang["ces_last_score"]) == (
        90.0,
        25.0,
        None,
    )
    assert (wang["response_365_cnt"], wang["low_score_30_cnt"], wang["last_response_date"].day) == (1, 1, 15)
    # 16:30 UTC is the next day at the bank; a complaint of 24 September last year has just left the window on the 24th.
    assert [days["wang", day]["invite_90_cnt"] for day in (22, 23)] == [0, 1]
    assert [days["wang", day]["complaint_365_cnt"] for day in (22, 23, 24)] == [1, 2, 1]
    assert (
        days["li", 24]["invite_90_cnt"],
        days["li", 24]["complaint_365_cnt"],
        days["li", 24]["has_complaint"],
    ) == (0, 0, False)
