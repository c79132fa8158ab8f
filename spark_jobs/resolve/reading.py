"""Files of people → `People`: CSV and Parquet of any source, every column as text."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from spark_jobs.errors import DeliveryError, SettingsError, nearest
from spark_jobs.identity.engine.people import BIRTH_DATE, GIVEN, SURNAME, People
from spark_jobs.resolve.mapping import FileMap, Map

_DELIMITERS = ",;\t|"
_PROBE = 65536
# Roles whose several columns are parts of one value, and what stands between them.
_WHOLE: Mapping[str, str] = {GIVEN: " ", SURNAME: " ", BIRTH_DATE: "-"}
_PARTS_OF_A_DATE = ("year", "month", "day")


def read_people(paths: Sequence[Path], mapped: Map, truth: str | None = None) -> People:
    """All records of all files. Errors name file and column, and what is near; never a value."""
    tables = [(path, read_table(path), mapped.of(path)) for path in paths]
    _check_columns(tables)
    tables = [_with_whole_parts(path, table, m) for path, table, m in tables]
    roles = sorted(
        {(role, i) for _, _, m in tables for role, columns in m.roles.items() for i in range(len(columns))}
    )
    columns: dict[str, list[pa.Array]] = {}
    for role, i in roles:
        parts = [_column(table, _at(m, role, i)) for _, table, m in tables]
        columns.setdefault(role, []).append(_joined(parts))
    sources = _joined([_source(path, table, m) for path, table, m in tables])
    keys = _joined([_key(path, table, m) for path, table, m in tables])
    known = None
    if truth is not None:
        if not any(truth in table.column_names for _, table, _ in tables):
            names = {n for _, table, _ in tables for n in table.column_names}
            raise SettingsError(f"--truth: no column `{truth}` in any file; {nearest(truth, names)}")
        known = _joined([_column(table, truth) for _, table, _ in tables])
    people = People(columns, sources, keys, mapped.region, known)
    _check_keys(people)
    return people


def read_names(path: Path, mapped: Map) -> tuple[pa.Array, pa.Array]:
    """Sources and ids of the records that a file names, by the columns of the map. Errors: SettingsError where it has no column for ids."""
    table, own = read_table(path), mapped.of(path)
    for what, wanted in (("id", own.id), ("source", own.source)):
        if wanted not in table.column_names and (wanted or what == "id"):
            raise SettingsError(f"{path.name}: no column `{wanted or 'id'}` ({what}) that names records")
    return _source(path, table, own), _key(path, table, own)


def read_table(path: Path) -> pa.Table:
    """A file as a table of text. CSV: UTF-8, GB 18030 or UTF-16 with its mark, parted by comma, semicolon, tab or bar, also gzipped."""
    if not path.is_file():
        raise DeliveryError(f"{path.name}: no such file")
    try:
        table = pq.read_table(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    except (pa.ArrowInvalid, UnicodeError, OSError, EOFError) as error:
        raise DeliveryError(
            f"{path.name}: cannot be read as {'Parquet' if path.suffix.lower() in ('.parquet', '.pq') else 'CSV'}; "
            "is every line as long as the header, and the file UTF-8 or GB 18030?"
        ) from error
    twice = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
    if twice:
        raise DeliveryError(f"{path.name}: column `{twice[0]}` stands there twice; rename one")
    return pa.table({name: _text(path, name, table[name]) for name in table.column_names})


def _text(path: Path, name: str, column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column, "%Y-%m-%d")
    try:
        return _joined(pc.cast(column, pa.string()).chunks or [pa.array([], pa.string())])
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        # A list or a struct plays no role; whoever maps it is told.
        return pa.nulls(len(column), pa.string())


def _csv(path: Path) -> pa.Table:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(_PROBE)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DeliveryError(
            f"{path.name}: a workbook or archive, no CSV; save the sheet as CSV (UTF-8) and give that"
        )
    encoding = _encoding(head)
    text = head.decode(encoding, errors="ignore").lstrip("\ufeff")
    first = text.splitlines()[0] if text.strip() else ""
    if not first:
        raise DeliveryError(f"{path.name}: empty; a first line with the names of the columns is needed")
    delimiter = max(_DELIMITERS, key=first.count)
    names = next(csv.reader([first], delimiter=delimiter))
    return pa_csv.read_csv(
        path,
        read_options=pa_csv.ReadOptions(encoding=encoding),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8" if _is_utf_8(head) else "gb18030"


def _is_utf_8(head: bytes) -> bool:
    try:
        head[: len(head) - 4 if len(head) == _PROBE else None].decode("utf-8")
    except UnicodeDecodeError as error:
        return len(head) == _PROBE and error.start > len(head) - 9
    return True


def _with_whole_parts(path: Path, table: pa.Table, mapped: FileMap) -> tuple[Path, pa.Table, FileMap]:
    """Given names in several columns as one, so surnames (a suffix behind them), and a birth date in year, month and day."""
    roles = dict(mapped.roles)
    for role, sign in _WHOLE.items():
        columns = roles.get(role, ())
        if len(columns) < 2 or (role == BIRTH_DATE and len(columns) != len(_PARTS_OF_A_DATE)):
            continue
        said = [pc.fill_null(pc.utf8_trim_whitespace(_column(table, name)), "") for name in columns]
        whole = said[0]
        for more in said[1:]:
            both = pc.binary_join_element_wise(whole, more, sign)
            whole = pc.if_else(pc.equal(more, ""), whole, pc.if_else(pc.equal(whole, ""), more, both))
        if role == BIRTH_DATE:
            # Of a day without its year, or of a year and a day without a month, nothing is known but the year.
            whole = pc.if_else(pc.equal(said[0], ""), "", pc.if_else(pc.equal(said[1], ""), said[0], whole))
        name = sign.join(columns)
        table = table.append_column(_fresh(name, table), pc.if_else(pc.equal(whole, ""), None, whole))
        roles[role] = (table.column_names[-1],)
    return path, table, replace(mapped, roles=roles)


def _fresh(name: str, table: pa.Table) -> str:
    """A name that no column has."""
    while name in table.column_names:
        name += "+"
    return name


def _at(mapped: FileMap, role: str, i: int) -> str | None:
    columns = mapped.roles.get(role, ())
    return columns[i] if i < len(columns) else None


def _column(table: pa.Table, name: str | None) -> pa.Array:
    if name is None or name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return _joined(table[name].chunks or [pa.array([], pa.string())])


def _joined(parts: Sequence[pa.Array]) -> pa.Array:
    arrays = [p.combine_chunks() if isinstance(p, pa.ChunkedArray) else p for p in parts]
    return pa.concat_arrays(arrays or [pa.array([], pa.string())])


def _source(path: Path, table: pa.Table, mapped: FileMap) -> pa.Array:
    name = mapped.name or path.name.split(".")[0]
    if mapped.source:
        return pc.fill_null(_column(table, mapped.source), name)
    return pa.array([name] * table.num_rows, pa.string())


def _key(path: Path, table: pa.Table, mapped: FileMap) -> pa.Array:
    if mapped.id is None:
        return pa.array([str(i) for i in range(1, table.num_rows + 1)], pa.string())
    key = _column(table, mapped.id)
    if key.null_count:
        raise DeliveryError(
            f"{path.name}: column `{mapped.id}` is the record id and empty in {key.null_count} records"
        )
    return key


def _check_columns(tables: Sequence[tuple[Path, pa.Table, FileMap]]) -> None:
    """Every column that is named must stand in its file; what all files share, in one of them at least."""
    shared = {n for _, table, m in tables if not m.is_own for n in table.column_names}
    for path, table, m in tables:
        here = set(table.column_names)
        named = [("role " + role, c) for role, columns in m.roles.items() for c in columns]
        for what, column in named:
            if column not in (here if m.is_own else shared):
                raise SettingsError(f"{path.name}: no column `{column}` ({what}); {nearest(column, here)}")
        for what, wanted in (("id", m.id), ("source", m.source)):
            if wanted is not None and wanted not in here:
                raise SettingsError(f"{path.name}: no column `{wanted}` ({what}); {nearest(wanted, here)}")


def _check_keys(people: People) -> None:
    distinct = pa.table({"s": people.sources, "k": people.keys}).group_by(["s", "k"]).aggregate([]).num_rows
    if distinct < len(people):
        raise DeliveryError(
            f"{len(people) - distinct} records have a source and id that another record has, too; name a column that is unique "
            "(`id`), or leave `id` out to count records, and give files of one source one id space"
        )
