"""Who are two people, whatever ties them."""

from datetime import date

import pytest

from spark_jobs.identity.guards import Mark, Traits, traits_on, two_people

WANG = {"Wang", "WANG"}


def known(**values: str | set[str]) -> Traits:
    return Traits(
        **{kind: frozenset({value} if isinstance(value, str) else value) for kind, value in values.items()}
    )


@pytest.mark.parametrize(
    ("one", "other", "are_two"),
    [
        (known(resident="a"), known(resident="b"), True),
        (known(resident="a"), known(resident="a", sex="F"), False),
        (known(sex="F"), known(sex="M"), True),
        (known(birth="1980"), known(birth="1981"), False),
        (known(name="Wang"), known(name="Li"), False),
        (known(birth="1980", name="Wang"), known(birth="1981", name="Li"), True),
        (known(birth="1980", name=WANG), known(birth="1981", name="WANG"), False),
        (known(birth="1980", name="Wang"), known(birth="1981"), False),
        (known(), known(resident="b", sex="M"), False),
    ],
)
def test_not_knowing_contradicts_nobody_and_a_name_or_a_birth_alone_neither(one, other, are_two):
    assert two_people(one, other) is two_people(other, one) is are_two


def test_what_is_learned_later_does_not_count_before():
    marks = [Mark("resident", "a", date(2026, 9, 5)), Mark("sex", "F", date(2026, 9, 1))]

    assert traits_on(marks, date(2026, 9, 4)) == known(sex="F")
    assert traits_on(marks, date(2026, 9, 5)) == known(sex="F", resident="a")
