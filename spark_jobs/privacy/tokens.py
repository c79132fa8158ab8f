"""Keyed tokens: what stands for a person's number outside the sealed tables.

A token is the first 130 bits of HMAC-SHA-256(key, kind ‖ 0x1F ‖ part ‖ 0x1F ‖ part …) in lower-case base32: 26 characters.
`kind` is a namespace, so that the same number as a phone and as an account gives different tokens. There is one key file per
purpose (lake, crm, analyst) under `<home>/keys`, mode 0600; workers read it by path, so a key never stands in a plan or a log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import cache
from pathlib import Path

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.errors import SettingsError
from spark_jobs.settings import Settings

PURPOSES = ("lake", "crm", "analyst")
_SEPARATOR = "\x1f"


def key_file(settings: Settings, purpose: str) -> Path:
    """Path of the key, made from the demo seed where the profile allows it; any other profile must bring its own."""
    path = settings.keys / f"{purpose}.key"
    if path.is_file():
        return path
    if settings.demo_seed is None:
        raise SettingsError(
            f"profile `{settings.profile}` has no key for `{purpose}`; put 32 random bytes into {path.name} under "
            "the key folder of its home, mode 0600"
        )
    settings.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    derived = hashlib.sha256(f"oxpecker demo {settings.demo_seed} {purpose}".encode()).digest()
    written = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(derived)
    os.replace(written, path)
    (settings.home / "DEMO").touch()
    return path


@cache
def _key(path: str) -> bytes:
    return Path(path).read_bytes()


def _digest(key: bytes, text: str) -> str:
    mac = hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(mac)[:26].decode("ascii").lower()


class Tokeniser:
    """Makes tokens of one purpose, in plain Python and as Spark columns, the same way."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def value(self, kind: str, *parts: object) -> str:
        """Token of these parts. A null part is not allowed: tokens of nothing would link strangers."""
        if any(part is None for part in parts):
            raise ValueError(f"a token of kind {kind} needs all its parts")
        return _digest(_key(self._path), _SEPARATOR.join([kind, *map(str, parts)]))

    def column(self, kind: str, *parts: Column) -> Column:
        """The same as a column; null where any part is null."""
        path = self._path

        # Not the kind that gets an iterator: Spark runs each of those in a Python process of its own, those of a row together.
        @F.pandas_udf("string")  # type: ignore[call-overload,untyped-decorator]
        def tokens(texts: pd.Series) -> pd.Series:
            key = _key(path)
            return texts.map(lambda text: _digest(key, text), na_action="ignore")

        text = F.lit(kind)
        for part in parts:
            text = F.concat(text, F.lit(_SEPARATOR), part.cast("string"))
        column: Column = tokens(text)
        return column


def tokeniser(settings: Settings, purpose: str = "lake") -> Tokeniser:
    """The tokens of one purpose for this lake."""
    if purpose not in PURPOSES:
        raise SettingsError(f"no tokens for the purpose `{purpose}`; known are {', '.join(PURPOSES)}")
    return Tokeniser(key_file(settings, purpose))
