"""The bank that the journeys walk through, and lakes beside each other on the one server.

Four dates with a month end (27 to 30 September), fifty people, the demo bank's usual dirt with its resend of the survey package of the
28th; brought by hand: calls of the 28th that arrive a day late, two records of one person that become one customer on the 29th, and
messages of the 30th that were damaged on their way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from spark_jobs import runner
from spark_jobs import settings as settings_module
from spark_jobs.compare import Difference, Side, compare
from spark_jobs.contracts import load
from spark_jobs.dates import DateRange
from spark_jobs.exports import published
from spark_jobs.runner import RunSummary
from spark_jobs.settings import Settings
from tests.support.packages import add_lines, arrive, damage, take_back

DATES = DateRange.parse("2026-09-27", "2026-09-30")
LATE = date(2026, 9, 28)
MERGED_ON = date(2026, 9, 29)
# Of people who do not exist: region 3398 is nobody's.
_CERTIFICATE = "339801199003070013"
_PARTY = "{no}|+|1|+|林知远|+|LIN ZHIYUAN|+|1|+|1990-03-07|+|CHN|+|000000000|+|1|+||+||+|2016-05-03 09:24:00|+|{at}|+|0"
_CERT = "{no}|+|01|+|{cert}|+|滨江市公安局|+|2019-11-05|+|2039-10-31|+|1|+|1|+|{at}|+|0"
TWINS = ("E799000001", "E799000002")


@dataclass(frozen=True)
class Walk:
    """One lake of the bank."""

    settings: Settings

    def run(self, dates: DateRange, kind: str = "backfill") -> RunSummary:
        return runner.run_range(self.settings, dates, kind)

    def rows(self, table: str, statement: str) -> list[tuple[object, ...]]:
        return published.ledger(self.settings, table, statement)[1]

    @property
    def side(self) -> Side:
        return Side(self.settings.home, self.settings.prefix)


def differences(reference: Walk, got: Walk) -> tuple[int, list[Difference]]:
    """How many tables were compared in current belief, and those that are not the same."""
    return compare(reference.side, got.side, load(reference.settings.conf_dirs))


def checked_certificate() -> str:
    """The number with its right check character (GB 11643: weights 2^(17-i) mod 11)."""
    body = _CERTIFICATE[:17]
    total = sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Landing of the bank; to be read only."""
    folder = tmp_path_factory.mktemp("bank")
    command = [sys.executable, "-c", "from spark_jobs.cli import main; main()", "demo-bank", "generate", "--size", "nano",
               "--from", str(DATES.first), "--to", str(DATES.last), "--out", str(folder)]  # fmt: skip
    subprocess.run(command, cwd=settings_module.REPOSITORY, check=True, capture_output=True)
    landing = folder / "landing"
    shutil.rmtree(folder / "truth")
    arrive(landing, "MBANK", LATE, "2026-09-29T10:00:00Z")
    take_back(landing, "MSG", LATE, f"SEND_{LATE:%Y%m%d}.csv", "2026-09-29T11:00:00Z")
    damage(landing, "MSG", DATES.last, f"SEND_{DATES.last:%Y%m%d}.csv")
    first = f"{DATES.first} 13:47:36"
    add_lines(landing, "ECIF", DATES.first, f"PARTY_{DATES.first:%Y%m%d}.txt",
              [_PARTY.format(no=no, at=first) for no in TWINS])  # fmt: skip
    add_lines(landing, "ECIF", MERGED_ON, f"PARTY_CERT_{MERGED_ON:%Y%m%d}.txt",
              [_CERT.format(no=no, cert=checked_certificate(), at=f"{MERGED_ON} 13:47:36") for no in TWINS])  # fmt: skip
    return landing


@pytest.fixture(scope="session")
def walk(
    spark: SparkSession, server_settings: Settings, bank: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Walk]]:
    """Makes lakes of the bank on the one server, each with a home of its own."""
    given = server_settings.server
    remote = given.remote or f"sc://127.0.0.1:{given.connect_port}"
    made: list[Settings] = []

    def make(name: str) -> Walk:
        base = settings_module.load(home=tmp_path_factory.mktemp(name), landing=bank)
        server = settings_module.ServerSettings(remote=remote, thrift_port=given.thrift_port)
        made.append(base.with_(prefix=f"j_{name}_", server=server))
        return Walk(made[-1])

    yield make
    for settings in made:
        for schema in spark.catalog.listDatabases(f"{settings.prefix}*"):
            spark.sql(f"DROP DATABASE IF EXISTS `{schema.name}` CASCADE")


@pytest.fixture(scope="session")
def undisturbed(walk: Callable[[str], Walk]) -> Walk:
    """All four dates by one run that nothing disturbed: what the others are held against. To be read only."""
    made = walk("undisturbed")
    summary = made.run(DATES)
    assert (summary.state, summary.exit_code, summary.message) == ("published", 0, "")
    return made


def environment(settings: Settings) -> dict[str, str]:
    """What a process is told to find this lake."""
    told = {
        "OXPECKER_HOME": str(settings.home), "OXPECKER_LANDING": str(settings.landing), "OXPECKER_PREFIX": settings.prefix,
        "OXPECKER_CONNECT_PORT": str(settings.server.connect_port), "OXPECKER_THRIFT_PORT": str(settings.server.thrift_port),
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OXPECKER_")}
    return {**kept, **told}
