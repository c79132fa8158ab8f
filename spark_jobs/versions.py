"""Short names of what rows are made by: the rules' version and the run's id. Both are hashes of content, never of a clock."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from spark_jobs import pipeline
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.shape import plain
from spark_jobs.dates import DateRange
from spark_jobs.settings import IDENTITY_MODEL, Settings, overlaid_files, read_overlaid

DECLARED = ("rules", "metrics", "contracts", "fields")


def rules_version(settings: Settings) -> str:
    """Short hash of what the bank declares, after the overlays: rules, metrics, contracts, fields and code lists.

    Whoever mends a map or a code list and runs the same day again gets rows made anew.
    """
    dirs = settings.conf_dirs
    content: dict[str, Any] = {
        name: plain(read_overlaid(dirs, name), name)
        for folder in DECLARED
        for name in overlaid_files(dirs, folder)
    }
    for name in overlaid_files(dirs, "codes", "*.csv"):
        content[name] = load_codes(dirs, Path(name).stem)
    # What was learned counts as declared: another model makes rows anew.
    models = [path.read_bytes() for folder in dirs if (path := folder / IDENTITY_MODEL).is_file()]
    content["models"] = [hashlib.sha256(text).hexdigest() for text in models[-1:]]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def run_id(dates: DateRange, deliveries: str, rules: str) -> str:
    """Hash of the range, the deliveries that had arrived, the rules and the logic of every stage."""
    logic = {j.name: j.logic_version for j in pipeline.JOBS}
    content = json.dumps([str(dates), deliveries, rules, logic], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]
