"""The command `oxpecker resolve`; imports what works only when it runs, so that other commands start quickly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spark_jobs.identity.engine import THRESHOLD


def command(
    out: Annotated[Path, typer.Option("--out", help="Parquet (or .csv): source, record_id, cluster_id, confidence.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="CSV (also .gz) or Parquet files of people; none: what --state keeps.")] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="YAML: which column plays which role. Without it one is proposed, and used where nothing is open.")] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="Probability of one person from which on records are joined.")] = THRESHOLD,
    report: Annotated[Path | None, typer.Option("--report", help="Folder that gets index.html: counts, classes, weights, calibration.")] = None,
    truth: Annotated[str | None, typer.Option("--truth", help="Column with the true person: prints how right the clusters are.")] = None,
    save_model: Annotated[Path | None, typer.Option("--save-model", metavar="FILE", help="Keep what was learned of the files (JSON, no values).")] = None,
    model: Annotated[Path | None, typer.Option("--model", metavar="FILE", help="Judge by a model that was kept; learn nothing.")] = None,
    state: Annotated[Path | None, typer.Option("--state", metavar="DIR", help="Keep keys and ties there; later runs judge only records that changed.")] = None,
    changes: Annotated[bool, typer.Option("--changes", help="With --state: the files hold only records that are new or say something else; --out tells what changed.")] = False,
    gone: Annotated[list[Path] | None, typer.Option("--gone", metavar="FILE", help="With --changes: source and id of records that are no more; may be repeated.")] = None,
    audit: Annotated[bool, typer.Option("--audit", help="With --state and no files: judge all its records anew, and fail where what is kept differs.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="With --state: leave nothing there of what records that are no more said.")] = False,
    secret: Annotated[Path | None, typer.Option("--secret", metavar="FILE", help="Random bytes under which a kept model hashes values; FILE.secret beside the model unless told.")] = None,
) -> None:  # fmt: skip
    """Who is who in anyone's files: no lake, no Spark, no tuning."""
    from spark_jobs.resolve.asked import Asked
    from spark_jobs.resolve.running import run

    asked = Asked(
        threshold, report, truth, save_model, model, secret, state, changes, gone or (), audit, forget
    )
    run(files or (), map_file, out, asked)
