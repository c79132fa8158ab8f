"""Trained and accepted models of a lake: one JSON file each, named by the hash of its content. No Spark."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from spark_jobs.models.logistic import Logistic
from spark_jobs.settings import Settings


def folder(settings: Settings, model_code: str) -> Path:
    return settings.home / "models" / model_code


def register(settings: Settings, model: Logistic) -> Path:
    """Keep a model. The same model again changes nothing."""
    path = folder(settings, model.model_code) / f"{model.version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        fresh = path.with_suffix(".new")
        fresh.write_text(model.to_json(), encoding="utf-8")
        fresh.replace(path)
    return path


def registered(settings: Settings, model_code: str) -> tuple[Logistic, ...]:
    """All models, those that know least first; ties by version."""
    files = folder(settings, model_code).glob("*.json")
    models = [Logistic.from_json(path.read_text(encoding="utf-8")) for path in files]
    return tuple(sorted(models, key=lambda model: (model.labels_until, model.version)))


def in_force(models: tuple[Logistic, ...], as_of: date) -> Logistic | None:
    """The newest model that knew no label after this date: a score as of a day rests on nothing later. None where there is none."""
    known = [model for model in models if model.labels_until <= as_of]
    return known[-1] if known else None


def counts(settings: Settings) -> dict[str, int]:
    """How many models there are of each kind, as `model.<code>`: what a stage that scores notes as the version it read."""
    found = (settings.home / "models").glob("*/*.json")
    return dict(sorted(Counter(f"model.{path.parent.name}" for path in found).items()))
