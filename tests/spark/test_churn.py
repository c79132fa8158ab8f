"""Churn on drawn customers: what a feature may read, who counts as lost, and what may be said to whom."""

from datetime import date, datetime, timedelta
from math import log

import pytest
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.jobs import churn, churn_training
from spark_jobs.models import registry
from spark_jobs.models.churn_features import assemble_features
from spark_jobs.models.churn_label import label
from spark_jobs.models.known import as_of_dates, derive_known_from
from spark_jobs.models.logistic import Logistic
from spark_jobs.profile import a_score
from spark_jobs.settings import load, rules
from tests.support.tables import table

RULES = rules(load(), "churn")
NAMES = list(RULES["features"])
SUNDAY = date(2026, 9, 27)
# 06:30 in Shanghai on the next day.
CUT_OFF = datetime(2026, 9, 27, 22, 30)
DAY = timedelta(days=1)
MONEY = (
    "customer_id string, business_date date, known_from timestamp, aum_cny decimal(18,2), aum_180_avg_cny decimal(18,2), outflow_cny decimal(18,2), "
    "inflow_cny decimal(18,2), last_salary_date date, product_cnt bigint, next_matures_date date, relationship_date date"
)  # fmt: skip
BEHAVIOUR = "customer_id string, business_date date, known_from timestamp, login_1_cnt bigint, transfer_fail_7_cnt bigint, call_30_cnt bigint"
OUTCOME = "case string, as_of_date date, reference_cny decimal(38,6), last_cny decimal(38,6), closed_date date, deceased_date date"


def lived(spark, days=100, until=SUNDAY + 3 * DAY):
    """Two customers day by day: one keeps 100,000, the other lost four fifths of it two days before the Sunday. Known on the next morning."""
    rows, behaviour = [], []
    for n in range(days):
        day = until - n * DAY
        known = datetime(day.year, day.month, day.day, 22, 30)
        for who in ("stays", "leaves"):
            aum = 20_000 if who == "leaves" and day >= SUNDAY - 2 * DAY else 100_000
            logins = 0 if aum == 20_000 else 1
            rows.append(
                (
                    who,
                    str(day),
                    str(known),
                    str(aum),
                    "100000",
                    "0",
                    "10",
                    "2026-09-10",
                    "2",
                    None,
                    "2020-09-27",
                )
            )
            behaviour.append((who, str(day), str(known), str(logins), "0", "1"))
    return {
        "profile.o_customer_daily": _cast(spark, rows, MONEY), "profile.b_customer_daily": _cast(spark, behaviour, BEHAVIOUR),
    }  # fmt: skip


def _cast(spark, rows, schema):
    kinds = [part.strip().split(" ", 1) for part in schema.replace("(18,2)", "(18;2)").split(",")]
    raw = spark.createDataFrame(rows, ", ".join(f"{name} string" for name, _ in kinds))
    return raw.select(*[F.col(name).cast(kind.replace(";", ",")).alias(name) for name, kind in kinds])


def told(layers, spark, days=(SUNDAY,)):
    as_ofs = as_of_dates(spark, [(day, CUT_OFF - (SUNDAY - day)) for day in days])
    found = assemble_features(layers, as_ofs, NAMES).orderBy("as_of_date", "customer_id")
    return [row.asDict() for row in found.collect()]


@pytest.fixture(scope="module")
def layers(spark):
    return {name: frame.localCheckpoint() for name, frame in lived(spark).items()}


def test_features_are_what_is_worked_out_by_hand(spark, layers):
    leaves, stays = told(layers, spark)

    # Thirty days, three of them at 20,000: mean 92,000. Seven days, three of them: mean 460,000 / 7. A thousand is added to both sides.
    assert leaves["aum_now_to_30"] == pytest.approx(log(21_000 / 93_000), abs=1e-6)
    assert leaves["aum_7_to_30"] == pytest.approx(log((460_000 / 7 + 1000) / 93_000), abs=1e-6)
    assert leaves["login_7_to_30"] == pytest.approx(log((4 / 7 + 0.05) / (27 / 30 + 0.05)), abs=1e-6)
    assert (stays["aum_now_to_30"], stays["aum_30_to_90"], stays["aum_30_to_180"]) == (0.0, 0.0, 0.0)
    assert stays["ln_tenure"] == pytest.approx(
        log(1 + 2191 / 365.25), abs=1e-6
    )  # six years, two of them leap years
    assert (stays["has_salary"], stays["salary_overdue"], stays["matures_30"], stays["product_cnt"]) == (
        1.0,
        0.0,
        0.0,
        2.0,
    )
    # A bank without surveys and incidents has no such features: not known, which is not zero.
    assert (stays["low_score_30"], stays["incident_30"]) == (None, None)


