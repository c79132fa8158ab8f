"""Contracts of suppliers' feeds (`conf/contracts/sources/<system>__<object>.yml`): how a file comes, how it is cut, what it means.

No Spark. A bank's own folder is laid over the shipped files key by key, so a feed is onboarded without touching the product.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from spark_jobs.contracts import patterns
from spark_jobs.contracts.model import Field, PrivacyClass, TableContract, Write
from spark_jobs.contracts.shape import check_shape, plain
from spark_jobs.errors import ContractError, nearest
from spark_jobs.settings import overlaid_files, read_overlaid

IN_USE = "rules/feeds.yml"


@dataclass(frozen=True)
class SourceField:
    """One column of a feed. `at` is first and last byte, counted from 1 (fixed width only).

    format   how dates and instants are written, in the words of `patterns.py`; `utc`: in UTC although it does not say so
    decimal  the decimal sign of numbers; the other one of comma and full stop parts thousands
    is_overpunched  the last digit of a number bears its sign, as COBOL writes them
    """

    name: str
    type: str
    privacy: PrivacyClass
    at: tuple[int, int] | None = None
    null: tuple[str, ...] = ()
    source_name: str = ""
    format: str | None = None
    decimal: str = "."
    is_overpunched: bool = False


@dataclass(frozen=True)
class Delivery:
    """How a feed comes.

    member   the inner file of a package; `file`: a plain file, with a `/` the path below landing. `{date}` stands for yyyymmdd or
             yyyy-mm-dd, `{date:ddMMyyyy}` for the way it says, `{seq}` for the sequence, `*` for anything
    package  name of the package where the supplier has his own; has_ok: whether an `.OK` file says that it is complete
    full_on  days of the month on which a feed of changes comes in full; cadence: dates on which the feed is due
    """

    system: str
    member: str | None
    file: str | None
    mode: str
    due: str
    required: bool
    carry_forward: bool
    opening: bool
    full_on: tuple[int, ...] = ()
    package: str | None = None
    has_ok: bool = True
    cadence: str = "daily"


@dataclass(frozen=True)
class Sum:
    """What one group of a control line sums up: a field, of the records whose fields have one of the values."""

    of: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """What the supplier declares of a file, in its last line or in a file beside it. `file` is None for a trailer."""

    pattern: re.Pattern[str]
    file: str | None = None
    date_format: str | None = None
    sums: Mapping[str, Sum] = field(default_factory=dict)

    def file_for(self, name: str) -> str | None:
        """Name of the control file of a data file."""
        stem = name.rsplit(".", 1)[0]
        return None if self.file is None else self.file.replace("{stem}", stem).replace("{name}", name)


@dataclass(frozen=True)
class Marks:
    """Several kinds of record in one file: where a record says its kind (first and last byte, or a column, from 1), and which are whose."""

    ours: tuple[str, ...]
    others: tuple[str, ...] = ()
    at: tuple[int, int] | None = None
    column: int | None = None


@dataclass(frozen=True)
class Layout:
    """How a file is cut into records and fields.

    signs           code points of the user-defined area → the signs that are meant, from the rules that `substitute` names
    line_end        lf (a CR before it belongs to it), cr, or none: fixed width, record after record
    longest_record  in bytes; a longer one is kept aside
    keep_signs      reasons for which no record is kept aside: replacement_character, private_use_unknown
    sheet           of a workbook; the first unless given
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
    skip_lines: int = 0
    marks: Marks | None = None
    line_end: str = "lf"
    longest_record: int = 1024**2
    keep_signs: tuple[str, ...] = ()
    sheet: str | None = None


@dataclass(frozen=True)
class SourceContract:
    """One feed.

    empty_working_day  accept or hold: a delivery of zero rows for a day the bank works
    volume_band        (least, most) rows of a delivery as multiples of the median of earlier ones of the same kind of day
    drift              kind of change of its columns → accept, rescue or hold, where not as usual (`bronze.drift.POLICY`)
    """

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
    volume_band: tuple[float, float] | None = None
    in_order: tuple[str, ...] = ()
    control: Control | None = None
    drift: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return f"bronze.{self.feed}"

    def names(self) -> list[str]:
        return [f.name for f in self.fields]

    @cached_property
    def reading(self) -> str:
        """Name of all that decides how a file is found, read and checked: a file that was held is looked at again once this is another."""
        delivery = self.delivery
        content = (
            delivery.member, delivery.file, delivery.package, delivery.has_ok, delivery.full_on, delivery.cadence,
            self.layout, self.fields, self.control, self.empty_working_day, self.volume_band, self.in_order,
        )  # fmt: skip
        return hashlib.sha256(repr(content).encode()).hexdigest()[:16]

    def part(self, file_name: str) -> str:
        """Of a feed that comes in several files a day, whose share this one is; empty where it is one file."""
        template = self.delivery.member or self.delivery.file or ""
        return patterns.part_of(template.rsplit("/", 1)[-1], file_name)


