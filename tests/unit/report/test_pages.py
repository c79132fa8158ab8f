"""The steward's pages: what is held stands first, gaps stay gaps, text from outside stays text."""

import re
from datetime import date, timedelta
from decimal import Decimal

from expectations.report import charts, render
from expectations.report.model import ChangeLine, Day, FeedLine, RestatedLine, Trend
from tests.support.report import DAY, example, feed


def test_a_held_feed_stands_on_the_page_with_its_reason():
    text = render.page(example())

    held = text[text.index("What was held") : text.index("Quarantine by reason")]
    assert "repay" in held
    assert "row_count" in held
    assert "duebill" not in held


def test_a_day_on_which_nothing_was_published_says_why_and_what_readers_see():
    text = render.page(example(state="held", why=("gate silver failed 2 checks",)))

    assert "Nothing new was published for this date." in text
    assert "Readers still see the last release." in text
    assert "<li>gate silver failed 2 checks</li>" in text


def test_an_empty_day_says_so_instead_of_showing_empty_tables():
    text = render.page(Day(DAY, None, "open"))

    assert "Nothing arrived for this date." in text
    assert "No gate has spoken of this date." in text
    assert "<table>" not in text


def test_text_from_a_file_name_is_never_markup():
    text = render.page(example(feeds=(feed("<script>alert(1)</script>", "held"),)))

    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_page_needs_nothing_from_outside():
    text = render.page(example()) + render.index([example()])

    assert "http://" not in text.replace("http-equiv", "")
    assert "https://" not in text
    assert "src=" not in text.replace("img-src", "").replace("default-src", "").replace("style-src", "")


def test_a_gap_in_a_series_is_drawn_as_a_gap():
    days = tuple((DAY + timedelta(days=n), value) for n, value in enumerate([1.0, 2.0, None, 4.0, 5.0]))

    drawn = charts.line(Trend("Rows", "rows", days))

    assert drawn.count("<polyline") == 2


def test_a_chart_names_the_largest_value_even_where_all_are_zero():
    assert "max 0<" in charts.line(Trend("Late", "files", ((DAY, 0.0), (DAY + timedelta(days=1), 0.0))))


def test_nearly_all_is_not_shown_as_all():
    assert ">99.9<" in charts.meter(0.9997)
    assert ">100<" in charts.meter(1.0)
    assert "–" in charts.meter(None)


def test_lateness_reads_as_people_say_it():
    assert [charts.duration(m) for m in (5, 310, 1980)] == ["5 min", "5 h 10", "1 d 9 h"]


def test_a_source_that_was_answered_by_a_second_file_is_late_and_no_longer_held():
    missing = feed("answer", "missing", "missing", rows=0, answered=True)
    second = feed("answer", late_minutes=1980)

    day = example(feeds=(missing, second))

    assert day.sources == {"loan": "late"}
    assert (len(day.held), len(day.waiting), len(day.late)) == (1, 0, 1)


def test_each_day_leads_to_its_neighbours(tmp_path):
    render.write(tmp_path, [example(DAY - timedelta(days=n)) for n in range(3)])

    middle = (tmp_path / f"{DAY - timedelta(days=1)}.html").read_text(encoding="utf-8")
    assert f'href="{DAY - timedelta(days=2)}.html" rel="prev"' in middle
    assert f'href="{DAY}.html" rel="next"' in middle


def test_a_page_that_did_not_change_is_not_written_again(tmp_path):
    assert len(render.write(tmp_path, [example()])) == 2
    assert render.write(tmp_path, [example()]) == []


def test_the_calendar_shows_one_mark_per_source_and_date():
    days = [
        example(date(2026, 9, 27)),
        example(date(2026, 9, 28), feeds=(FeedLine("card", "c_txn", "loaded", None, 1, None, 20, 5, 5, 0),)),
    ]

    text = render.index(days)

    calendar = text[text.index("Arrivals by source") : text.index("Trends")]
    assert calendar.count('class="held" title') == 1  # loan on the 27th
    assert calendar.count('class="late" title') == 1  # card on the 28th
    assert calendar.count('class="nil" title') == 2  # card on the 27th, loan on the 28th


def test_columns_that_changed_are_told_in_sentences_with_what_they_would_touch():
    change = ChangeLine(
        "task",
        "hold",
        "schema_swapped",
        ("swapped  created ↔ due: both day",),
        ("silver.crm_task", "mart.fct_rm_worklist"),
    )

    text = render.page(example(changes=(change,)))

    held = text[text.index('id="held"') : text.index('id="quarantine"')]
    assert "swapped  created ↔ due: both day" in held
    assert "mart.fct_rm_worklist" in held


def test_records_that_load_by_an_exception_are_counted_beside_those_that_wait():
    text = render.page(example())

    kept_aside = text[text.index('id="quarantine"') : text.index('id="checks"')]
    assert re.findall(r'<td class="n">(\d+)</td>', kept_aside) == ["3", "5", "8"]
    assert "by exception" in kept_aside


def test_a_date_that_was_restated_says_by_how_much_and_why():
    line = RestatedLine("profile.customer_daily", "r2", 0, 1, 2, 3, Decimal("-1234.50"), "delivery", 1)

    text = render.page(example(restated=(line,)))

    section = text[text.index('id="restated"') : text.index('id="arrived"')]
    assert "-1,234.50" in section
    assert "delivery (1)" in section
    assert "what was published of this date stands" in render.page(example(restated=()))
