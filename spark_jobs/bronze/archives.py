"""Archives as strangers pack them: unpacked by counted bytes, never by what a header promises. No Spark.

A package may be tar (plain, gzip, bzip2, xz) or zip, also one with a password; a file may be gzip. Nothing but plain members with plain names comes out, folders they
were packed in are left away, and nothing is written outside of the folder given.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pyzipper

from spark_jobs.bronze.objects import RecordError

# The third byte is the method, of which there is one: two bytes alone may well begin a record.
GZIP = b"\x1f\x8b\x08"
ZIP = b"PK\x03\x04"
_TAR_READERS = ((GZIP, gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
MOST_MEMBER_BYTES = 4 * 1024**3
# Bank extracts pack 5 to 30 to one. What is so small in the whole does no harm at any ratio.
MOST_RATIO = 200
HARMLESS_BYTES = 1024**2
MOST_MEMBERS = 1000
# Headers of archives are small; one that asks for more in one piece is there to fill the memory.
MOST_AT_ONCE = 4 * 1024**2
_PIECE = 1024**2
_BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    pyzipper.BadZipFile,
)
# Why a package with a password is not opened: nobody told it, it is another one, or the cipher is none that can be read here.
NO_PASSWORD, WRONG_PASSWORD, CIPHER = "password_missing", "password_wrong", "cipher_unknown"
_IS_ENCRYPTED, _IS_STRONG = 0x1, 0x40
_AES_STRENGTHS = (1, 2, 3)
# Letters and digits of any script, so 客户_20260930.csv comes out; no blanks, signs, line breaks or marks of direction.
_PLAIN_NAME = re.compile(r"\w[\w.\-]{0,199}")
# What desktops put into archives for themselves, beside the files that were packed.
_OF_DESKTOPS = (".DS_Store", "Thumbs.db", "desktop.ini")


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
        except _BROKEN as problem:
            raise RecordError("file_unreadable") from problem
        if at > self._most:
            raise RecordError("member_size")
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset > self._most:
            raise RecordError("member_size")
        try:
            return self._inner.seek(offset)
        except _BROKEN as problem:
            raise RecordError("file_unreadable") from problem

    def tell(self) -> int:
        return self._inner.tell()

    def close(self) -> None:
        self._inner.close()
        super().close()


def opened(content: bytes | Path) -> IO[bytes]:
    """A file as a stream, what gzip holds unpacked while reading. Places of records count in the unpacked bytes."""
    stream: IO[bytes] = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    if stream.read(len(GZIP)) != GZIP:
        stream.seek(0)
        return stream
    packed = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return Bounded(gzip.GzipFile(fileobj=stream), most_bytes(packed))  # type: ignore[return-value]


def inflated(content: bytes) -> bytes:
    """The bytes a gzip file holds, others as they are. Raises `RecordError`."""
    if not content.startswith(GZIP):
        return content
    with opened(content) as stream:
        return b"".join(iter(lambda: stream.read(_PIECE), b""))


def unpack(path: Path, target: Path, password: bytes | None = None) -> dict[str, Path]:
    """Members of a package by name, unpacked below `target`. password: of a zip in which members are encrypted; others need none.

    A member bears its own name, whatever folder it was packed in; two that then bear one name are refused. Notes of desktops (`__MACOSX`) stay inside.
    Raises `RecordError`: member_name (links, devices, paths from the root or upwards, names of other than letters, digits, `.`, `-` and `_`, a
    name twice), member_size (more bytes or members than a bank's package has), password_missing, password_wrong, cipher_unknown (none of
    ZipCrypto and AES), file_unreadable.
    """
    found: dict[str, Path] = {}
    with path.open("rb") as stream:
        is_zip = stream.read(len(ZIP)) == ZIP
    for packed_as, member in _zip_members(path, password) if is_zip else _tar_members(path):
        name = _name_of(packed_as)
        if name in found:
            raise RecordError("member_name")
        if len(found) == MOST_MEMBERS:
            raise RecordError("member_size")
        target.mkdir(parents=True, exist_ok=True)
        with (target / name).open("wb") as out:
            _copy(member, out)
        found[name] = target / name
    return found


def _name_of(packed_as: str) -> str:
    """A member's own name, without the folders it was packed in. Raises `RecordError` for other than plain ones."""
    parts = packed_as.removeprefix("./").removesuffix("/").split("/")
    if any(not _PLAIN_NAME.fullmatch(part) or len(part.encode()) > 200 for part in parts):
        raise RecordError("member_name")
    return parts[-1]


