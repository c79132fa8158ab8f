"""If-then rules rest on events that the library explains."""

from __future__ import annotations

import pytest

from spark_jobs import settings
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import load_sources
from spark_jobs.errors import SettingsError
from spark_jobs.profile.event_library import check_events
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF

GIVEN = settings.load()
ALERT = settings.rules(GIVEN, "alert")
LIBRARY = load_codes(GIVEN.conf_dirs, "event_kind")


@pytest.mark.requirement("R-OPS-13")
def test_every_kind_of_event_has_a_name_a_definition_an_owner_and_sources_that_exist():
    every = load_sources((SHIPPED_CONF, REPOSITORY / "examples" / "eighteen_systems"))
    known = {*every, *load(GIVEN.conf_dirs).tables}

    for code, told in LIBRARY.items():
        assert all(told[c] for c in ("zh", "en", "definition_zh", "definition_en", "owner")), code
        assert set(told["sources"].split(", ")) <= known, code


@pytest.mark.requirement("R-OPS-13")
def test_a_rule_that_cites_an_unknown_event_or_none_is_refused():
    check_events(ALERT, LIBRARY)

    def without(events: list[str]) -> dict[str, object]:
        return {"rules": {"A10": {**ALERT["rules"]["A10"], "events": events}}}

    with pytest.raises(
        SettingsError,
        match="A10 early_repayment_search: no event `serach` in codes/event_kind.csv; did you mean `search`",
    ):
        check_events(without(["serach"]), LIBRARY)
    with pytest.raises(SettingsError, match="A10 early_repayment_search: `events` is missing"):
        check_events(without([]), LIBRARY)
