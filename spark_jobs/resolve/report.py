"""The page of a run: what was compared, what was learned, how sure it is. Counts and weights only, no person's value."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined

from spark_jobs.identity.engine.classes import CHANCE, HOUSEHOLD, SAME
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import Resolution
from spark_jobs.identity.engine.scale import LABELS
from spark_jobs.resolve.truth import Measure

_BINS = (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 1.0)
_environment = Environment(
    loader=PackageLoader("spark_jobs.resolve"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip
_environment.filters["n"] = lambda value: f"{value:,.0f}"


@dataclass(frozen=True)
class Bin:
    """Candidate pairs whose probability lies in a range: how many, the mean told, and the share that is true (None: not known)."""

    low: float
    high: float
    pairs: int
    told: float
    true: float | None


def write(
    folder: Path, people: People, result: Resolution, threshold: float, measures: Mapping[str, Measure]
) -> Path:
    """Write `index.html` into the folder, which is made, and give its path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_text(
        _environment.get_template("resolve.html.j2").render(content(people, result, threshold, measures)),
        encoding="utf-8",
    )
    return page


def content(
    people: People, result: Resolution, threshold: float, measures: Mapping[str, Measure]
) -> dict[str, Any]:
    """Everything the page shows."""
    sizes = np.bincount(result.labels) if len(result.labels) else np.zeros(0, int)
    sizes = sizes[sizes > 0]
    model = result.scored.model
    return {
        "records": result.clusters.num_rows,
        "sources": pc.value_counts(result.clusters["source"]).to_pylist(),
        "people": len(sizes),
        "sizes": [(int(n), int(c)) for n, c in zip(*np.unique(sizes, return_counts=True), strict=True)],
        "threshold": threshold,
        "result": result,
        "refined": result.refined,
        "classes": _classes(result),
        "rules": _rules(result),
        "fields": [_field(result, f) for f in range(len(result.fields))],
        "rounds": model.rounds,
        "measures": measures,
        "bins": calibration(people, result),
    }


def _classes(result: Resolution) -> list[tuple[str, float]]:
    model = result.scored.model
    chance = [" + ".join(model.names[f] for f in fields) for fields in model.by_rule]
    named = ["one person", "one household", "strangers (all pairs of the file)"]
    shown = [*named, *(f"met by chance through {c}" for c in chance), *(["twins"] if model.twins else [])]
    return [(n, float(s)) for n, s in zip(shown, model.sizes, strict=True) if s >= 0.5]


def _rules(result: Resolution) -> list[tuple[str, int, tuple[int, int, int] | None]]:
    fired = [int(((result.found.rules >> k) & 1).sum()) for k in range(len(result.rules))]
    return [(n, c, result.found.disarmed.get(n)) for n, c in zip(result.rules, fired, strict=True)]


def _field(result: Resolution, f: int) -> dict[str, Any]:
    field, model = result.fields[f], result.scored.model
    coded = field.coded
    rows = [
        (label, *(float(np.exp(model.log[c, f, i])) for c in (SAME, HOUSEHOLD, CHANCE)), float((model.log[SAME, f, i] - model.log[CHANCE, f, i]) / np.log(2)))
        for i, label in enumerate(LABELS[field.kind])
        if i
    ]  # fmt: skip
    filled = float((coded.codes >= 0).any(axis=1).mean()) if len(coded.codes) else 0.0
    return {
        "name": field.name,
        "kind": field.kind,
        "distinct": len(coded.values),
        "filled": filled,
        "levels": rows,
    }


def calibration(people: People, result: Resolution) -> list[Bin]:
    """Candidate pairs by the probability told; with truth the share of them that is of one person."""
    told = 1 / (1 + np.exp(-np.clip(result.log_odds, -30, 30)))
    same = None
    if people.truth is not None:
        known = people.truth.take(pa.array(result.order)).dictionary_encode().indices
        true = known.fill_null(-1).to_numpy(zero_copy_only=False)
        left, right = true[result.found.left], true[result.found.right]
        same = np.where((left >= 0) & (right >= 0), (left == right).astype(float), np.nan)
    bins = []
    for low, high in itertools.pairwise(_BINS):
        inside = (told >= low) & ((told < high) | (high == 1.0))
        if not inside.any():
            continue
        share = None
        if same is not None and not np.isnan(same[inside]).all():
            share = float(np.nanmean(same[inside]))
        bins.append(Bin(low, high, int(inside.sum()), float(told[inside].mean()), share))
    return bins
