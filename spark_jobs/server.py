"""Starts, checks and stops the one local Spark server: Spark Connect for jobs, Thrift for dbt, beeline and BI tools, one catalog.

A cold JVM pays 10–18 s for its first Delta write, a warm one a fraction, and the embedded metastore allows one process only: hence one
long-lived server. On a cluster, `server.remote` names a Connect endpoint that somebody else runs, and nothing is started here.
Everything listens on the loopback address. Thrift shows everything: on one machine it is an engineer's door and no access control.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyspark

from spark_jobs.errors import ServerError
from spark_jobs.settings import REPOSITORY, Settings

STARTS_WITHIN_SECS = 120
STOPS_WITHIN_SECS = 30
# A lake that cannot grow fails in the middle of a night: better before it starts.
LEAST_FREE_BYTES = 2 * 1024**3
JARS = REPOSITORY / ".cache" / "jars"
MAIN = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


@dataclass(frozen=True)
class Status:
    """What is known of the server of one lake."""

    pid: int | None
    connect_port: int
    thrift_port: int
    answers: bool
    log: Path


def _state_file(settings: Settings) -> Path:
    return settings.home / "server" / "server.json"


def _started(pid: int) -> str | None:
    """Start time of a process as the kernel counts it; a pid alone may have been given to another process since."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def status(settings: Settings) -> Status:
    """Whether this lake's server runs and both of its ports answer."""
    pid = None
    path = _state_file(settings)
    if path.is_file():
        state = json.loads(path.read_text())
        if _started(state["pid"]) == state["started"]:
            pid = state["pid"]
    ports = (settings.server.connect_port, settings.server.thrift_port)
    answers = pid is not None and all(_listens(port) for port in ports)
    return Status(pid, *ports, answers, settings.home / "server" / "server.log")


def start(settings: Settings) -> Status:
    """Start the server unless it runs; returns when both ports answer. A killed server's tables are all there again."""
    before = status(settings)
    if before.answers:
        return before
    if before.pid is not None:
        stop(settings)
    _preflight(settings)
    folder = settings.home / "server"
    folder.mkdir(parents=True, exist_ok=True)
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            _command(settings), stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, cwd=folder,
            env=_environment(), start_new_session=True,
        )  # fmt: skip
    _state_file(settings).write_text(json.dumps({"pid": process.pid, "started": _started(process.pid)}))
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
    pid = status(settings).pid
    _state_file(settings).unlink(missing_ok=True)
    if pid is None:
        return False
    os.killpg(pid, signal.SIGTERM)
    waited_until = time.monotonic() + STOPS_WITHIN_SECS
    while _alive(pid) and time.monotonic() < waited_until:
        time.sleep(0.2)
    if _alive(pid):
        os.killpg(pid, signal.SIGKILL)
    return True


def _alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _preflight(settings: Settings) -> None:
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
        if _listens(port):
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


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def _environment() -> dict[str, str]:
    spark_home = Path(pyspark.__file__).parent
    return {
        **os.environ,
        "SPARK_HOME": str(spark_home),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": str(REPOSITORY),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _command(settings: Settings) -> list[str]:
    server = settings.server
    metastore = settings.home / "server" / "metastore"
    # `--jars` would make every session after the first fail with DATA_SOURCE_NOT_FOUND: delta.
    classpath = ":".join(str(jar) for jar in sorted(JARS.glob("*.jar")))
    conf = {
        "spark.driver.extraClassPath": classpath,
        "spark.executor.extraClassPath": classpath,
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(server.connect_port),
        "spark.connect.grpc.maxInboundMessageSize": str(512 * 1024**2),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": str(settings.warehouse),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={metastore};create=true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # Off by default: a flipped bit in a Parquet page would be read as a valid value.
        "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
        "spark.sql.shuffle.partitions": str(server.shuffle_partitions),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Reused workers would keep old code after an edit of the package.
        "spark.python.worker.reuse": "false",
        "spark.executorEnv.PYTHONPATH": str(REPOSITORY),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **server.extra_conf,
    }
    command = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--class", MAIN]
    command += ["--master", server.master, "--driver-memory", server.driver_memory]
    for key, value in conf.items():
        command += ["--conf", f"{key}={value}"]
    command += ["spark-internal", "--hiveconf", f"hive.server2.thrift.port={server.thrift_port}"]
    return [*command, "--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1"]
