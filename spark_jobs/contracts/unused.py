"""What is collected and used by nothing: the law asks for the least data that a purpose needs. No Spark.

A field of a feed is used where a map, the key, a check, a control or a gate names it, or where its contract says what it is `needed_for`
(a law, an audit). A column of silver is used where a later layer, a gate, a metric or a mart names it. Names are looked for as words, so a
column may pass for used by mistake, but none is reported that something names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spark_jobs.contracts.model import Contracts, PrivacyClass
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.settings import REPOSITORY, overlaid_files

# Folders of the product that read silver.
READERS = ("identity", "profile", "metrics", "models", "exports", "jobs", "explain", "steward", "whois")
# What stands in a table for its keeping, not for its meaning.
KEEPING = ("agreement_bucket", "business_date", "source_code")


@dataclass(frozen=True)
class Unused:
    """A field or column that nothing reads; `place` is the feed or the table."""

    place: str
    name: str
    privacy: PrivacyClass


def unused_fields(sources: Mapping[str, SourceContract], gates: str) -> list[Unused]:
    """Fields of feeds that nothing uses, those that identify a person first. gates: the text of all gates."""
    named = _words(gates)
    found = []
    for feed, source in sources.items():
        used = {
            *source.key,
            *source.not_null,
            *source.in_order,
            *source.keep,
            *(w for s in source.sums.values() for w in (s.of, *s.where, *s.where_not)),
        }
        used |= {word for text in _texts(source.maps) for word in _words(text)}
        found += [
            Unused(feed, f.name, f.privacy)
            for f in source.fields
            if f.name not in used and f.name not in named and not f.needed_for
        ]
    return _gravest_first(found)


def unread_columns(contracts: Contracts, readers: str) -> list[Unused]:
    """Columns of silver that no later layer names, those that identify a person first. readers: the text of all that could name them."""
    named = _words(readers)
    found = [
        Unused(table.table, column, contracts.field(column).privacy)
        for table in contracts.tables.values()
        if table.layer == "silver"
        for column in table.columns
        if column not in named and column not in KEEPING and column not in table.key
    ]
    return _gravest_first(found)


def gates_of(dirs: Sequence[Path]) -> str:
    """The text of all gates of these configuration folders."""
    return _text(d / name for name in overlaid_files(tuple(dirs), "gates") for d in dirs)


def readers_of(dirs: Sequence[Path]) -> str:
    """The text of everything that reads silver: code of later layers, marts, gates and metrics."""
    code = [p for folder in READERS for p in sorted((REPOSITORY / "spark_jobs" / folder).rglob("*.py"))]
    marts = sorted((REPOSITORY / "dbt_project").rglob("*.sql"))
    gates = sorted((REPOSITORY / "expectations").rglob("*.py"))
    metrics = [d / name for name in overlaid_files(tuple(dirs), "metrics") for d in dirs]
    return "\n".join((_text([*code, *marts, *gates, *metrics]), gates_of(dirs)))


def _gravest_first(found: list[Unused]) -> list[Unused]:
    order = (PrivacyClass.IDENTIFYING, PrivacyClass.FINANCIAL, PrivacyClass.C1)
    return sorted(found, key=lambda u: (order.index(u.privacy), u.place, u.name))


def _text(paths: Any) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _texts(content: Any) -> Iterator[str]:
    """Every value of a map's expressions as text; its keys are our columns, not the supplier's fields."""
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)
    else:
        yield str(content)
