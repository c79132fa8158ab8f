"""What the Spark server is started with, by what it is about, each with its reason where it is not Spark's default."""

from __future__ import annotations

from pathlib import Path

from spark_jobs.settings import REPOSITORY, Settings

# As many files of a table are named in a plan, one by one. Where there are more, Delta keeps the list, and works on it in the cluster.
FILES_NAMED = 200
JARS = REPOSITORY / ".cache" / "jars"
CHECKSUMS_RENAMED_BY = (
    "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
)


def server_conf(settings: Settings) -> dict[str, str]:
    """Settings of the server of this lake; `extra_conf` of the profile has the last word."""
    return {
        **_doors(settings),
        **_tables(settings),
        **_queries(settings),
        **_workers(),
        **_machine(settings),
        **_remembered(),
        **settings.server.extra_conf,
    }


def scratch(settings: Settings) -> Path:
    """Where the server puts what it needs only while it runs; on the lake's disk, so that a small /tmp cannot stop a night."""
    folder = settings.home / "server" / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _metastore(settings: Settings) -> Path:
    return settings.home / "server" / "metastore"


def _doors(settings: Settings) -> dict[str, str]:
    """Spark Connect, for jobs. Thrift's door is the program itself."""
    return {
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(settings.server.connect_port),
        "spark.connect.grpc.maxInboundMessageSize": str(512 * 1024**2),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _tables(settings: Settings) -> dict[str, str]:
    """Delta, its files, and the catalog that names them."""
    # `--jars` would make every session after the first fail with DATA_SOURCE_NOT_FOUND: delta.
    classpath = ":".join(str(jar) for jar in sorted(JARS.glob("*.jar")))
    return {
        "spark.driver.extraClassPath": classpath,
        "spark.executor.extraClassPath": classpath,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # Hadoop's other way to rename on a local disk starts `readlink` twice a file: of 3,400 processes that a day of a small bank started,
        # two thirds. This store keeps writers of one process from each other, and one server writes a lake.
        "spark.delta.logStore.file.impl": "io.delta.storage.LocalLogStore",
        "spark.sql.streaming.checkpointFileManagerClass": CHECKSUMS_RENAMED_BY,
        # What a table's log says is worked out anew when rows of it make way for others; of logs as short as ours more tasks only cost more
        # (seen: with two, a fifth more CPU for 120 tables). Where tables have a hundred thousand files, `extra_conf` asks for more.
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.warehouse.dir": str(settings.warehouse),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={_metastore(settings)};create=true",
        "spark.hadoop.hive.exec.scratchdir": str(scratch(settings) / "hive"),
        "spark.hadoop.hive.exec.local.scratchdir": str(scratch(settings) / "hive"),
        # The default writes 96 bits, which Arrow and what builds on it read in nanoseconds: 9999-12-31 has no place there.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # Off by default: a flipped bit in a Parquet page would be read as a valid value.
        "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
        # Files that are named one by one are looked for in the server; by default, more than 32 by a job.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": str(FILES_NAMED),
    }


def _queries(settings: Settings) -> dict[str, str]:
    """What statements mean, and how they are planned."""
    return {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # A day plans some thousand small queries, the next day mostly the same ones; of a thousand none was left to be used again
        # (seen: a fifth less CPU for a day's silver on a warm server).
        "spark.sql.codegen.cache.maxEntries": "10000",
        "spark.sql.shuffle.partitions": str(settings.server.shuffle_partitions),
    }


def _workers() -> dict[str, str]:
    """Python workers."""
    return {
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # A reused Python worker answers in 0.2 s, a fresh one in 1.5 s; reused ones keep old code, hence the hash in `server.start`.
        "spark.python.worker.reuse": "true",
        "spark.python.daemon.module": "spark_jobs.python_workers",
        "spark.executorEnv.PYTHONPATH": str(REPOSITORY),
        # Threads of a numerical library would be missing in a forked worker.
        "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
    }


def _machine(settings: Settings) -> dict[str, str]:
    """The Java machine."""
    options = (
        f"-Djava.io.tmpdir={scratch(settings)}",
        f"-Dderby.system.home={_metastore(settings).parent}",
        settings.server.java_options,
    )
    return {"spark.driver.extraJavaOptions": " ".join(options).strip()}


def _remembered() -> dict[str, str]:
    """What is kept of queries that are over. Nobody looks at it without Spark's pages: a thousand plans as text were a gigabyte that every
    collection of garbage looked through."""
    return {
        "spark.sql.ui.retainedExecutions": "10",
        "spark.ui.retainedJobs": "50",
        "spark.ui.retainedStages": "50",
        "spark.ui.retainedTasks": "500",
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.maxPlanStringLength": "2000",
    }
