"""WECHAT, official account and mini-program: JSON lines, UTC. It knows openids: two of one person, a unionid that is not always there."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from demo_bank.behaviour.conduct import Day
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, at, json_lines, nulled, numbered, quoted, text, utc_text
from demo_bank.population import Ints
from demo_bank.streams import stream

SYSTEM = "WECHAT"
ARRIVES = time(0, 50)
FOLLOWS, TWICE, NO_UNION, WITH_MOBILE = 0.4, 0.1, 0.15, 0.5
ACTIVE = 0.05
PAGES = ("home", "branch_queue", "balance", "wealth_list", "message_centre")


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def followers(people: People) -> tuple[pa.Array, Ints]:
    """(openid, person): one for the official account, for some another for the mini-program."""
    rng = stream(people.seed, "WECHAT", "followers", len(people))
    who = np.flatnonzero((rng.random(len(people)) < FOLLOWS) & people.has_app)
    both = who[rng.random(len(who)) < TWICE]
    persons = np.concatenate([who, both])
    ids = pa.concat_arrays([numbered("oA", who, 10), numbered("oM", both, 10)])
    return ids, persons


def package(people: People, lived: Day) -> list[Lines]:
    """WX_USER (all on the first date, then those who began), WX_EVENT and WX_SUBSCRIBE of one date."""
    day, first = lived.day, people.world.size.first
    ids, persons = followers(people)
    days = max((people.world.size.last - first).days, 1)
    since = stream(people.seed, "WECHAT", "since", len(persons)).integers(-days, days + 1, len(persons))
    today = (day - first).days
    begins = np.flatnonzero((since <= today) if day == first else since == today)
    active = np.flatnonzero(
        (stream(people.seed, "WECHAT", "active", day).random(len(persons)) < ACTIVE) & (since <= today)
    )
    return [
        Lines(f"WX_USER_{day:%Y%m%d}.jsonl", None, _users(people, ids, persons, begins, day)),
        Lines(f"WX_EVENT_{day:%Y%m%d}.jsonl", None, _events(people, ids, active, day)),
        Lines(f"WX_SUBSCRIBE_{day:%Y%m%d}.jsonl", None, _subscriptions(people, ids, begins, day)),
    ]


def _users(people: People, ids: pa.Array, persons: Ints, which: Ints, day: date) -> pa.Array:
    rng = stream(people.seed, "WECHAT", "users", len(persons))
    no_union, no_mobile = rng.random(len(persons)) < NO_UNION, rng.random(len(persons)) >= WITH_MOBILE
    union = nulled(numbered("u", persons, 10), no_union)
    mobile = nulled(text(people.mobiles[persons].tolist()), no_mobile)
    return json_lines({
        "openid": quoted(ids.take(pa.array(which))), "unionid": quoted(union.take(pa.array(which))),
        "mobile": quoted(mobile.take(pa.array(which))), "since_ts": quoted(utc_text(at(day, 36_000 + which % 3_600))),
    })  # fmt: skip


def _events(people: People, ids: pa.Array, which: Ints, day: date) -> pa.Array:
    rng = stream(people.seed, "WECHAT", "events", day)
    page, second = rng.integers(0, len(PAGES), len(which)), rng.integers(28_800, 79_200, len(which))
    return json_lines({
        "event_id": quoted(numbered(f"WX{day:%Y%m%d}", np.arange(1, len(which) + 1), 8)), "openid": quoted(ids.take(pa.array(which))),
        "event_ts": quoted(utc_text(at(day, second))), "page": quoted(text(np.array(PAGES)[page].tolist())),
        "action": quoted(text(["view"] * len(which))),
    })  # fmt: skip


def _subscriptions(people: People, ids: pa.Array, which: Ints, day: date) -> pa.Array:
    return json_lines({
        "openid": quoted(ids.take(pa.array(which))), "action": quoted(text(["subscribe"] * len(which))),
        "ts": quoted(utc_text(at(day, 36_000 + which % 3_600))),
    })  # fmt: skip
