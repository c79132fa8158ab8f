"""What a contract is: fields explained once, tables that only list them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from spark_jobs.errors import ContractError, nearest


class PrivacyClass(StrEnum):
    """JR/T 0171-2020, as the bank reads it. C3 (secrets) never enters and so is no member."""

    C1 = "C1"
    FINANCIAL = "C2-fin"
    IDENTIFYING = "C2-id"


class Write(StrEnum):
    """How a table is written so that a second run changes nothing.

    replace_range  has a business_date; the rows of a range of dates are replaced in one commit
    replace_whole  small or current-state; replaced when its content changed
    history        bitemporal; the writer gives the whole current belief, the kernel closes and opens rows
    append         ledgers with content-derived keys; a key that is there already is skipped
    """

    REPLACE_RANGE = "replace_range"
    REPLACE_WHOLE = "replace_whole"
    HISTORY = "history"
    APPEND = "append"


LAYERS = ("bronze", "silver", "identity", "profile", "metric", "mart", "export", "ops")
HISTORY_COLUMNS = ("valid_from", "valid_to", "known_from", "known_to")
RUN_COLUMNS = ("_run_id", "_rules_version")


@dataclass(frozen=True)
class Field:
    """One column name with its one meaning, wherever it stands."""

    name: str
    type: str
    zh: str
    en: str
    description: str
    privacy: PrivacyClass
    unit: str | None = None
    codes: str | None = None


@dataclass(frozen=True)
class Check:
    """A rule about rows: `where` is SQL that is true for a *bad* row."""

    name: str
    where: str
    severity: str
    description: str


@dataclass(frozen=True)
class TableContract:
    """One table: grain, key, way of writing, and the names of its columns in order."""

    table: str
    zh: str
    description: str
    grain: str
    key: tuple[str, ...]
    write: Write
    columns: tuple[str, ...]
    not_null: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    sealed: bool = False
    published: bool = False
    retention: str = "RT-profile"
    subject: str | None = None
    cluster: tuple[str, ...] = ()
    purpose: str | None = None
    group: str | None = None
    limits: str | None = None
    # Who receives what leaves the lake, where, and on what legal ground; of exports only.
    leaves: Mapping[str, str] = field(default_factory=dict, hash=False)
    # Bronze tables keep their supplier's column names, which mean what the supplier says.
    own_fields: Mapping[str, Field] = field(default_factory=dict, hash=False, compare=False)

    @property
    def layer(self) -> str:
        return self.table.split(".", 1)[0]

    @property
    def thing(self) -> str:
        return self.table.split(".", 1)[1]

    @cached_property
    def stored_columns(self) -> tuple[str, ...]:
        """All columns as they lie on disk: declared, bitemporal, provenance."""
        names = list(self.columns)
        if self.write is Write.HISTORY:
            names += [c for c in HISTORY_COLUMNS if c not in names]
        if self.layer == "silver" and "_origin" not in names:
            names.append("_origin")
        if self.layer in ("silver", "identity", "profile", "metric"):
            names += [c for c in RUN_COLUMNS if c not in names]
        return tuple(names)

    @cached_property
    def stored_key(self) -> tuple[str, ...]:
        """The key that holds on disk: a history's rows are told apart by valid and known time, too."""
        extra = (
            [c for c in ("valid_from", "known_from") if c not in self.key]
            if self.write is Write.HISTORY
            else []
        )
        return (*self.key, *extra)


@dataclass(frozen=True)
class Contracts:
    """All fields and tables of one configuration."""

    fields: Mapping[str, Field]
    tables: Mapping[str, TableContract]

    def table(self, name: str) -> TableContract:
        try:
            return self.tables[name]
        except KeyError:
            raise ContractError(f"no contract for table `{name}`; {nearest(name, self.tables)}") from None

    def field(self, name: str) -> Field:
        try:
            return self.fields[name]
        except KeyError:
            raise ContractError(f"no field `{name}` in conf/fields; {nearest(name, self.fields)}") from None

    def stored_fields(self, name: str) -> tuple[Field, ...]:
        contract = self.table(name)
        return tuple(
            contract.own_fields.get(column) or self.field(column) for column in contract.stored_columns
        )
