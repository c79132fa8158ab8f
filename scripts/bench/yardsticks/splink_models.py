"""What Splink is told of each set. Where its documentation has an example for the set, that; else its example for persons on the set's columns.

Runs in Splink's own environment and knows nothing of this repository.

febrl3     documentation, examples, "Deduplicating the febrl3 dataset"
febrl4     documentation, examples, "Linking the febrl4 datasets", the detailed model
fake_1000  README, "Quickstart"
bank       the detailed model of febrl4: name, birth date, certificate, phone, address, sex
chinese    the same: name and birth date
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import splink.comparison_library as cl
from splink import SettingsCreator, block_on

# How a backend is told what dates look like.
DAY = {"duckdb": "%Y-%m-%d", "spark": "yyyy-MM-dd"}
DAY_OF_DIGITS = {"duckdb": "%Y%m%d", "spark": "yyyyMMdd"}


@dataclass(frozen=True)
class Model:
    """Settings and how they are trained. rules, recall: of the deterministic estimate of the prior; sessions: blocking rules of EM."""

    settings: Any
    rules: list[Any]
    recall: float
    sessions: list[Any]
    pairs: float = 1e6
    em: dict[str, Any] = field(default_factory=dict)


def febrl3(backend: str) -> Model:
    settings = SettingsCreator(
        unique_id_column_name="id",
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on(column)
            for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        ],
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format=DAY_OF_DIGITS[backend]
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
    )
    crossed = "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth"
    rules = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth"), crossed]
    return Model(settings, rules, 0.9, [block_on("date_of_birth"), block_on("postcode")])


def febrl4(backend: str) -> Model:
    settings = SettingsCreator(
        unique_id_column_name="id",
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            "l.given_name = r.surname and l.surname = r.given_name",
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison(
                "date_of_birth",
                input_is_string=True,
                datetime_format=DAY_OF_DIGITS[backend],
                invalid_dates_as_null=True,
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
    )
    rules = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    without = {"estimate_without_term_frequencies": True}
    return Model(settings, rules, 0.8, [block_on("date_of_birth"), block_on("postcode")], em=without)


def fake_1000(backend: str) -> Model:
    settings = SettingsCreator(
        unique_id_column_name="id",
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on("first_name"), block_on("surname")],
        comparisons=[
            cl.JaroWinklerAtThresholds("first_name", [0.9, 0.7]),
            cl.JaroAtThresholds("surname", [0.9, 0.7]),
            cl.DateOfBirthComparison(
                "dob", input_is_string=True, datetime_metrics=["year", "month"], datetime_thresholds=[1, 1]
            ),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
    )
    names = block_on("first_name", "surname")
    return Model(settings, [names], 0.7, [names, block_on("dob")])


def bank(backend: str) -> Model:
    settings = SettingsCreator(
        unique_id_column_name="id",
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on(column) for column in ("name", "born", "cert", "phone", "addr")
        ],
        comparisons=[
            cl.NameComparison("name").configure(term_frequency_adjustments=True),
            _born("born", backend),
            cl.DamerauLevenshteinAtThresholds("cert", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("phone", [1, 2]),
            cl.ExactMatch("addr").configure(term_frequency_adjustments=True),
            cl.ExactMatch("sex"),
        ],
    )
    without = {"estimate_without_term_frequencies": True}
    return Model(
        settings,
        [block_on("cert"), block_on("name", "born")],
        0.8,
        [block_on("born"), block_on("cert")],
        em=without,
    )


def chinese(backend: str) -> Model:
    settings = SettingsCreator(
        unique_id_column_name="id",
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on("name"), block_on("birth_date")],
        comparisons=[
            cl.NameComparison("name").configure(term_frequency_adjustments=True),
            _born("birth_date", backend),
        ],
    )
    # No two spellings of a person are equal, so that equal names with equal dates would say that nobody is there twice.
    rules = [block_on("birth_date")]
    without = {"estimate_without_term_frequencies": True}
    return Model(settings, rules, 0.9, [block_on("birth_date"), block_on("name")], em=without)


def _born(column: str, backend: str) -> Any:
    return cl.DateOfBirthComparison(
        column, input_is_string=True, datetime_format=DAY[backend], invalid_dates_as_null=True
    )


MODELS: dict[str, Callable[[str], Model]] = {
    "febrl3": febrl3, "febrl4": febrl4, "fake_1000": fake_1000, "bank": bank, "chinese": chinese,
}  # fmt: skip
