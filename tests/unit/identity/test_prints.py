"""Hashes of all that is said of a party: another as soon as anything is said otherwise, of it or for it, and of nobody else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity.versions import CONTACT, NUMBER, PARTY
from tests.unit.identity.test_compared import NAMESAKE, OWNER, STRANGER, silver
from tests.unit.identity.test_modelled import CARD, _histories, certificate, on, party, phone, told

CORE = (party("core.2", "司马若云", "1980-03-05"), certificate("core.2", "cust_no_core", "C2"))
CALL = (
    party("call.1", None),
    certificate("call.1", "cust_no_core", "C2"),
    phone("call.1", "+8615480000077"),
)
BANK = (*CARD, *OWNER, *STRANGER, *NAMESAKE, *CORE, *CALL)


def changed(before: tuple[tuple, ...], after: tuple[tuple, ...]) -> set[str]:
    """Of whom something else is said."""
    now, was = silver(*after).prints(), silver(*before).prints()
    other, gone = now.other_than(was)
    return {*other, *gone}


def test_rows_in_another_order_say_the_same():
    assert changed(BANK, BANK[::-1]) == set()


@pytest.mark.parametrize("column", [c for c in PARTY if c != "party_id"])
def test_every_word_about_a_person_counts(column):
    at = PARTY.index(column)
    row = OWNER[0]
    other = date(1999, 1, 1) if column in ("birth_date", "valid_from", "valid_to") else "x"
    assert changed(BANK, tuple((*r[:at], other, *r[at + 1 :]) if r is row else r for r in BANK)) == {"ecif.1"}


@pytest.mark.parametrize("columns, row", [(NUMBER, CORE[1]), (CONTACT, OWNER[1])], ids=["number", "contact"])
def test_every_word_about_a_number_counts(columns, row):
    for at, column in enumerate(columns):
        if column == "party_id":
            continue
        other = date(1999, 1, 1) if column.startswith("valid") else not row[at] if isinstance(row[at], bool) else "x"  # fmt: skip
        rows = tuple((*r[:at], other, *r[at + 1 :]) if r is row else r for r in BANK)
        assert changed(BANK, rows) == {row[0]}, column


def test_a_word_that_moves_into_the_next_empty_column_is_another():
    name, latin = party("crm.1", "WANG WEI", "1991-07-09"), party("crm.1", None, "1991-07-09", latin="WANG WEI")  # fmt: skip
    assert changed((name,), (latin,)) == {"crm.1"}


def test_two_equal_rows_that_become_two_others_are_seen():
    """A number that is kept twice, as home and as office, and changes in both."""
    one, other = phone("crm.1", "+8615480000077"), phone("crm.1", "+8615480000078")
    who = party("crm.1", "王伟", "1991-07-09")
    assert changed((who, one, one), (who, other, other)) == {"crm.1"}
    assert changed((who, one), (who, one, one)) == {"crm.1"}


def test_what_a_call_says_under_a_customers_number_is_said_of_the_customer():
    said_more = (*BANK, phone("call.1", "+8615480000555", on(9)))
    assert changed(BANK, said_more) == {"call.1", "core.2"}
    without = tuple(row for row in BANK if row[0] != "call.1")
    assert changed(BANK, without) == {"call.1", "core.2"}


def test_a_record_that_has_a_name_speaks_for_itself():
    loan = (party("loan.7", "司马若云", "1980-03"), certificate("loan.7", "cust_no_core", "C2"))
    assert changed(BANK, (*BANK, *loan)) == {"loan.7"}


@settings(max_examples=60, deadline=None)
@given(_histories(), st.data())
def test_versions_of_some_are_those_of_all(rows, data):
    """Those that others lend them included."""
    parties = sorted({row[0] for row in rows})
    wanted = data.draw(st.sets(st.sampled_from(parties)))
    whole, some = told(*rows), silver(*rows).versions(wanted)

    def said(of):
        columns = [column.to_pylist() for several in of.people.columns.values() for column in several]
        days = zip(of.since.tolist(), of.until.tolist(), strict=True)
        rows = zip((of.parties[n] for n in of.party), days, *columns, strict=True)
        return [row for row in rows if row[0] in wanted]

    assert said(some) == said(whole)
    assert list(some.parties) == [party for party in whole.parties if party in wanted]


def test_nobody_is_asked_for_and_nobody_is_found():
    found = silver(*BANK).versions([])
    assert (len(found.people), list(found.parties)) == (0, [])
