"""How many customers and how much money a held file is about, read from the package where that still lies in landing. Nothing is loaded."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from spark_jobs.bronze import fast, steward_policy
from spark_jobs.bronze.archives import unpack
from spark_jobs.bronze.discovery import Package, arrived
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.reread import amount_of
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.steward.queue import Desk, Item

EVER = datetime(9999, 1, 1)


@dataclass(frozen=True)
class Touched:
    """customers: distinct keys of persons or agreements; largest: the largest amount as written, without its sign. Unreadable rows add nothing."""

    rows: int
    customers: int
    largest: Decimal | None


def touched(desk: Desk, item: Item) -> Touched | None:
    """None where the package is gone, is no package, or cannot be read at all."""
    source = desk.sources.get(item.feed)
    package = next(
        (
            p
            for p in arrived(desk.settings, EVER, desk.sources)
            if p.name == item.package and p.business_date == item.business_date
        ),
        None,
    )
    if source is None or package is None or not item.file:
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = _file(package, item, Path(folder))
            return _counted(path, source) if path is not None else None
        except (RecordError, ValueError, OSError, EOFError):
            return None


def _file(package: Package, item: Item, folder: Path) -> Path | None:
    return (
        package.path
        if item.file == package.name
        else unpack(package.path, folder, package.password).get(item.file)
    )


def _counted(path: Path, source: SourceContract) -> Touched:
    names = source.names()
    keys = [at for at, name in enumerate(names) if name in steward_policy.key_fields(source)][:1]
    amounts = [at for at, name in enumerate(names) if name in steward_policy.money_fields(source)]
    rows, owners, largest = 0, set(), None
    for some in fast.read(path, source):
        found = some.values.to_pylist() if isinstance(some, fast.Block) else [r.values for r in some]
        for values in found:
            rows += 1
            if values is None:
                continue
            owners |= {values[at] for at in keys if values[at]}
            for at in amounts:
                text = values[at]
                amount = amount_of(text, source.fields[at]) if text else None
                if amount is not None:
                    largest = max(abs(amount), largest or Decimal(0))
    return Touched(rows, len(owners), largest)
