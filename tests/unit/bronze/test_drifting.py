"""What becomes of a delivery whose columns are not those of the one before. People and amounts in it are made up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from spark_jobs.bronze import drifting
from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.bronze.profiling import MOST_RECORDS, from_json, look_at
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.errors import ContractError
from spark_jobs.settings import SHIPPED_CONF
from tests.unit.bronze.test_ledger import file

DAY = date(2026, 9, 28)
TASKS = """
feed: haus__tasks
delivery: {file: "tasks_{date}.csv", mode: full}
layout: {kind: delimited, separator: "|", header: true}
key: [nr]
fields:
  nr:      {type: string, class: C2-fin}
  phone:   {type: string, class: C2-id}
  created: {type: date, class: C2-fin}
  due:     {type: date, class: C2-fin}
  state:   {type: string, class: C1}
  amount:  {type: number, class: C2-fin}
"""
NAMES = ("nr", "phone", "created", "due", "state", "amount")
Rows = list[list[str]]


def contract(folder: Path, text: str = TASKS, policy: str = "") -> SourceContract:
    (folder / "contracts" / "sources").mkdir(parents=True, exist_ok=True)
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "feeds.yml").write_text('in_use: ["haus__*"]\n')
    (folder / "contracts" / "sources" / "haus__tasks.yml").write_text(text + policy, encoding="utf-8")
    load_sources.cache_clear()
    return load_sources((SHIPPED_CONF, folder))["haus__tasks"]


def tasks(day: date, many: int = 60) -> Rows:
    """Tasks made in the three weeks before the day, due in the five weeks after it."""
    return [
        [
            f"T{day:%d}{n:04d}", f"154{n * 104729 % 10**8:08d}", str(day - timedelta(n % 20 + 1)), str(day + timedelta(n % 35 + 1)),
            ("open", "done", "gone")[n % 3], f"{(n * 37 % 900) + 0.5:.2f}",
        ]
        for n in range(many)
    ]  # fmt: skip


def turned(rows: Rows, order: Sequence[int]) -> Rows:
    return [[row[k] for k in order] for row in rows]


class Bank:
    """Delivers files of one feed, day after day, and judges each as a run does."""

    def __init__(self, folder: Path, source: SourceContract) -> None:
        self.folder, self.source = folder, source
        self.known: dict[str, FileState] = {}
        self.changes: list[drifting.SchemaChange] = []

    def deliver(
        self, day: date, rows: Rows, names: Sequence[str] | None = NAMES, sequence: int = 1
    ) -> FileState:
        path = self.folder / f"tasks_{day:%Y%m%d}_{sequence}.csv"
        lines = [*([] if names is None else [names]), *rows]
        path.write_text("".join("|".join(line) + "\n" for line in lines), encoding="utf-8")
        reason = verify(path, self.source, day, None, None).reason
        state = file(
            path.name, sequence, "held" if reason else "verified", reason, feed_code=self.source.feed, business_date=day,
            arrived_at=datetime.combine(day, datetime.min.time()) + timedelta(days=1, hours=sequence),
        )  # fmt: skip
        columns = drifting.Columns(self.known.values(), {self.source.feed: self.source}, part_of, reach)
        judged = columns.judged(Examined(state, (), path, look_at(path, self.source, day)))
        self.changes += columns.found
        self.known = drifting.keep_needed({**self.known, state.file_id: judged.state}, part_of)
        return judged.state


def part_of(state: FileState) -> str:
    return ""


def reach(feed: str) -> tuple[str, ...]:
    return ("silver.crm_task", "mart.fct_rm_worklist")


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    found = Bank(tmp_path, contract(tmp_path / "conf"))
    assert found.deliver(DAY, tasks(DAY)).state_code == "verified"
    return found


NEXT, THIRD = DAY + timedelta(1), DAY + timedelta(2)


@pytest.mark.requirement("R-OPS-06")
def test_two_dates_that_changed_places_under_their_names_are_held_and_the_corrected_file_loads(
    bank: Bank,
) -> None:
    swapped = bank.deliver(NEXT, turned(tasks(NEXT), (0, 1, 3, 2, 4, 5)))
    corrected = bank.deliver(NEXT, tasks(NEXT), sequence=2)

    assert (swapped.state_code, swapped.reason_code) == ("held", "schema_swapped")
    assert (corrected.state_code, corrected.reason_code) == ("verified", None)
    (change,) = bank.changes
    assert (change.drift_action_code, change.change_kinds, change.compared_file_id) == (
        "hold", ("swapped",), "tasks_20260928_1.csv",
    )  # fmt: skip
    assert change.diff_lines[0].startswith("swapped  created ↔ due: both day")
    assert change.touched_tables == reach("")


def test_ordinary_days_do_not_differ(bank: Bank) -> None:
    for n in range(1, 10):
        assert bank.deliver(DAY + timedelta(n), tasks(DAY + timedelta(n), 50 + n)).state_code == "verified"

    assert bank.changes == []


def with_more(rows: Rows) -> Rows:
    return [[*row, "web"] for row in rows]


@pytest.mark.parametrize(
    ("policy", "state", "action"),
    [("", "verified", "rescue"), ("drift: {added: accept}", "verified", "accept"), ("drift: {added: hold}", "held", "hold")],
)  # fmt: skip
def test_a_column_added_at_the_end_is_rescued_accepted_or_held_as_the_contract_says(
    tmp_path: Path, policy: str, state: str, action: str
) -> None:
    bank = Bank(tmp_path, contract(tmp_path / "conf", policy=policy))
    bank.deliver(DAY, tasks(DAY))

    came = bank.deliver(NEXT, with_more(tasks(NEXT)), (*NAMES, "channel"))
    bank.deliver(THIRD, with_more(tasks(THIRD)), (*NAMES, "channel"))

    assert came.state_code == state
    assert [c.drift_action_code for c in bank.changes if c.business_date == NEXT] == [action]
    assert bank.changes[0].diff_lines == ("added    channel: at the end: text, 100% filled",)
    # What loaded once is how the feed looks; what is held is told each time.
    assert len(bank.changes) == (2 if action == "hold" else 1)


def test_an_amount_that_became_words_is_held_unless_the_contract_lets_it_in(tmp_path: Path) -> None:
    words = [[*row[:5], "much" if n % 2 else "little"] for n, row in enumerate(tasks(NEXT))]
    states = []
    for policy in ("", "drift: {type: rescue}"):
        bank = Bank(tmp_path, contract(tmp_path / "conf", policy=policy))
        bank.deliver(DAY, tasks(DAY))
        states.append(bank.deliver(NEXT, words))

    assert [(s.state_code, s.reason_code) for s in states] == [("held", "schema_retyped"), ("verified", None)]
    assert bank.changes[0].diff_lines == ("type     amount: was number, is text",)


def test_a_column_under_another_name_is_held_and_the_difference_names_both(bank: Bank) -> None:
    renamed = bank.deliver(NEXT, tasks(NEXT), ("nr", "mobile", *NAMES[2:]))

    assert (renamed.state_code, renamed.reason_code) == ("held", "schema_missing")
    assert bank.changes[0].diff_lines[0].startswith("renamed  phone → mobile")


def test_a_column_put_between_others_says_where_it_stands(bank: Bank) -> None:
    rows = [[*row[:2], "x", *row[2:]] for row in tasks(NEXT)]

    held = bank.deliver(NEXT, rows, (*NAMES[:2], "tag", *NAMES[2:]))

    assert (held.reason_code, bank.changes[0].diff_lines) == (
        "schema_added", ("added    tag: between others: text, 100% filled",),
    )  # fmt: skip


NAMELESS = TASKS.replace("header: true", "header: false")


@pytest.mark.parametrize(
    ("cut", "reason", "told"),
    [
        (lambda row: [*row[:5], "7.25", row[5]], "schema_added", "added    column 6: between others"),
        (lambda row: row[:4] + row[5:], "schema_missing", "dropped  state"),
    ],
)
def test_without_names_another_number_of_columns_holds_the_file_and_not_each_record(
    tmp_path: Path, cut: Callable[[list[str]], list[str]], reason: str, told: str
) -> None:
    bank = Bank(tmp_path, contract(tmp_path / "conf", NAMELESS))
    bank.deliver(DAY, tasks(DAY), None)

    held = bank.deliver(NEXT, [cut(row) for row in tasks(NEXT)], None)

    assert (held.state_code, held.reason_code) == ("held", reason)
    assert bank.changes[0].diff_lines[0].startswith(told)


def test_a_few_broken_records_hold_nothing(tmp_path: Path) -> None:
    bank = Bank(tmp_path, contract(tmp_path / "conf", NAMELESS))
    bank.deliver(DAY, tasks(DAY), None)

    broken = [row[:3] if n % 4 == 0 else row for n, row in enumerate(tasks(NEXT, 200))]

    assert bank.deliver(NEXT, broken, None).state_code == "verified"


def test_once_the_contract_follows_the_supplier_columns_are_what_it_says(bank: Bank, tmp_path: Path) -> None:
    """He sends words for amounts from now on; after the type is changed in the contract nothing holds any more."""
    words = [[*row[:5], "much" if n % 2 else "little"] for n, row in enumerate(tasks(NEXT))]
    assert bank.deliver(NEXT, words).reason_code == "schema_retyped"

    bank.source = contract(tmp_path / "conf", TASKS.replace("type: number", "type: string"))

    assert bank.deliver(NEXT, words, sequence=2).state_code == "verified"


def test_a_released_file_is_what_the_next_one_is_compared_with(bank: Bank) -> None:
    held = bank.deliver(NEXT, turned(tasks(NEXT), (0, 1, 3, 2, 4, 5)))
    assert held.profile_json is not None
    bank.known[held.file_id] = replace(held, state_code="loaded", reason_code=None)

    assert bank.deliver(THIRD, turned(tasks(THIRD), (0, 1, 3, 2, 4, 5))).state_code == "verified"


def test_the_ledger_keeps_one_profile_of_a_feed_and_no_value_or_hashed_word_of_people(bank: Bank) -> None:
    bank.deliver(NEXT, tasks(NEXT))

    (kept,) = [s.profile_json for s in bank.known.values() if s.profile_json]
    by_name = {c["name"]: c for c in json.loads(kept)["columns"]}
    assert not re.search(r"154\d{8}|20\d\d-|open|done", kept)
    assert "words" in by_name["state"]
    assert "words" not in by_name["phone"]
    assert from_json(kept).as_json() == kept


def test_a_large_file_is_looked_at_no_further_than_a_small_one(bank: Bank) -> None:
    bank.deliver(NEXT, tasks(NEXT, 5_000))

    seen = look_at(bank.folder / f"tasks_{NEXT:%Y%m%d}_1.csv", bank.source, NEXT)
    assert {p.rows for p in seen.columns} == {MOST_RECORDS}


DOTTED = """
feed: haus__tasks
delivery: {file: "tasks_{date}.csv", mode: full}
layout: {kind: delimited, separator: "|", header: true}
key: [nr]
fields:
  nr:   {type: string, from: "cust.no", class: C2-fin}
  name: {type: string, from: "cust.name", class: C2-id}
