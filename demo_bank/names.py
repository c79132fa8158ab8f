"""Names from lists of frequency, and how other scripts spell them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from opencc import OpenCC
from pypinyin import Style, pinyin

Strings = NDArray[np.str_]
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "单解查仇区朴翟盖缪覃乐傅戴蓝阎"
)
GIVEN_MALE = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林阳"
GIVEN_FEMALE = "芳娜敏静丽艳娟霞秀燕玲婷雪慧莹洁红云梅琳倩颖佳怡萍丹蓉晶欣悦"
# Hanzi that old tables did not have; a bank's old systems hold them in the user-defined area.
RARE = "䶮㛃𬎆喆堃犇祎赟頔骉"
RARE_SHARE = 0.02
_MINORITY_FIRST = (
    "阿依古丽仙",
    "买买提吐尔逊",
    "努尔兰别克",
    "古丽娜尔罕",
    "阿不都热合曼",
    "阿卜杜克里木",
    "迪丽努尔罕",
    "吐尔逊阿依",
)
_MINORITY_LAST = ("艾合买提江", "阿不都拉江", "阿卜杜热西提", "依明尼亚孜", "托合提巴克", "玉素甫江")
_FOREIGN_FIRST = ("JAMES", "MARY", "ROBERT", "LINDA", "HIROSHI", "YUKI", "MINJUN", "PIERRE", "ANNA", "OLIVER")
_FOREIGN_LAST = ("WALKER", "HUGHES", "TANAKA", "SATO", "KIM", "MARTIN", "WEBER", "EVANS", "COOPER", "NOVAK")
# Surnames that are read otherwise than the same sign elsewhere (GB/T 28039 and the Ministry of Public Security's lists).
_SURNAME_READINGS = {
    "单": "SHAN", "解": "XIE", "查": "ZHA", "仇": "QIU", "区": "OU", "曾": "ZENG", "朴": "PIAO", "翟": "ZHAI", "盖": "GE",
    "缪": "MIAO", "覃": "QIN", "乐": "YUE", "吕": "LYU", "任": "REN", "叶": "YE", "沈": "SHEN",
}  # fmt: skip


# Surnames read in two ways, and how people who do not know write them.
POLYPHONES = {
    "单": "DAN", "解": "JIE", "查": "CHA", "仇": "CHOU", "区": "QU", "曾": "CENG", "朴": "PU", "翟": "DI", "盖": "GAI", "缪": "MIU",
    "覃": "TAN", "乐": "LE", "吕": "LV",
}  # fmt: skip
# Simplifications of 1977 that were withdrawn, but stayed in names.
_WITHDRAWN = {"肖": "萧", "阎": "闫", "傅": "付", "戴": "代", "蓝": "兰"}
_HONG_KONG = {
    "陈": "CHAN", "王": "WONG", "黄": "WONG", "李": "LEE", "张": "CHEUNG", "刘": "LAU", "杨": "YEUNG", "赵": "CHIU", "吴": "NG", "周": "CHOW",
    "徐": "HSU", "曾": "TSENG", "林": "LAM", "郑": "CHENG", "梁": "LEUNG", "谢": "TSE", "许": "HUI", "何": "HO", "郭": "KWOK", "朱": "CHU",
}  # fmt: skip
_WADE = (("zh", "ch"), ("x", "hs"), ("q", "ch"), ("j", "ch"), ("b", "p"), ("d", "t"), ("g", "k"))


def drawn(
    rng: np.random.Generator, sexes: Strings, heads: NDArray[np.int64], is_spouse: NDArray[np.bool_]
) -> Strings:
    """One name per person. Children and parents bear the head's surname, spouses their own."""
    n = len(sexes)
    own = rng.choice(list(SURNAMES), n, p=_falling(len(SURNAMES)))
    surname = np.where(is_spouse, own, own[heads])
    given = np.where(sexes == "1", rng.choice(list(GIVEN_MALE), n), rng.choice(list(GIVEN_FEMALE), n))
    given = np.where(rng.random(n) < RARE_SHARE, rng.choice(list(RARE), n), given)
    second = np.where(rng.random(n) < 0.7, rng.choice(list(GIVEN_MALE[:15] + GIVEN_FEMALE[:15]), n), "")
    return np.char.add(np.char.add(surname, second), given)


def minority(rng: np.random.Generator, n: int) -> Strings:
    """Names with a middle dot."""
    return np.char.add(np.char.add(rng.choice(_MINORITY_FIRST, n), "·"), rng.choice(_MINORITY_LAST, n))


def foreign(rng: np.random.Generator, n: int) -> Strings:
    """Latin names, given name first."""
    return np.char.add(np.char.add(rng.choice(_FOREIGN_FIRST, n), " "), rng.choice(_FOREIGN_LAST, n))


@lru_cache(maxsize=200_000)
def latin(name: str) -> str:
    """As a card or a passport spells it: surname, space, given name in capitals. Latin names stay."""
    if name.isascii():
        return name
    if "·" in name:
        return " ".join(latin_word(part) for part in name.split("·"))
    surname = _SURNAME_READINGS.get(name[0]) or latin_word(name[0])
    return f"{surname} {latin_word(name[1:])}".strip()


def latin_word(text: str) -> str:
    """Pinyin of some signs without tones, joined; ü is YU as on passports."""
    return (
        "".join(found[0] for found in pinyin(text, style=Style.NORMAL, errors="ignore", v_to_u=False))
        .upper()
        .replace("V", "YU")
    )


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("s2t")


@lru_cache(maxsize=200_000)
def traditional(name: str) -> str:
    """Traditional script."""
    return str(_converter().convert(name))


def _falling(n: int) -> NDArray[np.float64]:
    """Frequencies that fall with the rank, as surnames do."""
    weights = 1.0 / (np.arange(n) + 2)
    share: NDArray[np.float64] = weights / weights.sum()
    return share


def has_old_spelling(name: str) -> bool:
    """Whether another script or an old form writes the name otherwise."""
    return name[0] in _WITHDRAWN or (
        not name.isascii() and traditional(name) != name and not any(s in RARE for s in name)
    )


def old_spelling(name: str) -> str:
    """The surname's other form, else the whole name in traditional script."""
    return _WITHDRAWN[name[0]] + name[1:] if name[0] in _WITHDRAWN else traditional(name)


def misread(name: str) -> str:
    """Pinyin by somebody who does not know how the surname is read."""
    return f"{POLYPHONES[name[0]]} {latin_word(name[1:])}".strip()


def southern(name: str) -> str:
    """Surname as in Hong Kong or Taiwan passports, given name in an older romanisation."""
    surname = _HONG_KONG.get(name[0]) or _older(latin_word(name[0]))
    return f"{surname} {'-'.join(_older(latin_word(sign)) for sign in name[1:])}".strip("- ")


def _older(syllable: str) -> str:
    for new, old in _WADE:
        if syllable.startswith(new.upper()):
            return old.upper() + syllable[len(new) :]
    return syllable
