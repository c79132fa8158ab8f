"""Resolves CSV files by GoldenMatch as its README says: `zero` lets it choose all (`dedupe_df`), `probabilistic` takes its Fellegi–Sunter
auto-configuration. Writes id, cluster_id.

Runs in GoldenMatch's own environment and knows nothing of this repository. The record's number is kept from it: it would be taken for a value.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import goldenmatch
import polars as pl


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="what the set is; not used, as nothing is set by hand")
    parser.add_argument("--mode", choices=["zero", "probabilistic"], default="zero")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("files", nargs="+")
    asked = parser.parse_args()
    frames = [pl.read_csv(path, infer_schema=False) for path in asked.files]
    records = pl.concat(frames, how="diagonal")
    ids, people = records["id"].to_list(), records.drop("id")
    config = None
    if asked.mode == "probabilistic":
        from goldenmatch.core.autoconfig import auto_configure_probabilistic_df

        config = auto_configure_probabilistic_df(people)
    result = goldenmatch.dedupe_df(people, config=config) if config else goldenmatch.dedupe_df(people)
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
