"""The command line: a wrong word names the right one, a known error is one line without a traceback."""

from __future__ import annotations

import os
import sys

import pytest

from spark_jobs import cli


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Runs one command as the shell does: gives its exit code and everything it prints."""
    for name in [name for name in os.environ if name.startswith("OXPECKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OXPECKER_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["oxpecker", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out + captured.err

    return run


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["rnu"], "run"),
        (["run", "--bussiness-date", "2026-09-30"], "--business-date"),
        (["run", "--business-date", "2026-09-30", "--job", "bronz"], "bronze"),
        (["status", "--profile", "lokal"], "local"),
        (["quarantine", "lst"], "list"),
        (["report", "opn"], "open"),
        (["explain", "--customer", "a", "--colum", "aum_cny"], "--column"),
    ],
)
def test_a_wrong_word_names_the_nearest_right_one(said, words, right):
    code, told = said(*words)

    assert code in (1, 2)
    assert right in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (
            {"OXPECKER_HOEM": "/x"},
            "unknown environment variable OXPECKER_HOEM; did you mean `OXPECKER_HOME`?",
        ),
        (
            {"OXPECKER_CONNECT_PORT": "abc"},
            "OXPECKER_CONNECT_PORT is `abc`; a port is a number from 1 to 65535",
        ),
    ],
)
def test_a_wrong_setting_of_the_environment_is_told_in_one_line(said, monkeypatch, environment, told):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert said("status") == (1, f"oxpecker: {told}\n")


@pytest.mark.parametrize(
    "words", [["sql", "select 1"], ["explain", "--customer", "a", "--column", "aum_cny"]]
)
def test_before_the_first_release_a_reader_is_told_how_to_get_one(said, words):
    code, told = said(*words)

    assert (code, told.count("\n")) == (1, 1)
    assert "nothing is published yet; run `oxpecker run --business-date D` or `make run` first" in told


def test_lists_of_a_lake_that_was_never_written_say_so(said):
    assert said("release", "list")[1].startswith("no release yet")
    assert said("quarantine", "list") == (0, "nothing lies in quarantine\n")
    assert said("release", "list", "--json") == (0, "[]\n")
