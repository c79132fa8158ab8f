"""Defects of whole deliveries, on fixed dates (docs/demo-bank.md, "Held feeds"), and the corrected delivery that follows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from demo_bank.packages import Inner
from demo_bank.sheets import Sheet

RESENT_AT = time(14, 0)
GB = "gb18030"
_FIELD = re.compile(r'("(?:[^"]|"")*"|[^,]*)(?:,|$)')


@dataclass(frozen=True)
class Wrong:
    """What goes wrong with some objects of a package.

    change   the delivered file → what came instead, None when it did not come; gets the file of the day before, too
    resent   days later at 14:00 on which sequence 02 brings the right file; None: never
    """

    code: str
    objects: tuple[str, ...]
    change: Callable[[Inner, Inner | None], Inner | None]
    handling: str
    reason: str | None
    resent: int | None = 1


def object_of(inner: Inner) -> str:
    """CIF of CIF_20260930.dat."""
    return inner.name.rsplit("_", 1)[0]


def day_of(inner: Inner) -> str:
    return re.sub(r"\..*", "", inner.name.rsplit("_", 1)[1])


def resent_at(day: date, later: int) -> datetime:
    """Local time at which a corrected delivery of `day` comes."""
    return datetime.combine(day + timedelta(days=later), RESENT_AT)


def row_missing(inner: Inner, before: Inner | None) -> Inner:
    """The last record got lost; the control file counts it still."""
    lines = inner.content.rstrip(b"\n").split(b"\n")
    return replace(inner, content=b"".join(line + b"\n" for line in lines[:-1])) if len(lines) > 1 else inner


def entry_missing(inner: Inner, before: Inner | None) -> Inner:
    """An entry got lost before rows were counted, but after amounts were added up."""
    if inner.name.endswith(".ctl"):
        rows = inner.rows - 1
        parts = inner.content.decode().split("|")
        return replace(inner, content="|".join([*parts[:2], str(rows), *parts[3:]]).encode(), rows=rows)
    lines = inner.content.rstrip(b"\n").split(b"\n")
    lines.pop(len(lines) // 2 - 1)
    trailer = lines[-1]
    lines[-1] = trailer[:19] + f"{inner.rows - 1:012d}".encode() + trailer[31:]
    return replace(inner, content=b"".join(line + b"\n" for line in lines), rows=inner.rows - 1)


def yesterdays(inner: Inner, before: Inner | None) -> Inner:
    """Yesterday's content under today's name."""
    return inner if before is None else replace(before, name=inner.name)


def empty(inner: Inner, before: Inner | None) -> Inner:
    return replace(inner, content=b"", rows=0)


def column_added(inner: Inner, before: Inner | None) -> Inner:
    """A column nobody announced after the second."""
    text = inner.content.decode(GB)
    lines = [
        _inserted(line, "risk_tag" if k == 0 else "N") for k, line in enumerate(text.rstrip("\n").split("\n"))
    ]
    return replace(inner, content="".join(f"{line}\n" for line in lines).encode(GB))


def _inserted(line: str, told: str) -> str:
    cells = _FIELD.findall(line)[: line.count(",") + 1]
    return ",".join([*cells[:2], told, *cells[2:]])


def columns_swapped(inner: Inner, before: Inner | None) -> Inner:
    """created_ts and due_ts changed places, under the names they had."""
    table = pq.read_table(io.BytesIO(inner.content))
    names = {"created_ts": "due_ts", "due_ts": "created_ts"}
    swapped = pa.table({name: table[names.get(name, name)] for name in table.schema.names})
    return Sheet(inner.name, swapped).inner()


def in_utf8(inner: Inner, before: Inner | None) -> Inner:
    """UTF-8 instead of GB18030; a file without any hanzi is the same in both."""
    return replace(inner, content=inner.content.decode(GB).encode())


def values_wrong(inner: Inner, before: Inner | None) -> Inner:
    """The market value of every tenth position is ten times what it is."""
    text = inner.content.decode(GB).rstrip("\n").split("\n")
    place = text[0].replace('"', "").split(",").index("mkt_value")
    for k in range(1, len(text), 10):
        cells = [cell.strip('"') for cell in _FIELD.findall(text[k])[: text[0].count(",") + 1]]
        cells[place] = f"{float(cells[place]) * 10:.6f}"
        text[k] = ",".join(f'"{cell}"' if cell else "" for cell in cells)
    return replace(inner, content="".join(f"{line}\n" for line in text).encode(GB))


def absent(inner: Inner, before: Inner | None) -> Inner | None:
    return None


HELD: Mapping[tuple[str, date], tuple[Wrong, ...]] = {
    ("LOAN", date(2026, 9, 29)): (Wrong("D03", ("REPAY",), row_missing, "hold", "row_count"),),
    ("CORE", date(2026, 9, 11)): (Wrong("D04", ("TXN",), entry_missing, "hold", "control_total"),),
    ("CARD", date(2026, 9, 3)): (Wrong("D07", ("C_TXN",), yesterdays, "hold", "date_mismatch"),),
    ("LOAN", date(2026, 9, 16)): (Wrong("D10", ("APPLY",), empty, "hold", "empty_working_day"),),
    ("WEALTH", date(2026, 9, 14)): (Wrong("D11", ("HOLDING",), column_added, "hold", "schema_added"),),
    ("CRM", date(2026, 9, 17)): (Wrong("D12", ("TASK",), columns_swapped, "hold", "schema_swapped"),),
    ("ECIF", date(2026, 9, 18)): (Wrong("D17", ("PARTY", "PARTY_CERT", "PARTY_PHONE"), in_utf8, "hold", "encoding"),),
    ("WEALTH", date(2026, 9, 21)): (Wrong("D06", ("HOLDING",), values_wrong, "restate", None),),
    ("SURVEY", date(2026, 9, 28)): (Wrong("D08", ("RESPONSE",), absent, "carry_forward", "late", 2),),
}  # fmt: skip
# The whole package without its .OK; the same package with it the next day at 14:00.
NO_OK = {("CORE", date(2026, 9, 5)): "D01"}
# The .OK some hours before the package.
EARLY_OK = {("ECIF", date(2026, 9, 8)): "D02"}
# The same package once more under another number, some hours later.
TWICE = {("ECIF", date(2026, 9, 9)): "D05", ("CALL", date(2026, 9, 22)): "D05"}


def wrongs(system: str, day: date, files: Sequence[Inner]) -> tuple[Wrong, ...]:
    """What goes wrong with a package, as far as it brings such objects."""
    there = {object_of(inner) for inner in files}
    return tuple(wrong for wrong in HELD.get((system, day), ()) if there & set(wrong.objects))
