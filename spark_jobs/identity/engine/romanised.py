"""Chinese syllables as passports spell them: pinyin, Wade–Giles (Taiwan) and Cantonese (Hong Kong), under keys on which they meet.

The key of a syllable is its Wade–Giles spelling without apostrophes and dots, as Taiwan prints it: pinyin has one such spelling for each
syllable, and what Wade–Giles then no longer tells apart (zhang and chang) it could not tell apart on the passport either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import islice, product

from pypinyin import Style
from pypinyin.constants import PINYIN_DICT
from pypinyin.style import convert

_INITIALS = (("zh", "ch"), ("ch", "ch"), ("sh", "sh"), ("b", "p"), ("d", "t"), ("g", "k"), ("j", "ch"), ("q", "ch"), ("x", "hs"), ("z", "ts"), ("c", "ts"), ("r", "j"))  # fmt: skip
_FINALS = {
    "ian": "ien",
    "ie": "ieh",
    "ue": "ueh",
    "ve": "ueh",
    "v": "u",
    "ong": "ung",
    "iong": "iung",
    "uo": "o",
    "e": "o",
}
# Syllables that follow no rule of the above, and spellings that are usual beside the rule.
_WHOLE = {
    "zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "zi": "tzu", "ci": "tzu", "si": "ssu", "er": "erh", "gui": "kuei", "kui": "kuei",
    "guo": "kuo", "kuo": "kuo", "huo": "huo", "shuo": "shuo", "ye": "yeh", "yan": "yen", "yong": "yung", "you": "yu", "yue": "yueh",
    "ze": "tse", "ce": "tse", "se": "se", "zhe": "che", "che": "che", "she": "she", "re": "je", "le": "le", "te": "te", "de": "te", "ne": "ne", "me": "me",
    "lyu": "lu", "nyu": "nu",
}  # fmt: skip
_USUAL = {"szu": "ssu", "szi": "ssu", "tze": "tzu", "yuh": "yu", "shyu": "hsu", "chiung": "chiung", "jyh": "chih", "wey": "wei"}  # fmt: skip
_LONGEST = 6
# Cantonese syllables of names → pinyin of the signs that bear them, most usual first.
_CANTONESE = """
a ya|ai ai|au ou|bo bo bao|chai qi zhai|chak ze|cham zhan|chan chen zhen can zan|chau zhou chao|che xie|cheong zhang|cheuk zhuo|cheung zhang xiang chang jiang
chi zhi chi ci zi|chik zhi|chim zhan|chin qian zhan|ching jing cheng zheng qing zhen|chit zhe|chiu zhao chao qiu|cho zuo cao|choi cai|choy cai|chong zhuang|chow zhou
chu zhu chu|chuen quan chuan|chui xu zhui|chuk zhu|chun jun zhen chun jin zhun|chung zhong song cong zong chong|fai hui fei|fan fan fen|fat fa
fei fei|fo huo|fok huo|fong fang huang|fook fu|fu fu|fuk fu|fung feng|ha xia|hang heng xing|hau hou xiao|hei xi|heung xiang|him qian|hin xian xuan
hing xing qing xin|hiu xiao|ho hao he ke|hoi hai kai|hok xue he|hon han|hong kang hang|huen xuan|hui xu|hung hong xiong kong|ieong yang|ip ye|ka jia|kai jia jie qi ji
kam jin|kan qin gen|kap jia|kar jia|kau qiu jiu|kei qi ji|ken jian|keung qiang|ki qi ji|kin jian|king jing qiong|kit jie|kiu qiao|ko gao|kok jue guo
kong gang jiang guang kang|koon guan|ku gu|kuen juan quan|kui ju|kung gong|kwai gui|kwan jun guan kun|kwok guo|kwong guang|lai li|lak le|lam lin lan
lan lan|lap li|lau liu|law luo|lee li|lei li|leong liang|leung liang|li li|lik li|lim lian|lin lian|ling ling|liu liao|lo luo lu lao|loi lai|lok le luo|luen luan lian|lui lei lv|luk lu
lun lun lin|lung long|mak mai|man wen min man wan|mau mao|mei mei|mi mi|ming ming|miu miao|mo wu mao|mok mo|mong meng|mui mei|muk mu|nam nan|nga ya
ngai yi wei|ngan yan en|ngar ya|ngo e|ngok yue|nin nian|ning ning|oi ai|on an|pak bai bo|pang peng|pat bi|pei bei pei|pik bi|ping ping bing
po bao bo pu|pok bo|pong bang|poon pan|pui pei bei|pun bin pan|sai shi xi|sam sen|san xin shan shen|sang sheng|sau xiu shou|see shi si|seung shang xiang
sha sha|shan shan|shek shi|sheung shang shuang|shing cheng sheng|shiu shao|shu shu xu|shuen xuan|shui rui shui shuai|shuk shu|shum cen shen|shun shun xin|sik xi
sim shan|sin xian shan qian|sing xing sheng cheng|sit xue|siu xiao shao|so su|suen sun xuan|suet xue|sui rui|sum xin shen sen|sun xin chen shun|sung song|sze si shi
tai da tai di|tak de|tam tan|tan dan|tang deng|tat da|tik di|tim tian|tin tian|ting ting ding|to tao du|toi tai|tong tang|tsang zeng|tse xie|tso cao|tsoi cai
tsui xu cui|tsun jin jun|tsz zi ci zhi|tuen duan|tung dong tong|wa hua|wah hua|wai wei hui|wan yun wen yin wan|wang hong|wing yong ying rong|wo he
wong huang wang|woon huan|wu hu wu|wun huan yuan|yam ren xin yin|yan xin ren en yin|yat yi|yau you qiu|yee yi|yeuk ruo|yeung yang|yi yi er|yick yi|yik yi
yim yan|yin yan xian ran|ying ying xing|yip ye|yiu yao|yu yu ru|yuen yuan wan|yuet yue|yui rui|yuk yu xu|yun run yun|yung yong rong weng
"""
_SEVERAL = 12


@cache
def syllables() -> frozenset[str]:
    """All syllables of pinyin without tones; ü is v."""
    told = {reading for readings in PINYIN_DICT.values() for reading in readings.split(",")}
    plain = {convert(reading, Style.NORMAL, strict=False, default="") for reading in told}
    return frozenset(s for s in plain if len(s) > 1 and s.isascii() and set(s) & set("aeiouv")) | {
        "lyu",
        "nyu",
        "lu",
        "nu",
    }


@lru_cache(maxsize=4096)
def key_of(syllable: str) -> str:
    """The key of a syllable of pinyin."""
    if syllable in _WHOLE:
        return _WHOLE[syllable]
    start, spelt = next(((old, new) for old, new in _INITIALS if syllable.startswith(old)), ("", ""))
    if not start and syllable[0] not in "aeo":
        start = spelt = syllable[0]
    final = syllable[len(start) :]
    return spelt + (_FINALS.get(final, final) if start not in ("w", "y") else final)


@cache
def _wade_giles() -> dict[str, tuple[str, ...]]:
    """Keys of what may be Wade–Giles: the spelling itself, and half of it, an old initial before a final of pinyin (chie)."""
    found: dict[str, list[str]] = {spelling: [key] for spelling, key in _USUAL.items()}
    for syllable in sorted(syllables()):
        key = key_of(syllable)
        old = next(
            (new + syllable[len(start) :] for start, new in _INITIALS if syllable.startswith(start)), key
        )
        found.setdefault(key, []).insert(0, key)
        found.setdefault(old, []).append(key)
    return {spelling: tuple(dict.fromkeys(keys)) for spelling, keys in found.items()}


@cache
def _pinyin() -> dict[str, tuple[str, ...]]:
    return {syllable: (key_of(syllable),) for syllable in syllables()}


@cache
def _cantonese() -> dict[str, tuple[str, ...]]:
    lines = (entry.split() for entry in _CANTONESE.replace("\n", "|").split("|") if entry)
    return {name: tuple(dict.fromkeys(map(key_of, readings))) for name, *readings in lines}


def is_syllable(word: str) -> bool:
    """Whether a word is a single syllable in any of the spellings."""
    return word in _pinyin() or word in _wade_giles() or word in _cantonese()


@lru_cache(maxsize=65536)
def parsed(word: str) -> tuple[str, ...]:
    """Keys of a word in each spelling in which all of it can be read: pinyin, then Wade–Giles. Empty where it is neither."""
    if word == "i":
        return ("yi",)
    return tuple(dict.fromkeys((*_read(word, _pinyin()), *_read(word, _wade_giles()))))


def _read(word: str, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Keys of a word that is made of known syllables, of as few as can be; none where it is not."""
    best: list[list[str] | None] = [[], *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST), end):
            before, syllable = best[start], word[start:end]
            if before is not None and syllable in known:
                now = best[end]
                if now is None or len(before) + 1 < len(now):
                    best[end] = [*before, syllable]
    parts = best[-1]
    return ["".join(keys) for keys in islice(product(*(known[p] for p in parts)), 2)] if parts else []


def keys(words: tuple[str, ...], surnames: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(surname, given) keys under which a Latin name of two and more words, surname first, may meet a Chinese one.

    surnames  pinyin of what the first word may stand for as a surname in the spelling of Hong Kong or Taiwan
    """
    first, *rest = words
    of_surname = dict.fromkeys((*(k for s in surnames for k in parsed(s)[:1]), *parsed(first)))
    for spelling in (0, 1):
        read = [parsed(word) for word in rest]
        if all(read):
            given = "".join(r[min(spelling, len(r) - 1)] for r in read)
            yield from ((surname, given) for surname in of_surname)
    cantonese = _cantonese()
    if all(word in cantonese for word in rest):
        firsts = tuple(dict.fromkeys((*of_surname, *cantonese.get(first, ()))))
        choices = product(*(range(len(c)) for c in (firsts, *(cantonese[w] for w in rest))))
        # The usual readings first: the less usual one is, the later it comes.
        for at in sorted(choices, key=lambda ranks: (sum(ranks), ranks))[:_SEVERAL]:
            yield firsts[at[0]], "".join(cantonese[w][i] for w, i in zip(rest, at[1:], strict=True))
