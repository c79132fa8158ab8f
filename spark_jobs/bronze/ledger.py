"""The delivery ledger: every file ever seen, what became of it, and which rows silver may read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_jobs.bronze import zips
from spark_jobs.bronze.controls import Check, verify
from spark_jobs.bronze.discovery import Listed, Package, Unasked, listed, unpack
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.profiling import Seen, look_at
from spark_jobs.contracts import patterns
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.tables import Lake

TABLE = "ops.delivery_file"
UNASKED = "ops.unasked_file"
ACCEPTED = ("loaded",)
# What a package is held for until somebody on our side gives its password; each run tries again.
LOCKED = (zips.NO_PASSWORD, zips.WRONG_PASSWORD)
_REFUSED = ("member_name", "member_size", zips.CIPHER)
# A plan may name so many files; more are joined.
MOST_NAMED_FILES = 400


@dataclass(frozen=True)
class FileState:
    """One row of the ledger, in the order of its columns."""

    file_id: str
    delivery_id: str
    source_code: str
    feed_code: str
    business_date: date
    sequence_no: int
    package_name: str
    file_name: str
    sha256: str | None
    file_bytes: int | None
    arrived_at: datetime | None
    state_code: str
    reason_code: str | None
    rows_declared: int | None
    rows_found: int | None
    quarantined_cnt: int
    is_required: bool
    known_at: datetime
    package_bytes: int | None = None
    profile_json: str | None = None
    decision_id: str | None = None
    contract_hash: str | None = None
    replay_hash: str | None = None


@dataclass(frozen=True)
class Examined:
    """A file that was looked at: its ledger row, its checks, where its bytes lie, and what its columns look like."""

    state: FileState
    checks: tuple[Check, ...] = ()
    path: Path | None = None
    seen: Seen | None = None


@dataclass(frozen=True)
class Examination:
    """What came of one package: its declared files, and what nobody asks for."""

    files: tuple[Examined, ...] = ()
    unasked: tuple[Unasked, ...] = ()


def read_states(lake: Lake) -> dict[str, FileState]:
    """The ledger by file id."""
    return {row["file_id"]: FileState(**row.asDict()) for row in lake.read(TABLE).collect()}


def ledger_id(*parts: object) -> str:
    """An id made of what the thing is: the same on every machine."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:26]


def examine(
    package: Package, sources: Mapping[str, SourceContract], work: Path, known_at: datetime
) -> Examination:
    """Look at every file of a package; a feed that fails its checks is held, the others are not."""
    mine = [s for s in sources.values() if package.system in (s.delivery.system, s.feed)]
    if not mine:
        return Examination()
    delivery_id = ledger_id("delivery", package.identity())
    if package.ok is None and any(s.delivery.member and s.delivery.has_ok for s in mine):
        return Examination(
            tuple(_without_file(package, s, delivery_id, "held", "ok_missing", known_at) for s in mine)
        )
    try:
        files = (
            {package.name: package.path}
            if any(s.feed == package.system for s in mine)
            else unpack(package, work)
        )
        told = listed(package.ok) if package.ok else {}
    except (ValueError, OSError, EOFError) as problem:
        state, reason = "rejected", "package_unreadable"
        if str(problem) in LOCKED:
            state, reason = "held", str(problem)
        elif str(problem) in _REFUSED:
            reason = str(problem)
        return Examination(
            tuple(_without_file(package, s, delivery_id, state, reason, known_at) for s in mine)
        )
    found = []
    for source in mine:
        names = _members(source, package, files)
        if not names and package.sequence == 1 and source.delivery.member and not source.delivery.opening:
            found.append(_without_file(package, source, delivery_id, "missing", "missing", known_at))
        found += [_file(package, source, delivery_id, name, files, told, known_at) for name in names]
    return Examination(tuple(found), _unasked(package, mine, files))


def _unasked(
    package: Package, sources: Sequence[SourceContract], files: Mapping[str, Path]
) -> tuple[Unasked, ...]:
    """Inner files whose name fits no feed of the system; a control file belongs to the feed whose name it bears."""
    if any(s.feed == package.system for s in sources):
        return ()
    names = [s.delivery.member or "" for s in sources]
    names += [
        s.control_file(name) or name.rsplit(".", 1)[0] + ".ctl"
        for s, name in zip(sources, names, strict=True)
    ]
    asked = [patterns.name_pattern(name) for name in names]
    return tuple(
        Unasked(package.name, name, package.system.lower(), package.business_date, path.stat().st_size,
                package.arrived_at, "no_contract")
        for name, path in sorted(files.items())
        if not any(pattern.fullmatch(name) for pattern in asked)
    )  # fmt: skip


def unasked_id(file: Unasked) -> str:
    return ledger_id("unasked", file.package_name, file.file_name, file.file_bytes)


def known_unasked(lake: Lake) -> set[str]:
    """Ids of the files that are listed already."""
    return {row["file_id"] for row in lake.read(UNASKED).select("file_id").collect()}


def enter_unasked(lake: Lake, found: Iterable[Unasked]) -> None:
    """List files that no contract asks for; one that is listed already is not entered again."""
    rows = {unasked_id(f): f for f in found}
    if rows:
        content = [
            (key, f.package_name, f.file_name, f.source_code, f.business_date, f.file_bytes, f.arrived_at, f.reason_code,
             lake.run.known_at)
            for key, f in sorted(rows.items())
        ]  # fmt: skip
        lake.publish(UNASKED, lake.spark.createDataFrame(content, schema_of(lake.contracts, UNASKED)))


