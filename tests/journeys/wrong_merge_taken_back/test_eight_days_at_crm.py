"""Eight days of a bank of fifty people, as CRM lives them: a merge, its undoing, a consent withdrawn, an acknowledgement that got lost.

The releases are real: bronze and silver of the suppliers' files, then each day identity, money, consents, the customer view and the export.
Marts, gates and behaviour are left out: no exported row of this story rests on them.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from datetime import date, datetime
from pathlib import Path

import pytest

from examples import crm_reader as reader
from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange
from spark_jobs.exports import release as releases
from spark_jobs.exports.files import folder_of, manifest_of
from spark_jobs.history import current_belief
from spark_jobs.steward import decide as steward
from spark_jobs.steward import persons
from spark_jobs.steward.queue import Desk
from spark_jobs.whois import undoing
from spark_jobs.whois.book import Book

FIRST, LAST = date(2026, 9, 21), date(2026, 9, 30)
DAYS = [date(2026, 9, n) for n in range(23, 31)]
MERGED, LOST, WITHDRAWN, PARTED = 25, 25, 27, 29
# Story 30 of the cast: two men of one name and birthday, one of them known by a passport.
ONE, OTHER = "C900000030", "C100000031"
# An ordinary customer who allowed everything.
SHY = "C100000049"


def decide(path: Path, code: str, day: int) -> None:
    told = {
        "decision_id": f"{code}-{day}", "subject_kind_code": "review_item", "subject_id": f"core:{ONE}|core:{OTHER}", "decision_code": code,
        "first_staff_id": "H1", "second_staff_id": "H2", "reason_code": "test", "decided_at": f"2026-09-{day}T10:00:00+08:00",
    }  # fmt: skip
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(told) + "\n")


def undo(settings, day: int) -> None:
    """Two people take the merge back at the desk: one looks and proposes, the other agrees."""
    desk, at = Desk(settings), datetime(2026, 9, day, 2)
    with Book(settings) as book:
        told = undoing.undo(book, f"core:{OTHER}", date(2026, 9, day), at)
        assert told.is_exact and told.since == date(2026, 9, MERGED) and len(told.customers) == 2
        made = persons.propose(desk, book, told, persons.UNDO, "two men of one birthday", "H1", at)
    steward.agree(desk, made.decision_id, "H2", at)


def withdraw(landing: Path, day: int) -> None:
    """The customer takes back what the bank may do with name and phone: two more events in the day's package."""
    lines = b""
    for n, purpose in enumerate(("care", "recommendation")):
        right = {
            "customer_key": SHY,
            "key_type": "CUST_NO",
            "purpose": purpose,
            "data_class": "contact",
            "channel": "any",
        }
        before = {
            **right,
            "state": "granted",
            "version": 1,
            "captured_at": "2021-01-18 10:00:00",
            "captured_by": "COUNTER",
            "expires_at": None,
        }
        after = {**before, "state": "withdrawn", "version": 2, "captured_at": f"2026-09-{day} 09:00:00"}
        event = {
            "op": "u",
            "ts_ms": 1790470800000 + n,
            "offset": 7400000000000 + n,
            "before": before,
            "after": after,
        }
        lines += json.dumps(event, separators=(",", ":")).encode() + b"\n"
    folder = landing / "CONSENT" / f"202609{day}"
    [package] = folder.glob("*.tar.gz")
    with tarfile.open(package) as tar:
        [member] = tar.getmembers()
        held = tar.extractfile(member)
        content = (held.read() if held else b"") + lines
    with tarfile.open(package, "w:gz") as tar:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    [ok] = folder.glob("*.OK")
    name, rows, amount, _, encoding = ok.read_text().strip().split("|")
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    ok.write_text(f"{name}|{int(rows) + 2}|{amount}|{digest}|{encoding}\n")


def publish_release(lake, day: date) -> None:
    """A release of the customer view alone."""
    from spark_jobs.contracts.spark_types import schema_of

    pinned = {
        name: releases.PublishedTable(lake.version(name), str(lake.location(name)), lake.name(name))
        for name in ("profile.customer_daily", "profile.customer_current")
    }
    name, shown = releases.release_id(day, pinned, "rules"), releases.utc_text(lake.clock())
    releases.make_visible(
        lake.settings, releases.Release(name, str(day), "run", "rules", "code", shown, pinned)
    )
    row = (
        name,
        day,
        "run",
        {n: t.version for n, t in pinned.items()},
        "rules",
        "code",
        lake.clock(),
        "published",
        None,
    )
    lake.publish("ops.release", lake.spark.createDataFrame([row], schema_of(lake.contracts, "ops.release")))


def work(lake, dates: DateRange) -> None:
    """What the exported rows rest on, for these dates."""
    from spark_jobs.jobs import customer, decisions, identity, profile_a, profile_o

    decisions.run(lake, dates)
    identity.run(lake, dates)
    profile_o.run(lake, dates)
    profile_a._publish_consents(lake)
    customer.run(lake, dates)


