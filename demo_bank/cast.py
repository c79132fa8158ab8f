"""Who is who among the fixed people: the cast (docs/demo-bank.md, "The cast"), those who play along, and the canaries.

They are the first people of every size and every seed, so that documents, journeys and tests can name them: member nn of the cast is
person nn − 1 and has customer number C9000000nn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

CAST = 30
# Persons after the cast who play a part in a story and have ordinary numbers.
FORMER_OWNER, MERGED_OTHER, CO_HOLDER_2, CO_HOLDER_3 = 30, 31, 32, 33
FIXED = 35
CANARY_AREA = "339899"
EVERYTHING = frozenset({"app", "card", "wealth", "loan"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Member:
    """One fixed person. sequence: digits 15 to 17 of the resident id; products: what they have besides deposits."""

    name: str
    sex: str
    birth: date
    sequence: int
    products: frozenset[str] = field(default=_NONE)
    salary: int = 0
    mobile: str = ""
    cert_kind: str = "01"
    cert: str = ""
    area: str = "339801"
    nation: str = "156"


_APP = frozenset({"app"})
MEMBERS: tuple[Member, ...] = (
    Member("顾明远", "1", date(1979, 4, 12), 101, EVERYTHING, 18_000),  # 01 everywhere
    Member("沈若琳", "2", date(1985, 12, 1), 302, _APP, 9_000, "15400000002"),  # 02, 03 twins: one phone, one address
    Member("沈若松", "1", date(1985, 12, 1), 301, _APP, 9_500, "15400000002"),
    Member("钱思源", "1", date(1990, 3, 7), 401, _APP, 12_000),  # 04, 05 siblings whom ECIF merged
    Member("钱思齐", "1", date(1992, 8, 21), 403, _APP, 11_000),
    Member("叶婉清", "2", date(1988, 6, 18), 404, _APP | {"card"}, 13_000),  # 06 marries
    Member("张伟明", "1", date(1972, 2, 5), 101, _APP, 15_000),  # 07, 08 father and son, one pinyin
    Member("张玮铭", "1", date(2014, 10, 9), 103),
    Member("罗启航", "1", date(1995, 1, 30), 305, _APP, 10_000),  # 09 has a phone that was somebody else's
    Member("梁承志", "1", date(1986, 5, 17), 307, _APP, 11_000),  # 10 one of many behind a company phone
    Member("林瑋", "1", date(1983, 9, 14), 309, _APP, 12_500),  # 11 second byte of 瑋 is a bar
    Member("周䶮", "1", date(1976, 11, 3), 311, _APP | {"card"}, 16_000),  # 12 rare hanzi
    Member("阿卜杜拉·买买提", "1", date(1981, 7, 25), 313, EVERYTHING, 9_800),  # 13 five dots
    Member("张伟", "1", date(1974, 3, 19), 315, frozenset({"app", "card", "wealth"}), 0, "", "06", "H1234567801", "339801", "HKG"),
    Member("许静姝", "2", date(1987, 12, 12), 316, frozenset({"app", "loan"}), 22_000),  # 15 buys a home
    Member("高云舟", "1", date(1971, 6, 6), 317, _APP, 0),  # 16 sends 45 % away
    Member("苏晓岚", "2", date(1993, 4, 4), 318, _APP, 12_000),  # 17 salary stops
    Member("江天阔", "1", date(1965, 10, 28), 319, frozenset({"app", "wealth"}), 0),  # 18 below the threshold
    Member("孟德华", "1", date(1969, 1, 15), 321, frozenset({"app", "wealth"}), 0),  # 19 matures 2026-10-10
    Member("魏佳宁", "2", date(1991, 8, 8), 322, frozenset({"app", "loan"}), 17_000),  # 20 searches
    Member("韩志鹏", "1", date(1989, 2, 22), 323, _APP, 14_000),  # 21 outage and complaint
    Member("曹雨萌", "2", date(1994, 11, 11), 324, _APP, 10_500),  # 22 says nine
    Member("彭思远", "1", date(1984, 7, 7), 325, _APP | {"card"}, 13_500),  # 23 withdraws a consent
    Member("程秀兰", "2", date(1948, 9, 20), 326),  # 24 dies 2026-09-15
    Member("唐一凡", "1", date(1996, 12, 24), 327, _APP, 9_200),  # 25 asks to be erased
    Member("范文博", "1", date(1982, 4, 26), 329, _APP, 12_800),  # 26 reversal
    Member("姚建国", "1", date(1958, 5, 1), 331),  # 27 joint account of three
    Member("贺雅琴", "2", date(1977, 3, 8), 332, frozenset({"app", "wealth"}), 0),  # 28 risk grade expires
    Member("石小满", "2", date(2011, 5, 21), 334),  # 29 minor
    Member("崔永康", "1", date(1980, 1, 1), 335, _APP, 11_800),  # 30 merged and parted by a steward
    Member("邵国栋", "1", date(1963, 8, 2), 337),  # former owner of 09's phone, closed
    Member("崔永康", "1", date(1980, 1, 1), 339, _APP, 11_900, "", "04", "E33980339"),  # the other of story 30, known by a passport
    Member("姚丽娟", "2", date(1984, 2, 14), 340),  # 27: daughter and son
    Member("姚卫东", "1", date(1987, 9, 9), 341),
    Member("施予安", "2", date(1990, 10, 10), 342, _APP, 9_900),
)  # fmt: skip

# Who lives with whom: same household, one address. The first of each is the head.
HOUSEHOLDS = ((1, 2), (3, 4), (6, 7), (26, CO_HOLDER_2, CO_HOLDER_3))
RELATIONS = (
    ("sibling", 1, 2), ("sibling", 3, 4), ("parent", 6, 7), ("parent", 26, CO_HOLDER_2), ("parent", 26, CO_HOLDER_3),
    ("sibling", CO_HOLDER_2, CO_HOLDER_3),
)  # fmt: skip
DIED = {23: date(2026, 9, 15)}
CLOSED = {FORMER_OWNER: date(2026, 5, 10)}
COMPANY_PHONE = "057188886666"


def person(number: int) -> int:
    """Person of a member of the cast."""
    return number - 1


def mobile(index: int) -> str:
    """Phone of a fixed person."""
    return MEMBERS[index].mobile or (
        f"154000000{index + 1:02d}" if index != FORMER_OWNER else mobile(person(9))
    )


def count(people: int) -> int:
    """Fixed people that fit a size."""
    return min(FIXED, people)


def canaries(people: int) -> NDArray[np.int64]:
    """People with unmistakable values, for leak scans: 5 in nano, 20 in tiny, 200 from demo on; none in less than nano."""
    wanted = 200 if people >= 20_000 else 20 if people >= 500 else 5
    return np.arange(FIXED, max(min(FIXED + wanted, people), FIXED))


def colleagues(people: int) -> NDArray[np.int64]:
    """Those who gave their employer's phone as their own, with member 10: 10 in nano, 60 in tiny, 800 from demo on."""
    start = FIXED + len(canaries(people))
    wanted = 800 if people >= 20_000 else 60 if people >= 500 else 10
    others = np.arange(start, max(min(start + wanted - 1, people), start))
    return np.concatenate([np.array([person(10)] if people > person(10) else [], np.int64), others])


