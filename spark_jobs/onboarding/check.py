"""What a contract makes of its files: deliveries judged as a run would, and the first rows of every silver entity the feed would fill."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from spark_jobs.bronze.drift import Change
from spark_jobs.bronze.drifting import differences
from spark_jobs.bronze.preview import Looked
from spark_jobs.bronze.profiling import seen_in
from spark_jobs.contracts import Contracts, patterns
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.onboarding.evaluate import Evaluator
from spark_jobs.silver.compile import UNMAPPED
from spark_jobs.silver.mapping import EntityMap, Expression

_ORDER = (PrivacyClass.C1, PrivacyClass.FINANCIAL, PrivacyClass.IDENTIFYING)


@dataclass
class Column:
    """One column of an entity as one feed fills it, over the records looked at.

    privacy     the stricter of the column's class and those of the fields it is made of; a word of a code list is the column's
    lost        the field has a value and the column has none: no day, no number, too long
    unmapped    words that the code list does not know, of fields that name nobody
    must        a run refuses the table where it is empty
    """

    name: str
    privacy: PrivacyClass
    must: bool
    empty: int = 0
    lost: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)
    unmapped_cnt: int = 0
    first: list[Any] = field(default_factory=list)


@dataclass
class Filled:
    """What one map makes of the records of one file."""

    feed: str
    entity: str
    table: str
    file: str
    rows: int
    gone: int
    columns: dict[str, Column]


def fill(
    source: SourceContract, maps: Sequence[EntityMap], looked: Looked, evaluator: Evaluator, contracts: Contracts, first: int
) -> list[Filled]:  # fmt: skip
    """Every map of a feed over the first records of one file."""
    made = []
    for entity_map in maps:
        columns = {
            name: Column(name, _privacy(name, expression, source, contracts), name in contracts.table(entity_map.table).not_null)
            for name, expression in entity_map.columns.items()
        }  # fmt: skip
        result = Filled(source.feed, entity_map.entity, entity_map.table, looked.file, 0, 0, columns)
        for record in looked.first:
            values = dict(zip(source.names(), record.values or (), strict=True))
            for row in evaluator.rows(entity_map, values, record.line_no, looked.business_date):
                _count(result, row, values, entity_map, contracts, source, first)
        made.append(result)
    return made


def _count(
    result: Filled, row: Mapping[str, Any], record: Mapping[str, str | None], entity_map: EntityMap,
    contracts: Contracts, source: SourceContract, first: int,
) -> None:  # fmt: skip
    result.rows += 1
    result.gone += bool(row.get("_gone"))
    for name, column in result.columns.items():
        kind = contracts.fields[name].type if name in contracts.fields else "string"
        value = fitted(row[name], kind)
        expression = entity_map.columns[name]
        if value is None:
            column.empty += 1
            column.lost += expression.operator == "field" and record.get(expression.argument) is not None
        if value == UNMAPPED:
            column.unmapped_cnt += 1
            told = _fields_of(expression)
            if all(f.privacy == PrivacyClass.C1 for f in source.fields if f.name in told):
                column.unmapped.update(record[n] or "" for n in told if n in record)
        if len(column.first) < first:
            column.first.append(value)


def fitted(value: Any, kind: str) -> Any:
    """The value as its column holds it: cents rounded half up, days without their time; None where it does not fit."""
    if value is None:
        return None
    try:
        if kind.startswith("decimal"):
            digits, scale = (int(n) for n in kind.removeprefix("decimal(").rstrip(")").split(","))
            rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
            return rounded if abs(rounded) < Decimal(10) ** (digits - scale) else None
        if kind in ("int", "bigint"):
            return int(Decimal(str(value)))
    except InvalidOperation:
        return None
    if kind == "date":
        return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
    if kind == "timestamp":
        return value if isinstance(value, datetime) else None
    return value


def _privacy(name: str, expression: Expression, source: SourceContract, contracts: Contracts) -> PrivacyClass:
    own = contracts.fields[name].privacy if name in contracts.fields else PrivacyClass.IDENTIFYING
    if expression.operator in ("const", "lookup", "token", "row_key", "business_date"):
        return own if name in contracts.fields else PrivacyClass.C1
    told = _fields_of(expression)
    classes = [own, *(f.privacy for f in source.fields if f.name in told)]
    return max(classes, key=_ORDER.index)


def _fields_of(given: Any) -> set[str]:
    """Names of the source fields that an expression reads."""
    if isinstance(given, Expression):
        return {given.argument} if given.operator == "field" else _fields_of(given.argument)
    if isinstance(given, Mapping):
        return set().union(*map(_fields_of, given.values()))
    if isinstance(given, tuple | list):
        return set().union(*map(_fields_of, given))
    return set()


def drifted(source: SourceContract, before: Looked, after: Looked) -> list[Change]:
    """How the columns of two deliveries differ, by what is in their first records."""
    old, new = (seen_in(source, each.business_date, each.first) for each in (before, after))
    return differences(source, old, new)


def lay_out(
    files: Iterable[Path], sources: Mapping[str, SourceContract], landing: Path, day: date | None
) -> list[str]:
    """Copy files to where their contracts look for them below `landing`, with what counts them; names of those that no contract asks for.

    day  for files whose contract takes the date from a folder that these do not lie in
    """
    unasked = []
    for path in sorted(files):
        placed = next((p for s in sources.values() if (p := _place(path.resolve(), s, day))), None)
        if placed is None:
            unasked.append(path.name)
            continue
        target = landing / placed
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
        beside = {path.with_name(path.name.split(".")[0] + ".OK")}
        beside |= {path.with_name(n) for s in sources.values() if (n := s.control_file(path.name))}
        for other in sorted(b for b in beside if b.is_file()):
            shutil.copy2(other, target.with_name(other.name))
    return unasked


def _place(path: Path, source: SourceContract, day: date | None) -> str | None:
    """Where a contract looks for the file, below landing; None where it does not ask for it."""
    template = source.delivery.file or source.delivery.package
    if template is None:
        return path.name if path.name.startswith(f"{source.delivery.system}_") else None
    relative = "/".join(path.parts[-(template.count("/") + 1) :])
    if patterns.name_pattern(template).fullmatch(relative):
        return relative
    folder, slash, name = template.rpartition("/")
    if day is None or not slash or not patterns.name_pattern(name).fullmatch(path.name):
        return None
    return f"{patterns.named(folder, day)}/{path.name}"
