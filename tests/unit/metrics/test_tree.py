"""How metrics explain one another: whoever follows a falling figure down comes to something that can be mended."""

from __future__ import annotations

from decimal import Decimal

import pytest

from spark_jobs.errors import ContractError
from spark_jobs.metrics.definition import load_metrics
from spark_jobs.metrics.tree import check_tree
from spark_jobs.settings import SHIPPED_CONF


def nodes(drawn: str) -> dict[str, tuple[str, dict[str, Decimal]]]:
    """One line a metric: code, level, and what it explains as `parent weight`."""
    found = {}
    for line in drawn.strip().splitlines():
        code, level, *parents = (cell.strip() for cell in line.split("|"))
        found[code] = (level, {p.split()[0]: Decimal(p.split()[1]) for p in parents if p})
    return found


WHOLE = """
    nps    | top        |
    said   | journey    | nps 0.7
    calls  | diagnostic | nps 0.3
    errors | diagnostic | said 1
    aum    | analysis   |
"""


def test_a_tree_may_have_several_levels_and_metrics_that_stand_beside_it():
    check_tree(nodes(WHOLE))


@pytest.mark.requirement("R-IND-03")
@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("calls  | diagnostic | nps 0.3", "calls | diagnostic | nps 0.2", "`nps`: the weights of what explains it sum to 0.9, not to 1"),
        ("calls  | diagnostic | nps 0.3", "calls | diagnostic |", "`calls`: a metric of level diagnostic needs `parents`"),
        ("errors | diagnostic | said 1", "errors | diagnostic | siad 1", "unknown metric `siad` in `parents`; did you mean `said`"),
        ("errors | diagnostic | said 1", "errors | diagnostic | aum 1", "its parent `aum` is of level analysis and leads nowhere"),
        ("aum    | analysis   |", "aum | analysis | said 1", "`aum`: a metric of level analysis has no `parents`"),
        ("calls  | diagnostic | nps 0.3", "calls | diagnostic | nps 0.3 | nps 0", "its weight for `nps` is not above 0"),
        ("said   | journey    | nps 0.7", "said | journey | errors 1", "in a circle: errors → said → errors"),
    ],
)  # fmt: skip
def test_what_is_no_tree_to_walk_down_is_refused(was, becomes, said):
    drawn = WHOLE.replace(was, becomes)
    if "circle" in said:
        drawn = drawn.replace("nps 0.3", "nps 1")

    with pytest.raises(ContractError, match=said):
        check_tree(nodes(drawn))


@pytest.mark.requirement("R-IND-03")
def test_from_each_shipped_diagnostic_a_way_leads_up_to_a_top_metric():
    metrics = {m.code: m for m in load_metrics((SHIPPED_CONF,))}

    def tops(code: str) -> set[str]:
        metric = metrics[code]
        return {code} if metric.level == "top" else set().union(*(tops(p) for p in metric.parents))

    assert {m.level for m in metrics.values()} == {"top", "journey", "diagnostic", "analysis"}
    for code, metric in metrics.items():
        if metric.level in ("journey", "diagnostic"):
            assert tops(code) <= {"net_promoter_score", "service_breach_ratio"}, code
