"""Models on disk, and the secret beside them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine.frozen import Frozen, hash_key, loaded, saved


def read(path: Path, secret: Path | None = None) -> Frozen:
    """The model in a file. Errors: SettingsError where file or secret is missing, or one does not belong to the other."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path.name}: cannot be read; a model is what --save-model writes") from error
    return loaded(text, key(path, secret), path.name)


def write(path: Path, model: Frozen) -> None:
    """Keep a model: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(saved(model), encoding="utf-8")
    os.replace(part, path)


def key(model: Path, secret: Path | None = None, is_new: bool = False) -> str:
    """Key of a model's hashes, of the secret in a file: `secret`, otherwise the one beside the model.

    is_new  a secret beside the model that is not there yet is made, readable by its owner alone
    """
    path = secret or model.with_name(f"{model.name}.secret")
    if is_new and secret is None and not path.exists():
        _keep_secret(path, secrets.token_bytes(32))
    try:
        return hash_key(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"{path.name}: cannot be read; it holds the secret that {model.name} was made with (--secret names another file)"
        ) from error


def take_along(model: Path, target: Path) -> None:
    """Give the model that is to stand at `target` the secret beside `model`."""
    source, path = (p.with_name(f"{p.name}.secret") for p in (model, target))
    if not path.exists():
        _keep_secret(path, source.read_bytes())


def _keep_secret(path: Path, secret: bytes) -> None:
    """For its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
