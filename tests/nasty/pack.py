"""The pack of nasty files: cases as YAML, made into a landing folder and walked through examine, verify and read, without a JVM.

A case is a file as somebody could send it, the contract it is sent under, and what must come of it, worked out by hand:

content   text in `encoding` (UTF-8 unless given), or a list of parts: text, {hex: ..}, {repeat: [text, times]}
packed    gzip; `cut: n` takes the last n bytes away, `append` puts hex behind
members   an archive instead: each with name, kind (file unless given), link, content, size; `archive` is tar.gz, tar or zip
made_by   a function of makers.py, for files that are no text
held, rejected    the reason; or
rows      values of the records that load, in order, or {count: n};  `aside`: [line, offset, reason] of those that do not, or {reason: n}
rescued   what the contract does not know, of the first record; `repaired`: [line, reason] of records that load with a reason
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from pyspark.sql.types import StructType

from spark_jobs import settings as settings_module
from spark_jobs.bronze import archives, ledger
from spark_jobs.bronze.discovery import arrived
from spark_jobs.bronze.source import BankFiles
from spark_jobs.contracts.sources import load_sources
from tests.nasty import makers

CASES = Path(__file__).parent / "cases"
LATER = datetime(2099, 1, 1)
FILE = "data_20260930.dat"
KINDS = {
    "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "fifo": tarfile.FIFOTYPE,
    "folder": tarfile.DIRTYPE, "file": tarfile.REGTYPE,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `rows` are the bronze rows as the reader hands them to Spark."""

    state: str
    reason: str | None
    rows: list[dict[str, Any]]
    content: bytes | None


def cases() -> dict[str, dict[str, Any]]:
    """All cases by the sentence that names them."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(CASES.glob("*.yml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert case["name"] not in found, f"{path.name}: two cases are called `{case['name']}`"
            found[case["name"]] = case
    return found


def content_of(case: Mapping[str, Any]) -> bytes:
    if "members" in case:
        made = _archive(case)
    elif "made_by" in case:
        made = getattr(makers, case["made_by"])()
    else:
        made = parts(case["content"], case.get("encoding", "utf-8"))
    made = gzip.compress(made) if case.get("packed") == "gzip" else made
    made = made[: len(made) - case.get("cut", 0)]
    return made + bytes.fromhex(case.get("append", ""))


def parts(given: str | Sequence[Any], encoding: str) -> bytes:
    if isinstance(given, str):
        return given.encode(encoding)
    pieces = []
    for part in given:
        if isinstance(part, str):
            pieces.append(part.encode(encoding))
        elif "hex" in part:
            pieces.append(bytes.fromhex(part["hex"]))
        else:
            text, times = part["repeat"]
            pieces.append(text.encode(encoding) * times)
    return b"".join(pieces)


def _archive(case: Mapping[str, Any]) -> bytes:
    sink = io.BytesIO()
    if case.get("archive") == "zip":
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in case["members"]:
                told = zipfile.ZipInfo(member["name"])
                told.compress_type = zipfile.ZIP_DEFLATED
                if member.get("kind") == "symlink":
                    told.external_attr = 0o120777 << 16
                archive.writestr(told, parts(member.get("content", ""), "utf-8"))
        return sink.getvalue()
    with tarfile.open(
        fileobj=sink, mode="w:gz" if case.get("archive", "tar.gz") == "tar.gz" else "w"
    ) as archive:
        for member in case["members"]:
            info, content = tarfile.TarInfo(member["name"]), parts(member.get("content", ""), "utf-8")
            info.type, info.linkname = KINDS[member.get("kind", "file")], member.get("link", "")
            info.size = len(content) if info.isreg() else 0
            info.pax_headers = member.get("pax", {})
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def contract_of(case: Mapping[str, Any]) -> dict[str, Any]:
    given = case.get("fields", ["a", "b"])
    fields = given if isinstance(given, dict) else {name: {} for name in given}
    delivery = case.get("delivery", {"file": "data_{date}.dat"})
    if "members" in case or case.get("is_package"):
        delivery = {"system": "X", "member": "data_{date}.dat", "package": "pack_{date}.bin", "ok": False}
    return {
        "feed": "x__x", "delivery": delivery, "layout": case["layout"],
        "fields": {name: {"type": "string", "class": "C1", **declared} for name, declared in fields.items()},
        **{key: case[key] for key in ("control", "checks", "set_aside") if key in case},
    }  # fmt: skip


def walk(case: Mapping[str, Any], folder: Path) -> Outcome:
    """Land the file, examine its delivery and read what is verified, as a run does."""
    conf, landing = folder / "conf", folder / "landing"
    for each in (conf / "contracts" / "sources", conf / "rules", landing):
        each.mkdir(parents=True)
    (conf / "rules" / "feeds.yml").write_text('in_use: ["x__*"]\n')
    (conf / "contracts" / "sources" / "x__x.yml").write_text(
        yaml.safe_dump(contract_of(case), allow_unicode=True, sort_keys=False)
    )
    is_package = "members" in case or case.get("is_package")
    path = landing / ("pack_20260930.bin" if is_package else FILE)
    path.write_bytes(content_of(case))
    if "control_file" in case:
        path.with_suffix(".ctl").write_bytes(parts(case["control_file"], "utf-8"))
    settings = settings_module.load(overlay=conf, landing=landing)
    sources = dict(load_sources(settings.conf_dirs))
    (package,) = arrived(settings, LATER, sources)
    (examined,) = ledger.examine(package, sources, folder / "work", LATER).files
    rows = _read(examined, settings.conf_dirs) if examined.state.state_code == "verified" else []
    content = examined.path.read_bytes() if examined.path else None
    is_readable = content is not None and examined.state.state_code == "verified"
    return Outcome(
        examined.state.state_code, examined.state.reason_code, rows,
        archives.inflated(content) if is_readable and content is not None else content,
    )  # fmt: skip


def _read(examined: ledger.Examined, dirs: Sequence[Path]) -> list[dict[str, Any]]:
    given = {
        "feed": "x__x", "path": str(examined.path), "bytes": examined.state.file_bytes, "file_id": "f", "delivery_id": "d",
        "business_date": "2026-09-30", "arrived_at": "2026-09-30T16:00:00",
    }  # fmt: skip
    source = BankFiles({"conf_dirs": json.dumps([str(d) for d in dirs]), "files": json.dumps([given])})
    reader = source.reader(StructType())
    batches = [b for part in reader.partitions() for b in reader.read(part)]  # type: ignore[union-attr]
    return pa.Table.from_batches(batches).sort_by("_line_no").to_pylist() if batches else []
