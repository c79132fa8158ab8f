"""What a metric is: definitions as data in `conf/metrics`, read and checked without Spark.

A metric is the quotient of two sums over the rows of one population, so that what is shown for an outlet adds up to its bank from
numerators and denominators. Whoever reads a definition can compute it by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from spark_jobs.errors import ContractError, nearest
from spark_jobs.metrics.tree import check_tree
from spark_jobs.settings import overlaid_files, read_overlaid

FAMILIES = ("top", "journey", "touchpoint", "O", "S", "B", "X", "team", "complaint")
VIEWPOINTS = ("customer", "service", "team")
# How the figures behind a metric come about (nine methods).
COLLECTIONS = (
    "questionnaire", "expert", "usability_test", "crowd_test", "eye_tracking", "tracking_point", "system_monitoring", "text", "records",
)  # fmt: skip
DIRECTIONS = ("up", "down")
LEVELS = ("top", "journey", "diagnostic", "analysis")
PERIODS = ("day", "month")
THRESHOLDS = {"base", "target", "alert"}
KEYS = {
    "zh", "en", "zh_description", "description", "family", "viewpoint", "collection", "level", "parents", "owner", "unit", "direction",
    "population", "where", "numerator", "denominator", "scale", "slices", "periods", "thresholds", "due", "refresh", "version", "weight_method",
    "test",
}  # fmt: skip


@dataclass(frozen=True)
class Population:
    """Rows that metrics are computed over. subject: whom a row is about, customer, staff or none; slices: dimension → column.

    place  whose outlet tells the branch of a row: of the row itself, of its customer on that day, of its manager; none: it has none
    """

    name: str
    reads: str
    subject: str
    slices: Mapping[str, str]
    place: str | None = None


OF_ROW, OF_CUSTOMER, OF_MANAGER = "row", "customer", "manager"
# Slices that part those of another dimension: what is shown of the finer one must not tell what is withheld of the coarser one.
WITHIN: Mapping[str, str] = {"outlet": "branch", "team": "branch", "touchpoint": "journey", "channel": "line"}

POPULATIONS: Mapping[str, Population] = {
    p.name: p
    for p in (
        Population(
            "customers", "profile.customer_daily", "customer",
            {"tier": "tier_code", "stage": "stage_code", "group": "group_code", "age": "age_band_code", "outlet": "outlet_code",
             "branch": "branch_code"},
            OF_ROW,
        ),
        Population(
            "answers", "profile.x_score", "customer",
            {"measure": "metric_code", "touchpoint": "touchpoint_code", "journey": "journey_code", "branch": "branch_code"},
            OF_CUSTOMER,
        ),
        Population("exposures", "profile.s_exposure", "customer", {"touchpoint": "touchpoint_code", "branch": "branch_code"}, OF_CUSTOMER),
        Population("calls", "profile.s_call_service", "customer", {}),
        Population("clocks", "profile.s_complaint_clock", "customer", {"clock": "clock_code", "branch": "branch_code"}, OF_CUSTOMER),
        Population(
            "contacts", "profile.b_contact", "customer",
            {"channel": "channel_code", "line": "line_code", "purpose": "purpose_code", "branch": "branch_code"}, OF_CUSTOMER,
        ),
        Population(
            "hits", "profile.a_rule_hit", "customer",
            {"rule": "rule_code", "purpose": "purpose_code", "branch": "branch_code"}, OF_CUSTOMER,
        ),
        Population(
            "invitations", "silver.survey_invitation", "customer", {"channel": "channel_code", "survey": "survey_code"},
        ),
        Population("tasks", "silver.crm_task", "staff", {"kind": "kind_code", "outlet": "outlet_code", "team": "team_code", "branch": "branch_code"}, OF_MANAGER),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """One definition. numerator, denominator and where are SQL about one row of the population; null denominator: the sum itself.

    parents  metrics that this one helps to explain, and how much of them (0-1); see `tree`
    """

    code: str
    version: str
    zh: str
    en: str
    zh_description: str
    description: str
    family: str
    viewpoint: str
    collection: str
    level: str
    parents: Mapping[str, Decimal]
    owner: str
    unit: str
    direction: str
    population: str
    where: str | None
    numerator: str
    denominator: str | None
    scale: int
    slices: tuple[str, ...]
    periods: tuple[str, ...]
    thresholds: Mapping[str, Decimal]
    due: date | None
    refresh: str
    weight_method: str | None
    test: str | None

    @property
    def formula(self) -> str:
        """The formula in one line, as `metric.definition.formula_ref` shows it."""
        factor = f"{self.scale} × " if self.scale != 1 else ""
        below = f" ÷ Σ({self.denominator})" if self.denominator else ""
        among = f" where {self.where}" if self.where else ""
        return f"{factor}Σ({self.numerator}){below} over {self.population}{among}"

    @property
    def grain(self) -> str:
        """What the value is per, as `metric.definition.grain_code` shows it."""
        return "+".join((*self.periods, *self.slices))


@cache
def load_metrics(dirs: tuple[Path, ...]) -> tuple[Metric, ...]:
    """All metrics of these configuration folders by code; a definition that lacks something is refused by name."""
    found: dict[str, Metric] = {}
    for relative in overlaid_files(dirs, "metrics"):
        for code, given in (read_overlaid(dirs, relative) or {}).items():
            if code in found:
                raise ContractError(f"{relative}: metric `{code}` is defined a second time")
            found[code] = _metric(str(code), given or {}, f"{relative}, metric `{code}`")
    check_tree({code: (metric.level, metric.parents) for code, metric in found.items()})
    return tuple(found[code] for code in sorted(found))


def _metric(code: str, given: Mapping[str, Any], where: str) -> Metric:
    for key in given:
        if key not in KEYS:
            raise ContractError(f"{where}: unknown key `{key}`; {nearest(key, KEYS)}")
    needed = ("zh", "en", "zh_description", "description", "family", "viewpoint", "collection", "level", "owner", "unit", "direction",
              "population", "numerator", "thresholds", "refresh")  # fmt: skip
    for key in needed:
        if given.get(key) in (None, "", {}):
            raise ContractError(f"{where}: `{key}` is missing; a metric without it cannot be used")
    population = str(_one_of(given["population"], POPULATIONS, "population", where))
    slices = tuple(given.get("slices", ()))
    for dimension in slices:
        _one_of(dimension, POPULATIONS[population].slices, "slice", where)
    periods = tuple(given.get("periods", PERIODS))
    for period in periods:
        _one_of(period, PERIODS, "period", where)
    thresholds = _numbers(given["thresholds"], "threshold", where, THRESHOLDS)
    if given["viewpoint"] == "service" and "target" not in thresholds:
        raise ContractError(
            f"{where}: what the bank's service is measured by needs a `target` among its thresholds"
        )
    return Metric(
        code=code,
        version=str(given.get("version", 1)),
        zh=str(given["zh"]),
        en=str(given["en"]),
        zh_description="".join(str(given["zh_description"]).split()),
        description=" ".join(str(given["description"]).split()),
        family=_one_of(given["family"], FAMILIES, "family", where),
        viewpoint=_one_of(given["viewpoint"], VIEWPOINTS, "viewpoint", where),
        collection=_one_of(given["collection"], COLLECTIONS, "collection", where),
        level=_one_of(given["level"], LEVELS, "level", where),
        parents=_numbers(given.get("parents", {}), "weight", where),
        owner=str(given["owner"]),
        unit=str(given["unit"]),
        direction=_one_of(given["direction"], DIRECTIONS, "direction", where),
        population=population,
        where=given.get("where"),
        numerator=str(given["numerator"]),
        denominator=None if given.get("denominator", "1") == "none" else str(given.get("denominator", "1")),
        scale=int(given.get("scale", 1)),
        slices=slices,
        periods=periods,
        thresholds=thresholds,
        due=_due(given.get("due"), thresholds, where),
        refresh=str(given["refresh"]),
        weight_method=given.get("weight_method"),
        test=given.get("test"),
    )


def _due(given: Any, thresholds: Mapping[str, Decimal], where: str) -> date | None:
    """Until when the target is to be reached from the base; both are figures of this very metric and its population."""
    if given is None:
        return None
    if not {"base", "target"} <= set(thresholds):
        raise ContractError(
            f"{where}: `due` needs `base` and `target` among the thresholds: from where to where"
        )
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise ContractError(f"{where}: `due: {given}` is no day; write YYYY-MM-DD") from None


def _one_of(value: Any, known: Any, what: str, where: str) -> str:
    if value not in known:
        raise ContractError(f"{where}: unknown {what} `{value}`; {nearest(str(value), list(known))}")
    return str(value)


def _numbers(
    given: Mapping[str, Any], what: str, where: str, known: Iterable[str] | None = None
) -> Mapping[str, Decimal]:
    numbers = {}
    for name, value in sorted(given.items()):
        if known is not None:
            _one_of(name, known, what, where)
        try:
            numbers[name] = Decimal(str(value))
        except InvalidOperation:
            raise ContractError(f"{where}: {what} `{name}` is no number") from None
    return numbers
