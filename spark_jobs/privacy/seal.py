"""Seals bytes that carry personal values, for files of the product's own: what a steward corrected is an input, and lies on a disk.

AES-SIV under a key derived from the lake's: the same content sealed twice is the same text, so that nothing random is stored, and a text
that was changed, or moved to another place, does not open.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from spark_jobs.errors import DeliveryError


class Seal:
    """Seals and opens under the key in this file."""

    def __init__(self, key_file: Path) -> None:
        derived = hmac.digest(key_file.read_bytes(), b"oxpecker steward seal", "sha512")
        self._cipher = AESSIV(derived)

    def close(self, content: bytes, place: str) -> str:
        """The content as text that only this key opens, and only for the same place."""
        return base64.b64encode(self._cipher.encrypt(content, [place.encode()])).decode("ascii")

    def open(self, text: str, place: str) -> bytes:
        """The content. Raises `DeliveryError` where the text was changed, belongs to another place, or to a lake with another key."""
        try:
            return self._cipher.decrypt(base64.b64decode(text, validate=True), [place.encode()])
        except (InvalidTag, binascii.Error, ValueError):
            raise DeliveryError(
                f"what was sealed for {place} does not open with this lake's key; it was changed, or the key was"
            ) from None
