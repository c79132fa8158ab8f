"""`make examples`: three public data sets, each as the only feed of a bank of its own, from file to profile and marts by YAML alone.

The files are read from EXAMPLES_DATA (default ../shared/data beside the repository) and copied under landing as they are; nothing of them
is kept in the repository. Each example has a lake of its own under <home>/examples, and its server is stopped when it is done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import monotonic

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent


@dataclass(frozen=True)
class Example:
    """One public file as one feed. `day` is the business date it is delivered for; `questions` are asked of the marts."""

    name: str
    file: str
    day: date
    questions: tuple[tuple[str, str], ...]

    @property
    def conf(self) -> Path:
        return HERE / self.name


CUSTOMERS = ("customers in mart.dim_customer", "select count(*) customers from mart.dim_customer")
EXAMPLES = (
    Example("card_default", "bank/uci_taiwan_card_default.csv.gz", date(2005, 9, 30), (
        CUSTOMERS,
        ("money, NT$", "select sum(aum_cny) aum, sum(loan_cny) loans from profile.customer_daily"),
        ("by sex", "select sex_code, count(*) n from profile.customer_current group by 1 order by 1"),
    )),
    Example("bank_marketing", "bank/uci_bank_marketing.csv.gz", date(2010, 11, 30), (
        CUSTOMERS,
        ("contacts in the ledger", "select channel_code, result_code, count(*) n from mart.fct_contact_ledger group by all order by 3 desc"),
    )),
    Example("cfpb_complaints", "voice/cfpb/cfpb_2015_28k_no_text.csv.gz", date(2015, 3, 19), (
        CUSTOMERS,
        ("complaints by state", "select state_code, count(*) n, count(assigned_at) passed_on from mart.fct_complaint_loop group by 1 order by 1"),
        ("by what they are about", "select class_l2_code, count(*) n from mart.fct_complaint_loop group by 1 order by 2 desc limit 5"),
    )),
)  # fmt: skip


def data_folder() -> Path:
    """Where the public files lie."""
    return Path(os.environ.get("EXAMPLES_DATA") or REPOSITORY.parent / "shared" / "data")


def lay_out(example: Example, landing: Path) -> Path:
    """Copy the file of an example under landing, byte for byte, into a folder of its day; it arrived before the cut-off of any time zone."""
    target = landing / str(example.day) / Path(example.file).name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(data_folder() / example.file, target)
    arrived = datetime.combine(example.day, time(21), UTC).timestamp()
    os.utime(target, (arrived, arrived))
    return target


def _oxpecker(home: Path, example: Example, *arguments: str) -> int:
    environment = {**os.environ, "OXPECKER_HOME": str(home), "OXPECKER_CONF": str(example.conf)}
    command = [str(Path(sys.executable).with_name("oxpecker")), *arguments]
    return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode


def run(example: Example, home: Path) -> int:
    """Deliver, run, ask; gives the exit code of the run."""
    began = monotonic()
    print(f"\n== {example.name}: {example.file}, delivered for {example.day}", flush=True)
    landing = home / "landing"
    lay_out(example, landing)
    try:
        code = _oxpecker(
            home,
            example,
            "backfill",
            "--from",
            str(example.day),
            "--to",
            str(example.day),
            "--landing",
            str(landing),
        )
    finally:
        _oxpecker(home, example, "down")
    for title, query in example.questions if code == 0 else ():
        print(f"-- {title}", flush=True)
        code = code or _oxpecker(home, example, "sql", query)
    print(f"== {example.name}: exit code {code}, {monotonic() - began:.0f} s", flush=True)
    return code


def main(names: list[str]) -> int:
    missing = [e.file for e in EXAMPLES if not (data_folder() / e.file).is_file()]
    if missing:
        print(
            f"examples: {data_folder()} lacks {', '.join(missing)}; set EXAMPLES_DATA to the folder that holds them",
            file=sys.stderr,
        )
        return 1
    home = Path(os.environ.get("OXPECKER_HOME") or REPOSITORY / "var").resolve() / "examples"
    chosen = [e for e in EXAMPLES if not names or e.name in names]
    return max((run(example, home / example.name) for example in chosen), default=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
