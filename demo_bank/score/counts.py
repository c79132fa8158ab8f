"""Counts per defect code, without anything of the truth: for the command line, for scripts, and for the steward's report."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo_bank.score.catalogue import NAMES
from demo_bank.score.defects import CodeScore
from demo_bank.score.handled import Handling, unmeasured
from spark_jobs.exports.release import current
from spark_jobs.settings import Settings


def plain(
    scores: Sequence[CodeScore], alarms: Mapping[str, int], handlings: Sequence[Handling] = ()
) -> dict[str, Any]:
    """As one JSON object: codes in order; false alarms by reason, those of no planted code apart; what is not measured, and why.

    handlings  of the defects that need no reason, where the lake was asked for them
    """
    measured = {each.code: each for each in handlings}
    known = {reason for each in scores for reason in each.reasons}
    return {
        "codes": [
            {
                "code": each.code, "name": NAMES.get(each.code, ("", ""))[0], "name_zh": NAMES.get(each.code, ("", ""))[1],
                "planted": each.planted, "reportable": each.reportable, "noticed": each.noticed, "recall": each.recall,
                "false_alarms": sum(alarms.get(reason, 0) for reason in each.reasons), "reasons": list(each.reasons), "handling": _handling(measured.get(each.code)),
            }
            for each in scores
        ],
        "false_alarms": dict(sorted(alarms.items())),
        "false_alarms_of_no_code": sum(n for reason, n in alarms.items() if reason not in known),
        "reportable": sum(each.reportable for each in scores),
        "noticed": sum(each.noticed for each in scores),
        "judged": sum(each.judged for each in handlings), "handled": sum(each.handled for each in handlings),
        "not_measured": unmeasured(NAMES, measured, [each.code for each in scores if each.reportable]) if handlings else {},
    }  # fmt: skip


def _handling(found: Handling | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "means": found.means, "planted": found.planted, "judged": found.judged, "handled": found.handled, "recall": found.recall,
        "false_alarms": found.false_alarms,
    }  # fmt: skip


def place(settings: Settings) -> Path:
    """Where the report looks for them."""
    return settings.home / "score" / f"{settings.prefix}defects.json"


def write(settings: Settings, counts: Mapping[str, Any]) -> Path:
    """Leave the counts for the report, with the release they speak of. The same counts of the same release change nothing."""
    release = current(settings)
    told = {
        "release_id": release.release_id if release else None,
        "business_date": release.business_date if release else None,
        **counts,
    }
    path = place(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(fresh, path)
    return path
