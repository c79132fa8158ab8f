"""What the engine says of a pair: weights that add up, a picture without values, values only for a case, and logged."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from itertools import product
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from spark_jobs.cli import app
from spark_jobs.errors import OxpeckerError, SettingsError
from spark_jobs.identity import bank_model, looks
from spark_jobs.identity.timeline import OPEN
from spark_jobs.steward import decide
from spark_jobs.steward.queue import Desk
from spark_jobs.whois import waterfall, weighed
from spark_jobs.whois.book import Book
from tests.support.whois import LAST, Bank, Person, Tied, resident

# Sixty people in two systems each: name, birth date and phone are the same in both; the second system has no certificate.
_NAMES = [s + g for s, g in product("王李张刘陈杨黄赵吴周", ("敏", "建国", "秀英", "志强", "丽华", "海燕"))]
CROWD = [
    each
    for n, name in enumerate(_NAMES)
    for born in [f"19{50 + n % 45}-{1 + n % 12:02d}-{1 + n % 28:02d}"]
    for each in (
        Person(
            f"core:{n}",
            name,
            born,
            "MF"[n % 2],
            resident(f"339801{born.replace('-', '')}{100 + n:03d}"),
            f"154{n:08d}",
        ),
        Person(f"loan:{n}", name, born, "MF"[n % 2], None, f"154{n:08d}"),
    )
]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Bank:
    ties = [
        Tied(f"core:{n}", f"loan:{n}", "name_birth_phone", "name+ birth+ sex+ id?")
        for n in range(len(_NAMES))
    ]
    return Bank(tmp_path_factory.mktemp("crowd"), CROWD, ties)


def scales(bank: Bank, one: str, other: str, reveal: bool = False, day: date = LAST) -> weighed.Weighed:
    with Book(bank.settings) as book:
        return weighed.weigh(book, [bank.party(one)], [bank.party(other)], day, reveal)


def test_the_weights_add_up_to_the_odds_and_the_odds_to_the_probability(crowd):
    for pair in (("core:3", "loan:3"), ("core:3", "core:9"), ("core:0", "loan:6")):
        told = scales(crowd, *pair)

        assert math.isclose(sum(bits for _, _, bits in waterfall.steps(told)), told.bits, abs_tol=1e-9)
        assert math.isclose(told.probability, 1 / (1 + 2**-told.bits), abs_tol=1e-12)
        assert math.isclose(sum(share for _, share in told.classes), 1, abs_tol=1e-9)
        assert math.isclose(dict(told.classes)["one person"], told.probability, abs_tol=1e-6)


def test_two_records_of_one_person_speak_for_it_in_every_field_and_strangers_against(crowd):
    same, strangers = scales(crowd, "core:3", "loan:3"), scales(crowd, "core:3", "core:14")

    assert same.probability > 0.99 and strangers.probability < 0.01
    assert {w.field: w.bits > 0 for w in same.weights if w.level != "not known of both"} == {
        "name": True, "birth_date": True, "phone": True, "sex": True,
    }  # fmt: skip
    assert {w.field for w in strangers.weights if w.bits < 0} >= {"name", "phone"}
    assert (same.certificate, strangers.certificate) == ("none", "two")


def test_the_odds_are_those_by_which_the_identity_job_judges_the_pair(crowd):
    """The job reads all of silver and compares who meets; this reads two records."""
    said = bank_model.in_lake(crowd.settings, crowd.rules)
    seen = looks.look(said, bank_model.opened(crowd.settings).frozen)
    judged = {
        frozenset(said.parties[said.party[side]] for side in pair): odds
        for *pair, odds in zip(seen.left, seen.right, seen.odds, strict=True)
    }

    told = scales(crowd, "core:3", "loan:3")

    assert math.isclose(
        told.bits * math.log(2), judged[frozenset((told.party_a, told.party_b))], rel_tol=1e-9
    )


def test_the_version_is_that_of_the_frozen_model_and_another_than_the_releases_is_told(crowd):
    """The release of this bank was judged by rules alone; then by the model; then the bank learned another."""
    version = bank_model.opened(crowd.settings).version
    told = scales(crowd, "core:3", "loan:3")

    assert (told.model, told.judged_by) == (version, None)
    assert waterfall.lines(told)[-1].startswith(
        f"weighed by {version}; the release was judged by rules alone"
    )
    same, other = (replace(told, judged_by=by) for by in (version, "model-0000000000"))
    assert waterfall.lines(same)[-1] == f"weighed by {version}, the model that judged the release"
    assert "judged by model-0000000000" in waterfall.lines(other)[-1]


def test_the_pair_is_weighed_as_it_stood_on_the_day_asked_about(tmp_path):
    """The loan system had another phone until the tenth, and the card system knew nobody before the fifth."""
    told = lambda key, phone, since=1, until=OPEN: Person(  # noqa: E731
        key, "司马若云", "1980-03-05", "F", phone=phone, since=date(2026, 9, since), until=until
    )
    moved = Bank(tmp_path, [told("core:1", "15400000001"), told("loan:1", "15466666666", until=date(2026, 9, 10)),
                            told("loan:1", "15400000001", 10), told("card:1", "15400000001", 5)], [])  # fmt: skip

    def phone(day: int) -> str:
        weights = scales(moved, "core:1", "loan:1", day=date(2026, 9, day)).weights
        return next(w.level for w in weights if w.field == "phone")

    assert phone(9) == "altogether different"
    assert phone(10).startswith("equal")
    with pytest.raises(OxpeckerError, match="no two records"):
        scales(moved, "core:1", "card:1", day=date(2026, 9, 4))


def test_what_likeness_never_ties_is_said_beside_its_weights(tmp_path):
    """One name and phone under two birth dates: the job leaves it to a steward, whatever the probability."""
    born = {"core:1": "1970-02-02", "core:2": "1981-02-02"}
    two = Bank(
        tmp_path, [Person(key, "司马若云", day, "M", phone="15400000077") for key, day in born.items()], []
    )

    told = scales(two, "core:1", "core:2")

    assert told.held_back == "steward"
    assert waterfall.HELD_BACK["steward"] in waterfall.lines(told)


def test_a_lake_whose_model_does_not_open_says_so_rather_than_learn_one(crowd, tmp_path):
    strange = Bank(tmp_path, CROWD[:4], [])
    (strange.settings.keys / "lake.key").write_bytes(bytes(range(32)))
    with pytest.raises(SettingsError, match="another secret"):
        weighed.weigh(Book(strange.settings), ["a"], ["b"], LAST)


def test_a_record_that_its_source_has_no_more_is_weighed_by_what_was_said_of_it(crowd, tmp_path):
    """ECIF's own merge ends one of the two numbers, and just these pairs wait for a word."""
    ended = [replace(p, until=date(2026, 9, 20)) if p.key == "core:3" else p for p in CROWD]
    gone = Bank(tmp_path, ended, [])

    told, before = scales(gone, "core:3", "loan:3"), scales(crowd, "core:3", "loan:3")

    assert [w.level for w in told.weights] == [w.level for w in before.weights]


