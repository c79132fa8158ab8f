"""A day on the mobile bank: who logs in, which pages are met, what is searched, which transfers fail, who was exposed to a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour import numbers
from demo_bank.behaviour.incidents import MOBILE, OUTAGE_DAY, OUTAGE_FROM, Incident
from demo_bank.streams import stream

Ints = NDArray[np.int64]
# page, touchpoint, share among pages after the first, ln(latency in ms)
PAGES = (
    ("home", "mb_home", 0.10, 4.9), ("account", "mb_account", 0.12, 5.1), ("balance", "mb_account", 0.13, 5.2),
    ("detail", "mb_account", 0.10, 5.4), ("transfer_form", "mb_transfer", 0.09, 5.3),
    ("transfer_confirm", "mb_transfer", 0.07, 5.8), ("transfer_result", "mb_transfer", 0.06, 5.2),
    ("wealth_list", "mb_wealth", 0.08, 5.5), ("product", "mb_wealth", 0.05, 5.4), ("wealth_buy", "mb_wealth_buy", 0.02, 5.9),
    ("loan", "mb_loan", 0.02, 5.4), ("loan_repay", "mb_loan_repay", 0.02, 5.6), ("card_bill", "mb_card", 0.06, 5.5),
    ("search", "mb_search", 0.03, 5.2), ("help", "mb_help", 0.02, 5.0), ("profile", "mb_profile", 0.02, 4.9),
    ("risk_assess", "mb_risk", 0.01, 5.6), ("login", "mb_login", 0.0, 5.6),
)  # fmt: skip
NAMES = [page[0] for page in PAGES]
CONFIRM, LOGIN_PAGE = NAMES.index("transfer_confirm"), NAMES.index("login")
EARLY = "提前还款"
SEARCHES = (
    ("限额", 0.10), ("大额存单", 0.11), ("理财", 0.16), ("基金", 0.06), ("手续费", 0.08), ("流水", 0.12), ("挂失", 0.04),
    ("网点", 0.08), ("密码", 0.07), ("汇率", 0.05), ("投诉", 0.02), ("销户", 0.01), ("贷款", 0.06), ("生活缴费", 0.04),
)  # fmt: skip
_HOURS = np.array(
    [1, 1, 1, 1, 1, 2, 4, 8, 12, 13, 12, 11, 13, 11, 10, 10, 11, 12, 13, 14, 15, 13, 8, 3], float
)
FAIL_CODES = ("E5001", "E5002", "E3007", "E3011")


@dataclass(frozen=True)
class Digital:
    """Columns of one day. `user` counts persons; seconds are local, since midnight."""

    session_user: Ints
    session_start: Ints
    login_session: Ints
    login_second: NDArray[np.float64]
    login_ok: NDArray[np.bool_]
    page_session: Ints
    page: Ints
    page_second: NDArray[np.float64]
    page_error: NDArray[np.bool_]
    page_latency: Ints
    search_session: Ints
    search_text: NDArray[np.str_]
    search_second: NDArray[np.float64]
    fail_user: Ints
    fail_session: Ints
    fail_second: NDArray[np.float64]
    fail_cents: Ints
    exposed_person: Ints
    exposed_incident: Ints


def forced_sessions(day: date, story: Sequence[int], searchers: Ints) -> tuple[Ints, Ints]:
    """Persons and starts of sessions that must be: people in a spell of searches, and the cast in the outage."""
    people, starts = list(searchers.tolist()), [13 * 3600 + int(p) % 18_000 for p in searchers]
    if day == OUTAGE_DAY:
        people += list(story)
        starts += [OUTAGE_FROM + 300 + 600 * k for k in range(len(story))]
    return np.array(people, np.int64), np.array(starts, np.int64)


def live(
    seed: int, day: date, user: Ints, chance: NDArray[np.float64], forced: tuple[Ints, Ints], searchers: Ints,
    outage: Sequence[int], incidents: Sequence[Incident],
) -> Digital:  # fmt: skip
    """The day of all users. chance: of being active today, beside each user."""
    rng = stream(seed, "MBANK", "day", day)
    active = user[rng.random(len(user)) < chance]
    session_user = np.concatenate([np.repeat(active, 1 + (rng.random(len(active)) < 0.3)), forced[0]])
    free = len(session_user) - len(forced[0])
    hours = rng.choice(24, free, p=_HOURS / _HOURS.sum())
    start = np.concatenate([hours * 3600 + rng.integers(0, 3600, free), forced[1]]).astype(np.int64)
    order = np.argsort(start, kind="stable")
    session_user, start = session_user[order], start[order]
    story = np.isin(session_user, np.array(outage, np.int64)) & (day == OUTAGE_DAY)
    page_session, page, second = _pages(rng, start, story)
    error, latency, exposed = _service(rng, page, second, session_user[page_session], incidents)
    searches = _searches(rng, session_user, start, searchers)
    fails = np.flatnonzero((page == CONFIRM) & (error | (rng.random(len(page)) < numbers.FAIL_ON_CONFIRM)))
    return Digital(
        session_user, start, np.arange(len(start)), start + rng.random(len(start)), rng.random(len(start)) > 0.02,
        page_session, page, second, error, latency, *searches, session_user[page_session][fails], page_session[fails],
        second[fails] + 1.5, np.round(np.exp(rng.normal(6.8, 1.0, len(fails))) * 100).astype(np.int64), *exposed,
    )  # fmt: skip


def _pages(
    rng: np.random.Generator, start: Ints, story: NDArray[np.bool_]
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Pages of each session in order: the login page first, then a mixture; the story's sessions try to confirm a transfer."""
    per_session = numbers.DIGITAL_EVENTS / (numbers.ACTIVE_SHARE * 1.3) - 1.35
    counts = 1 + rng.poisson(per_session - 1, len(start))
    counts = np.where(story, 6, counts)
    session = np.repeat(np.arange(len(start)), counts)
    first = np.cumsum(counts) - counts
    position = np.arange(len(session)) - first[session]
    shares = np.array([p[2] for p in PAGES])
    page = np.where(position == 0, LOGIN_PAGE, rng.choice(len(PAGES), len(session), p=shares / shares.sum()))
    page = np.where(story[session] & (position >= 3), CONFIRM, page)
    gap = 8 + 30 * rng.random(len(start))
    second = start[session] + 2.0 + position * gap[session] + rng.random(len(session))
    return session, page.astype(np.int64), np.minimum(second, 86_399.0)


