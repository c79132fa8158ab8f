"""The people of the demo bank, as columns. Person n is the same in every size that has so many people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank.sizes import DEFAULT_SEED, Size
from demo_bank.streams import stream

Strings = NDArray[np.str_]
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
GIVEN_MALE = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林阳"
GIVEN_FEMALE = "芳娜敏静丽艳娟霞秀燕玲婷雪慧莹洁红云梅琳倩颖佳怡萍丹蓉晶欣悦"
STREETS = ("滨江大道", "望潮路", "晴川街", "云栖路", "临港中路", "听涛巷")
COMPANIES = 40
AREAS = ("339801", "339802", "339803", "339821")
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = np.array(list("10X98765432"))
SECOND_NUMBER_EVERY = 25  # 4 % have two customer numbers (D48)


def with_check_digit(stems: Strings) -> Strings:
    """GB 11643: the eighteenth digit of each seventeen-digit stem."""
    digits = np.array([list(stem) for stem in stems]).astype(int)
    return np.char.add(stems, _CHECKS[(digits @ _WEIGHTS) % 11])


@dataclass(frozen=True)
class World:
    """Everyone and everything that stays the same from day to day. All arrays have one entry per person."""

    size: Size
    seed: int
    names: Strings
    sexes: Strings
    births: NDArray[np.datetime64]
    certs: Strings
    mobiles: Strings
    addresses: Strings
    opened: NDArray[np.datetime64]
    outlets: Strings
    employers: NDArray[np.int64]
    salaries: NDArray[np.int64]
    wealth: NDArray[np.float64]
    digital: NDArray[np.float64]

    @property
    def people(self) -> int:
        return len(self.names)

    def cust_numbers(self) -> Strings:
        """First customer number of each person: C and nine digits."""
        return np.array([f"C{100_000_000 + n}" for n in range(self.people)])

    def second_numbers(self) -> NDArray[np.int64]:
        """People who have a second customer number, opened at another outlet long ago."""
        return np.arange(SECOND_NUMBER_EVERY - 1, self.people, SECOND_NUMBER_EVERY)


def make_world(size: Size, seed: int = DEFAULT_SEED) -> World:
    """The world of one size and seed."""
    n = size.people
    rng = stream(seed, "population", n)
    sexes = np.where(rng.random(n) < 0.5, "1", "2")
    ages = np.clip(rng.choice([24, 38, 62], n, p=[0.3, 0.42, 0.28]) + rng.normal(0, 7, n), 3, 92)
    births = (np.datetime64(size.last) - (ages * 365.25).astype(int)).astype("datetime64[D]")
    surname = rng.choice(list(SURNAMES), n, p=_falling(len(SURNAMES)))
    given = np.where(sexes == "1", rng.choice(list(GIVEN_MALE), n), rng.choice(list(GIVEN_FEMALE), n))
    second = np.where(rng.random(n) < 0.7, rng.choice(list(GIVEN_MALE[:15] + GIVEN_FEMALE[:15]), n), "")
    names = np.char.add(np.char.add(surname, second), given)
    areas = rng.choice(AREAS, n)
    dates = np.char.replace(births.astype(str), "-", "")
    # The running number keeps ids apart; its last digit's parity tells the sex.
    running = (np.arange(n) % 450) * 2 + np.where(sexes == "1", 1, 2) + 50
    stems = np.char.add(np.char.add(areas, dates), np.char.zfill((running % 1000).astype(str), 3))
    mobiles = np.array([f"154{8_000_000_0 + k:08d}" for k in range(n)])
    streets = rng.choice(STREETS, n)
    numbers = rng.integers(1, 400, n).astype(str)
    addresses = np.char.add(np.char.add(np.char.add("滨江市", streets), numbers), "号")
    wealth = rng.normal(0, 1, n)
    works = (ages >= 22) & (ages <= 60) & (rng.random(n) < 0.55)
    tenure = rng.integers(30, 5000, n)
    return World(
        size, seed, names, sexes, births, with_check_digit(stems), mobiles, addresses,
        (np.datetime64(size.first) - tenure).astype("datetime64[D]"),
        np.array([f"33{100 + k % size.outlets:04d}" for k in rng.integers(0, size.outlets, n)]),
        np.where(works, rng.integers(0, COMPANIES, n), -1),
        np.where(works, (4000 + np.exp(rng.normal(8.6, 0.5, n))).round(-2).astype(int), 0),
        wealth, rng.normal(0, 1, n),
    )  # fmt: skip


def _falling(n: int) -> NDArray[np.float64]:
    """Frequencies that fall with the rank, as surnames do."""
    weights = 1.0 / (np.arange(n) + 2)
    share: NDArray[np.float64] = weights / weights.sum()
    return share


def day_before(day: date) -> date:
    return day - timedelta(days=1)
