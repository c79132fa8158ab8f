"""How alike strangers are called, where a file has nothing but names: told by names put together of two people's parts.

Where no other field says which of two people of one name are one, EM has nothing to tell chance from truth. But names of invented people, the
surname of one and the given name of another, meet real ones by chance only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spark_jobs.identity.engine import names
from spark_jobs.identity.engine.classes import LEVELS, Counted
from spark_jobs.identity.engine.coded import Coded
from spark_jobs.identity.engine.levels import compared, unpacked
from spark_jobs.identity.engine.scale import bands
from spark_jobs.identity.engine.standardise import Field, whole_names

# Surname and given name that go well together are more frequent than parts drawn apart.
_DEPENDENCE = 2.0
_INVENTED = 200_000


def equal_pairs(coded: Coded, count: int) -> npt.NDArray[np.float64]:
    """Pairs of strangers of one name, per band, among all pairs of the file."""
    seen = coded.counts().astype(np.float64)
    expected = np.ones(len(seen))
    for part in zip(*(names.parts(v) for v in coded.values), strict=True):
        place = np.unique(np.array(part, object), return_inverse=True)[1]
        expected *= np.bincount(place, seen)[place] / max(seen.sum(), 1.0)
    pairs = count * (count - 1) / 2
    return np.bincount(bands(coded), _DEPENDENCE * pairs * expected**2, LEVELS).astype(np.float64)


def strangers(coded: Coded, seed: int) -> Counted:
    """Levels of real names beside invented ones of the same script. Masked names are not invented."""
    dice = np.random.default_rng(seed)
    filled = coded.first[coded.first >= 0]
    chinese = np.array([names.has_hanzi(v) for v in coded.values], bool)
    parts = [names.parts(v) for v in coded.values]
    real, given, surname = filled[dice.integers(0, len(filled), (3, _INVENTED))]
    same_script = chinese[given] == chinese[surname]
    real, given, surname = real[same_script], given[same_script], surname[same_script]
    invented = [
        f"{parts[s][1]}{parts[g][0]}" if chinese[s] else f"{parts[g][0]} {parts[s][1]}".strip()
        for g, s in zip(given, surname, strict=True)
    ]
    both = whole_names([pa.array([*coded.values[real], *invented], pa.string())])
    left = np.arange(len(real), dtype=np.int32)
    patterns, pairs = np.unique(
        compared([Field("name", "name", coded=both)], left, left + np.int32(len(real))), return_counts=True
    )
    return Counted(unpacked(patterns, 1), pairs.astype(np.float64), is_of_strangers=True)
