"""Resolves CSV files by GoldenMatch as its README says: `zero` lets it choose all (`dedupe_df`), `probabilistic` takes its Fellegi–Sunter
auto-configuration. Writes id, cluster_id.

Runs in GoldenMatch's own environment and knows nothing of this repository. The record's number is kept from it: it would be taken for a value.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import goldenmatch
import pyarrow as pa
from goldenmatch.core.autoconfig_controller import ControllerNotConfidentError


def _read(path: str) -> pa.Table:
    """Every column as text, empty cells as null."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    columns = zip(*rows[1:], strict=True)
    return pa.table(
        {name: [cell or None for cell in cells] for name, cells in zip(rows[0], columns, strict=True)}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="what the set is; not used, as nothing is set by hand")
    parser.add_argument("--mode", choices=["zero", "probabilistic"], default="zero")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("files", nargs="+")
    asked = parser.parse_args()
    records = pa.concat_tables([_read(path) for path in asked.files], promote_options="default")
    ids, people = records["id"].to_pylist(), records.drop_columns("id")
    config = None
    if asked.mode == "probabilistic":
        from goldenmatch.core.autoconfig import auto_configure_probabilistic_df

        config = auto_configure_probabilistic_df(people)
    try:
        result = goldenmatch.dedupe_df(people, config=config) if config else goldenmatch.dedupe_df(people)
    except ControllerNotConfidentError:
        raise SystemExit(
            "GoldenMatch declines: it is not confident of the configuration that it found"
        ) from None
    cluster_of = {}
    for cluster, told in result.clusters.items():
        for member in told["members"]:
            cluster_of[int(member)] = str(cluster)
    with asked.out.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["id", "cluster_id"])
        out.writerows((key, cluster_of.get(at, f"alone {at}")) for at, key in enumerate(ids))


if __name__ == "__main__":
    main()
