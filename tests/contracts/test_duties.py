"""The register of duties: each has a test that proves it, or somebody who answers."""

import pytest

from tests.support.duties import PAGE, by_hand, missing_tests, page


@pytest.mark.requirement("R-PRV-01")
def test_every_duty_of_the_law_has_a_test_that_exists_or_an_owner():
    duties = by_hand()

    assert {law.split("-")[0] for law in duties} == {"PIPL", "DSL"}
    assert [name for name, duty in duties.items() if not duty.get("tests") and not duty.get("owner")] == []
    assert missing_tests(duties) == []


def test_a_test_that_is_named_and_not_there_is_found():
    assert missing_tests(
        {"X-1": {"tests": ["contracts/test_duties.py::test_nobody_wrote", "no/file.py::x"]}}
    ) == [
        "contracts/test_duties.py::test_nobody_wrote",
        "no/file.py::x",
    ]


def test_the_page_of_duties_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == page(by_hand()), "run `make contracts`"
