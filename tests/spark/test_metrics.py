"""Metrics over small populations, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from spark_jobs.bronze import ledger
from spark_jobs.contracts.loader import load_codes
from spark_jobs.dates import DateRange
from spark_jobs.history import OPEN_DATE
from spark_jobs.jobs import metrics as job
from spark_jobs.metrics.branches import Place, homes
from spark_jobs.metrics.definition import POPULATIONS, load_metrics
from spark_jobs.metrics.populations import (
    derive_line,
    keep_counted_answers,
    keep_expired_invitations,
    keep_hits,
    link_branch,
    link_first_answer,
    link_outlet_of_customer,
    link_place_of_manager,
)
from spark_jobs.metrics.summarise import summarise_population, withhold_small_groups
from spark_jobs.settings import SHIPPED_CONF
from tests.support.tables import table
from tests.unit.bronze.test_ledger import file

RULES = {"min_customers": 10, "min_staff": 5, "weak_below": 30}
CELLS = """metric_code string, period_code string, period_start_date date, dimension_code string, slice_code string, within_code string, scale int,
    is_quotient boolean, numerator decimal(24,8), denominator decimal(24,8), sample_cnt bigint, subjects_cnt bigint, subject_code string"""
LAST = date(2026, 9, 30)


def drawn(rows: str) -> str:
    """One line a slice: dimension, slice, numerator, rows, subjects, whom it is about, and the slice it is within where that is not all."""
    lines = []
    for line in rows.strip().splitlines():
        dimension, slice_, numerator, sample, subjects, who, *within = (
            cell.strip() for cell in line.split("|")
        )
        lines.append(
            f"m | day | 2026-09-30 | {dimension} | {slice_} | {within[0] if within else 'all'} | 1 | true | {numerator} | {sample} | {sample} | {subjects} | {who}"
        )
    return "\n".join(lines)


@pytest.mark.requirement("R-PRV-19")
def test_a_small_group_is_withheld_and_so_is_the_next_that_would_give_it_away(spark):
    cells = table(spark, CELLS, drawn("""
        all  | all       | 30 | 100 | 100 | customer
        tier | tier:HNW  |  1 |   9 |   9 | customer
        tier | tier:AFF  |  4 |  31 |  31 | customer
        tier | tier:MASS | 25 |  60 |  60 | customer
        kind | kind:a    |  6 |  60 |   6 | staff
        kind | kind:b    |  2 |  20 |   5 | staff
        age  | age:1     |  5 |   5 |   5 | customer
        age  | age:2     |  5 |   5 |   5 | customer
        age  | age:3     | 10 |  90 |  90 | customer
    """))  # fmt: skip

    shown = {r["slice_code"]: r for r in withhold_small_groups(cells, RULES).collect()}

    # 9 HNW are too few; AFF must go with them, or all − AFF − MASS would tell. Five and five together are ten, so age 3 stays.
    withheld = {code for code, row in shown.items() if row["is_withheld"]}
    assert withheld == {"tier:HNW", "tier:AFF", "age:1", "age:2"}
    assert all(shown[code]["numerator"] is None and shown[code]["sample_cnt"] is None for code in withheld)
    assert {code for code, row in shown.items() if row["is_weak"]} == {"kind:b"}
    assert str(shown["all"]["metric_value"]) == "0.30000000"


@pytest.mark.requirement("R-PRV-19")
def test_outlets_do_not_tell_what_is_withheld_of_a_neighbour_or_of_a_branch(spark):
    cells = table(spark, CELLS, drawn("""
        all    | all       | 30 | 108 | 108 | customer
        branch | branch:B1 | 15 |  60 |  60 | customer
        branch | branch:B2 | 10 |  40 |  40 | customer
        branch | branch:B3 |  5 |   8 |   8 | customer
        outlet | outlet:O1 |  3 |   9 |   9 | customer | branch:B1
        outlet | outlet:O2 |  5 |  20 |  20 | customer | branch:B1
        outlet | outlet:O3 |  7 |  31 |  31 | customer | branch:B1
        outlet | outlet:O4 | 10 |  40 |  40 | customer | branch:B2
        outlet | outlet:O5 |  5 |   8 |   8 | customer | branch:B3
    """))  # fmt: skip

    withheld = {r["slice_code"] for r in withhold_small_groups(cells, RULES).where("is_withheld").collect()}

    # B3 is too small, and all − B1 − B2 would tell it; O4 alone would tell B2. B1 − O2 − O3 would tell O1, though O1 and O5 are ten together.
    assert withheld == {"branch:B2", "branch:B3", "outlet:O1", "outlet:O2", "outlet:O4", "outlet:O5"}


OUTLET = "customer_id string, business_date date, outlet_code string, inflow_cny decimal(18,2), aum_cny decimal(18,2)"


@pytest.mark.requirement("R-IND-04")
def test_outlets_add_up_to_branches_and_branches_to_the_bank_also_when_an_outlet_moves(spark):
    september = DateRange(date(2026, 9, 29), LAST)
    places = [
        Place("B1", date(2000, 1, 1), OPEN_DATE, "branch", None, None), Place("B2", date(2000, 1, 1), OPEN_DATE, "branch", None, None),
        Place("O1", date(2000, 1, 1), OPEN_DATE, "outlet", "B1", None), Place("O2", date(2000, 1, 1), LAST, "outlet", "B1", None),
        Place("O2", LAST, OPEN_DATE, "outlet", "B2", None),
    ]  # fmt: skip
    customers = [
        f"{outlet}-{n} | 2026-09-{day} | {outlet} | {inflow} | {aum}"
        for outlet, inflow, aum in (("O1", 10, 100), ("O2", 1, 700), ("O7", 0, 10))
        for day in (29, 30)
        for n in range(12)
    ]
    rows = table(spark, OUTLET, "\n".join(customers)).selectExpr(
        "*", "customer_id AS subject_id", "0.00BD AS outflow_cny", "'MASS' AS tier_code", "'growth' AS stage_code", "'G02' AS group_code", "'25-34' AS age_band_code"
    )  # fmt: skip
    asked = [
        m for m in load_metrics((SHIPPED_CONF,)) if m.code in ("net_inflow_per_customer", "aum_per_customer")
    ]

    cells = summarise_population(
        link_branch(rows, homes(places, september)), POPULATIONS["customers"], asked, september
    )
    shown = withhold_small_groups(cells, RULES).where("period_code = 'month'").collect()

    assert not [r for r in shown if r["is_withheld"]]
    sums = {(r["metric_code"], r["slice_code"]): (int(r["numerator"]), int(r["denominator"])) for r in shown}
    # What flowed in on the 29th flowed into B1; the stock of O2 is in B2 at the end. Nobody knows O7.
    assert sums["net_inflow_per_customer", "branch:B1"] == (12 * 10 * 2 + 12 * 1, 12)
    assert sums["net_inflow_per_customer", "branch:B2"] == (12 * 1, 12)
    assert sums["aum_per_customer", "branch:B1"] == (12 * 100, 12)
    assert sums["aum_per_customer", "branch:B2"] == (12 * 700, 12)
    assert sums["aum_per_customer", "branch:unknown"] == sums["aum_per_customer", "outlet:O7"] == (120, 12)
    for metric, parts in (
        ("net_inflow_per_customer", ("branch",)),
        ("aum_per_customer", ("branch", "outlet")),
    ):
        for part in parts:
            of_it = [
                told
                for (code, slice_), told in sums.items()
                if code == metric and slice_.startswith(f"{part}:")
            ]
            assert tuple(map(sum, zip(*of_it, strict=True))) == sums[metric, "all"]


def test_an_answer_counts_with_the_outlet_its_customer_had_that_day_and_a_task_with_its_managers(spark):
    answers = table(spark, "response_id string, customer_id string, business_date date", """
        r1 | ann | 2026-09-29
        r2 | ann | 2026-09-30
        r3 |     | 2026-09-30
        r4 | ben | 2026-09-30
    """)  # fmt: skip
    customers = table(spark, "customer_id string, business_date date, open_org_code string", """
        ann | 2026-09-29 | O1
        ann | 2026-09-30 | O2
    """)  # fmt: skip
    tasks = table(spark, "subject_id string, business_date date", "m1 | 2026-09-30\nm2 | 2026-09-30")
    staff = table(spark, "staff_id string, org_code string, team_code string", "m1 | O1 | T1")

    by_customer = link_outlet_of_customer(answers, customers).collect()
    by_manager = link_place_of_manager(tasks, staff).collect()

    assert {r["response_id"]: r["outlet_code"] for r in by_customer} == {
        "r1": "O1",
        "r2": "O2",
        "r3": None,
        "r4": None,
    }
    assert {r["subject_id"]: (r["outlet_code"], r["team_code"]) for r in by_manager} == {
        "m1": ("O1", "T1"),
        "m2": (None, None),
    }


def people(spark, lake, numbers: str) -> None:
    """customer_daily of 12 alike customers a line: date, tier, stage, AUM, in, out, kinds of products; four each are known to 1, 2, 3 systems, by one record more."""
    lines = []
    for line in numbers.strip().splitlines():
        day, tier, rest = (part.strip() for part in line.split("|", 2))
        lines += [f"{tier}{n} | {day} | {tier} | {rest} | {1 + n % 3} | {2 + n % 3}" for n in range(12)]
    schema = """customer_id string, business_date date, tier_code string, stage_code string, aum_cny decimal(18,2),
        inflow_cny decimal(18,2), outflow_cny decimal(18,2), product_kind_cnt bigint, source_cnt bigint, party_cnt bigint"""
    frame = table(spark, schema, "\n".join(lines))
    contract = lake.contracts.table("profile.customer_daily")
    types = {f.name: f.type for f in lake.contracts.stored_fields(contract.table)}
    missing = [c for c in contract.columns if c not in frame.columns and not c.endswith("_bucket")]
    wide = frame.selectExpr("*", *[f"cast(null as {types[c]}) as {c}" for c in missing])
    lake.publish("profile.customer_daily", wide, DateRange(date(2026, 9, 29), LAST))


@pytest.fixture
def valued(spark, make_lake):
    """Values of 29 and 30 September for a bank that has customers and nothing else."""
    lake = make_lake(LAST, date(2026, 9, 29))
    people(spark, lake, """
        2026-09-29 | MASS | growth    | 100.00 | 10.00 | 0.00 | 1
        2026-09-29 | AFF  | retention | 900.00 |  0.00 | 0.00 | 3
        2026-09-30 | MASS | growth    | 200.00 |  5.00 | 1.00 | 1
        2026-09-30 | AFF  | retention | 700.00 |  0.00 | 8.00 | 2
    """)  # fmt: skip
    job.run(lake, DateRange(date(2026, 9, 29), LAST))
    return lake


def values(lake) -> dict[tuple[str, str, str, str], str]:
    rows = lake.read("metric.value").collect()
    return {
        (r["metric_code"], r["period_code"], str(r["period_start_date"]), r["slice_code"]): str(r["metric_value"].normalize())
        for r in rows
        if r["metric_value"] is not None
    }  # fmt: skip


@pytest.mark.requirement("R-IDN-02", "R-IDN-09", "R-IND-04", "R-O-03")
def test_a_day_and_a_month_of_a_bank_that_has_only_customers(valued):
    got = values(valued)

    # Stocks show the end of the month, flows all its days.
    assert got["aum_per_customer", "day", "2026-09-29", "all"] == "5E+2"  # (12 × 100 + 12 × 900) ÷ 24
    assert got["aum_per_customer", "month", "2026-09-01", "all"] == "4.5E+2"  # (200 + 700) ÷ 2
    assert got["aum_per_customer", "month", "2026-09-01", "tier:AFF"] == "7E+2"
    assert got["net_inflow_per_customer", "day", "2026-09-30", "all"] == "-2"  # (12 × 4 − 12 × 8) ÷ 24
    assert (
        got["net_inflow_per_customer", "month", "2026-09-01", "all"] == "3"
    )  # (12 × (10 + 4) − 12 × 8) ÷ 24
    assert got["net_inflow_per_customer", "month", "2026-09-01", "tier:MASS"] == "14"
    assert got["suspected_loss_ratio", "day", "2026-09-30", "all"] == "0.5"
    assert got["cross_sell_ratio", "month", "2026-09-01", "all"] == "0.5"
    assert got["several_systems_ratio", "day", "2026-09-30", "all"] == "0.666667"
    # 24 persons of 72 records: 48 were joined to another.
    assert got["records_per_customer", "day", "2026-09-30", "all"] == "3"
    assert got["active_customers", "month", "2026-09-01", "all"] == "24"
    # What nobody does is not measured: no calls, no tasks.
    assert not [key for key in got if key[0] in ("call_abandon_ratio", "task_in_time_ratio")]


@pytest.mark.requirement("R-IND-04")
def test_slices_add_up_to_everybody_from_numerators_and_denominators(valued):
    rows = (
        valued.read("metric.value")
        .where("NOT is_withheld AND (slice_code = 'all' OR slice_code LIKE 'tier:%')")
        .collect()
    )
    whole = {
        (r["metric_code"], r["period_code"], r["period_start_date"]): r
        for r in rows
        if r["slice_code"] == "all"
    }
    parts: dict[tuple[object, ...], list[object]] = {}
    for row in rows:
        if row["slice_code"] != "all":
            parts.setdefault((row["metric_code"], row["period_code"], row["period_start_date"]), []).append(
                row
            )

    assert parts
    for key, of_it in parts.items():
        for column in ("numerator", "sample_cnt"):
            assert sum(r[column] for r in of_it) == whole[key][column], (key, column)


def test_a_second_run_leaves_definitions_alone_and_the_same_values_and_restates_nothing(valued):
    before, version = values(valued), valued.version("metric.definition")

    job.run(valued, DateRange(LAST, LAST))

    assert values(valued) == before
    assert valued.version("metric.definition") == version
    assert not valued.exists("metric.restatement")


def test_a_corrected_delivery_restates_the_day_it_is_for_and_is_named(spark, valued):
    people(spark, valued, """
        2026-09-29 | MASS | growth    | 100.00 | 10.00 | 0.00 | 1
        2026-09-29 | AFF  | retention | 900.01 |  0.00 | 0.00 | 3
        2026-09-30 | MASS | growth    | 200.00 |  5.00 | 1.00 | 1
        2026-09-30 | AFF  | retention | 700.00 |  0.00 | 8.00 | 2
    """)  # fmt: skip
    known = {"business_date": date(2026, 9, 29), "known_at": valued.run.known_at, "state": "loaded"}
    in_time = datetime(2026, 9, 29, 18)
    files = [file("first", 1, **known, arrived_at=in_time), file("corrected", 2, **known, arrived_at=in_time)]
    ledger.write_states(valued, {f.file_id: f for f in files})

    job.run(valued, DateRange(date(2026, 9, 29), LAST))

    (row,) = valued.read("metric.restatement").collect()
    # AUM of everybody, of the affluent, of those in retention, of people of unknown age, group, outlet and branch.
    assert (row["business_date"], row["rows_changed_cnt"], row["metric_codes"]) == (
        date(2026, 9, 29),
        7,
        ["aum_per_customer"],
    )
    assert (row["restated_by_code"], row["cause_delivery_ids"]) == ("delivery", ["d2"])


@pytest.mark.requirement("R-IND-04")
def test_channels_are_online_or_offline_and_what_is_neither_is_unknown(spark):
    contacts = table(spark, "channel_code string", "sms\n visit\n phone\n crm")

    told = {
        r["channel_code"]: r["line_code"]
        for r in derive_line(contacts, load_codes((SHIPPED_CONF,), "channel")).collect()
    }

    assert told == {"sms": "online", "visit": "offline", "phone": "online", "crm": None}


@pytest.mark.requirement("R-ACT-31")
def test_the_share_of_actions_without_people_leaves_out_what_was_held_back(spark):
    """Twelve customers each: a message sent, one that waits, a task, and a message that a guard held back."""
    kinds = (("sms", "sent"), ("push", "queued"), ("crm", "sent"), ("sms", "suppressed"))
    hits = table(
        spark, "customer_id string, business_date date, rule_code string, purpose_code string, channel_code string, outcome_code string",
        "\n".join(f"c{n} | 2026-09-30 | A02 | care | {channel} | {outcome}" for channel, outcome in kinds for n in range(12)),
    )  # fmt: skip
    of_it = [m for m in load_metrics((SHIPPED_CONF,)) if m.population == "hits"]
    rows = keep_hits(hits, "Asia/Shanghai").selectExpr("*", "'B1' AS branch_code")

    cells = summarise_population(rows, POPULATIONS["hits"], of_it, DateRange.day(LAST))

    shown = withhold_small_groups(cells.where("slice_code = 'all' AND period_code = 'day'"), RULES).collect()
    told = {r["metric_code"]: (int(r["numerator"]), int(r["denominator"])) for r in shown}
    assert told == {"automatic_action_ratio": (24, 36), "held_back_ratio": (12, 48)}


ANSWERS = """response_id string, metric_code string, business_date date, customer_id string, value_raw decimal(9,4), value_score decimal(9,4),
    touchpoint_code string, journey_code string, is_counted boolean"""


def test_ten_answers_make_a_net_promoter_score_of_plus_20_and_one_that_does_not_count_changes_nothing(spark):
    # 10 9 9 8 7 6 3 0 10 9: five promoters, three detractors.
    told = [
        f"r{n} | NPS | 2026-09-30 | | {raw} | {raw * 10} | APP | open | true"
        for n, raw in enumerate([10, 9, 9, 8, 7, 6, 3, 0, 10, 9])
    ]
    told += [
        "late | NPS | 2026-09-30 | | 0 | 0 | APP | open | false",
        "x | CSAT | 2026-09-30 | | 5 | 100 | APP | open | true",
    ]
    of_it = [m for m in load_metrics((SHIPPED_CONF,)) if m.population == "answers"]
    answers = keep_counted_answers(table(spark, ANSWERS, "\n".join(told)), "Asia/Shanghai")
    counted = answers.selectExpr("*", "'B1' AS branch_code")

    cells = summarise_population(counted, POPULATIONS["answers"], of_it, DateRange.day(LAST))

    everybody = cells.where("slice_code = 'all' AND period_code = 'day'")
    shown = {r["metric_code"]: r for r in withhold_small_groups(everybody, RULES).collect()}
    assert str(shown["net_promoter_score"]["metric_value"].normalize()) == "2E+1"
    assert shown["net_promoter_score"]["sample_cnt"] == 10
    # One satisfied answer is one person: withheld. Of eleven counted answers 3, 0 (30, 0 of 100) are low.
    assert shown["satisfaction_score"]["is_withheld"]
    assert str(shown["low_score_ratio"]["numerator"].normalize()) == "2"


@pytest.mark.requirement("R-VOC-21")
def test_an_invitation_counts_on_the_day_its_time_runs_out_and_an_answer_after_that_is_none(spark):
    # Sent at ten in the morning in Shanghai (02:00 UTC), with fourteen days to answer unless the tool says otherwise.
    invited = table(
        spark, "invitation_id string, party_id string, survey_code string, trigger_event_id string, sent_at timestamp, channel_code string, "
        "status_code string, expires_at timestamp", """
        in_time  | p1 | S1 | e1 | 2026-09-01 02:00:00 | sms   | answered  |
        too_late | p2 | S1 | e2 | 2026-09-01 02:00:00 | sms   | answered  |
        silent   |    | S1 |    | 2026-09-01 02:00:00 | sms   | delivered |
        short    | p3 | S2 | e3 | 2026-09-01 02:00:00 | email | answered  | 2026-09-03 17:00:00
        lost     | p4 | S2 | e4 | 2026-09-01 02:00:00 | email | failed    |
    """)  # fmt: skip
    said = table(spark, "response_id string, invitation_id string, submitted_at timestamp", """
        r1 | in_time  | 2026-09-20 02:00:00
        r2 | in_time  | 2026-09-15 02:00:00
        r3 | too_late | 2026-09-15 02:00:01
        r4 | short    | 2026-09-03 17:00:00
        r5 |          | 2026-09-02 02:00:00
    """)  # fmt: skip

    rows = keep_expired_invitations(link_first_answer(invited, said, 14), "Asia/Shanghai").collect()

    assert sorted((str(r["business_date"]), r["channel_code"], r["status_code"], r["is_answered"], r["trigger_event_id"]) for r in rows if r["trigger_event_id"]) == [
        ("2026-09-04", "email", "answered", True, "e3"), ("2026-09-15", "email", "failed", False, "e4"),
        ("2026-09-15", "sms", "answered", False, "e2"), ("2026-09-15", "sms", "answered", True, "e1"),
    ]  # fmt: skip
    # Nobody knows who was invited: somebody else than anybody.
    assert [(r["subject_id"], r["is_answered"]) for r in rows if r["trigger_event_id"] is None] == [
        ("silent", False)
    ]
    of_it = {m.code: m for m in load_metrics((SHIPPED_CONF,)) if m.population == "invitations"}
    assert set(of_it) == {"survey_return_ratio", "triggered_invitation_ratio"}
