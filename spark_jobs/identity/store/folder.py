"""A store in a folder. A run writes a part aside and then, in one move, the list of parts that count: a run that is cut off leaves what was there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.identity.engine.form import Form
from spark_jobs.identity.store import arrays, fold
from spark_jobs.identity.store.part import Part
from spark_jobs.identity.store.store import Store

LIST, _PART, RETIRED = "state.json", "part.arrow", "retired.parquet"
_VERSION = 1


class NotWhole(Exception):
    """A folder that holds no store, or one of which something is missing; says which."""


@dataclass(frozen=True)
class Listed:
    """What the list says: the folders of the parts, the oldest first, how many records each has, and what all runs have in common (`terms`)."""

    parts: list[str]
    run: int
    kinds: int
    people: int
    likeness: int
    terms: Mapping[str, Any]


def listed(folder: Path) -> Listed | None:
    """What a folder lists; None where there is nothing yet. Errors: NotWhole."""
    path = folder / LIST
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["version"] != _VERSION:
            raise NotWhole(f"{LIST} is of version {told['version']}, this reads version {_VERSION}")
        return Listed(**{name: told[name] for name in Listed.__dataclass_fields__})
    except (ValueError, KeyError, TypeError) as error:
        raise NotWhole(f"{LIST} is no list of a store") from error


def opened(folder: Path, known: Listed, form: Form) -> Store:
    """The store that is listed, mapped. Errors: NotWhole."""
    parts: list[Part] = []
    for name in known.parts:
        try:
            own = arrays.Mapped(folder / name / _PART)
            first = parts[-1].first + len(parts[-1]) if parts else 0
            parts.append(Part(own, first, parts[-1].clusters_to if parts else 0))
            len(parts[-1])
        except (OSError, pa.ArrowException, KeyError) as error:
            raise NotWhole(name) from error
    return Store(parts, form, known.kinds, known.run, known.people, known.likeness)


def write(folder: Path, store: Store, terms: Mapping[str, Any], fold_from: float = fold.FOLD_FROM) -> Store:
    """Keep a run: its part, or all in one where folding is due. What counts no more goes.

    The store as it is kept; one that is kept already stays as it is. The same runs give the same bytes.
    """
    known = listed(folder)
    if known and known.run == store.run:
        return store
    if fold.is_due(store, fold_from):
        store = fold.folded(store)
    name = f"run-{store.run}"
    own = store.parts[-1].arrays
    folder.mkdir(parents=True, exist_ok=True)
    _write_part(folder / name, own)
    parts = [name] if len(store.parts) == 1 or known is None else [*known.parts, name]
    _only(folder, Listed(parts, store.run, store.kinds, store.people, store.likeness, terms))
    return store


def forget(folder: Path, store: Store) -> Store:
    """Make all parts one now, whole or not at all: what records that are no more said is then in no file of the folder.

    The store as it is kept; one that holds nothing but living records stays as it is.
    """
    known = listed(folder)
    if known is None or not fold.is_due(store, share=0):
        return store
    store = fold.folded(store)
    name = f"run-{store.run}-whole"
    _write_part(folder / name, store.parts[0].arrays)
    _only(folder, replace(known, parts=[name]))
    return store


def _only(folder: Path, wanted: Listed) -> None:
    """The list as it counts from now on; parts that it does not name go."""
    _write_list(folder, wanted)
    for other in folder.glob("run-*"):
        if other.name not in wanted.parts:
            shutil.rmtree(other)


def _write_part(folder: Path, own: Mapping[str, Any]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    arrays.write(folder / _PART, own)
    # For others than the product: ids that are no more since this run, and where they lead.
    retired = pa.table({"cluster_id": own["retired"], "now_cluster_id": own["heirs"]})
    pq.write_table(
        retired.cast(pa.schema([(n, pa.string()) for n in retired.column_names])), folder / RETIRED
    )
    _seen_on_disk(folder)


def _write_list(folder: Path, listed: Listed) -> None:
    part = folder / f"{LIST}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump({"version": _VERSION, **vars(listed)}, file, indent=1, default=_plain)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / LIST)
    _seen_on_disk(folder)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into {LIST}")


def _seen_on_disk(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