def go_to(lake, day: date) -> DateRange:
    from dataclasses import replace

    from spark_jobs.clock import cut_off

    lake.run = replace(
        lake.run, dates=DateRange.day(day), known_at=cut_off(lake.settings, day), run_id=f"run-{day.day}"
    )
    return DateRange.day(day)


def state_of(lake, release: str) -> dict[str, str]:
    rows = lake.read("export.crm__customer_full_v1").where(f"release_id = '{release}'").collect()
    return {row["crm_customer_token"]: row["row_hash"] for row in rows}


class Walk:
    """What happened on each day, by day of the month."""

    def __init__(self, lake, store) -> None:
        self.lake = lake
        self.store = store
        self.release: dict[int, str] = {}
        self.manifest: dict[int, dict] = {}
        self.operations: dict[int, list[tuple[str, str, str | None]]] = {}
        self.held: dict[int, dict[str, dict]] = {}
        self.owners: dict[int, dict[str, str]] = {}
        self.restated: dict[int, date | None] = {}


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    """The systems that say who is who, who may do what, and what people own."""
    folder = tmp_path_factory.mktemp("bank")
    command = [
        sys.executable,
        "-c",
        "from spark_jobs.cli import main; main()",
        "demo-bank",
        "generate",
        "--size",
        "nano",
    ]
    chosen = ["--systems", "CORE,ECIF,CRM,CONSENT,HRORG,REF", "--dirt", "none", "--out", str(folder)]
    subprocess.run([*command, *chosen], cwd=settings_module.REPOSITORY, check=True, capture_output=True)
    return folder / "landing"


@pytest.fixture(scope="module")
def walk(spark, server_settings, landing, tmp_path_factory):
    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.jobs import bronze, export, silver
    from spark_jobs.tables import Lake

    home = tmp_path_factory.mktemp("crm")
    decisions = home / "decisions.jsonl"
    withdraw(landing, WITHDRAWN)
    base = settings_module.load(home=home, landing=landing)
    settings = base.with_(prefix="t_crm_", server=server_settings.server, steward=decisions)
    dates = DateRange(FIRST, LAST)
    lake = Lake(spark, settings, RunContext(dates, cut_off(settings, LAST), "rules-test", "run-all"))
    bronze.run(lake, dates)
    silver.run(lake, dates)
    told = Walk(lake, reader.Store(home / "store"))
    for day in DAYS:
        if day.day == MERGED:
            decide(decisions, "merge", MERGED)
        if day.day == PARTED:
            undo(settings, PARTED)
        dates = go_to(lake, day)
        before = lake.version("identity.party_customer") or 0
        work(lake, DateRange(FIRST, day) if day == DAYS[0] else dates)
        told.restated[day.day] = lake.touched_since(
            "identity.party_customer", before, lake.version("identity.party_customer")
        )
        publish_release(lake, day)
        export.run(lake, dates)
        _live_a_day(told, day)
    yield told
    for schema in spark.catalog.listDatabases("t_crm_*"):
        spark.sql(f"DROP DATABASE IF EXISTS `{schema.name}` CASCADE")


def _live_a_day(told: Walk, day: date) -> None:
    """CRM takes what came; on the day on which an acknowledgement is lost the bank never sees it, on another it comes twice."""
    exports = told.lake.settings.exports
    is_delta = day != DAYS[0]
    folder = folder_of(exports, reader.DELTA if is_delta else reader.FULL, day)
    assert reader.take(exports, told.store, folder) == "applied"
    inbox = exports / "inbox"
    [ack] = inbox.glob(f"*{manifest_of(folder)['release_id']}.json")
    if day.day == LOST:
        ack.unlink()
    if day.day == LOST + 1:
        shutil.copy(ack, inbox / "again.json")
    manifest, rows = reader.read(folder)
    present = told.store.load(told.store.present()[0])
    told.release[day.day], told.manifest[day.day] = manifest["release_id"], manifest
    told.operations[day.day] = (
        [(r["op_code"], r["crm_customer_token"], r["to_crm_customer_token"]) for r in rows]
        if is_delta
        else []
    )
    told.held[day.day], told.owners[day.day] = present.rows, present.owners


def token(walk, number: str) -> str:
    """CRM's token of who has this number in the deposit system, on the last day."""
    lake = walk.lake
    party = lake.tokens.value("party", "core", number)
    [row] = current_belief(lake.read("identity.party_customer")).where(
        f"party_id = '{party}' and valid_to = '9999-12-31'"
    ).collect()  # fmt: skip
    from spark_jobs.privacy.tokens import tokeniser

    return tokeniser(lake.settings, "crm").value("customer", row["customer_id"])


