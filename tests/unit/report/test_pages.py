"""The steward's pages: what is held stands first, gaps stay gaps, text from outside stays text."""

from datetime import date, timedelta

from expectations.report import charts, render
from expectations.report.model import (
    Day,
    FeedLine,
    IdentityLine,
    QuarantineLine,
    ScoreLine,
    Trend,
    VerdictLine,
)

DAY = date(2026, 9, 29)


def feed(name: str, state: str = "loaded", reason: str | None = None, rows: int = 100) -> FeedLine:
    return FeedLine("loan", name, state, reason, 1, "2026-09-29 20:00", None, rows, rows, 0)


def example(day: date = DAY, **changes) -> Day:
    given = {
        "feeds": (feed("duebill"), feed("repay", "held", "row_count")),
        "quarantine": (QuarantineLine("ecif", "party", "half_character", 3, 4),),
        "verdicts": (VerdictLine("silver", "silver.party", "null:name", "warn", "warn", 2, 5000, ("abc",)),),
        "passed": 41,
        "scorecard": (ScoreLine("core", 1.0, 0.9997, 1.0, None, 0.5),),
        "identity": (IdentityLine("create", 5), IdentityLine("merge", 1)),
        "customers": 2013,
    }
    return Day(day, "r1", "published", **(given | changes))


def test_a_held_feed_stands_on_the_page_with_its_reason():
    text = render.page(example())

    held = text[text.index("What was held") : text.index("Quarantine by reason")]
    assert "repay" in held
    assert "row_count" in held
    assert "duebill" not in held


def test_an_empty_day_says_so_instead_of_showing_empty_tables():
    text = render.page(Day(DAY, None, "held"))

    assert "Nothing arrived for this date." in text
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


def test_nearly_all_is_not_shown_as_all():
    assert ">99.9<" in charts.meter(0.9997)
    assert ">100<" in charts.meter(1.0)
    assert "–" in charts.meter(None)


def test_a_page_that_did_not_change_is_not_written_again(tmp_path):
    assert len(render.write(tmp_path, [example()])) == 2
    assert render.write(tmp_path, [example()]) == []
