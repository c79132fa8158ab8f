"""The same jobs on a real cluster: a profile says where, no job knows the difference."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from deltalake import DeltaTable

from spark_jobs import server
from spark_jobs import settings as settings_module
from spark_jobs.compare import Side, compare
from spark_jobs.contracts import load
from spark_jobs.settings import REPOSITORY
from tests.conftest import free_port
from tests.support.cluster import standalone_cluster

# Byte reader, conformed tables, identity's Arrow functions, and the clocks of complaints, which run by `mapInArrow`.
JOBS = ("bronze", "silver", "identity", "profile_s")
CLOCKS = "profile.s_complaint_clock"
# Records of fixed width with people, accounts and loans beside their codes, and the complaints that the clocks are for.
SYSTEMS = "CORE,REF,LOAN,CMPL"
DAYS = ("2026-09-21", "2026-09-30")


def profile(folder: Path, master: str) -> Path:
    """A bank's own configuration folder whose only content is where the cluster is."""
    shipped = yaml.safe_load((REPOSITORY / "conf" / "profiles" / "local.yml").read_text())
    own = {"demo_seed": shipped["demo_seed"], "server": {
        "master": master, "connect_port": free_port(), "thrift_port": free_port(), "driver_memory": "2g",
        "extra_conf": {"spark.executor.memory": "1g", "spark.cores.max": "2"},
    }}  # fmt: skip
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "cluster.yml").write_text(yaml.safe_dump(own))
    return folder


def oxpecker(home: Path, landing: Path, conf: Path, *arguments: str) -> None:
    environment = {**os.environ, "OXPECKER_HOME": str(home), "OXPECKER_LANDING": str(landing),
                   "OXPECKER_PROFILE": "cluster", "OXPECKER_CONF": str(conf)}  # fmt: skip
    for name in ("OXPECKER_REMOTE", "OXPECKER_CONNECT_PORT", "OXPECKER_THRIFT_PORT", "OXPECKER_PREFIX"):
        environment.pop(name, None)
    command = [sys.executable, "-c", "from spark_jobs.cli import main; main()", *arguments]
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def backfill(home: Path, landing: Path, conf: Path) -> None:
    jobs = [argument for job in JOBS for argument in ("--job", job)]
    oxpecker(home, landing, conf, "backfill", "--from", DAYS[0], "--to", DAYS[1], *jobs)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    bank = ["--size", "nano", "--systems", SYSTEMS, "--out", str(tmp_path / "bank")]
    command = [sys.executable, "-c", "from spark_jobs.cli import main; main()", "demo-bank", "generate"]
    subprocess.run([*command, *bank], cwd=REPOSITORY, check=True, capture_output=True)
    return tmp_path / "bank" / "landing"


@pytest.mark.slow
def test_two_workers_give_the_rows_of_one_machine(tmp_path: Path, landing: Path) -> None:
    homes = {"local": tmp_path / "local", "cluster": tmp_path / "cluster"}
    with standalone_cluster(tmp_path / "standalone") as master:
        for where, home in homes.items():
            conf = profile(tmp_path / f"conf_{where}", master if where == "cluster" else "local[2,4]")
            try:
                backfill(home, landing, conf)
            finally:
                server.stop(settings_module.load("cluster", overlay=conf, home=home))
        executors = [
            json.dumps(path.name)
            for number in (0, 1)
            for path in (tmp_path / "standalone" / f"work{number}").glob("app-*/*/stdout")
        ]

    looked_at, differences = compare(
        Side(homes["local"]), Side(homes["cluster"]), load(settings_module.conf_dirs()), exact=True
    )

    assert len(executors) >= 2, "both workers ran an executor"
    assert looked_at > 50
    clocks = Side(homes["cluster"]).tables([CLOCKS.partition(".")[0]])[CLOCKS]
    assert DeltaTable(str(clocks)).to_pyarrow_dataset().count_rows() > 0, (
        "the Arrow function had something to do"
    )
    assert differences == []
