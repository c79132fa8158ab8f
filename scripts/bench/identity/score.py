"""How right an answer is: the same measures for every engine, by the code that `oxpecker resolve --truth` uses."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from scripts.bench.identity.sets import Set
from spark_jobs.columns.certificates import RESIDENT, TAIWAN_ID, parse_certificate
from spark_jobs.resolve.truth import measured


class Unfit(Exception):
    """Why an answer cannot be judged."""


def judged(of: Set, answer: Path) -> dict[str, Any]:
    """Closure, exact customers and B-cubed, over the records whose true person is known; a record the answer lacks counts as alone.

    two_ids  found customers in which two people are under two different valid ids; None for a set without certificates
    """
    found, truth = _clusters(answer), of.truth()
    strange = found.keys() - truth.keys()
    if strange:
        raise Unfit(f"{len(strange)} records of the answer are not in the set")
    records = [record for record, person in truth.items() if person]
    clusters = [found.get(record, f"alone {record}") for record in records]
    nobody = np.empty(0, np.int64)
    told = measured(_labels(clusters), _labels([truth[r] for r in records]), (nobody, nobody))
    return {
        "closure": asdict(told["closure"]), "exact": asdict(told["clusters"]), "b_cubed": asdict(told["b-cubed"]),
        "two_ids": None if of.cert is None else false_merges(dict(zip(records, clusters, strict=True)), truth, of.certificates()),
    }  # fmt: skip


def false_merges(
    cluster_of: Mapping[str, str], truth: Mapping[str, str], certificates: Mapping[str, Sequence[str]]
) -> int:
    """Found customers in which two different people are under two different valid ids."""
    ids: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record, cluster in cluster_of.items():
        ids[cluster][truth[record]] |= {v for v in map(valid_id, certificates.get(record, ())) if v}
    return sum(_differ([numbers for numbers in people.values() if numbers]) for people in ids.values())


def _differ(people: Sequence[set[str]]) -> bool:
    return any(len(one | other) > 1 for at, one in enumerate(people) for other in people[:at])


def valid_id(number: str) -> str | None:
    """A resident id, of 18 or 15 signs, or an id of Taiwan whose check is right, in the form in which ids are compared; null else."""
    parsed = parse_certificate(TAIWAN_ID if number[:1].isalpha() else RESIDENT, number)
    return parsed.match_value if parsed.checksum_code == "valid" else None


def _clusters(answer: Path) -> dict[str, str]:
    with answer.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        key = "record_id" if "record_id" in (rows.fieldnames or ()) else "id"
        return {row[key]: row["cluster_id"] for row in rows}


def _labels(values: Sequence[str]) -> Any:
    return np.unique(np.asarray(values), return_inverse=True)[1].astype(np.int64)
