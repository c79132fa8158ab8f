"""What data may never be used for is refused before anything is read, whoever agreed to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs import settings
from spark_jobs.errors import SettingsError
from spark_jobs.profile.consent import check_uses, uses_of_export, uses_of_rules, uses_of_segments

GIVEN = settings.load()
CONSENT = settings.rules(GIVEN, "consent")


def bank(folder: Path, name: str, text: str) -> settings.Settings:
    (folder / "rules").mkdir()
    (folder / "rules" / f"{name}.yml").write_text(text, encoding="utf-8")
    return settings.load(overlay=folder)


@pytest.mark.requirement("R-PRV-03")
def test_shipped_rules_segments_and_exports_use_nothing_that_is_never_allowed():
    for name, uses in (("alert", uses_of_rules), ("segment", uses_of_segments), ("export", uses_of_export)):
        found = uses(settings.rules(GIVEN, name))

        assert found
        check_uses(CONSENT, found)


@pytest.mark.requirement("R-PRV-03")
def test_an_export_of_entries_to_third_parties_is_refused_whoever_agreed(tmp_path):
    """The matrix forbids transaction data to third parties (X): no consent can allow it."""
    own = settings.rules(
        bank(tmp_path, "export", "consents: {churn: [[third_party, transaction]]}\n"), "export"
    )

    with pytest.raises(
        SettingsError,
        match=r"rules/export.yml, fields `churn`: transaction data may never be used for third_party",
    ):
        check_uses(CONSENT, uses_of_export(own))


@pytest.mark.requirement("R-PRV-03")
def test_a_caring_rule_that_reads_where_people_are_is_refused(tmp_path):
    own = settings.rules(
        bank(tmp_path, "alert", "rules: {A06: {data_classes: [identity, location]}}\n"), "alert"
    )

    with pytest.raises(SettingsError, match=r"A06 birthday: location data may never be used for care"):
        check_uses(CONSENT, uses_of_rules(own))


def test_a_data_class_that_nobody_knows_is_refused_with_the_nearest(tmp_path):
    own = settings.rules(
        bank(tmp_path, "segment", "segments: {seg_promoter: {data_classes: [surveys]}}\n"), "segment"
    )

    with pytest.raises(SettingsError, match="no data class `surveys`; did you mean `survey`"):
        check_uses(CONSENT, uses_of_segments(own))
