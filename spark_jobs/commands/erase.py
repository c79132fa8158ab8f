"""`oxpecker erase`: what of an erased person still lies on disk, taking it away, and the proof. Shows ids and counts, never a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typer
from rich.table import Table

from spark_jobs.console import Conf, Json, Landing, NearestName, Profile, load_settings, out
from spark_jobs.errors import OxpeckerError

app = typer.Typer(
    cls=NearestName, no_args_is_help=True, help="Purge persons who asked to be erased, and prove it."
)


@app.command("plan")
def erase_plan(
    as_json: Json = False, profile: Profile = None, conf: Conf = None, landing: Landing = None
) -> None:
    """Who is erased and what of them lies where; changes nothing, needs no JVM."""
    from spark_jobs.erasure import erase
    from spark_jobs.erasure.store import Store

    found = erase.plan(Store(load_settings(profile, conf, landing)))
    rows = {table: dict(counts) for table, counts in sorted(found.rows().items())}
    blanked = {table: dict(counts) for table, counts in sorted(found.blanked().items())}
    if as_json:
        told = {
            "erased": {customer: at.isoformat() for customer, at in sorted(found.gone.asked.items())},
            "waiting": found.gone.waiting, "goes": rows, "is_blanked": blanked, "pinned": found.pinned,
            "packages": len(found.packages), "packages_of_the_release": len(found.shown_packages),
        }  # fmt: skip
        print(json.dumps(told, indent=1))
        return
    _tell_waiting(found.gone.waiting)
    if not found.gone.asked:
        out.print("nobody is erased")
        return
    out.print(f"{len(found.gone.asked)} persons are erased")
    table = Table("table", "persons", "rows that go", "rows that are blanked")
    for name in sorted({*rows, *blanked}):
        goes, stays = rows.get(name, {}), blanked.get(name, {})
        table.add_row(name, str(len({*goes, *stays})), f"{sum(goes.values()):,}", f"{sum(stays.values()):,}")
    if rows or blanked:
        out.print(table)
    else:
        out.print("nothing of them is left in a table's newest version")
    if found.packages:
        out.print(f"{len(found.packages)} packages for CRM hold them and would be withdrawn")
    for name, counts in sorted(found.pinned.items()):
        shown = found.release.release_id if found.release else ""
        out.print(f"release {shown} shows {sum(counts.values()):,} rows of them in {name} until the next one")


@app.command("run")
def erase_run(profile: Profile = None, conf: Conf = None, landing: Landing = None) -> None:
    """Purge: rows of every layer, packages, copies and old files; then look for what is left, and certify. Twice is harmless; not during a run."""
    from spark_jobs.erasure import erase

    settings = load_settings(profile, conf, landing)
    outcome = erase.run(settings)
    _tell_waiting(outcome.waiting)
    if not outcome.persons:
        out.print("nobody is erased")
        return
    if not outcome.certificates:
        out.print(f"{outcome.persons} persons are erased; nothing of them was found, nothing changed")
        return
    for row in outcome.certificates:
        _tell(row)
    if any(row["erasure_state_code"] == erase.PINNED for row in outcome.certificates):
        out.print(
            "run the next business date, or the same again, and then `oxpecker erase run`: what that release shows goes with it"
        )
    if any(row["scan_hits"] for row in outcome.certificates):
        out.print(
            'what the scan found is listed by table or folder on the certificate; see docs/runbook.md, "somebody asks to be erased"'
        )


@app.command("certificates")
def erase_certificates(as_json: Json = False, profile: Profile = None, conf: Conf = None) -> None:
    """All certificates, and whether each is as it was written and follows the one before it; exit code 1 where one is not."""
    from spark_jobs.erasure import certificates
    from spark_jobs.erasure.store import Store

    store = Store(load_settings(profile, conf))
    rows, broken = certificates.read(store), certificates.broken_at(store)
    if as_json:
        print(json.dumps({"certificates": rows, "broken_at": broken}, default=str, indent=1))
    else:
        for row in rows:
            _tell(row)
        out.print(
            f"{len(rows)} certificates, {'the chain holds' if broken is None else f'broken at number {broken}'}"
        )
    if broken is not None:
        raise OxpeckerError(f"certificate {broken} was changed, or one before it is missing")


def _tell_waiting(waiting: int) -> None:
    if waiting:
        out.print(
            f"{waiting} records were asked for and no run has taken them up, or no source ever delivered them"
        )


def _tell(row: Mapping[str, Any]) -> None:
    purged, blanked = row["purged_rows"] or {}, row["blanked_rows"] or {}
    late = row["purged_at"] > row["erasure_due_at"]
    out.print(f"certificate {row['certificate_no']} {row['certificate_id']}", highlight=False)
    facts = {
        "customer": row["customer_id"],
        "asked": f"{_minute(row['erased_at'])}, due {_minute(row['erasure_due_at'])}, purged {_minute(row['purged_at'])}{' (late)' if late else ''}",
        "state": row["erasure_state_code"],
        "rows": f"{sum(purged.values()):,} went from {len(purged)} tables, {sum(blanked.values()):,} blanked in {len(blanked)}",
        "files": f"{row['removed_file_cnt']:,} removed; {row['scanned_file_cnt']:,} scanned, "
        + ("nothing to look for was left" if row["scan_hits"] is None else _hits(row["scan_hits"])),
        "release": f"{row['pinned_release_id']} shows {sum((row['pinned_rows'] or {}).values()):,} rows until the next" if row["pinned_release_id"] else "",
        "landing": f"{row['landing_package_cnt']} packages of the bank's, until {row['landing_until_date']}" if row["landing_package_cnt"] else "",
        "exemptions": ", ".join(row["exemption_codes"] or ()) + (f" until {row['archive_until_date']}" if row["archive_until_date"] else ""),
    }  # fmt: skip
    for name, value in facts.items():
        if value:
            out.print(f"  {name:<11} {value}", highlight=False, soft_wrap=True)


def _hits(found: Mapping[str, int]) -> str:
    return ", ".join(f"{place}: {count}" for place, count in sorted(found.items())) if found else "0 hits"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
