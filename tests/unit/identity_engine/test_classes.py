"""EM finds the classes that were planted."""

from __future__ import annotations

import numpy as np

from spark_jobs.identity.engine.classes import EXACT, HOUSEHOLD, LEVELS, SAME, Counted, FieldPrior, learned
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.identity.engine.scale import LABELS
from tests.unit.identity_engine.kit import people

# Six fields with two levels that occur: equal, and else.
EQUAL, ELSE = EXACT.start, EXACT.stop
FIELDS = 6
RECORDS = 2_000
PAIRS = RECORDS * (RECORDS - 1) / 2


def planted(
    matches: int, agree: list[float], chance: list[float]
) -> tuple[Counted, Counted, list[FieldPrior]]:
    """Expected counts of all patterns: of one person's pairs `agree` of each field is equal, of strangers' pairs `chance`."""
    levels = np.array([[EQUAL if (p >> f) & 1 else ELSE for f in range(FIELDS)] for p in range(2**FIELDS)])
    of = lambda shares: np.prod(np.where(levels == EQUAL, shares, 1 - np.array(shares)), axis=1)  # noqa: E731
    strangers = (PAIRS - matches) * of(chance)
    seen = Counted(levels.astype(np.uint8), matches * of(agree) + strangers)
    same = np.zeros(LEVELS)
    same[EQUAL], same[ELSE] = 0.8, 0.2
    priors = []
    for f in range(FIELDS):
        equal = np.zeros(LEVELS)
        equal[EXACT] = 0
        equal[EQUAL] = seen.pairs[levels[:, f] == EQUAL].sum()
        priors.append(FieldPrior(f"field_{f}", same, equal, PAIRS, False, last=ELSE))
    return seen, seen, priors


def test_planted_shares_of_matches_and_of_agreement_are_found_again() -> None:
    agree, chance = [0.95, 0.9, 0.85, 0.8, 0.9, 0.7], [0.01, 0.02, 0.005, 0.1, 0.03, 0.05]
    found, random, priors = planted(900, agree, chance)
    model = learned(found, random, priors, [], PAIRS, RECORDS)
    assert abs(model.sizes[SAME] - 900) < 30
    for f in range(FIELDS):
        assert abs(np.exp(model.log[SAME, f, EQUAL]) - agree[f]) < 0.02
        assert abs(np.exp(model.log[2, f, EQUAL]) - chance[f]) < 0.002


def test_posteriors_are_calibrated_on_what_was_planted() -> None:
    agree, chance = [0.9, 0.8, 0.8, 0.7, 0.7, 0.6], [0.02, 0.05, 0.02, 0.1, 0.05, 0.1]
    found, random, priors = planted(900, agree, chance)
    model = learned(found, random, priors, [], PAIRS, RECORDS)
    told = model.posteriors(found.levels)[:, SAME] @ found.pairs
    assert abs(told - 900) < 40


def test_a_missing_value_speaks_for_nothing() -> None:
    found, random, priors = planted(900, [0.9] * 6, [0.02] * 6)
    model = learned(found, random, priors, [], PAIRS, RECORDS)
    nothing = np.zeros((1, FIELDS), np.uint8)
    prior_odds = np.log(model.sizes[SAME] / model.sizes[1:].sum())
    assert abs(model.log_odds(nothing)[0] - prior_odds) < 0.01


def test_namesakes_of_which_the_birth_date_is_always_another_are_not_taken_for_one_person() -> None:
    """Two fields: a name that many bear, and a birth date that one person's records have differing seldom."""
    agree, chance = [0.95, 0.95, 0.9, 0.5, 0.5, 0.5], [0.05, 0.0005, 0.5, 0.5, 0.5, 0.5]
    found, random, priors = planted(900, agree, chance)
    priors[1].most_else = 0.1
    model = learned(found, random, priors, [], PAIRS, RECORDS)
    namesakes = np.array([[EQUAL, ELSE, EQUAL, ELSE, ELSE, ELSE]], np.uint8)
    assert model.posteriors(namesakes)[0, SAME] < 0.05


