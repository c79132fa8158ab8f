"""Churn scores of the Sundays, and the rows on which the model that gives them is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.clock import cut_off
from spark_jobs.dates import DateRange
from spark_jobs.history import explode_days
from spark_jobs.models import registry
from spark_jobs.models.churn_features import LAYERS, LONGEST, assemble_features
from spark_jobs.models.known import as_of_dates, derive_known_from
from spark_jobs.models.logistic import Logistic, band, explain
from spark_jobs.profile.a_consent import allowed
from spark_jobs.profile.a_score import CHURN
from spark_jobs.profile.windows import KEY
from spark_jobs.tables import Lake

# Entities whose files make a layer: a layer's day is known once they have arrived.
MADE_OF = {
    "profile.o_customer_daily": ("deposit_daily", "transaction", "wealth_holding_daily", "wealth_trade", "loan_daily", "card_daily"),
    "profile.b_customer_daily": ("digital_event", "call", "transaction", "card_transaction", "crm_contact", "message"),
    "profile.x_customer_daily": ("complaint", "complaint_event", "survey_response", "survey_answer", "survey_invitation"),
    "profile.s_customer_daily": ("digital_event", "incident", "service_window", "call"),
}  # fmt: skip
_SCORED = (
    "customer_id string, business_date date, score_ratio decimal(9,6), band_code string, reason_codes array<string>, model_version string"
)  # fmt: skip


def features(lake: Lake, days: Sequence[date]) -> DataFrame:
    """Features of all customers as of these dates, each from what its own release could know."""
    names = list(lake.rules(CHURN)["features"])
    window = DateRange(min(days), max(days)).back(LONGEST - 1)
    deliveries = lake.read("ops.delivery_file")
    settings = lake.settings
    layers = {
        table: derive_known_from(
            lake.read(table, window),
            deliveries,
            _feeds(lake, MADE_OF[table]),
            settings.cut_off,
            settings.zone,
        )
        for table in LAYERS
        if table in lake.contracts.tables
    }
    as_ofs = as_of_dates(lake.spark, [(day, cut_off(settings, day)) for day in days])
    return assemble_features(layers, as_ofs, names)


def _feeds(lake: Lake, entities: Sequence[str]) -> list[str]:
    return sorted(feed for feed, source in lake.sources.items() if set(source.maps) & set(entities))


def score(lake: Lake, dates: DateRange) -> DataFrame:
    """Scores with their reasons on the refresh days of the range on which a registered model is in force; else no rows."""
    rules = lake.rules(CHURN)
    models = registry.registered(lake.settings, CHURN)
    scored = lake.spark.createDataFrame([], _SCORED)
    days: dict[Logistic, list[date]] = {}
    for day in dates:
        model = registry.in_force(models, day)
        if day.weekday() == int(rules["refresh_weekday"]) and model is not None:
            days.setdefault(model, []).append(day)
    for model, its_days in days.items():
        rows = features(lake, its_days).withColumnRenamed("as_of_date", "business_date")
        scored = scored.unionByName(apply(model, rows, rules))
    if not days:
        return scored
    asked = sorted(day for its_days in days.values() for day in its_days)
    consents = explode_days(lake.read("profile.a_consent_hist"), DateRange(asked[0], asked[-1]))
    return withhold_reasons(scored, consents, rules)


def apply(model: Logistic, rows: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Score and explain rows of features: customer_id, business_date and the model's features."""
    told = dict(rules)
    version = model.version

    def scoring(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import numpy as np
        import pyarrow as pa

        for batch in batches:
            columns = [
                np.asarray(batch.column(name).to_numpy(zero_copy_only=False), float)
                for name in model.features
            ]
            values = np.stack(columns, axis=1)
            scores = model.score(values)
            bands = [band(each, told["bands"]) for each in scores.tolist()]
            reasons = explain(model, values, told)
            yield pa.RecordBatch.from_arrays(
                [batch.column("customer_id"), batch.column("business_date"),
                 pa.array([f"{each:.6f}" for each in scores.tolist()]).cast(pa.decimal128(9, 6)), pa.array(bands, pa.string()),
                 pa.array(reasons, pa.list_(pa.string())), pa.array([version] * len(bands), pa.string())],
                names=["customer_id", "business_date", "score_ratio", "band_code", "reason_codes", "model_version"],
            )  # fmt: skip

    return rows.select(*KEY, *model.features).mapInArrow(scoring, _SCORED)


def withhold_reasons(scored: DataFrame, consents: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Same rows; a reason goes that would reveal a data class which its purpose has no consent for (rules: churn).

    consents: a_consent_hist by day. No consent on record is a denial.
    """
    purpose = str(rules["reasons"]["purpose"])
    reveals: dict[str, set[str]] = {}
    for told in rules["features"].values():
        if "reason" in told:
            reveals.setdefault(told["data_class"], set()).add(told["reason"])
    may = consents.groupBy(*KEY).agg(*[allowed(purpose, each).alias(f"_may_{each}") for each in reveals])
    withheld = [
        F.when(F.coalesce(f"_may_{data_class}", F.lit(False)), F.array().cast("array<string>"))
        .otherwise(F.array(*[F.lit(reason) for reason in sorted(reasons)]))
        for data_class, reasons in sorted(reveals.items())
    ]  # fmt: skip
    shown = F.array_except("reason_codes", F.concat(*withheld))
    return scored.join(may, KEY, "left").withColumn("reason_codes", shown).select(*scored.columns)
