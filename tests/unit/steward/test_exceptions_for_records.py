"""Exceptions of rules about records: for a feed and dates, or for named records; by two people, with an end, kept as a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from spark_jobs.bronze import cases, rulings
from spark_jobs.bronze.rulings import RecordRulings
from spark_jobs.bronze.without_rule import read_without
from spark_jobs.errors import OxpeckerError, SettingsError
from spark_jobs.privacy.seal import Seal
from spark_jobs.steward import decide
from spark_jobs.steward.queue import Desk

AT = datetime(2026, 10, 1, 2, 0)
FEED, RULE = "loan__guarantor", "column_count"
FIRST, LAST = date(2026, 9, 20), date(2026, 9, 30)
# Without its last field, which may be empty, and with one too many.
SHORT, LONG = (b"339801|@|WANG|@|01|@|33980119900307001|@|15400001234" + end for end in (b"", b"|@|R|@|x"))


@pytest.fixture
def waits(of, monkeypatch):
    """A guarantor's record without its last field waits at the desk."""
    real = Desk._record

    def short(self, row, file):
        made = real(self, row, file)
        return (
            replace(made, record=SHORT, byte_len=len(SHORT), reasons=(RULE,)) if made.feed == FEED else made
        )

    monkeypatch.setattr(Desk, "_record", short)
    return next(i for i in of.waiting() if i.feed == FEED)


def excepted(desk, check=RULE, first=FIRST, last=LAST, records=(), second="S2"):
    made = decide.exception(
        desk, FEED, check, first, last, "until release 8 of the supplier", "S1", AT, records
    )
    return decide.agree(desk, made.decision_id, second, AT) if second else made


def row(item, raw=SHORT, **more):
    return {
        "quarantine_id": item.item_id, "record": raw, "file_header": None, "line_no": item.line_no, "byte_offset": item.byte_offset,
        "byte_len": len(raw), "reason_codes": [RULE], "feed_code": FEED, "business_date": item.business_date,
    } | more  # fmt: skip


def outcome(of, told):
    """What the next run makes of a record, None where nothing was decided of it."""
    decided = RecordRulings(of.decisions, [], {}, of.policy, of.sources)
    ruling = decided.about(
        told["quarantine_id"], told["feed_code"], lambda: of.record_token(FEED, told["record"]), told["business_date"], told["reason_codes"]
    )  # fmt: skip
    return None if ruling is None else rulings.apply(told, ruling, of.sources[FEED], Seal(of.key_file))


def test_a_feeds_records_load_for_the_dates_of_an_exception_and_say_so(of, waits):
    made = excepted(of)

    told = outcome(of, row(waits))

    assert (told.state, told.decision_id) == ("excepted", made.decision_id)
    assert told.record.values == ["339801", "WANG", "01", "33980119900307001", "15400001234", None]
    assert told.record.raw == SHORT
    assert told.record.reasons == [RULE, "steward_exception"]
    assert outcome(of, row(waits, business_date=date(2026, 10, 1))) is None
    assert outcome(of, row(waits, feed_code="loan__repay")) is None
    assert outcome(of, row(waits, reason_codes=["half_character"])) is None


def test_an_exception_holds_with_a_second_person_only(of, waits):
    made = excepted(of, second=None)

    assert made.state == "proposed"
    assert outcome(of, row(waits)) is None
    with pytest.raises(OxpeckerError, match="another person"):
        decide.agree(of, made.decision_id, "s 1", AT)


def test_an_exception_for_named_records_is_for_their_bytes_in_any_delivery_of_its_dates(of, waits):
    excepted(of, records=[waits])

    assert outcome(of, row(waits)).state == "excepted"
    assert outcome(of, row(waits, quarantine_id="another", business_date=LAST)).state == "excepted"
    assert outcome(of, row(waits, raw=SHORT.replace(b"WANG", b"WONG"))) is None
    (made,) = of.decisions
    assert len(made.records) == 1
    assert b"WANG" not in of.settings.steward_log.read_bytes()