@cache
def load_sources(dirs: tuple[Path, ...]) -> Mapping[str, SourceContract]:
    """The feeds this bank has, by name: those that `rules/feeds.yml` leaves in use and that are not `enabled: false`.

    Every error names file, line and key. A feed that is not in use is not read further than that.
    """
    in_use = (read_overlaid(dirs, IN_USE) or {}).get("in_use", ["*"])
    found = {}
    for relative in overlaid_files(dirs, "contracts/sources"):
        name = Path(relative).stem
        if not any(fnmatchcase(name, pattern) for pattern in in_use):
            continue
        given = plain(read_overlaid(dirs, relative) or {}, relative)
        if given.get("enabled") is False:
            continue
        check_shape(given, dirs, relative)
        contract = _contract(given, relative)
        named = given["layout"].get("substitute")
        if named:
            signs = _signs(dirs, str(named), contract.layout.encoding, relative)
            contract = replace(contract, layout=replace(contract.layout, signs=signs))
        if name != contract.feed:
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


def _contract(given: Mapping[str, Any], relative: str) -> SourceContract:
    layout = _layout(given["layout"], f"{relative}, layout")
    fields = tuple(
        _field(name, f, given["layout"], layout, f"{relative}, field `{name}`")
        for name, f in given["fields"].items()
    )
    checks = given.get("checks", {})
    control = _control(given["control"], layout, f"{relative}, control") if "control" in given else None
    names = [f.name for f in fields]
    sums = control.sums.values() if control else ()
    for kind, listed in (
        ("key", given.get("key", [])),
        ("keep", given.get("keep", {})),
        ("not_null", checks.get("not_null", [])),
        ("in_order", checks.get("in_order", [])),
        ("sums", [name for each in sums for name in (each.of, *each.where)]),
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
        keep={k: _texts(v) for k, v in given.get("keep", {}).items()},
        maps=given.get("maps", {}),
        not_null=tuple(checks.get("not_null", ())),
        empty_working_day=checks.get("empty_working_day", "accept"),
        volume_band=_band(checks["volume_band"], f"{relative}, checks") if "volume_band" in checks else None,
        in_order=tuple(checks.get("in_order", ())),
        control=control,
        drift=given.get("drift", {}),
    )


def _band(given: Sequence[float], where: str) -> tuple[float, float]:
    least, most = given
    if not least < most:
        raise ContractError(f"{where}: `volume_band` is [least, most]; {least} is not less than {most}")
    return float(least), float(most)


def _texts(given: Sequence[Any]) -> tuple[str, ...]:
    return tuple(map(str, given))


def _delivery(given: Mapping[str, Any], where: str) -> Delivery:
    if bool(given.get("member")) == bool(given.get("file")):
        raise ContractError(
            f"{where}: give either `member` (a file inside a package) or `file` (a plain file)"
        )
    templates = [given[kind] for kind in ("file", "package") if given.get(kind)]
    for template in templates:
        _known_date(patterns.date_format(template), where)
        if patterns.date_format(template) in ("excel", "excel1904"):
            raise ContractError(f"{where}: `{template}`: no file is named by a spreadsheet's number of a day")
        if "{date" not in template:
            raise ContractError(
                f"{where}: `{template}` needs {{date}}, the business date, in a name or a folder"
            )
    if given.get("member") and not given.get("system"):
        raise ContractError(f"{where}: `system` is missing; it names the sender of the package")
    return Delivery(
        system=str(given.get("system", "")), member=given.get("member"), file=given.get("file"),
        mode=given.get("mode", "full"), due=given.get("due", "06:00"),
        required=given.get("required", False), carry_forward=given.get("carry_forward", False),
        opening=given.get("opening", False), full_on=tuple(given.get("full_on", ())),
        package=given.get("package"), has_ok=given.get("ok", True), cadence=given.get("cadence", "daily"),
    )  # fmt: skip


