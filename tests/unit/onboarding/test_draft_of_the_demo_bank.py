"""Contracts drafted from what the demo bank sends, beside those that people wrote for it: how much of them a draft finds by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo_bank.generate import generate
from demo_bank.sizes import SIZES
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.onboarding.onboard import Drafted, onboard
from spark_jobs.settings import SHIPPED_CONF

SEED, DIRT = 20260930, "full"
FAMILIES = {
    "date8": "date", "timestamp14": "timestamp", "implied2": "number", "implied3": "number", "implied4": "number", "implied6": "number",
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A draft and the contract that a person wrote for the same feed."""

    drafted: Drafted
    written: SourceContract

    @property
    def fields(self) -> Mapping[str, str]:
        """Our name of a column → the written one, where the draft has the same column."""
        columns, fields = self.drafted.draft.columns, self.written.fields
        if self.written.layout.kind == "fixed":
            by_place = {f.at[0]: f.name for f in fields if f.at}
            return {c.name: by_place[c.at[0]] for c in columns if c.at and c.at[0] in by_place}
        if self.written.layout.kind == "delimited" and not self.written.layout.header:
            return {c.name: f.name for c, f in zip(columns, fields, strict=False)}
        by_name = {f.source_name: f.name for f in fields}
        return {c.name: by_name[c.source_name] for c in columns if c.source_name in by_name}

    @property
    def is_ascii(self) -> bool:
        return all(s.content.isascii() for s in self.drafted.draft.feed.samples)

    def finds_key(self) -> bool:
        return {self.fields.get(name) for name in self.drafted.draft.key_names} == set(self.written.key)

    def types(self) -> tuple[int, int, list[str]]:
        """How many of the filled columns of both have types of one family, of how many, and which have not."""
        declared = {f.name: FAMILIES.get(f.type, f.type) for f in self.written.fields}
        starts = {f.name: f.at for f in self.written.fields}
        wrong, compared = [], 0
        for column in self.drafted.draft.columns:
            name = self.fields.get(column.name)
            if name is None or not column.words or (column.at and starts[name] != column.at):
                continue
            compared += 1
            if FAMILIES.get(column.typed.type, column.typed.type) != declared[name]:
                wrong.append(f"{name}: {column.typed.type}, not {declared[name]}")
        return compared - len(wrong), compared, wrong


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    bank = tmp_path_factory.mktemp("bank")
    generate(SIZES["nano"], bank, SEED, dirt=DIRT)
    written = {(s.delivery.system, s.delivery.member): s for s in load_sources((SHIPPED_CONF,)).values()}
    # The member of a package that bears another date than its package (D07) is a sample like any other.
    drafts, _ = onboard(sorted((bank / "landing").rglob("*.tar.gz")))
    found = [
        Pair(d, written[d.draft.feed.system, d.draft.feed.template.text])
        for d in drafts
        if (d.draft.feed.system, d.draft.feed.template.text) in written
    ]
    assert len(found) >= 50
    return found


def scores(pairs: list[Pair]) -> str:
    """The table that a failing test shows."""
    lines = [f"{'feed':28} {'records':>7}  {'layout':30} key  types"]
    for pair in pairs:
        layout, (right, compared, wrong) = pair.drafted.draft.guess.layout, pair.types()
        cut = f"{layout.kind} {layout.encoding} {layout.separator if layout.kind == 'delimited' else layout.record_bytes or ''}"
        told = "yes" if pair.finds_key() else " no"
        lines.append(
            f"{pair.written.feed:28} {pair.drafted.draft.rows:>7}  {cut:30} {told}  {right}/{compared} {'; '.join(wrong)}"
        )
    return "\n".join(lines)


def test_kind_separator_header_and_record_length_are_found_on_every_feed(pairs: list[Pair]) -> None:
    wrong = []
    for pair in pairs:
        found, asked = pair.drafted.draft.guess.layout, pair.written.layout
        if found.kind == "cdc" and "op" in pair.written.names():
            continue  # its contract reads the change log as plain lines, since it needs both images
        same = (found.kind, found.header, found.record_bytes) == (
            asked.kind,
            asked.header,
            asked.record_bytes,
        )
        if not same or (asked.kind == "delimited" and found.separator != asked.separator):
            wrong.append(pair.written.feed)

    assert wrong == [], scores(pairs)


def test_the_encoding_is_found_wherever_there_is_a_byte_that_tells(pairs: list[Pair]) -> None:
    telling = [p for p in pairs if p.written.layout.kind != "parquet" and not p.is_ascii]

    assert len(telling) > 15
    assert [
        p.written.feed for p in telling if p.drafted.draft.encoding.name != p.written.layout.encoding
    ] == []


