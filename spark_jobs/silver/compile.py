"""Maps → Spark columns: rows of one feed in the shape of one silver entity, with what folds need beside them.

Every frame made here has the entity's given columns, `source_code`, and
    _day      business date of the delivery          _line     place in its file
    _record   the source record it is a version of   _order    newest of one day (order_by, then place)
    _gone     tombstone                              _until    first later full delivery of the feed, null when none
    (of a row that stands for several days, `repeats`, `_order` and `_until` are those of the last of them)
    _feed, _stub, _valid_from, _valid_to, _origin
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns import dates as day_columns
from spark_jobs.columns.money import UNITS, in_units, number
from spark_jobs.columns.text import bound, trimmed
from spark_jobs.contracts.loader import aliases
from spark_jobs.contracts.model import Write
from spark_jobs.contracts.sources import SourceContract, SourceField
from spark_jobs.silver.mapping import EntityMap, Expression
from spark_jobs.silver.repeats import LAST_DAY, LAST_LINE_NO
from spark_jobs.silver.transforms import TRANSFORMS, ZONED
from spark_jobs.tables import Lake

UNMAPPED = "_unmapped"
TRUE_WORDS = ("1", "y", "yes", "true", "t", "是")
_PAIR, _ENTRY = "\x1e", "\x1f"
META = (
    "_day", "_line", "_record", "_order", "_gone", "_until", "_feed", "_stub", "_valid_from", "_valid_to", "_origin",
)  # fmt: skip


class Compiler:
    """Compiles the maps of one feed."""

    def __init__(
        self, lake: Lake, source: SourceContract, full_days: tuple[date, ...], zone: str = day_columns.ZONE
    ) -> None:
        self.lake, self.source, self.full_days, self.zone = lake, source, full_days, zone
        self.fields = {f.name: f for f in source.fields}

    def frame(self, entity_map: EntityMap, rows: DataFrame) -> tuple[DataFrame, set[str]]:
        """Rows of the feed as rows of the entity, and which of its columns the map gives. rows: accepted bronze rows."""
        for name, kept in self.source.keep.items():
            rows = rows.where(F.col(name).isin(*kept))
        if not self._keeps_history(entity_map):
            rows = rows.where(self._meant(entity_map))
        if LAST_DAY not in rows.columns:
            rows = rows.withColumns({LAST_DAY: F.col("business_date"), LAST_LINE_NO: F.col("_line_no")})
        rows = self._exploded(entity_map, rows)
        made: dict[str, Column] = {"source_code": F.lit(self.source.source_code)}
        for column, expression in entity_map.columns.items():
            made[column] = self.column(expression)
        self._ids(entity_map, made)
        columns = [column.alias(name) for name, column in made.items()]
        return rows.select(*columns, *self._meta(entity_map)), set(made)

    def _keeps_history(self, entity_map: EntityMap) -> bool:
        return self.lake.contracts.table(entity_map.table).write is Write.HISTORY

    def _meant(self, entity_map: EntityMap) -> Column:
        meant: Column = F.lit(True)
        for name, kept in entity_map.where.items():
            meant = meant & F.coalesce(F.trim(F.col(name)).isin(*kept), F.lit(False))
        return meant

    def _exploded(self, entity_map: EntityMap, rows: DataFrame) -> DataFrame:
        maker = entity_map.rows
        if maker is None:
            return rows
        pairs = F.array(
            *[
                F.struct(F.lit(label).alias("label"), self._field(name).cast("string").alias("value"))
                for label, name in maker.of.items()
            ]
        )
        # Empty slots stay: a holder who leaves slot 2 is a new version of slot 2. Folds drop rows without a key.
        each = rows.withColumn("_each", F.explode(pairs)).withColumn(maker.into, F.col("_each.value"))
        return each.withColumn(maker.label, F.col("_each.label")) if maker.label else each

    def _ids(self, entity_map: EntityMap, made: dict[str, Column]) -> None:
        """`party_no_source` and `agreement_no_source` stand for the ids of this source where the map gives no id itself."""
        contract = self.lake.contracts.table(entity_map.table)
        source = F.lit(self.source.source_code)
        for number_, kind, id_ in (
            ("party_no_source", "party", "party_id"),
            ("agreement_no_source", "agreement", "agreement_id"),
        ):
            if number_ in made and id_ in contract.columns and id_ not in made:
                made[id_] = self.lake.token(kind, source, made[number_])
        if "agreement_no_masked" in contract.columns and "agreement_no_source" in made:
            made.setdefault("agreement_no_masked", TRANSFORMS["last_four"](made["agreement_no_source"]))
        if entity_map.entity == "party":
            made["is_identifiable"] = F.lit(entity_map.is_identifiable)
            born = entity_map.columns.get("birth_date")
            if born is not None and born.operator == "field":
                pattern = self.fields[born.argument].format if born.argument in self.fields else None
                made["is_birth_date_invalid"] = day_columns.is_invalid_date(F.col(born.argument), pattern)

    def _meta(self, entity_map: EntityMap) -> list[Column]:
        key = self.source.key or ("_line_no", "business_date")
        parts = [F.coalesce(F.trim(F.col(k).cast("string")), F.lit("")) for k in key]
        if entity_map.rows is not None:
            parts.append(F.col("_each.label"))
        record = F.concat_ws(
            _ENTRY, F.lit(f"{self.source.feed}/{entity_map.entity}/{entity_map.position}"), *parts
        )
        # A record that no longer meets `where` has left the entity; in a history that is news.
        gone: Column = ~self._meant(entity_map) if self._keeps_history(entity_map) else F.lit(False)
        for name, values in entity_map.delete_when.items():
            gone = gone | F.coalesce(F.trim(F.col(name)).isin(*values), F.lit(False))
        order = [F.coalesce(F.trim(F.col(name)), F.lit("")) for name in entity_map.order_by]
        later = F.filter(F.array(*[F.lit(d) for d in self.full_days]), lambda d: d > F.col(LAST_DAY))
        until = F.array_min(later) if self.full_days else F.lit(None)
        no_date = F.lit(None).cast("date")
        valid_from = self.column(entity_map.valid_from).cast("date") if entity_map.valid_from else no_date
        valid_to = self.column(entity_map.valid_to).cast("date") if entity_map.valid_to else no_date
        return [
            F.col("business_date").alias("_day"), F.col("_line_no").cast("bigint").alias("_line"), record.alias("_record"),
            F.concat_ws(_ENTRY, *order, F.lpad(F.col(LAST_LINE_NO).cast("string"), 12, "0")).alias("_order"),
            gone.alias("_gone"), until.cast("date").alias("_until"), F.lit(self.source.feed).alias("_feed"),
            F.lit(entity_map.is_stub).alias("_stub"), valid_from.alias("_valid_from"), valid_to.alias("_valid_to"),
            F.array(F.struct(F.col("_file_id").alias("file_id"), F.col("_line_no").cast("bigint").alias("line_no"))).alias("_origin"),
        ]  # fmt: skip

    # --- expressions ---------------------------------------------------------------------------------------

    def column(self, expression: Expression) -> Column:
        """The expression as a typed column."""
        if expression.operator == "field":
            return self._field(expression.argument)
        made: Column = getattr(self, f"_{expression.operator}")(expression.argument)
        return made

    def _field(self, name: str) -> Column:
        declared = self.fields.get(name)
        if declared is None:  # made by explode or unpivot
            return F.col(name)
        return self._typed(declared)

    def _typed(self, declared: SourceField) -> Column:
        raw = trimmed(F.col(declared.name))
        if declared.null:
            raw = bound(raw, lambda said: F.when(~said.isin(*declared.null), said))
        kind = declared.type
        if kind in ("date8", "date"):
            return day_columns.parsed_date(raw, declared.format)
        if kind in ("timestamp14", "timestamp"):
            if declared.format == "utc":
                return day_columns.utc_instant(raw)
            return day_columns.local_instant(raw, self.zone, declared.format)
        if kind.startswith("implied"):
            return number(raw, declared.implied_decimals, declared.decimal, declared.is_overpunched)
        if kind == "number":
            return number(raw, decimal=declared.decimal, overpunched=declared.is_overpunched)
        if kind == "boolean":
            return F.when(F.lower(raw).isin(*TRUE_WORDS), True).when(raw.isNotNull(), False)
        return raw

    def _const(self, value: Any) -> Column:
        return F.lit(value)

    def _lookup(self, argument: tuple[Expression, str]) -> Column:
        of, name = argument
        words = aliases(self.lake.codes(name), self.source.source_code)
        text = _ENTRY.join(f"{word}{_PAIR}{code}" for word, code in words.items())
        known = F.str_to_map(F.lit(text), F.lit(_ENTRY), F.lit(_PAIR))
        return bound(
            self.column(of).cast("string"),
            lambda value: F.when(
                value.isNotNull(), F.coalesce(F.try_element_at(known, value), F.lit(UNMAPPED))
            ),
        )

    def _concat(self, parts: tuple[Expression, ...]) -> Column:
        return F.concat(*[self.column(p).cast("string") for p in parts])

    def _case(self, argument: tuple[Expression, dict[str, Expression], Expression]) -> Column:
        of, when, otherwise = argument

        def chosen(value: Column) -> Column:
            result = self.column(otherwise)
            for word, then in reversed(when.items()):
                result = F.when(value == F.lit(word), self.column(then)).otherwise(result)
            return result

        value = self.column(of).cast("string")
        # Tokens are made by Python, which may not stand inside of a lambda.
        is_plain = all(then.operator in ("const", "field") for then in (*when.values(), otherwise))
        return bound(value, chosen) if is_plain else chosen(value)

    def _unit(self, argument: tuple[Expression, str]) -> Column:
        of, unit = argument
        return self.column(of) if unit == "yuan" else in_units(self.column(of), UNITS[unit])

    def _sign_by(self, argument: tuple[Expression, Expression, dict[str, int]]) -> Column:
        amount, flag, signs = argument

        def sign(by: Column) -> Column:
            factor: Column = F.lit(None).cast("int")
            for word, of in signs.items():
                factor = F.when(by == F.lit(word), F.lit(of)).otherwise(factor)
            return factor

        return self.column(amount) * bound(self.column(flag).cast("string"), sign)

    def _row_key(self, _: Any) -> Column:
        return F.concat_ws("-", F.col("business_date").cast("string"), F.col("_line_no").cast("string"))

    def _business_date(self, _: Any) -> Column:
        return F.col("business_date")

    def _token(self, argument: tuple[str, str | None, tuple[Expression, ...]]) -> Column:
        kind, source, parts = argument
        return self.lake.token(
            kind, F.lit(source or self.source.source_code), *[self.column(p) for p in parts]
        )

    def _python(self, argument: tuple[str, tuple[Expression, ...]]) -> Column:
        name, parts = argument
        zone = {"zone": self.zone} if name in ZONED else {}
        return TRANSFORMS[name](*[self.column(p) for p in parts], **zone)
