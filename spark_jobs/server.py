"""Starts, checks and stops the one local Spark server: Spark Connect for jobs, Thrift for dbt, beeline and BI tools, one catalog.

A cold JVM pays 10–18 s for its first Delta write, a warm one a fraction, and the embedded metastore allows one process only: hence one
long-lived server. On a cluster, `server.remote` names a Connect endpoint that somebody else runs, and nothing is started here.
Everything listens on the loopback address. Thrift shows everything: on one machine it is an engineer's door and no access control.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyspark

from spark_jobs import processes
from spark_jobs.errors import ServerError
from spark_jobs.processes import listens
from spark_jobs.server_conf import JARS, scratch, server_conf
from spark_jobs.settings import REPOSITORY, Settings

STARTS_WITHIN_SECS = 300
STOPS_WITHIN_SECS = 30
PORTS_FREE_WITHIN_SECS = 5
# A lake that cannot grow fails in the middle of a night: better before it starts.
LEAST_FREE_BYTES = 2 * 1024**3
MAIN = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


@dataclass(frozen=True)
class Status:
    """What is known of the server of one lake."""

    pid: int | None
    connect_port: int
    thrift_port: int
    answers: bool
    log: Path
    package: str | None = None


def _state_file(settings: Settings) -> Path:
    return settings.home / "server" / "server.json"


def status(settings: Settings) -> Status:
    """Whether this lake's server runs and both of its ports answer."""
    running = processes.remembered(_state_file(settings))
    pid = running.pid if running else None
    ports = (settings.server.connect_port, settings.server.thrift_port)
    answers = pid is not None and all(listens(port) for port in ports)
    package = running.notes.get("package") if running else None
    return Status(pid, *ports, answers, settings.home / "server" / "server.log", package)


def is_gone(settings: Settings) -> bool:
    """Whether the local server that a session is connected to no longer runs. What somebody else runs is never gone for us."""
    return settings.server.remote is None and processes.remembered(_state_file(settings)) is None


def start(settings: Settings) -> Status:
    """Start the server unless it runs; returns when both ports answer. A killed server's tables are all there again.

    A server whose Python workers may hold another state of the package is restarted: ending its workers alone is not enough,
    because Spark hands the dead ones out once more (seen with 4.2.0). Two processes that start it at the same time wait for
    each other: the second finds it running.
    """
    now = status(settings)
    if now.answers and now.package == package_hash():
        return now
    with processes.one_at_a_time(settings.home / "server" / "start.lock"):
        now = status(settings)
        if now.answers and now.package == package_hash():
            return now
        if now.pid is not None:
            stop(settings)
        return _start(settings)


def _start(settings: Settings) -> Status:
    preflight(settings)
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    log = status(settings).log
    process = processes.launch(
        _state_file(settings), _command(settings), _environment(settings), log, package=package_hash()
    )
    waited_until = time.monotonic() + STARTS_WITHIN_SECS
    while time.monotonic() < waited_until:
        if process.poll() is not None:
            raise ServerError(
                f"the Spark server stopped while it started (code {process.returncode}); see {log}"
            )
        now = status(settings)
        if now.answers:
            return now
        time.sleep(0.3)
    stop(settings)
    raise ServerError(f"the Spark server did not answer within {STARTS_WITHIN_SECS} s; see {log}")


def stop(settings: Settings) -> bool:
    """Stop the server; False where none ran. What does not stop in time is killed: tables survive that."""
    return processes.stop(_state_file(settings), STOPS_WITHIN_SECS)


def package_hash() -> str:
    """Hash of the code that Python workers import."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def preflight(settings: Settings) -> None:
    """Say in one line why the server could not start here, and what to do. Nothing to say where it runs or somebody else runs it."""
    if settings.server.remote is not None or processes.remembered(_state_file(settings)) is not None:
        return
    if shutil.which(_java()) is None:
        raise ServerError(
            "no JDK found; install a JDK 17 or newer (for example openjdk-17-jdk-headless) or set JAVA_HOME"
        )
    if not any(JARS.glob("delta-spark*.jar")):
        raise ServerError("Delta's jars are missing; run `make setup`")
    for name, port in (
        ("connect_port", settings.server.connect_port),
        ("thrift_port", settings.server.thrift_port),
    ):
        if not _free(port):
            raise ServerError(
                f"port {port} is taken by another program; stop it, or set OXPECKER_{name.upper()} or "
                f"`server.{name}` in the profile to a free one"
            )
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE_BYTES:
        raise ServerError(
            f"only {free // 1024**2} MB are free under {settings.home}, at least {LEAST_FREE_BYTES // 1024**2} MB are needed; "
            "free some space or set OXPECKER_HOME to another disk"
        )


def _free(port: int) -> bool:
    """Whether nothing answers there. A server that was just killed holds its ports for a moment longer."""
    waited_until = time.monotonic() + PORTS_FREE_WITHIN_SECS
    while listens(port):
        if time.monotonic() > waited_until:
            return False
        time.sleep(0.2)
    return True


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def _environment(settings: Settings) -> dict[str, str]:
    spark_home = Path(pyspark.__file__).parent
    return {
        **os.environ,
        "SPARK_HOME": str(spark_home),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": str(REPOSITORY),
        "OPENBLAS_NUM_THREADS": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(scratch(settings)),
    }


def _command(settings: Settings) -> list[str]:
    server = settings.server
    command = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--class", MAIN]
    command += ["--master", server.master, "--driver-memory", server.driver_memory]
    for key, value in server_conf(settings).items():
        command += ["--conf", f"{key}={value}"]
    command += ["spark-internal", "--hiveconf", f"hive.server2.thrift.port={server.thrift_port}"]
    return [*command, "--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1",
            "--hiveconf", "hive.server2.logging.operation.enabled=false"]  # fmt: skip