def test_the_core_systems_last_line_is_told_from_a_record_and_read(pairs: list[Pair]) -> None:
    with_trailer = [p for p in pairs if p.written.layout.trailer_mark]

    assert len(with_trailer) > 5
    for pair in with_trailer:
        found = pair.drafted.draft
        assert found.guess.layout.trailer_mark == pair.written.layout.trailer_mark
        (trailer, file), *beside = found.controls
        assert (trailer.counts_rows, trailer.has_date, file) == (True, True, None), pair.written.feed
        assert len(beside) == len(pair.written.controls) - 1, pair.written.feed


def test_most_types_are_found_and_days_and_moments_nearly_always(pairs: list[Pair]) -> None:
    right = compared = days_wrong = 0
    for pair in pairs:
        ok, all_, wrong = pair.types()
        right, compared = right + ok, compared + all_
        days_wrong += sum("date" in told or "timestamp" in told for told in wrong)

    assert compared > 300
    assert right >= 0.95 * compared, scores(pairs)
    assert days_wrong <= 2, scores(pairs)


def test_keys_are_found_whole_where_they_are_one_column_and_at_least_in_part_where_they_are_more(
    pairs: list[Pair],
) -> None:
    single = [p for p in pairs if len(p.written.key) == 1 and p.drafted.draft.rows >= 15]
    several = [p for p in pairs if len(p.written.key) > 1 and p.drafted.draft.rows >= 15]

    assert sum(p.finds_key() for p in single) >= 0.9 * len(single), scores(pairs)
    # The last columns of a key often matter in years, not in ten days of fifty people: what is found is part of it.
    part = [p for p in several if {p.fields.get(n) for n in p.drafted.draft.key_names} <= set(p.written.key)]
    assert len(part) >= 0.8 * len(several), scores(pairs)
    assert sum(p.finds_key() for p in several) >= 0.3 * len(several), scores(pairs)


def test_columns_of_fixed_width_begin_where_the_draft_says_and_two_thirds_are_found(
    pairs: list[Pair],
) -> None:
    declared = found = both = 0
    for pair in pairs:
        if pair.written.layout.kind == "fixed":
            asked = {f.at[0] for f in pair.written.fields if f.at}
            starts = {c.at[0] for c in pair.drafted.draft.columns if c.at}
            declared, found, both = declared + len(asked), found + len(starts), both + len(asked & starts)

    assert both >= 0.9 * found, f"{both} of {found} starts are right\n{scores(pairs)}"
    assert both >= 0.6 * declared, f"{both} of {declared} starts are found\n{scores(pairs)}"


def test_every_draft_reads_its_own_samples_or_says_what_it_cannot_read(pairs: list[Pair]) -> None:
    for pair in pairs:
        told = pair.drafted.text
        for reason, number in pair.drafted.unreadable.items():
            assert f"{number} {reason}" in told, pair.written.feed
        for sample in pair.drafted.held:
            assert f"`{sample}` would be held" in told, pair.written.feed
        broken = sum(pair.drafted.unreadable.values())
        assert broken <= 0.02 * pair.drafted.draft.rows + 1, pair.written.feed


def test_numbers_of_persons_and_accounts_are_never_taken_for_codes_that_may_be_shown(
    pairs: list[Pair],
) -> None:
    """A column that a person classed C2-id is drafted C2-id; fixed-width columns count where the draft has the same place."""
    # There only the bank's own words stand for the other side of an entry: nothing tells that names will come.
    laxer = {"core__txn.opp_name"}
    for pair in pairs:
        declared = {f.name: f for f in pair.written.fields}
        for column in pair.drafted.draft.columns:
            name = pair.fields.get(column.name)
            if name and declared[name].privacy == "C2-id" and column.privacy == "C1" and column.words:
                laxer.add(f"{pair.written.feed}.{name}")

    assert laxer == {"core__txn.opp_name"}


def test_no_value_of_a_person_stands_in_a_draft(pairs: list[Pair]) -> None:
    """Resident ids of the demo bank begin with 3398, mobile numbers with 154; names are those of its people."""
    for pair in pairs:
        identifying = {f.name for f in pair.written.fields if f.privacy == "C2-id"}
        for column in pair.drafted.draft.columns:
            if pair.fields.get(column.name) in identifying:
                shown = [
                    w for w in column.words if len(w) >= 4 and w in pair.drafted.text.replace(column.name, "")
                ]
                assert shown == [], f"{pair.written.feed}.{column.name} shows {len(shown)} values"


def test_the_same_samples_give_the_same_draft(tmp_path: Path) -> None:
    generate(SIZES["nano"], tmp_path, SEED, systems=("WEALTH",), dirt=DIRT)
    packages = sorted((tmp_path / "landing").rglob("*.tar.gz"))

    first, second = onboard(packages)[0], onboard(reversed(packages))[0]

    assert [d.text for d in first] == [d.text for d in second]
