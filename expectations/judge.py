"""Great Expectations as the judge: suites built from contracts, on a one-row frame of measures and on the codes in boundary tables."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from expectations.model import Measure, Verdict

# Result documents of any other format repeat the offending values (measured: BASIC 3, SUMMARY 6, COMPLETE 9 copies of 3 values).
RESULT_FORMAT = "BOOLEAN_ONLY"
# Stands for every value that is in no list: what a supplier wrote there leaves neither the engine nor the gate.
FOREIGN = "_foreign"


@cache
def _context() -> Any:
    """An ephemeral context without telemetry and progress bars. Importing takes seconds: one process judges many tables."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.enable_analytics(False)
    return context


def judge_measures(measures: Sequence[Measure]) -> list[Verdict]:
    """A verdict per measure: Great Expectations asks whether each count of the one-row frame is 0."""
    if not measures:
        return []
    import great_expectations as gx
    import great_expectations.expectations as gxe

    columns = [f"{m.table}|{m.check}" for m in measures]
    frame = pd.DataFrame([[m.failing for m in measures]], columns=columns)
    suite = gx.ExpectationSuite(
        name="measures",
        expectations=[
            gxe.ExpectColumnMaxToBeBetween(column=column, max_value=0, severity=_severity(measure.severity))
            for column, measure in zip(columns, measures, strict=True)
        ],
    )
    source = _source("measures")
    batch = source.get_batch(batch_parameters={"dataframe": frame})
    results = _passed(batch.validate(suite, result_format=RESULT_FORMAT))
    return [_verdict(measure, results[column]) for column, measure in zip(columns, measures, strict=True)]


def values_keep_codes(found: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> dict[str, bool]:
    """Suite on the different values of coded columns: `found` gives by place those that stand in its rows, and its list of codes.

    A place without any value keeps its list.
    """
    filled = {place: pair for place, pair in found.items() if pair[0]}
    if filled:
        import great_expectations as gx
        import great_expectations.expectations as gxe

        suite = gx.ExpectationSuite(
            name="codes",
            expectations=[
                gxe.ExpectColumnValuesToBeInSet(column=place, value_set=list(codes))
                for place, (_, codes) in filled.items()
            ],
        )
        frame = pd.DataFrame(
            {place: pd.Series(sorted(values), dtype=object) for place, (values, _) in filled.items()}
        )
        batch = _source("codes").get_batch(batch_parameters={"dataframe": frame})
        held = _passed(batch.validate(suite, result_format=RESULT_FORMAT))
    return {place: not found[place][0] or held[place] for place in found}


@cache
def _source(name: str) -> Any:
    source = _context().data_sources.add_pandas(name)
    return source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)


def _severity(severity: str) -> Any:
    return "critical" if severity == "fail" else "warning"


def _passed(validated: Any) -> dict[str, bool]:
    """Column → whether its expectation held. A check that crashed did not hold: a gate fails closed."""
    return {
        result.expectation_config.kwargs["column"]: bool(result.success)
        and not _raised(result.exception_info)
        for result in validated.results
    }


def _raised(info: Any) -> bool:
    """GX gives either one document or one per metric."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(each.get("raised_exception") for each in info.values())


def _verdict(measure: Measure, held: bool) -> Verdict:
    return Verdict(measure, "pass" if held else ("fail" if measure.severity == "fail" else "warn"))
