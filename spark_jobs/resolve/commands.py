"""The command `oxpecker resolve`; imports what works only when it runs, so that other commands start quickly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spark_jobs.identity.engine import THRESHOLD


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV (also .gz) or Parquet files of people.")],
    out: Annotated[Path, typer.Option("--out", help="Parquet (or .csv): source, record_id, cluster_id, confidence.")],
    map_file: Annotated[Path | None, typer.Option("--map", help="YAML: which column plays which role. Without it one is proposed, and used where nothing is open.")] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="Probability of one person from which on records are joined.")] = THRESHOLD,
    report: Annotated[Path | None, typer.Option("--report", help="Folder that gets index.html: counts, classes, weights, calibration.")] = None,
    truth: Annotated[str | None, typer.Option("--truth", help="Column with the true person: prints how right the clusters are.")] = None,
    save_model: Annotated[Path | None, typer.Option("--save-model", metavar="FILE", help="Keep what was learned of the files (JSON, no values).")] = None,
    model: Annotated[Path | None, typer.Option("--model", metavar="FILE", help="Judge by a model that was kept; learn nothing.")] = None,
    state: Annotated[Path | None, typer.Option("--state", metavar="DIR", help="Keep keys and ties there; later runs judge only records that changed.")] = None,
    secret: Annotated[Path | None, typer.Option("--secret", metavar="FILE", help="Random bytes under which a kept model hashes values; FILE.secret beside the model unless told.")] = None,
) -> None:  # fmt: skip
    """Who is who in anyone's files: no lake, no Spark, no tuning."""
    from spark_jobs.resolve.running import Asked, run

    run(files, map_file, out, Asked(threshold, report, truth, save_model, model, secret, state))
