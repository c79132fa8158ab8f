"""Writes packages as a core banking system sends them: fixed-width bytes, tar.gz, `.OK`, control files, arrivals.

Nothing in a package depends on the clock or the machine: members are sorted, owned by nobody and have no time. Only the `.OK` file's own
time speaks: it is the arrival.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ZONE = ZoneInfo("Asia/Shanghai")
ENCODING = "gb18030"


@dataclass(frozen=True)
class Inner:
    """One file inside a package. record_bytes is 0 for delimited files; rows are detail rows."""

    name: str
    content: bytes
    rows: int
    record_bytes: int
    encoding: str = "GB18030"
    is_listed: bool = True


def texts(values: Sequence[str] | NDArray[np.str_], width: int) -> NDArray[np.bytes_]:
    """Text in GB18030, cut at whole characters, padded with spaces."""
    unique, back = np.unique(np.asarray(values), return_inverse=True)
    encoded = [_cut(str(value), width).ljust(width) for value in unique]
    return np.array(encoded, dtype=f"S{width}")[back]


def _cut(text: str, width: int) -> bytes:
    encoded = text.encode(ENCODING)
    while len(encoded) > width:
        text = text[:-1]
        encoded = text.encode(ENCODING)
    return encoded


def digits(values: NDArray[np.int64], width: int) -> NDArray[np.bytes_]:
    """Unsigned numbers, padded with zeros."""
    if len(values) == 0:
        return np.zeros(0, dtype=f"S{width}")
    return np.char.zfill(np.asarray(values).astype(f"S{width}"), width)


def signed(values: NDArray[np.int64], width: int) -> NDArray[np.bytes_]:
    """A sign, then digits: `width` bytes in all."""
    sign = np.where(np.asarray(values) < 0, b"-", b"+")
    return np.char.add(sign, digits(np.abs(values), width - 1))


def dates(values: NDArray[np.datetime64] | date, rows: int) -> NDArray[np.bytes_]:
    """yyyymmdd; NaT becomes 00000000."""
    if isinstance(values, date):
        return np.full(rows, f"{values:%Y%m%d}".encode())
    if len(values) == 0:
        return np.zeros(0, dtype="S8")
    text = np.char.replace(values.astype("datetime64[D]").astype(str), "-", "")
    return np.where(np.isnat(values), "00000000", text).astype("S8")


def fixed(columns: Sequence[NDArray[np.bytes_]], widths: Sequence[int]) -> bytes:
    """Records of these columns one after another, each ended by LF. A text shorter than its width is padded with spaces."""
    rows = len(columns[0]) if columns else 0
    if rows == 0:
        return b""
    records = np.full((rows, sum(widths) + 1), ord(" "), dtype=np.uint8)
    at = 0
    for column, width in zip(columns, widths, strict=True):
        padded = np.char.ljust(column.astype(f"S{width}"), width)
        records[:, at : at + width] = np.frombuffer(padded.tobytes(), dtype=np.uint8).reshape(rows, width)
        at += width
    records[:, at] = ord("\n")
    return records.tobytes()


def trailer(name: str, day: date, rows: int, sum1: int, sum2: int, record_bytes: int) -> bytes:
    """`T`, object, date, rows 9(12), two sums S9(20)V99, spaces: as long as a record."""
    text = f"T{name:<10}{day:%Y%m%d}{rows:012d}{_amount(sum1)}{_amount(sum2)}"
    return text.ljust(record_bytes).encode() + b"\n"


def control(day: date, rows: int, debit: int, credit: int) -> bytes:
    """Control file of a money feed."""
    return f"T|{day:%Y%m%d}|{rows}|DR={_control(debit)}|CR={_control(credit)}\n".encode()


def _amount(cents: int) -> str:
    return f"{'-' if cents < 0 else '+'}{abs(cents):022d}"


def _control(cents: int) -> str:
    return f"{'-' if cents < 0 else '+'}{abs(cents):020d}"


class Landing:
    """The folder suppliers deliver into. `arrivals.csv` repeats the arrivals for places that do not keep file times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arrivals: list[tuple[str, str]] = []

    def deliver(
        self, system: str, sequence: int, day: date, files: Sequence[Inner], arrived: datetime
    ) -> Path:
        """One package with its `.OK`. `arrived` is local time at the bank."""
        return self.lay_down(system, sequence, day, files, arrived)

    def lay_down(
        self, system: str, sequence: int, day: date, files: Sequence[Inner], arrived: datetime, *, ok: bool = True,
        ok_arrived: datetime | None = None,
    ) -> Path:  # fmt: skip
        """A package as told; without its `.OK`, or with one that came at another time, where something went wrong."""
        folder = self.folder / system / f"{day:%Y%m%d}"
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{system}_{sequence:02d}_{day:%Y%m%d}"
        package = folder / f"{stem}.tar.gz"
        package.write_bytes(_tar(files))
        listed = "".join(
            f"{f.name}|{f.rows}|{f.record_bytes}|{hashlib.md5(f.content, usedforsecurity=False).hexdigest()}|{f.encoding}\n"
            for f in files
            if f.is_listed
        )
        moment = _utc(arrived)
        os.utime(package, (moment.timestamp(), moment.timestamp()))
        if ok:
            path = folder / f"{stem}.OK"
            path.write_bytes(listed.encode("ascii"))
            seen = _utc(ok_arrived or arrived).timestamp()
            os.utime(path, (seen, seen))
        self.arrivals.append((str(package.relative_to(self.folder)), f"{moment:%Y-%m-%dT%H:%M:%SZ}"))
        return package

    def close(self) -> None:
        """Write `arrivals.csv`, sorted."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["package", "arrived_at"])
        writer.writerows(sorted(self.arrivals))
        (self.folder / "arrivals.csv").write_text(text.getvalue(), encoding="utf-8")


def _utc(local: datetime) -> datetime:
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def _tar(files: Sequence[Inner]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for each in sorted(files, key=lambda f: f.name):
            member = tarfile.TarInfo(each.name)
            member.size, member.mtime, member.mode = len(each.content), 0, 0o644
            archive.addfile(member, io.BytesIO(each.content))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="", compresslevel=5) as stream:
        stream.write(raw.getvalue())
    return packed.getvalue()
