"""A desk to work at: two records in quarantine (half a character in a name, a field too many) and a file that came damaged."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from spark_jobs.steward.queue import Desk
from tests.support import desk as laid
from tests.support import packages

DAYS = ("20260920", "20260930")


@pytest.fixture(scope="session")
def home(tmp_path_factory, nano_landing):
    """A lake that knows three deliveries of the nano bank."""
    folder = tmp_path_factory.mktemp("steward")
    landing = folder / "landing"
    for system in ("ECIF", "LOAN"):
        for day in DAYS:
            shutil.copytree(nano_landing / system / day, landing / system / day)
    shutil.copy(nano_landing / "arrivals.csv", landing)
    packages.damage(landing, "LOAN", date(2026, 9, 30), "DUEBILL_20260930.txt")
    return laid.laid_out(folder, landing, ("ECIF", "LOAN"))


@pytest.fixture
def of(home, tmp_path):
    """The desk, with decisions of its own."""
    return Desk(home.with_(steward=tmp_path / "steward" / "decisions.jsonl"))
