"""What is kept between runs of `oxpecker resolve --state DIR`: the model, and hashed keys, ties and clusters of records. No value of any.

A run writes a folder of its own and then, in one move, the file that names it: a run that is cut off leaves what was there.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine.frozen import Frozen, OutdatedModel, saved
from spark_jobs.identity.engine.kept import Blocks, Kept, Ties
from spark_jobs.resolve import models

MODEL, _STATE = "model.json", "state.json"
# As they lie in memory: hashes do not become smaller, and a run touches few of them.
_PER_RECORD = ("records", "keys", "ties")


@dataclass(frozen=True)
class Terms:
    """What all runs of a state have in common beside the model: the threshold, and whose phone numbers need no country code."""

    threshold: float
    region: str


def read(
    folder: Path, terms: Terms, secret: Path | None = None, model: Path | None = None
) -> tuple[Frozen, Kept] | None:
    """The model and the last run of a state; None where there is none yet.

    Errors: SettingsError where the state was made with another threshold, region or model, or is not whole.
    """
    state = folder / _STATE
    if not state.is_file():
        return None
    try:
        told = json.loads(state.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(
            f"--state {folder.name}: {_STATE} is no JSON; begin with another folder"
        ) from error
    for name, was, now in (
        ("threshold", told["threshold"], terms.threshold),
        ("region", told["region"], terms.region),
    ):
        if was != now:
            raise SettingsError(
                f"--state {folder.name}: made with {name} {was}, now it is {now}; begin with another folder"
            )
    try:
        judge = models.read(folder / MODEL, secret)
    except OutdatedModel as error:
        raise SettingsError(
            f"--state {folder.name}: kept by another version of the engine, whose scores are not those of this one; begin with another folder "
            "(its first call learns anew and gives new ids)"
        ) from error
    if model is not None and saved(models.read(model, secret)) != saved(judge):
        raise SettingsError(
            f"--state {folder.name}: made with another model than {model.name}; begin with another folder"
        )
    try:
        return judge, _kept(folder / told["folder"], told)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise SettingsError(
            f"--state {folder.name}: not whole ({told['folder']}); begin with another folder"
        ) from error


def write(folder: Path, terms: Terms, judge: Frozen, kept: Kept) -> None:
    """Keep a run; the one before goes."""
    folder.mkdir(parents=True, exist_ok=True)
    if kept.run == 1:
        models.write(folder / MODEL, judge)
    here = folder / f"run-{kept.run}"
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir()
    for name, table in _tables(kept).items():
        if name in _PER_RECORD:
            with (
                pa.OSFile(str(here / f"{name}.arrow"), "wb") as file,
                pa.ipc.new_file(file, table.schema) as into,
            ):
                into.write_table(table)
        else:
            pq.write_table(table, here / f"{name}.parquet", compression="zstd")
    told = {"run": kept.run, "folder": here.name, "threshold": terms.threshold, "region": terms.region}
    part = folder / f"{_STATE}.part"
    part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    os.replace(part, folder / _STATE)
    for other in folder.glob("run-*"):
        if other != here:
            shutil.rmtree(other)


def _tables(kept: Kept) -> dict[str, pa.Table]:
    records = {
        "source": kept.sources,
        "record_id": kept.keys,
        "digest": kept.digests,
        "label": kept.labels,
        "confidence": kept.confidence,
    }
    records |= {
        f"certificate_{kind}": kept.certificates[:, kind] for kind in range(kept.certificates.shape[1])
    }
    return {
        "records": pa.table(records),
        "keys": pa.table({"key": kept.blocks.keys, "record": kept.blocks.members, "rule": kept.blocks.rules}),
        "ties": pa.table(vars(kept.ties)),
        "clusters": pa.table({"cluster_id": pa.array(kept.ids, pa.string()), "since_run": pa.array(kept.since, pa.int64())}),
        "retired": pa.table({
            "cluster_id": pa.array([*kept.retired.keys()], pa.string()), "now_cluster_id": pa.array([*kept.retired.values()], pa.string()),
        }),
    }  # fmt: skip


def _kept(folder: Path, told: dict[str, Any]) -> Kept:
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in ("clusters", "retired")}
    for name in _PER_RECORD:
        tables[name] = pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
    records, keys, ties = tables["records"], tables["keys"], tables["ties"]
    kinds = [name for name in records.column_names if name.startswith("certificate_")]
    certificates = [records[kind].to_numpy() for kind in kinds]
    return Kept(
        records["source"].combine_chunks(),
        records["record_id"].combine_chunks(),
        records["digest"].to_numpy(),
        np.stack(certificates, axis=1) if kinds else np.empty((records.num_rows, 0), np.int64),
        Blocks(keys["key"].to_numpy(), keys["record"].to_numpy(), keys["rule"].to_numpy()),
        Ties(*(ties[name].to_numpy() for name in ("left", "right", "log_odds", "certificate"))),
        records["label"].to_numpy(),
        records["confidence"].to_numpy(),
        tables["clusters"]["cluster_id"].to_pylist(),
        tables["clusters"]["since_run"].to_pylist(),
        dict(
            zip(
                *(tables["retired"][name].to_pylist() for name in ("cluster_id", "now_cluster_id")),
                strict=True,
            )
        ),
        told["run"],
    )