def test_twins_are_two_people_however_alike_their_names_are_made() -> None:
    """Name and birth date only: one birth date and a name with one other sign is a pair of twins as well as an error."""
    rows = [f"{i} | {'赵钱孙李周吴郑王冯陈'[i // 2 % 10]}{'国家文志美'[i // 20 % 5]}{'伟强磊军洋勇杰涛明超'[i // 2 % 7]} | 19{50 + i // 2 % 43}-0{1 + i // 2 % 9}-1{i // 2 % 10}" for i in range(400)]  # fmt: skip
    twins = [
        f"t{i}{side} | 何{'国家文志美'[i]}{'芳娜'[side]} | 1991-0{1 + i}-27"
        for i in range(5)
        for side in (0, 1)
    ]
    clusters = resolve(people("id | full_name | birth_date", "\n".join(rows + twins))).clusters.to_pylist()
    of = {row["record_id"]: row["cluster_id"] for row in clusters}
    assert all(of[str(i)] == of[str(i + 1)] for i in range(0, 400, 2))
    assert all(of[f"t{i}0"] != of[f"t{i}1"] for i in range(5))


def test_a_file_with_many_twins_counts_them_and_keeps_them_apart() -> None:
    """As above, but one household in six has twins, whose names have a sign in common."""
    given, signs = "国家文志美海春", "伟强磊军洋勇杰涛明超"
    rows = [f"{i} | {'赵钱孙李周吴郑王冯陈'[i // 2 % 10]}{given[i // 20 % 5]}{signs[i // 2 % 7]} | 19{50 + i // 2 % 43}-0{1 + i // 2 % 9}-1{i // 2 % 10}" for i in range(400)]  # fmt: skip
    twins = [
        f"t{i}{side} | {'何吕施张孔'[i % 5]}{given[i % 7]}{signs[i % 5 + 5 * side]} | 19{50 + i % 43}-1{i % 3}-{20 + i % 8}"
        for i in range(40)
        for side in (0, 1)
    ]
    found = resolve(people("id | full_name | birth_date", "\n".join(rows + twins)))
    of = {row["record_id"]: row["cluster_id"] for row in found.clusters.to_pylist()}
    assert 20 < found.scored.model.sizes[found.scored.model.twins] < 45
    assert all(of[str(i)] == of[str(i + 1)] for i in range(0, 400, 2))
    assert all(of[f"t{i}0"] != of[f"t{i}1"] for i in range(40))


_GIVEN = ("Anna", "Emma", "Paul", "Mark", "Ruth", "Jane", "Hugh", "Carl", "Rosa", "Olga", "Ivan", "Nils")


def test_neighbours_of_one_town_are_no_household() -> None:
    """Two people of one town have its postcode, too, and are a hundred times as many as the families: those are found all the same."""
    same = 600, [0.97, 0.97, 0.97, 0.7, 0.8, 0.8]
    household = 700, [0.01, 0.97, 0.001, 0.97, 0.98, 0.98]
    neighbours = 100_000, [0.01, 0.01, 0.001, 0.0005, 0.98, 0.98]
    strangers = PAIRS - 101_300, [0.01, 0.01, 0.001, 0.0005, 0.02, 0.02]
    levels = np.array([[EQUAL if (p >> f) & 1 else ELSE for f in range(FIELDS)] for p in range(2**FIELDS)])
    pairs = sum(
        count * np.prod(np.where(levels == EQUAL, shares, 1 - np.array(shares)), axis=1)
        for count, shares in (same, household, neighbours, strangers)
    )
    expected = np.zeros(LEVELS)
    expected[EQUAL], expected[ELSE] = 0.8, 0.2
    priors = []
    for f, name in enumerate(("given", "surname", "birth_date", "address", "city", "postcode")):
        equal = np.zeros(LEVELS)
        equal[EQUAL] = pairs[levels[:, f] == EQUAL].sum()
        priors.append(
            FieldPrior(
                name, expected, equal, PAIRS, name in ("surname", "address", "city", "postcode"), last=ELSE,
                is_telling=f < 3, is_place=f > 2,
            )
        )  # fmt: skip
    seen = Counted(levels.astype(np.uint8), pairs)
    model = learned(seen, seen, priors, [(4, 5)], PAIRS, RECORDS)
    assert abs(model.sizes[HOUSEHOLD] - 700) < 140
    assert abs(model.sizes[SAME] - 600) < 60


