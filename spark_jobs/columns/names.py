"""Names: keys under which the spellings of one name meet. The stored name is never changed.

Defects D18–D20, D31–D36: traditional and simplified script, surnames of the second simplification, middle dots, polyphonic
surnames, Hong Kong and Taiwan romanisation, cut and masked names.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from itertools import islice, product
from typing import NamedTuple

from opencc import OpenCC
from pypinyin import Style, pinyin
from pyspark.sql import Column

from spark_jobs.columns.batches import structured
from spark_jobs.columns.text import DOTS, folded_accents, folded_width

MAX_KEYS = 16
# Branch systems of the eighties keep twenty bytes of a name, ten hanzi; few names are longer, and all of those are of minorities.
CUT_BYTES = 20
# How these characters are read as a surname (D32). Elsewhere in a name they are read the usual way.
SURNAME_READINGS: dict[str, tuple[str, ...]] = {
    "单": ("SHAN",), "解": ("XIE",), "查": ("ZHA",), "仇": ("QIU",), "区": ("OU",), "曾": ("ZENG",),
    "朴": ("PIAO", "PU"), "翟": ("ZHAI", "DI"), "盖": ("GE", "GAI"), "缪": ("MIAO", "MOU"), "覃": ("QIN", "TAN"),
    "乐": ("YUE", "LE"), "员": ("YUN", "YUAN"), "任": ("REN",), "华": ("HUA",), "宁": ("NING",), "洗": ("XIAN",),
    "冼": ("XIAN",), "召": ("SHAO",), "种": ("CHONG",), "秘": ("BI",), "繁": ("PO",), "黑": ("HE",), "万俟": ("MOQI",),
    "尉迟": ("YUCHI",), "长孙": ("ZHANGSUN",), "尉": ("WEI",), "隗": ("KUI", "WEI"), "宓": ("MI", "FU"),
    "纪": ("JI",), "晟": ("CHENG", "SHENG"), "折": ("SHE",), "逄": ("PANG",), "那": ("NA",), "车": ("CHE",),
    "吕": ("LV", "LU", "LYU"), "卜": ("BU",), "阚": ("KAN",), "薄": ("BO",), "都": ("DU",), "牟": ("MOU", "MU"), "费": ("FEI", "BI"),
    "谌": ("CHEN", "SHEN"), "莘": ("SHEN", "XIN"), "郗": ("XI", "CHI"), "郇": ("XUN", "HUAN"), "柏": ("BAI", "BO"), "祭": ("ZHAI",), "句": ("GOU",),
    "能": ("NAI",), "眭": ("SUI",), "佴": ("NAI",), "逢": ("PANG", "FENG"), "占": ("ZHAN",), "乜": ("NIE",), "厍": ("SHE",), "撒": ("SA",),
    "单于": ("CHANYU",), "澹台": ("TANTAI",), "闾丘": ("LVQIU", "LUQIU", "LYUQIU"),
}  # fmt: skip
COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "夏侯",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "宇文",
        "长孙",
        "司徒",
        "司空",
        "端木",
        "百里",
        "呼延",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "钟离",
        "轩辕",
        "拓跋",
        "申屠",
        "太史",
        "澹台",
        "濮阳",
        "淳于",
        "单于",
        "第五",
        "西门",
        "东郭",
        "左丘",
        "梁丘",
        "公冶",
        "公羊",
        "赫连",
        "仲孙",
        "亓官",
        "鲜于",
        "闾丘",
        "宗政",
    ]
)
# Surnames of the withdrawn second simplification (1977): the same family under two characters (D34).
_SURNAME_TWINS = {"肖": "萧", "闫": "阎", "付": "傅", "代": "戴", "兰": "蓝", "邱": "丘"}
# Hong Kong (Cantonese), Taiwan (Wade–Giles) and overseas spellings of surnames → pinyin readings (D33).
ROMANISED_SURNAMES: dict[str, tuple[str, ...]] = {
    "CHAN": ("CHEN",), "WONG": ("WANG", "HUANG"), "CHEUNG": ("ZHANG",), "CHEONG": ("ZHANG",), "LEE": ("LI",),
    "LAU": ("LIU",), "LEUNG": ("LIANG",), "NG": ("WU",), "HO": ("HE",), "LAM": ("LIN",), "TSANG": ("ZENG",),
    "TSENG": ("ZENG",), "HSU": ("XU",), "HSUEH": ("XUE",), "HSIEH": ("XIE",), "HSIAO": ("XIAO",), "CHANG": ("ZHANG", "CHANG"),
    "CHENG": ("ZHENG", "CHENG"), "CHOW": ("ZHOU",), "CHOU": ("ZHOU",), "CHIU": ("ZHAO", "QIU"), "CHAO": ("ZHAO",),
    "CHIANG": ("JIANG",), "CHU": ("ZHU", "CHU"), "CHUNG": ("ZHONG",), "TSAI": ("CAI",), "CHOI": ("CAI",), "TSUI": ("XU", "CUI"),
    "YEUNG": ("YANG",), "YIP": ("YE",), "YEH": ("YE",), "YUEN": ("YUAN", "RUAN"), "KWOK": ("GUO",), "KUO": ("GUO",),
    "KWAN": ("GUAN",), "MAK": ("MAI",), "POON": ("PAN",), "PUN": ("PAN",), "FUNG": ("FENG",), "FOK": ("HUO",),
    "SO": ("SU",), "SZETO": ("SITU",), "TANG": ("DENG", "TANG"), "TENG": ("DENG",), "TAM": ("TAN",), "TO": ("DU",),
    "TU": ("DU", "TU"), "WU": ("WU", "HU"), "HUI": ("XU",), "HUNG": ("HONG",), "KAO": ("GAO",), "KO": ("GAO", "KE"), "KU": ("GU",),
    "LO": ("LUO",), "LUI": ("LV", "LEI"), "LU": ("LU", "LV"), "MOK": ("MO",), "PANG": ("PENG", "PANG"), "SHEK": ("SHI",),
    "SHIH": ("SHI",), "SIU": ("XIAO",), "SUNG": ("SONG",), "SZE": ("SHI",), "TING": ("DING",), "TSE": ("XIE",), "TSO": ("CAO",),
    "WAN": ("WEN", "WAN", "YIN"), "YAU": ("QIU",), "YIU": ("YAO",), "YU": ("YU",), "LIANG": ("LIANG",), "PENG": ("PENG",),
    "PAI": ("BAI",), "PAK": ("BAI",), "PO": ("BO", "PU"), "TIEN": ("TIAN",), "CHIEN": ("QIAN", "JIAN"), "CHIN": ("QIN", "JIN", "QIAN"),
    "KAM": ("JIN",), "KANG": ("KANG", "JIANG"), "KONG": ("JIANG", "KONG"), "HAU": ("HOU",), "AU": ("OU",), "AUYEUNG": ("OUYANG",),
}  # fmt: skip
# Syllables of given names in the same spellings; what is not listed stays as written.
ROMANISED_SYLLABLES: dict[str, tuple[str, ...]] = {
    "WAI": ("WEI", "HUI"), "MING": ("MING",), "SIU": ("XIAO", "SHAO"), "HSIAO": ("XIAO",), "KWOK": ("GUO",), "KUO": ("GUO",),
    "CHI": ("ZHI", "CHI", "QI"), "CHIH": ("ZHI",), "MEI": ("MEI",), "YING": ("YING",), "YUEN": ("YUAN",), "YUK": ("YU",),
    "FONG": ("FANG",), "LAI": ("LI",), "LING": ("LING",), "HO": ("HAO", "HE"), "HAO": ("HAO",), "KIN": ("JIAN",),
    "CHIEN": ("JIAN",), "KEUNG": ("QIANG",), "CHIANG": ("QIANG", "JIANG"), "TSZ": ("ZI",), "TZU": ("ZI",), "SHUK": ("SHU",),
    "SAU": ("XIU",), "HSIU": ("XIU",), "CHUN": ("JUN", "ZHEN", "CHUN"), "TAK": ("DE",), "WING": ("YONG", "RONG"),
    "YUNG": ("YONG", "RONG"), "HUNG": ("HONG", "XIONG"), "KA": ("JIA",), "CHIA": ("JIA",), "MAN": ("WEN", "MIN", "MAN"),
    "YAN": ("REN", "XIN", "YIN", "YAN"), "TAI": ("DA", "TAI"), "PING": ("PING",), "PO": ("BAO", "BO"), "PAO": ("BAO",),
    "JUNG": ("RONG",), "JEN": ("REN",), "HSIN": ("XIN",), "SUM": ("XIN", "SEN"), "HSIANG": ("XIANG",), "HEUNG": ("XIANG",),
    "TIN": ("TIAN",), "SHING": ("CHENG", "SHENG", "XING"), "HING": ("XING", "QING"), "LUNG": ("LONG",), "KIT": ("JIE",), "CHIEH": ("JIE",),
    "FAI": ("HUI",), "KEI": ("QI", "JI"), "YEE": ("YI",), "YI": ("YI",), "LOK": ("LE",), "CHING": ("JING", "QING", "ZHENG"),
}  # fmt: skip
_HANZI = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_PRIVATE_USE = r"\ue000-\uf8ff"
_TITLES = re.compile(r"(先生|女士|小姐|太太)$")
_SPACES_AND_DOTS = re.compile(rf"[\s{re.escape(DOTS)}]")
_FULL_STOPS = re.compile(rf"(?<=[{_HANZI}])\.(?=[{_HANZI}])")
_ANY_HANZI, _NO_HANZI = re.compile(f"[{_HANZI}]"), re.compile(f"[^{_HANZI}]")


class Name(NamedTuple):
    """What a name offers for comparison.

    folded        simplified, dots and spaces gone, upper case, surname twins folded; null when nothing comparable is left
    script_code   hans (no traditional-only character), hant, latn, mixed, or null
    quality_code  full, masked (李*明), damaged (`?`, U+FFFD, private use), truncated (Chinese, and as long as old systems keep), latin, or empty
    pinyin_keys   possible readings, surname first, without spaces; sorted, at most MAX_KEYS
    """

    folded: str | None = None
    script_code: str | None = None
    quality_code: str = "empty"
    pinyin_keys: list[str] = []  # noqa: RUF012  # never changed: a named tuple's default


NAME_DDL = "folded:string,script_code:string,quality_code:string,pinyin_keys:array<string>"


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@cache
def _changed() -> frozenset[str]:
    """Characters of which every text has one that OpenCC changes. Most names have none, and its parse takes longer than all else about them."""
    dictionaries = resources.files("opencc") / "dictionary"
    found: set[str] = set()
    for name in ("TSCharacters.txt", "TSPhrases.txt"):
        for line in (dictionaries / name).read_text(encoding="utf-8").splitlines():
            key, _, values = line.partition("\t")
            if values and values.split(" ")[0] != key and found.isdisjoint(key):
                found.add(key[0])
    return frozenset(found)


def simplified(text: str) -> str:
    """Traditional characters as simplified ones, one by one where a character has several (鍾 and 鐘 → 钟)."""
    return text if _changed().isdisjoint(text) else _simplified(text)


@lru_cache(maxsize=65536)
def _simplified(text: str) -> str:
    converted: str = _simplifier().convert(text)
    return converted


def fold_name(text: str) -> str:
    """Key under which spellings of one name meet; empty when nothing is left.

    Dots, spaces and accents of Latin letters go, so that 阿卜杜拉·买买提 with any dot, or none, is one key, and so are José and JOSE.
    Surname twins (肖/萧) become one.
    """
    plain = _SPACES_AND_DOTS.sub("", folded_accents(folded_width(text)))
    plain = _FULL_STOPS.sub("", plain)
    plain = _TITLES.sub("", simplified(plain)).upper()
    return _SURNAME_TWINS.get(plain[:1], plain[:1]) + plain[1:]


def surname_length(simplified_name: str) -> int:
    """2 for a compound surname with a given name behind it, else 1."""
    return 2 if len(simplified_name) > 2 and simplified_name[:2] in COMPOUND_SURNAMES else 1


@lru_cache(maxsize=65536)
def _readings(char: str) -> tuple[str, ...]:
    found = pinyin(char, style=Style.NORMAL, heteronym=True)[0]
    return tuple(r.upper() for r in found)


def _surname_readings(surname: str) -> tuple[str, ...]:
    if surname in SURNAME_READINGS:
        return SURNAME_READINGS[surname]
    if len(surname) == 2:
        return ("".join(_readings(c)[0] for c in surname),)
    return _readings(surname)[:1]


@lru_cache(maxsize=4096)
def _spellings(syllable: str) -> tuple[str, ...]:
    """Ü is written V, U or YU on documents (吕: LV, LU, LYU; 女: NV, NU, NYU)."""
    if re.fullmatch(r"[LN]V(E)?", syllable):
        rest = syllable[2:]
        return (f"{syllable[0]}V{rest}", f"{syllable[0]}U{rest}", f"{syllable[0]}YU{rest}")
    return (syllable,)


def pinyin_keys(text: str) -> list[str]:
    """Possible readings of a name, surname first, no spaces, sorted. Empty for masked or unreadable names.

    Chinese names: surname by its surname reading, given name by its usual readings (the first two of a polyphone).
    Latin names: as written and, for two or more words, with the last word taken for the surname; Hong Kong and Taiwan
    spellings are mapped to pinyin.
    """
    plain = folded_width(text).strip()
    if not plain or "*" in plain:
        return []
    if _ANY_HANZI.search(plain):
        keys = _keys_of_hanzi(_NO_HANZI.sub("", simplified(plain)))
    else:
        keys = _keys_of_latin(plain)
    return sorted(set(islice(keys, MAX_KEYS)))


def _keys_of_hanzi(name: str) -> list[str]:
    cut = surname_length(name)
    first = [s for r in _surname_readings(name[:cut]) for s in _spellings(r)]
    rest = [[s for r in _readings(c)[:2] for s in _spellings(r)] for c in name[cut:]]
    return ["".join(parts) for parts in islice(product(first, *rest), MAX_KEYS)]


def _keys_of_latin(name: str) -> list[str]:
    upper = name.upper().replace("Ü", "V").replace("'", "")
    plain = "".join(c for c in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(c))
    words = re.findall(r"[A-Z]+", plain)
    if not words:
        return []
    keys = []
    orders = [words] if len(words) == 1 else [words, [words[-1], *words[:-1]]]
    for surname, *given in orders:
        # Pinyin readings come first: they are the ones that meet a Chinese name; what is written is kept beside them.
        firsts = dict.fromkeys((*ROMANISED_SURNAMES.get(surname, ()), surname))
        rests = [dict.fromkeys((*ROMANISED_SYLLABLES.get(w, ()), w)) for w in given]
        keys.append("".join([surname, *given]))
        keys += ["".join(parts) for parts in islice(product(firsts, *rests), MAX_KEYS // 2)]
    return list(dict.fromkeys(keys))


def parse_name(text: str | None) -> Name:
    """One name as delivered. Null and blank give an empty Name; nothing raises."""
    if text is None or not text.strip(" \u3000"):
        return Name()
    folded = fold_name(text)
    return Name(folded or None, _script(text), _quality(text, folded), pinyin_keys(text))


def _script(text: str) -> str | None:
    hanzi = re.findall(rf"[{_HANZI}]", text)
    latin = re.search(r"[A-Za-z]", folded_width(text)) is not None
    if hanzi and latin:
        return "mixed"
    if hanzi:
        joined = "".join(hanzi)
        return "hans" if simplified(joined) == joined else "hant"
    return "latn" if latin else None


def _quality(text: str, folded: str) -> str:
    plain = folded_width(text)
    if "*" in plain:
        return "masked"
    if re.search(rf"[?\ufffd{_PRIVATE_USE}]", plain) or "锟斤拷" in plain or not folded:
        return "damaged"
    if not _ANY_HANZI.search(plain):
        return "latin"
    return "truncated" if _fills_old_field(text) else "full"


def _fills_old_field(text: str) -> bool:
    """Whether a name takes all bytes that old systems have for it, but for the half of a last character: more of it may be lost (D36)."""
    return CUT_BYTES - 1 <= len(text.strip(" \u3000").encode("gb18030", "replace")) <= CUT_BYTES


def parsed_name(text: Column) -> Column:
    """Struct of `Name` for a column of names as delivered."""
    return structured(parse_name, NAME_DDL, text)
