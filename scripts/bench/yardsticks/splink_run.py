"""Resolves CSV files by Splink as its documentation says: prior, u by random pairs, EM by sessions, predict, cluster. Writes id, cluster_id.

Runs in Splink's own environment and knows nothing of this repository.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path
from typing import Any

from splink import Linker
from splink_models import MODELS

THRESHOLD = 0.95
SEED = 2


# Columns in which a value that many share says nothing of a person: placeholders, numbers of an employer.
NUMBERS = ("cert", "phone")


def tables_of(backend: str, files: list[str], most: int | None) -> tuple[Any, list[Any]]:
    """The database of a backend and the files as its tables: every column as text, empty cells as null.

    most  numbers that more records share than this are null, too
    """
    if backend == "duckdb":
        import duckdb
        from splink import DuckDBAPI

        connection = duckdb.connect()
        # Plain tables, so that reading is done once.
        for at, path in enumerate(files):
            kept = ", ".join(
                f"if(count(*) over (partition by {c}) > {most}, null, {c}) as {c}" for c in NUMBERS
            )
            columns = f"* replace ({kept})" if most else "*"
            connection.execute(
                f"create table file_{at} as select {columns} from read_csv(?, all_varchar=true)", [path]
            )
        return DuckDBAPI(connection=connection), [connection.table(f"file_{at}") for at in range(len(files))]
    from pyspark.sql import SparkSession
    from splink import SparkAPI
    from splink.backends.spark import similarity_jar_location

    builder = SparkSession.builder.master("local[2]").config("spark.jars", similarity_jar_location())
    builder = builder.config("spark.driver.memory", "3g").config("spark.sql.shuffle.partitions", "4")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setCheckpointDir(tempfile.mkdtemp(prefix="splink-"))
    return SparkAPI(spark_session=spark, num_partitions_on_repartition=4), [
        spark.read.csv(path, header=True) for path in files
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(MODELS), required=True)
    parser.add_argument("--backend", choices=["duckdb", "spark"], default="duckdb")
    parser.add_argument(
        "--most", type=int, help="take out numbers that more records share (DuckDB, sets with cert and phone)"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("files", nargs="+")
    asked = parser.parse_args()
    model = MODELS[asked.model](asked.backend)
    database, tables = tables_of(asked.backend, asked.files, asked.most)
    registered = [database.register(table) for table in tables]
    linker = Linker(registered if len(registered) > 1 else registered[0], model.settings)
    training = linker.training
    training.estimate_probability_two_random_records_match(model.rules, recall=model.recall)
    # Spark draws without a seed.
    seed = {"seed": SEED} if asked.backend == "duckdb" else {}
    training.estimate_u_using_random_sampling(max_pairs=model.pairs, **seed)
    for session in model.sessions:
        training.estimate_parameters_using_expectation_maximisation(session, **model.em)
    predicted = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=THRESHOLD
    )
    told = clusters.query_sql("select id, cluster_id from {this}").as_dict()
    with asked.out.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["id", "cluster_id"])
        out.writerows(zip(told["id"], told["cluster_id"], strict=True))


if __name__ == "__main__":
    main()
