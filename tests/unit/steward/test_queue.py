"""What waits for a steward, and what it shows: places, codes and masks, never a value."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from spark_jobs.bronze import cells
from spark_jobs.errors import OxpeckerError
from spark_jobs.steward import commands, context, options, queue
from spark_jobs.steward.actions import Actions

NOW = datetime(2026, 10, 3, 22, 30)


def test_records_and_held_files_wait_with_their_owner_age_and_money(of):
    waiting = {(i.feed, i.reasons[0]): i for i in of.waiting()}

    half = waiting["ecif__party", "half_character"]
    assert (half.kind, half.owner, half.line_no, half.money) == ("quarantine", "data_office", 11, None)
    assert len(half.customers) == 1
    assert half.age_days(datetime(half.since.year, half.since.month, half.since.day + 3, 23, 59)) == 3
    held = waiting["loan__duebill", "md5"]
    assert (held.kind, held.owner, held.business_date) == ("delivery", "lending", date(2026, 9, 30))
    assert {i.state for i in waiting.values()} == {"open"}


def test_a_queue_is_filtered_by_feed_reason_age_and_owner(of):
    waiting = of.waiting()

    def feeds(**by):
        return [i.feed for i in queue.keep(waiting, NOW, **by)]

    assert feeds(feed="ecif__party") == ["ecif__party"]
    assert feeds(reason="column_count") == ["loan__guarantor"]
    assert set(feeds(owner="lending")) == {"loan__guarantor", "loan__duebill"}
    assert feeds(older_than=9999) == []
    assert feeds(money_over=Decimal(0)) == []


def test_groups_count_each_customer_once(of):
    half = next(i for i in of.waiting() if i.feed == "ecif__party")

    (group,) = queue.grouped([half, half])

    assert (group.items, group.customers) == (2, 1)


def test_the_context_of_a_half_character_shows_its_byte_and_hides_the_name(of):
    half = next(i for i in of.waiting() if i.feed == "ecif__party")
    seen = context.view(half, of.sources[half.feed])

    names = [f.name for f in seen.fields]
    assert names == of.sources[half.feed].names()
    (faulty,) = [f for f in seen.fields if f.is_faulty]
    # E700000010|+|1|+| are 17 bytes, then comes one hanzi of two bytes and the half one.
    assert (faulty.name, faulty.first, faulty.last) == ("name_cn", 18, 20)
    assert seen.offset == half.byte_offset + 19
    at_fault = [byte for byte, is_fault in seen.hexadecimal if is_fault]
    assert at_fault == ["AC", "7C"]
    shown = json.dumps([vars(f) for f in seen.fields], ensure_ascii=False)
    assert "E700000010" not in shown and "1983" not in shown and "LIN" not in shown
    assert not seen.can_accept


def test_values_are_shown_for_a_case_only_and_the_look_is_logged(of, monkeypatch):
    monkeypatch.setattr(options, "desk", lambda *_: of)
    half = next(i for i in of.waiting() if i.feed == "ecif__party")
    run = CliRunner()

    masked = run.invoke(commands.app, ["show", half.item_id])
    nobody = run.invoke(commands.app, ["show", half.item_id, "--case", "C-1"])
    named = run.invoke(commands.app, ["show", half.item_id, "--case", "C-1", "--actor", "S1", "--json"])

    assert masked.exit_code == 0 and "LIN WEI" not in masked.stdout
    assert isinstance(nobody.exception, OxpeckerError)
    assert "LIN WEI" in named.stdout
    (looked,) = Actions(of.settings.steward_actions, of.key_file).read()
    assert (looked["actor"], looked["what"], looked["case"]) == ("S1", "revealed", "C-1")


def test_a_log_that_somebody_changed_says_which_line(of):
    log = Actions(of.settings.steward_actions, of.key_file)
    for name in ("S1", "S2", "S3"):
        log.enter(name, "shown", "x", NOW)
    path = of.settings.steward_actions
    path.write_text(path.read_text().replace('"S2"', '"S9"'))

    with pytest.raises(OxpeckerError, match="line 2"):
        log.read()


def test_the_list_is_read_without_a_jvm_and_bears_no_value(of, monkeypatch):
    monkeypatch.setattr(options, "desk", lambda *_: of)

    told = CliRunner().invoke(commands.app, ["list", "--items", "--json"])

    assert {each["feed"] for each in json.loads(told.stdout)} == {
        "ecif__party",
        "loan__guarantor",
        "loan__duebill",
    }
    assert "E700000010" not in told.stdout


@pytest.mark.parametrize(
    ("separator", "raw", "found"),
    [
        ("|", b"1|\xc1\xd6\xac|x", [b"1", b"\xc1\xd6\xac", b"x"]),
        ("|", b"1|\xac|", [b"1", b"\xac", b""]),
        ("|@|", "1|@|林|@|x".encode("gb18030"), [b"1", b"\xc1\xd6", b"x"]),
    ],
)
def test_a_record_is_cut_by_bytes_where_a_half_character_ate_the_separator(of, separator, raw, found):
    from dataclasses import replace

    party = of.sources["ecif__party"]
    source = replace(party, layout=replace(party.layout, separator=separator), fields=party.fields[:3])

    cut = cells.cut(raw, source)

    assert [c.raw for c in cut] == found
    assert [raw[c.first : c.last] for c in cut] == found
