"""What lies beside the tables: packages for CRM that still hold an erased person, what stewards wrote, and unpacked files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spark_jobs.bronze import steward_log
from spark_jobs.erasure.mentions import Values
from spark_jobs.erasure.store import Store
from spark_jobs.exports.files import MANIFEST, manifest_of
from spark_jobs.privacy.seal import Seal
from spark_jobs.privacy.tokens import key_file, tokeniser
from spark_jobs.settings import Settings

TOKENS = ("crm_customer_token", "to_crm_customer_token")


def packages(store: Store, tokens: Collection[str], shown: str | None) -> tuple[list[Path], list[Path]]:
    """Folders of packages that hold one of these customers: those to withdraw, and those of the release that is shown now."""
    old: list[Path] = []
    current: list[Path] = []
    for manifest in sorted(store.settings.exports.glob(f"*/*/{MANIFEST}")):
        told = manifest_of(manifest.parent) or {}
        if not _holds(manifest.parent, told, tokens):
            continue
        (current if told.get("release_id") == shown else old).append(manifest.parent)
    return old, current


def _holds(folder: Path, manifest: Mapping[str, Any], tokens: Collection[str]) -> bool:
    """Whether a file of the package tells of one of them. An `erase`, and a merge into who was erased, say no more than the token."""
    wanted = pa.array(sorted(tokens), pa.string())
    for file in manifest.get("files", ()):
        path = folder / file["name"]
        if not path.is_file():
            continue
        names = pq.read_schema(path).names
        rows = pq.read_table(path, columns=[c for c in (*TOKENS, "op_code") if c in names])
        if "op_code" in names:
            rows = rows.filter(pc.equal(rows["op_code"], "upsert"))
        if any(pc.any(pc.is_in(rows[c], wanted)).as_py() for c in TOKENS if c in names):
            return True
    return False


def withdraw(folder: Path) -> int:
    """The files of a package go, its manifest stays and says so: whoever has not applied it gets the next one in full."""
    told = manifest_of(folder) or {}
    gone = [folder / file["name"] for file in told.get("files", ())]
    told |= {"files": [], "withdrawn": "erasure"}
    fresh = folder / f".{MANIFEST}"
    fresh.write_text(json.dumps(told, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(fresh, folder / MANIFEST)
    for path in gone:
        path.unlink(missing_ok=True)
        path.with_suffix(".OK").unlink(missing_ok=True)
    return len(gone)


def stewards_lines(
    settings: Settings, parties: Collection[str], texts: Collection[str], entered: Collection[str]
) -> int:
    """Lines of `decisions.jsonl` that name an erased person and that a run has entered: their ledger keeps the parties. How many go."""
    path = settings.steward_decisions
    if not path.is_file():
        return 0
    token = tokeniser(settings).value
    kept: list[str] = []
    gone = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line) if line.strip() else {}
        named = [part.partition(":") for part in str(told.get("subject_id", "")).split("|")]
        is_theirs = any(
            colon and token("party", source, number) in parties for source, colon, number in named
        )
        is_theirs = is_theirs or any(text in str(told.get("repaired_value", "")) for text in texts)
        if is_theirs and told.get("decision_id") in entered:
            gone += 1
        else:
            kept.append(line)
    if gone:
        _replaced(path, kept)
    return gone


def stewards_seals(settings: Settings, told: Values, gone: Collection[str]) -> int:
    """Sealed corrections in `desk.jsonl`: of records that went they go, in others the person's numbers and names are blanked. How many."""
    path = settings.steward_log
    if not path.is_file():
        return 0
    seal = Seal(key_file(settings, "lake"))
    numbers = [number.encode() for number in told.all_numbers]
    texts = [
        text.encode(encoding, "ignore") for text in told.of(told.numbers) for encoding in ("utf-8", "gb18030")
    ]
    count = 0
    with steward_log.locked(path):
        lines = []
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line) if line.strip() else {}
            if event.get("sealed"):
                content = seal.open(event["sealed"], event["subject"])
                if event["subject"] in gone:
                    event["sealed"], count = None, count + 1
                elif any(number in content for number in numbers):
                    for text in sorted(set(texts), key=lambda t: (-len(t), t)):
                        content = content.replace(text, b" " * len(text))
                    event["sealed"], count = seal.close(content, event["subject"]), count + 1
                line = json.dumps(event, ensure_ascii=False, sort_keys=True)
            lines.append(line)
        if count:
            _replaced(path, lines)
    return count


def made_again(settings: Settings) -> int:
    """What a run makes again where it is missing: copies of landing that bronze unpacked to read, and what the identity job remembers of all
    records. How many files."""
    folder = settings.home / "work" / "unpacked"
    kept = [settings.identity_memory] if settings.identity_memory.is_file() else []
    count = len(kept) + sum(1 for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    settings.identity_memory.unlink(missing_ok=True)
    return count


def _replaced(path: Path, lines: list[str]) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, path.stat().st_mode & 0o777)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(fresh, path)