def _service(
    rng: np.random.Generator, page: Ints, second: NDArray[np.float64], user: Ints, incidents: Sequence[Incident]
) -> tuple[NDArray[np.bool_], Ints, tuple[Ints, Ints]]:  # fmt: skip
    """What the pages' service was like, and who met which incident."""
    chance = np.full(len(page), numbers.BASE_ERROR)
    latency = np.exp(np.array([p[3] for p in PAGES])[page] + rng.normal(0, 0.45, len(page)))
    whole = second.astype(np.int64)
    people, met = [], []
    for place, incident in enumerate(incidents):
        if incident.channel != MOBILE:
            continue
        hit = incident.covers(whole)
        if incident.page:
            hit &= page == NAMES.index(incident.page)
        chance[hit] = np.maximum(chance[hit], numbers.ERROR_PER_SEVERITY * incident.severity)
        latency[hit] *= 1 + numbers.SLOWER_PER_SEVERITY * incident.severity
        who = np.unique(user[hit])
        people.append(who)
        met.append(np.full(len(who), place))
    drawn = rng.random(len(page))
    error = drawn < chance
    nothing = np.zeros(0, np.int64)
    exposed = (np.concatenate(people), np.concatenate(met)) if people else (nothing, nothing)
    return error, np.round(latency).astype(np.int64), exposed


def _searches(
    rng: np.random.Generator, user: Ints, start: Ints, searchers: Ints
) -> tuple[Ints, NDArray[np.str_], NDArray[np.float64]]:
    """Ordinary searches in a quarter of the sessions; those in a spell search for early repayment once a day."""
    drawn = np.flatnonzero(rng.random(len(user)) < 0.24)
    shares = np.array([s[1] for s in SEARCHES])
    texts = np.array([s[0] for s in SEARCHES])[rng.choice(len(SEARCHES), len(drawn), p=shares / shares.sum())]
    order = np.argsort(user, kind="stable")
    place = np.searchsorted(user, searchers, sorter=order)
    spells = order[np.minimum(place, max(len(order) - 1, 0))] if len(searchers) else np.zeros(0, np.int64)
    session = np.concatenate([drawn, spells]).astype(np.int64)
    wanted = np.concatenate([texts, np.full(len(spells), EARLY)])
    second = np.minimum(start[session] + 12.0 + 20 * rng.random(len(session)), 86_399.0)
    by_time = np.argsort(second, kind="stable")
    return session[by_time], wanted[by_time], second[by_time]
