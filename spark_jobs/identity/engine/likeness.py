"""How alike two texts are, pair by pair."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from spark_jobs.identity.engine.coded import Text


def edits(a: Text, b: Text, most: int = 2) -> npt.NDArray[np.int32]:
    """Insertions, deletions, exchanges, and neighbours that changed places; above `most`: most + 1."""
    found: npt.NDArray[np.int32] = process.cpdist(
        a, b, scorer=OSA.distance, score_cutoff=most, dtype=np.int32
    )
    return found


def alike(a: Text, b: Text) -> npt.NDArray[np.float32]:
    """Jaro–Winkler, 0 to 1."""
    found: npt.NDArray[np.float32] = process.cpdist(a, b, scorer=JaroWinkler.similarity, dtype=np.float32)
    return found
