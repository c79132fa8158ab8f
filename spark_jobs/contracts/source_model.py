"""What a contract of a supplier's feed holds: how a file comes, how it is cut, what its columns are. No Spark, no files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any

from spark_jobs.contracts import patterns
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.terms import Terms


@dataclass(frozen=True)
class SourceField:
    """One column of a feed. `at` is first and last byte, counted from 1 (fixed width only).

    format   how dates and instants are written, in the words of `patterns.py`; `utc`: in UTC although it does not say so
    decimal  the decimal sign of numbers; the other one of comma and full stop parts thousands
    is_overpunched  the last digit of a number bears its sign, as COBOL writes them
    needed_for      why it is collected where nothing reads it: a law, an audit
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
    needed_for: str = field(default="", repr=False)

    @property
    def implied_decimals(self) -> int:
        """Decimals that a number has without writing a sign for them: 2 for `implied2`."""
        return int(self.type.removeprefix("implied")) if self.type.startswith("implied") else 0


@dataclass(frozen=True)
class Delivery:
    """How a feed comes.

    member   the inner file of a package; `file`: a plain file, with a `/` the path below landing. `{date}` stands for yyyymmdd or
             yyyy-mm-dd, `{date:ddMMyyyy}` for the way it says, `{seq}` for the sequence, `*` for anything
    package  name of the package where the supplier has his own; has_ok: whether an `.OK` file says that it is complete
    password  what the supplier's password for his packages is called in the environment or among the keys; never the password
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
    password: str | None = None


@dataclass(frozen=True)
class Sum:
    """What one group of a control line sums up: a field, of the records that are meant.

    where         field → words: it is one of them. where_not: it is none of them, which an empty one is, too
    only          `positive` or `negative`: amounts with this sign
    without_sign  amounts are added up without their signs
    """

    of: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where_not: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only: str | None = None
    without_sign: bool = False

    @property
    def conditions(self) -> list[tuple[str, tuple[str, ...], bool]]:
        """Fields, words, and whether a record is meant that has one of them; all must hold."""
        told = [(name, words, True) for name, words in self.where.items()]
        return told + [(name, words, False) for name, words in self.where_not.items()]

    def counted(self, amount: int) -> int:
        """What an amount of a record that is meant adds to the sum."""
        if (self.only == "positive" and amount < 0) or (self.only == "negative" and amount > 0):
            return 0
        return abs(amount) if self.without_sign else amount


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
    escape          whether a backslash takes the next sign's meaning away (`bronze.escapes`)
    """

    kind: str
    encoding: str
    record_bytes: int = 0
    detail: str | None = None
    trailer_mark: str | None = None
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
    escape: bool = False

    @property
    def keeps_breaks(self) -> bytes:
        """The sign with which a record may go over several lines; none where every line is one."""
        return b'"' if self.quote else b"\\" if self.escape else b""


@dataclass(frozen=True)
class SourceContract:
    """One feed.

    controls           what the supplier declares of a file, in the order of its checks: at most one trailer and one file beside it
    empty_working_day  accept or hold: a delivery of zero rows for a day the bank works
    last_line_end      any or hold: a text file whose last line has no end, which may be cut in the middle of a value
    volume_band        (least, most) rows of a delivery as multiples of the median of earlier ones of the same kind of day
    header_again       counted or not_counted: whether the supplier's number of rows counts a header that comes again inside of a file
    set_aside          field → words, `*` for anything: a line with one of them in it is no record and is set aside (`bronze.apart`)
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
    controls: tuple[Control, ...] = ()
    drift: Mapping[str, str] = field(default_factory=dict)
    header_again: str = "not_counted"
    set_aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    last_line_end: str = "any"

    @property
    def table(self) -> str:
        return f"bronze.{self.feed}"

    def names(self) -> list[str]:
        return [f.name for f in self.fields]

    @property
    def sums(self) -> dict[str, Sum]:
        """All declared sums, by name."""
        return {name: each for control in self.controls for name, each in control.sums.items()}

    def control_file(self, name: str) -> str | None:
        """Name of the control file of a data file; None where none is declared."""
        return next((told for control in self.controls if (told := control.file_for(name))), None)

    @cached_property
    def reading(self) -> str:
        """Name of all that decides how a file is found, read and checked: a file that was held is looked at again once this is another.

        Its second half is `cutting`.
        """
        delivery = self.delivery
        content = (
            delivery.member, delivery.file, delivery.package, delivery.has_ok, delivery.full_on, delivery.cadence,
            self.layout, self.fields, self.controls, self.empty_working_day, self.volume_band, self.in_order,
            self.header_again, self.set_aside, self.terms.until,
            *([self.last_line_end] if self.last_line_end != "any" else []),
        )  # fmt: skip
        return _name_of(content) + self.cutting

    @cached_property
    def cutting(self) -> str:
        """Name of what decides which records a file gives: one that was loaded is read again with its date once this is another."""
        return _name_of((self.layout, self.fields, self.set_aside))

    def part(self, file_name: str) -> str:
        """Of a feed that comes in several files a day, whose share this one is; empty where it is one file."""
        template = self.delivery.member or self.delivery.file or ""
        return patterns.part_of(template.rsplit("/", 1)[-1], file_name)


def _name_of(content: object) -> str:
    return hashlib.sha256(repr(_said(content)).encode()).hexdigest()[:8]


def _said(value: object) -> object:
    """What somebody said, without what nobody did: a property that contracts learn to have later makes no contract another one."""
    if is_dataclass(value) and not isinstance(value, type):
        told = {f.name: getattr(value, f.name) for f in fields(value)}
        usual = {
            f.name: f.default_factory() if callable(f.default_factory) else f.default for f in fields(value)
        }
        return tuple((name, _said(each)) for name, each in told.items() if each != usual[name])
    if isinstance(value, Mapping):
        return tuple((key, _said(each)) for key, each in value.items())
    return tuple(map(_said, value)) if isinstance(value, list | tuple) else value
