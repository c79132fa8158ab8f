"""The steward's report as a person sees it: in a real browser, from disk, at the width of a desk and of a phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from expectations.report import render
from tests.support.browser import NEEDS_BROWSER, opened
from tests.support.report import DAY, example

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """Twelve dates, one of them held, one without customers."""
    folder = tmp_path_factory.mktemp("report")
    days = [example(DAY - timedelta(days=n), customers=2013 - 7 * n) for n in range(12)]
    days[3] = example(days[3].business_date, state="held", why=("gate silver failed 1 check",))
    days[5] = example(days[5].business_date, state="open", customers=None, aum=None, rules=())
    render.write(folder, days)
    return folder


@pytest.fixture(scope="module")
def browser():
    with opened() as driver:
        yield driver


def visit(browser, page: Path, width: int = 1280) -> None:
    view = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)
    browser.get(page.as_uri())


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["index.html", f"{DAY}.html", f"{DAY - timedelta(days=3)}.html"])
def test_no_page_is_wider_than_the_window_and_nothing_complains(browser, pages, name, width):
    visit(browser, pages / name, width)

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.get_log("browser") == []
    cut = browser.execute_script(
        "return [...document.querySelectorAll('.tile b, .card h3 b')].filter(e => e.scrollWidth > e.clientWidth + 1 || "
        "e.getBoundingClientRect().right > e.parentElement.getBoundingClientRect().right).map(e => e.textContent)"
    )
    assert cut == []


def test_every_chart_has_an_area_and_its_line_goes_somewhere(browser, pages):
    visit(browser, pages / "index.html")

    boxes = browser.execute_script(
        "return [...document.querySelectorAll('svg')].map(s => { const b = s.getBoundingClientRect();"
        " return [b.width, b.height, [...s.querySelectorAll('polyline')].reduce((sum, p) => sum + p.getTotalLength(), 0)]; })"
    )
    assert len(boxes) == len(render.trends([]))
    assert all(width > 200 and height > 60 and length > 150 for width, height, length in boxes)


def test_every_link_of_every_page_leads_to_a_page_or_a_place_on_it(browser, pages):
    for page in sorted(pages.glob("*.html")):
        visit(browser, page)
        links = browser.execute_script(
            "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
        )
        here = browser.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
        for link in links:
            assert link.removeprefix("#") in here if link.startswith("#") else (pages / link).is_file(), (
                page.name,
                link,
            )


def test_a_steward_walks_from_the_index_to_a_day_and_on(browser, pages):
    from selenium.webdriver.common.by import By

    visit(browser, pages / "index.html")
    browser.find_element(By.CSS_SELECTOR, "#newest a").click()
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith(str(DAY))

    browser.find_element(By.CSS_SELECTOR, "a[rel=prev]").click()
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith(str(DAY - timedelta(days=1)))

    visit(browser, pages / f"{DAY - timedelta(days=3)}.html")
    assert "gate silver failed 1 check" in browser.find_element(By.CLASS_NAME, "alert").text


def test_ink_is_dark_on_light_and_small_print_can_be_read(browser, pages):
    """Contrast of at least 4.5 to 1 (WCAG 2.1, level AA) for every kind of text, on the ground it stands on."""
    visit(browser, pages / f"{DAY}.html")

    weak = browser.execute_script("""
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                             return .2126 * r + .7152 * g + .0722 * b };
        const ground = e => { while (e) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; e = e.parentElement } return 'rgb(255,255,255)' };
        return [...document.querySelectorAll('main *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
            .filter(e => { const a = light(getComputedStyle(e).color), b = light(ground(e)); return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5 })
            .map(e => e.className + ': ' + e.textContent.trim().slice(0, 30))
    """)
    assert weak == []
