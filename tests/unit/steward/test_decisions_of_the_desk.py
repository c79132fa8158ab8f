"""Decisions at the desk: by whom, sealed, refused where the rules say so, and what a run makes of them."""

from __future__ import annotations

import json
import stat
import tarfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from spark_jobs.bronze import cases, cells, rulings, steward_log, steward_policy
from spark_jobs.bronze.reread import BY_STEWARD, reread
from spark_jobs.bronze.rulings import RecordRulings
from spark_jobs.bronze.settling import settle, unseen
from spark_jobs.errors import DeliveryError, OxpeckerError
from spark_jobs.privacy.seal import Seal
from spark_jobs.steward import accounts, commands, decide, options
from spark_jobs.steward.queue import Desk
from spark_jobs.steward.shapes import shaped
from spark_jobs.steward.touched import touched
from tests.unit.bronze.test_ledger import file

AT = datetime(2026, 10, 1, 2, 0)
HOUR = timedelta(hours=1)


def item(of: Desk, feed: str):
    return next(i for i in of.waiting() if i.feed == feed)


def again(of: Desk) -> Desk:
    return Desk(of.settings)


def held_for(of: Desk, reason: str):
    """The file that waits, as if it were held for another reason."""
    return replace(item(of, "loan__duebill"), reasons=(reason,))


def outcome(of: Desk, feed: str):
    """What the next run makes of the record."""
    one = item(of, feed)
    decided = RecordRulings(of.decisions, [], {}, of.policy, of.sources)
    ruling = decided.about(one.item_id, feed, lambda: of.record_token(feed, one.record))
    if ruling is None:
        return None
    row = {
        "quarantine_id": one.item_id, "record": one.record, "file_header": one.header, "line_no": one.line_no,
        "byte_offset": one.byte_offset, "byte_len": one.byte_len, "reason_codes": [*one.reasons],
    }  # fmt: skip
    return rulings.apply(row, ruling, of.sources[feed], Seal(of.key_file))


# --- repair ------------------------------------------------------------------------------------------------------


def test_a_half_character_is_repaired_by_field_and_lands_with_the_bytes_that_came(of):
    half = item(of, "ecif__party")

    made = decide.repair(of, half, "half character, asked the branch", "S1", AT, values={"name_cn": "林瑋"})

    assert (made.state, made.second) == ("in_force", None)  # A party has no amount: one person is enough.
    assert item(again(of), "ecif__party").state == "decided"
    assert made.fields == ("name_cn",)
    assert decide.proposed(of, half) == {"name_cn": "林瑋"}
    told = outcome(of, "ecif__party")
    assert (told.state, told.decision_id) == ("repaired", made.decision_id)
    values = dict(zip(of.sources["ecif__party"].names(), told.record.values, strict=True))
    assert values["name_cn"] == "林瑋"
    assert next(iter(values.values())) == "E700000010"
    assert told.record.raw == half.record
    assert told.record.reasons == ["half_character", BY_STEWARD]
    assert (told.record.line_no, told.record.offset) == (half.line_no, half.byte_offset)


def test_a_repair_the_contract_does_not_take_is_refused_without_a_value(of):
    half = item(of, "ecif__party")

    with pytest.raises(OxpeckerError, match="does not take the record so: half_character") as told:
        decide.repair(of, half, "x", "S1", AT, raw=half.record.replace(b"|+|", b"|", 1))
    assert "LIN" not in str(told.value)
    with pytest.raises(OxpeckerError, match="`nam` is no field of ecif__party"):
        decide.repair(of, half, "x", "S1", AT, values={"nam": "林瑋"})
    with pytest.raises(OxpeckerError, match="separator"):
        decide.repair(of, half, "x", "S1", AT, values={"name_cn": "林|+|瑋"})


def test_what_was_corrected_lies_sealed_and_for_its_owner_only(of):
    half = item(of, "ecif__party")
    decide.repair(of, half, "x", "S1", AT, values={"name_cn": "林瑋"})
    path = of.settings.steward_log

    for content in (path.read_bytes(), of.settings.steward_actions.read_bytes()):
        assert all(
            v not in content
            for v in ("林".encode(), "林".encode("gb18030"), b"E700000010", b"LIN WEI", b"1983")
        )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (made,) = steward_log.read(path)
    assert b"LIN WEI" in Seal(of.key_file).open(made.sealed, half.item_id)
    with pytest.raises(DeliveryError, match="does not open"):
        Seal(of.key_file).open(made.sealed, "another record")


def test_a_reason_may_not_repeat_what_the_record_says_of_a_person(of):
    with pytest.raises(OxpeckerError, match="the reason repeats"):
        decide.reject(of, item(of, "ecif__party"), "E700000010 is twice", "S1", AT)


