"""The event library (conf/codes/event_kind.csv): what if-then rules may rest on. No Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spark_jobs.errors import SettingsError, nearest


def check_events(alert: Mapping[str, Any], library: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse a rule that cites no event, or one the library does not explain."""
    for code, rule in alert["rules"].items():
        where = f"rules/alert.yml, {code} {rule['name']}"
        if not rule.get("events"):
            raise SettingsError(f"{where}: `events` is missing; a rule names the kinds of events it rests on")
        for event in rule["events"]:
            if event not in library:
                raise SettingsError(
                    f"{where}: no event `{event}` in codes/event_kind.csv; {nearest(str(event), library)}"
                )
