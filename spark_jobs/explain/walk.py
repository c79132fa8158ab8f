"""The walk itself: one value of a customer and day → rule → rows of each layer → places in files. No personal value comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from spark_jobs import settings as settings_module
from spark_jobs.contracts import Contracts, load
from spark_jobs.contracts.model import PrivacyClass, TableContract
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.errors import OxpeckerError, nearest
from spark_jobs.explain.places import Record, find_records
from spark_jobs.explain.tables import Tables
from spark_jobs.explain.trail import Step, Trail
from spark_jobs.explain.trails import TRAILS
from spark_jobs.exports.release import require_current
from spark_jobs.pipeline import JOBS
from spark_jobs.settings import Settings

VIEW = "profile.customer_daily"
KEY = ("customer_id", "business_date")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Row:
    """One row that the value rests on: columns that identify nobody, and where it was delivered."""

    values: Mapping[str, Any]
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Found:
    """What one step of the trail found. version: of the Delta table, None where the table was never written."""

    table: str
    said: str
    version: int | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Explanation:
    """A value and everything it rests on.

    reaches  file: every silver row leads to its place in a file · silver, profile, value: how far the walk came, see `stops`
    adds_up  whether the parts give the value again; None where it is no sum
    """

    customer_id: str
    business_date: date
    column: str
    table: str
    value: Any
    meaning: Mapping[str, str | None]
    release_id: str
    rule: str
    function: str
    parameters: Mapping[str, Mapping[str, Any]]
    steps: tuple[Found, ...]
    reaches: str
    stops: str | None
    adds_up: bool | None
    notes: tuple[str, ...] = field(default=())


def explain(
    settings: Settings, customer: str, column: str, day: date | None = None, *, check: bool = True
) -> Explanation:
    """Walk one value of the current release down. `check` opens the packages that still lie in landing and compares bytes.

    Errors name what is known: the nearest column, the dates there are, the id a retired one leads to.
    """
    if not _ID.fullmatch(customer):
        raise OxpeckerError("a customer id is letters, digits, `_` and `-` only; `oxpecker sql` shows ids")
    release = require_current(settings)
    contracts, sources = load(settings.conf_dirs), load_sources(settings.conf_dirs)
    day = day or date.fromisoformat(release.business_date)
    tables = Tables(settings, release, contracts)
    try:
        table = home_of(contracts, column)
        row = _value(tables, customer, column, table, day)
        trail = TRAILS.get(column) or _unknown(contracts, column, table)
        names = {**_names(settings, trail), "customer": f"'{customer}'", "day": f"date '{day}'"}
        _lay_ground(tables, names)
        found = tuple(_walk(tables, contracts, sources, step, names, check) for step in trail.steps)
        declared = contracts.field(column)
        reaches, stops = _reach(found, trail)
        return Explanation(
            customer, day, column, table, row[column],
            {"zh": declared.zh, "en": declared.en, "description": declared.description, "unit": declared.unit,
             "class": declared.privacy.value},
            release.release_id, trail.told, trail.function, _parameters(settings, trail), found, reaches, stops,
            _adds_up(tables, trail, names, row[column]), _notes(tables, settings),
        )  # fmt: skip
    finally:
        tables.close()


def home_of(contracts: Contracts, column: str) -> str:
    """The table to look the column up in: the one view, else the layer that has it at the same grain."""
    if column in contracts.table(VIEW).columns:
        if column in KEY:
            raise OxpeckerError(
                f"`{column}` is part of the key; name a column that says something of the customer"
            )
        return VIEW
    same_grain = _same_grain(contracts)
    for table in same_grain:
        if column in table.columns:
            return table.table
    known = {c for t in same_grain for c in t.columns} - set(KEY)
    raise OxpeckerError(f"no column `{column}` is known of a customer and day; {nearest(column, known)}")


def _value(tables: Tables, customer: str, column: str, table: str, day: date) -> dict[str, Any]:
    rows = tables.ask(
        f"select {column} from {table} where customer_id = '{customer}' and business_date = date '{day}'"
    )
    if rows:
        return rows[0]
    ids = tables.ask(
        f"select status_code, retired_into_customer_id as into from identity.customer where customer_id = '{customer}'"
    )
    if not ids:
        raise OxpeckerError(
            f"no customer `{customer}` in this lake; `oxpecker sql` on profile.customer_current lists them"
        )
    if ids[0]["into"]:
        raise OxpeckerError(
            f"customer `{customer}` is {ids[0]['status_code']}; it lives on as `{ids[0]['into']}`"
        )
    seen = tables.ask(
        f"select min(business_date) as a, max(business_date) as b from {table} where customer_id = '{customer}'"
    )[0]
    known = f"it is known from {seen['a']} to {seen['b']}" if seen["a"] else f"{table} does not know it"
    raise OxpeckerError(f"customer `{customer}` has no row on {day}; {known}")


def _unknown(contracts: Contracts, column: str, table: str) -> Trail:
    """What can be said of a column without a trail: the row of the layer that brings it, and the job that writes that."""
    layers = [t.table for t in _same_grain(contracts) if t.table != VIEW and column in t.columns]
    layer = layers[0] if layers else table
    return Trail(
        _job_of(layer), "No trail is declared for this column yet; this is the row of the layer that brings it.",
        (Step(layer, "the row", f"select {column} from {layer} where customer_id = {{customer}} and business_date = {{day}}"),),
        ends=f"`{column}` has no trail in spark_jobs/explain/trails",
    )  # fmt: skip


def _same_grain(contracts: Contracts) -> list[TableContract]:
    """Tables of one row per customer and business date, by name."""
    return [t for name, t in sorted(contracts.tables.items()) if name.startswith("profile.") and t.key == KEY]


def _job_of(table: str) -> str:
    for job in JOBS:
        if any(table == w or (w.endswith("*") and table.startswith(w[:-1])) for w in job.writes):
            return job.entry
    return table


def _lay_ground(tables: Tables, names: Mapping[str, str]) -> None:
    """`parties` and `accounts` of the customer on the day, for the steps."""
    on_day = (
        "valid_from <= {day} and {day} < valid_to and cast(known_to as date) >= date '9999-01-01'".format_map(
            names
        )
    )
    parties = (
        "select party_id, link_reason_code, confidence_ratio, valid_from from identity.party_customer "
        f"where customer_id = {names['customer']} and {on_day} order by party_id"
    )
    tables.ask(
        "select 1 from identity.party_customer, silver.party_agreement, profile.o_account_daily limit 0"
    )
    tables.connection.execute(f"create temp table parties as {parties}")
    tables.connection.execute(
        "create temp table accounts as select distinct agreement_id from silver.party_agreement "
        f"where party_id in (select party_id from parties) and {on_day} union "
        "select distinct agreement_id from profile.o_account_daily "
        f"where customer_id = {names['customer']} and business_date = {names['day']}"
    )


def _walk(
    tables: Tables, contracts: Contracts, sources: Mapping[str, SourceContract], step: Step, names: Mapping[str, str], check: bool
) -> Found:  # fmt: skip
    rows = tables.ask(step.sql.format_map(names))
    origins = [[(o["file_id"], int(o["line_no"])) for o in row.get("_origin") or ()] for row in rows]
    records = (
        find_records(tables, sources, {place for each in origins for place in each}, check)
        if any(origins)
        else {}
    )
    shown = tuple(
        Row(_open(contracts, row), tuple(records[p] for p in places if p in records))
        for row, places in zip(rows, origins, strict=True)
    )
    tables.ask(f"select 1 from {step.table} limit 0")
    return Found(step.table, step.said, tables.versions[step.table], shown)


def _open(contracts: Contracts, row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns that may be shown: declared, and of no class that identifies."""
    return {
        name: value
        for name, value in row.items()
        if not name.startswith("_") and contracts.field(name).privacy is not PrivacyClass.IDENTIFYING
    }


