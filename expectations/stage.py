"""The gate stage: measure a layer, let Great Expectations judge, write the verdicts, stop publication where it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from expectations import judge, measure
from expectations.model import Verdict
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import GateFailed
from spark_jobs.tables import Lake

# A gate `profile` guards the metrics, too: they are computed from it and published with it.
LAYERS = {"profile": ("profile", "metric")}
BOUNDARY = {"silver", "profile"}


def run(lake: Lake, dates: DateRange, *, option: str) -> None:
    """Judge the tables of a layer that changed since this gate last spoke. A crash is an error: gates fail closed."""
    tables = _changed(lake, option)
    measures = [
        *measure.from_writes(lake, tables),
        *measure.keys_and_codes(lake, tables, dates, with_codes=option in BOUNDARY),
        *measure.invariants(lake, option, dates),
    ]
    verdicts = judge.judge_measures(measures)
    _publish(lake, option, dates, verdicts)
    failed = [v for v in verdicts if v.verdict == "fail"]
    if failed:
        told = "; ".join(map(_said, failed[:10]))
        more = f" and {len(failed) - 10} more" if len(failed) > 10 else ""
        raise GateFailed(
            f"gate {option}, {dates}: {len(failed)} of {len(verdicts)} checks failed ({told}{more}); nothing is published. "
            "See ops.quality_verdict and the steward's report"
        )


def _said(failed: Verdict) -> str:
    """Where, which check, how many, and the first that it names: an id, a file or a cause, never a value of a person."""
    one = failed.measure
    return f"{one.table} {one.check}: {one.failing}{f', first {one.sample[0]}' if one.sample else ''}"


def _changed(lake: Lake, gate: str) -> list[str]:
    """Declared tables of the gate's layers whose version differs from the one this gate judged last."""
    layers = LAYERS.get(gate, (gate,))
    rows = lake.read("ops.stage_commit").where(f"job_code = 'gate_{gate}'").collect()
    newest: Any = max(rows, key=lambda r: r["started_at"], default=None)
    seen = dict(newest["read_versions"] or {}) if newest else {}
    stored = [t for t in lake.stored_tables() if t.split(".")[0] in layers and t in lake.contracts.tables]
    return [table for table in stored if lake.version(table) != seen.get(table)]


def _publish(lake: Lake, gate: str, dates: DateRange, verdicts: Sequence[Verdict]) -> None:
    judged_at = lake.clock()
    rows = [
        (lake.run.run_id, gate, v.measure.table, v.measure.check, dates.first, dates.last, v.engine, v.measure.dimension,
         v.measure.severity, v.verdict, v.measure.failing, v.measure.total, list(v.measure.sample), judged_at)
        for v in verdicts
    ]  # fmt: skip
    if rows:
        table = "ops.quality_verdict"
        lake.publish(table, lake.spark.createDataFrame(rows, schema_of(lake.contracts, table)), is_new=True)


ALERTS = "ops.quality_alert"


def write_report(lake: Lake, dates: DateRange) -> None:
    """The report stage: alerts of the scorecard, then every page from the ledgers, the index last touched."""
    from expectations.report import data, gather, render

    found = gather.read_alerts(lake.settings, data.asker(lake.settings))
    _publish_alerts(lake, [astuple(alert) for alert in found])
    render.write(lake.settings.report, data.read_days(lake.settings, found), data.read_defects(lake.settings))


def _publish_alerts(lake: Lake, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write the alerts where they are not those that are stored."""
    if {*rows} != {tuple(row) for row in lake.read(ALERTS).collect()}:
        lake.publish(ALERTS, lake.spark.createDataFrame(list(rows), schema_of(lake.contracts, ALERTS)))