def test_of_two_customers_the_records_that_look_most_like_one_person_are_weighed(crowd):
    side = lambda n: [crowd.party(f"core:{n}"), crowd.party(f"loan:{n}")]  # noqa: E731
    with Book(crowd.settings) as book:
        told = weighed.weigh(book, side(3), side(9), LAST)

    best = max(scales(crowd, f"{x}:3", f"{y}:9").bits for x in ("core", "loan") for y in ("core", "loan"))
    assert math.isclose(told.bits, best, rel_tol=1e-9)


def test_the_picture_is_an_svg_whose_bars_end_where_the_next_begins_and_shows_nobodys_values(crowd, tmp_path):
    told = scales(crowd, "core:3", "loan:3", reveal=True)
    file = waterfall.write(told, tmp_path / "pair.svg", {told.party_a: "core"})

    text = file.read_text(encoding="utf-8")
    for value in (
        CROWD[6].name,
        CROWD[6].birth,
        CROWD[6].birth.replace("-", ""),
        CROWD[6].certificate,
        CROWD[6].phone,
    ):
        assert value not in text
    bars = [
        r
        for r in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}rect")
        if r.get("class") in ("for", "against", "sum")
    ]
    spans = [(float(r.get("x")), float(r.get("x")) + float(r.get("width"))) for r in bars]
    assert len(bars) >= 5
    assert all(a >= 328 and b <= 872 for a, b in spans)
    # The sum starts at zero and ends where the last step ended.
    steps, total = spans[:-1], spans[-1]
    assert any(abs(edge - total[1]) < 0.3 for edge in steps[-1])


def test_values_are_masked_and_shown_only_for_a_case_which_is_logged(crowd, monkeypatch):
    monkeypatch.setattr("spark_jobs.commands.identity.load_settings", lambda *_: crowd.settings)
    run = lambda *words: CliRunner().invoke(app, ["identity", "explain", "core:3", "loan:3", *words])  # noqa: E731
    phone = CROWD[6].phone

    masked = run("--weights")
    assert masked.exit_code == 0 and "one person with probability" in masked.output
    assert phone not in masked.output and CROWD[6].name not in masked.output
    assert isinstance(run("--case", "C-7").exception, OxpeckerError)
    assert phone in run("--case", "C-7", "--actor", "li").output
    told = decide.actions(Desk(crowd.settings)).read()
    assert [(e["actor"], e["what"], e["case"]) for e in told] == [("li", "revealed", "C-7")] * 2
    assert {e["subject"] for e in told} == {crowd.party("core:3"), crowd.party("loan:3")}
    found = json.loads(run("--weights", "--json").output)
    assert found["weights"]["certificate"] == "none" and found["is_one"] is True


def test_a_record_is_not_weighed_against_itself(crowd):
    with Book(crowd.settings) as book, pytest.raises(OxpeckerError, match="no two records"):
        weighed.weigh(book, [crowd.party("core:3")], [crowd.party("core:3")], LAST)


def test_of_a_customer_the_strongest_tie_of_each_record_is_scales(crowd, monkeypatch):
    monkeypatch.setattr("spark_jobs.commands.identity.load_settings", lambda *_: crowd.settings)
    run = lambda *words: CliRunner().invoke(app, ["identity", "explain", "customer", "core:3", *words])  # noqa: E731
    version = bank_model.opened(crowd.settings).version

    (found,) = json.loads(run("--weights", "--json").output)["weights"]

    assert {found["party_a"], found["party_b"]} == {crowd.party("core:3"), crowd.party("loan:3")}
    assert (found["rule"], found["model"]) == ("name_birth_phone", version)
    assert (
        found["probability"]
        == scales(crowd, found_key(crowd, found["party_a"]), found_key(crowd, found["party_b"])).probability
    )
    said = run("--weights").output
    assert version in said and CROWD[6].name not in said and CROWD[6].phone not in said
    assert isinstance(run("--case", "C-7", "--actor", "li").exception, OxpeckerError)


def found_key(bank: Bank, party: str) -> str:
    """source:number of a party."""
    return next(p.key for p in bank.people if bank.party(p.key) == party)