"""


def test_a_name_with_a_full_stop_is_one_name(tmp_path: Path) -> None:
    bank = Bank(tmp_path, contract(tmp_path / "conf", DOTTED))

    assert bank.deliver(DAY, [["1", "a"]], ("cust.no", "cust.name")).state_code == "verified"
    assert bank.deliver(NEXT, [["1", "a"]], ("cust.no", "cust")).reason_code == "schema_missing"


EVENTS = """
feed: haus__tasks
delivery: {file: "tasks_{date}.csv", mode: new_rows}
layout: {kind: jsonl}
key: [id]
fields:
  id:   {type: string, class: C2-fin}
  page: {type: string, class: C1}
checks: {not_null: [id]}
"""


def events(bank: Bank, day: date, record: Callable[[int], dict[str, object]]) -> FileState:
    rows = [[json.dumps(record(n))] for n in range(50)]
    return bank.deliver(day, rows, None)


def test_records_that_name_their_fields_may_leave_one_out_but_not_the_one_the_feed_is_nothing_without(
    tmp_path: Path,
) -> None:
    bank = Bank(tmp_path, contract(tmp_path / "conf", EVENTS))
    events(bank, DAY, lambda n: {"id": str(n), "page": "home"})

    left_out = events(bank, NEXT, lambda n: {"id": str(n)})
    without_key = events(bank, THIRD, lambda n: {"page": "home"})

    assert left_out.state_code == "verified"
    assert [c.drift_action_code for c in bank.changes] == ["rescue", "hold"]
    assert (without_key.state_code, without_key.reason_code) == ("held", "schema_missing")


def test_a_list_where_a_text_was_is_no_dropped_field(tmp_path: Path) -> None:
    """Each such record says so itself (`schema_type`, defect D44) and loads."""
    bank = Bank(tmp_path, contract(tmp_path / "conf", EVENTS))
    events(bank, DAY, lambda n: {"id": str(n), "page": "home"})

    assert events(bank, NEXT, lambda n: {"id": str(n), "page": ["home"]}).state_code == "verified"
    assert bank.changes == []


def test_a_policy_that_lets_a_dropped_column_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="dropped"):
        contract(tmp_path / "conf", policy="drift: {dropped: accept}")
