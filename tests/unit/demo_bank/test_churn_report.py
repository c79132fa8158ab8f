"""What the page on the churn model says of its figures."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree

from demo_bank.churn_report import Told, chart, page
from demo_bank.score.churn import Ceiling
from spark_jobs import settings
from spark_jobs.models.evaluation import Figure

RULES = settings.rules(settings.load(), "churn")


def judged(auc: float) -> dict:
    figure = {"value": auc, "low": auc - 0.05, "high": auc + 0.05}
    tenths = [{"customers": 10, "predicted": k / 100, "observed": k / 50} for k in range(10)]
    return {
        "customers": 100,
        "positives": 20,
        "auc": figure,
        "ap": figure,
        "brier": figure,
        "lift": figure,
        "calibration": tenths,
    }


def told(ceiling: float | None, version: str | None = "abc") -> Told:
    slices = [
        {"name": "tier", "code": "ordinary", "customers": 90, "positives": 20, "said": 0.21, "auc": 0.8},
        {"name": "tier", "code": "gold", "customers": 10, "positives": 0, "said": 0.1, "auc": None},
    ]  # fmt: skip
    fold = {
        "test": "2026-08-31", "trained": ["2026-08-01"], "train_rows": 100, "train_positives": 15, "model": judged(0.8), "baseline": judged(0.6),
        "boosting": judged(0.81), "slices": slices,
    }  # fmt: skip
    model = {
        "features": ["aum_now_to_30", "aum_level"], "coefficients": [-1.25, 0.001], "as_of_dates": ["2026-08-26", "2026-08-01"], "rows": 600, "positives": 90,
        "labels_until": "2026-09-25",
    }  # fmt: skip
    best = None if ceiling is None else Ceiling(95, 19, Figure(ceiling, 0.7, 1.0), Figure(0.8, 0.7, 0.9))
    return Told(
        20_000, date(2026, 7, 3), date(2026, 9, 30), ["CORE"], {"folds": [fold], "model_version": version, "why_not": "AUC too low"},
        model if version else None, best, {"bronze": 61.2}, "2 cores", RULES,
    )  # fmt: skip


def test_the_page_holds_every_figure_beside_the_baseline_and_the_ceiling():
    text = page(told(0.9), "churn-demo.svg")

    assert "lost 80% of their money" in text
    assert "AUC 0.900 (0.700 – 1.000); the model, over the same customers, 0.800" in text
    assert "75% of the way from chance to the ceiling" in text
    assert "| tier gold | 10 | 10.00% | 0.00% (0) | – |" in text
    assert "| `aum_now_to_30` | -1.25 | balance_falling |" in text
    assert "of no weight: `aum_level`" in text
    assert "This run had fewer" not in text


def test_a_model_above_the_ceiling_is_suspect():
    assert "suspect a leak" in page(told(0.75), "churn-demo.svg")


def test_without_a_model_or_a_truth_the_page_says_so():
    text = page(told(None, version=None), "churn-demo.svg")

    assert "Not known: the hidden truth" in text
    assert "None is registered: AUC too low. Every band stays N." in text


def test_the_chart_is_one_picture_that_needs_nothing_from_outside():
    drawn = chart(told(0.9).figures["folds"][0])

    picture = ElementTree.fromstring(drawn)

    assert (
        len([each for each in picture.iter() if each.tag.endswith("circle")]) == 11
    )  # ten tenths and the legend
    assert "href" not in drawn
