"""The levels of every kind of field, strongest first, and how wide a pattern holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.coded import Coded

Levels = npt.NDArray[np.uint8]
Rows = npt.NDArray[Any]
# Equal values by how many records have them: bands of equal width on the logarithm. Near levels start behind them.
BANDS = 6
NEAR = BANDS + 1
_EQUAL = tuple(f"equal, {band} of {BANDS} from rare to common" for band in range(1, BANDS + 1))
LABELS: dict[str, tuple[str, ...]] = {
    "part": ("missing", *_EQUAL, "one edit", "one begins the other", "alike", "given name and surname crossed", "a little alike", "else", "two names in use", "another second name"),
    "name": ("missing", *_EQUAL, "same reading", "same loose reading", "one edit", "cut or alike", "masked in part", "masked", "a word or two characters", "same surname", "else"),
    "date": ("missing", *_EQUAL, "day and month crossed", "one digit", "two of three parts", "a part unknown", "same year", "else"),
    "number": ("missing", *_EQUAL, "one edit", "two edits", "masked, fits", "else", "both valid, not one"),
    "phone": ("missing", *_EQUAL, "masked, fits", "one digit", "else"),
    "email": ("missing", *_EQUAL, "name equal", "one edit", "alike", "else"),
    "text": ("missing", *_EQUAL, "one edit", "alike", "a little alike or one in the other", "else"),
    "code": ("missing", *_EQUAL, "one edit", "else"),
}  # fmt: skip
WIDTH = 4


def bands(coded: Coded) -> npt.NDArray[np.uint8]:
    """Level of two equal values, per distinct value: 1 rare … BANDS common, by equal steps of the logarithm of how many records have it.

    Where values were told how frequent they are (form.py), that; not how many records have them here.
    """
    if "band" in coded.facts:
        return coded.facts["band"].copy()
    counts = np.maximum(coded.counts(), 2)
    low, high = np.log(2.0), np.log(max(int(counts.max(initial=2)), 2))
    steps = np.zeros(len(counts)) if high - low < 1 else (np.log(counts) - low) / (high - low) * BANDS
    return (1 + np.clip(steps.astype(np.int64), 0, BANDS - 1)).astype(np.uint8)
