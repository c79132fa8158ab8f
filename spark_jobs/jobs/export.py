"""Exports: the CRM files of the release that is visible now. What one release exported is never changed."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import ExportHeld
from spark_jobs.exports import acks, crm
from spark_jobs.exports import packages as packages_of
from spark_jobs.exports import release as releases
from spark_jobs.exports.packages import Packages, state_hash
from spark_jobs.exports.release import Release
from spark_jobs.jobs.export_changes import changes_since
from spark_jobs.jobs.export_inputs import FULL, Inputs
from spark_jobs.jobs.export_tasks import WORKLIST, open_worklist
from spark_jobs.tables import Lake

DELTA = "export.crm__customer_delta_v1"
ACK = "export.crm__ack"
PACKAGE = "export.crm__package"
DEADLINE = "ops.export_deadline"
SUBJECT = "export.crm"


def run(lake: Lake, dates: DateRange) -> None:
    """State of the day, then a full or delta package, then the worklist; nothing of it where the export is held."""
    release = releases.require_current(lake.settings)
    day = DateRange.day(date.fromisoformat(release.business_date))
    inputs = Inputs(lake, day)
    _hold_or_pass(lake, release, inputs)
    _take_acknowledgements(lake)
    base, is_full_asked = _base_release(lake, release)
    state = _state(lake, release, inputs, base)
    refuse_broken(lake, FULL, state)
    rows, key_hash = state_hash(state)
    packages = Packages(lake.settings.exports, release, lake.contracts)
    written = []
    if base is None or is_full_asked or day.last.day == int(inputs.rules["full_on_day"]):
        written.append(packages.made(packages_of.FULL) or packages.full(state, rows, key_hash))
    # A package that is out stays, also where an acknowledgement since then would give it another base.
    out = packages.made(packages_of.DELTA)
    if out is None and base is not None:
        lake.publish(DELTA, changes_since(lake, release, base, state, inputs), day)
        out = packages.delta(base, lake.read(DELTA, day), state, rows, key_hash)
    written += [out] if out is not None else []
    tasks = packages.made(packages_of.WORKLIST)
    if tasks is None:
        lake.publish(WORKLIST, open_worklist(lake, release, inputs, state), day)
        refuse_broken(lake, WORKLIST, lake.read(WORKLIST, day))
        tasks = packages.worklist(lake.read(WORKLIST, day))
    written.append(tasks)
    told = [
        (m["release_id"], m["contract"], m["kind"], m.get("base_release_id"), day.last, m["controls"]["rows"],
         m["controls"].get("key_hash"), lake.clock()) for m in written
    ]  # fmt: skip
    lake.publish(PACKAGE, lake.spark.createDataFrame(told, schema_of(lake.contracts, PACKAGE)))


def _hold_or_pass(lake: Lake, release: Release, inputs: Inputs) -> None:
    """Enter the deadline of the day's export; an export that may not leave is an error that says why."""
    reasons = inputs.holds()
    day = inputs.day.last
    due = datetime.combine(
        day + timedelta(days=1), time.fromisoformat(str(inputs.rules["due"])), ZoneInfo(lake.settings.zone)
    )
    known = lake.read(DEADLINE, inputs.day).where(F.col("deadline_subject") == SUBJECT).collect()
    state = "missed" if reasons else "met"
    if [(row["deadline_state_code"], row["reason_codes"]) for row in known] != [(state, reasons)]:
        row = (
            day,
            SUBJECT,
            due.astimezone(UTC).replace(tzinfo=None),
            None if reasons else lake.clock(),
            state,
            reasons,
        )
        frame = lake.spark.createDataFrame([row], schema_of(lake.contracts, DEADLINE))
        lake.publish(DEADLINE, frame, inputs.day, within=F.col("deadline_subject") == SUBJECT)
    if reasons:
        raise ExportHeld(
            f"the CRM export of {day} is held, nothing was sent: {'; '.join(reasons)}. Release {release.release_id} stays visible; "
            "see ops.export_deadline, bring what is missing and run the day again"
        )


def refuse_broken(lake: Lake, table: str, rows: DataFrame) -> None:
    """Nothing leaves that breaks a check of its contract: the last look at consent before a file is written."""
    checks = lake.contracts.table(table).checks
    counted = (
        rows.agg(*[F.count_if(F.expr(check.where)).alias(check.name) for check in checks])
        .collect()[0]
        .asDict()
    )
    broken = [f"{name} in {count:,} rows" for name, count in counted.items() if count]
    if broken:
        raise ExportHeld(
            f"{table}: {', '.join(broken)}; nothing was sent. Look at the checks of its contract and at what wrote the rows"
        )


def _take_acknowledgements(lake: Lake) -> None:
    # The same words in two files are one row.
    rows = list(dict.fromkeys(astuple(ack) for ack in acks.received(lake.settings.exports)))
    lake.publish(ACK, lake.spark.createDataFrame(rows, schema_of(lake.contracts, ACK)))


def _base_release(lake: Lake, release: Release) -> tuple[str | None, bool]:
    """The newest accepted release whose state is kept and near enough (None: only a full will do), and whether CRM asks for a full."""
    history = lake.read("ops.release").select("release_id", "published_at").collect()
    newest_first = [
        r["release_id"]
        for r in sorted(history, key=lambda r: (r["published_at"], r["release_id"]), reverse=True)
    ]
    kept = {row["release_id"] for row in lake.read(FULL).select("release_id").distinct().collect()}
    hashes = {
        row["release_id"]: row["key_hash"]
        for row in lake.read(PACKAGE).where("key_hash is not null").select("release_id", "key_hash").collect()
    }
    spoken = [acks.Ack(**row.asDict()) for row in lake.read(ACK).collect()]
    most = int(lake.rules("export")["most_releases_behind"])
    earlier = [r for r in newest_first if r != release.release_id]
    return acks.base_of(spoken, earlier[:most], kept, hashes), acks.asks_for_full(spoken)


def _state(lake: Lake, release: Release, inputs: Inputs, base: str | None) -> DataFrame:
    """What CRM may know after this release; made once, then read."""
    mine = F.col("release_id") == release.release_id
    if lake.read(FULL, inputs.day).where(mine).isEmpty():
        wanted = inputs.customers().where(F.col("eligibility_code").isin("eligible", "in_doubt"))
        rows = crm.assemble_rows(wanted, inputs.layers(), inputs.tokens, inputs.rules).localCheckpoint()
        exported = crm.keep_last_exported(rows, _last_exported(lake, inputs, base))
        hashed = crm.hash_rows(exported, inputs.tokens)
        stamped = hashed.withColumn("business_date", F.lit(inputs.day.last)).withColumn(
            "release_id", F.lit(release.release_id)
        )
        # The state that CRM acknowledged of an earlier release of this date stays: the next delta starts from it.
        lake.publish(FULL, stamped, inputs.day, within=~F.col("release_id").isin([base] if base else []))
    return lake.read(FULL, inputs.day).where(mine)


def _last_exported(lake: Lake, inputs: Inputs, base: str | None) -> DataFrame:
    """Rows of the base, or of the newest state of an earlier date where CRM acknowledged none."""
    states = lake.read(FULL)
    if base is not None:
        return states.where(F.col("release_id") == base)
    days = (
        states.where(F.col("business_date") < F.lit(inputs.day.last))
        .select("business_date")
        .distinct()
        .collect()
    )
    newest = max((row["business_date"] for row in days), default=None)
    return states.where(F.col("business_date") == F.lit(newest)) if newest else states.where("false")
