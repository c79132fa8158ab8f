"""The bank's model of who is who: where it is, under which key it opens, and how it is learned from the lake's own people.

`models/identity.json` of the last configuration folder that has one. Its frequent values are hashed under a key derived from the lake's, so
that a model opens in the bank that learned it (and, as demo lakes derive their keys from one seed, the shipped one in any demo lake).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from spark_jobs.errors import SettingsError
from spark_jobs.identity import versions as record_versions
from spark_jobs.identity.engine.frozen import Frozen, hash_key, loaded, saved
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.identity.looks import look
from spark_jobs.identity.versions import Versions, latest
from spark_jobs.identity.watch import seen_on
from spark_jobs.privacy.tokens import key_file
from spark_jobs.settings import IDENTITY_MODEL, Settings
from spark_jobs.stored import dataset

# A model of fewer records guesses; of more it learns nothing new.
LEAST_RECORDS = 500


@dataclass(frozen=True)
class BankModel:
    """A model that opened. version: a hash of the document."""

    frozen: Frozen
    version: str


def opened(settings: Settings) -> BankModel:
    """The bank's model. Errors: SettingsError where there is none, or none that this lake and this engine can use."""
    found = [folder / IDENTITY_MODEL for folder in settings.conf_dirs if (folder / IDENTITY_MODEL).is_file()]
    if not found:
        raise SettingsError(f"there is no {IDENTITY_MODEL}; `oxpecker identity train` learns it")
    text = found[-1].read_text(encoding="utf-8")
    version = f"model-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return BankModel(loaded(text, _key(settings), str(IDENTITY_MODEL)), version)


def learned(settings: Settings, rules: Mapping[str, Any]) -> tuple[Frozen, int]:
    """A model of what each person's record in silver says now, with what its pairs looked like, and of how many records.

    rules  conf/rules/identity.yml. Errors: SettingsError where silver has too few people to learn from.
    """
    said = in_lake(settings, rules)
    people = latest(said)
    if len(people) < LEAST_RECORDS:
        raise SettingsError(
            f"{len(people)} records of people with a name and something beside it are too few to learn from; {LEAST_RECORDS} are needed"
        )
    model = resolve(people, key=_key(settings)).frozen()
    # Seen as the daily run sees them, so that what is compared later was counted alike.
    return replace(model, seen=seen_on(look(said, model), int(said.since.max()))), len(people)


def in_lake(settings: Settings, rules: Mapping[str, Any]) -> Versions:
    """Record versions of everybody in silver, as believed now. Read without a server; a table that is not there is empty."""
    parties, numbers, contacts = (
        _believed(settings, table, columns) for table, columns in record_versions.TABLES.items()
    )
    return record_versions.versions(parties, numbers, contacts, rules)


def write(path: Path, model: Frozen) -> int:
    """Keep a model whole or not at all; gives its size in bytes."""
    text = saved(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    return len(text.encode())


def _believed(settings: Settings, table: str, columns: tuple[str, ...]) -> pa.Table:
    layer, _, thing = table.partition(".")
    place = str(settings.warehouse / f"{settings.prefix}{layer}" / thing)
    if not DeltaTable.is_deltatable(place):
        return pa.table({column: pa.nulls(0) for column in columns})
    found = dataset(DeltaTable(place)).to_table(columns=[*columns, "known_to"])
    return found.filter(pc.equal(pc.year(found["known_to"]), 9999)).drop_columns("known_to")


def _key(settings: Settings) -> str:
    return hash_key(key_file(settings, "lake").read_bytes())
