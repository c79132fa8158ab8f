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
from spark_jobs.settings import REPOSITORY, Settings

STARTS_WITHIN_SECS = 300
STOPS_WITHIN_SECS = 30
PORTS_FREE_WITHIN_SECS = 5
# A lake that cannot grow fails in the middle of a night: better before it starts.
LEAST_FREE_BYTES = 2 * 1024**3
JARS = REPOSITORY / ".cache" / "jars"
CHECKSUMS_RENAMED_BY = (
    "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
)
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


def _scratch(settings: Settings) -> Path:
    """Where the server puts what it needs only while it runs; on the lake's disk, so that a small /tmp cannot stop a night."""
    folder = settings.home / "server" / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
        "SPARK_LOCAL_DIRS": str(_scratch(settings)),
    }


def _conf(settings: Settings) -> dict[str, str]:
    """What the server is started with; `extra_conf` of the profile has the last word."""
    server = settings.server
    metastore = settings.home / "server" / "metastore"
    # `--jars` would make every session after the first fail with DATA_SOURCE_NOT_FOUND: delta.
    classpath = ":".join(str(jar) for jar in sorted(JARS.glob("*.jar")))
    return {
        "spark.driver.extraClassPath": classpath,
        "spark.executor.extraClassPath": classpath,
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(server.connect_port),
        "spark.connect.grpc.maxInboundMessageSize": str(512 * 1024**2),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # Hadoop's other way to rename on a local disk starts `readlink` twice a file: of 3,400 processes that a day of a small bank started,
        # two thirds. This store keeps writers of one process from each other, and one server writes a lake.
        "spark.delta.logStore.file.impl": "io.delta.storage.LocalLogStore",
        "spark.sql.streaming.checkpointFileManagerClass": CHECKSUMS_RENAMED_BY,
        "spark.sql.warehouse.dir": str(settings.warehouse),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={metastore};create=true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # The default writes 96 bits, which Arrow and what builds on it read in nanoseconds: 9999-12-31 has no place there.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # A day plans some thousand small queries, the next day mostly the same ones; of a thousand none was left to be used again
        # (seen: a fifth less CPU for a day's silver on a warm server).
        "spark.sql.codegen.cache.maxEntries": "10000",
        # Off by default: a flipped bit in a Parquet page would be read as a valid value.
        "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
        "spark.sql.shuffle.partitions": str(server.shuffle_partitions),
        # What a table's log says is worked out anew after each commit; of logs as short as ours more tasks only cost more (seen: with two,
        # a fifth more CPU for the first look at 120 tables). Where tables have a hundred thousand files, `extra_conf` asks for more.
        "spark.databricks.delta.snapshotPartitions": "1",
        # Files that are named one by one (`catalog.FILES_NAMED`) are looked for here; by default, more than 32 by a job.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "200",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # A reused Python worker answers in 0.2 s, a fresh one in 1.5 s; reused ones keep old code, hence the hash in `start`.
        "spark.python.worker.reuse": "true",
        "spark.python.daemon.module": "spark_jobs.python_workers",
        "spark.executorEnv.PYTHONPATH": str(REPOSITORY),
        # Threads of a numerical library would be missing in a forked worker.
        "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
        "spark.driver.extraJavaOptions": " ".join(
            (
                f"-Djava.io.tmpdir={_scratch(settings)}",
                f"-Dderby.system.home={metastore.parent}",
                server.java_options,
            )
        ).strip(),
        "spark.hadoop.hive.exec.scratchdir": str(_scratch(settings) / "hive"),
        "spark.hadoop.hive.exec.local.scratchdir": str(_scratch(settings) / "hive"),
        "spark.ui.enabled": "false",
        # Nobody looks at them without its pages: a thousand plans as text were a gigabyte that every collection of garbage looked through.
        "spark.sql.ui.retainedExecutions": "10",
        "spark.ui.retainedJobs": "50",
        "spark.ui.retainedStages": "50",
        "spark.ui.retainedTasks": "500",
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.maxPlanStringLength": "2000",
        "spark.ui.showConsoleProgress": "false",
        **server.extra_conf,
    }


def _command(settings: Settings) -> list[str]:
    server = settings.server
    command = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--class", MAIN]
    command += ["--master", server.master, "--driver-memory", server.driver_memory]
    for key, value in _conf(settings).items():
        command += ["--conf", f"{key}={value}"]
    command += ["spark-internal", "--hiveconf", f"hive.server2.thrift.port={server.thrift_port}"]
    return [*command, "--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1",
            "--hiveconf", "hive.server2.logging.operation.enabled=false"]  # fmt: skip
