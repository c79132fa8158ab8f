"""What a run compared is not compared again: small banks that change, each judged from what was kept and judged whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity.compared import Compared, Prints, Work, brought_up_to
from spark_jobs.identity.looks import Looks, look
from spark_jobs.identity.prints import CONTACTS, NUMBERS, PARTIES, Silver
from spark_jobs.identity.versions import CONTACT, NUMBER, PARTY, Versions
from tests.unit.identity.test_modelled import (
    CARD,
    DAY,
    RULES,
    _histories,
    _table,
    certificate,
    model,
    on,
    party,
    phone,
    told,
)

__all__ = ["model"]


class Bank:
    """Rows of three tables, and whose versions were asked for."""

    def __init__(self, *rows: tuple) -> None:
        self.rows = rows
        self.asked: list[Collection[str] | None] = []
        self.silver = silver(*rows)

    def fetch(self, parties: Collection[str] | None) -> Versions:
        self.asked.append(parties)
        return self.silver.versions(parties)

    def prints(self) -> Prints:
        return self.silver.prints()


def silver(*rows: tuple) -> Silver:
    """The rows as the job has them: with columns that only rules look at, here empty but for the source."""

    def of(columns: tuple[str, ...], wide: tuple[str, ...]) -> pa.Table:
        mine = [dict(zip(columns, row, strict=True)) for row in rows if _table(row) is columns]
        filled = [{"source_code": row["party_id"].partition(".")[0]} | row for row in mine]
        kinds = {"valid_from": pa.date32(), "valid_to": pa.date32(), "birth_date": pa.date32(), "is_placeholder": pa.bool_()}  # fmt: skip
        return pa.table(
            {c: pa.array([row.get(c) for row in filled], kinds.get(c, pa.string())) for c in wide}
        )

    return Silver(of(PARTY, PARTIES), of(NUMBER, NUMBERS), of(CONTACT, CONTACTS), RULES)


def rows_of(seen: Looks) -> list[tuple]:
    reading = seen.reading
    return sorted(
        zip(
            (reading.parties[reading.party[n]] for n in seen.left), (reading.parties[reading.party[n]] for n in seen.right),
            seen.start.tolist(), seen.end.tolist(), seen.pattern.tolist(), seen.odds.tolist(), seen.doubted.tolist(), strict=True,
        )
    )  # fmt: skip


def met_by(seen: Looks) -> set[tuple]:
    """Pair, rule and day."""
    pairs, parties = seen.met.pairs[seen.met.place], seen.reading.parties
    sides = np.divmod(pairs, len(parties))
    return set(
        zip([parties[n] for n in sides[0]], [parties[n] for n in sides[1]], seen.met.rule.tolist(), seen.met.day.tolist(), strict=True)
    )  # fmt: skip


def judged_from(kept: Compared | None, bank: Bank, model) -> tuple[Looks, Compared, Work]:
    return brought_up_to(kept, bank.prints(), bank.fetch, model)


@st.composite
def _banks(draw) -> list[Bank]:
    """A bank on three days: each of its records says the same, something else, or nothing any more."""
    several = [draw(_histories()) for _ in range(2)]
    names = sorted({row[0] for rows in several for row in rows})
    days = []
    for _ in range(3):
        of = {name: draw(st.integers(0, 2)) for name in names}
        days.append(Bank(*(row for n, rows in enumerate(several) for row in rows if of[row[0]] == n)))
    return days


@settings(max_examples=80, deadline=None)
@given(_banks(), st.sampled_from([2, 3, 50]))
def test_a_bank_judged_from_what_was_kept_is_judged_as_if_nothing_had_been(model, days, limit):
    narrow, kept = replace(model, largest=dict.fromkeys(model.largest, limit)), None
    for bank in days:
        if not len(told(*bank.rows).people):
            continue
        seen, kept, _ = judged_from(kept, bank, narrow)
        whole = look(told(*bank.rows), narrow)
        assert rows_of(seen) == rows_of(whole)
        assert met_by(seen) == met_by(whole)
        assert list(seen.reading.parties) == list(whole.reading.parties)


OWNER = (
    party("ecif.1", "司马若云", "1980-03-05", "F", latin="SIMA RUOYUN"),
    phone("ecif.1", "+8615480000077"),
)
NAMESAKE = (
    party("loan.1", "司马若云", "1980-03-05", "F"),
    phone("loan.1", "+8615480000555"),
)
STRANGER = (party("wealth.9", "王伟", "1991-07-09", "M"), phone("wealth.9", "+8615480009999"))


def test_a_bank_that_says_what_it_said_is_not_read_again(model):
    bank = Bank(*CARD, *OWNER, *NAMESAKE)
    _, kept, first = judged_from(None, bank, model)
    bank.asked.clear()
    _, _, again = judged_from(kept, bank, model)
    assert first.compared > 0
    assert (again.read, again.compared) == (0, 0)
    assert bank.asked == [[]]


def test_a_new_record_is_compared_with_those_it_meets_and_nobody_else_is(model):
    before = Bank(*CARD, *OWNER, *STRANGER)
    _, kept, _ = judged_from(None, before, model)
    after = Bank(*CARD, *OWNER, *STRANGER, *NAMESAKE)
    seen, _, done = judged_from(kept, after, model)
    pairs = {(a, b) for a, b, *_ in rows_of(seen) if "loan.1" in (a, b)}
    assert done.compared == len(pairs) == done.pairs - 1
    read = {party for asked in after.asked if asked is not None for party in asked}
    assert "wealth.9" not in read
    assert read == {party for pair in pairs for party in pair}


def test_a_record_that_moved_is_compared_in_its_new_words_only(model):
    """The old words stay true of their days, and were compared."""
    _, kept, _ = judged_from(None, Bank(*OWNER, *NAMESAKE), model)
    moved = (
        NAMESAKE[0],
        phone("loan.1", "+8615480000555", until=on(9)),
        phone("loan.1", "+8615480000077", since=on(9)),
    )
    seen, _, done = judged_from(kept, Bank(*OWNER, *moved), model)
    assert len(rows_of(seen)) == 2
    assert done.compared == 1


def test_a_call_that_lends_a_phone_has_its_owner_read_again(model):
    core = (
        party("core.2", "司马若云", "1980-03-05"),
        certificate("core.2", "cust_no_core", "C2"),
    )
    call = (
        party("call.1", None, since=on(5)),
        certificate("call.1", "cust_no_core", "C2", on(5)),
        phone("call.1", "+8615480000077", on(5)),
    )
    loan = (
        party("loan.1", "司马若云", "1980-03"),
        phone("loan.1", "+8615480000077"),
    )
    _, kept, _ = judged_from(None, Bank(*core, *loan), model)
    bank = Bank(*core, *loan, *call)
    seen, _, done = judged_from(kept, bank, model)
    assert rows_of(seen) == rows_of(look(told(*bank.rows), model))
    assert done.compared == 1
    assert [start for a, b, start, *_ in rows_of(seen) if (a, b) == ("core.2", "loan.1")] == [
        (DAY - type(DAY)(1970, 1, 1)).days,
        (on(5) - type(DAY)(1970, 1, 1)).days,
    ]


def test_a_key_that_one_more_record_comes_to_have_lets_those_before_meet_no_more(model):
    """The block passes its limit on the day: two of whom nothing changed stop meeting by that rule, and nobody compares them."""
    narrow = replace(model, largest=dict.fromkeys(model.largest, 2))
    two = (
        party("a.1", "王伟", "1991-07-09", since=on(2)),
        party("b.1", "王伟", "1991-07-09", since=on(3)),
    )
    before, kept, _ = judged_from(None, Bank(*two), narrow)
    assert {(a, b) for a, b, *_ in met_by(before)} == {("a.1", "b.1")}
    third = party("c.1", "王伟", "1991-07-09", since=on(1))
    seen, _, done = judged_from(kept, Bank(*two, third), narrow)
    assert {(a, b) for a, b, *_ in met_by(seen)} == {("a.1", "c.1")}
    assert done.compared == 1
