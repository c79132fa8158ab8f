"""Records that load and say what is wrong with them: dates that are no days, ids and phones that went through a spreadsheet."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.bronze.notices import Notices
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import SourceField, load_sources
from spark_jobs.settings import SHIPPED_CONF

SOURCES = load_sources((SHIPPED_CONF,))


def noticed(feed: str, **values: str) -> list[str]:
    source = SOURCES[feed]
    return Notices(source).of([values.get(name) for name in source.names()])


DAYS = st.sampled_from(
    [
        "2026-09-30",
        "2026-02-30",
        "1900-01-01",
        "0000-00-00",
        "115/09/30",
        "20260930",
        "20260231",
        "46295",
        "二〇二六",
    ]
)
TIMES = st.sampled_from(["", " ", "T", " 08:15:00", "T08:15:00Z", "081500", "-08.15.00.123456", " 24:99"])


@given(
    st.lists(st.one_of(st.none(), st.builds(str.__add__, DAYS, TIMES), st.text("0123456789-/.T: ", max_size=20)), max_size=20),
    st.sampled_from([("date", None), ("timestamp", None), ("timestamp14", None), ("timestamp", "utc"), ("timestamp", "dd.MM.yyyy HH:mm")]),
)  # fmt: skip
def test_days_of_a_whole_column_are_judged_as_one_by_one(texts, kind):
    declared = SourceField("seen_at", kind[0], PrivacyClass.C1, null=("1900-01-01",), format=kind[1])
    source = replace(SOURCES["ecif__party"], fields=(declared,), maps={})
    texts = [
        None if text is None or not text.strip() or text in declared.null else text.strip() for text in texts
    ]
    ((_, whole),), one = Notices(source).dates, Notices(source)

    assert whole.of_column(pa.array(texts, pa.string())).tolist() == [one.of([text]) != [] for text in texts]


@pytest.mark.parametrize(
    ("birth_date", "reasons"),
    [
        ("1990-02-28", []),
        ("1990-02-30", ["date_invalid"]),
        ("2026-13-01", ["date_invalid"]),
        ("99991231", []),      # open
        ("00000000", []),      # nothing
        ("115/09/30", []),     # years of the Republic
        ("46295", []),         # a spreadsheet's day number
        ("yesterday", ["date_invalid"]),
    ],
)  # fmt: skip
@pytest.mark.requirement("R-OPS-06")
def test_only_a_date_that_was_no_day_is_noticed(birth_date, reasons):
    assert noticed("ecif__party", birth_date=birth_date) == reasons


@pytest.mark.parametrize(
    ("written", "reasons"),
    [
        ("2026-09-06 11:01:54", []),
        ("2026/9/6 11:01", []),
        ("20260906110154", []),
        ("2026-09-06T11:01:54+08:00", []),
        ("2026-02-30 11:01:54", ["date_invalid"]),
        ("46295", ["date_invalid"]),  # an instant is not written so
    ],
)
def test_an_instant_of_a_day_that_never_was_is_noticed(written, reasons):
    assert noticed("cmpl__complaint", received_ts=written) == reasons


def test_where_the_contract_says_how_dates_are_written_no_other_way_is_a_date():
    source = SOURCES["ecif__party"]
    german = tuple(replace(f, format="dd.MM.yyyy") if f.name == "birth_date" else f for f in source.fields)
    at = source.names().index("birth_date")

    def said(text: str) -> list[str]:
        values: list[str | None] = [None] * len(german)
        values[at] = text
        return Notices(replace(source, fields=german)).of(values)

    assert (said("28.02.1990"), said("30.02.1990"), said("1990-02-28")) == (
        [],
        ["date_invalid"],
        ["date_invalid"],
    )


@pytest.mark.parametrize(
    ("written", "reasons"),
    [
        ("330102198506070000", ["id_precision"]),  # the worked value: a spreadsheet kept fifteen digits
        ("339801199003070019", []),                # valid
        ("339801199003070018", []),                # a typing error is no spreadsheet's doing
        ("E10000001", []),
        ("330102********7000", ["id_precision"]),
        ("330102********7012", []),
    ],
)  # fmt: skip
def test_an_id_that_lost_its_last_digits_in_a_spreadsheet_is_noticed(written, reasons):
    assert noticed("ecif__party_cert", cert_no=written) == reasons


def test_a_valid_id_may_end_in_three_zeros():
    # GB 11643: the weighted sum of the first seventeen digits leaves 1 when the check digit is 0.
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    born = (f"339801199003{day:02d}{order}00" for day in range(1, 29) for order in range(10))
    first_17 = next(f for f in born if sum(w * int(d) for w, d in zip(weights, f, strict=True)) % 11 == 1)

    assert noticed("ecif__party_cert", cert_no=f"{first_17}0") == []


@pytest.mark.parametrize(
    ("written", "reasons"),
    [("1.38E+10", ["phone_lossy"]), ("1.5400001234E+10", []), ("15400001234", []), ("0571-88880000", [])],
)
def test_a_phone_is_lost_only_where_digits_are(written, reasons):
    assert noticed("ecif__party_phone", phone_no=written) == reasons


def test_fields_that_are_mapped_to_nothing_of_the_kind_are_not_looked_at():
    assert noticed("cmpl__complaint", text="330102198506070000", outcome="1.38E+10") == []


def test_a_record_may_say_several_things():
    assert noticed("ecif__party_cert", cert_no="330102198506070000", eff_date="2026-02-30") == [
        "date_invalid",
        "id_precision",
    ]


def test_a_field_of_another_type_is_no_date():
    source = SOURCES["ecif__party"]
    texts = tuple(replace(f, type="string") if isinstance(f, SourceField) else f for f in source.fields)

    assert Notices(replace(source, fields=texts)).of(["1990-02-30"] * len(texts)) == []