@pytest.mark.requirement("R-MDL-01")
def test_noise_after_the_day_or_known_after_its_cut_off_changes_no_feature(spark, layers):
    """The leak rule: replace every value after t, or known after K(t), by noise; the features are identical."""
    before = told(layers, spark)

    def noisy(frame):
        later = (F.col("business_date") > F.lit(SUNDAY)) | (
            F.col("known_from") > F.lit(str(CUT_OFF)).cast("timestamp")
        )
        late = frame.where("customer_id = 'stays' and business_date = '2026-09-20'").withColumns({
            "known_from": F.lit("2026-09-28 22:30:00").cast("timestamp"),
        })  # fmt: skip
        every = frame.unionByName(late)
        values = [c for c in frame.columns if c not in ("customer_id", "business_date", "known_from")]
        noise = {
            c: F.when(later | (F.col("known_from") > F.lit(str(CUT_OFF)).cast("timestamp")), _noise(frame, c)).otherwise(F.col(c)) for c in values
        }  # fmt: skip
        return every.withColumns(noise)

    assert told({name: noisy(frame) for name, frame in layers.items()}, spark) == before


def _noise(frame, column):
    kind = frame.schema[column].dataType.simpleString()
    value = "2031-01-01" if kind == "date" else "987654"
    return F.lit(value).cast(kind)


def test_a_row_known_a_day_too_late_is_not_visible_and_only_under_its_new_known_time(spark):
    """A late file of the Sunday's own books: not seen as of the Sunday, seen as of the Monday."""
    rows = {
        name: frame.withColumn("known_from", F.when(F.col("business_date") == F.lit(SUNDAY), F.lit("2026-09-28 22:30:00").cast("timestamp")).otherwise(F.col("known_from")))
        for name, frame in lived(spark, days=10).items()
    }  # fmt: skip
    sunday, monday = (
        {r["customer_id"]: r for r in told(rows, spark, days=(day,))}["leaves"]
        for day in (SUNDAY, SUNDAY + DAY)
    )
    # Seven days of history, 21 to 27: two at 20,000 are seen on Sunday (25, 26), four on Monday (25 to 28).
    assert sunday["aum_level"] == pytest.approx(log(1000 + (4 * 100_000 + 2 * 20_000) / 6), abs=1e-6)
    assert monday["aum_level"] == pytest.approx(log(1000 + (4 * 100_000 + 4 * 20_000) / 8), abs=1e-6)


def test_a_day_is_known_from_the_cut_off_after_its_last_file(spark):
    rows = table(spark, "customer_id string, business_date date", """
        a | 2026-09-20
        a | 2026-09-21
        a | 2026-09-22
        a | 2026-09-23
    """)  # fmt: skip
    # Arrivals in UTC: 22:30 is 06:30 in Shanghai, the cut-off itself.
    deliveries = table(spark, "feed_code string, business_date date, state_code string, arrived_at timestamp", """
        core__acct_bal | 2026-09-20 | superseded | 2026-09-20 18:30:00
        core__acct_bal | 2026-09-20 | loaded     | 2026-09-22 03:00:00
        core__acct_bal | 2026-09-21 | loaded     | 2026-09-21 22:30:00
        core__acct_bal | 2026-09-22 | loaded     | 2026-09-22 22:30:01
        mbank__event   | 2026-09-21 | loaded     | 2026-09-29 01:00:00
    """)  # fmt: skip

    known = derive_known_from(rows, deliveries, ["core__acct_bal"], "06:30", "Asia/Shanghai")

    assert {str(r["business_date"]): str(r["known_from"]) for r in known.withColumn("known_from", F.col("known_from").cast("string")).collect()} == {
        "2026-09-20": "2026-09-22 22:30:00",  # resent after the cut-off of the 21st
        "2026-09-21": "2026-09-21 22:30:00",
        "2026-09-22": "2026-09-23 22:30:00",  # a second too late for its own day
        "2026-09-23": "2026-09-23 22:30:00",  # no file: its own cut-off
    }  # fmt: skip


