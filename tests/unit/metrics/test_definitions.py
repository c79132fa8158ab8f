"""Definitions of metrics: complete, or refused by name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from spark_jobs.errors import ContractError
from spark_jobs.metrics.definition import FAMILIES, load_metrics
from spark_jobs.settings import SHIPPED_CONF

WHOLE = {
    "zh": "户均产品", "en": "Products", "description": "Products by customer.", "zh_description": "期末户均产品数。", "family": "O",
    "viewpoint": "customer", "collection": "records", "level": "analysis", "owner": "Data office", "unit": "products", "direction": "up", "population": "customers",
    "numerator": "product_cnt", "thresholds": {"alert": 1}, "refresh": "daily",
}  # fmt: skip


def written(folder: Path, **changes: object) -> tuple[Path, ...]:
    (folder / "metrics").mkdir()
    content = {"products": {k: v for k, v in {**WHOLE, **changes}.items() if v is not None}}
    (folder / "metrics" / "own.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return (folder,)


@pytest.mark.requirement("R-IND-12")
@pytest.mark.parametrize(
    "lacking",
    ["numerator", "owner", "direction", "thresholds", "description", "zh_description", "population", "level"],
)
def test_a_metric_without_formula_owner_direction_or_threshold_is_refused(tmp_path, lacking):
    with pytest.raises(ContractError, match=f"`products`: `{lacking}` is missing"):
        load_metrics(written(tmp_path, **{lacking: None}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"family": "P"}, "unknown family `P`"),
        ({"slices": ["teir"]}, "unknown slice `teir`; did you mean `tier`"),
        ({"population": "customer"}, "unknown population `customer`; did you mean `customers`"),
        ({"thresholds": {"target": "high"}}, "threshold `target` is no number"),
        ({"numerater": "1"}, "unknown key `numerater`; did you mean `numerator`"),
        ({"level": "diagnostics"}, "unknown level `diagnostics`; did you mean `diagnostic`"),
    ],
)
def test_a_slip_of_the_pen_names_the_nearest_right_word(tmp_path, given, told):
    with pytest.raises(ContractError, match=told):
        load_metrics(written(tmp_path, **given))


def test_a_bank_changes_a_threshold_without_writing_the_metric_again(tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "operation.yml").write_text("cross_sell_ratio: {thresholds: {target: 0.6}}\n")

    told = {m.code: m for m in load_metrics((SHIPPED_CONF, tmp_path))}["cross_sell_ratio"]

    assert str(told.thresholds["target"]) == "0.6"
    assert told.numerator == "int(product_kind_cnt >= 2)"


@pytest.mark.requirement("R-IND-02", "R-IND-11")
def test_each_metric_has_one_viewpoint_and_one_way_of_collection_and_each_viewpoint_a_metric():
    metrics = load_metrics((SHIPPED_CONF,))

    assert {m.viewpoint for m in metrics} == {"customer", "service", "team"}
    assert all(m.collection for m in metrics)
    assert {m.family for m in metrics} <= set(FAMILIES)


@pytest.mark.requirement("R-IND-12")
def test_the_formula_can_be_read_in_one_line(tmp_path):
    (metric,) = load_metrics(written(tmp_path, where="is_last_date", scale=1000, denominator="party_cnt"))

    assert metric.formula == "1000 × Σ(product_cnt) ÷ Σ(party_cnt) over customers where is_last_date"


@pytest.mark.requirement("R-S-02")
def test_a_measure_of_service_without_a_target_is_refused(tmp_path):
    with pytest.raises(ContractError, match="needs a `target` among its thresholds"):
        load_metrics(written(tmp_path, viewpoint="service", thresholds={"alert": 1}))


@pytest.mark.requirement("R-EFF-03")
def test_a_target_with_a_day_is_measured_from_a_base_of_the_same_metric(tmp_path):
    metrics = {m.code: m for m in load_metrics((SHIPPED_CONF,))}
    loyal, lost = metrics["net_promoter_score"], metrics["suspected_loss_ratio"]

    # From 35 to 55 points until the end of 2027; 15 % fewer customers being lost: 0.08 × 0.85.
    assert (loyal.thresholds["base"], loyal.thresholds["target"], str(loyal.due)) == (35, 55, "2027-12-31")
    assert (lost.thresholds["base"] * Decimal("0.85"), str(lost.due)) == (
        lost.thresholds["target"],
        "2027-12-31",
    )
    with pytest.raises(ContractError, match="`due` needs `base` and `target` among the thresholds"):
        load_metrics(written(tmp_path, due="2027-12-31", thresholds={"target": 2}))


@pytest.mark.requirement("R-IND-02")
def test_each_viewpoint_has_a_metric_that_is_looked_at_first():
    metrics = load_metrics((SHIPPED_CONF,))

    assert {m.viewpoint for m in metrics if m.level == "top"} == {"customer", "service", "team"}


@pytest.mark.requirement("R-IND-14")
def test_each_metric_says_in_chinese_and_in_english_what_it_counts():
    for metric in load_metrics((SHIPPED_CONF,)):
        assert all("\u4e00" <= sign <= "\u9fff" for sign in metric.zh_description[:2]), metric.code
        assert metric.description[0].isascii(), metric.code


@pytest.mark.requirement("R-IND-01", "R-X-09")
def test_there_are_metrics_of_every_family_and_journeys_are_judged_by_what_customers_say():
    metrics = load_metrics((SHIPPED_CONF,))

    assert len(metrics) == 30
    assert {m.family for m in metrics} == set(FAMILIES)
    assert all(m.collection == "questionnaire" for m in metrics if m.family == "journey")
