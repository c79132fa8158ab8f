"""A reader of the CRM packages: checks them, applies them to a store of its own, and acknowledges them.

    python examples/crm_reader.py var/exports crm_store

Needs Python and pyarrow, nothing of Oxpecker. It is an example to start from, and the tests read every package through it. What it keeps of
each release it acknowledged: the customers by token, and which customer token each of CRM's own numbers hangs on. A delta starts at its
`base_release_id`; where an acknowledgement was lost that is an older release than the last one applied, so states are kept until a delta
with a newer base arrives.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

FULL, DELTA = "crm__customer_full_v1", "crm__customer_delta_v1"
_OPERATION = ("seq_no", "op_code", "to_crm_customer_token", "moved_parties", "op_reason_code")


class Refused(Exception):
    """A package that must not be applied; the text is the reason code of the rejection."""


@dataclass
class State:
    """What CRM holds after a release. rows: token → exported row; owners: CRM's own number → token it hangs on."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def key_hash(self) -> str:
        """Sum of the first 16 bytes of SHA-256(token|row_hash) over all rows, modulo 2^128, in hex: any order gives the same."""
        total = sum(
            int.from_bytes(hashlib.sha256(f"{token}|{row['row_hash']}".encode()).digest()[:16], "big")
            for token, row in self.rows.items()
        )
        return f"{total % 2**128:032x}"

    def upsert(self, row: dict[str, Any]) -> None:
        self.rows[row["crm_customer_token"]] = row
        if row.get("customer_no_crm"):
            self.owners[row["customer_no_crm"]] = row["crm_customer_token"]

    def drop(self, token: str, heir: str | None = None) -> None:
        """Remove the row; what hung on it goes to the heir, where there is one, else it stays without a customer."""
        self.rows.pop(token, None)
        for number, owner in list(self.owners.items()):
            if owner == token:
                if heir:
                    self.owners[number] = heir
                else:
                    del self.owners[number]


def packages(exports: Path) -> Iterator[Path]:
    """Folders of complete customer packages, oldest date first; of one date the delta comes first."""
    found = [m.parent for c in (FULL, DELTA) for m in (exports / c).glob("[0-9]*/manifest.json")]
    return iter(sorted(found, key=lambda folder: (folder.name, folder.parent.name)))


def read(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Manifest and rows of a package whose files are what the manifest says."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = []
    for told in manifest["files"]:
        content = (folder / told["name"]).read_bytes()
        if len(content) != told["bytes"] or hashlib.sha256(content).hexdigest() != told["sha256"]:
            raise Refused("checksum")
        found = pq.read_table(folder / told["name"]).to_pylist()
        if len(found) != told["rows"]:
            raise Refused("row_count")
        rows += found
    return manifest, rows


def apply_full(rows: Iterable[dict[str, Any]], owners: Mapping[str, str]) -> State:
    """A full package replaces everything; what hangs on customers that are still there stays."""
    state = State()
    for row in rows:
        state.upsert(row)
    for number, token in owners.items():
        if token in state.rows:
            state.owners.setdefault(number, token)
    return state


def apply_delta(base: State, rows: Iterable[dict[str, Any]]) -> State:
    """The state after the operations of a delta, in their order. `base` stays as it is."""
    state = State(dict(base.rows), dict(base.owners))
    for row in sorted(rows, key=lambda r: r["seq_no"]):
        op, token, to = row["op_code"], row["crm_customer_token"], row["to_crm_customer_token"]
        if op == "upsert":
            state.upsert({k: v for k, v in row.items() if k not in _OPERATION})
        elif op == "merge":
            state.drop(token, to)
        elif op in ("delete", "erase"):
            state.drop(token)
        elif (
            op != "split"
        ):  # A split only says where objects go; the rows follow as upserts, with their numbers.
            raise Refused("unknown_operation")
    return state


class Store:
    """States by release in a folder, and which release is the present one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def present(self) -> tuple[str, str] | None:
        """Release and business date that are applied."""
        path = self.folder / "present"
        if not path.is_file():
            return None
        release, day = path.read_text().split()
        return release, day

    def load(self, release: str | None) -> State | None:
        path = self.folder / f"{release}.json"
        return State(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def save(self, release: str, day: str, state: State) -> None:
        _write(
            self.folder / f"{release}.json",
            json.dumps({"rows": state.rows, "owners": state.owners}, default=str),
        )
        _write(self.folder / "present", f"{release} {day}")

    def forget_before(self, base: str) -> None:
        """States older than a base that the bank has confirmed are never asked for again."""
        states = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        names = [path.stem for path in states]
        for path in states[: names.index(base)] if base in names else []:
            path.unlink()


def acknowledge(
    exports: Path, manifest: Mapping[str, Any], rows: int, key_hash: str, reason: str = ""
) -> Path:
    """Say what became of a package; the same words again do no harm."""
    told = {
        "release_id": manifest["release_id"], "contract": manifest["contract"], "status": "rejected" if reason else "accepted",
        "rows_applied": rows, "key_hash": key_hash, "acked_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    path = exports / "inbox" / f"{manifest['contract']}.{manifest['release_id']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(told | ({"reason_code": reason} if reason else {})))
    return path


def take(exports: Path, store: Store, folder: Path) -> str:
    """Apply one package and acknowledge it: `applied`, `known` or `old` where there is nothing to do, or the reason of the rejection."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    release, day = store.present() or (None, "")
    if manifest["release_id"] == release:
        return "known"
    if manifest["business_date"] < day:
        return "old"
    try:
        manifest, rows = read(folder)
        if manifest["kind"] == "full":
            before = store.load(release)
            state = apply_full(rows, before.owners if before else {})
        else:
            base = store.load(manifest["base_release_id"])
            if base is None:
                raise Refused("base_unknown")
            state = apply_delta(base, rows)
        if state.key_hash() != manifest["controls"]["key_hash"]:
            raise Refused("key_hash")
    except Refused as refused:
        acknowledge(exports, manifest, 0, "", reason=str(refused))
        return str(refused)
    store.save(manifest["release_id"], manifest["business_date"], state)
    if manifest["kind"] == "delta":
        store.forget_before(manifest["base_release_id"])
    acknowledge(exports, manifest, len(rows), state.key_hash())
    return "applied"


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def main() -> None:
    exports, store = Path(sys.argv[1]), Store(Path(sys.argv[2]))
    for folder in packages(exports):
        print(f"{folder.parent.name}/{folder.name}: {take(exports, store, folder)}")
    present = store.present()
    state = (store.load(present[0]) if present else None) or State()
    print(f"{len(state.rows)} customers, {len(state.owners)} numbers of our own attached")


if __name__ == "__main__":
    main()
