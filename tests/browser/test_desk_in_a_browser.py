"""The stewards' desk as two people see it: from a record that could not be read to a decision, at the width of a desk and of a phone."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from spark_jobs.bronze import steward_log
from spark_jobs.privacy.seal import Seal
from spark_jobs.steward import decide
from tests.browser.test_report_in_a_browser import browser  # noqa: F401
from tests.support.browser import NEEDS_BROWSER, Person, desk
from tests.unit.steward.conftest import home, of  # noqa: F401

pytestmark = NEEDS_BROWSER
AT = datetime(2026, 10, 3, 2, 0)


@pytest.fixture
def person(browser, of):  # noqa: F811
    """At a desk that answers, with two approvers."""
    with desk(of.settings, lambda: AT, ("li", "zhou")) as address:
        someone = Person(browser, address)
        someone.width(1280)
        yield someone


def test_a_steward_walks_from_the_queue_to_a_repaired_record(person, of):  # noqa: F811
    half = next(i for i in of.waiting() if i.feed == "ecif__party")
    person.log_in("li")
    assert "What waits" in person.text
    person.picture("queue")

    person.follow("ecif__party")
    person.wait_for("#items")
    person.follow(half.item_id[:10])
    person.wait_for("#hex")
    assert "half_character" in person.one("h1").text
    assert [e.text for e in person.one("#hex").find_elements("css selector", "mark")] == ["AC", "7C"]
    assert "LIN WEI" not in person.text
    person.picture("item")

    person.fill("[name=case]", "C-17")
    person.click("form[action$=reveal] button")
    person.wait_for("main:not(:has([name=case]))")
    assert "LIN WEI" in person.text

    person.fill("[name='set.name_cn']", "林瑋")
    person.fill("form[action$=repair] [name=reason]", "asked the branch")
    person.click("form[action$=repair] button")
    person.wait_for(".note[role=status]")
    assert "In force. The next run applies it." in person.text
    assert "LIN WEI" not in person.text and "林瑋" not in person.text
    (made,) = steward_log.read(of.settings.steward_log)
    assert (made.code, made.first, made.state) == ("repair", "li", "in_force")
    assert "林瑋".encode("gb18030") in Seal(of.key_file).open(made.sealed, half.item_id)

    person.visit("/actions")
    assert "revealed" in person.text and "case C-17" in person.text


def test_an_exception_needs_another_person(person, of):  # noqa: F811
    person.log_in("li")
    person.visit("/held")
    for name, day in (("first", "2026-10-01"), ("last", "2026-10-08")):
        person.driver.execute_script(f"document.querySelector('[name={name}]').value = '{day}'")
    person.fill("form[action='/exception'] [name=reason]", "national day")
    person.click("form[action='/exception'] button")
    person.wait_for(".note[role=status]")
    assert "once another person agrees" in person.text
    person.picture("held")

    person.visit("/decisions")
    assert "You proposed it" in person.text
    person.log_in("zhou")
    person.visit("/decisions")
    person.picture("decisions_waiting")
    person.click("form[action$=agree] button")
    person.wait_for(".note[role=status]")

    assert "In force. The next run applies it." in person.text
    (made,) = steward_log.read(of.settings.steward_log)
    assert (made.first, made.second, made.state) == ("li", "zhou", "in_force")
    person.picture("decisions")


def test_an_exception_that_is_needed_no_longer_ends_earlier(person, of):  # noqa: F811
    made = decide.exception(
        of, "core__txn", "volume_band", date(2026, 10, 1), date(2026, 10, 8), "national day", "li", AT
    )
    decide.agree(of, made.decision_id, "zhou", AT)
    person.log_in("zhou")
    person.visit("/held")
    assert not person.one(".ending").is_displayed()
    person.follow("end")
    assert person.one(".ending").is_displayed()
    person.picture("ending")

    person.driver.execute_script("document.querySelector('.ending [name=last]').value = '2026-10-05'")
    person.fill(".ending [name=reason]", "the migration is done")
    person.click(".ending button")
    person.wait_for(".note[role=status]")

    assert "It ends with 2026-10-05." in person.text
    assert "2026-10-05" in person.one("#exceptions").text
    (ended,) = steward_log.read(of.settings.steward_log)
    assert (ended.state, ended.last_date) == ("in_force", date(2026, 10, 5))
    assert ("zhou", "withdrawn") in [(e["actor"], e["what"]) for e in decide.actions(of).read()]


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_of_the_desk_is_wider_than_the_window_and_nothing_complains(person, of, width):  # noqa: F811
    person.width(width)
    person.log_in("li")
    half, file = (
        next(i for i in of.waiting() if i.feed == feed) for feed in ("ecif__party", "loan__duebill")
    )
    person.driver.get_log("browser")
    pages = {
        "queue": "/",
        "held": "/held",
        "decisions": "/decisions",
        "actions": "/actions",
        "item": f"/item/{half.item_id}",
        "file": f"/item/{file.item_id}",
    }
    for name, path in pages.items():
        person.width(width)
        person.visit(path)
        assert person.driver.execute_script("return document.documentElement.scrollWidth") <= width, name
        assert person.driver.get_log("browser") == [], name
        if width < 600 or name == "file":
            person.picture(f"{name}_{width}")


def test_the_print_of_the_desk_can_be_read(person, of):  # noqa: F811
    """Contrast of at least 4.5 to 1 (WCAG 2.1, level AA) for every kind of text, on the ground it stands on."""
    person.log_in("li")
    for path in ("/", "/held", "/decisions", f"/item/{of.waiting()[0].item_id}"):
        person.visit(path)
        weak = person.driver.execute_script("""
            const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                                 return .2126 * r + .7152 * g + .0722 * b };
            const ground = e => { while (e) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; e = e.parentElement } return 'rgb(255,255,255)' };
            return [...document.querySelectorAll('main *')].filter(e => e.tagName !== 'OPTION' && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
                .filter(e => { const a = light(getComputedStyle(e).color), b = light(ground(e)); return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5 })
                .map(e => e.className + ': ' + e.textContent.trim().slice(0, 30))
        """)
        assert weak == [], path
