"""Train the churn model of a lake, test it walking forward, and register it where it is accepted. Started by hand, no pipeline stage."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.clock import RunContext
from spark_jobs.dates import DateRange
from spark_jobs.errors import OxpeckerError
from spark_jobs.history import OPEN_DATE, OPEN_INSTANT, explode_days
from spark_jobs.jobs import churn
from spark_jobs.models import registry
from spark_jobs.models.churn_label import label, summarise_outcomes
from spark_jobs.models.known import AS_OF
from spark_jobs.models.training import Outcome, Rows, as_of_grid, train
from spark_jobs.profile import a_person, a_score
from spark_jobs.profile.a_score import CHURN
from spark_jobs.profile.members import explode_memberships
from spark_jobs.profile.windows import KEY
from spark_jobs.session import connect
from spark_jobs.settings import Settings
from spark_jobs.tables import Lake

BACKTEST = "backtest"


def train_settings(settings: Settings) -> Outcome:
    """`run` on the lake of these settings. It publishes no table, so its run has neither dates nor an id."""
    nothing = RunContext(DateRange.day(OPEN_DATE), OPEN_INSTANT, "", "")
    return run(Lake(connect(settings), settings, nothing))


def run(lake: Lake) -> Outcome:
    """Train on all dates of the lake. Writes `<home>/models/churn/<version>.json` where accepted, and the newest walk-forward test
    beside it (`backtest/`): figures as JSON, customers with label and score as Parquet. Labelled rows are held in memory."""
    rules = lake.rules(CHURN)
    dates = _dates(lake)
    days = as_of_grid(dates.first, dates.last, rules)
    if not days:
        needed = int(rules["min_support_days"]) + int(rules["horizon_days"])
        raise OxpeckerError(
            f"the lake holds {dates}; a label needs at least {needed} business dates: there is no honest score, every band stays N"
        )
    names = list(rules["features"])
    rows = _to_rows(labelled(lake, dates, list(days)).toArrow(), names)
    outcome = train(rows, dates.last, names, CHURN, rules)
    folder = registry.folder(lake.settings, CHURN)
    if outcome.model is not None:
        registry.register(lake.settings, outcome.model)
    if outcome.folds:
        _keep_backtest(folder / BACKTEST, outcome)
    return outcome


def labelled(lake: Lake, dates: DateRange, days: list) -> DataFrame:  # type: ignore[type-arg]
    """Customers who may be asked about as of these days, with features, label, baseline, tier and group.

    Grain out: customer_id, as_of_date. Those whose question has no answer (died within the horizon, merged away) fall out.
    """
    rules = lake.rules(CHURN)
    party_customer = lake.read("identity.party_customer")
    memberships = explode_memberships(party_customer, lake.read("identity.customer"), dates)
    parties = explode_days(lake.read("silver.party_hist"), dates)
    golden = explode_days(lake.read("identity.golden_hist"), dates)
    people = a_person.describe_people(memberships, parties, golden).select(*KEY, "is_deceased", "age_years")
    money = lake.read("profile.o_customer_daily", dates)
    stages = explode_days(lake.read("profile.a_lifecycle_hist"), dates)
    tiers = explode_days(lake.read("profile.a_tier_hist"), dates)
    asked = F.col("business_date").isin(*days)
    levels = ("aum_30_avg_cny", "aum_180_avg_cny")
    customers = (
        people.where(asked)
        .join(money.select(*KEY, *levels, "relationship_date"), KEY, "left")
        .localCheckpoint()
    )
    support = a_score.count_support(
        memberships.where(asked), memberships.where(asked), party_customer, dates.first
    )
    exclusions = a_score.list_exclusions(customers, support, stages.where(asked), rules)
    allowed = exclusions.where(F.size("exclusion_codes") == 0).select(*KEY)
    base = F.try_divide(*[F.col(level).cast("double") for level in levels])
    described = (
        allowed.join(customers.select(*KEY, "age_years", base.alias("_baseline")), KEY)
        .join(tiers.where(asked).select(*KEY, "tier_code"), KEY, "left")
        .join(stages.where(asked).select(*KEY, "group_code"), KEY, "left")
        .withColumnRenamed("business_date", "as_of_date")
    )
    as_ofs = lake.spark.createDataFrame([(day,) for day in days], "as_of_date date")
    outcomes = summarise_outcomes(money, stages, people, as_ofs, rules).withColumn("label", label(rules))
    answered = outcomes.where(F.col("label").isNotNull()).select(*AS_OF, "label")
    return described.join(answered, AS_OF).join(churn.features(lake, days), AS_OF)


def _dates(lake: Lake) -> DateRange:
    # Not as minimum and maximum: Delta answers those of whole tables itself and fails on dates.
    seen = (
        lake.read("profile.o_customer_daily")
        .agg(F.collect_set("business_date").alias("days"))
        .collect()[0]["days"]
    )
    if not seen:
        raise OxpeckerError("the lake holds no customers' money yet; run the pipeline first")
    return DateRange(min(seen), max(seen))


def _to_rows(table: pa.Table, features: list[str]) -> Rows:
    ordered = table.sort_by([("as_of_date", "ascending"), ("customer_id", "ascending")])

    def column(name: str) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(ordered.column(name).to_numpy(zero_copy_only=False))

    values = [column(name).astype(float) for name in features]
    return Rows(
        column("customer_id").astype(object), column("as_of_date").astype("datetime64[D]"), np.stack(values, axis=1),
        column("label").astype(np.int64), column("_baseline").astype(float), column("tier_code").astype(object),
        column("group_code").astype(object), column("age_years").astype(float),
    )  # fmt: skip


def _keep_backtest(folder: Path, outcome: Outcome) -> None:
    """The newest fold, for whoever reports on it. Replaces the one before."""
    fold = outcome.folds[-1]
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table({
            "customer_id": pa.array(fold.rows.customer_id.tolist(), pa.string()), "as_of_date": pa.array([fold.test] * len(fold.scores), pa.date32()),
            "label": pa.array(fold.rows.label), "score_ratio": pa.array(fold.scores), "baseline_ratio": pa.array(fold.rows.baseline),
        }),
        folder / "customers.parquet",
    )  # fmt: skip
    told = {
        "model_version": outcome.model.version if outcome.model else None, "why_not": outcome.why_not,
        "folds": [
            {name: asdict(value) if hasattr(value, "__dataclass_fields__") else value
             for name, value in vars(each).items() if name not in ("rows", "scores", "slices")}
            | {"slices": [asdict(s) for s in each.slices]}
            for each in outcome.folds
        ],
    }  # fmt: skip
    (folder / "figures.json").write_text(json.dumps(told, indent=1, default=str), encoding="utf-8")
