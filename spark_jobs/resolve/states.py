"""What is kept between runs of `oxpecker resolve --state DIR`: the model, and a store of records (identity/store). Values lie sealed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine.frozen import Frozen, OutdatedModel, saved
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.store import folder as stores
from spark_jobs.identity.store.store import Store
from spark_jobs.resolve import models

MODEL = "model.json"


@dataclass(frozen=True)
class Terms:
    """What all runs of a state have in common beside the model.

    threshold, region  as the command and the map say; columns: role → how many columns people have of it
    """

    threshold: float
    region: str
    columns: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(people: People, threshold: float) -> Terms:
        """Those of a state that begins with these people."""
        return Terms(
            threshold, people.region, {role: len(columns) for role, columns in people.columns.items()}
        )


@dataclass(frozen=True)
class State:
    """What was kept."""

    terms: Terms
    model: Frozen
    store: Store


def read(folder: Path, secret: Path | None = None, model: Path | None = None) -> State | None:
    """The last run of a state; None where there is none yet.

    Errors: SettingsError where the state was made with another model, or is not whole.
    """
    try:
        listed = stores.listed(folder)
        if listed is None:
            return None
        judge = models.read(folder / MODEL, secret)
        state = State(Terms(**listed.terms), judge, stores.opened(folder, listed, judge.form))
    except OutdatedModel as error:
        raise SettingsError(
            f"--state {folder.name}: kept by another version of the engine, whose scores are not those of this one; begin with another folder "
            "(its first call learns anew and gives new ids)"
        ) from error
    except stores.NotWhole as error:
        raise SettingsError(
            f"--state {folder.name}: not whole ({error}); begin with another folder"
        ) from error
    if model is not None and saved(models.read(model, secret)) != saved(judge):
        raise SettingsError(
            f"--state {folder.name}: made with another model than {model.name}; begin with another folder"
        )
    return state


def check(folder: Path, was: Terms, now: Terms) -> None:
    """Errors: SettingsError where a run would read or judge otherwise than those before it."""
    for name, old, new in (("threshold", was.threshold, now.threshold), ("region", was.region, now.region)):
        if old != new:
            raise SettingsError(
                f"--state {folder.name}: made with {name} {old}, now it is {new}; begin with another folder"
            )
    for role, count in now.columns.items():
        if count > was.columns.get(role, count):
            raise SettingsError(
                f"--state {folder.name}: made with {was.columns[role]} columns of {role}, now there are {count}; begin with another folder"
            )


def in_shape(people: People, terms: Terms) -> People:
    """The people with as many columns of each role as those with whom the state began; what they lack is empty."""
    nothing = pa.nulls(len(people), pa.string())
    columns = {role: list(own) for role, own in people.columns.items()}
    for role, count in terms.columns.items():
        own = columns.setdefault(role, [])
        own += [nothing] * (count - len(own))
    return replace(people, columns=columns)


def write(folder: Path, terms: Terms, judge: Frozen, store: Store) -> Store:
    """Keep a run: whole or not at all. Where the parts of the store have become too many, they become one."""
    folder.mkdir(parents=True, exist_ok=True)
    if store.run == 1:
        models.write(folder / MODEL, judge)
    return stores.write(folder, store, asdict(terms))
