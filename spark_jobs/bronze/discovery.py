"""What has arrived: packages with their `.OK` files, plain files, and what nobody asked for. No Spark.

A run sees what arrived up to its cut-off. A package arrives when `landing/arrivals.csv` says, else with its `.OK` file, else by its own
time (`landing`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from spark_jobs.bronze import archives
from spark_jobs.bronze.landing import ARRIVALS, Landed, changed_at, landed
from spark_jobs.contracts import patterns
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.settings import Settings

_PACKAGE = re.compile(r"(?P<system>[A-Z]+)_(?P<sequence>\d{2})_(?P<day>\d{8})(\d{2})?\.(tar\.gz|tgz|zip)")


@dataclass(frozen=True)
class Package:
    """One delivery: a package or a plain file. arrived_at is naive UTC. password: what its contracts' name for it stands for; shown nowhere."""

    system: str
    sequence: int
    business_date: date
    path: Path
    ok: Path | None
    arrived_at: datetime
    password: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes of the package, or of the plain file."""
        return self.path.stat().st_size

    def identity(self) -> str:
        """What the delivery's id is made of; the same on every machine."""
        return f"{self.system}/{self.business_date}/{self.sequence:02d}/{self.name}"


@dataclass(frozen=True)
class Unasked:
    """A file that arrived and that no contract asks for. Of a whole package only `package_name` is known: it is not opened."""

    package_name: str
    file_name: str
    source_code: str | None
    business_date: date | None
    file_bytes: int
    arrived_at: datetime
    reason_code: str


@dataclass(frozen=True)
class Listed:
    """What the `.OK` file says of one inner file."""

    rows: int
    record_bytes: int
    md5: str
    encoding: str


def arrived(settings: Settings, known_at: datetime, sources: Mapping[str, SourceContract]) -> list[Package]:
    """Deliveries that had arrived at `known_at`, oldest first."""
    files = landed(settings.landing)
    told = {
        s.delivery.system: settings.password(s.delivery.password)
        for s in sources.values()
        if s.delivery.password
    }
    packages = [replace(p, password=told.get(p.system)) for p in _packages(files, sources)]
    found = [*packages, *_plain_files(files, sources)]
    return sorted((p for p in found if p.arrived_at <= known_at), key=lambda p: (p.arrived_at, p.identity()))


def unasked(settings: Settings, known_at: datetime, sources: Mapping[str, SourceContract]) -> list[Unasked]:
    """Files that had arrived at `known_at` and belong to no contract, oldest first; packages are not opened for it.

    `no_contract`: a package of a system that no contract names. `name_unknown`: a name that is neither a package's, nor a control
    file's, nor a plain feed's. What lies unasked inside of a package is found when that is unpacked (`ledger.examine`).
    """
    files = landed(settings.landing)
    systems = {source.delivery.system for source in sources.values()}
    packages = _packages(files, sources)
    plain = _plain_files(files, sources)
    expected = {p.path for p in plain} | _control_files(plain, sources)
    expected |= {p.ok for p in packages if p.ok is not None} | {settings.landing / ARRIVALS}
    found = [
        Unasked(
            p.name, "", p.system.lower(), p.business_date, p.path.stat().st_size, p.arrived_at, "no_contract"
        )
        for p in packages
        if p.system not in systems
    ]
    expected |= {p.path for p in packages}
    for file in (f for f in files if f.path not in expected):
        path = file.path
        if path.suffix == ".OK" and _PACKAGE.fullmatch(f"{path.stem}.tar.gz"):
            continue  # Its package is still on the way.
        size = path.lstat().st_size
        found.append(Unasked("", shown(path.name), None, None, size, file.arrived_at, "name_unknown"))
    return sorted(
        (f for f in found if f.arrived_at <= known_at),
        key=lambda f: (f.arrived_at, f.package_name, f.file_name),
    )


def shown(name: str) -> str:
    """A file's name for logs and tables: line breaks, marks of direction and bytes that are no text are spelt out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in name)


def _packages(files: Sequence[Landed], sources: Mapping[str, SourceContract]) -> list[Package]:
    """Packages by the usual name, or by the one that the contracts of their system give."""
    own = sorted({(s.delivery.package, s.delivery.system) for s in sources.values() if s.delivery.package})
    found = []
    for file in (f for f in files if f.may_be_opened):
        path = file.path
        read = _usual(path) or next(
            (r for template, system in own if (r := _named(file, template, system))), None
        )
        if read is None:
            continue
        system, sequence, day = read
        ok = path.with_name(re.sub(r"(\.tar)?\.[A-Za-z]+$", "", path.name) + ".OK")
        has_ok = ok.is_file()
        moment = file.listed_at or changed_at(ok if has_ok else path)
        found.append(Package(system, sequence, day, path, ok if has_ok else None, moment))
    return found


def _usual(path: Path) -> tuple[str, int, date] | None:
    read = _PACKAGE.fullmatch(path.name)
    day = patterns.parse_day(read["day"]) if read else None
    return None if read is None or day is None else (read["system"], int(read["sequence"]), day)


def _named(file: Landed, template: str, sender: str) -> tuple[str, int, date] | None:
    """(sender, sequence, day) of a file whose name, or path below landing where the template has a `/`, fits."""
    text = file.name if "/" in template else file.path.name
    read = patterns.name_pattern(template).fullmatch(text)
    if read is None:
        return None
    groups = read.groupdict()
    day = patterns.parse_day(groups["day"], patterns.date_format(template))
    return None if day is None else (sender, int(groups.get("sequence") or 1), day)


def _plain_files(files: Sequence[Landed], sources: Mapping[str, SourceContract]) -> list[Package]:
    """Files of feeds that come by themselves, by the pattern in their contract: `{date}`, `{seq}`, `*`."""
    templates = [(s.feed, s.delivery.file) for s in sources.values() if s.delivery.file is not None]
    found = []
    for file in (f for f in files if templates and f.may_be_opened):
        for feed, template in templates:
            read = _named(file, template, feed)
            if read is not None:
                found.append(Package(*read, file.path, None, file.arrived_at))
    return found


def _control_files(plain: list[Package], sources: Mapping[str, SourceContract]) -> set[Path]:
    """Control files of plain files."""
    return {
        p.path.with_name(name) for p in plain if (name := sources[p.system].control_file(p.name)) is not None
    }


def listed(ok: Path) -> dict[str, Listed]:
    """The lines of an `.OK` file by inner name. A malformed line is an error of the whole package."""
    lines = {}
    for line in ok.read_text(encoding="utf-8").splitlines():
        name, rows, record_bytes, md5, encoding = line.split("|")
        lines[name] = Listed(int(rows), int(record_bytes), md5, encoding)
    return lines


def unpack(package: Package, folder: Path) -> dict[str, Path]:
    """Inner files of a package, by name, unpacked below `folder`. Only plain members with plain names come out.

    Links, devices, folders, absolute names and names with a path are refused: nothing is written outside of `folder`.
    Raises `RecordError` (archives.unpack).
    """
    target = folder / hashlib.sha256(package.identity().encode()).hexdigest()[:24]
    return archives.unpack(package.path, target, package.password)
