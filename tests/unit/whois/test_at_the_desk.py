"""A wrong merge is taken back in the browser: looked at, proposed by one, agreed to by another."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from spark_jobs.bronze import steward_log
from spark_jobs.steward import accounts
from spark_jobs.steward.web import app as web
from tests.unit.whois.conftest import ALL

AT = datetime(2026, 9, 30, 2)
SECRET = "a long enough secret"


@pytest.fixture
def enter(bank):
    made = web.make(bank.settings, lambda: AT)

    def logged_in(name: str, role: str) -> TestClient:
        accounts.add(bank.settings.steward_accounts, name, role, SECRET)
        there = TestClient(made, base_url="http://127.0.0.1", follow_redirects=False)
        assert (
            there.post(
                "/login", data={"csrf": token(there.get("/login")), "name": name, "password": SECRET}
            ).status_code
            == 303
        )
        return there

    return logged_in


def token(page) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


def test_one_person_looks_and_proposes_and_another_agrees(bank, enter):
    li, zhou = enter("li", "steward"), enter("zhou", "approver")
    customer = bank.customer("core:1004")

    page = li.get("/persons/undo", params={"subject": customer})
    assert (
        page.status_code == 200
        and "2 customers change, and are believed otherwise since 2026-09-10" in page.text
    )
    assert not bank.settings.steward_log.exists()
    proposed = li.post("/persons/undo", data={"csrf": token(page), "subject": customer, "reason": "two men"})
    assert proposed.headers["location"] == "/decisions"
    [made] = steward_log.read(bank.settings.steward_log)
    assert (made.state, made.code, [w.undoes for w in made.words]) == ("proposed", "undo", ["d-zhou"])

    waits = zhou.get("/decisions")
    assert "1 word about" in waits.text
    zhou.post(f"/decision/{made.decision_id}/agree", data={"csrf": token(waits)})
    [made] = steward_log.read(bank.settings.steward_log)
    assert (made.state, made.first, made.second) == ("in_force", "li", "zhou")


def test_the_queue_shows_nobodys_values_and_offers_a_word_about_pairs(bank, enter):
    li = enter("li", "steward")

    page = li.get("/persons").text

    assert page.count("one person</a>") == 3 and "900,020.00" in page
    for p in ALL:
        assert all(value is None or value not in page for value in (p.name, p.certificate, p.phone, p.birth))
    item = re.search(r"/persons/keep_apart\?subject=(\w+)", page)[1]
    assert "No record changes its customer" in li.get(f"/persons/keep_apart?subject={item}").text


def test_what_does_not_exist_is_told_on_the_page_and_nothing_is_written(bank, enter):
    li = enter("li", "steward")

    for path in (
        "/persons/undo?subject=nobody123",
        "/persons/merge?subject=x'y",
        "/persons/erase?subject=abc",
        "/persons/undo?subject=d-zhou&from=2026-13-01",
    ):
        assert li.get(path).status_code == 422, path
    page = li.get("/persons")
    named = li.post("/persons/undo", data={"csrf": token(page), "subject": "d-zhou", "reason": "周平 called"})
    assert named.status_code == 422 and not bank.settings.steward_log.exists()