def _is_of_desktops(packed_as: str) -> bool:
    parts = packed_as.split("/")
    is_plain = not {"", ".."} & {*parts}
    return is_plain and ("__MACOSX" in parts or parts[-1] in _OF_DESKTOPS or parts[-1].startswith("._"))


def _copy(member: IO[bytes], out: IO[bytes]) -> None:
    written = 0
    while True:
        try:
            piece = member.read(_PIECE)
        except _BROKEN as problem:
            raise RecordError("file_unreadable") from problem
        written += len(piece)
        if written > MOST_MEMBER_BYTES:
            raise RecordError("member_size")
        if not piece:
            return
        out.write(piece)


def _tar_members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with path.open("rb") as raw:
        magic = raw.read(8)
    opener = next((reader for mark, reader in _TAR_READERS if magic.startswith(mark)), None)
    inner: Any = opener(path, "rb") if opener else path.open("rb")
    most = most_bytes(path.stat().st_size)
    with Bounded(inner, most) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
                for member in archive:
                    if member.isdir():
                        if member.name != ".":  # of `tar -C folder .`
                            _name_of(_tar_name(member))
                        continue
                    if member.isreg() and _is_of_desktops(member.name):
                        continue
                    if member.size > min(most, MOST_MEMBER_BYTES):
                        raise RecordError("member_size")
                    content = archive.extractfile(member) if member.isreg() and not member.sparse else None
                    if content is None:
                        raise RecordError("member_name")
                    yield _tar_name(member), content
                stream.seek(archive.offset)
        except RecordError:
            raise
        except (*_BROKEN, ValueError) as problem:
            raise RecordError("file_unreadable") from problem
        # To the end, where the checksum of the packing stands.
        while stream.read(_PIECE):
            pass


def _tar_name(member: tarfile.TarInfo) -> str:
    """Names in GBK are no UTF-8."""
    name = member.name
    try:
        return name.encode("utf-8", "surrogateescape").decode("gb18030") if not name.isprintable() else name
    except UnicodeError:
        return name


def _zip_members(path: Path, password: bytes | None) -> Iterator[tuple[str, IO[bytes]]]:
    _bounded_directory(path)
    left = most_bytes(path.stat().st_size)
    try:
        with _zip_archive(path) as archive:
            for member in archive.infolist():
                # zipfile never gives more than this, and checks that it gives no less
                left -= member.file_size
                if left < 0:
                    raise RecordError("member_size")
                if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise RecordError("member_name")
                name = _zip_name(member)
                if member.is_dir():
                    _name_of(name)
                    continue
                if _is_of_desktops(name):
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
    except (*_BROKEN, ValueError, RuntimeError) as problem:
        raise RecordError("file_unreadable") from problem


def _zip_archive(path: Path) -> Any:
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
        except _BROKEN as problem:
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
    except (*_BROKEN, ValueError, NotImplementedError) as problem:
        raise RecordError("file_unreadable") from problem
    if len(sizes) > MOST_MEMBERS or sum(sizes) > min(most, most_bytes(packed)):
        raise RecordError("member_size")


def _zip_name(member: Any) -> str:
    """Packers of Chinese systems write names in GBK and do not say so; the format's own default is cp437."""
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