def test_the_same_bytes_of_a_later_delivery_are_decided_too(of):
    half = item(of, "ecif__party")
    decide.repair(of, half, "x", "S1", AT, values={"name_cn": "林瑋"})
    decided = RecordRulings(of.decisions, [], {}, of.policy, of.sources)

    def about(feed: str, raw: bytes):
        return decided.about("another line of another file", feed, lambda: of.record_token(feed, raw))

    assert about("ecif__party", half.record) is not None
    assert about("ecif__party", half.record + b" ") is None
    assert about("loan__guarantor", half.record) is None


def test_a_record_is_accepted_only_where_signs_alone_kept_it_aside(of):
    half = item(of, "ecif__party")

    with pytest.raises(OxpeckerError, match="repair it, or reject it"):
        decide.accept(of, half, "x", "S1", AT)

    layout = of.sources["ecif__party"]
    spoiled = replace(
        half, record=half.record.replace(b"\xac|+|", "\ufffd".encode("gb18030") + b"|+|"), reasons=("replacement_character",)
    )  # fmt: skip
    assert reread(spoiled.record, layout).reasons == ["replacement_character"]
    assert decide.accept(of, spoiled, "known at the branch", "S1", AT).state == "in_force"


def test_a_later_decision_about_a_record_takes_the_place_of_an_earlier_one(of):
    half = item(of, "ecif__party")
    first = decide.repair(of, half, "x", "S1", AT, values={"name_cn": "林瑋"})
    second = decide.reject(of, half, "a test record after all", "S1", AT + HOUR)

    states = {d.decision_id: d.state for d in steward_log.read(of.settings.steward_log)}
    assert states == {first.decision_id: "replaced", second.decision_id: "in_force"}
    assert outcome(of, "ecif__party").state == "rejected"


# --- two people --------------------------------------------------------------------------------------------------


def test_money_needs_two_people_and_not_the_same_one_twice(of):
    source = of.sources["loan__duebill"]
    assert of.policy.needs_second("reject", source)
    assert not of.policy.needs_second("repair", of.sources["ecif__party"])
    money = replace(item(of, "ecif__party"), feed="loan__duebill")

    made = decide.reject(of, money, "not ours", "S1", AT)
    assert made.state == "proposed"
    with pytest.raises(OxpeckerError, match="another person"):
        decide.agree(of, made.decision_id, " s1 ", AT)
    with pytest.raises(OxpeckerError, match="waits for a second person"):
        decide.reject(of, money, "not ours", "S3", AT)

    agreed = decide.agree(of, made.decision_id[:8], "S2", AT + HOUR)
    assert (agreed.state, agreed.first, agreed.second) == ("in_force", "S1", "S2")
    with pytest.raises(OxpeckerError, match="in_force; nobody has to answer it"):
        decide.agree(of, made.decision_id, "S3", AT)


def test_a_declined_decision_does_nothing_and_may_be_made_again(of):
    duebill = held_for(of, "volume_band")
    first = decide.release(of, duebill, "quarter end", "S1", AT)
    assert decide.decline(of, first.decision_id, "ask them first", "S2", AT).state == "declined"

    second = decide.release(of, duebill, "quarter end, asked", "S1", AT)

    assert second.decision_id != first.decision_id
    assert decide.agree(of, second.decision_id, "S2", AT).state == "in_force"
    with pytest.raises(OxpeckerError, match="decided before"):
        decide.release(of, duebill, "quarter end, asked", "S1", AT)


def test_a_line_somebody_wrote_by_hand_makes_no_second_person(of):
    made = decide.release(of, held_for(of, "volume_band"), "x", "S1", AT)
    for actor in ("S1", "s1"):
        steward_log.append(
            of.settings.steward_log, {"event": "agreed", "decision_id": made.decision_id, "actor": actor, "at": str(AT)}
        )  # fmt: skip
    assert steward_log.read(of.settings.steward_log)[0].state == "proposed"

    alone = {
        "event": "proposed", "decision_id": "d", "kind": "delivery", "subject": "f", "decision": "release", "feed": "core__txn",
        "reason": "x", "actor": "S1", "at": str(AT), "needs_second": False,
    }  # fmt: skip
    steward_log.append(of.settings.steward_log, alone)
    ruling = rulings.of_files(steward_log.read(of.settings.steward_log), of.policy, of.sources)
    assert ruling(file("f", state="held", reason="volume_band")) is None


# --- files -------------------------------------------------------------------------------------------------------


def released(of: Desk, reason: str, code: str = "release"):
    event = {
        "event": "proposed", "decision_id": "d1", "kind": "delivery", "subject": "f", "decision": code, "feed": "core__txn",
        "reason": "x", "actor": "S1", "at": str(AT), "needs_second": True,
    }  # fmt: skip
    steward_log.append(of.settings.steward_log, event)
    steward_log.append(
        of.settings.steward_log, {"event": "agreed", "decision_id": "d1", "actor": "S2", "at": str(AT)}
    )
    ruling = rulings.of_files(steward_log.read(of.settings.steward_log), of.policy, of.sources)
    settled = settle([file("f", state="held", reason=reason)], ruling=ruling)["f"]
    return settled.state_code, settled.reason_code, settled.decision_id


