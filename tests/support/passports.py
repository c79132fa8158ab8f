"""How passports of Hong Kong and Taiwan spell names of signs that the demo bank uses. Lists of their own, none of the code that is measured."""

from __future__ import annotations

from demo_bank.names import latin, latin_word

# Cantonese spellings as passports of Hong Kong print them; where several are usual, the most usual.
HONG_KONG_SURNAMES = {
    "王": "WONG", "李": "LEE", "张": "CHEUNG", "刘": "LAU", "陈": "CHAN", "杨": "YEUNG", "黄": "WONG", "赵": "CHIU", "吴": "NG", "周": "CHOW",
    "徐": "TSUI", "孙": "SUEN", "马": "MA", "朱": "CHU", "胡": "WU", "郭": "KWOK", "何": "HO", "高": "KO", "林": "LAM", "罗": "LO",
    "郑": "CHENG", "梁": "LEUNG", "谢": "TSE", "宋": "SUNG", "唐": "TONG", "许": "HUI", "韩": "HON", "冯": "FUNG", "邓": "TANG", "曹": "TSO",
    "彭": "PANG", "曾": "TSANG", "田": "TIN", "潘": "POON", "蒋": "CHEUNG", "蔡": "CHOI", "余": "YU", "叶": "YIP", "程": "CHING", "苏": "SO",
}  # fmt: skip
HONG_KONG_SIGNS = {
    "伟": "WAI", "强": "KEUNG", "军": "KWAN", "勇": "YUNG", "杰": "KIT", "涛": "TO", "明": "MING", "超": "CHIU", "刚": "KONG", "平": "PING",
    "辉": "FAI", "鹏": "PANG", "华": "WAH", "飞": "FEI", "波": "BO", "宇": "YU", "浩": "HO", "凯": "HOI", "健": "KIN", "俊": "CHUN", "宁": "NING",
    "龙": "LUNG", "林": "LAM", "阳": "YEUNG", "芳": "FONG", "敏": "MAN", "静": "CHING", "丽": "LAI", "娟": "KUEN", "霞": "HA", "秀": "SAU",
    "燕": "YIN", "玲": "LING", "婷": "TING", "雪": "SUET", "慧": "WAI", "莹": "YING", "洁": "KIT", "红": "HUNG", "云": "WAN", "梅": "MUI",
    "颖": "WING", "怡": "YI", "萍": "PING", "蓉": "YUNG", "晶": "CHING", "欣": "YAN", "悦": "YUET", "国": "KWOK", "家": "KA", "文": "MAN",
    "志": "CHI", "美": "MEI", "玉": "YUK", "小": "SIU", "大": "TAI", "子": "TSZ", "永": "WING", "嘉": "KA", "德": "TAK",
}  # fmt: skip
# Wade–Giles as passports of Taiwan print it: without apostrophes and ü.
_INITIALS = (("zh", "ch"), ("ch", "ch"), ("sh", "sh"), ("b", "p"), ("p", "p"), ("d", "t"), ("t", "t"), ("g", "k"), ("k", "k"),
             ("j", "ch"), ("q", "ch"), ("x", "hs"), ("z", "ts"), ("c", "ts"), ("r", "j"))  # fmt: skip
_FINALS = {"ian": "ien", "ong": "ung", "ie": "ieh", "ue": "ueh", "ui": "ui", "iong": "iung"}
_WHOLE = {"zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "zi": "tzu", "ci": "tzu", "si": "ssu", "ye": "yeh", "yan": "yen",
          "yong": "yung", "you": "yu", "yue": "yueh", "yi": "yi", "er": "erh", "he": "ho", "ge": "ko", "ke": "ko", "duo": "to", "luo": "lo",
          "guo": "kuo", "gui": "kuei", "kui": "kuei", "ruo": "jo", "zhuo": "cho", "se": "se", "zhe": "che", "che": "che"}  # fmt: skip


def wade_giles(syllable: str) -> str:
    """A syllable of pinyin in small letters as Wade–Giles without apostrophes."""
    if syllable in _WHOLE:
        return _WHOLE[syllable]
    alone = syllable[:1] if syllable[0] in "fhlmnswy" else ""
    initial, spelt = next(((old, new) for old, new in _INITIALS if syllable.startswith(old)), (alone, alone))
    final = syllable[len(initial) :]
    return spelt + _FINALS.get(final, final)


def hong_kong(name: str) -> str | None:
    """A name as a passport of Hong Kong prints it (CHAN Tai Man); None where a sign has no spelling here."""
    signs = [HONG_KONG_SURNAMES.get(name[0]), *(HONG_KONG_SIGNS.get(sign) for sign in name[1:])]
    if None in signs:
        return None
    surname, *given = (str(sign) for sign in signs)
    return f"{surname} {' '.join(sign.title() for sign in given)}"


def taiwan(name: str) -> str:
    """A name as a passport of Taiwan prints it: surname, then the given name with hyphens (CHEN, TA-WEN)."""
    given = "-".join(wade_giles(latin_word(sign).lower()) for sign in name[1:])
    return f"{wade_giles(latin(name[0]).lower())}, {given}".upper()
