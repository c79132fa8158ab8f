"""Sample files as a supplier sends them: opened, taken out of packages, and put together by the feed that their names tell.

Nothing is unpacked to a place that a member's name chooses; what cannot be read at all is refused with what to ask the supplier for.
"""

from __future__ import annotations

import bz2
import lzma
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from spark_jobs.bronze import zips
from spark_jobs.bronze.archives import ZIP, opened
from spark_jobs.bronze.discovery import Package, unpack
from spark_jobs.bronze.objects import RecordError
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.names import Template, template_of

# More of a file is not needed to know its shape; keys are looked for in so much of it, and the draft says so.
MOST_BYTES = 32 * 1024**2
# What counts a data file and lies beside it.
CONTROL_ENDINGS = (".ctl", ".cnt", ".chk", ".flg", ".end")
MOST_CONTROL_BYTES = 4096
_USUAL_PACKAGE = re.compile(r"(?P<system>[A-Z]+)_\d{2}_\d{8}(\d{2})?\.(tar\.gz|tgz|zip)")
_PACKAGE = re.compile(r"(?i).*\.(tar(\.gz|\.bz2|\.xz)?|tgz|zip)")
_PIECE = 1024**2
_NEVER = datetime(1970, 1, 1)
_NOT_OPENED = {bz2: b"BZh", lzma: b"\xfd7zXZ\x00"}


@dataclass(frozen=True)
class Sample:
    """One data file. `content` is without gzip; `tail` its end where only the beginning was taken."""

    name: str
    content: bytes
    day: date | None
    is_whole: bool = True
    control: bytes | None = None
    control_name: str | None = None


@dataclass
class Feed:
    """Samples of one feed. `system` is the sender of its packages, where it comes in packages."""

    template: Template
    samples: list[Sample] = field(default_factory=list)
    system: str | None = None
    package: str | None = None
    has_ok: bool = True


def collect(paths: Iterable[Path]) -> tuple[list[Feed], list[str]]:
    """The feeds that the files belong to, by name, and why some files were refused. Files of one name but for the date are one feed."""
    feeds: dict[tuple[str, str], Feed] = {}
    refused = []
    for path in sorted(set(paths)):
        if any(unicodedata.category(c) in ("Cc", "Cf") for c in path.name):
            # Printed as it is, such a name would look like another one.
            refused.append(f"{path.name!a}: signs that nobody sees stand in its name; rename it")
            continue
        try:
            for feed, sample in _opened(path):
                known = feeds.setdefault((feed.system or "", feed.template.text), feed)
                known.samples.append(sample)
        except (DeliveryError, OSError) as problem:
            refused.append(
                f"{path.name}: {problem if isinstance(problem, DeliveryError) else problem.strerror}"
            )
    return [feeds[key] for key in sorted(feeds)], refused


def _opened(path: Path) -> Iterator[tuple[Feed, Sample]]:
    if path.suffix.lower() in (*CONTROL_ENDINGS, ".ok"):
        return
    if _PACKAGE.fullmatch(path.name) and not _is_workbook(path):
        yield from _members(path)
        return
    content, is_whole = _content(path)
    template = template_of(path)
    beside = _control_beside(path)
    yield Feed(template), Sample(
        path.name, content, template.day, is_whole,
        beside.read_bytes() if beside else None, beside.name if beside else None,
    )  # fmt: skip


def _control_beside(path: Path) -> Path | None:
    """The counting file of a data file: the same name with another ending."""
    stems = {path.name, path.name.rsplit(".", 1)[0]}
    for other in sorted(path.parent.iterdir()):
        stem, dot, ending = other.name.rpartition(".")
        if stem in stems and f"{dot}{ending}".lower() in CONTROL_ENDINGS and other.is_file():
            return other if other.stat().st_size <= MOST_CONTROL_BYTES else None
    return None


def _members(path: Path) -> Iterator[tuple[Feed, Sample]]:
    """Data files of a package; refused like a delivery where a member's name or size is no bank extract's."""
    usual = _USUAL_PACKAGE.fullmatch(path.name)
    template = template_of(path)
    system = usual["system"] if usual else (re.match(r"[A-Za-z]+", path.name) or ["PACKAGE"])[0].upper()
    ok = path.with_name(re.sub(r"(\.tar)?\.[A-Za-z0-9]+$", "", path.name) + ".OK")
    with tempfile.TemporaryDirectory() as folder:
        package = Package(system, 1, template.day or date.min, path, None, _NEVER)
        try:
            files = unpack(package, Path(folder))
        except RecordError as problem:
            if str(problem) == zips.NO_PASSWORD:
                raise DeliveryError(
                    "the package has a password, which a draft is not asked for: draft from its files as they come out of it, then declare "
                    "`password` under `delivery`; docs/onboarding.md says where it is kept"
                ) from None
            if str(problem) == zips.CIPHER:
                raise DeliveryError(
                    "the package is encrypted in a way that is not read; ask the supplier for a zip with AES or ZipCrypto, or for one without "
                    "a password over a channel that is encrypted itself"
                ) from None
            raise DeliveryError(
                f"the package cannot be opened safely ({problem}); docs/onboarding.md says what that means"
            ) from None
        for name, inner in sorted(files.items()):
            if Path(name).suffix.lower() in CONTROL_ENDINGS:
                continue
            content, is_whole = _content(inner)
            control = next(
                (
                    files[n]
                    for n in sorted(files)
                    if Path(n).suffix.lower() in CONTROL_ENDINGS and Path(n).stem == Path(name).stem
                ),
                None,
            )
            told = template_of(Path(name))
            feed = Feed(
                # The package bears the day; a member has no folder that could.
                told if told.day else Template(name, None),
                system=system,
                package=None if usual else template.text,
                has_ok=ok.is_file(),
            )
            yield feed, Sample(
                name, content, template.day, is_whole,
                control.read_bytes() if control else None, control.name if control else None,
            )  # fmt: skip


def _content(path: Path) -> tuple[bytes, bool]:
    """The bytes that the reader would cut, up to MOST_BYTES and then to the last whole line."""
    with path.open("rb") as stream:
        head = stream.read(8)
    for module, mark in _NOT_OPENED.items():
        if head.startswith(mark):
            raise DeliveryError(
                f"packed with {module.__name__}; gzip is opened, so ask the supplier for .gz or for the plain file"
            )
    if head.startswith((b"PAR1", ZIP)):
        return path.read_bytes(), True
    content = b""
    try:
        with opened(path) as stream:
            while len(content) <= MOST_BYTES and (piece := stream.read(_PIECE)):
                content += piece
    except RecordError:
        raise DeliveryError(
            "the gzip file is broken or cut off, or unpacks to far more than files do; ask the supplier to send it again"
        ) from None
    if len(content) <= MOST_BYTES:
        return content, True
    return content[: content.rfind(b"\n", 0, MOST_BYTES) + 1], False


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False