@pytest.mark.requirement("R-MDL-01")
def test_who_is_lost_who_is_kept_and_who_is_not_asked_about(spark):
    cases = table(spark, OUTCOME, """
        a fifth is left              | 2026-08-31 | 100000  | 20000    |            |
        a cent more than a fifth     | 2026-08-31 | 100000  | 20000.01 |            |
        reference a cent too small   | 2026-08-31 | 9999.99 | 0        |            |
        reference just large enough  | 2026-08-31 | 10000   | 0        |            |
        closed on the thirtieth day  | 2026-08-31 | 100000  | 90000    | 2026-09-30 |
        closed a day later           | 2026-08-31 | 100000  | 90000    | 2026-10-01 |
        closed later and nothing left| 2026-08-31 | 100000  | 100      | 2026-10-01 |
        died on the fifth day        | 2026-08-31 | 100000  | 0        | 2026-09-10 | 2026-09-05
        died after the horizon       | 2026-08-31 | 100000  | 100000   |            | 2026-10-01
        merged away                  | 2026-08-31 | 100000  |          |            |
    """)  # fmt: skip

    found = {r["case"]: r["label"] for r in cases.withColumn("label", label(RULES)).collect()}

    assert found == {
        "a fifth is left": 1, "a cent more than a fifth": 0, "reference a cent too small": None, "reference just large enough": 1,
        "closed on the thirtieth day": 1, "closed a day later": 0, "closed later and nothing left": 1, "died on the fifth day": None,
        "died after the horizon": 0, "merged away": None,
    }  # fmt: skip


def test_a_registered_model_scores_and_exclusions_keep_band_n(spark, lake):
    """Support of 29 days is no score whatever the model says; before the model was known there is none at all."""
    model = Logistic(
        "churn", 30, (date(2026, 8, 1),), date(2026, 8, 31), 100, 10, tuple(NAMES), (0.0,) * len(NAMES), (1.0,) * len(NAMES),
        tuple(-3.0 if n == "aum_now_to_30" else 0.0 for n in NAMES), 0.0,
        (tuple(-3.0 if n == "aum_now_to_30" else 0.0 for n in NAMES),) * 20,
    )  # fmt: skip
    registry.register(lake.settings, model)
    assert registry.in_force(registry.registered(lake.settings, "churn"), date(2026, 8, 30)) is None
    rows = spark.createDataFrame(
        [("gone", SUNDAY, -1.5), ("here", SUNDAY, 1.0), ("young", SUNDAY, -1.5)], "customer_id string, business_date date, aum_now_to_30 double"
    ).withColumns({n: F.lit(None).cast("double") for n in NAMES if n != "aum_now_to_30"})  # fmt: skip
    consents = table(spark, "customer_id string, business_date date, purpose_code string, data_class_code string, channel_code string, state_code string", """
        gone | 2026-09-27 | recommendation | transaction | any | granted
    """)  # fmt: skip

    scored = churn.withhold_reasons(churn.apply(model, rows, RULES), consents, RULES)
    exclusions = table(spark, "customer_id string, business_date date, support_days bigint, exclusion_codes array<string>", """
        gone  | 2026-09-27 | 30 | []
        here  | 2026-09-27 | 30 | []
        young | 2026-09-27 | 29 | ["short_history"]
        late  | 2026-09-27 | 30 | []
    """)  # fmt: skip
    found = {r["customer_id"]: r for r in a_score.assemble_scores(exclusions, scored).collect()}

    # 1 / (1 + e^−4.5) and 1 / (1 + e^3)
    assert (float(found["gone"]["score_ratio"]), found["gone"]["band_code"]) == (0.989013, "A")
    assert (float(found["here"]["score_ratio"]), found["here"]["band_code"]) == (0.047426, "E")
    assert (found["gone"]["reason_codes"], found["gone"]["model_version"]) == (
        ["balance_falling"],
        model.version,
    )
    assert (found["young"]["band_code"], found["young"]["score_ratio"], found["young"]["reason_codes"]) == (
        "N",
        None,
        ["short_history"],
    )
    assert (found["late"]["band_code"], found["late"]["reason_codes"]) == ("N", ["no_model"])


