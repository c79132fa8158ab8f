"""The one declaration per table and column, and what is rendered from it.

`model` and `loader` import no Spark; `spark_types` renders Spark schemas, `dbt` the dbt YAML, `docs` the table pages;
`sources` reads the contracts of suppliers' feeds.
"""

from spark_jobs.contracts.loader import load
from spark_jobs.contracts.model import Check, Contracts, Field, TableContract

__all__ = ["Check", "Contracts", "Field", "TableContract", "load"]