def test_a_released_file_loads_and_names_the_decision(of):
    assert released(of, "volume_band") == ("loaded", None, "d1")


def test_a_rejected_file_stays_out_for_good(of):
    assert released(of, "volume_band", "reject") == ("rejected", "volume_band", "d1")


@pytest.mark.parametrize(
    "fact", ["md5", "control_total_sum1", "encoding", "row_count", "date_mismatch_control", "schema_missing"]
)
def test_what_a_file_itself_disproves_no_signature_makes_right(of, fact):
    with pytest.raises(OxpeckerError, match="is not released"):
        decide.release(of, held_for(of, fact), "please", "S1", AT)
    assert released(of, fact) == ("held", fact, None)


def test_an_exception_holds_for_its_feed_its_check_and_its_dates_only(of):
    made = decide.exception(
        of, "core__txn", "volume_band", date(2026, 9, 29), date(2026, 9, 30), "national day", "S1", AT
    )
    decide.agree(of, made.decision_id, "S2", AT)
    ruling = rulings.of_files(of.decisions, of.policy, of.sources)

    def told(reason="volume_band", **more):
        found = ruling(file("f", state="held", reason=reason, **more))
        return found and found[0]

    assert told() == "verified"
    assert told(business_date=date(2026, 9, 29)) == "verified"
    assert told(business_date=date(2026, 10, 1)) is None
    assert told(feed_code="core__acct_bal") is None
    assert told(reason="empty_working_day") is None


@pytest.mark.parametrize(
    ("check", "last", "why"),
    [
        ("control_total_sum1", date(2026, 9, 30), "no exception can be made"),
        ("volume_band", date(2026, 9, 1), "before it begins"),
        ("volume_band", date(2027, 9, 1), "at most"),
    ],
)
def test_an_exception_ends_and_is_never_made_of_a_fact(of, check, last, why):
    with pytest.raises(OxpeckerError, match=why):
        decide.exception(of, "core__txn", check, date(2026, 9, 29), last, "x", "S1", AT)


def test_a_file_held_under_a_contract_that_was_mended_is_looked_at_again(of, nano_landing):
    from spark_jobs.bronze.discovery import arrived

    settings = of.settings.with_(landing=nano_landing)
    package = next(
        p
        for p in arrived(settings, datetime(2099, 1, 1), of.sources)
        if p.system == "LOAN" and p.sequence == 1
    )
    source = of.sources["loan__repay"]

    def opened(**more):
        rows = [
            file(
                feed, feed_code=feed, package_name=package.name, business_date=package.business_date, arrived_at=package.arrived_at,
                package_bytes=package.size, sequence_no=package.sequence, **({"contract_hash": source.reading} | (more if feed == "loan__repay" else {})),
            )
            for feed, each in of.sources.items() if each.delivery.system == "LOAN"
        ]  # fmt: skip
        return [p.name for p in unseen([package], rows, of.sources)]

    assert opened(state="held", reason="schema_missing") == []
    assert opened(state="held", reason="schema_missing", contract_hash="of another day") == [package.name]
    assert opened(state="loaded", contract_hash="of another day") == []


def test_a_held_file_says_how_many_customers_it_is_about(of):
    duebill = item(of, "loan__duebill")

    told = touched(of, duebill)

    raw = (of.settings.landing / "LOAN" / "20260930").glob("*.tar.gz")
    with tarfile.open(next(raw)) as package:
        lines = package.extractfile("DUEBILL_20260930.txt").read().decode("gb18030").splitlines()
    names = of.sources["loan__duebill"].names()
    cut = [dict(zip(names, line.split("|@|"), strict=False)) for line in lines]
    assert told.rows == duebill.rows == len(lines)
    (key,) = [n for n in names if n in steward_policy.key_fields(of.sources["loan__duebill"])][:1]
    assert told.customers == len({row[key] for row in cut})
    assert told.largest == max(
        Decimal(row[n]) for row in cut for n in ("principal", "balance", "next_due_amt") if row[n]
    )


def test_a_file_that_never_came_is_waited_for_and_not_decided_about(of):
    with pytest.raises(OxpeckerError, match="a delivery answers it"):
        decide.reject(
            of, replace(item(of, "loan__duebill"), is_held=False, reasons=("missing",)), "x", "S1", AT
        )


# --- cases -------------------------------------------------------------------------------------------------------


