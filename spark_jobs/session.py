"""The only builder of a SparkSession: Spark Connect to this lake's server, which is started where it does not run."""

from __future__ import annotations

import os
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import Any
from weakref import WeakKeyDictionary

from pyspark.sql import SparkSession
from pyspark.sql.connect import plan
from pyspark.sql.connect.client.retries import DefaultPolicy

from spark_jobs import server
from spark_jobs.settings import Settings


def connect(settings: Settings) -> SparkSession:
    """A session on the lake's server, or on the endpoint of `server.remote`. One process uses one session, and gives it back when it ends."""
    # PySpark leaves it to the server, which keeps it, and all frames that were kept for it, for another hour.
    os.environ.setdefault("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true")
    _release_checkpoints_aside()
    remote = settings.server.remote
    if remote is not None:
        named: SparkSession = SparkSession.builder.remote(remote).getOrCreate()
        return named
    url = f"sc://127.0.0.1:{server.start(settings).connect_port}"
    session: SparkSession = SparkSession.builder.remote(url).getOrCreate()
    session.client.set_retry_policies([_WhileServerRuns(settings)])
    return session


def give_back(session: SparkSession) -> None:
    """End a session before its process does. For processes that are cut off without an end of their own, as Airflow's tasks are."""
    session.stop()


# Where little came in, a statement's plan costs more than its rows. So nothing is compiled, a stage has one task, and no plan is made again
# between stages (seen: a fifth of the server's CPU on a day of fifty people; of two thousand, windows over a month took three times as long
# that way). What is not part of a compiled stage would be compiled by itself: once a
# task, though it is looked up where it was compiled before.
SMALL_DAY = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.files.openCostInBytes": str(64 * 1024),
}


# Session → what it was served with, while it works as on a small day.
_served: WeakKeyDictionary[SparkSession, dict[str, str | None]] = WeakKeyDictionary()


def work_on(session: SparkSession, settings: Settings, landed_bytes: int) -> None:
    """Have this session work as suits what came in: a small day as SMALL_DAY says, else as the server does. Rows are the same either way."""
    is_small = landed_bytes < settings.server.small_day_below_kb * 1024
    if is_small and session not in _served:
        _served[session] = {key: session.conf.get(key, None) for key in SMALL_DAY}
        for key, value in SMALL_DAY.items():
            session.conf.set(key, value)
    elif not is_small and session in _served:
        # Unset, a key of the server's own configuration would fall back to Spark's default: 200 partitions a shuffle, 50 a Delta log.
        for key, served in _served.pop(session).items():
            if served is None:
                session.conf.unset(key)
            else:
                session.conf.set(key, served)


def is_on_small_day(session: SparkSession) -> bool:
    """Whether the session works as SMALL_DAY says: what works beside it, in sessions of its own, should, too."""
    return all(session.conf.get(key, None) == value for key, value in SMALL_DAY.items())


class _WhileServerRuns(DefaultPolicy):
    """Repeats a call that was not answered as long as the server's process lives. PySpark would call a dead one for ten minutes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def can_retry(self, e: BaseException) -> bool:
        return not server.is_gone(self._settings) and super().can_retry(e)


@cache
def _release_checkpoints_aside() -> None:
    """Let a thread of its own tell the server that a local checkpoint is no longer needed.

    PySpark 4.2 tells it in the frame's finaliser. When the garbage collector runs that inside another call's channel lock, the
    process waits for itself for ever (seen here once in a few runs; fixed upstream by a deadline only, SPARK-58846).
    """
    finaliser = plan.CachedRemoteRelation.__del__
    waiting: SimpleQueue[Any] = SimpleQueue()  # Its `put` is safe inside a finaliser.

    def release() -> None:
        while True:
            finaliser(waiting.get())

    plan.CachedRemoteRelation.__del__ = lambda relation: waiting.put(relation)  # type: ignore[method-assign]
    Thread(target=release, name="release-checkpoints", daemon=True).start()
