"""Whether the lines that a contract leaves out above the records of a file are none of them. No Spark.

`skip_lines` is for titles. A supplier who stops writing one would lose a record of each file in silence: nothing counts a line that was
skipped. Where a header follows, the first record would be taken for it and hold the file; where none does, this tells.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import read_lines
from spark_jobs.contracts.sources import SourceContract

# So many records say what values look like; fewer than the second say nothing.
MOST_RECORDS, LEAST_RECORDS = 500, 3


def is_record_above(path: Path, source: SourceContract) -> bool:
    """Whether the last line left out looks like the records below it in every field, figures in at least one; false where none is left out."""
    layout = source.layout
    if not layout.skip_lines or layout.header or layout.kind not in ("delimited", "fixed"):
        return False
    try:
        made = Cut(path, source)
        above = made.above
        records = [
            r.values for r in islice(read_lines(made.details(), None, source), MOST_RECORDS) if r.values
        ]
    except RecordError:  # the file is held for it
        return False
    read = list(read_lines(iter([above]), None, source)) if above is not None else []
    values = read[0].values if read else None
    if values is None or len(records) < LEAST_RECORDS:
        return False
    shapes = [{_shape(record[at]) for record in records} for at in range(len(values))]
    is_alike = all(_shape(value) in seen for value, seen in zip(values, shapes, strict=True))
    return is_alike and any("9" in _shape(value) for value in values)


def _shape(value: str | None) -> str:
    """Figures, letters and hanzi as one sign each, however many; other signs as they are."""
    signs = re.sub(r"[^\W\d_\u2e80-\U0003ffff]+", "a", value or "")
    return re.sub(r"\d+", "9", re.sub(r"[\u2e80-\U0003ffff]+", "字", signs))
