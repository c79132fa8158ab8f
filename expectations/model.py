"""What is measured and what is said of it. Imports neither Spark nor Great Expectations."""

from __future__ import annotations

from dataclasses import dataclass, field

# What a kind of measure says about the data, for the steward's scorecard.
DIMENSIONS = {"null": "completeness", "key": "uniqueness", "check": "validity", "code": "validity"}


@dataclass(frozen=True)
class Measure:
    """One count about one table: `failing` of `total` rows are bad. The count must be 0."""

    table: str
    check: str
    failing: int
    total: int | None
    severity: str = "fail"
    dimension: str = "validity"
    sample: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Verdict:
    """A measure and what the judge says of it: pass, warn or fail."""

    measure: Measure
    verdict: str
    engine: str = "gx"


def dimension_of(check: str) -> str:
    return DIMENSIONS.get(check.partition(":")[0], "consistency")
