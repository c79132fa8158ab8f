"""One process that reads one file in one way, and says what it cost: `python -m scripts.bench.ingest.reading HOW FILE CONF`, a JSON object out."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from scripts.bench.ingest.files import CLEAN, CLOSED, COLUMNS, DAY, arrow_types


def ours(path: Path, conf: Path) -> int:
    """Batches with places, bytes, hashes and reasons, as Spark's workers make them."""
    from pyspark.sql.types import StructType

    from spark_jobs.bronze.source import BankFiles

    source = BankFiles({"conf_dirs": json.dumps([str(conf)]), "files": json.dumps([given(path)])})
    reader = source.reader(StructType())
    return sum(batch.num_rows for part in reader.partitions() for batch in reader.read(part))  # type: ignore[union-attr]


def checked(path: Path, conf: Path) -> int:
    """The checks before loading: rows, sum, encoding, columns."""
    from spark_jobs.bronze.controls import verify
    from spark_jobs.contracts.sources import load_sources

    return verify(path, load_sources((conf,))[CLOSED], DAY, None, None).rows_found


def by_arrow(path: Path, conf: Path) -> int:
    from pyarrow import csv

    read = csv.ReadOptions(column_names=[c[0] for c in COLUMNS])
    with csv.open_csv(path, read, convert_options=csv.ConvertOptions(column_types=arrow_types())) as reader:
        return sum(batch.num_rows for batch in reader)


def by_duckdb(path: Path, conf: Path) -> int:
    import duckdb

    columns = {name: kind for name, _, _, kind in COLUMNS}
    duckdb.sql(
        "create table read as select * from read_csv($1, header = false, columns = $2)",
        params=[str(path), columns],
    )
    return int(duckdb.sql("select count(*) from read").fetchall()[0][0])


def given(path: Path) -> dict[str, object]:
    """The file as the bronze job names one to the data source."""
    return {
        "feed": CLEAN, "path": str(path), "bytes": path.stat().st_size, "file_id": "bench", "delivery_id": "bench", "business_date": str(DAY),
        "arrived_at": "2026-09-30T22:00:00",
    }  # fmt: skip


def peak_bytes() -> int:
    """The most this process held. `ru_maxrss` would count what its parent held when it was started."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


HOW: dict[str, Callable[[Path, Path], int]] = {
    "ours": ours, "checked": checked, "pyarrow": by_arrow, "duckdb": by_duckdb,
}  # fmt: skip

if __name__ == "__main__":
    began = monotonic()
    rows = HOW[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "rows": rows,
        "secs": monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_bytes": peak_bytes(),
    }
    print(json.dumps(told))
