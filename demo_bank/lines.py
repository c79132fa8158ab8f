"""Text files built column by column with Arrow: ids, instants, JSON lines and CSV. No Python object per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from demo_bank.packages import Inner

ZONE = ZoneInfo("Asia/Shanghai")
BOM = b"\xef\xbb\xbf"
SHANGHAI_AHEAD = np.timedelta64(8, "h")  # no summer time in the years of the demo bank


def text(values: object) -> pa.Array:
    """Any sequence as an Arrow text array; None stays null."""
    if isinstance(values, pa.ChunkedArray):
        return pc.cast(values.combine_chunks(), pa.string())
    if isinstance(values, pa.Array):
        return pc.cast(values, pa.string())
    return pa.array(values, pa.string())


def numbered(prefix: str, numbers: NDArray[np.int64], width: int) -> pa.Array:
    """`prefix` and the number padded with zeros."""
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers, pa.int64()), pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def joined(*parts: pa.Array | str) -> pa.Array:
    """pa.Array one after another; null when any is."""
    return pc.binary_join_element_wise(*parts, "")


def nulled(values: pa.Array, where: NDArray[np.bool_]) -> pa.Array:
    """The values, null where told."""
    return pc.if_else(pa.array(where), pa.scalar(None, pa.string()), values)


def at(day: date, seconds: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Local instants with milliseconds: seconds since the day's midnight at the bank."""
    return np.datetime64(day, "ms") + np.round(np.asarray(seconds) * 1000).astype("timedelta64[ms]")


def utc_text(local: NDArray[np.datetime64]) -> pa.Array:
    """`2026-09-16T01:02:03.123Z`; NaT is null."""
    moments = pa.array((local - SHANGHAI_AHEAD).astype("datetime64[ms]"))
    return joined(pc.replace_substring(pc.cast(moments, pa.string()), " ", "T"), "Z")


def local_text(local: NDArray[np.datetime64]) -> pa.Array:
    """`2026-09-16 09:02:03`; NaT is null."""
    return pc.cast(pa.array(local.astype("datetime64[s]")), pa.string())


def epoch_ms(local: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Milliseconds since 1970 in UTC."""
    epoch: NDArray[np.int64] = (local - SHANGHAI_AHEAD).astype("datetime64[ms]").astype(np.int64)
    return epoch


def escaped(values: pa.Array) -> pa.Array:
    """Free text made safe for JSON strings."""
    for plain, safe in (("\\", "\\\\"), ('"', '\\"'), ("\r", "\\r"), ("\n", "\\n")):
        values = pc.replace_substring(values, plain, safe)
    return values


def quoted(values: pa.Array) -> pa.Array:
    """JSON strings; null becomes the word null."""
    return pc.coalesce(joined('"', values, '"'), pa.scalar("null", pa.string()))


def raw(values: object) -> pa.Array:
    """Numbers or finished JSON; null becomes the word null."""
    return pc.coalesce(pc.cast(pa.array(values), pa.string()), pa.scalar("null", pa.string()))


def json_lines(columns: Mapping[str, pa.Array]) -> pa.Array:
    """One JSON object per row. Values are finished JSON (`quoted`, `raw`); keys keep their order."""
    parts: list[pa.Array | str] = []
    for place, (name, values) in enumerate(columns.items()):
        parts += [f'{"{" if place == 0 else ","}"{name}":', values]
    return joined(*parts, "}")


def csv_lines(columns: Mapping[str, pa.Array], quote: Sequence[str] = ()) -> pa.Array:
    """One CSV row per row; nulls are empty, the columns in `quote` stand in double quotes."""
    cells: list[pa.Array] = []
    for name, values in columns.items():
        cell = pc.coalesce(values, pa.scalar("", pa.string()))
        if name in quote:
            cell = joined('"', pc.replace_substring(cell, '"', '""'), '"')
        cells.append(cell)
    return pc.binary_join_element_wise(*cells, ",")


def quoted_csv(columns: Mapping[str, pa.Array]) -> tuple[str, pa.Array]:
    """(header, rows) of a CSV file in which everything that is there stands in double quotes; nulls are empty."""
    cells = [
        pc.coalesce(joined('"', pc.replace_substring(values, '"', '""'), '"'), pa.scalar("", pa.string()))
        for values in columns.values()
    ]
    return ",".join(f'"{name}"' for name in columns), pc.binary_join_element_wise(*cells, ",")


def separated(columns: Mapping[str, pa.Array], separator: str) -> pa.Array:
    """One record per row, fields between separators; nulls are empty."""
    empty = pa.scalar("", pa.string())
    return pc.binary_join_element_wise(
        *[pc.coalesce(values, empty) for values in columns.values()], separator
    )


def decimals(units: NDArray[np.int64], places: int) -> pa.Array:
    """Whole units as a number with so many decimals: 12345 with two is 123.45."""
    whole, rest = np.divmod(np.abs(units), 10**places)
    sign = pa.array(np.where(np.asarray(units) < 0, "-", "").tolist(), pa.string())
    return joined(sign, text(pa.array(whole)), ".", numbered("", rest, places))


def day_text(values: NDArray[np.datetime64]) -> pa.Array:
    """`2026-09-30`; NaT is null."""
    return pc.cast(pa.array(values.astype("datetime64[D]")), pa.string())


@dataclass
class Lines:
    """A text file before it becomes bytes, so that defects can be planted line by line and their place be known.

    header    without line end; None where the format has none
    rows      one text per detail record, without line end
    encoding  UTF-8 or GB18030
    """

    name: str
    header: str | None
    rows: pa.Array
    bom: bool = False
    encoding: str = "UTF-8"

    def __len__(self) -> int:
        return len(self.rows)

    def content(self) -> bytes:
        """The file's bytes, every record ended by LF."""
        parts = [] if self.header is None else [self.header]
        body = "\n".join([*parts, *self.rows.to_pylist()])
        return (
            (BOM if self.bom else b"") + (body + "\n").encode(self.encoding)
            if body
            else (BOM if self.bom else b"")
        )

    def inner(self) -> Inner:
        return Inner(self.name, self.content(), len(self.rows), 0, self.encoding)

    def offsets(self) -> NDArray[np.int64]:
        """First byte of each detail record in the file."""
        lengths = pc.binary_length(pc.cast(self.rows, pa.binary())).to_numpy(zero_copy_only=False) + 1
        start = (len(BOM) if self.bom else 0) + (0 if self.header is None else len(self.header.encode()) + 1)
        return (
            start + np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
            if len(lengths)
            else np.zeros(0, np.int64)
        )


def moment(text_: str) -> np.datetime64:
    """A local instant for stories: `2026-09-22 10:05`."""
    return np.datetime64(datetime.fromisoformat(text_), "ms")
