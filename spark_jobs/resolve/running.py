"""A run of `oxpecker resolve`: files in, clusters out, figures on the screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from rich.table import Table

from spark_jobs.console import out as screen
from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine.coded import OPEN_KEY
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import Resolution, accepted_pairs, bar, in_order, resolve
from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.store import Store
from spark_jobs.resolve import going_on, mapping, models, reading, states
from spark_jobs.resolve.asked import Asked
from spark_jobs.resolve.proposal import is_untouched, propose
from spark_jobs.resolve.truth import Measure, measured


def run(files: Sequence[Path], map_file: Path | None, out: Path, asked: Asked) -> None:
    """Resolve files and write the clusters. map_file: None: by a map that is proposed, kept beside `out` and, where nothing is open, used."""
    asked.check(files, map_file)
    _check_target(out)
    if asked.state and not (files or asked.gone):
        _write(going_on.all_of(asked.state, asked), out)
        return
    threshold, truth = asked.threshold, asked.truth
    mapped = mapping.load(map_file or _proposed(files, out, truth))
    people = reading.read_people(files, mapped, truth)
    if asked.state:
        _run_on(
            asked.state, people, out, asked, going_on.gone_of(asked.gone, mapped) if asked.changes else None
        )
        return
    model = models.read(asked.model, asked.secret) if asked.model else None
    if model:
        _print_unknown(people, model)
    key = models.key(asked.save_model, asked.secret, is_new=True) if asked.save_model else OPEN_KEY
    result = resolve(people, threshold, model, key)
    if asked.save_model:
        models.write(asked.save_model, result.frozen())
    _write(result.clusters, out)
    _print_counts(result, out)
    measures = judged(people, result, threshold) if truth else {}
    if measures:
        _print_measures(measures)
    if asked.report is not None:
        _report(asked.report, people, result, threshold, measures)


def _proposed(files: Sequence[Path], out: Path, truth: str | None) -> Path:
    """A map that nothing is open in, shown and kept beside `out`.

    Errors: SettingsError where something is open (the map is kept nevertheless), or where a map of one's own is there.
    """
    made, path = propose(files, truth), out.with_name(f"{out.stem}.map.yml")
    text = made.text()
    if path.is_file() and not is_untouched(path.read_text(encoding="utf-8")):
        raise SettingsError(
            f"{path}: is there, and no proposal or one that was edited; give it by --map, or remove it"
        )
    path.write_text(text, encoding="utf-8")
    screen.print(text, end="", highlight=False, markup=False, soft_wrap=True)
    if not made.is_sure:
        command = " ".join(
            [
                "oxpecker resolve",
                *map(str, files),
                f"--map {path} --out {out}",
                *([f"--truth {truth}"] if truth else []),
            ]
        )
        raise SettingsError(
            f"the map is not sure ({len(made.questions)} open, see above); it is kept as {path}. Mend it, then: {command}"
        )
    screen.print(f"map kept as {path}", highlight=False, soft_wrap=True)
    return path


def _report(
    folder: Path, people: People, result: Resolution, threshold: float, measures: dict[str, Measure]
) -> None:
    from spark_jobs.resolve.report import write

    screen.print(f"report {write(folder, people, result, threshold, measures)}", soft_wrap=True)


def _run_on(folder: Path, people: People, out: Path, asked: Asked, gone: going_on.Gone | None) -> None:
    """A run that goes on from the one before, or begins a state. CPU seconds that do not depend on what changed are told apart."""
    at_start = process_time()
    before = states.read(folder, asked.secret, asked.model)
    if before:
        _print_unknown(people, before.model)
        ran = going_on.next_(folder, before, people, asked, gone)
    elif gone is None:
        ran = going_on.first(folder, people, asked)
        _print_unknown(people, ran.model)
    else:
        raise SettingsError(f"--changes: nothing is kept in {folder.name} yet; begin with all records")
    # Before the run counts: one that is cut off in between is made again, and tells the same.
    _write(ran.table, out)
    going_on.kept(folder, before, people, asked, ran)
    screen.print(going_on.told_of(ran, out, at_start), highlight=False, soft_wrap=True)
    measures = {}
    if asked.truth:
        measures = _judged(people, in_order(people), *_of_store(ran.store, asked.threshold))
        _print_measures(measures)
    if asked.report is not None:
        # The page is about all pairs, of which a state keeps but those that count: they are judged again, by its model.
        whole = ran.learned or resolve(people, asked.threshold, ran.model)
        _report(asked.report, people, whole, asked.threshold, measures)


def _of_store(store: Store, threshold: float) -> tuple[Places, tuple[Places, Places]]:
    """Cluster of each record in the order of source and id, and places of the pairs that the model accepts."""
    slots = store.in_order(np.flatnonzero(store.alive))
    place = np.full(store.slots, -1, np.int64)
    place[slots] = np.arange(len(slots))
    found = store.ties(np.flatnonzero(store.alive))
    found = found.where((found.kinds == 0) & (found.log_odds >= bar(threshold)))
    return store.clusters_of(slots)[0], (place[found.left], place[found.right])


def _check_target(out: Path) -> None:
    """Before the work, not behind it. Errors: SettingsError where clusters could not be written."""
    if out.is_dir():
        raise SettingsError(
            f"--out: {out} is a folder; name a file in it, such as {out / 'clusters.parquet'}"
        )
    if out.suffix.lower() not in (".parquet", ".pq", ".csv"):
        raise SettingsError(f"--out: {out.name} ends neither with .parquet nor with .csv")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--out: the folder {out.parent} cannot be made: {error.strerror}") from error
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise SettingsError(f"--out: {out} cannot be written; name a file in a folder of your own")


def _write(clusters: pa.Table, out: Path) -> None:
    if out.suffix.lower() == ".csv":
        pa_csv.write_csv(clusters, out)
    else:
        pq.write_table(clusters, out, compression="zstd")


def judged(people: People, result: Resolution, threshold: float) -> dict[str, Measure]:
    """Measures against `people.truth`; records whose true person is not known are left out."""
    return _judged(people, result.order, result.labels, accepted_pairs(result, threshold))


def _judged(
    people: People, order: Places, labels: Places, accepted: tuple[Places, Places]
) -> dict[str, Measure]:
    if people.truth is None or not len(people):
        return {}
    known = people.truth.take(pa.array(order))
    true = known.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    told = np.flatnonzero(true >= 0)
    if not len(told):
        raise SettingsError("--truth: the column is empty in every record")
    place = np.full(len(true), -1)
    place[told] = np.arange(len(told))
    left, right = accepted
    both = (true[left] >= 0) & (true[right] >= 0)
    return measured(labels[told], true[told], (place[left[both]], place[right[both]]))


def _print_unknown(people: People, model: Frozen) -> None:
    filled = [role for role, columns in people.columns.items() if any(c.null_count < len(c) for c in columns)]
    if unknown := model.form.unknown(filled):
        screen.print(
            f"not compared, the model was learned without: {', '.join(unknown)}",
            highlight=False,
            soft_wrap=True,
        )


def _print_counts(result: Resolution, out: Path) -> None:
    records = result.clusters.num_rows
    clusters = pc.count_distinct(result.clusters["cluster_id"]).as_py()
    screen.print(
        f"{records:,} records → {clusters:,} people; {len(result.found.left):,} pairs compared on "
        f"{len(result.fields)} fields by {len(result.rules)} rules → {out}",
        highlight=False,
        soft_wrap=True,
    )
    if result.contradicted:
        screen.print(
            f"{result.contradicted:,} pairs share a valid certificate, but neither name nor birth date: kept apart, look at them",
            highlight=False,
        )


def _print_measures(measures: dict[str, Measure]) -> None:
    table = Table("against truth", "precision", "recall", "F1", "F1, 95 % interval")
    for name, m in measures.items():
        table.add_row(
            name, f"{m.precision:.4f}", f"{m.recall:.4f}", f"{m.f1:.4f}", f"{m.low:.4f} – {m.high:.4f}"
        )
    screen.print(table)
