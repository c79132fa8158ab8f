"""Likeness day by day, in small pictures under the shipped model: people of another bank taught it what looks alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs import settings as settings_module
from spark_jobs.errors import SettingsError
from spark_jobs.identity import bank_model
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.modelled import Likeness, Spell, Thresholds, judged
from spark_jobs.identity.opinion import opinion
from spark_jobs.identity.outcome import MODEL, Pair, links, memberships, reviews
from spark_jobs.identity.timeline import OPEN, Membership, Timeline
from spark_jobs.identity.versions import CONTACT, NUMBER, PARTY, Versions, versions

RULES = {
    "placeholder_birth_dates": ["1900-01-01"], "strong_id_kinds": ["01"], "phone_region": "CN",
    "rules": {
        "same_document": {"key": "certificate", "id_kinds": ["04", "20"], "id_classes": ["strong", "medium"]},
        "core_number": {"key": "reference", "id_kinds": ["cust_no_core"], "owner": "core", "id_classes": ["strong"]},
        "claimed_core_number": {"key": "reference", "id_kinds": ["cust_no_core"], "owner": "core", "id_classes": ["medium"]},
    },
}  # fmt: skip
DAY = date(2026, 9, 1)
LAST = date(2026, 9, 30)


def on(day: int) -> date:
    return date(2026, 9, day)


def party(who: str, name: str | None, born: str = "", sex: str = "", since: date = DAY, until: date = OPEN, latin: str | None = None) -> tuple:  # fmt: skip
    quality = "month_only" if len(born) == 7 else "declared"
    birth = date.fromisoformat(f"{born}-01" if len(born) == 7 else born) if born else None
    return (
        who,
        who.partition(".")[0],
        "person",
        name,
        latin,
        "full",
        birth,
        quality,
        sex or None,
        since,
        until,
    )


def phone(who: str, number: str, since: date = DAY, until: date = OPEN) -> tuple:
    return (who, "mobile", number, False, since, until)


def certificate(who: str, kind: str, number: str, since: date = DAY, of_class: str = "strong") -> tuple:
    return (who, kind, number, of_class, since, OPEN)


def told(*rows: tuple) -> Versions:
    """Rows of the three tables; only a contact has a flag, that it is a placeholder, in the fourth place."""

    def of(columns: tuple[str, ...]) -> pa.Table:
        mine = [dict(zip(columns, row, strict=True)) for row in rows if _table(row) is columns]
        return pa.table({c: pa.array([row[c] for row in mine]) for c in columns})

    return versions(of(PARTY), of(NUMBER), of(CONTACT), RULES)


def _table(row: tuple) -> tuple[str, ...]:
    if len(row) == len(PARTY):
        return PARTY
    return CONTACT if isinstance(row[3], bool) else NUMBER


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    lake = settings_module.load("local").with_(home=tmp_path_factory.mktemp("lake"))
    return bank_model.opened(lake).frozen


def alike(model, *rows: tuple) -> list[Likeness]:
    return judged(told(*rows), model, Thresholds())


CARD = (
    party("card.1", "司*云", "1980-03", "F", latin="SIMA RUOYUN"),
    phone("card.1", "154****0077"),
)


def test_a_card_that_shows_stars_is_its_owners_when_reading_month_and_phone_fit(model):
    owner = (
        party("ecif.1", "司马若云", "1980-03-05", "F", latin="SIMA RUOYUN"),
        phone("ecif.1", "+8615480000077"),
    )
    (found,) = alike(model, *CARD, *owner)
    assert (found.party_a, found.party_b) == ("card.1", "ecif.1")
    assert [(t.since, t.until) for t in found.ties] == [(DAY, OPEN)]
    assert found.grey is None
    assert "司" not in found.words and "1980" not in found.words and "0077" not in found.words


def test_a_phone_that_both_have_from_a_day_on_starts_the_tie_and_another_phone_ends_it(model):
    loan = (
        party("loan.1", "司马若云"),
        phone("loan.1", "+8615480000001", DAY, on(10)),
        phone("loan.1", "+8615480000077", on(10), on(20)),
        phone("loan.1", "+8615480000555", on(20)),
    )
    wealth = (party("wealth.1", "司马若云"), phone("wealth.1", "+8615480000077"))
    (found,) = alike(model, *loan, *wealth)
    assert [(t.since, t.until) for t in found.ties] == [(on(10), on(20))]


def among_many(model):
    """The model in a bank that knows as many people as it was learned from, or more."""
    return replace(model, seen=replace(model.seen, records=2))


OWNER = (
    party("core.2", "司马若云", "1980-03-05", "F"),
    certificate("core.2", "cust_no_core", "C2"),
    phone("core.2", "+8615480000999"),
)


def test_a_call_under_a_customer_number_lends_the_customer_its_phone_so_that_the_card_with_that_phone_is_found(
    model,
):
    call = (
        party("call.7", None, since=on(5)),
        certificate("call.7", "cust_no_core", "C2", on(5)),
        phone("call.7", "+8615480000077", on(5)),
    )
    before = alike(among_many(model), *CARD, *OWNER)
    (found,) = alike(among_many(model), *CARD, *OWNER, *call)
    assert not any(pair.ties for pair in before)
    assert (found.party_a, found.party_b) == ("card.1", "core.2")
    assert [(t.since, t.until) for t in found.ties] == [(on(5), OPEN)]


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        (party("call.7", "王伟", since=on(5)), certificate("call.7", "cust_no_core", "C2", on(5))),
        (party("call.7", None, since=on(5)), certificate("call.7", "cust_no_core", "C2", on(5), of_class="medium")),
        (party("call.7", None, since=on(5)), certificate("call.7", "cust_no_core", "C3", on(5))),
    ],
    ids=["who gave a name", "whose number is only claimed", "of another customer"],
)  # fmt: skip
def test_a_caller_lends_no_phone(model, caller, number):
    call = (caller, number, phone("call.7", "+8615480000077", on(5)))
    assert not any(pair.ties for pair in alike(among_many(model), *CARD, *OWNER, *call))


def test_phones_of_callers_never_displace_those_that_the_customer_declared():
    calls = [
        row for n in range(4)
        for row in (party(f"call.{n}", None), certificate(f"call.{n}", "cust_no_core", "C2"), phone(f"call.{n}", f"+861548000000{n}"))
    ]  # fmt: skip
    (said,) = told(*OWNER, *calls).people.columns["phone"][0].to_pylist()
    assert said == "+8615480000999"


def test_what_says_less_than_needed_for_a_tie_is_grey_and_no_tie(model):
    limits = Thresholds(link=0.99999999, review=0.5)
    owner = (party("ecif.1", "司马若云", "1980-03-05", "F", latin="SIMA RUOYUN"), phone("ecif.1", "+8615480000999"))  # fmt: skip
    (found,) = judged(told(*CARD, *owner), model, limits)
    assert not found.ties
    assert found.grey == DAY
    assert 0.5 <= found.probability < 0.99999999


def test_what_may_be_chance_among_many_people_is_one_person_among_few(model):
    """A card that shows another phone: name by sound, month and sex agree."""
    owner = (party("ecif.1", "司马若云", "1980-03-05", "F", latin="SIMA RUOYUN"), phone("ecif.1", "+8615480000999"))  # fmt: skip
    (few,) = alike(model, *CARD, *owner)
    (many,) = alike(among_many(model), *CARD, *owner)
    assert few.ties
    assert not many.ties
    assert many.grey == DAY
    # The fewest people that are reckoned with are a sixteenth; twins and households are as many as before.
    assert 8 < few.probability / (1 - few.probability) * (1 - many.probability) / many.probability < 16.01


def test_a_masked_certificate_that_fits_is_no_other_certificate(model):
    shown = (party("cmpl.1", "司马若云"), certificate("cmpl.1", "01", "339801********0021", of_class="weak"), phone("cmpl.1", "+8615480000077"))  # fmt: skip
    owner = (
        party("core.1", "司马若云", "1980-03-05", "F"),
        certificate("core.1", "01", "339801198003050021"),
        phone("core.1", "+8615480000077"),
    )
    (found,) = alike(model, *shown, *owner)
    assert found.ties


def test_a_name_alone_ties_nobody(model):
    assert alike(model, party("crm.1", "司马若云", sex="F"), party("crm.2", "司马若云", sex="F")) == []


def test_namesakes_born_on_one_day_who_show_different_certificates_are_for_a_steward(model):
    one = (
        party("core.1", "司马若云", "1980-03-05", "F"),
        certificate("core.1", "01", "339801198003050021"),
    )
    other = (party("core.2", "司马若云", "1980-03-05", "F"), certificate("core.2", "20", "E33980339"))
    (found,) = alike(model, *one, *other)
    assert not found.ties
    assert found.grey == DAY


def test_father_and_son_of_one_sound_and_one_phone_are_two_people(model):
    father = (party("core.1", "赵伟", "1970-02-02", "M"), phone("core.1", "+8615480000077"))
    son = (party("core.2", "赵炜", "2000-02-02", "M"), phone("core.2", "+8615480000077"))
    assert alike(model, *father, *son) == []


def test_one_name_and_phone_under_two_birth_dates_is_for_a_steward_and_one_wrong_digit_a_slip(model):
    one = (party("core.1", "司马若云", "1970-02-02", "M"), phone("core.1", "+8615480000077"))
    other = (party("core.2", "司马若云", "1981-02-02", "M"), phone("core.2", "+8615480000077"))
    slip = (party("loan.1", "司马若云", "1970-02-03", "M"), phone("loan.1", "+8615480000077"))
    (found,) = alike(model, *one, *other)
    assert (found.ties, found.grey) == ((), DAY)
    (found,) = alike(model, *one, *slip)
    assert [(t.since, t.until) for t in found.ties] == [(DAY, OPEN)]


def test_two_different_valid_certificates_are_two_people_and_no_case(model):
    one = (
        party("core.1", "司马若云", "1980-03-05", "F"),
        certificate("core.1", "01", "339801198003050021"),
    )
    other = (
        party("core.2", "司马若云", "1980-03-05", "F"),
        certificate("core.2", "01", "339801198003050048"),
    )
    assert alike(model, *one, *other) == []


def test_a_record_that_comes_to_fit_two_people_is_left_alone_from_that_day(model):
    call = (party("call.1", "司马若云"), phone("call.1", "+8615480000077"))
    one = (
        party("core.1", "司马若云", "1980-03-05", "F"),
        certificate("core.1", "01", "339801198003050021"),
        phone("core.1", "+8615480000077"),
    )
    other = (
        party("core.2", "司马若云", "1991-07-09", "F", since=on(12)),
        certificate("core.2", "01", "339801199107090022", on(12)),
        phone("core.2", "+8615480000077", on(12)),
    )
    found = alike(model, *call, *one, *other)
    assert [(e.party_b, [(t.since, t.until) for t in e.ties], e.grey) for e in found] == [
        ("core.1", [(DAY, on(12))], on(12)),
        ("core.2", [], on(12)),
    ]


def test_a_key_that_too_many_come_to_have_lets_nobody_meet_from_that_day(model):
    narrow = replace(model, largest=dict.fromkeys(model.largest, 2))
    rows = [r for n, day in enumerate((DAY, on(3), on(8)), 1) for r in (
        party(f"loan.{n}", "司马若云", since=day), phone(f"loan.{n}", "+8615480000077", day))]  # fmt: skip
    found = judged(told(*rows), narrow, Thresholds())
    assert [(e.party_a, e.party_b) for e in found] == [("loan.1", "loan.2")]


def test_who_has_left_stays_who_he_was(model):
    gone = (party("loan.1", "司马若云", until=on(9)), phone("loan.1", "+8615480000077", DAY, on(9)))
    stays = (party("wealth.1", "司马若云"), phone("wealth.1", "+8615480000077"))
    (found,) = alike(model, *gone, *stays)
    assert [(t.since, t.until) for t in found.ties] == [(DAY, OPEN)]


def _until(found: list[Likeness], day: date) -> set[tuple[str, str, date, date]]:
    """Ties as they are known at the end of a day."""
    after = day + timedelta(1)
    return {
        (e.party_a, e.party_b, t.since, min(t.until, after)) for e in found for t in e.ties if t.since <= day
    }


def _known_on(rows: list[tuple], day: date) -> list[tuple]:
    """Rows as they stood at the end of a day: what ended later had no end yet."""
    return [(*row[:-1], row[-1] if row[-1] <= day + timedelta(1) else OPEN) for row in rows if row[-2] <= day]


@st.composite
def _histories(draw) -> list[tuple]:
    rows = []
    for n in range(draw(st.integers(2, 5))):
        who, begin = f"loan.{n}", draw(st.integers(1, 20))
        name = draw(st.sampled_from(["司马若云", "欧阳静宜", "王伟"]))
        rows.append(party(who, name, draw(st.sampled_from(["", "1980-03-05", "1980-03", "1991-07-09"])), since=on(begin)))  # fmt: skip
        if draw(st.booleans()):
            number = draw(st.sampled_from(["339801198003050021", "339801199107090022"]))
            rows.append(certificate(who, "01", number, on(draw(st.integers(begin, 28)))))
        day = begin
        for _ in range(draw(st.integers(0, 3))):
            end = draw(st.integers(day + 1, 30))
            if end >= 30:
                break
            rows.append(
                phone(who, draw(st.sampled_from(["+8615480000077", "+8615480000555"])), on(day), on(end))
            )
            day = end
    for n in range(draw(st.integers(0, 2))):
        who, begin, named = f"call.{n}", draw(st.integers(1, 25)), draw(st.integers(0, 29))
        rows.append(party(who, None, since=on(begin), until=on(named) if named > begin else OPEN))
        if named > begin:
            rows.append(party(who, "司马若云", since=on(named)))
        rows.append(certificate(who, "cust_no_core", "C2", on(draw(st.integers(begin, 28)))))
        rows.append(phone(who, draw(st.sampled_from(["+8615480000077", "+8615480000555"])), on(begin)))
    if draw(st.booleans()):
        begin = draw(st.integers(1, 25))
        rows += [
            party("core.2", "司马若云", "1980-03-05", since=on(begin)),
            certificate("core.2", "cust_no_core", "C2", on(begin)),
        ]
    return rows


@settings(max_examples=60, deadline=None)
@given(_histories(), st.integers(1, 29), st.sampled_from([2, 3, 50]))
def test_what_is_said_of_a_day_does_not_depend_on_what_came_later(model, rows, day, limit):
    narrow = replace(model, largest=dict.fromkeys(model.largest, limit))
    whole = judged(told(*rows), narrow, Thresholds())
    before = judged(told(*_known_on(rows, on(day))), narrow, Thresholds())
    assert _until(before, on(day)) == _until(whole, on(day))


# --- beside the rules ---------------------------------------------------------------------------------------------

PERSONS = {"a": "core", "b": "card", "c": "loan"}


def _rule(since: date, until: date) -> Pair:
    return Pair("a", "b", "name_phone", since, until, False, False, "core", "card", "name_phone name+")


def _like(a: str, b: str, *ties: tuple[date, date], grey: date | None = None) -> Likeness:
    return Likeness(a, b, tuple(Spell(s, u, 0.97) for s, u in ties), grey, 0.8, 7, "model name one edit")


def test_the_model_adds_nothing_where_a_rule_says_as_much():
    assert opinion([_like("a", "b", (on(3), OPEN))], [_rule(on(2), OPEN)], PERSONS, {}).ties == ()
    late = opinion([_like("a", "b", (on(1), OPEN))], [_rule(on(2), OPEN)], PERSONS, {})
    assert [(p.rule_code, p.effective_from) for p in late.ties] == [(MODEL, on(1))]


def test_records_that_may_not_be_compared_are_left_out():
    assert opinion([_like("a", "x", (DAY, OPEN))], [], PERSONS, {}).ties == ()


def test_each_time_the_model_ties_is_a_link_of_its_own_and_says_how_sure_it_is():
    thought = opinion([_like("a", "b", (on(2), on(5)), (on(9), OPEN))], [], PERSONS, {})
    rows = links(thought.ties, Timeline())
    assert [(r[1], r[4], r[5], r[6]) for r in rows] == [
        ("link", "model", "model", on(2)), ("unlink", "model", "model", on(5)), ("link", "model", "model", on(9)),
    ]  # fmt: skip
    assert len({r[0] for r in rows}) == 3
    line = Timeline(memberships=[Membership("a", "C", MODEL, on(9), OPEN)])
    assert memberships(line, {}, thought.certain)[0][3] == 0.97


def test_a_grey_pair_is_for_a_steward_unless_other_evidence_makes_it_one_customer():
    thought = opinion([_like("a", "b", grey=on(4)), _like("a", "c", grey=on(6))], [], PERSONS, {})
    line = Timeline(memberships=[Membership(p, c, "founder", DAY, OPEN) for p, c in (("a", "A"), ("b", "B"), ("c", "A"))])  # fmt: skip
    rows = reviews([], line, [], 60, grey=thought.grey)
    assert [(r[1], r[2], r[3], r[4]) for r in rows] == [("grey_pair", ["a", "b"], "open", on(4))]


def test_whom_a_guard_keeps_apart_anyway_is_no_case_for_a_steward():
    marks = {"a": [Mark("resident", "x", DAY)], "b": [Mark("resident", "y", DAY)]}
    assert opinion([_like("a", "b", grey=on(4))], [], PERSONS, marks).grey == ()


def test_a_model_made_under_another_banks_key_does_not_open(tmp_path):
    lake = settings_module.load("local").with_(home=tmp_path)
    lake.keys.mkdir(parents=True)
    (lake.keys / "lake.key").write_bytes(bytes(range(32)))
    with pytest.raises(SettingsError, match="another secret"):
        bank_model.opened(lake)


def test_a_lake_of_few_people_teaches_nothing(tmp_path):
    lake = settings_module.load("local").with_(home=tmp_path)
    with pytest.raises(SettingsError, match="too few"):
        bank_model.learned(lake, RULES)


def test_the_shipped_model_is_small_and_shows_nobody(model):
    text = (settings_module.SHIPPED_CONF / settings_module.IDENTITY_MODEL).read_text(encoding="utf-8")
    assert len(text) < 500_000
    assert not any("一" <= sign <= "鿿" for sign in text)
