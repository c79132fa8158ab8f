"""What a run waits for: the deliveries of a business date that the bank cannot do without.

A run for D sees what arrived up to the cut-off on D+1, so waiting longer than that is no use: then the run starts and holds what
is missing, with a reason. Looks at names and control files only; what is inside is checked when it is loaded.
"""

from __future__ import annotations

from datetime import date, datetime

from spark_jobs.bronze.discovery import Package, arrived, listed
from spark_jobs.contracts import patterns
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.settings import Settings

EVER = datetime(9999, 12, 31)


def source_systems(settings: Settings) -> list[str]:
    """Senders that bronze can work on side by side, sorted: systems that send packages, and feeds that come as plain files."""
    sources = load_sources(settings.conf_dirs).values()
    return sorted({s.feed if s.delivery.member is None else s.delivery.system for s in sources})


def business_dates(settings: Settings) -> list[date]:
    """Days for which landing holds anything, sorted; those up to the newest opening package (sequence 00) are no business dates."""
    packages = arrived(settings, EVER, load_sources(settings.conf_dirs))
    opened = max((p.business_date for p in packages if p.sequence == 0), default=date.min)
    return sorted({p.business_date for p in packages if p.business_date > opened})


def still_missing(settings: Settings, day: date, now: datetime) -> list[str]:
    """Required feeds of which nothing for `day` has arrived at `now`, sorted."""
    sources = load_sources(settings.conf_dirs)
    packages = [p for p in arrived(settings, now, sources) if p.business_date == day]
    return sorted(
        source.feed
        for source in sources.values()
        if source.delivery.required and not any(_holds(package, source, day) for package in packages)
    )


def _holds(package: Package, source: SourceContract, day: date) -> bool:
    """Whether the package brings the feed; a package whose control file is still missing brings nothing yet."""
    if source.delivery.member is None:
        return package.system == source.feed
    if package.system != source.delivery.system or (package.ok is None and source.delivery.has_ok):
        return False
    if package.ok is None:
        return True
    member = patterns.named(source.delivery.member, day)
    asked = patterns.name_pattern(member) if "{part}" in member else None
    try:
        names = listed(package.ok)
        return any(asked.fullmatch(name) for name in names) if asked else member in names
    except ValueError:
        return True  # Malformed: it is here, and bronze will say what is wrong with it.


def may_start(settings: Settings, day: date, now: datetime, cut_off: datetime) -> bool:
    """Whether a run for `day` may start at `now`: everything required is there, or the cut-off has passed."""
    return now >= cut_off or not still_missing(settings, day, now)
