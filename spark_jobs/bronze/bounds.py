"""How much what strangers packed may become, and what breaks while it is unpacked. No Spark."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from typing import Any

import pyzipper

from spark_jobs.bronze.objects import RecordError

MOST_MEMBER_BYTES = 4 * 1024**3
# Bank extracts pack 5 to 30 to one. What is so small in the whole does no harm at any ratio.
MOST_RATIO = 200
HARMLESS_BYTES = 1024**2
MOST_MEMBERS = 1000
# Headers of archives are small; one that asks for more in one piece is there to fill the memory.
MOST_AT_ONCE = 4 * 1024**2
PIECE = 1024**2
BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    pyzipper.BadZipFile,
)


def most_bytes(packed: int) -> int:
    """What so many packed bytes may become."""
    return max(HARMLESS_BYTES, MOST_RATIO * packed)


class Bounded(io.RawIOBase):
    """A stream that ends the reading beyond so many bytes. Raises `RecordError`: member_size, or file_unreadable for broken packing."""

    def __init__(self, inner: Any, most: int) -> None:
        self._inner, self._most = inner, most

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > MOST_AT_ONCE:
            raise RecordError("member_size")
        try:
            found = self._inner.read(size)
            while 0 < len(found) < size and (more := self._inner.read(size - len(found))):
                found += more
            at = self._inner.tell()
        except BROKEN as problem:
            raise RecordError("file_unreadable") from problem
        if at > self._most:
            raise RecordError("member_size")
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset > self._most:
            raise RecordError("member_size")
        try:
            return self._inner.seek(offset)
        except BROKEN as problem:
            raise RecordError("file_unreadable") from problem

    def tell(self) -> int:
        return self._inner.tell()

    def close(self) -> None:
        self._inner.close()
        super().close()
