"""Texts that lie sealed on disk and open where they are asked for.

AES-256 in counter mode under a key derived from that of the model's hashes: any place of it opens without what stands before. The counter
begins at a keyed hash of the content, so that the same texts give the same bytes and two different ones never share a counter.
"""

from __future__ import annotations

import hmac

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
_BLOCK = 16
# Opened at once: a multiple of AES's block, small beside a field of a million values.
_CHUNK = 1 << 16


def sealed(content: pa.Buffer, key: str) -> tuple[Bytes, Bytes]:
    """Where the counter begins (16 bytes), and the sealed content."""
    start = hmac.digest(_derived(key, b"counter"), memoryview(content), "sha256")[:_BLOCK]
    found = np.empty(content.size, np.uint8)
    _applied(key, start, 0, np.frombuffer(content, np.uint8), found)
    return np.frombuffer(start, np.uint8), found


class Sealed:
    """Sealed texts, one behind the other; ends: where each ends."""

    def __init__(self, start: Bytes, content: Bytes, ends: Places, key: str) -> None:
        self._start, self._content, self._ends, self._key = start.tobytes(), content, ends, key
        self._open = np.empty(len(content), np.uint8)
        self._is_open = np.zeros(-(-len(content) // _CHUNK), bool)

    def take(self, places: Places) -> pa.Array:
        """The texts at these places."""
        ends = self._ends[places]
        starts = np.where(places > 0, self._ends[np.maximum(places, 1) - 1], 0)
        self._opened(starts // _CHUNK, np.maximum(ends - 1, starts) // _CHUNK)
        offsets = np.concatenate([np.zeros(1, np.int64), self._ends])
        whole = pa.LargeStringArray.from_buffers(
            len(self._ends), pa.py_buffer(offsets), pa.py_buffer(self._open)
        )
        return whole.take(pa.array(places))

    def _opened(self, first: Places, last: Places) -> None:
        wanted = np.zeros(len(self._is_open) + 1, bool)
        for at in range(int((last - first).max(initial=-1)) + 1):
            wanted[np.minimum(first + at, last)] = True
        for chunk in np.flatnonzero(wanted[:-1] & ~self._is_open).tolist():
            part = slice(chunk * _CHUNK, (chunk + 1) * _CHUNK)
            _applied(
                self._key, self._start, chunk * (_CHUNK // _BLOCK), self._content[part], self._open[part]
            )
            self._is_open[chunk] = True


def _applied(key: str, start: bytes, blocks: int, content: Bytes, into: Bytes) -> None:
    counter = (int.from_bytes(start, "big") + blocks) % (1 << (8 * _BLOCK))
    cipher = Cipher(
        algorithms.AES(_derived(key, b"seal")), modes.CTR(counter.to_bytes(_BLOCK, "big"))
    ).encryptor()
    cipher.update_into(content.data, into.data)


def _derived(key: str, purpose: bytes) -> bytes:
    return hmac.digest(key.encode(), b"oxpecker identity store " + purpose, "sha256")
