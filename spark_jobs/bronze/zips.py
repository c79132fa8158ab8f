"""Zips, also with a password: ZipCrypto and AES. No Spark."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pyzipper

from spark_jobs.bronze.bounds import BROKEN, MOST_MEMBERS, most_bytes
from spark_jobs.bronze.objects import RecordError

# Why a package with a password is not opened: nobody told it, it is another one, or the cipher is none that can be read here.
NO_PASSWORD, WRONG_PASSWORD, CIPHER = "password_missing", "password_wrong", "cipher_unknown"
_IS_ENCRYPTED, _IS_STRONG = 0x1, 0x40
_AES_STRENGTHS = (1, 2, 3)


def members(path: Path, password: bytes | None) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Members of a zip by name; None for folders. Raises `RecordError` as `archives.unpack` says."""
    _bounded_directory(path)
    left = most_bytes(path.stat().st_size)
    try:
        with _opened(path) as archive:
            for member in archive.infolist():
                # zipfile never gives more than this, and checks that it gives no less
                left -= member.file_size
                if left < 0:
                    raise RecordError("member_size")
                if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise RecordError("member_name")
                name = _name_of(member)
                if member.is_dir():
                    yield name, None
                    continue
                is_encrypted = _can_be_opened(member, password)
                try:
                    content = archive.open(member, pwd=password if is_encrypted else None)
                except RuntimeError as problem:
                    raise RecordError(WRONG_PASSWORD if is_encrypted else "file_unreadable") from problem
                with content:
                    yield name, cast("IO[bytes]", _Guessed(content)) if is_encrypted else content
    except RecordError:
        raise
    except (*BROKEN, ValueError, RuntimeError) as problem:
        raise RecordError("file_unreadable") from problem


def _opened(path: Path) -> Any:
    """An archive as Python's own library reads it; one with AES in it as its twin that knows AES does."""
    archive = zipfile.ZipFile(path)
    if not any(member.flag_bits & _IS_ENCRYPTED for member in archive.infolist()):
        return archive
    archive.close()
    return pyzipper.AESZipFile(path)


def _can_be_opened(member: Any, password: bytes | None) -> bool:
    """Whether a member is encrypted, in a way that can be read. Raises `RecordError` where it cannot be."""
    if not member.flag_bits & _IS_ENCRYPTED:
        return False
    if member.flag_bits & _IS_STRONG or member.wz_aes_strength not in (None, *_AES_STRENGTHS):
        raise RecordError(CIPHER)
    if password is None:
        raise RecordError(NO_PASSWORD)
    return True


class _Guessed(io.RawIOBase):
    """A member that was opened by password. One wrong password in 256 opens it, and what comes out is then no such file."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def read(self, size: int = -1) -> bytes:
        try:
            return self._inner.read(size)
        except BROKEN as problem:
            raise RecordError(WRONG_PASSWORD) from problem


def _bounded_directory(path: Path) -> None:
    """A directory of so many bytes would fill the memory before the first member is looked at."""
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - 65_557))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise RecordError("file_unreadable")
    (directory,) = struct.unpack_from("<I", tail, at + 12)
    if directory > MOST_MEMBERS * 1024:
        raise RecordError("member_size")


def check_inflation(stream: IO[bytes], packed: int, most: int) -> None:
    """Whether a file that is a zip inside (a workbook) stays within `most` bytes. Raises `RecordError`."""
    try:
        with zipfile.ZipFile(stream) as archive:
            sizes = [member.file_size for member in archive.infolist()]
    except (*BROKEN, ValueError, NotImplementedError) as problem:
        raise RecordError("file_unreadable") from problem
    if len(sizes) > MOST_MEMBERS or sum(sizes) > min(most, most_bytes(packed)):
        raise RecordError("member_size")


def _name_of(member: Any) -> str:
    """Packers of Chinese systems write names in GBK and do not say so; the format's own default is cp437."""
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
