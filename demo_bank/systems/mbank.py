"""MBANK, the mobile bank: JSON lines in UTC, schema v1 until 2026-09-15, v2 from 2026-09-16; layouts as in docs/demo-bank.md.

One package a day, gzipped as a whole. The opening package tells each user's last login.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.behaviour.digital import FAIL_CODES, NAMES, PAGES
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, at, joined, json_lines, nulled, numbered, quoted, raw, text, utc_text

SYSTEM = "MBANK"
ARRIVES = time(0, 45)
SECOND_SCHEMA = date(2026, 9, 16)
CITIES = ("滨江", "望潮", "临港", "晴川")
_ACTIONS = {"transfer_confirm": "submit", "wealth_buy": "submit", "loan_repay": "submit", "search": "search"}
_METHODS = ("password", "face", "fingerprint", "gesture")
_JOURNEYS = {"transfer": "transfer", "wealth": "wealth_purchase", "loan": "loan"}


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def user_numbers(persons: NDArray[np.int64]) -> pa.Array:
    """user_id of persons."""
    return numbered("U", 300_000_000 + persons, 9)


def opening_package(conduct: Conduct) -> tuple[date, list[Lines]]:
    """Sequence 00: last login of every user bound before the first date, empty where there was none."""
    people = conduct.people
    day = people.world.size.first - timedelta(days=1)
    users = np.flatnonzero(people.bound <= np.datetime64(day))
    rows = joined(user_numbers(users), "|+|", pc.coalesce(utc_text(conduct.last_login[users]), pa.scalar("")))
    return day, [Lines(f"USER_OPENING_{day:%Y%m%d}.txt", None, rows)]


def package(people: People, lived: Day) -> list[Lines]:
    """USER_BIND LOGIN PAGE_EVENT SEARCH TRANSFER_FAIL of one date."""
    day = lived.day
    made = {
        "USER_BIND": _binds(people, day), "LOGIN": _logins(lived), "PAGE_EVENT": _pages(lived), "SEARCH": _searches(lived),
        "TRANSFER_FAIL": _fails(lived),
    }  # fmt: skip
    return [Lines(f"{name}_{day:%Y%m%d}.jsonl", None, rows) for name, rows in made.items()]


def _binds(people: People, day: date) -> pa.Array:
    """Everybody bound so far on the first date, then those bound on the day."""
    today = np.datetime64(day)
    first = day == people.world.size.first
    users = np.flatnonzero((people.bound <= today) if first else (people.bound == today))
    moment = people.bound[users].astype("datetime64[ms]") + (28_800_000 + (users * 7919) % 36_000_000).astype(
        "timedelta64[ms]"
    )
    return json_lines({
        "user_id": quoted(user_numbers(users)), "cust_no": quoted(text(people.cust_no[users])), "bind_ts": quoted(utc_text(moment)),
        "unbind_ts": raw(pa.nulls(len(users), pa.string())),
    })  # fmt: skip


def _device(users: NDArray[np.int64], session: NDArray[np.int64]) -> pa.Array:
    """Most people have one device; one in five sometimes uses another."""
    second = (users % 5 == 0) & (session % 4 == 0)
    return numbered("D", users * 2 + second, 11)


def _sessions(lived: Day, session: NDArray[np.int64]) -> pa.Array:
    return numbered(f"S{lived.day:%Y%m%d}", session + 1, 7)


def _logins(lived: Day) -> pa.Array:
    digital, n = lived.digital, len(lived.digital.login_session)
    users = digital.session_user[digital.login_session]
    return json_lines({
        "event_id": quoted(numbered(f"L{lived.day:%Y%m%d}", np.arange(1, n + 1), 8)), "user_id": quoted(user_numbers(users)),
        "ts": quoted(utc_text(at(lived.day, digital.login_second))), "device_id": quoted(_device(users, digital.login_session)),
        "ok": raw(pa.array(np.where(digital.login_ok, "true", "false"))), "method": quoted(text(np.array(_METHODS)[users % 4])),
    })  # fmt: skip


def _pages(lived: Day) -> pa.Array:
    """Page actions; v1 names the page by its address and has no touchpoint."""
    digital, day = lived.digital, lived.day
    n = len(digital.page)
    users = digital.session_user[digital.page_session]
    names = pa.array(NAMES).take(pa.array(digital.page))
    is_second = day >= SECOND_SCHEMA
    hints = [_JOURNEYS.get(name.split("_")[0]) for name in NAMES]
    errors = np.where(digital.page_latency % 2 == 0, "E5001", "E5002")
    columns = {
        "event_id": quoted(numbered(f"E{day:%Y%m%d}", np.arange(1, n + 1), 8)),
        "event_ts": quoted(utc_text(at(day, digital.page_second))), "user_id": quoted(user_numbers(users)),
        "device_id": quoted(_device(users, digital.page_session)), "session_id": quoted(_sessions(lived, digital.page_session)),
        "app_ver": quoted(text(np.where(users % 3 == 0, "8.1.0", "8.2.1") if is_second else np.where(users % 3 == 0, "8.0.2", "8.1.0"))),
    }  # fmt: skip
    if is_second:
        columns["page"] = quoted(names)
    else:
        columns["page_url"] = quoted(joined("app://bjbank/", names))
    columns["element"] = quoted(joined("btn_", names))
    columns["action"] = quoted(
        pa.array([_ACTIONS.get(name, "view") for name in NAMES]).take(pa.array(digital.page))
    )
    if is_second:
        columns["touchpoint_code"] = quoted(
            pa.array([page[1] for page in PAGES]).take(pa.array(digital.page))
        )
    columns |= {
        "journey_hint": quoted(pa.array(hints, pa.string()).take(pa.array(digital.page))), "search_text": raw(pa.nulls(n, pa.string())),
        "result": quoted(text(np.where(digital.page_error, "error", "ok"))), "latency_ms": raw(digital.page_latency),
        "error_code": quoted(nulled(text(errors), ~digital.page_error)), "geo_city": quoted(text(np.array(CITIES)[users % 4])),
    }  # fmt: skip
    return json_lines(columns)


def _searches(lived: Day) -> pa.Array:
    digital, n = lived.digital, len(lived.digital.search_text)
    users = digital.session_user[digital.search_session]
    found = (np.arange(n) * 13) % 40
    return json_lines({
        "event_id": quoted(numbered(f"Q{lived.day:%Y%m%d}", np.arange(1, n + 1), 8)), "user_id": quoted(user_numbers(users)),
        "ts": quoted(utc_text(at(lived.day, digital.search_second))), "text": quoted(text(digital.search_text)),
        "result_cnt": raw(found), "clicked": quoted(nulled(numbered("R", found // 2 + 1, 2), found % 3 == 0)),
    })  # fmt: skip


def _fails(lived: Day) -> pa.Array:
    digital, n = lived.digital, len(lived.digital.fail_user)
    yuan = pc.cast(pc.divide(pa.array(digital.fail_cents.astype(float)), 100.0), pa.decimal128(18, 2))
    return json_lines({
        "event_id": quoted(numbered(f"F{lived.day:%Y%m%d}", np.arange(1, n + 1), 8)),
        "user_id": quoted(user_numbers(digital.fail_user)), "ts": quoted(utc_text(at(lived.day, digital.fail_second))),
        "amount": quoted(pc.cast(yuan, pa.string())), "error_code": quoted(text(np.array(FAIL_CODES)[digital.fail_cents % 4])),
    })  # fmt: skip
