"""Maps evaluated in plain Python, for a look at first rows without a JVM. What a run writes is made by `silver.compile`; a test holds both equal.

Grain: one row per map and source record (more with `explode` and `unpivot`). A token is shown as its kind: its key stays in the lake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from spark_jobs.columns.dates import DB2_MOMENT, is_nothing, parse_date
from spark_jobs.columns.money import UNITS, in_yuan, parse_number
from spark_jobs.columns.text import folded_width
from spark_jobs.contracts.patterns import NAMED, moment_of, parse_day
from spark_jobs.contracts.sources import SourceContract, SourceField
from spark_jobs.silver.compile import TRUE_WORDS, UNMAPPED, aliases
from spark_jobs.silver.mapping import EntityMap, Expression

Row = Mapping[str, str | None]
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?"
)


@dataclass(frozen=True)
class Token:
    """Stands for a keyed id: of which kind, and whether all its parts are there."""

    kind: str

    def __str__(self) -> str:
        return f"id of {self.kind}"


class Evaluator:
    """Evaluates the maps of one feed. codes: a code list by name; zone: the bank's time zone."""

    def __init__(
        self, source: SourceContract, codes: Callable[[str], Mapping[str, Mapping[str, str]]], zone: str
    ) -> None:
        self.source, self.codes, self.zone = source, codes, zone
        self.fields = {f.name: f for f in source.fields}
        self._words: dict[str, dict[str, str]] = {}

    def rows(self, entity_map: EntityMap, record: Row, line_no: int, day: date) -> Iterator[dict[str, Any]]:
        """Rows of the entity that one record makes: none where `keep` or `where` leave it out. `_gone`: a tombstone."""
        meant = [*self.source.keep.items(), *entity_map.where.items()]
        if not all((record.get(name) or "").strip() in kept for name, kept in meant):
            return
        gone = any((record.get(n) or "").strip() in values for n, values in entity_map.delete_when.items())
        for each in self._exploded(entity_map, record):
            made: dict[str, Any] = {
                column: self.value(expression, each, line_no, day)
                for column, expression in entity_map.columns.items()
            }
            yield {**made, **({"_gone": True} if gone else {})}

    def _exploded(self, entity_map: EntityMap, record: Row) -> Iterator[Row]:
        maker = entity_map.rows
        if maker is None:
            yield record
            return
        for label, name in maker.of.items():
            value = self._typed(self.fields[name], record)
            made = {**record, maker.into: None if value is None else _text(value)}
            yield {**made, maker.label: label} if maker.label else made

    def value(self, expression: Expression, row: Row, line_no: int, day: date) -> Any:
        """The value of an expression on one record, typed as its field is; None where it has none."""
        argument = expression.argument

        def of(each: Expression) -> Any:
            return self.value(each, row, line_no, day)

        match expression.operator:
            case "field":
                declared = self.fields.get(argument)
                return row.get(argument) if declared is None else self._typed(declared, row)
            case "const":
                return argument
            case "lookup":
                return self._looked_up(of(argument[0]), argument[1])
            case "concat":
                parts = [of(part) for part in argument]
                return None if None in parts else "".join(map(_text, parts))
            case "case":
                found = of(argument[0])
                then = argument[1].get(_text(found), argument[2]) if found is not None else argument[2]
                return of(then)
            case "unit":
                amount = of(argument[0])
                kept = amount is None or argument[1] == "yuan"
                return amount if kept else in_yuan(amount, UNITS[argument[1]])
            case "sign_by":
                amount, sign = of(argument[0]), argument[2].get(_text(of(argument[1])))
                return None if amount is None or sign is None else amount * sign
            case "row_key":
                return f"{day}-{line_no}"
            case "business_date":
                return day
            case "token":
                kind, _, given = argument
                return None if any(of(part) is None for part in given) else Token(kind)
            case "python":
                name, given = argument
                return TRANSFORMS[name](self.zone, *[of(part) for part in given])
        raise AssertionError(f"`{expression.operator}` is no operator of maps")

    def _typed(self, declared: SourceField, row: Row) -> Any:
        raw = re.sub(r"^[\s\u3000]+|[\s\u3000]+$", "", row.get(declared.name) or "")
        if raw == "" or raw in declared.null:
            return None
        kind = declared.type
        if kind in ("date8", "date"):
            return day_of(raw, declared.format)
        if kind in ("timestamp14", "timestamp"):
            return instant_of(raw, self.zone, declared.format)
        if kind.startswith("implied") or kind == "number":
            return parse_number(
                raw, int(kind.removeprefix("implied") or 0) if kind != "number" else 0, declared.decimal,
                declared.is_overpunched,
            )  # fmt: skip
        if kind == "boolean":
            return raw.lower() in TRUE_WORDS
        return raw

    def _looked_up(self, value: Any, name: str) -> str | None:
        if name not in self._words:
            self._words[name] = aliases(self.codes(name), self.source.source_code)
        return None if value is None else self._words[name].get(_text(value), UNMAPPED)


