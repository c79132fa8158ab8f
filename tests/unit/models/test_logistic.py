"""The churn model as data: what it scores, what it may say of a customer, and which model is in force on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from spark_jobs import settings
from spark_jobs.contracts.loader import load_codes
from spark_jobs.models import registry
from spark_jobs.models.logistic import Logistic, band, explain, fit

RULES = settings.rules(settings.load(), "churn")
TOLD = {
    "features": {
        "aum_trend": {"bad": "low", "reason": "balance_falling", "data_class": "transaction"},
        "logins": {"bad": "low", "reason": "logins_fell", "data_class": "behaviour"},
        "tenure": {"data_class": "transaction"},
    },
    "reasons": {"most": 5, "stable_share": 0.8},
}


def model(**changes: object) -> Logistic:
    """aum_trend and logins lower the risk by 2 and 1 per standard deviation; tenure raises it by 3 but gives no reason."""
    plain = Logistic(
        "churn", 30, (date(2026, 8, 1),), date(2026, 8, 31), 100, 10, ("aum_trend", "logins", "tenure"), (0.0, 0.0, 0.0),
        (1.0, 1.0, 1.0), (-2.0, -1.0, 3.0), -1.0, tuple([(-2.0, -1.0, 3.0)] * 20),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "code"),
    [
        (0.60, "A"),
        (0.5999, "B"),
        (0.40, "B"),
        (0.20, "C"),
        (0.10, "D"),
        (0.0999, "E"),
        (0.0, "E"),
        (1.0, "A"),
    ],
)
def test_a_band_begins_at_its_bound(score, code):
    assert band(score, RULES["bands"]) == code


def test_a_score_is_the_logistic_of_standardised_features_and_an_unknown_value_is_average():
    drawn = model(means=(10.0, 0.0, 0.0), scales=(2.0, 1.0, 1.0))

    scores = drawn.score(np.array([[8.0, 0.0, 0.0], [np.nan, np.nan, np.nan]]))

    # −2 × (8 − 10) / 2 − 1 = 1, and −1 alone.
    assert scores == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))], abs=1e-6)


@pytest.mark.requirement("R-MDL-15")
def test_a_model_survives_its_file_and_its_version_is_the_hash_of_its_content():
    drawn = model()

    again = Logistic.from_json(drawn.to_json())

    assert again == drawn
    assert again.version == drawn.version
    assert model(intercept=-1.00000001).version != drawn.version


def test_reasons_name_what_raises_the_risk_most_important_first():
    rows = np.array([[-1.0, -1.0, 0.0], [-1.0, -3.0, 0.0], [1.0, -1.0, 5.0], [1.0, 1.0, 5.0]])

    assert explain(model(), rows, TOLD) == [
        ["balance_falling", "logins_fell"],  # 2 against 1
        ["logins_fell", "balance_falling"],  # 2 against 3
        ["logins_fell"],
        [],  # tenure raises the risk and has no words
    ]


def test_a_reason_is_not_given_where_the_model_disagrees_with_its_words():
    """Logging in less lowers the risk in this model: `logs in less` would be a false reason."""
    contrary = (-2.0, 1.0, 3.0)

    told = explain(model(coefficients=contrary, refits=(contrary,) * 20), np.array([[-1.0, -9.0, 0.0]]), TOLD)

    assert told == [["balance_falling"]]


@pytest.mark.parametrize(("agreeing", "kept"), [(16, True), (15, False)])
def test_a_reason_stays_only_when_four_fifths_of_the_refits_have_it(agreeing, kept):
    refits = ((-2.0, -1.0, 3.0),) * agreeing + ((-2.0, 1.0, 3.0),) * (20 - agreeing)

    told = explain(model(refits=refits), np.array([[0.0, -1.0, 0.0]]), TOLD)

    assert told == [["logins_fell"] if kept else []]


def test_at_most_five_reasons_are_given():
    names = [f"f{k}" for k in range(7)]
    told = {
        "features": {n: {"bad": "high", "reason": f"r{k}", "data_class": "transaction"} for k, n in enumerate(names)},
        "reasons": {"most": 5, "stable_share": 0.8},
    }  # fmt: skip
    same = tuple(float(k + 1) for k in range(7))
    drawn = model(
        features=tuple(names), means=(0.0,) * 7, scales=(1.0,) * 7, coefficients=same, refits=(same,) * 20
    )

    assert explain(drawn, np.ones((1, 7)), told) == [["r6", "r5", "r4", "r3", "r2"]]


def test_training_finds_the_direction_of_a_risk_and_repeats_itself():
    rng = np.random.default_rng(7)
    values = rng.normal(size=(2000, 2))
    labels = (rng.random(2000) < 1 / (1 + np.exp(-(-2 - 1.5 * values[:, 0])))).astype(np.int64)

    def trained() -> Logistic:
        return fit(
            values, labels, [date(2026, 8, 1)], date(2026, 8, 31), ["aum_trend", "noise"], "churn", RULES
        )

    drawn = trained()

    assert drawn.coefficients[0] == pytest.approx(-1.5, abs=0.3)
    assert abs(drawn.coefficients[1]) < 0.3
    assert drawn.score(values).mean() == pytest.approx(labels.mean(), abs=0.01)
    assert len(drawn.refits) == 20
    assert trained() == drawn


def test_a_day_is_scored_by_the_newest_model_that_knew_no_later_label(tmp_path):
    given = settings.load(home=tmp_path)
    early, late = model(), model(labels_until=date(2026, 9, 27), intercept=-2.0)
    for each in (late, early, early):
        registry.register(given, each)

    models = registry.registered(given, "churn")

    assert models == (early, late)
    assert registry.in_force(models, date(2026, 8, 30)) is None
    assert registry.in_force(models, date(2026, 8, 31)) == early
    assert registry.in_force(models, date(2026, 9, 26)) == early
    assert registry.in_force(models, date(2026, 9, 27) + timedelta(days=7)) == late
    # What the runner compares: one more model is a new version, the same model again is none.
    assert registry.counts(given) == {"model.churn": 2}


def test_every_reason_has_words_and_every_feature_a_class_that_consent_knows():
    dirs = settings.load().conf_dirs
    reasons, classes = load_codes(dirs, "churn_reason"), load_codes(dirs, "data_class")

    for name, told in RULES["features"].items():
        assert told["data_class"] in classes, name
        assert ("bad" in told) == ("reason" in told), name
        assert "reason" not in told or told["reason"] in reasons, name


@pytest.mark.requirement("R-MDL-16")
def test_nobody_is_penalised_for_age_for_outlets_or_for_little_digital_activity():
    """Only changes of digital behaviour against the customer's own habit are read; no age, sex, outlet visits or level of logins."""
    digital = {name for name in RULES["features"] if "login" in name or "session" in name}

    assert digital == {"login_7_to_30", "login_30_to_90"}
    assert not [
        n for n in RULES["features"] if any(word in n for word in ("age", "sex", "visit", "outlet", "elder"))
    ]