def _members(source: SourceContract, package: Package, files: Mapping[str, Path]) -> list[str]:
    """The inner files of a feed: one, or one per part. One with another date in its name is found, too, so that it can be held."""
    if source.delivery.file is not None:
        return [package.name]
    template = source.delivery.member or ""
    pattern = patterns.name_pattern(template)
    names = sorted(name for name in files if pattern.fullmatch(name))
    if "{part}" in template:
        return names
    right = patterns.named(template, package.business_date)
    return [right] if right in names else names[:1]


def _file(
    package: Package, source: SourceContract, delivery_id: str, name: str, files: Mapping[str, Path],
    told: Mapping[str, Listed], known_at: datetime,
) -> Examined:  # fmt: skip
    path = files[name]
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    control = _control_file(source, name, files)
    if control is None and source.control_file(name) is not None:
        return _without_file(package, source, delivery_id, "held", "ok_missing", known_at)
    checked = verify(
        path, source, package.business_date, told.get(name), control.read_bytes() if control else None
    )
    checks, reason = checked.checks, checked.reason
    by_name = "date_mismatch" if not _day_fits(source, name, package.business_date) else None
    if by_name is None and package.ok is not None and name not in told:
        by_name = "not_listed"
    if by_name is not None:
        checks = (*(c for c in checks if c.code != by_name), Check(by_name, None, None, False))
        reason = by_name
    state = FileState(
        ledger_id("file", package.identity(), name, digest), delivery_id, source.source_code, source.feed,
        package.business_date, package.sequence, package.name, name, digest, path.stat().st_size, package.arrived_at,
        "held" if reason else "verified", reason, checked.rows_declared, checked.rows_found, 0,
        source.delivery.required, known_at, package.size, None, None, source.reading,
    )  # fmt: skip
    return Examined(state, checks, path, _seen(path, source, state))


def _seen(path: Path, source: SourceContract, state: FileState) -> Seen | None:
    """The columns of a file that is as declared, or that is held for its columns; of no other they say anything."""
    is_about_columns = state.reason_code is None or state.reason_code.startswith("schema_")
    if state.sequence_no == 0 or not is_about_columns:
        return None
    try:
        return look_at(path, source, state.business_date)
    except RecordError:  # the file is held for it
        return None


def _control_file(source: SourceContract, name: str, files: Mapping[str, Path]) -> Path | None:
    """The control file of an inner file, or the one that lies beside a plain file; None also where none is declared."""
    declared = source.control_file(name)
    if declared is None:
        return None
    beside = files[name].with_name(declared)
    return files.get(declared) or (
        beside if source.delivery.file and beside.is_file() and not beside.is_symlink() else None
    )


def _day_fits(source: SourceContract, name: str, day: date) -> bool:
    """Whether the name of an inner file bears its package's date, where it bears any. A plain file's name is where its date comes from."""
    template = source.delivery.member
    named = patterns.name_pattern(template).fullmatch(name) if template else None
    if named is None or "day" not in named.groupdict():
        return template is None or "{date" not in template
    return patterns.parse_day(named["day"], patterns.date_format(template or "")) == day


def _without_file(
    package: Package, source: SourceContract, delivery_id: str, state: str, reason: str, known_at: datetime
) -> Examined:
    return Examined(FileState(
        ledger_id("file", package.identity(), source.feed, reason), delivery_id, source.source_code, source.feed,
        package.business_date, package.sequence, package.name, "", None, None, package.arrived_at, state, reason, None, None,
        0, source.delivery.required, known_at, package.size, None, None, source.reading,
    ))  # fmt: skip


def write_states(lake: Lake, states: Mapping[str, FileState]) -> None:
    """Replace the ledger where it changed."""
    ordered = [tuple(asdict(states[key]).values()) for key in sorted(states)]
    lake.publish(TABLE, lake.spark.createDataFrame(ordered, schema_of(lake.contracts, TABLE)))


def accepted_files(lake: Lake) -> list[Row]:
    """The newest accepted file of each feed and business date: feed_code, business_date, file_id, rows_found, replay_hash; sorted."""
    loaded = lake.read(TABLE).where(F.col("state_code").isin(*ACCEPTED))
    found = loaded.select("feed_code", "business_date", "file_id", "rows_found", "replay_hash").collect()
    return sorted(found, key=lambda row: (row["feed_code"], row["business_date"], row["file_id"]))


def accepted(lake: Lake, feed: str, files: Sequence[str]) -> DataFrame:
    """Bronze rows of these files, which are the feed's in `accepted_files`: the one door for silver.

    Grain: one row per record. Empty, with the feed's columns, where nothing was ever loaded or the feed is unknown to this bank.
    """
    rows = lake.read(f"bronze.{feed}", provenance=True)
    if len(files) <= MOST_NAMED_FILES:
        return rows.where(F.col("_file_id").isin(*files))
    named = lake.spark.createDataFrame([(file,) for file in files], "_file_id string")
    return rows.join(F.broadcast(named), "_file_id", "left_semi")
