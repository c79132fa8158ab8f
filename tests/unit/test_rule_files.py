"""A bank's own rule files: its numbers count, and a slip of the pen is told with its line instead of changing nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs import settings
from spark_jobs.errors import SettingsError
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF
from spark_jobs.versions import rules_version


def own(folder: Path, name: str, text: str) -> settings.Settings:
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / f"{name}.yml").write_text(text, encoding="utf-8")
    return settings.load(overlay=folder)


@pytest.mark.requirement("R-OPS-12")
@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("alert", "version: 2\nmin_outflw: 5000\n", "line 2: unknown parameter `min_outflw`; did you mean `min_outflow`"),
        ("alert", "rules:\n  A01:\n    dedupe_day: 1\n", "line 3: unknown parameter `rules.A01.dedupe_day`; did you mean `dedupe_days`"),
        ("alert", "rules:\n  A99: {name: new}\n", "line 2: unknown parameter `rules.A99`"),
        ("guard", "caps: {sale_7: {limt: 1}}\n", "line 1: unknown parameter `caps.sale_7.limt`; did you mean `limit`"),
        ("alert", "min_outflow: ten thousand\n", "line 1: `min_outflow` is a number"),
        ("tier", "hnw_min_exclusive: true\n", "line 1: `hnw_min_exclusive` is a number"),
        ("alert", "\nmaturity_days: [15, 7, 1]\n", "line 2: `maturity_days` is a map"),
        ("identity", "rules:\n  tax: {rank: 0, kye: certificate}\n", "line 2: unknown parameter `rules.tax.kye`; did you mean `key`"),
        ("export", "- full_on_day\n", "line 1: `export` is a map"),
    ],
)  # fmt: skip
def test_a_wrong_rule_file_names_its_line_the_error_and_the_nearest_right_word(tmp_path, name, text, told):
    bank = own(tmp_path / "bank", name, text)

    with pytest.raises(SettingsError) as said:
        settings.rules(bank, name)
    assert str(said.value).startswith(f"rules/{name}.yml in bank, {told}")


@pytest.mark.requirement("R-ACT-01")
def test_a_threshold_that_the_bank_changes_counts_and_stands_with_every_row_as_another_version_of_the_rules(
    tmp_path,
):
    shipped = settings.load()
    bank = own(tmp_path, "alert", "outflow_share: 0.2\nrules: {A01: {dedupe_days: 1}}\n")

    changed, before = settings.rules(bank, "alert"), settings.rules(shipped, "alert")

    assert (changed["outflow_share"], changed["rules"]["A01"]["dedupe_days"]) == (0.2, 1)
    assert (changed["min_outflow"], changed["rules"]["A02"]) == (
        before["min_outflow"],
        before["rules"]["A02"],
    )
    assert rules_version(bank) != rules_version(shipped)


def test_a_bank_adds_names_to_what_is_a_list_of_names_and_takes_a_parameter_away(tmp_path):
    bank = own(tmp_path, "aum", "flow_of: {tuition: spend}\naverage_days: 20\n")

    changed = settings.rules(bank, "aum")

    assert (changed["flow_of"]["tuition"], changed["flow_of"]["spend"], changed["average_days"]) == (
        "spend",
        "spend",
        20,
    )
    assert "model" not in settings.rules(own(tmp_path / "other", "identity", "model: null\n"), "identity")


@pytest.mark.parametrize("folder", ["tests/foreign_bank/conf", *sorted(str(p.parent.relative_to(REPOSITORY)) for p in (REPOSITORY / "examples").glob("*/rules"))])  # fmt: skip
def test_rule_files_of_the_banks_in_this_repository_are_read(folder):
    bank = settings.load(overlay=REPOSITORY / folder)

    for path in sorted((SHIPPED_CONF / "rules").glob("*.yml")):
        if path.stem != "rare_hanzi":
            assert settings.rules(bank, path.stem)["version"]