@pytest.mark.slow
def test_whoever_applies_the_deltas_has_the_full_state_of_every_day(walk):
    for day, release in walk.release.items():
        held = {name: row["row_hash"] for name, row in walk.held[day].items()}
        assert held == state_of(walk.lake, release), day
        assert len(held) > 30


@pytest.mark.slow
def test_each_delta_starts_at_the_last_release_whose_acknowledgement_arrived(walk):
    bases = {day: manifest.get("base_release_id") for day, manifest in walk.manifest.items()}
    expected = {day: walk.release.get(day - 1) for day in walk.release}
    expected[LOST + 1] = walk.release[LOST - 1]

    assert bases == expected
    assert [m["kind"] for m in walk.manifest.values()] == ["full", *["delta"] * 7]


@pytest.mark.slow
def test_the_merge_and_its_undoing_reach_crm_with_what_hangs_on_the_customers(walk):
    survivor, other = token(walk, ONE), token(walk, OTHER)
    if survivor not in walk.held[MERGED]:
        survivor, other = other, survivor

    for day in (MERGED, LOST + 1):
        assert walk.operations[day][:1] == [("merge", other, survivor)], (
            "told again, because nobody knows that it arrived"
        )
        assert ("upsert", survivor, None) in walk.operations[day]
        assert other not in walk.held[day]
    parted = walk.operations[PARTED]
    assert parted[0] == ("split", survivor, other)
    assert {("upsert", survivor, None), ("upsert", other, None)} <= set(parted)
    numbers = {name: [n for n, owner in walk.owners[day].items() if owner in (survivor, other)] for name, day in
               (("before", MERGED - 1), ("merged", MERGED), ("after", PARTED))}  # fmt: skip
    assert numbers["before"] == numbers["merged"] == numbers["after"], "no number of CRM was lost on the way"
    assert walk.owners[PARTED] == walk.owners[MERGED - 1] | walk.owners[PARTED]


@pytest.mark.slow
def test_who_withdraws_consent_loses_name_and_phone_and_is_still_served(walk):
    shy = token(walk, SHY)
    before, after = walk.held[WITHDRAWN - 1][shy], walk.held[WITHDRAWN][shy]

    assert ("upsert", shy, None) in walk.operations[WITHDRAWN]
    assert before["export_name"] and before["export_mobile"] and before["can_care"]
    assert (after["export_name"], after["export_mobile"], after["can_sell"], after["can_care"]) == (
        None,
        None,
        False,
        False,
    )
    assert {"contact:consent", "sell:consent", "care:consent"} <= set(after["withheld_codes"])
    assert "churn:consent" not in after["withheld_codes"], "what was not withdrawn stands"


@pytest.mark.slow
def test_the_same_day_again_sends_nothing_new(walk):
    """Export files, states and package ledger of the last day stay byte for byte."""
    from spark_jobs.jobs import export

    lake = walk.lake
    files = {
        p: p.stat().st_mtime_ns
        for p in lake.settings.exports.rglob("*")
        if p.is_file() and "inbox" not in p.parts
    }
    versions = {
        t: lake.version(t)
        for t in ("export.crm__customer_full_v1", "export.crm__package", "ops.export_deadline")
    }

    export.run(lake, go_to(lake, LAST))

    again = {
        p: p.stat().st_mtime_ns
        for p in lake.settings.exports.rglob("*")
        if p.is_file() and "inbox" not in p.parts
    }
    assert again == files
    assert {t: lake.version(t) for t in versions} == versions


BELIEVED = ("identity.party_customer", "identity.golden_hist", "identity.customer", "identity.relation_hist", "identity.household_member",
            "profile.o_customer_daily", "profile.customer_daily", "profile.customer_current")  # fmt: skip


@pytest.mark.slow
def test_after_the_undoing_every_table_is_as_if_the_two_had_never_been_merged(walk):
    """Invariant I11. The commit of the undoing names the day of the merge, from which the runner makes everything anew."""
    lake, restated = walk.lake, walk.restated[PARTED]
    assert restated == date(2026, 9, MERGED)

    def believed():
        from spark_jobs.jobs import customer, profile_o

        go_to(lake, LAST)
        profile_o.run(lake, DateRange(restated, LAST))
        customer.run(lake, DateRange(restated, LAST))
        found = {}
        for name in BELIEVED:
            rows = lake.read(name)
            rows = current_belief(rows) if "known_to" in rows.columns else rows
            found[name] = sorted(str(row) for row in rows.collect())
        return found

    after_undo = believed()
    events = {row["kind_code"] for row in lake.read("identity.customer_event").collect()}
    assert {"merge", "split", "retire"} <= events, "the log remembers"
    lake.spark.sql(f"DELETE FROM {lake.name('ops.steward_decision')}")
    from spark_jobs.jobs import identity

    identity.run(lake, DateRange.day(LAST))

    assert believed() == after_undo
    assert "merge" not in {row["kind_code"] for row in lake.read("identity.customer_event").collect()}
