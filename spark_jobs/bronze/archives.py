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
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from spark_jobs.bronze import zips
from spark_jobs.bronze.bounds import BROKEN, MOST_MEMBER_BYTES, MOST_MEMBERS, PIECE, Bounded, most_bytes
from spark_jobs.bronze.objects import RecordError

# The third byte is the method, of which there is one: two bytes alone may well begin a record.
GZIP = b"\x1f\x8b\x08"
ZIP = b"PK\x03\x04"
_TAR_READERS = ((GZIP, gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
# Letters and digits of any script, so 客户_20260930.csv comes out; no blanks, signs, line breaks or marks of direction.
_PLAIN_NAME = re.compile(r"\w[\w.\-]{0,199}")
# What desktops put into archives for themselves, beside the files that were packed.
_OF_DESKTOPS = (".DS_Store", "Thumbs.db", "desktop.ini")


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
        return b"".join(iter(lambda: stream.read(PIECE), b""))


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
    for packed_as, member in zips.members(path, password) if is_zip else _tar_members(path):
        if member is not None and _is_of_desktops(packed_as):
            continue
        name = _name_of(packed_as)
        if member is None:
            continue
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
            piece = member.read(PIECE)
        except BROKEN as problem:
            raise RecordError("file_unreadable") from problem
        written += len(piece)
        if written > MOST_MEMBER_BYTES:
            raise RecordError("member_size")
        if not piece:
            return
        out.write(piece)


def _tar_members(path: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Members of a tar by name; None for folders."""
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
                            yield _tar_name(member), None
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
        except (*BROKEN, ValueError) as problem:
            raise RecordError("file_unreadable") from problem
        # To the end, where the checksum of the packing stands.
        while stream.read(PIECE):
            pass


def _tar_name(member: tarfile.TarInfo) -> str:
    """Names in GBK are no UTF-8."""
    name = member.name
    try:
        return name.encode("utf-8", "surrogateescape").decode("gb18030") if not name.isprintable() else name
    except UnicodeError:
        return name