def test_junior_and_senior_of_one_house_are_two_people_where_no_birth_date_tells() -> None:
    """Everybody twice at one address; thirty fathers and sons of one name, each once, who say which they are."""
    rows = [f"{i} | {_GIVEN[i // 2 % 12]} Rowe{'abcdefghik'[i // 2 % 10]}{'lmnorstuvw'[i // 20 % 10]} | {1 + i // 2} Mill Lane" for i in range(400)]  # fmt: skip
    family = [
        f"f{i}{side} | {_GIVEN[i % 12]} Hunt{'abcdefghik'[i % 10]}{'xyz'[i // 10]} {side} | {900 + i} Mill Lane"
        for i in range(30)
        for side in ("Jr", "Sr")
    ]
    found = resolve(
        people("id | full_name | address", "\n".join(rows + family), region="GB")
    ).clusters.to_pylist()
    of = {row["record_id"]: row["cluster_id"] for row in found}
    assert all(of[str(i)] == of[str(i + 1)] for i in range(0, 400, 2))
    assert all(of[f"f{i}Jr"] != of[f"f{i}Sr"] for i in range(30))


def test_twins_of_two_names_that_others_bear_too_are_two_people_at_one_address() -> None:
    """Everybody twice; five pairs of twins, each once, agree in surname, birth date and address."""
    given, surname = (
        ["Anna", "Emma", "Paul", "Mark", "Ruth", "Jane", "Hugh", "Carl"],
        ["Rowe", "Hunt", "Page", "Lane", "Cole", "Webb", "Snow"],
    )
    rows = [f"{i} | {given[i // 2 % 8]} | {surname[i // 2 % 7]} | 19{50 + i // 2 % 43}-0{1 + i // 2 % 9}-1{i // 2 % 10} | {1 + i // 2} Mill Lane" for i in range(800)]  # fmt: skip
    twins = [
        f"t{i}{side} | {given[2 * (i % 4) + side]} | {surname[i]} | 1991-0{1 + i}-27 | {900 + i} Mill Lane"
        for i in range(5)
        for side in (0, 1)
    ]
    header = "id | given_name | surname | birth_date | address"
    clusters = resolve(people(header, "\n".join(rows + twins), region="GB")).clusters.to_pylist()
    of = {row["record_id"]: row["cluster_id"] for row in clusters}
    assert all(of[str(i)] == of[str(i + 1)] for i in range(0, 800, 2))
    assert all(of[f"t{i}0"] != of[f"t{i}1"] for i in range(5))


def test_a_certificate_that_only_three_of_many_have_speaks_against_where_it_differs() -> None:
    """Three valid ids, all different: two people of another name are not one because their certificates differ."""
    names = [f"{s}{g}" for s in "王李张刘陈" for g in ("敏", "建国", "秀英", "志强")]
    ids = {0: "339801198001010028", 1: "339802196601010015", 2: "339803197003070012"}
    rows = "\n".join(f"{n} | {name} | {ids.get(n, '')} | 154{n:08d}" for n, name in enumerate(names))
    result = resolve(people("id | full_name | national_id | phone", rows))

    at = next(i for i, f in enumerate(result.fields) if f.name == "national_id")
    weight = result.scored.model.log[SAME, at] - result.scored.model.log[2, at]
    differs = LABELS["number"].index("else")
    assert weight[differs] < 0
    assert len(set(result.clusters["cluster_id"].to_pylist())) == len(names)
