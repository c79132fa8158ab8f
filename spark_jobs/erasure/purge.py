"""Takes rows out of Delta tables and old files off the disk, under the writer's lease. Every step may be repeated.

Only files that hold such rows are rewritten, by way of Arrow. delta-rs does the same in one call, but what it writes Arrow reads as
`string_view`, which it then compares with no text, and of instants of 96 bits it made 9999-12-31 into 1816 (seen with deltalake 1.6.6).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.dataset import FileSystemDataset

from spark_jobs import delta_log, stored
from spark_jobs.erasure.reach import Reached
from spark_jobs.erasure.store import Store, listed
from spark_jobs.errors import OxpeckerError

Place = tuple[str, int]
# All rows of a file → the rows that take their place.
Change = Callable[[pa.Table], pa.Table]
HOURS_A_DAY = 24
# Records to a condition: a longer one is read in parts.
AT_ONCE = 2_000


def delete(store: Store, table: str, condition: str) -> int:
    """Rows that meet the condition go, by one commit that makes no business date anew; how many files it rewrote, none: no commit."""
    return _rewritten(
        store,
        table,
        condition,
        delta_log.DELETES,
        lambda rows: store.selected(rows, f"not coalesce({condition}, false)"),
    )


def empty(store: Store, reached: Reached) -> int:
    """The columns of these rows become null; their rows stay."""
    named = ", ".join(f'null as "{column}"' for column in reached.emptied)

    def emptied(rows: pa.Table) -> pa.Table:
        kept = store.selected(rows, f"not coalesce({reached.condition}, false)")
        hit = store.selected(rows, reached.condition, f"* replace ({named})")
        return pa.concat_tables([kept, hit])

    return _rewritten(store, reached.table, reached.condition, delta_log.UPDATES, emptied)


def delete_places(store: Store, table: str, places: Collection[Place]) -> int:
    """Records of bronze by file and line."""
    ordered = sorted(places)
    parts = [ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE)]
    return sum(delete(store, table, at_places(part)) for part in parts)


def change(store: Store, table: str, condition: str, changed: Change) -> int:
    """Rows that meet the condition are replaced by what `changed` makes of them."""

    def both(rows: pa.Table) -> pa.Table:
        kept = store.selected(rows, f"not coalesce({condition}, false)")
        return pa.concat_tables([kept, changed(store.selected(rows, condition)).cast(rows.schema)])

    return _rewritten(store, table, condition, delta_log.UPDATES, both)


def at_places(places: Iterable[Place]) -> str:
    """The condition that selects these records."""
    by_file: dict[str, list[int]] = {}
    for file, line in places:
        by_file.setdefault(file, []).append(line)
    return " or ".join(
        f"(_file_id = {listed([file])} and _line_no in ({', '.join(map(str, sorted(lines)))}))"
        for file, lines in sorted(by_file.items())
    )


def stale_files(store: Store, table: str, keep: Sequence[int], days: int) -> list[Path]:
    """Files of the folder that neither the newest version needs nor those to keep, once they have been stale for so many days.

    VACUUM's own list, without its commits: another version would make every stage look at the table again.
    """
    opened = store.opened(table)
    older = [v for v in keep if v != opened.version()]
    names = opened.vacuum(
        days * HOURS_A_DAY, dry_run=True, enforce_retention_duration=False, full=True, keep_versions=older or None
    )  # fmt: skip
    folder = store.folder(table)
    return [folder / name for name in sorted(names) if not name.startswith("_delta_log")]


def remove(files: Iterable[Path]) -> int:
    """Take files off the disk, with the checksums beside them; how many there were."""
    count = 0
    for path in files:
        if path.is_file():
            path.unlink()
            count += 1
        path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
    return count


def _rewritten(store: Store, table: str, condition: str, operation: str, changed: Change) -> int:
    with store.lease(table):
        opened, folder = store.opened(table), store.folder(table)
        protocol = opened.protocol()
        plain = (protocol.min_reader_version, protocol.min_writer_version)
        if plain > (delta_log.PLAIN_READER, delta_log.PLAIN_WRITER) or opened.metadata().partition_columns:
            raise OxpeckerError(
                f"{table}: the table has features of Delta that are not purged without an engine; delete there with Spark"
            )
        touched = _touched(store, table, condition)
        if not touched:
            return 0
        come = []
        version = opened.version() + 1
        for name, rows in _files(store, table):
            if name in touched and (after := changed(rows.to_table())).num_rows:
                come.append(_written(folder, f"{table}@{version}/{name}", after))
        _sync(folder)
        at = int(store.clock().timestamp() * 1000)
        delta_log.commit(folder, version, operation, touched, come, store.stamp(table), at)
        return len(touched)


def _touched(store: Store, table: str, condition: str) -> list[str]:
    """Files of the newest version with rows that meet the condition."""
    return [
        name for name, rows in _files(store, table) if store.ask(f"select 1 from {{t}} where {condition} limit 1", t=rows)
    ]  # fmt: skip


def _files(store: Store, table: str) -> Iterator[tuple[str, FileSystemDataset]]:
    """Files of the newest version one by one, in the columns and types of the table; nothing is read yet."""
    every = stored.dataset(store.opened(table))
    for fragment in every.get_fragments():
        yield fragment.path, FileSystemDataset([fragment], every.schema, every.format, every.filesystem)


def _written(folder: Path, instead_of: str, rows: pa.Table) -> delta_log.NewFile:
    """A file beside the one it stands for, flushed. A purge that was killed before its commit finds its own name again."""
    path = f"part-{hashlib.sha256(instead_of.encode()).hexdigest()[:32]}-c000.snappy.parquet"
    target = folder / path
    pq.write_table(rows, target, compression="snappy", write_page_checksum=True)
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
    return delta_log.NewFile(path, target.stat().st_size, rows.num_rows)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def blanked(
    rows: pa.Table, texts: Sequence[str], columns: Iterable[str], encoding: str, record: str
) -> pa.Table:
    """Records in which texts are blanks of the same length: in these columns, and in the bytes as delivered (column `record`).

    Lengths stay, so that every other field lies where it lay; blank is no value for every feed.
    """
    for column in (c for c in columns if c in rows.column_names):
        told = [_without(text, texts) for text in rows[column].to_pylist()]
        rows = rows.set_column(
            rows.column_names.index(column), column, pa.array(told, rows.schema.field(column).type)
        )
    longest_first = sorted({text for text in texts if text}, key=lambda text: (-len(text), text))
    needles = [text.encode(encoding, "ignore") for text in longest_first]
    content = [_bytes_without(each, needles) for each in rows[record].to_pylist()]
    return rows.set_column(
        rows.column_names.index(record), record, pa.array(content, rows.schema.field(record).type)
    )


def _without(text: str | None, texts: Sequence[str]) -> str | None:
    if text is None:
        return None
    for each in texts:
        text = text.replace(each, " " * len(each)) if each else text
    return text


def _bytes_without(content: bytes | None, needles: Sequence[bytes]) -> bytes | None:
    if content is None:
        return None
    for each in needles:
        content = content.replace(each, b" " * len(each)) if each else content
    return content
