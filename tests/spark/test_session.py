"""How a session works on days of which little and much came in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spark_jobs.session import SMALL_DAY, is_on_small_day, work_on
from spark_jobs.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_after_a_small_day_a_session_works_as_the_server_does_again(
    spark: SparkSession, server_settings: Settings
) -> None:
    settings = server_settings.with_(server=replace(server_settings.server, small_day_below_kb=1))
    work_on(spark, settings, 1024)
    served = {key: spark.conf.get(key, None) for key in SMALL_DAY}

    work_on(spark, settings, 1024 - 1)
    assert is_on_small_day(spark)

    work_on(spark, settings, 1024)
    assert {key: spark.conf.get(key, None) for key in SMALL_DAY} == served
    assert served["spark.sql.shuffle.partitions"] == str(settings.server.shuffle_partitions)
