"""How metrics explain one another: from what a board looks at first down to what can be mended. No Spark.

Levels: `top` (first looked at), `journey` (a part of the way to it), `diagnostic` (can be mended), `analysis` (read beside the others).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from spark_jobs.errors import ContractError, nearest

WHOLE = Decimal(1)
# What others explain or what stands beside them explains nothing itself.
WITHOUT_PARENTS = ("top", "analysis")


def check_tree(nodes: Mapping[str, tuple[str, Mapping[str, Decimal]]]) -> None:
    """Refuse what is no tree to walk down: every diagnostic and journey metric leads to a top one, in no circle.

    nodes: metric → (level, parent → weight). The weights of all that explain one metric are positive and sum to 1.
    """
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for code, (level, parents) in sorted(nodes.items()):
        if (level in WITHOUT_PARENTS) != (not parents):
            needs = "has no `parents`" if level in WITHOUT_PARENTS else "needs `parents`"
            raise ContractError(f"metric `{code}`: a metric of level {level} {needs}")
        for parent, weight in parents.items():
            if parent not in nodes:
                raise ContractError(
                    f"metric `{code}`: unknown metric `{parent}` in `parents`; {nearest(parent, nodes)}"
                )
            if nodes[parent][0] == "analysis":
                raise ContractError(
                    f"metric `{code}`: its parent `{parent}` is of level analysis and leads nowhere"
                )
            if weight <= 0:
                raise ContractError(f"metric `{code}`: its weight for `{parent}` is not above 0")
            shares[parent] += weight
    for parent, share in sorted(shares.items()):
        if share != WHOLE:
            raise ContractError(
                f"metric `{parent}`: the weights of what explains it sum to {share}, not to 1"
            )
    for code in sorted(nodes):
        _walk_up(code, nodes, ())


def _walk_up(code: str, nodes: Mapping[str, tuple[str, Mapping[str, Decimal]]], way: tuple[str, ...]) -> None:
    if code in way:
        circle = " → ".join((*way[way.index(code) :], code))
        raise ContractError(f"metrics explain one another in a circle: {circle}")
    for parent in nodes[code][1]:
        _walk_up(parent, nodes, (*way, code))
