"""The only builder of a SparkSession: Spark Connect to this lake's server, which is started where it does not run."""

from __future__ import annotations

from pyspark.sql import SparkSession

from spark_jobs import server
from spark_jobs.settings import Settings


def connect(settings: Settings) -> SparkSession:
    """A session on the lake's server, or on the endpoint of `server.remote`. One process uses one session."""
    remote = settings.server.remote
    if remote is None:
        remote = f"sc://127.0.0.1:{server.start(settings).connect_port}"
    session: SparkSession = SparkSession.builder.remote(remote).getOrCreate()
    return session
