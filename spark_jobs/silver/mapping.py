"""The `maps:` section of a feed's contract: silver entity → column: expression, from a closed list. Checked without Spark.

A column's expression is the name of a source field, or a mapping with one operator:

    const: value                                     a constant
    lookup: [expr, codes.<list>]                     a supplier's word → our code; unknown → `_unmapped`
    concat: [expr, …]                                text; null when any part is
    case: {of: expr, when: {value: constant}, else: constant}     constants may be expressions in braces
    unit: [expr, wan]                                万元 → 元; also fen, qian, million, yi
    sign_by: [expr, expr, {D: -1, C: 1}]             the second decides the sign of the first
    row_key: true                                    place in the file, for files without a key
    business_date: true                              of the delivery
    token: [kind, {source: core}, expr, …]           keyed id; the feed's own source unless another is named
    python: [name, expr, …]                          a named transform of `transforms.py`: the last resort

Beside columns a map may say: `where` {field: [values]}, `delete_when` {field: [values]} (tombstone), `explode` {into, with, of} and
`unpivot` {into, with, of} (columns to rows), `order_by` [field] (newest of one day), `valid_from`/`valid_to` (the source dates its rows itself),
`identity: none` (a party that is never compared), `stub: true` (only names the party; any other feed's row goes before it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spark_jobs.contracts import Contracts
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.errors import ContractError, nearest

OPERATORS = (
    "const", "lookup", "concat", "case", "unit", "sign_by", "row_key", "business_date", "token", "python",
)  # fmt: skip
DIRECTIVES = (
    "where", "delete_when", "explode", "unpivot", "order_by", "valid_from", "valid_to", "identity", "stub",
)  # fmt: skip
UNITS = ("fen", "yuan", "qian", "wan", "million", "yi")
# Columns a map may give although the table does not hold them: ids and derived columns are made from them.
INPUTS: Mapping[str, tuple[str, ...]] = {
    "*": ("party_no_source", "agreement_no_source"),
    "party": (
        "birth_month",
        "party_key_name",
        "party_key_phone",
        "is_birth_date_invalid",
        "id_kind_code",
        "id_value",
        "address",
    ),
    "party_identifier": ("party_key_name", "party_key_phone"),
    "party_contact": ("party_key_name", "party_key_phone"),
    "person_list": ("id_kind_code", "id_value"),
    "consent": ("op_code", "sequence_ms"),
    "customer_manager": ("priority_no",),
    "digital_event": ("search_text",),
    "complaint": ("party_key_name", "party_key_phone"),
    "call": ("party_key_name", "party_key_phone", "contact_value"),
    "message": ("contact_value", "receipt_at"),
    "contact_opt_out": ("contact_value",),
    "transaction": ("entry_no_source", "reversed_no_source"),
}
# Entities whose table has another name than the entity.
TABLES: Mapping[str, str] = {
    "party": "silver.party_hist",
    "consent": "silver.consent_hist",
    "org": "silver.org_hist",
    "product": "silver.product_hist",
    "customer_manager": "silver.customer_manager_hist",
}


@dataclass(frozen=True)
class Expression:
    """One operator with its arguments; `operator` is `field` for the plain name of a source field."""

    operator: str
    argument: Any


@dataclass(frozen=True)
class RowMaker:
    """Columns to rows. `explode` skips empty ones and numbers the rest from 1; `unpivot` keeps the given labels."""

    into: str
    label: str | None
    of: Mapping[str, str]


@dataclass(frozen=True)
class EntityMap:
    """How rows of one feed become rows of one silver entity."""

    feed: str
    entity: str
    position: int
    columns: Mapping[str, Expression]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    delete_when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: RowMaker | None = None
    order_by: tuple[str, ...] = ()
    valid_from: Expression | None = None
    valid_to: Expression | None = None
    is_identifiable: bool = True
    is_stub: bool = False

    @property
    def table(self) -> str:
        return table_of(self.entity)


def table_of(entity: str) -> str:
    """The silver table of an entity."""
    return TABLES.get(entity, f"silver.{entity}")


class _Reader:
    """Reads the maps of one feed and knows where it is, for messages."""

    def __init__(
        self,
        source: SourceContract,
        contracts: Contracts,
        codes: Callable[[str], object],
        transforms: tuple[str, ...],
    ) -> None:
        self.source, self.contracts, self.codes, self.transforms = source, contracts, codes, transforms
        self.fields = source.names()

    def where(self, entity: str, column: str = "") -> str:
        return f"{self.source.feed}.yml, maps, {entity}" + (f", `{column}`" if column else "")

    def maps(self) -> list[EntityMap]:
        found = []
        for entity, given in self.source.maps.items():
            table = table_of(entity)
            if table not in self.contracts.tables:
                known = [t.removeprefix("silver.") for t in self.contracts.tables if t.startswith("silver.")]
                raise ContractError(
                    f"{self.where(entity)}: there is no such entity; {nearest(entity, [*known, *TABLES])}"
                )
            several = given if isinstance(given, list) else [given]
            found += [self.one(entity, table, one, at) for at, one in enumerate(several)]
        return found

    def one(self, entity: str, table: str, given: Mapping[str, Any], position: int) -> EntityMap:
        rows = self.row_maker(entity, given)
        made = [] if rows is None else [name for name in (rows.into, rows.label) if name]
        fields = [*self.fields, *made]
        directives = {k: v for k, v in given.items() if k in DIRECTIVES}
        known = [
            *self.contracts.table(table).columns,
            *INPUTS["*"],
            *INPUTS.get(entity, ()),
            "source_code",
        ]
        columns = {}
        for column, expression in given.items():
            if column in DIRECTIVES:
                continue
            if column not in known:
                raise ContractError(
                    f"{self.where(entity)}: `{column}` is no column of it; {nearest(column, [*known, *DIRECTIVES])}"
                )
            columns[column] = self.expression(expression, self.where(entity, column), fields)
        dated = {
            k: self.expression(directives[k], self.where(entity, k), fields)
            for k in ("valid_from", "valid_to")
            if k in directives
        }
        for name in directives.get("order_by", ()):
            self.field(name, self.where(entity, "order_by"), fields)
        return EntityMap(
            self.source.feed, entity, position, columns,
            where=self.conditions(directives.get("where", {}), self.where(entity, "where"), fields),
            delete_when=self.conditions(directives.get("delete_when", {}), self.where(entity, "delete_when"), fields),
            rows=rows, order_by=tuple(directives.get("order_by", ())), valid_from=dated.get("valid_from"),
            valid_to=dated.get("valid_to"), is_identifiable=directives.get("identity") != "none",
            is_stub=bool(directives.get("stub", False)),
        )  # fmt: skip

    def row_maker(self, entity: str, given: Mapping[str, Any]) -> RowMaker | None:
        kinds = [k for k in ("explode", "unpivot") if k in given]
        if not kinds:
            return None
        told, where = given[kinds[0]], self.where(entity, kinds[0])
        if "into" not in told or "of" not in told:
            raise ContractError(f"{where}: needs `into` and `of`")
        of = (
            told["of"]
            if isinstance(told["of"], Mapping)
            else {str(i + 1): n for i, n in enumerate(told["of"])}
        )
        for name in of.values():
            self.field(name, where, self.fields)
        return RowMaker(told["into"], told.get("with"), {str(k): v for k, v in of.items()})

    def conditions(
        self, given: Mapping[str, Any], where: str, fields: list[str]
    ) -> dict[str, tuple[str, ...]]:
        for name in given:
            self.field(name, where, fields)
        return {name: tuple(map(str, v if isinstance(v, list) else [v])) for name, v in given.items()}

    def field(self, name: str, where: str, fields: list[str]) -> str:
        if name not in fields:
            raise ContractError(f"{where}: `{name}` is no field of the feed; {nearest(str(name), fields)}")
        return name

    def expression(self, given: Any, where: str, fields: list[str]) -> Expression:
        if isinstance(given, str):
            return Expression("field", self.field(given, where, fields))
        if not isinstance(given, Mapping) or len(given) != 1:
            raise ContractError(f"{where}: an expression is a field's name or one operator in braces")
        ((operator, argument),) = given.items()
        if operator not in OPERATORS:
            raise ContractError(
                f"{where}: unknown expression `{operator}`; {nearest(str(operator), OPERATORS)}"
            )
        read = getattr(self, f"_{operator}", None)
        return Expression(operator, read(argument, where, fields) if read else argument)

    def _several(self, given: Any, where: str, fields: list[str]) -> tuple[Expression, ...]:
        return tuple(self.expression(each, where, fields) for each in given)

    _concat = _several

    def _lookup(self, given: Any, where: str, fields: list[str]) -> tuple[Expression, str]:
        if not isinstance(given, list) or len(given) != 2 or not str(given[1]).startswith("codes."):
            raise ContractError(f"{where}: lookup needs [expression, codes.<list>]")
        name = given[1].removeprefix("codes.")
        self.codes(name)
        return self.expression(given[0], where, fields), name

    def _case(
        self, given: Any, where: str, fields: list[str]
    ) -> tuple[Expression, dict[str, Expression], Expression]:
        def value(of: Any) -> Expression:
            return self.expression(of, where, fields) if isinstance(of, Mapping) else Expression("const", of)

        if not isinstance(given, Mapping) or not {"of", "when"} <= set(given):
            raise ContractError(f"{where}: case needs `of` and `when`")
        when = {str(k): value(v) for k, v in given["when"].items()}
        return self.expression(given["of"], where, fields), when, value(given.get("else"))

    def _unit(self, given: Any, where: str, fields: list[str]) -> tuple[Expression, str]:
        if given[1] not in UNITS:
            raise ContractError(f"{where}: unknown unit `{given[1]}`; {nearest(given[1], UNITS)}")
        return self.expression(given[0], where, fields), given[1]

    def _sign_by(
        self, given: Any, where: str, fields: list[str]
    ) -> tuple[Expression, Expression, dict[str, int]]:
        signs = {str(k): int(v) for k, v in given[2].items()}
        return self.expression(given[0], where, fields), self.expression(given[1], where, fields), signs

    def _token(
        self, given: Any, where: str, fields: list[str]
    ) -> tuple[str, str | None, tuple[Expression, ...]]:
        kind, *rest = given
        source = None
        if rest and isinstance(rest[0], Mapping) and "source" in rest[0]:
            source, rest = str(rest[0]["source"]), rest[1:]
        if not rest:
            raise ContractError(f"{where}: a token needs something to stand for")
        return str(kind), source, self._several(rest, where, fields)

    def _python(self, given: Any, where: str, fields: list[str]) -> tuple[str, tuple[Expression, ...]]:
        name, *rest = given
        if name not in self.transforms:
            raise ContractError(f"{where}: unknown transform `{name}`; {nearest(name, self.transforms)}")
        return str(name), self._several(rest, where, fields)


def read_maps(
    source: SourceContract,
    contracts: Contracts,
    codes: Callable[[str], object],
    transforms: tuple[str, ...] = (),
) -> list[EntityMap]:
    """All maps of a feed, checked: every field, column, code list and operator exists; errors name the nearest.

    codes  reads a code list by name and raises when there is none
    """
    return _Reader(source, contracts, codes, transforms).maps()
