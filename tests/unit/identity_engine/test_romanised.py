"""Chinese names as passports of three places spell them, worked out by hand from the spelling rules."""

from __future__ import annotations

import pytest

from spark_jobs.identity.engine import names
from spark_jobs.identity.engine.romanised import key_of


def meet(one: str, other: str) -> bool:
    return bool(set(names.loose(names.whole(one))) & set(names.loose(names.whole(other))))


@pytest.mark.parametrize(
    ("syllable", "wade_giles"),
    [
        ("zhang", "chang"), ("xie", "hsieh"), ("xu", "hsu"), ("jun", "chun"), ("hong", "hung"), ("guo", "kuo"), ("zeng", "tseng"),
        ("jian", "chien"), ("rong", "jung"), ("zi", "tzu"), ("shi", "shih"), ("he", "ho"), ("yan", "yen"), ("gui", "kuei"), ("lv", "lu"),
    ],
)  # fmt: skip
def test_a_syllable_of_pinyin_is_spelt_as_taiwan_prints_it(syllable: str, wade_giles: str) -> None:
    assert key_of(syllable) == wade_giles


@pytest.mark.parametrize(
    ("hanzi", "spelt"),
    [
        ("周春刚", "CHOU, CHUN-KANG"), ("任永红", "JEN YUNG-HUNG"), ("邓大萍", "TENG TA-PING"), ("王子飞", "WANG TZU-FEI"),
        ("蔡家悦", "CHOI Ka Yuet"), ("曹志刚", "TSO Chi Kong"), ("韩永平", "HON Wing Ping"), ("朱子阳", "CHU Tsz Yeung"),
        ("仇美辉", "CHOU MEIHUI"), ("仇美辉", "QIU MEIHUI"), ("尉迟永明", "Yuchi Yongming"), ("王杰", "WONG CHIE"), ("王杰", "Jie Wang"),
        ("廖秀丽", "LIU Sau Lai"), ("罗文婷", "Man Ting LAW"), ("梁伟", "LEONG WAI"), ("沈文", "SHUM Man"),
        ("徐杰天", "Winnie TSUI Kit Tin"), ("许国伟", "HUI Kwok Wai Karen"), ("唐豪慧", "Alan TONG HO WAI"),
    ],
)  # fmt: skip
def test_names_meet_their_spellings_of_taiwan_and_hong_kong_right_and_wrong(hanzi: str, spelt: str) -> None:
    assert meet(hanzi, spelt)


@pytest.mark.parametrize(
    ("hanzi", "spelt"), [("周春刚", "CHOU CHUN-KUO"), ("蔡家悦", "CHOI Ka Man"), ("王杰", "WANG JUN")]
)
def test_another_given_name_does_not_meet(hanzi: str, spelt: str) -> None:
    assert not meet(hanzi, spelt)


def test_names_that_are_no_spelling_of_chinese_syllables_have_no_key() -> None:
    assert names.loose("robert smith") == names.loose("robert lee smith") == ()
