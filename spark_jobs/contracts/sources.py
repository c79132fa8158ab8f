"""Contracts of suppliers' feeds (`conf/contracts/sources/<system>__<object>.yml`): how a file comes, how it is cut, what it means.

No Spark. A bank's own folder is laid over the shipped files key by key, so a feed is onboarded without touching the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from spark_jobs.contracts.model import Field, PrivacyClass, TableContract, Write
from spark_jobs.errors import ContractError, nearest
from spark_jobs.settings import overlaid_files, read_overlaid

KINDS = ("fixed", "delimited", "jsonl", "parquet")
MODES = ("full", "changed_rows", "new_rows")
TYPES = (
    "string",
    "date8",
    "date",
    "timestamp14",
    "timestamp",
    "number",
    "implied2",
    "implied4",
    "implied6",
    "boolean",
)
_KEYS: Mapping[str, set[str]] = {
    "": {"feed", "source", "delivery", "layout", "key", "keep", "fields", "maps", "checks", "identity", "description", "purpose"},
    "delivery": {"system", "member", "mode", "cadence", "due", "required", "carry_forward", "file", "opening", "full_on"},
    "layout": {
        "kind", "encoding", "record_bytes", "record_type", "trailer", "separator", "header", "quote", "decimal", "date_format",
        "substitute",
    },
    "record_type": {"at", "detail", "trailer"},
    "field": {"at", "type", "class", "null", "from", "format", "description"},
    "checks": {"not_null", "volume_band", "empty_working_day", "in_order"},
}  # fmt: skip


@dataclass(frozen=True)
class SourceField:
    """One column of a feed. `at` is first and last byte, counted from 1 (fixed width only)."""

    name: str
    type: str
    privacy: PrivacyClass
    at: tuple[int, int] | None = None
    null: tuple[str, ...] = ()
    source_name: str = ""
    format: str | None = None


@dataclass(frozen=True)
class Delivery:
    """How a feed comes. `full_on` are days of the month on which a feed of changes comes in full. `member` names the inner file of a package, `file` a plain file; `{date}` stands for yyyymmdd."""

    system: str
    member: str | None
    file: str | None
    mode: str
    due: str
    required: bool
    carry_forward: bool
    opening: bool
    full_on: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a file is cut into records and fields.

    signs  code points of the user-defined area → the signs that are meant, from the rules that `substitute` names
    """

    kind: str
    encoding: str
    record_bytes: int = 0
    detail: str | None = None
    trailer_mark: str | None = None
    trailer: str | None = None
    separator: str = ","
    header: bool = False
    quote: bool = False
    decimal: str = "."
    signs: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceContract:
    """One feed."""

    feed: str
    source_code: str
    delivery: Delivery
    layout: Layout
    key: tuple[str, ...]
    fields: tuple[SourceField, ...]
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    maps: Mapping[str, Any] = field(default_factory=dict)
    not_null: tuple[str, ...] = ()
    empty_working_day: str = "accept"
    in_order: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return f"bronze.{self.feed}"

    def names(self) -> list[str]:
        return [f.name for f in self.fields]


@cache
def load_sources(dirs: tuple[Path, ...]) -> Mapping[str, SourceContract]:
    """All feeds by name; every error names file and key."""
    found = {}
    for relative in overlaid_files(dirs, "contracts/sources"):
        given = read_overlaid(dirs, relative) or {}
        contract = _contract(given, relative)
        named = given["layout"].get("substitute")
        if named:
            signs = _signs(dirs, str(named), contract.layout.encoding, relative)
            contract = replace(contract, layout=replace(contract.layout, signs=signs))
        if Path(relative).stem != contract.feed:
            raise ContractError(
                f"{relative}: the feed is called `{contract.feed}`; name the file {contract.feed}.yml"
            )
        found[contract.feed] = contract
    return found