def test_a_record_that_other_rules_keep_aside_stays_open_and_says_why(of, waits):
    excepted(of)

    told = outcome(of, row(waits, raw=LONG))

    assert (told.state, told.decision_id, told.record, told.why) == ("open", None, None, (RULE,))
    with pytest.raises(OxpeckerError, match="without `column_count`, too: column_count"):
        excepted(of, records=[replace(waits, record=LONG, byte_len=len(LONG))])


def test_what_was_decided_of_the_record_itself_goes_before_an_exception(of, waits):
    excepted(of)
    no = decide.reject(of, waits, "a test record of the supplier", "S1", AT)
    told = outcome(of, row(waits))

    assert (told.state, told.decision_id) == ("rejected", no.decision_id)


def test_of_several_exceptions_the_one_for_its_reason_is_named_and_all_hold(of, waits):
    excepted(of, "replacement_character")
    named = excepted(of, "private_use_unknown", records=())
    both = SHORT.replace(b"WANG", "\ufffd\ue000".encode("gb18030")) + b"|@|R"

    told = outcome(of, row(waits, raw=both, reason_codes=["private_use_unknown"]))

    assert (told.state, told.decision_id) == ("excepted", named.decision_id)
    assert told.record.reasons == ["private_use_unknown", "replacement_character", "steward_exception"]


def test_a_record_waits_no_longer_once_an_exception_for_it_is_in_force(of, waits):
    assert waits.state == "open"
    made = excepted(of)
    desk = Desk(of.settings)
    (item,) = [i for i in desk.waiting() if i.feed == FEED]
    assert item.state == "decided"
    assert [d.decision_id for d in desk.decided(item)] == [made.decision_id]


def test_an_exception_leaves_a_case_that_says_when_it_is_needed_no_more(of, waits):
    excepted(of)
    source = of.sources[FEED]

    (told,) = cases.tested(of.decisions, source)
    assert (told.decision, told.holds) == ("exception", True)
    (made,) = of.decisions
    shape = bytes.fromhex(made.case["shape"])
    assert (len(shape), b"WANG" in shape) == (len(SHORT), False)

    mended = replace(source, fields=source.fields[:-1])
    assert [t.how for t in cases.tested(of.decisions, mended)] == ["loads as it is"]
    # Where the contract asks for the field now, the exception can no longer hold.
    asked = replace(source, not_null=(*source.not_null, "rel"))
    assert [t.how for t in cases.tested(of.decisions, asked)] == [
        "is kept aside, excepted, too, for empty:rel"
    ]


def test_a_rule_that_the_bank_no_longer_excepts_is_back_in_force(of, waits):
    excepted(of)
    strict = replace(of.policy, excepted_records=())

    assert not RecordRulings(of.decisions, [], {}, strict, of.sources)


@pytest.mark.parametrize(
    "rule", ["half_character", "quote_unbalanced", "nul_byte", "undecodable", "record_type"]
)
def test_what_nobody_can_know_is_excepted_by_nobody(of, rule):
    with pytest.raises(OxpeckerError, match="no exception can be made"):
        excepted(of, rule)


def test_an_exception_for_records_of_another_feed_or_of_files_is_refused(of, waits):
    half = next(i for i in of.waiting() if i.feed == "ecif__party")
    with pytest.raises(OxpeckerError, match="would not be for it"):
        excepted(of, records=[half])
    with pytest.raises(OxpeckerError, match="is a check of files"):
        excepted(of, "volume_band", records=[waits])
    with pytest.raises(OxpeckerError, match="would not be for it"):
        excepted(of, first=date(2026, 10, 1), last=date(2026, 10, 8), records=[waits])


def test_rules_that_no_record_can_be_read_without_are_refused_in_the_banks_own_rules(of, tmp_path):
    (tmp_path / "conf" / "rules").mkdir(parents=True)
    (tmp_path / "conf" / "rules" / "steward.yml").write_text("excepted_records: [column_cnt]\n")

    with pytest.raises(SettingsError, match="column_count"):
        Desk(of.settings.with_(conf_dirs=(*of.settings.conf_dirs, tmp_path / "conf")))


def test_reading_without_a_rule_gives_nothing_to_a_record_that_breaks_none(of):
    source = of.sources[FEED]
    whole = SHORT + b"|@|R"

    assert read_without((RULE,), whole, source).values[-1] == "R"
