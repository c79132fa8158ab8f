"""An address that the core delivers is told as a city to whoever reads the one view, and to nobody as an address."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import Walk

# No division of the standard: the bank's own list (REF) has it.
BINJIANG = "339800"
DELIVERED = "select distinct source_code, region_code from {table} where address_norm is not null"
BEST = "select distinct region_code from {table} where address_norm is not null"
SHOWN = "select region_code, count(distinct customer_id) from {table} group by 1"


@pytest.mark.slow
def test_customers_live_in_the_city_their_address_names(undisturbed: Walk) -> None:
    assert undisturbed.rows("silver.party_hist", DELIVERED) == [("core", BINJIANG)]
    assert undisturbed.rows("identity.golden_hist", BEST) == [(BINJIANG,)]
    shown = dict(undisturbed.rows("profile.customer_daily", SHOWN))
    # Users of the app and callers whom no core record was found for have no address; all others live in the bank's city.
    assert set(shown) <= {BINJIANG, None}
    assert shown[BINJIANG] > sum(shown.values()) / 2