def _signs(dirs: tuple[Path, ...], name: str, encoding: str, where: str) -> Mapping[int, str]:
    """The list of a bank's private signs, keyed by bytes, as code points of the feed's encoding."""
    content = read_overlaid(dirs, f"rules/{name}.yml")
    if content is None:
        raise ContractError(
            f"{where}, layout: `substitute: {name}` names no rules; conf/rules/{name}.yml is missing"
        )
    try:
        return {
            ord(bytes.fromhex(code).decode(encoding)): str(sign) for code, sign in content["signs"].items()
        }
    except (ValueError, TypeError, KeyError) as problem:
        raise ContractError(
            f"rules/{name}.yml: every entry is two or four bytes in hex and one sign ({problem})"
        ) from problem


def _known(given: Mapping[str, Any], part: str, where: str) -> None:
    for key in given:
        if key not in _KEYS[part]:
            raise ContractError(f"{where}: unknown key `{key}`; {nearest(key, _KEYS[part])}")


def _one_of(value: str, known: tuple[str, ...], where: str) -> str:
    if value not in known:
        raise ContractError(f"{where}: `{value}` is not known; {nearest(value, known)}")
    return value


def _contract(given: Mapping[str, Any], relative: str) -> SourceContract:
    _known(given, "", relative)
    for key in ("feed", "delivery", "layout", "fields"):
        if not given.get(key):
            raise ContractError(f"{relative}: `{key}` is missing")
    layout = _layout(given["layout"], f"{relative}, layout")
    fields = tuple(
        _field(name, f, layout, f"{relative}, field `{name}`") for name, f in given["fields"].items()
    )
    checks = given.get("checks", {})
    _known(checks, "checks", f"{relative}, checks")
    names = {f.name for f in fields}
    for kind, listed in (
        ("key", given.get("key", [])),
        ("keep", given.get("keep", {})),
        ("not_null", checks.get("not_null", [])),
        ("in_order", checks.get("in_order", [])),
    ):
        for name in listed:
            if name not in names:
                raise ContractError(f"{relative}: `{name}` in `{kind}` is no field; {nearest(name, names)}")
    return SourceContract(
        feed=str(given["feed"]),
        source_code=str(given.get("source") or given["feed"].split("__")[0]),
        delivery=_delivery(given["delivery"], f"{relative}, delivery"),
        layout=layout,
        key=tuple(given.get("key", ())),
        fields=fields,
        keep={k: tuple(map(str, v)) for k, v in given.get("keep", {}).items()},
        maps=given.get("maps", {}),
        not_null=tuple(checks.get("not_null", ())),
        empty_working_day=checks.get("empty_working_day", "accept"),
        in_order=tuple(checks.get("in_order", ())),
    )


def _delivery(given: Mapping[str, Any], where: str) -> Delivery:
    _known(given, "delivery", where)
    if bool(given.get("member")) == bool(given.get("file")):
        raise ContractError(
            f"{where}: give either `member` (a file inside a package) or `file` (a plain file)"
        )
    return Delivery(
        system=str(given.get("system", "")), member=given.get("member"), file=given.get("file"),
        mode=_one_of(given.get("mode", "full"), MODES, f"{where}, mode"), due=str(given.get("due", "06:00")),
        required=bool(given.get("required", False)), carry_forward=bool(given.get("carry_forward", False)),
        opening=bool(given.get("opening", False)), full_on=tuple(map(int, given.get("full_on", ()))),
    )  # fmt: skip


def _layout(given: Mapping[str, Any], where: str) -> Layout:
    _known(given, "layout", where)
    record_type = given.get("record_type", {})
    _known(record_type, "record_type", f"{where}, record_type")
    kind = _one_of(str(given.get("kind")), KINDS, f"{where}, kind")
    if kind == "fixed" and not given.get("record_bytes"):
        raise ContractError(f"{where}: `record_bytes` is missing; fixed-width records have a length")
    return Layout(
        kind=kind, encoding=str(given.get("encoding", "utf-8")), record_bytes=int(given.get("record_bytes", 0)),
        detail=record_type.get("detail"), trailer_mark=record_type.get("trailer"), trailer=given.get("trailer"),
        separator=str(given.get("separator", ",")), header=bool(given.get("header", False)),
        quote=bool(given.get("quote", False)), decimal=str(given.get("decimal", ".")),
    )  # fmt: skip