def _text(value: Any) -> str:
    """As a cast to text writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:.8f}"  # numbers of feeds are decimal(30,8) until they meet their column
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def day_of(text: str, written: str | None = None) -> date | None:
    """The day of a field of type date; None where it is none."""
    if is_nothing(text):
        return None
    if written in NAMED:
        return parse_day(text, written)
    if written is not None:
        moment = moment_of(text, written)
        return moment.date() if moment else None
    return parse_date(text)[0]


def instant_of(text: str, zone: str, written: str | None = None) -> datetime | None:
    """The instant of a field of type timestamp, UTC without saying so; None where it is none. written `utc`: it is UTC already."""
    if is_nothing(text):
        return None
    local: datetime | None
    if written is not None and written != "utc":
        local = moment_of(text, written)
        return _in_utc(local, zone) if local else None
    if written is None and re.fullmatch(r"\d{14}", text, re.ASCII):
        local = moment_of(text, "yyyyMMddHHmmss")
        return _in_utc(local, zone) if local else None
    dashed = re.sub(r"^(\d{4})/(\d{1,2})/(\d{1,2})", r"\1-\2-\3", text)
    found = _MOMENT.fullmatch(re.sub(DB2_MOMENT, r"\1 \2:\3:\4\5", dashed))
    if found is None:
        return None
    fraction = (found[7] or "0")[:6].ljust(6, "0")
    try:
        local = datetime(*(int(found[k] or 0) for k in range(1, 7)), int(fraction))  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    if found[8]:
        return local - _offset(found[8])
    return local if written == "utc" else _in_utc(local, zone)


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    sign = -1 if text[0] == "-" else 1
    return sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:].strip(":") or 0))


def _in_utc(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def _local_day(zone: str, instant: datetime | None) -> date | None:
    return None if instant is None else instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _month_start(text: Any) -> date | None:
    digits = re.sub(r"\D", "", "" if text is None else _text(text))
    return day_of(digits[:6] + "01", "yyyyMMdd") if len(digits) >= 6 else None


def _region_level(code: Any) -> str | None:
    if code is None:
        return None
    return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"


def _date_and_time(zone: str, day: Any, clock: Any) -> datetime | None:
    if day is None or clock is None:
        return None
    return instant_of(f"{day:%Y%m%d}{_text(clock).rjust(6, '0')[:6]}", zone)


def _epoch(millis: Any) -> datetime | None:
    try:
        return datetime(1970, 1, 1) + timedelta(milliseconds=int(_text(millis)))
    except (ValueError, OverflowError):
        return None


def _inverse(value: Any) -> Decimal | None:
    if value is None or value == 0:
        return None
    return (1 / Decimal(value).quantize(Decimal("1e-10"), ROUND_HALF_UP)).quantize(
        Decimal("1e-8"), ROUND_HALF_UP
    )


def _identifier(text: Any) -> str | None:
    return None if text is None else re.sub(r"[\s\u3000]+", "", folded_width(text)).upper() or None


def _whole(value: Any) -> int | None:
    try:
        return int(Decimal(str(value)))
    except InvalidOperation:
        return None


def _greater_than_one(value: Any) -> bool | None:
    whole = None if value is None else _whole(value)
    return None if whole is None else whole > 1


# The twins of `silver.transforms`, each called with the bank's zone and its values.
TRANSFORMS: Mapping[str, Callable[..., Any]] = {
    "first_of": lambda zone, *values: next((v for v in values if v is not None), None),
    "local_date": _local_day,
    "parsed_date": lambda zone, text: None if text is None else day_of(text),
    "epoch_ms": lambda zone, millis: None if millis is None else _epoch(millis),
    "month_start": lambda zone, text: _month_start(text),
    "region_level": lambda zone, code: _region_level(code),
    "last_four": lambda zone, text: None if text is None else f"****{text[-4:]}",
    "date_and_time": _date_and_time,
    "identifier_text": lambda zone, text: _identifier(text),
    "inverse": lambda zone, value: _inverse(value),
    "or_null_when_zero": lambda zone, value: value or None,
    "false_when_given": lambda zone, value: None if value is None else False,
    "page_schema": lambda zone, page: "v1" if page is None else "v2",
    "is_open_ended": lambda zone, end: end is None or end.year == 9999,
    "present": lambda zone, value: None if value is None else "present",
    "lower": lambda zone, text: None if text is None else text.lower(),
    "is_before": lambda zone, one, other: None if one is None or other is None else one < other,
    "is_given": lambda zone, value: value is not None,
    "greater_than_one": lambda zone, value: _greater_than_one(value),
    "per_cent": lambda zone, value: None if value is None else Decimal(value) / 100,
}
