"""Random streams that depend on what they are for, never on what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *purpose: object) -> np.random.Generator:
    """A generator of its own for this purpose, for example (seed, "CORE", "TXN", date). The same on every machine."""
    digest = hashlib.sha256("\x1f".join(map(str, (seed, *purpose))).encode()).digest()
    words = np.frombuffer(digest, dtype=">u4").astype(np.uint32)
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(words.tolist())))
