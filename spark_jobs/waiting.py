"""What a run waits for: the deliveries of a business date that the bank cannot do without.

A run for D sees what arrived up to the cut-off on D+1, so waiting longer than that is no use: then the run starts and holds what
is missing, with a reason. Looks at names and control files only; what is inside is checked by bronze.
"""

from __future__ import annotations

from datetime import date, datetime

from spark_jobs.settings import Settings, overlaid_files, read_overlaid

SOURCES = "contracts/sources"


def _deliveries(settings: Settings) -> list[dict[str, object]]:
    contents = (
        read_overlaid(settings.conf_dirs, name) for name in overlaid_files(settings.conf_dirs, SOURCES)
    )
    return [content["delivery"] for content in contents if content]


def source_systems(settings: Settings) -> list[str]:
    """Codes of the source systems that any feed contract names, sorted; each is one task of bronze."""
    return sorted({str(delivery["system"]) for delivery in _deliveries(settings)})


def still_missing(settings: Settings, day: date) -> list[str]:
    """Files of required daily feeds for `day` that no control file in landing lists yet, sorted."""
    stamp = f"{day:%Y%m%d}"
    missing = []
    for delivery in _deliveries(settings):
        if not delivery.get("required") or delivery.get("cadence", "daily") != "daily":
            continue
        member = str(delivery["member"]).replace("{date}", stamp)
        system = str(delivery["system"])
        folder = settings.landing / system / stamp
        listed = {
            line.split("|")[0]
            for control in folder.glob(f"{system}_*.OK")
            for line in control.read_text(encoding="ascii", errors="replace").splitlines()
        }
        if member not in listed:
            missing.append(f"{system}/{stamp}/{member}")
    return sorted(missing)


def may_start(settings: Settings, day: date, now: datetime, cut_off: datetime) -> bool:
    """Whether a run for `day` may start at `now`: everything required is there, or the cut-off has passed."""
    return now >= cut_off or not still_missing(settings, day)
