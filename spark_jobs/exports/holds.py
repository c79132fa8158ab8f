"""What holds the whole CRM export back (rules: export, E1 and E5). Pure Python: facts in, reasons out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from spark_jobs.contracts.sources import SourceContract


def needed_feeds(sources: Mapping[str, SourceContract], entities: Iterable[str]) -> list[SourceContract]:
    """Feeds that fill these entities, by name. A bank without any has nothing that could be stale."""
    wanted = set(entities)
    return [source for _, source in sorted(sources.items()) if wanted & set(source.maps)]


def stale_feeds(feeds: Iterable[SourceContract], loaded: Iterable[tuple[str, date]], day: date) -> list[str]:
    """Feeds of which no delivery of the business date (or a later one) is loaded; `<feed>:<newest date or never>`.

    loaded: (feed, business date) of loaded files. A feed that its contract carries forward is fresh with any earlier delivery.
    """
    newest: dict[str, date] = {}
    for feed, of in loaded:
        newest[feed] = max(of, newest.get(feed, of))
    stale = []
    for source in feeds:
        last = newest.get(source.feed)
        if last is None or (last < day and not source.delivery.carry_forward):
            stale.append(f"{source.feed}:{last or 'never'}")
    return stale


def reasons(stale: Sequence[str], identity_until: date | None, failed_checks: int, day: date) -> list[str]:
    """Why nothing may be sent for the day, empty where nothing holds it.

    identity_until  last date identity was decided for, None where no ledger tells; failed_checks: critical ones of the customer view
    """
    told = [f"stale:{each}" for each in stale]
    if identity_until is not None and identity_until < day:
        told.append(f"stale:identity:{identity_until}")
    if failed_checks:
        told.append(f"gate:profile:{failed_checks}")
    return told


def newest_failures(verdicts: Iterable[Mapping[str, Any]], day: date) -> int:
    """Critical checks of the profile gate that failed the newest time it spoke of the day."""
    about = [v for v in verdicts if v["gate_code"] == "profile" and v["from_date"] <= day <= v["to_date"]]
    if not about:
        return 0
    newest = max(v["judged_at"] for v in about)
    return sum(
        v["judged_at"] == newest and v["check_severity_code"] == "fail" and v["verdict_code"] == "fail"
        for v in about
    )
