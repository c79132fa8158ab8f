"""Purge everybody who is erased: remember the ids, take the rows, the packages and the old files, look for what is left, certify.

Bronze goes before silver, whose rows tell what of bronze is theirs; ids are remembered before anything goes. A purge that was killed is
repeated and finds the rest. What was purged before is found again only where a source sent it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from spark_jobs import settings as settings_module
from spark_jobs import stored
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.erasure import certificates, handed_out, mentions, purge, reach, remembered, scan
from spark_jobs.erasure.delivered import Delivered, Place, delivered
from spark_jobs.erasure.gone import Gone
from spark_jobs.erasure.gone import found as find_gone
from spark_jobs.erasure.mentions import QUARANTINE, Values
from spark_jobs.erasure.reach import Reached
from spark_jobs.erasure.store import Store, listed
from spark_jobs.exports import release as releases
from spark_jobs.exports.release import Release
from spark_jobs.processes import one_at_a_time
from spark_jobs.settings import Settings

PURGED, PINNED, KEPT = "purged", "pinned", "kept"
# Layers in the order in which their rows go: what tells where others lie goes last.
ORDER = ("mart_build", "mart", "export", "metric", "profile", "identity", "silver")
Rows = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Plan:
    """What lies there of the persons who are erased.

    above       tables above bronze          bronze     records as delivered, by feed
    mentioned   feed → records of others     quarantine ids of records of theirs, and of records that mention them → customer
    packages    folders of packages for CRM that hold them, and of the release that is shown now
    pinned      published table → customer → rows that the current release shows
    """

    gone: Gone
    above: list[Reached]
    bronze: list[Delivered]
    mentioned: Mapping[str, Mapping[Place, str]]
    own_quarantine: Mapping[str, str]
    quarantine: Mapping[str, str]
    packages: list[Path]
    shown_packages: list[Path]
    pinned: Rows
    release: Release | None
    values: Values = field(repr=False)

    def rows(self) -> dict[str, Counter[str]]:
        """Table → customer → rows that go."""
        told = {r.table: Counter(r.rows) for r in self.above if not r.emptied}
        told |= {f"bronze.{d.feed}": Counter(d.goes.values()) for d in self.bronze if d.goes}
        if self.own_quarantine:
            told[QUARANTINE] = Counter(self.own_quarantine.values())
        return told

    def blanked(self) -> dict[str, Counter[str]]:
        """Table → customer → rows that stay without what names the person."""
        told = {r.table: Counter(r.rows) for r in self.above if r.emptied}
        for feed, places in self.mentioned.items():
            told[f"bronze.{feed}"] = Counter(places.values())
        if self.quarantine:
            told[QUARANTINE] = Counter(self.quarantine.values())
        return told


@dataclass(frozen=True)
class Outcome:
    """What a purge did. certificates: rows as they were entered; none where nothing was found and nothing changed."""

    persons: int
    waiting: int
    files_removed: int
    certificates: list[dict[str, Any]]


def plan(store: Store) -> Plan:
    """Look, and change nothing."""
    gone = find_gone(store)
    sources = load_sources(store.settings.conf_dirs)
    bronze = delivered(store, gone) if gone.asked else []
    told = mentions.values(store, gone, bronze)
    mentioned = {}
    for each in bronze:
        found = mentions.in_bronze(store, sources[each.feed], told, each.goes) | each.shared
        if found:
            mentioned[each.feed] = found
    goes = {place: customer for each in bronze for place, customer in each.goes.items()}
    own = _own_quarantine(store, goes)
    quarantine = mentions.in_quarantine(store, _encodings(sources), told)
    release = releases.current(store.settings)
    old, shown = handed_out.packages(store, gone.keys["crm"], release.release_id if release else None)
    return Plan(
        gone, reach.reached(store, gone) if gone.asked else [], bronze, mentioned, own,
        {q: c for q, c in quarantine.items() if q not in own}, old, shown, _pinned(store, gone, release), release, told,
    )  # fmt: skip


def run(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Outcome:
    """Purge and certify. Not while a run is under way: what it has read would be written again."""
    store = Store(settings, clock)
    rules = settings_module.rules(settings, "erasure")
    with one_at_a_time(settings.home / "leases" / f"{settings.prefix}erasure.lock"):
        found = plan(store)
        if not found.gone.asked:
            return Outcome(0, found.gone.waiting, 0, [])
        landing, archive = _landing(store, found.bronze), _relationship_ends(store, found.gone)
        remembered.enter(store, found.gone)
        blanked_lines = _purge(store, found, load_sources(settings.conf_dirs))
        removed = _beside(store, found) + _old_files(store, found.release, int(rules["history_days"]))
        pinned = _pinned(store, found.gone, found.release)
        hits, scanned = _scan(store, found.values)
        rows = [
            told
            for customer in sorted(found.gone.asked)
            if (told := _certificate(store, found, pinned, customer, rules, landing, archive)) is not None
        ]
        employed = {
            source.table for source in load_sources(settings.conf_dirs).values() if "staff" in source.maps
        }
        for row in rows:
            if employed & hits.get(row["customer_id"], {}).keys():
                row["exemption_codes"].append("staff_record")
            row |= {
                "removed_file_cnt": removed, "scanned_file_cnt": scanned,
                "scan_hits": hits.get(row["customer_id"], {}) if found.values.of([row["customer_id"]]) else None,
            }  # fmt: skip
            row["blanked_rows"] |= blanked_lines
        return Outcome(
            len(found.gone.asked),
            found.gone.waiting,
            removed,
            certificates.enter(store, rows) if rows else [],
        )


def _purge(store: Store, found: Plan, sources: Mapping[str, SourceContract]) -> dict[str, int]:
    """Take the rows; gives counts of stewards' lines, which are nobody's table."""
    for each in found.bronze:
        source = sources[each.feed]
        purge.delete_places(store, source.table, each.goes)
        mentions.blank_in_bronze(store, source, found.mentioned.get(each.feed, {}), found.values)
    if found.own_quarantine:
        purge.delete(store, QUARANTINE, f"quarantine_id in ({listed(sorted(found.own_quarantine))})")
    mentions.blank_in_quarantine(store, _encodings(sources), found.quarantine, found.values)
    texts = found.values.of(found.values.numbers)
    entered = {r["d"] for r in store.ask("select decision_id as d from {t}", t="ops.steward_decision")}
    lines = {
        "steward/decisions.jsonl": handed_out.stewards_lines(store.settings, found.gone.keys["party"], texts, entered),
        "steward/desk.jsonl": handed_out.stewards_seals(store.settings, found.values, found.own_quarantine),
    }  # fmt: skip
    for reached in sorted(found.above, key=_place_in_order):
        if reached.emptied:
            purge.empty(store, reached)
        else:
            purge.delete(store, reached.table, reached.condition)
    return {name: count for name, count in lines.items() if count}


def _place_in_order(reached: Reached) -> tuple[int, bool, str]:
    layer = reached.table.split(".", 1)[0]
    at = ORDER.index(layer) if layer in ORDER else 0
    # Who has which agreement, and what the numbers are, is asked of these.
    return at, reached.table.startswith("silver.party"), reached.table


def _beside(store: Store, found: Plan) -> int:
    return sum(handed_out.withdraw(folder) for folder in found.packages) + handed_out.made_again(
        store.settings
    )


def _old_files(store: Store, release: Release | None, days: int) -> int:
    """Old versions of every table, but those that the current release shows."""
    pins: dict[str, list[int]] = {}
    for shown in release.tables.values() if release else ():
        pins.setdefault(str(Path(shown.path)), []).append(shown.version)
    count = 0
    for table in store.tables():
        with store.lease(table):
            keep = pins.get(str(store.folder(table)), [])
            count += purge.remove(purge.stale_files(store, table, keep, days))
    return count


def _pinned(store: Store, gone: Gone, release: Release | None) -> dict[str, dict[str, int]]:
    """Rows of theirs at the versions that the current release shows."""
    told: dict[str, dict[str, int]] = {}
    for name, table in sorted(release.tables.items()) if release else ():
        shown = DeltaTable(table.path, version=table.version)
        owning = [
            c
            for c in (f.name for f in shown.schema().fields)
            if c in reach.OWNED and gone.keys[reach.OWNED[c]]
        ]
        for column in owning:
            keys = gone.keys[reach.OWNED[column]]
            rows = store.ask(
                f"select {column} as k, count(*) as n from {{t}} where {column} in ({listed(sorted(keys))}) group by 1",
                t=stored.dataset(shown),
            )  # fmt: skip
            for row in rows:
                counts = told.setdefault(name, {})
                counts[keys[row["k"]]] = counts.get(keys[row["k"]], 0) + row["n"]
    return told


def _certificate(
    store: Store, found: Plan, pins: Rows, customer: str, rules: Mapping[str, Any], landing: Mapping[str, tuple[int, date]],
    archive: Mapping[str, date | None],
) -> dict[str, Any] | None:  # fmt: skip
    """The row of one person, None where nothing was found and the last certificate still says how it is."""
    purged, blanked = _of(found.rows(), customer), _of(found.blanked(), customer)
    pinned = _of(pins, customer)
    state = (
        PINNED
        if pinned or found.shown_packages
        else KEPT
        if int(rules["history_days"]) and purged
        else PURGED
    )
    before = [c for c in certificates.read(store) if c["customer_id"] == customer]
    if not purged and not blanked and before and before[-1]["erasure_state_code"] == state:
        return None
    asked = found.gone.asked[customer]
    packages, until = landing.get(customer, (0, None))
    exemptions = ["statutory_archive"] if customer in archive else []
    if found.gone.shared:
        exemptions.append("joint_agreement")
    return {
        "customer_id": customer, "erased_at": asked, "erasure_due_at": asked + timedelta(hours=int(rules["erasure_hours"])),
        "purged_at": store.clock(), "erasure_state_code": state, "purged_rows": purged, "blanked_rows": blanked,
        "pinned_rows": pinned, "pinned_release_id": found.release.release_id if found.release and state == PINNED else None,
        "landing_package_cnt": packages,
        "landing_until_date": until + timedelta(days=int(rules["landing_days"])) if until else None,
        "archive_until_date": certificates.years_after(end, int(rules["statutory_years"])) if (end := archive.get(customer)) else None,
        "exemption_codes": exemptions,
    }  # fmt: skip


def _of(rows: Mapping[str, Mapping[str, int]], customer: str) -> dict[str, int]:
    return {table: counts[customer] for table, counts in sorted(rows.items()) if counts.get(customer)}


def _own_quarantine(store: Store, goes: Mapping[Place, str]) -> dict[str, str]:
    """Records in quarantine that stewards mended and that lie in bronze as the person's: id → customer."""
    rows = (
        store.ask("select quarantine_id as q, file_id as f, line_no as n from {t}", t=QUARANTINE)
        if goes
        else []
    )
    return {r["q"]: goes[r["f"], r["n"]] for r in rows if (r["f"], r["n"]) in goes}


