"""The files that are read: entries in clean UTF-8, the same with one bad record in a hundred, and ten times as many. Nobody's: all is made up."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

DAY = date(2026, 9, 30)
SEED = 20260930
CLEAN, CLOSED = "bench__entry", "bench__closed"
# Name, type in the contract, in Spark, in DuckDB.
COLUMNS = (
    ("entry_no", "string", "string", "varchar"), ("acct_no", "string", "string", "varchar"), ("booked_on", "date", "date", "date"),
    ("booked_at", "timestamp", "timestamp", "timestamp"), ("dc_flag", "string", "string", "varchar"), ("ccy", "string", "string", "varchar"),
    ("amount", "number", "decimal(18,2)", "decimal(18,2)"), ("balance", "number", "decimal(18,2)", "decimal(18,2)"),
    ("channel", "string", "string", "varchar"), ("org", "string", "string", "varchar"), ("payee", "string", "string", "varchar"),
    ("summary", "string", "string", "varchar"),
)  # fmt: skip
_ARROW = {"date": pa.date32(), "timestamp": pa.timestamp("s"), "decimal(18,2)": pa.decimal128(18, 2)}
_NAMES = np.array(["王小明", "李红", "欧阳建国", "张伟", "阿卜杜拉·买买提", "陈晓东", "林珅", "赵六"])
_SUMMARIES = np.array(["消费", "转账", "代发工资", "水电煤", "现金存入", "信用卡还款"])


@dataclass(frozen=True)
class Files:
    """Where they lie. closed: the clean entries with a last line that counts and adds them up."""

    folder: Path
    rows: int

    @property
    def clean(self) -> Path:
        return self.folder / "clean.csv"

    @property
    def bad(self) -> Path:
        return self.folder / "bad.csv"

    @property
    def single(self) -> Path:
        return self.folder / "single.csv"

    @property
    def tenfold(self) -> Path:
        return self.folder / "tenfold.csv"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def closed(self, turn: int) -> Path:
        """The file of the n-th day; the first is there, `deliver` brings the others."""
        return self.landing / f"closed_{DAY + timedelta(days=turn):%Y%m%d}.csv"

    @property
    def conf(self) -> Path:
        return self.folder / "conf"


def arrow_types() -> dict[str, pa.DataType]:
    return {name: _ARROW.get(spark, pa.string()) for name, _, spark, _ in COLUMNS}


def made(folder: Path, rows: int) -> Files:
    """All files of so many rows; the same bytes whenever they are made."""
    files = Files(folder, rows)
    shutil.rmtree(files.landing, ignore_errors=True)
    files.landing.mkdir(parents=True)
    _contracts(files)
    cents = np.random.default_rng(SEED).integers(1, 10**9, rows)
    table = _table(cents)
    # Without quotes, and nothing in it asks for any.
    csv.write_csv(table, files.clean, csv.WriteOptions(include_header=False, quoting_style="none"))
    content = files.clean.read_bytes()
    files.single.write_bytes(content[: content.index(b"\n") + 1])
    files.bad.write_bytes(_soiled(content))
    with files.tenfold.open("wb") as stream:
        for _ in range(10):
            stream.write(content)
    total = int(cents.sum())
    files.closed(0).write_bytes(content + f"END,{rows},{total // 100}.{total % 100:02d}\n".encode())
    return files


def deliver(files: Files, turn: int, due: datetime) -> None:
    """The n-th day's file, an hour before its cut-off (`due`, in UTC): the first day's, but for one sign, or it would be that again."""
    path = files.closed(turn)
    if turn:
        shutil.copyfile(files.closed(0), path)
        with path.open("r+b") as stream:
            stream.write(str(turn).encode())
    came = (due - timedelta(hours=1)).replace(tzinfo=UTC).timestamp()
    os.utime(path, (came, came))


def _table(cents: np.ndarray) -> pa.Table:  # type: ignore[type-arg]
    n = len(cents)
    k = np.arange(n)
    amounts = pa.array([f"{c // 100}.{c % 100:02d}" for c in cents.tolist()])
    seconds = np.datetime64(DAY, "s") + (k * 7919) % 86_400
    texts = {
        "entry_no": [f"0930{x:012d}" for x in k.tolist()], "acct_no": [f"6217{x:015d}" for x in (k * 31 % 90_000).tolist()],
        "booked_on": np.full(n, f"{DAY}"), "booked_at": np.char.replace(seconds.astype("U19"), "T", " "), "dc_flag": np.array(["D", "C"])[k % 2],
        "ccy": np.full(n, "156"), "amount": amounts, "balance": amounts, "channel": np.array(["01", "03", "06", "07"])[k % 4],
        "org": np.char.add("3301", (k % 42 + 10).astype("U2")), "payee": _NAMES[k % len(_NAMES)], "summary": _SUMMARIES[k % len(_SUMMARIES)],
    }  # fmt: skip
    return pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()})


def _soiled(content: bytes) -> bytes:
    """One record in a hundred: a field too few, a byte that is no text, or a field too many, in turn."""
    lines = content.splitlines()
    for turn, at in enumerate(range(50, len(lines), 100)):
        line = lines[at]
        lines[at] = (line.rsplit(b",", 1)[0], line[:-1] + b"\xff", line + b",x")[turn % 3]
    return b"\n".join(lines) + b"\n"


def _contracts(files: Files) -> None:
    folder = files.conf / "contracts" / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    fields = "\n".join(f"  {name}: {{type: {kind}, class: C2-fin}}" for name, kind, _, _ in COLUMNS)
    for feed, name, layout, control in (
        (CLEAN, "clean", "", ""),
        (CLOSED, "closed", ", record_type: {trailer: END}",
         "control: {in: trailer, pattern: 'END,(?P<rows>\\d+),(?P<total>[\\d.]+)', sums: {total: {of: amount}}}\n"),
    ):  # fmt: skip
        (folder / f"{feed}.yml").write_text(
            f"feed: {feed}\ndelivery: {{file: '{name}_{{date}}.csv', mode: new_rows, required: false}}\n"
            f"layout: {{kind: delimited, encoding: utf-8, separator: ','{layout}}}\n{control}key: [entry_no]\nfields:\n{fields}\nmaps: {{}}\n"
        )
