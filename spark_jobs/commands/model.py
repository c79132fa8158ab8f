"""`oxpecker model`: models that score customers."""

from __future__ import annotations

import typer
from rich.table import Table

from spark_jobs.console import Conf, NearestName, Profile, load_settings, out
from spark_jobs.errors import OxpeckerError

app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Models that score customers.")


@app.command("train")
def model_train(conf: Conf = None, profile: Profile = None) -> None:
    """Train the churn model on the dates of the lake, test it walking forward, register it where it is good enough."""
    from spark_jobs.jobs import churn_training

    outcome = churn_training.train_settings(load_settings(profile, conf))
    table = Table(
        "tested as of", "", "customers", "left", "AUC", "average precision", "Brier", "lift at 10 %"
    )
    for fold in outcome.folds:
        for name in ("model", "baseline", "boosting"):
            got = getattr(fold, name)
            figures = [
                f"{f.value:.3f} ({f.low:.3f}–{f.high:.3f})" for f in (got.auc, got.ap, got.brier, got.lift)
            ]
            table.add_row(str(fold.test), name, f"{got.customers:,}", f"{got.positives:,}", *figures)
    out.print(table)
    if outcome.model is None:
        raise OxpeckerError(f"no model is registered: {outcome.why_not}; every band stays N")
    model = outcome.model
    out.print(
        f"model {model.version}: {model.rows:,} rows, {model.positives:,} of them left; scores Sundays from {model.labels_until} on"
    )


@app.command("list")
def model_list(profile: Profile = None) -> None:
    """Registered models, the newest last; read without a JVM."""
    from spark_jobs.models import registry

    settings = load_settings(profile)
    table = Table("model", "version", "trained as of", "labels until", "rows", "left")
    for code in registry.counts(settings):
        for model in registry.registered(settings, code.removeprefix("model.")):
            days = f"{min(model.as_of_dates)}..{max(model.as_of_dates)}"
            table.add_row(
                model.model_code,
                model.version,
                days,
                str(model.labels_until),
                f"{model.rows:,}",
                f"{model.positives:,}",
            )
    out.print(table)