def _reach(found: Sequence[Found], trail: Trail) -> tuple[str, str | None]:
    """How far the walk came, and why it went no further."""
    silver = [row for step in found if step.table.startswith("silver.") for row in step.rows]
    if not silver:
        level = "profile" if any(step.rows for step in found) else "value"
        return (
            level,
            trail.ends or "no supplier's row stands behind it on this day: that is what the value says",
        )
    lost = sum(not row.records for row in silver)
    if lost:
        return "silver", f"{lost} of {len(silver)} rows of silver name no record in bronze"
    return "file", trail.ends


def _adds_up(tables: Tables, trail: Trail, names: Mapping[str, str], value: Any) -> bool | None:
    if trail.total is None or value is None:
        return None
    [row] = tables.ask(trail.total.format_map(names))
    total = next(iter(row.values())) or 0
    return abs(Decimal(str(total)) - Decimal(str(value))) < _CENT


def _notes(tables: Tables, settings: Settings) -> tuple[str, ...]:
    notes = []
    if tables.moved:
        notes.append(
            f"read as they are now, because the release's version was cleaned away: {', '.join(tables.moved)}"
        )
    if not settings.landing.is_dir():
        notes.append(
            f"{settings.landing} is not there, so no bytes could be compared; name it with --landing"
        )
    return tuple(notes)


# --- rules ------------------------------------------------------------------------------------------------------


def _parameters(settings: Settings, trail: Trail) -> dict[str, dict[str, Any]]:
    """The parameters that matter, by rule file, with the file's version."""
    found: dict[str, dict[str, Any]] = {}
    for name, keys in trail.rules.items():
        content = settings_module.rules(settings, name)
        found[f"conf/rules/{name}.yml"] = {
            "version": content["version"],
            **{k: content[k] for k in keys if k in content},
        }
    return found


def _names(settings: Settings, trail: Trail) -> dict[str, str]:
    """The lists of the rules that stand in the steps, quoted."""
    names = {}
    for name, (file, path) in trail.lists.items():
        content: Any = settings_module.rules(settings, file)
        for key in path.split("."):
            content = content[key]
        content = content if isinstance(content, list) else [content]
        names[name] = ", ".join("'" + str(each).replace("'", "''") + "'" for each in content) or "null"
    return names