def test_without_consent_a_customers_data_is_no_reason(spark):
    """Asked for recommendation: transactions were granted and withdrawn again, behaviour is granted, surveys were never asked about."""
    scored = table(spark, "customer_id string, business_date date, reason_codes array<string>", """
        wang | 2026-09-27 | ["balance_falling", "logins_fell", "low_score"]
        li   | 2026-09-27 | ["balance_falling"]
    """)  # fmt: skip
    consents = table(spark, "customer_id string, business_date date, purpose_code string, data_class_code string, channel_code string, state_code string", """
        wang | 2026-09-27 | recommendation | transaction | any | withdrawn
        wang | 2026-09-27 | recommendation | behaviour   | any | granted
        wang | 2026-09-27 | care           | survey      | any | granted
    """)  # fmt: skip

    shown = churn.withhold_reasons(scored, consents, RULES)

    assert {r["customer_id"]: r["reason_codes"] for r in shown.collect()} == {
        "wang": ["logins_fell"],
        "li": [],
    }


@pytest.mark.slow
def test_a_lake_of_ninety_dates_is_asked_about_labelled_and_tested_walking_forward(spark, lake):
    """Twelve customers keep their money until the day they leave: three before the training label ends, three before the test's does.

    One more has been a customer for too short a time, and one died; neither is asked about.
    """
    first = date(2026, 7, 3)
    gone = {f"c{k}": date(2026, 8, 10) if k < 3 else date(2026, 9, 10) for k in range(6)}
    people = [f"c{k}" for k in range(12)] + ["new", "dead"]
    money = [
        (who, first + n * DAY, 0 if first + n * DAY >= gone.get(who, date.max) else 50_000, 50_000, 50_000, date(2026, 7, 1) if who == "new" else date(2020, 1, 1))
        for who in people for n in range(90)
    ]  # fmt: skip
    ever, known = (date(2020, 1, 1), date(9999, 12, 31)), (datetime(2026, 7, 1), datetime(9999, 12, 31))
    drawn = {
        "profile.o_customer_daily": (money, "customer_id string, business_date date, aum_cny int, aum_30_avg_cny int, aum_180_avg_cny int, relationship_date date"),
        "identity.party_customer": ([(f"p_{who}", who, *ever, *known) for who in people],
                                    "party_id string, customer_id string, valid_from date, valid_to date, known_from timestamp, known_to timestamp"),
        "silver.party_hist": ([(f"p_{who}", "deceased" if who == "dead" else "active", *ever, *known) for who in people],
                              "party_id string, status_code string, valid_from date, valid_to date, known_from timestamp, known_to timestamp"),
        "profile.a_tier_hist": ([(who, "ordinary", *ever, *known) for who in people],
                                "customer_id string, tier_code string, valid_from date, valid_to date, known_from timestamp, known_to timestamp"),
    }  # fmt: skip
    for name, (rows, schema) in drawn.items():
        lake.ensure_schema(name.split(".")[0])
        spark.createDataFrame(rows, schema).write.format("delta").saveAsTable(lake.name(name))

    rows = churn_training.labelled(
        lake, DateRange(first, first + 89 * DAY), [date(2026, 8, 1), date(2026, 8, 31)]
    )
    labels = {(r["customer_id"], r["as_of_date"].day): r["label"] for r in rows.collect()}

    # The new one has been here for 31 days on the first date and for 61 on the second: not 90. Those who left are still asked about:
    # 30 days later their mean of 30 days is above the minimum only in part.
    assert {who for who, _ in labels} == {f"c{k}" for k in range(12)}
    assert [labels[f"c{k}", 1] for k in (0, 2, 3, 5, 6, 11)] == [1, 1, 0, 0, 0, 0]
    assert [labels[f"c{k}", 31] for k in (3, 5, 6, 11)] == [1, 1, 0, 0]
    outcome = churn_training.run(lake)

    assert [(f.test, f.trained) for f in outcome.folds] == [(date(2026, 8, 31), (date(2026, 8, 1),))]
    assert outcome.folds[0].train_positives == 3
    assert (lake.settings.home / "models" / "churn" / "backtest" / "figures.json").is_file()
    assert outcome.model is None and outcome.why_not.startswith("AUC")  # nobody gives a sign before leaving