def _field(name: str, raw: Mapping[Any, Any], layout: Layout, where: str) -> SourceField:
    # YAML reads the bare word `null` as nothing, also where it is a key.
    given = {"null" if key is None else str(key): value for key, value in raw.items()}
    _known(given, "field", where)
    at = given.get("at")
    if layout.kind == "fixed":
        if not at:
            raise ContractError(f"{where}: `at` is missing; give first and last byte, counted from 1")
        if not 1 <= at[0] <= at[1] <= layout.record_bytes:
            raise ContractError(
                f"{where}: bytes {at[0]}–{at[1]} lie outside a record of {layout.record_bytes} bytes"
            )
    privacy = str(given.get("class", "C1"))
    if privacy not in set(PrivacyClass):
        hint = "C3 data is refused at the door" if privacy == "C3" else nearest(privacy, list(PrivacyClass))
        raise ContractError(f"{where}: class `{privacy}` does not exist here; {hint}")
    return SourceField(
        name=name, type=_one_of(str(given.get("type", "string")), TYPES, f"{where}, type"), privacy=PrivacyClass(privacy),
        at=(int(at[0]), int(at[1])) if at else None, null=tuple(map(str, given.get("null", ()))),
        source_name=str(given.get("from", name)), format=given.get("format"),
    )  # fmt: skip


def _provenance(name: str, type_: str, description: str) -> Field:
    return Field(name, type_, name, name, description, PrivacyClass.FINANCIAL)


BRONZE_COLUMNS: tuple[Field, ...] = (
    _provenance("_delivery_id", "string", "Delivery the record came with."),
    _provenance("_file_id", "string", "File of the delivery."),
    _provenance("_line_no", "bigint", "Number of the record in the file, from 1."),
    _provenance("_byte_offset", "bigint", "First byte of the record in the inner file, from 0."),
    _provenance("_byte_len", "int", "Bytes of the record without its line end."),
    _provenance("_record", "binary", "The record as delivered."),
    _provenance("_parse_status", "string", "ok or repaired."),
    _provenance("_reason_codes", "array<string>", "What was repaired."),
    _provenance("_row_hash", "string", "Finds changes; bronze is not published, so it needs no key."),
    _provenance("_arrived_at", "timestamp", "Arrival of the delivery, UTC."),
    _provenance("_ingested_at", "timestamp", "Cut-off of the run that first saw the delivery, UTC."),
    _provenance("_run_id", "string", "Run that wrote the row."),
)


def bronze_contract(source: SourceContract) -> TableContract:
    """Bronze has no contract of its own: it is the feed's, all columns as text, plus where each record lies."""
    day = Field("business_date", "date", "账务日期", "Business date", "Of the delivery.", PrivacyClass.C1)
    own = [
        day,
        *(Field(f.name, "string", f.name, f.name, "As delivered.", f.privacy) for f in source.fields),
        *BRONZE_COLUMNS,
    ]
    own.append(
        Field(
            "_rescued",
            "map<string,string>",
            "额外列",
            "Rescued",
            "Columns the contract does not know.",
            PrivacyClass.IDENTIFYING,
        )
    )
    return TableContract(
        table=source.table, zh=source.feed, description=f"Records of {source.feed} as delivered.",
        grain="one row per record of an accepted delivery", key=("_file_id", "_line_no"), write=Write.REPLACE_RANGE,
        columns=tuple(f.name for f in own), sealed=True, retention="RT-txn", own_fields={f.name: f for f in own},
    )  # fmt: skip