def test_a_decision_is_kept_as_a_case_without_values_that_later_contracts_are_tested_against(of):
    half = item(of, "ecif__party")
    decide.repair(of, half, "x", "S1", AT, values={"name_cn": "林瑋"})
    source = of.sources["ecif__party"]

    (told,) = cases.tested(of.decisions, source)
    assert told.holds
    (made,) = of.decisions
    shape = bytes.fromhex(made.case["shape"])
    assert len(shape) == len(half.record)
    assert shape.count(b"|+|") == half.record.count(b"|+|")
    # The half character is another one, so that nothing of the name is left.
    assert b"\xac" not in shape and b"LIN" not in shape and b"E700000010" not in shape

    taken_apart = replace(source, layout=replace(source.layout, separator="+"))
    (told,) = cases.tested(of.decisions, taken_apart)
    assert not told.holds
    assert (cases.check(of.decisions, source).passed, cases.check(of.decisions, taken_apart).passed) == (
        True,
        False,
    )
    assert cases.check(of.decisions, of.sources["core__cif"]) is None


def test_a_shape_of_a_json_record_keeps_what_is_wrong_with_it(of):
    source = of.sources["mbank__login"]
    raw = '{"user_id":"王小明","n":'.encode()

    assert len(shaped(raw, source)) == len(raw)
    assert shaped(raw, source).startswith(b'{"')


def test_a_json_record_is_shown_and_mended_by_its_members(of):
    source = of.sources["mbank__login"]
    name = source.fields[0].source_name
    raw = json.dumps({name: "王\ufffd明"}, ensure_ascii=False).encode()

    by_name = {c.name: c for c in cells.cut(raw, source)}
    assert by_name[source.fields[0].name].text == "王\ufffd明"
    assert not by_name[source.fields[0].name].has_place
    assert json.loads(cells.put_back(raw, source, {source.fields[0].name: "王小明"})) == {name: "王小明"}
    assert [c.name for c in cells.cut(b'{"a":', source)] == ["record"]


# --- at the command line -----------------------------------------------------------------------------------------


@pytest.fixture
def run(of, monkeypatch):
    monkeypatch.setattr(options, "desk", lambda *_: again(of))
    return lambda *words, typed=None: CliRunner().invoke(commands.app, [*words], input=typed)


def test_names_are_typed_and_never_an_argument(of, run):
    half = item(of, "ecif__party")
    said = ("--reason", "asked the branch", "--actor", "S1")

    argued = run("repair", half.item_id, "--set", "name_cn=林瑋", *said)
    typed = run("repair", half.item_id, "--set", "name_cn", *said, typed="林瑋\n")

    assert "names a person" in str(argued.exception)
    assert typed.exit_code == 0 and "in force" in typed.stdout
    assert json.loads(run("log", "--json").stdout)[0]["decision"] == "repair"
    assert run("cases").exit_code == 0


def test_a_second_person_at_the_command_line_proves_to_be_one_where_the_desk_has_accounts(
    of, run, monkeypatch
):
    held = held_for(of, "volume_band")
    made = decide.release(of, held, "quarter end", "li", AT)
    path = of.settings.steward_accounts
    accounts.add(path, "li", "approver", "a long enough secret")
    accounts.add(path, "chen", "steward", "another long secret")
    accounts.add(path, "zhou", "approver", "the third long secret")
    monkeypatch.setenv("OXPECKER_STEWARD_PASSWORD", "the third long secret")

    assert "is no approver" in str(run("approve", made.decision_id, "--actor", "li").exception)
    monkeypatch.setenv("OXPECKER_STEWARD_PASSWORD", "another long secret")
    assert "is no approver" in str(run("approve", made.decision_id, "--actor", "chen").exception)
    monkeypatch.setenv("OXPECKER_STEWARD_PASSWORD", "a long enough secret")
    assert "another person" in str(run("approve", made.decision_id, "--actor", "li").exception)
    monkeypatch.setenv("OXPECKER_STEWARD_PASSWORD", "the third long secret")
    assert run("approve", made.decision_id, "--actor", "zhou").exit_code == 0


def test_passwords_lie_salted_and_two_spellings_are_one_person(tmp_path):
    path = tmp_path / "accounts.json"
    accounts.add(path, "li", "approver", "a long enough secret")
    accounts.add(path, "chen", "steward", "a long enough secret")

    known = accounts.read(path)
    assert known["li"].hash != known["chen"].hash
    assert "secret" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert accounts.proven(path, "li", "a long enough secret") == known["li"]
    assert accounts.proven(path, "li", "another") is None
    assert accounts.proven(path, "nobody", "a long enough secret") is None
    with pytest.raises(OxpeckerError, match="one person's name"):
        accounts.add(path, "LI", "approver", "a long enough secret")
    with pytest.raises(OxpeckerError, match="12 signs"):
        accounts.add(path, "wu", "approver", "short")
