"""Runs of `oxpecker resolve --state DIR`: each goes on from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa

from spark_jobs.console import out as screen
from spark_jobs.errors import DeliveryError, GateFailed, SettingsError
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import Resolution, resolve
from spark_jobs.identity.store import export
from spark_jobs.identity.store import folder as stores
from spark_jobs.identity.store.audit import audited
from spark_jobs.identity.store.changes import Changed, compared, told
from spark_jobs.identity.store.day import Change, brought_up_to
from spark_jobs.identity.store.first import begun
from spark_jobs.identity.store.store import Store
from spark_jobs.identity.watch import share_moved
from spark_jobs.resolve import mapping, models, reading, states
from spark_jobs.resolve.asked import Asked

# Fewer pairs of one person tell nothing, and by how much they may move from one run to the next: a quarter.
LEAST_PAIRS, MOST_MOVED = 1000, float(np.log2(1.25))
Gone = tuple[pa.Array, pa.Array]


@dataclass(frozen=True)
class Ran:
    """What came of a run. table: clusters as they are to be written; learned: the run over all records, where there was one."""

    model: Frozen
    store: Store
    change: Change
    table: pa.Table
    learned: Resolution | None = None


def first(folder: Path, people: People, asked: Asked) -> Ran:
    """A run over all records, which begins a state."""
    if asked.model:
        model = _told_model(folder, asked.model, asked.secret)
        result = resolve(people, asked.threshold, model)
    else:
        result = resolve(
            people, asked.threshold, key=models.key(folder / states.MODEL, asked.secret, is_new=True)
        )
        model = result.frozen()
    store, change = begun(people, result, model)
    return Ran(model, store, change, export.clusters(store), result)


def _told_model(folder: Path, path: Path, secret: Path | None) -> Frozen:
    """The model that a state begins with, as it is told."""
    model = models.read(path, secret)
    if secret is None:
        models.take_along(path, folder / states.MODEL)
    return model


def next_(folder: Path, state: states.State, people: People, asked: Asked, gone: Gone | None) -> Ran:
    """A run over what changed. gone: names of records that are no more, where `people` are those that changed; None where they are all."""
    states.check(folder, state.terms, states.Terms.of(people, asked.threshold))
    changed = _changed(states.in_shape(people, state.terms), gone, state.store)
    store, change = brought_up_to(state.store, changed, state.model, asked.threshold)
    if gone is None:
        table = export.clusters(store)
    elif changed.is_nothing:
        table = export.nothing_moved(store)
    else:
        table = export.moved(state.store, store, changed.gone)
    return Ran(state.model, store, change, table)


def _changed(people: People, gone: Gone | None, store: Store) -> Changed:
    if gone is None:
        return compared(people, store)
    try:
        return told(people, gone, store)
    except ValueError as error:
        raise DeliveryError(f"--changes: {error}") from error


def gone_of(paths: Sequence[Path], mapped: mapping.Map) -> Gone:
    """Sources and ids of the records that these files name."""
    names = [reading.read_names(path, mapped) for path in paths]
    none = pa.array([], pa.string())
    return (
        pa.concat_arrays([none, *(sources for sources, _ in names)]),
        pa.concat_arrays([none, *(keys for _, keys in names)]),
    )


def all_of(folder: Path, asked: Asked) -> pa.Table:
    """The clusters of all records of a state. Errors: SettingsError where there is none, GateFailed where an audit finds that they differ."""
    state = states.read(folder, asked.secret)
    if state is None:
        raise SettingsError(f"--state {folder.name}: nothing is kept there yet; give files to begin with")
    if asked.audit:
        _audit(folder, state)
    if asked.forget:
        stores.forget(folder, state.store)
    return export.clusters(state.store)


def _audit(folder: Path, state: states.State) -> None:
    found = audited(state.store, state.model, state.terms.threshold)
    if not found.is_equal:
        raise GateFailed(
            f"--state {folder.name}: of {found.records:,} records, judged anew, {found.elsewhere:,} belong to others than those they are kept with and "
            f"{found.surer:,} have another confidence; begin with another folder, and tell who keeps the product"
        )
    screen.print(
        f"{found.records:,} records judged anew: all with those they are kept with, and as sure",
        highlight=False,
        soft_wrap=True,
    )


def kept(folder: Path, before: states.State | None, people: People, asked: Asked, ran: Ran) -> None:
    """Keep the run, and say where it differs from the one before."""
    if before is None:
        states.write(folder, states.Terms.of(people, asked.threshold), ran.model, ran.store)
        return
    store = before.store
    if ran.store is not store:
        store = states.write(folder, before.terms, ran.model, ran.store)
    if asked.forget:
        stores.forget(folder, store)
    if warning := moved(
        (before.store.likeness, len(before.store)), (ran.store.likeness, len(ran.store))
    ):  # fmt: skip
        screen.print(warning, highlight=False, soft_wrap=True)


def moved(before: tuple[int, int], now: tuple[int, int]) -> str | None:
    """A warning where the pairs of one person per record are by a quarter more or fewer than in the run before; None where they are not.

    before, now  pairs of one person, in millionths, and records
    Beyond chance, and where there are a thousand in both; as the daily gate no_delivery_changes_what_pairs_look_like (identity/watch.py).
    """
    (pairs, records), (known, were) = (now[0] / 1e6, now[1]), (before[0] / 1e6, before[1])
    scale = records / max(were, 1)
    if share_moved((pairs, records), (known, were), scale, LEAST_PAIRS) <= MOST_MOVED:
        return None
    return (
        f"pairs of one person per 1,000 records: {1000 * pairs / max(records, 1):.1f} where the run before had {1000 * known / were:.1f}; "
        "look at what is new in the files before this is used"
    )


def told_of(ran: Ran, out: Path, at_start: float) -> str:
    """What the run had to do, in a line. at_start: CPU seconds when the files were read."""
    change = ran.change
    return (
        f"{len(ran.store):,} records → {ran.store.people:,} people; {change.added:,} new, {change.changed:,} changed, {change.gone:,} gone: "
        f"{change.pairs:,} pairs scored, {change.components:,} components touched, {change.clusters:,} people have other records → {out}; "
        f"CPU {at_start:.1f} s to start and read the files, {process_time() - at_start:.1f} s for the rest"
    )
