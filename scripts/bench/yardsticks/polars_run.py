"""Reads a CSV file without a header by polars, typed and whole: `python polars_run.py FILE COLUMNS`, COLUMNS a JSON object of column to type.

Runs in polars' own environment and knows nothing of this repository; says what it cost in the words of scripts/bench/ingest/reading.py.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from time import monotonic

import polars as pl

TYPES = {
    "string": pl.String(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "decimal(18,2)": pl.Decimal(18, 2),
}

if __name__ == "__main__":
    began = monotonic()
    schema = {name: TYPES[kind] for name, kind in json.loads(sys.argv[2]).items()}
    rows = pl.read_csv(sys.argv[1], has_header=False, schema=schema).height
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = int(Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) * 1024
    told = {
        "rows": rows,
        "secs": monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_bytes": peak,
    }
    print(json.dumps(told))
