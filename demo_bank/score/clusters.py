"""Quality of identity: found customers against true persons, both as labels of the same records. No files, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """Precision, recall and their harmonic mean; null where nothing was there to be found or nothing was found."""

    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float | None:
        if not self.precision or not self.recall:
            return 0.0 if self.precision is not None and self.recall is not None else None
        return 2 * self.precision * self.recall / (self.precision + self.recall)


@dataclass(frozen=True)
class Cells:
    """Sizes of true clusters, of found clusters and of what they have in common (cells of the contingency table)."""

    true_of: NDArray[np.int64]
    found_of: NDArray[np.int64]
    sizes: NDArray[np.int64]
    true_sizes: NDArray[np.int64]
    found_sizes: NDArray[np.int64]


def cells(true: Sequence[object], found: Sequence[object]) -> Cells:
    """The contingency table of two labellings of the same records, in the same order."""
    if len(true) != len(found):
        raise ValueError(f"{len(true)} true labels, {len(found)} found ones: they label the same records")
    _, t = np.unique(np.asarray(true), return_inverse=True)
    _, f = np.unique(np.asarray(found), return_inverse=True)
    pairs, sizes = np.unique(np.stack([t, f], axis=1), axis=0, return_counts=True)
    return Cells(pairs[:, 0], pairs[:, 1], sizes, np.bincount(t), np.bincount(f))


def pairwise(table: Cells) -> Share:
    """Pairs of records: precision = found pairs that are true, recall = true pairs that are found."""
    both, wanted, made = (_pairs(n) for n in (table.sizes, table.true_sizes, table.found_sizes))
    return Share(_ratio(both, made), _ratio(both, wanted))


def b_cubed(table: Cells) -> Share:
    """Mean over records of the share of its found (true) cluster that is rightly with it (Bagga and Baldwin 1998)."""
    records = int(table.sizes.sum())
    weight = table.sizes.astype(float) ** 2
    precision = _ratio(float((weight / table.found_sizes[table.found_of]).sum()), records)
    return Share(precision, _ratio(float((weight / table.true_sizes[table.true_of]).sum()), records))


def b_cubed_by(true: Sequence[object], found: Sequence[object], part: Sequence[str]) -> dict[str, Share]:
    """B-cubed of the records of each part, judged against all records: how well the records of one system were put."""
    table = cells(true, found)
    _, t = np.unique(np.asarray(true), return_inverse=True)
    _, f = np.unique(np.asarray(found), return_inverse=True)
    common = {
        (a, b): n
        for a, b, n in zip(table.true_of.tolist(), table.found_of.tolist(), table.sizes.tolist(), strict=True)
    }
    of_record = np.array([common[pair] for pair in zip(t.tolist(), f.tolist(), strict=True)], float)
    names = np.asarray(part)
    return {
        str(name): Share(
            float((of_record / table.found_sizes[f])[names == name].mean()), float((of_record / table.true_sizes[t])[names == name].mean())
        )
        for name in np.unique(names)
    }  # fmt: skip


def exact(table: Cells) -> Share:
    """Clusters found exactly as they are: of the found ones (precision), of the true ones (recall)."""
    same = (table.sizes == table.true_sizes[table.true_of]) & (
        table.sizes == table.found_sizes[table.found_of]
    )
    right = int(same.sum())
    return Share(_ratio(right, len(table.found_sizes)), _ratio(right, len(table.true_sizes)))


def merged(true: Sequence[object], found: Sequence[object]) -> list[object]:
    """Found clusters that hold records of more than one true cluster, in ascending order."""
    labels = np.unique(np.asarray(found))
    table = cells(true, found)
    several = np.bincount(table.found_of, minlength=len(labels)) > 1
    return [label for label, many in zip(labels.tolist(), several, strict=True) if many]


def _pairs(sizes: NDArray[np.int64]) -> int:
    return int((sizes.astype(np.int64) * (sizes.astype(np.int64) - 1) // 2).sum())


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