def canary_name(place: int) -> str:
    """No list of names has these."""
    return "金雀" + "甲乙丙丁戊己庚辛壬癸"[place % 10] + "子丑寅卯辰巳午未申酉戌亥"[place // 10 % 12]


# Money of the stories, in cents, and the dates on which it moves. The deposit books and the loan system both follow these.
SALARY_STOPS = date(2026, 7, 1)  # 17: June's salary was the last
HOME_LOAN_CENTS, HOME_LOAN_DAY, HOME_PAID_DAY = 200_000_000, date(2026, 9, 12), date(2026, 9, 24)  # 15
LEAVING_BALANCE, LEAVING_CENTS, LEAVING_DAY = 60_000_000, 27_000_000, date(2026, 9, 29)  # 16: 45 % of 600,000
WEALTHY_CENTS, AFFLUENT_CENTS, FELL_BELOW = 560_000_000, 420_000_000, date(2026, 6, 1)  # 18
MATURES_CENTS, MATURES_DAY = 30_000_000, date(2026, 10, 10)  # 19
REVERSED_CENTS, REVERSED_DAY = 500_000, date(2026, 9, 22)  # 26: taken back the next day
JOINT_CENTS = 10_000  # 27: one hundred yuan for three
# No ordinary entries disturb the accounts of these.
STILL = (15, 16, 18, 26)