def _layout(given: Mapping[str, Any], where: str) -> Layout:
    record_type = given.get("record_type", {})
    kind, encoding = given["kind"], given.get("encoding", "utf-8")
    if kind == "fixed" and not given.get("record_bytes"):
        raise ContractError(f"{where}: `record_bytes` is missing; fixed-width records have a length")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ContractError(
            f"{where}: no encoding is called `{encoding}`; {nearest(encoding, _ENCODINGS)}"
        ) from None
    if "\n".encode(encoding) != b"\n":
        raise ContractError(
            f"{where}: in `{encoding}` a line does not end in one byte; let the supplier send utf-8"
        )
    if given.get("line_end") == "none" and kind != "fixed":
        raise ContractError(f"{where}: `line_end: none` is for fixed width only; other records need an end")
    marks = _marks(record_type, kind, where)
    return Layout(
        kind=kind, encoding=encoding, record_bytes=given.get("record_bytes", 0),
        detail=None if marks else record_type.get("detail"), trailer_mark=record_type.get("trailer"), trailer=given.get("trailer"),
        separator=given.get("separator", ","), header=given.get("header", False),
        quote=given.get("quote", False), decimal=given.get("decimal", "."), skip_lines=given.get("skip_lines", 0),
        marks=marks, line_end=given.get("line_end", "lf"), longest_record=given.get("longest_record", Layout.longest_record),
        keep_signs=tuple(given.get("keep_signs", ())), sheet=given.get("sheet"),
    )  # fmt: skip


def _marks(given: Mapping[str, Any], kind: str, where: str) -> Marks | None:
    at, column = given.get("at"), given.get("column")
    if not at and not column:
        if given.get("others") or isinstance(given.get("detail"), list):
            raise ContractError(
                f"{where}: `record_type` needs `at` (bytes) or `column`, where a record says its kind"
            )
        return None
    if kind not in ("fixed", "delimited") or bool(at) != (kind == "fixed"):
        raise ContractError(f"{where}: `record_type` has `at` in fixed width and `column` in delimited files")
    ours = given.get("detail", ())
    return Marks(
        (ours,) if isinstance(ours, str) else tuple(ours), tuple(given.get("others", ())), tuple(at) if at else None, column
    )  # fmt: skip


_ENCODINGS = (
    "utf-8",
    "gb18030",
    "gbk",
    "big5",
    "cp950",
    "big5hkscs",
    "cp1252",
    "iso8859-1",
    "iso8859-15",
    "shift_jis",
    "euc-kr",
    "cp1251",
)


def _known_date(pattern: str | None, where: str) -> None:
    unknown = patterns.unknown_letters(pattern) if pattern else None
    if unknown:
        raise ContractError(
            f"{where}: `{unknown}` in `{pattern}` is no part of a date; known are yyyy yy MM M dd d HH H mm ss"
        )


def _control(given: Mapping[str, Any], layout: Layout, where: str) -> Control:
    if given["in"] == "file" and not given.get("file"):
        raise ContractError(f"{where}: `file` is missing; write for example `{{stem}}.ctl`")
    if given["in"] == "trailer" and not layout.trailer_mark:
        raise ContractError(
            f"{where}: layout needs `record_type: {{trailer: …}}`, what the last line begins with"
        )
    _known_date(given.get("date_format"), where)
    sums = {
        group: Sum(of)
        if isinstance(of, str)
        else Sum(of["of"], {k: _texts(v) for k, v in of.get("where", {}).items()})
        for group, of in given.get("sums", {}).items()
    }
    try:
        pattern = re.compile(given["pattern"])
    except re.error as problem:
        raise ContractError(f"{where}: `pattern` is no regular expression ({problem})") from None
    for group in (*sums, *pattern.groupindex):
        if group not in pattern.groupindex or group not in ("rows", "date", *sums):
            raise ContractError(
                f"{where}: group `{group}` stands in only one of `pattern` and `sums`; known beside sums are rows and date"
            )
    return Control(
        pattern, given.get("file") if given["in"] == "file" else None, given.get("date_format"), sums
    )


def _field(
    name: str, given: Mapping[str, Any], shared: Mapping[str, Any], layout: Layout, where: str
) -> SourceField:
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
    kind = given.get("type", "string")
    written = given.get("format") or shared.get(f"{kind}_format")
    if written != "utc":
        _known_date(written, where)
    return SourceField(
        name=name, type=kind, privacy=PrivacyClass(privacy), at=(at[0], at[1]) if at else None,
        null=_texts(given.get("null", ())), source_name=str(given.get("from", name)), format=written, decimal=layout.decimal,
        is_overpunched=given.get("sign") == "overpunch",
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
    _provenance("_reason_codes", "array<string>", "What was repaired or noticed."),
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
