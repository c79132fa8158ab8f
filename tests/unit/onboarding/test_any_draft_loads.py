"""Whatever a supplier's file is like: a draft is a contract that loads and reads its own sample, or the refusal says why not."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.onboarding.onboard import Drafted, onboard
from tests.nasty.pack import cases, content_of

ENCODINGS = ("utf-8", "gb18030", "big5", "iso8859-1")
SEPARATORS = (",", ";", "|", "\t", "|+|", "|@|", "\x1d", "^", "~|~")
WORDS = {
    "utf-8": ("李红", "王小明", "Grünfink", "plain", "x y"), "gb18030": ("李红", "王小明", "浙江省杭州市", "plain", "x y"),
    "big5": ("李紅", "王小明", "臺北市信義路", "plain", "x y"), "iso8859-1": ("Grünfink", "Öhmd", "Straße 7", "plain", "x y"),
}  # fmt: skip


@st.composite
def columns(draw: st.DrawFn, encoding: str) -> list[str]:
    """Values of one column of twelve records, of one kind, some of them empty."""
    kind = draw(
        st.sampled_from(("id", "word", "money", "day", "german", "roc", "code", "moment", "empty", "text"))
    )
    emptied = draw(st.sets(st.integers(0, 11), max_size=3))
    words = draw(st.lists(st.sampled_from(WORDS[encoding]), min_size=12, max_size=12))
    start = draw(st.integers(0, 9000))
    days = [date(1990, 1, 1) + timedelta(days=start + n * 37) for n in range(12)]
    made = {
        "id": [f"K{start + n:06d}" for n in range(12)],
        "word": words,
        "money": [f"{(start + n) * 7 / 100:.2f}" for n in range(12)],
        "day": [f"{d:%Y%m%d}" for d in days],
        "german": [f"{d:%d.%m.%Y}" for d in days],
        "roc": [f"{d.year - 1911}/{d:%m/%d}" for d in days],
        "code": [("A", "B", "no", "N/A")[n % 4] for n in range(12)],
        "moment": [f"{d:%Y-%m-%d} 08:15:{n:02d}" for n, d in enumerate(days)],
        "empty": [""] * 12,
        "text": draw(st.lists(st.text("abc XYZ:#'-.", max_size=8), min_size=12, max_size=12)),
    }[kind]
    return ["" if n in emptied and kind != "id" else value for n, value in enumerate(made)]


def sure(path: Path, content: bytes) -> Drafted | None:
    """The draft, or None where it was refused with a reason; and what holds for any draft."""
    path.write_bytes(content)
    drafts, refused = onboard([path])
    assert len(drafts) + len(refused) == 1
    if refused:
        assert len(refused[0]) > len(path.name) + 20
        return None
    (drafted,) = drafts
    for reason, number in drafted.unreadable.items():
        assert f"{number} {reason}" in drafted.text
    for name, reason in drafted.held.items():
        assert f"`{name}` would be held: {reason}" in drafted.text.replace("\n#     ", " ")
    return drafted


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_delimited_file_is_read_by_its_draft(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(ENCODINGS))
    separator = data.draw(st.sampled_from(SEPARATORS))
    table = [
        [f"K{n:05d}" for n in range(12)],
        *data.draw(st.lists(columns(encoding), min_size=1, max_size=6)),
    ]
    rows = [separator.join(c.replace(separator, " ") for c in row) for row in zip(*table, strict=True)]
    if data.draw(st.booleans()):
        rows.insert(0, separator.join(["key", *(f"col_{n}" for n in range(1, len(table)))]))
    if data.draw(st.booleans()):
        rows.append(f"END{separator}20260930{separator}12")
    end = data.draw(st.sampled_from(("\n", "\r\n")))

    with tempfile.TemporaryDirectory() as folder:
        drafted = sure(Path(folder) / "file_20260930.txt", end.join([*rows, ""]).encode(encoding))

    # One column beside the key, of text that may hold any sign: then there may be no separator to be sure of.
    if drafted is not None:
        assert drafted.draft.rows + sum(drafted.unreadable.values()) >= 12


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_file_of_fixed_width_is_read_by_its_draft(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(ENCODINGS))
    table = data.draw(st.lists(columns(encoding), min_size=1, max_size=6))
    table = [[f"K{n:05d}" for n in range(12)], *table]
    widths = [max(1, *(len(v.encode(encoding)) for v in column)) + 1 for column in table]
    rows = []
    for row in zip(*table, strict=True):
        rows.append(b"".join(v.encode(encoding).ljust(w) for v, w in zip(row, widths, strict=True)))

    with tempfile.TemporaryDirectory() as folder:
        drafted = sure(Path(folder) / "file_20260930.dat", b"\n".join([*rows, b""]))

    if drafted is not None:
        assert drafted.draft.rows + sum(drafted.unreadable.values()) == 12


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore")))
def test_any_bytes_are_drafted_or_refused_and_nothing_breaks(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sure(Path(folder) / "file_20260930.bin", content)


@pytest.mark.parametrize("name", cases())
def test_a_nasty_file_is_drafted_or_refused_and_nothing_breaks(name: str, tmp_path: Path) -> None:
    case = cases()[name]
    ending = case.get("archive", "tar.gz") if "members" in case or "archive" in case else "dat"

    drafts, refused = onboard_one(tmp_path / f"data_20260930.{ending}", content_of(case))

    assert drafts or refused


def onboard_one(path: Path, content: bytes) -> tuple[list[Drafted], list[str]]:
    path.write_bytes(content)
    return onboard([path])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.text(min_size=1, max_size=6),
            st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
            min_size=1, max_size=5,
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_any_json_lines_are_drafted_or_refused(records: list[dict[str, object]]) -> None:
    import json

    content = "\n".join(json.dumps(r, ensure_ascii=False) for r in records).encode("utf-8", "ignore")
    with tempfile.TemporaryDirectory() as folder:
        sure(Path(folder) / "file_20260930.jsonl", content)