def _landing(store: Store, bronze: Iterable[Delivered]) -> dict[str, tuple[int, date]]:
    """Customer → packages that had records of theirs, and the day on which the last one came."""
    files = {r["f"]: r for r in store.ask(
        "select file_id as f, package_name as p, business_date as d, arrived_at as a from {t}", t="ops.delivery_file")}  # fmt: skip
    packages: dict[str, dict[tuple[str, date], date]] = {}
    for each in bronze:
        for (file, _), customer in each.goes.items():
            told = files.get(file)
            if told is not None:
                came = told["a"].date() if told["a"] else told["d"]
                packages.setdefault(customer, {})[told["p"] or file, told["d"]] = came
    return {customer: (len(found), max(found.values())) for customer, found in packages.items()}


def _relationship_ends(store: Store, gone: Gone) -> dict[str, date | None]:
    """Customers with an agreement → the day on which the last one was closed; None while one is open."""
    closed = {
        r["a"]: r["c"]
        for r in store.ask("select agreement_id as a, closed_date as c from {t}", t="silver.agreement")
    }
    ends: dict[str, list[date | None]] = {}
    for agreement, customer in gone.keys["agreement"].items():
        if agreement in closed:
            ends.setdefault(customer, []).append(closed[agreement])
    return {customer: None if None in days else max(d for d in days if d) for customer, days in ends.items()}


def _scan(store: Store, told: Values) -> tuple[dict[str, dict[str, int]], int]:
    """Customer → place → files in which one of the texts still stands, and how many files were looked at."""
    texts = {customer: told.of([customer]) for customer in sorted({*told.numbers, *told.names})}
    left = (store.settings.landing.parent, store.settings.landing)
    hits, scanned = scan.found(store.settings.home, texts, left)
    places = {customer: Counter(_place(store, path) for path in files) for customer, files in hits.items()}
    return {customer: dict(sorted(counts.items())) for customer, counts in places.items()}, scanned


def _place(store: Store, path: Path) -> str:
    """A table of the lake, or the folder of the home."""
    parts = path.relative_to(store.settings.home).parts
    if parts[0] == store.settings.warehouse.name and len(parts) > 2:
        return f"{parts[1].removeprefix(store.settings.prefix)}.{parts[2]}"
    return parts[0]


def _encodings(sources: Mapping[str, SourceContract]) -> dict[str, str]:
    return {feed: source.layout.encoding for feed, source in sources.items()}
