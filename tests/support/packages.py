"""Changes a laid-down landing the way a supplier would have: more lines in a file, a later arrival, damage on the way."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path


def package(landing: Path, system: str, day: date, sequence: int = 1) -> Path:
    return landing / system / f"{day:%Y%m%d}" / f"{system}_{sequence:02d}_{day:%Y%m%d}.tar.gz"


def add_lines(landing: Path, system: str, day: date, member: str, lines: Sequence[str | bytes]) -> None:
    """Append lines to a delimited file inside of the day's package; its entry in the `.OK` file follows."""
    path = package(landing, system, day)
    files = _unpacked(path)
    files[member] += b"".join((x if isinstance(x, bytes) else x.encode("gb18030")) + b"\n" for x in lines)
    _pack(path, files)
    told = []
    for name, rows, *others in _listed(path):
        if name == member:
            rows = str(int(rows) + len(lines))
            others[1] = hashlib.md5(files[member], usedforsecurity=False).hexdigest()
        told.append([name, rows, *others])
    _list(path, told)


def leave_out(landing: Path, system: str, day: date, member: str) -> None:
    """Take the file's entry out of the `.OK` file of the day's package; the file itself comes."""
    path = package(landing, system, day)
    told = _listed(path)
    assert any(name == member for name, *_ in told), f"{member} is not listed"
    _list(path, [entry for entry in told if entry[0] != member])


def content(landing: Path, system: str, day: date, member: str) -> bytes:
    """The bytes of a file inside of the day's package."""
    return _unpacked(package(landing, system, day))[member]


def take_back(landing: Path, system: str, day: date, member: str, moment: str) -> None:
    """Send a file of the day's package again without its last line, in a second package that arrives at that moment."""
    first, second = package(landing, system, day), package(landing, system, day, 2)
    shorter = b"".join(_unpacked(first)[member].splitlines(keepends=True)[:-1])
    _pack(second, {member: shorter})
    told = next(entry for entry in _listed(first) if entry[0] == member)
    digest = hashlib.md5(shorter, usedforsecurity=False).hexdigest()
    _list(second, [[member, str(int(told[1]) - 1), told[2], digest, *told[4:]]])
    with (landing / "arrivals.csv").open("a", encoding="utf-8") as arrivals:
        arrivals.write(f"{second.relative_to(landing)},{moment}\n")


def damage(landing: Path, system: str, day: date, member: str) -> None:
    """Flip the last byte of a file inside of the day's package; what the `.OK` file says of it stays."""
    path = package(landing, system, day)
    files = _unpacked(path)
    content = files[member]
    files[member] = content[:-1] + bytes([content[-1] ^ 1])
    _pack(path, files)


def arrive(landing: Path, system: str, day: date, moment: str) -> None:
    """Let the day's package arrive at another moment, for example `2026-09-29T10:00:00Z`."""
    arrivals = landing / "arrivals.csv"
    name = str(package(landing, system, day).relative_to(landing))
    lines = arrivals.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(f"{name},") for line in lines), f"{name} is not among the arrivals"
    changed = [f"{name},{moment}" if line.startswith(f"{name},") else line for line in lines]
    arrivals.write_text("".join(f"{line}\n" for line in changed), encoding="utf-8")


def _ok(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".tar.gz") + ".OK")


def _listed(path: Path) -> list[list[str]]:
    return [entry.split("|") for entry in _ok(path).read_text(encoding="ascii").splitlines()]


def _list(path: Path, told: Sequence[Sequence[str]]) -> None:
    _ok(path).write_text("".join(f"{'|'.join(entry)}\n" for entry in told), encoding="ascii")


def _unpacked(path: Path) -> dict[str, bytes]:
    with tarfile.open(path, "r:gz") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        return {name: stream.read() for name, stream in found.items() if stream is not None}


def _pack(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
