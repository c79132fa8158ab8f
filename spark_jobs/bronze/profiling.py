"""What the columns of a delivery look like, from its first records, in the form in which the ledger keeps it. No Spark.

Kept of a column are shares, shapes, lengths and rounded deciles; of a column that names people no hash of a word either: a hash of one of few
known words can be guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from spark_jobs.bronze import columnar, fast
from spark_jobs.bronze.cut import Cut, column_names
from spark_jobs.bronze.delimited import cells
from spark_jobs.bronze.pieces import begins
from spark_jobs.bronze.records import Record, read_lines
from spark_jobs.bronze.value_profiles import ENOUGH_ROWS, Profile, profiles
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import SourceContract

# So many records tell what a column is like; a large file costs no more than a small one.
MOST_RECORDS = 400
_PIECE = 256 * 1024
# Rarer shapes and lengths say nothing of a column, and would make the ledger long.
MOST_SHAPES = 16
# Nothing of a column is kept finer than this.
_DECIMALS = 3


@dataclass(frozen=True)
class Seen:
    """Columns of one delivery.

    declared  hash of the fields of the contract that it was read by: profiles by different contracts are not compared
    columns   declared ones that the delivery has, and those the contract does not know: in the file's order where it names them,
              else in the contract's and then by name
    misshapen declared fields in whose place some record has an object or a list: they are there, though they have no value
    is_laid   the records have another number of columns than the contract, and no names: `columns` are those of the file, by place
    """

    declared: str
    columns: tuple[Profile, ...]
    misshapen: tuple[str, ...] = ()
    is_laid: bool = False

    @property
    def is_told(self) -> bool:
        return any(p.is_told for p in self.columns)

    def as_json(self) -> str:
        told = [{k: v for k, v in asdict(p).items() if v not in ({}, ())} for p in self.columns]
        content = {"declared": self.declared, "columns": told, "misshapen": self.misshapen}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Seen:
    content = json.loads(text)
    columns = tuple(_from_plain(each) for each in content["columns"])
    return Seen(content["declared"], columns, tuple(content["misshapen"]))


def _from_plain(given: Mapping[str, Any]) -> Profile:
    lengths = {int(k): v for k, v in given.get("lengths", {}).items()}
    return Profile(**{**given, "lengths": lengths, "deciles": tuple(given.get("deciles", ()))})


def declared_hash(source: SourceContract) -> str:
    """Of everything that decides which values stand in which column."""
    told = [(f.name, f.source_name, f.type, f.at, f.format, f.null) for f in source.fields]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def look_at(path: Path, source: SourceContract, day: date) -> Seen:
    """Profiles of the first readable records of a file. Raises `RecordError` where the file as such is broken."""
    made = Cut(path, source)
    names = column_names(made, source)
    gone = set() if names is None else _absent(names, source)
    records: list[Record] = []
    values: list[Sequence[str | None]] = []
    for some in _read(path, source, made, by_pieces=not gone):
        if isinstance(some, fast.Block):
            values += some.values.slice(0, MOST_RECORDS - len(values)).to_pylist()
        else:
            records += some[: MOST_RECORDS - len(records)]
        if len(values) + len(records) >= MOST_RECORDS:
            break
    laid = _laid(records, len(values), source, day) if names is None else None
    return laid or seen_in(source, day, records, values, gone, names or ())


def _read(
    path: Path, source: SourceContract, made: Cut, by_pieces: bool
) -> Iterator[fast.Block | list[Record]]:
    """The records by pieces where they can be had so; else no more of them than are looked at."""
    if by_pieces and begins(path, made, source) is not None:
        yield from fast.read(path, source, piece=_PIECE)
    else:
        yield list(islice(read_lines(made.details(), made.header, source), MOST_RECORDS))


def _absent(names: Sequence[str], source: SourceContract) -> set[str]:
    """Declared fields that a file with these columns lacks; a field of a columnar file may lie inside of a column, by a path."""
    paths = source.layout.kind in columnar.KINDS
    return {
        f.name
        for f in source.fields
        if f.source_name not in names and not (paths and f.source_name.split(".")[0] in names)
    }


def seen_in(
    source: SourceContract, day: date, records: Iterable[Record], values: Sequence[Sequence[str | None]] = (),
    missing: Iterable[str] = (), order: Sequence[str] = (),
) -> Seen:  # fmt: skip
    """Profiles of these records: of the declared columns that are not missing, then of those that the contract does not know."""
    readable = [r for r in records if r.values is not None][: MOST_RECORDS - len(values)]
    own = {f.source_name: f.name for f in source.fields}
    rescued = {name for r in readable for name in r.rescued or ()}
    strange = sorted(rescued - own.keys() - set(source.names()))
    rows = [
        *([*v, *[None] * len(strange)] for v in values),
        *([*(r.values or ()), *((r.rescued or {}).get(n) for n in strange)] for r in readable),
    ]
    decimal = next((f.decimal for f in source.fields), ".")
    classes = {f.name: f.privacy for f in source.fields}
    gone = set(missing)
    found = [p for p in profiles([*source.names(), *strange], rows, day, decimal) if p.name not in gone]
    place = {own.get(name, name): at for at, name in enumerate(order)}
    found.sort(key=lambda p: place.get(p.name, len(place)))
    return Seen(
        declared_hash(source), tuple(_harmless(p, classes.get(p.name)) for p in found),
        tuple(sorted(own[name] for name in rescued & own.keys())),
    )  # fmt: skip


def _laid(records: Sequence[Record], read: int, source: SourceContract, day: date) -> Seen | None:
    """Columns by place, where most records have the same number of columns and it is not the contract's; None otherwise."""
    layout = source.layout
    if layout.kind != "delimited":
        return None
    other = [r for r in records if r.reasons == ["column_count"]]
    if len(other) < ENOUGH_ROWS or len(other) <= read + len(records) - len(other):
        return None
    found = [cells(r.raw.decode(layout.encoding), layout) for r in islice(other, MOST_RECORDS)]
    widths = [len(f) for f in found if f]
    width = max(sorted(set(widths)), key=widths.count)
    rows = [[cell.strip() or None for cell in f] for f in found if f and len(f) == width]
    if len(rows) < 0.9 * len(found):
        return None
    names = [f"column {k + 1}" for k in range(width)]
    made = profiles(names, rows, day, layout.decimal)
    # Whose values they are is not known, so nothing of a word is kept.
    return Seen(
        declared_hash(source), tuple(_harmless(p, PrivacyClass.IDENTIFYING) for p in made), is_laid=True
    )


def _harmless(profile: Profile, privacy: PrivacyClass | None) -> Profile:
    """What may be kept of a column of this class; of an unknown one as of one that names people."""
    keeps_words = privacy in (PrivacyClass.C1, PrivacyClass.FINANCIAL)
    return replace(
        profile,
        filled=round(profile.filled, _DECIMALS), distinct=round(profile.distinct, _DECIMALS),
        lengths=_largest(profile.lengths), shapes=_largest(profile.shapes),
        words=_largest(profile.words) if keeps_words else {},
    )  # fmt: skip


def _largest(shares: Mapping[Any, float]) -> dict[Any, float]:
    kept = sorted(shares.items(), key=lambda kv: (-kv[1], str(kv[0])))[:MOST_SHAPES]
    return {key: round(share, _DECIMALS) for key, share in sorted(kept, key=lambda kv: str(kv[0]))}
