"""By which keys a change reaches whom: the numbers and phones by which rules let two records meet."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
import yaml

from spark_jobs.identity.prints import CONTACTS, NUMBERS, PARTIES
from spark_jobs.identity.reach import Keys, meeting_keys, numbers_of, used_keys, used_numbers
from spark_jobs.settings import REPOSITORY

RULES = yaml.safe_load((REPOSITORY / "conf" / "rules" / "identity.yml").read_text(encoding="utf-8"))
_TYPES = {"birth_date": pa.date32(), "id_birth_date": pa.date32(), "is_placeholder": pa.bool_(), "valid_from": pa.date32()}  # fmt: skip


def rows(columns: tuple[str, ...], told: list[dict]) -> pa.Table:
    told = [{"source_code": row["party_id"].partition(".")[0]} | row for row in told]
    return pa.table({c: pa.array([row.get(c) for row in told], _TYPES.get(c, pa.string())) for c in columns})


def person(party: str, born: date | None = None) -> dict:
    return {"party_id": party, "party_kind_code": "person", "birth_date": born}


def number(party: str, token: str, kind: str = "01", of_class: str = "strong", check: str | None = "valid") -> dict:  # fmt: skip
    return {
        "party_id": party, "id_kind_code": kind, "id_token": token, "id_class_code": of_class, "checksum_state_code": check,
    }  # fmt: skip


def phone(party: str, norm: str, kind: str = "mobile", is_placeholder: bool | None = None) -> dict:
    return {"party_id": party, "contact_kind_code": kind, "contact_norm": norm, "contact_token": f"t{norm}", "is_placeholder": is_placeholder}  # fmt: skip


def told(*said: dict) -> tuple[pa.Array, pa.Table, pa.Table, pa.Table]:
    """Ids of all, and rows of parties, numbers and contacts."""
    ids = pa.array(sorted({row["party_id"] for row in said}), pa.string())
    kinds = ("party_kind_code", PARTIES), ("id_kind_code", NUMBERS), ("contact_kind_code", CONTACTS)
    one, two, three = (rows(columns, [row for row in said if mark in row]) for mark, columns in kinds)
    return ids, one, two, three


def share(keys: Keys) -> set[tuple[str, str]]:
    """Pairs of parties that have a key in common."""
    parties = {key: [keys.parties[n] for n in keys.party[keys.key == key].tolist()] for key in set(keys.key.tolist())}  # fmt: skip
    return {(a, b) for several in parties.values() for a in several for b in several if a < b}


def meet(*said: dict) -> bool:
    """Whether core.1 and loan.2 have a key in common."""
    return ("core.1", "loan.2") in share(meeting_keys(*told(person("core.1"), person("loan.2"), *said), RULES))  # fmt: skip


@pytest.mark.parametrize(
    "how, other, is_key",
    [
        ("the same id", number("loan.2", "x"), True),
        ("the same number as another kind", number("loan.2", "x", "02"), True),
        ("another id", number("loan.2", "y"), False),
        ("an id whose check fails", number("loan.2", "x", check="invalid"), False),
        ("an id that nobody checked", number("loan.2", "x", check=None), True),
        ("a placeholder", number("loan.2", "x", of_class="blocked"), False),
        ("a kind that no rule asks for", number("loan.2", "x", "03"), False),
    ],
)
def test_a_number_is_a_key_where_a_rule_trusts_it(how, other, is_key):
    assert meet(number("core.1", "x"), other) is is_key, how


def test_a_number_is_a_key_with_its_owner_whatever_the_owner_says_of_it():
    own = number("core.1", "C1", "cust_no_core", "weak", None)
    assert meet(own, number("loan.2", "C1", "cust_no_core", "medium", None))


def test_a_phone_is_a_key_unless_it_is_a_placeholder_or_no_number():
    assert meet(phone("core.1", "+8615480000077"), phone("loan.2", "+8615480000077", "ani"))
    assert not meet(phone("core.1", "+8615480000077"), phone("loan.2", "+8615480000077", "landline"))
    assert not meet(phone("core.1", "+8615480000077"), phone("loan.2", "+8615480000077", is_placeholder=True))


@pytest.mark.parametrize(
    "born, is_key", [(date(1980, 3, 31), True), (date(1980, 4, 1), False), (None, False)]
)
def test_what_a_mask_shows_is_a_key_in_one_month_of_birth(born, is_key):
    said = (
        phone("core.1", "+8615480000077"), phone("loan.2", "154****0077"),
        person("core.1", date(1980, 3, 5)), person("loan.2", born),
    )  # fmt: skip
    assert meet(*said) is is_key


def test_the_birth_that_a_certificate_tells_is_one_too():
    said = number("loan.2", "z") | {"id_birth_date": date(1980, 3, 1)}
    assert meet(phone("core.1", "+8615480000077"), phone("loan.2", "154****0077"), person("core.1", date(1980, 3, 5)), said)  # fmt: skip


def test_numbers_that_are_counted_are_found_again_by_their_key():
    """Phones of any sort are counted under their own kind; a number of another kind is another."""
    ids, _, numbers, contacts = told(
        number("core.1", "x"), number("loan.2", "x", "03"), phone("core.1", "5", "landline"), phone("loan.2", "5"), phone("loan.2", "e", "email"),
    )  # fmt: skip
    keys = used_keys(ids, numbers, contacts)
    assert share(keys) == {("core.1", "loan.2")}, "the phone"
    of_core = keys.of(keys.at({"core.1"}))
    found = used_numbers(of_core, numbers, contacts).to_pylist()
    assert found == [{"id_kind_code": "01", "id_token": "x"}, {"id_kind_code": "phone", "id_token": "t5"}]
    stored = pa.chunked_array([["01", "03", "phone"]]), pa.chunked_array([["x", "x", "t5"]])
    assert numbers_of(of_core, *stored).to_pylist() == found


def test_nobody_has_no_keys():
    ids, parties, numbers, contacts = told()
    keys = meeting_keys(ids, parties, numbers, contacts, RULES)
    assert (keys.parties, len(keys.party), len(used_keys(ids, numbers, contacts).key)) == ([], 0, 0)
