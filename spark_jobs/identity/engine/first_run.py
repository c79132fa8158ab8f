"""What is kept of the run that learned a model, so that the run after it judges only what changed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spark_jobs.identity.engine.increment import Change
from spark_jobs.identity.engine.kept import TOLD_FROM, Kept, Ties, blocks_of, digests
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import CERTAIN, Resolution, confidence, taken
from spark_jobs.identity.engine.rules import rules


def begun(people: People, result: Resolution) -> tuple[Kept, Change]:
    """What `increment.brought_up_to` would keep of `people` under the model that `result` learned of them, without judging them again."""
    people, count, key = taken(people, result.order), len(people), result.form.key
    told = np.flatnonzero(result.log_odds >= TOLD_FROM)
    of_model = Ties(
        result.found.left[told],
        result.found.right[told],
        result.log_odds[told],
        np.full(len(told), -1, np.int64),
    )
    tied = result.tied
    ties = of_model.with_others(Ties(tied.left, tied.right, np.full(len(tied.left), CERTAIN), tied.numbers))
    first, labels = np.unique(result.labels, return_index=True, return_inverse=True)[1:]
    ids = result.clusters["cluster_id"].take(pa.array(first)).to_pylist()
    kept = Kept(
        people.sources, people.keys, digests(people, key), result.certificates, blocks_of(rules(result.fields), np.arange(count), key), ties,
        labels, confidence(ties.left, ties.right, ties.log_odds, labels), ids, [1] * len(ids), {}, 1,
    )  # fmt: skip
    return kept, Change(count, 0, 0, len(result.found.left), result.refined.components, len(ids))
