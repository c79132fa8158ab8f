from pathlib import Path

import pytest

from spark_jobs import settings as settings_module
from spark_jobs.errors import SettingsError
from spark_jobs.settings import laid_over, load, rules


def overlay(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        path = tmp_path / "conf" / name.replace("__", "/")
        path = path.with_suffix(".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "conf"


@pytest.mark.requirement("R-OPS-08")
def test_a_bank_lays_its_own_rules_over_the_shipped_ones_key_by_key(tmp_path):
    first = tmp_path / "shipped"
    (first / "rules").mkdir(parents=True)
    (first / "rules" / "tier.yml").write_text("version: 1\nhnw: 5\naffluent: 1\n")
    second = overlay(tmp_path, rules__tier="hnw: 6\n")

    changed = rules(load().with_(conf_dirs=(first, second)), "tier")

    assert changed == {"version": 1, "hnw": 6, "affluent": 1}


def test_a_null_takes_a_key_away_and_a_list_replaces_a_list():
    assert laid_over({"a": 1, "b": [1, 2], "c": {"d": 1}}, {"a": None, "b": [3]}) == {"b": [3], "c": {"d": 1}}


def test_an_unknown_setting_names_the_nearest(tmp_path):
    folder = overlay(tmp_path, profiles__bank="homee: /x\n")

    with pytest.raises(SettingsError, match="unknown setting `homee`; did you mean `home`"):
        load("bank", overlay=folder)


def test_an_unknown_profile_names_the_nearest():
    with pytest.raises(SettingsError, match="unknown profile `locale`; did you mean `local`"):
        load("locale")


def test_a_missing_overlay_folder_is_named():
    with pytest.raises(SettingsError, match="does not exist; check --conf or OXPECKER_CONF"):
        load(overlay="/no/such/folder")


def test_an_overlay_folder_comes_from_the_environment_too(tmp_path, monkeypatch):
    folder = overlay(tmp_path, profiles__bank="home: lake-of-the-bank\n")
    monkeypatch.delenv("OXPECKER_HOME", raising=False)
    monkeypatch.setenv("OXPECKER_CONF", str(folder))

    assert load("bank").home == settings_module.REPOSITORY / "lake-of-the-bank"


def test_broken_yaml_is_an_error_with_its_line(tmp_path):
    folder = overlay(tmp_path, profiles__bank="home: [\n")

    with pytest.raises(SettingsError, match=r"bank.yml, line \d+"):
        load("bank", overlay=folder)


def test_a_time_zone_that_does_not_exist_names_the_nearest(tmp_path):
    folder = overlay(tmp_path, profiles__bank="zone: Asia/Shanghia\n")

    with pytest.raises(SettingsError, match="no time zone `Asia/Shanghia`; did you mean `Asia/Shanghai`"):
        load("bank", overlay=folder)


def test_a_cut_off_is_a_time_of_day(tmp_path):
    folder = overlay(tmp_path, profiles__bank='cut_off: "630"\n')

    with pytest.raises(SettingsError, match='write it as "HH:MM"'):
        load("bank", overlay=folder)
