"""What a column is about: a person's number, name, phone, money, a code. Told by check digits and shapes first, by the column's name second.

A column's name alone never gives more than 0.6: suppliers call many things `name`. What a check digit tells (resident ids, Taiwan ids, IBANs,
card numbers) is believed without a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from spark_jobs.columns.certificates import (
    CHECKS,
    Kind,
    is_taiwan_id,
    iso7064_mod11_10,
    luhn,
    parse_certificate,
)
from spark_jobs.columns.names import COMPOUND_SURNAMES, simplified
from spark_jobs.columns.phones import parse_phone
from spark_jobs.onboarding.types import Typed

# Of a column with many values so many are looked at, the most frequent first: enough for a share.
MOST_WORDS = 2000
SURE, LIKELY, BY_NAME = 0.9, 0.7, 0.6
# The hundred most frequent family names of mainland China (Ministry of Public Security, 2020), simplified.
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万钱严赖覃洪武莫孔"
)
# Words in the names of columns: Chinese in both scripts, English, German. The first that fits is the meaning.
_WORDS: tuple[tuple[str, str], ...] = (
    # Somebody who acts for the customer, who is another person (or a company).
    (
        "agent",
        r"^法人$|法人(代表|姓名)|法定代表|联系人|聯絡人|经办人|經辦人|代理人|负责人|負責人|担保人|配偶|紧急|contact_?(name|person)|legal_?(rep|person)|guarantor|spouse|agent_?name",
    ),
    (
        "secret",
        r"(^|_)(pass(word|wd)?|pwd|pin(_?block)?|cvv2?|cvn2?|cvc2?|track_?[123]|card_?exp\w*|biometric|fingerprint|face_?(feature|template))($|_)"
        r"|密码|密碼|口令|磁道|卡片?有效期|指纹|指紋|人脸|人臉|虹膜|声纹|聲紋",
    ),
    ("id_kind", r"(cert|id)_?(type|kind)|证件(类|种)|證件(類|種)|ausweisart"),
    (
        "national_id",
        r"cert_?no|(^|_)id_?(no|card|num)|身份证|身分證|证件号|證件號|steuer|tax_?(no|id|num)|(^|_)ssn",
    ),
    ("email", r"e_?mail|邮箱|郵箱|邮件|電子郵件"),
    ("phone", r"mobile|phone|(^|_)tel($|_)|telefon|handy|mobil|(^|_)ani($|_)|手机|手機|电话|電話|联系方式"),
    (
        "address",
        r"(^|_)(zip|plz|post_?code)($|_)|邮编|邮政编码|郵遞區號|addr|地址|住址|straße|strasse|anschrift|wohnort|postal",
    ),
    ("birth", r"birth|(^|_)dob|born|出生|生日|geburt|geboren"),
    ("sex", r"(^|_)(sex|gender)|性别|性別|geschlecht|anrede"),
    (
        "customer",
        r"cust(omer)?_?(no|id|num|nr)|client_?(no|id)|客户(编?号|代码|id)|客戶(編?號|代號)|kunden?_?(nr|nummer)|(^|_)kunde($|_)|cif|ecif_?id|party_?(no|id)|(^|_)wm_no|user_?id|member_?(no|id)",
    ),
    ("balance", r"(^|_)bal(ance)?($|_)|余额|餘額|saldo"),
    ("amount", r"(^|_)(amt|amount)($|_)|金额|金額|betrag"),
    ("currency", r"(^|_)(ccy|currency|curr|crncy|cur)($|_)|币种|幣別|币别|währung|waehrung"),
    ("direction", r"(^|_)(dc|dc_?flag|dr_?cr|side|direction|sh)($|_)|借贷|借貸|soll"),
    (
        "account",
        r"(^|_)(acct|account)(_?(no|id|num|nr))?$|(^|_)(acct|account)_?(no|id|num|nr)($|_)|账号|帐号|帳號|账户号?|konto|iban|card_?no|卡号|卡號",
    ),
    ("opened", r"open(ed|ing)?_?(dt|date|day)|(^|_)opn_?(dt|date)|开户|開戶|eröffnet|eroeffnet|(^|_)seit"),
    ("booked", r"(txn|trans|book(ed|ing)?|post|value)_?(dt|date|day)|交易日|记账日|記帳日|buchung|(^|_)wert"),
    ("changed", r"upd|update|modif|last_?ch|更新|修改"),
    ("nationality", r"nation|国籍|國籍|staatsang"),
    ("transaction_kind", r"(txn|trans)_?(type|kind|code)|交易(类型|類型|码|代码)|buchungsart"),
    ("party_status", r"cust_?(stat|status)|客户状态|客戶狀態"),
    ("agreement_status", r"acct_?(stat|status)|账户状态|帳戶狀態"),
    ("channel", r"(^|_)ch(annel)?($|_)|渠道|通路|kanal"),
    ("gone", r"del(eted?)?_?(flag|ind)?$|(^|_)deleted|删除|刪除|gelöscht"),
    (
        "name",
        r"(^|_)(name|vorname|nachname|surname|firstname|lastname)($|_)|name$|姓名|户名|戶名|客户名|客戶名|(^|_)name|名称|名稱",
    ),
)
_HANZI_NAME = re.compile(r"[\u3400-\u9fff*·]{2,4}|[\u3400-\u9fff]{1,3}[*Ｘ○某]{1,2}")
_LATIN_NAME = re.compile(r"[^\W\d_][^\W\d_.'’\-]*([ ,.'’\-]+[^\W\d_][^\W\d_.'’\-]*){0,4}\.?")
_ADDRESS = re.compile(
    r"(.*[省市区縣县鎮镇乡鄉村路街道巷弄号號樓楼室]){2,}.*|.*(straße|strasse|str\.|weg|platz|gasse|allee)\s*\d+.*|\d+\s+.*(street|st\.?|road|rd\.?|ave(nue)?|lane)\b.*",
    re.IGNORECASE,
)
# Track 1 or 2 of a payment card, ISO/IEC 7813.
_TRACK = re.compile(r"%?B?\d{13,19}\^.*|;?\d{13,19}[=D]\d{4,}\??.?")
_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(\.[\w\-]+)+")


@dataclass(frozen=True)
class Meaning:
    """What a column is thought to be about. `why` is a share or a word of its name, never a value; kind_code: of a certificate."""

    kind: str
    confidence: float
    why: str
    kind_code: str | None = None


def word_of(name: str) -> str | None:
    """The meaning that the words of a column's name give, if any."""
    lowered = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()
    return next((kind for kind, pattern in _WORDS if re.search(pattern, lowered)), None)


def guess_meaning(name: str, words: Counter[str], typed: Typed, kinds: Mapping[str, Kind]) -> Meaning | None:
    """The best meaning of a column, None where nothing points anywhere. kinds: certificates that the bank declares by shape and check."""
    named = word_of(name)
    told = {w: n for w, n in words.most_common(MOST_WORDS) if w not in typed.null}
    if named in ("secret", "agent"):
        return Meaning(named, BY_NAME, "its name says so")
    if told and _share(told, lambda w: bool(_TRACK.fullmatch(w))) >= SURE:
        return Meaning("secret", SURE, "the magnetic stripe of a card")
    if not told:
        return Meaning(named, 0.3, "its name says so, it is empty") if named else None
    if typed.type == "string" or named == "phone":
        found = _checked(told, kinds, named) or _shaped(told, named)
        if found is not None:
            return found
        if named in ("national_id", "phone", "email"):
            return Meaning(named, 0.4, "its name says so, the values do not look like it")
    is_day, is_number = (
        typed.type in ("date", "date8"),
        typed.type == "number" or typed.type.startswith("implied"),
    )
    if named in ("birth", "opened", "booked"):
        if is_day:
            return Meaning(named, SURE, "its name, and all values are days")
        return Meaning(named, 0.4, "its name, but the values are no days")
    if named in ("balance", "amount"):
        return Meaning(
            named,
            SURE if is_number else 0.4,
            "its name, and the values are numbers" if is_number else "its name only",
        )
    if named == "changed":
        return Meaning(named, SURE if typed.type.startswith("timestamp") else BY_NAME, "its name")
    if named:
        return Meaning(named, BY_NAME, "its name says so")
    if is_number and all(re.search(r"[.,]\d{2}[+-]?$", w) for w in told):
        return Meaning("money", LIKELY, "every value has two decimals")
    return None


def _share(words: Mapping[str, int], fits: Callable[[str], bool]) -> float:
    return sum(n for w, n in words.items() if fits(w)) / sum(words.values())


def _checked(words: Mapping[str, int], kinds: Mapping[str, Kind], named: str | None) -> Meaning | None:
    """Numbers with a check digit, and e-mail addresses: no accident when most of them pass."""
    tests: list[tuple[str, str | None, str, Callable[[str], bool]]] = [
        ("national_id", "01", "pass the check of resident ids", _is_resident_id),
        ("national_id", "20", "pass the check of Taiwan ids", is_taiwan_id),
        ("email", None, "are e-mail addresses", _is_email),
        ("account", None, "pass the check of IBANs", is_iban),
    ]
    for code, kind in kinds.items():
        if kind.check:
            told = f"have shape and check of certificates of kind {code}"
            tests.append(("national_id", code, told, partial(_is_of_kind, kind)))
    # One number in ten passes a single check digit by chance: of a few it says nothing.
    if len(words) >= 8:
        tests += [
            ("account", None, "pass the check of payment cards", _is_card),
            ("national_id", None, "pass ISO 7064 MOD 11,10, the check of German tax numbers", _is_tax_number),
        ]
    for meaning, code_, told, fits in tests:
        share = _share(words, fits)
        if share >= LIKELY:
            return Meaning(meaning, round(min(0.99, share), 2), f"{share:.0%} {told}", code_)
    masked = _share(words, _is_masked) if named != "phone" else 0.0
    if masked < LIKELY:
        return None
    return Meaning("masked_id", round(masked * SURE, 2), f"{masked:.0%} are numbers with stars inside")


def _is_resident_id(word: str) -> bool:
    return len(word) in (15, 18) and parse_certificate("01", word).checksum_code == "valid"


def _is_email(word: str) -> bool:
    return bool(_EMAIL.fullmatch(word))


def _is_of_kind(kind: Kind, word: str) -> bool:
    return bool(re.fullmatch(kind.shape, word)) and CHECKS[kind.check](word)


def _is_card(word: str) -> bool:
    return 16 <= len(word) <= 19 and word.isascii() and word.isdecimal() and luhn(word)


def _is_tax_number(word: str) -> bool:
    return len(word) == 11 and word.isascii() and word.isdecimal() and iso7064_mod11_10(word)


def _is_masked(word: str) -> bool:
    return bool(re.fullmatch(r"\d{3,6}\*{4,}[\dX]{2,4}", word))


def is_iban(word: str) -> bool:
    """Two letters, two check digits, up to 30 more; ISO 13616 (MOD 97)."""
    plain = word.replace(" ", "")
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", plain):
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _shaped(words: Mapping[str, int], named: str | None) -> Meaning | None:
    mobiles = _share(words, _is_mobile)
    if mobiles >= LIKELY and (named == "phone" or mobiles >= SURE):
        return Meaning(
            "phone",
            round(mobiles * (0.99 if named == "phone" else SURE), 2),
            f"{mobiles:.0%} are mobile numbers",
            "mobile",
        )
    if named == "phone":
        phones = {region: _share(words, partial(_is_phone, region)) for region in ("CN", "TW", "DE")}
        region = max(phones, key=lambda r: phones[r])
        if phones[region] >= LIKELY:
            where = "" if region == "CN" else f" of region {region} (rules/identity.yml: phone_region)"
            return Meaning(
                "phone",
                round(phones[region] * SURE, 2),
                f"its name, and {phones[region]:.0%} are phone numbers{where}",
            )
    places = _share(words, lambda w: len(w) >= 6 and bool(_ADDRESS.fullmatch(w)))
    if places >= LIKELY or (named == "address" and places >= 0.4):
        return Meaning(
            "address",
            round(min(0.97, places * (1 if named == "address" else 0.9)), 2),
            f"{places:.0%} look like addresses",
        )
    people = _share(words, _is_person)
    if people >= LIKELY and named in ("name", None):
        many = len(words) >= 5
        return Meaning(
            "name",
            round(people * (0.97 if named and many else 0.8 if many else BY_NAME), 2),
            f"{people:.0%} begin with a frequent family name and have 2 to 4 hanzi",
        )
    if named == "name":
        latin = _share(words, lambda w: bool(_LATIN_NAME.fullmatch(w)))
        if latin >= SURE and len(words) >= 3:
            return Meaning("name", 0.7, f"its name, and {latin:.0%} are words without digits")
        return Meaning("name", 0.5, "its name says so, of persons or of things")
    return None


def _is_mobile(word: str) -> bool:
    found = parse_phone(word)
    return found.kind_code == "mobile" and len(re.sub(r"\D", "", found.masked or word)) >= 7


def _is_phone(region: str, word: str) -> bool:
    found = parse_phone(word, region=region)
    return found.kind_code is not None or found.is_masked or found.is_placeholder


def _is_person(word: str) -> bool:
    if not _HANZI_NAME.fullmatch(word):
        return False
    plain = simplified(word)
    return plain[0] in SURNAMES or plain[:2] in COMPOUND_SURNAMES


def privacy_of(meaning: Meaning | None, typed: Typed, is_code: bool) -> str:
    """The class a column is drafted with: the safer one where its meaning is not known.

    C2-id names a person; C2-fin is money and behaviour; C1 is left to codes: few short words that repeat.
    """
    kind = meaning.kind if meaning else None
    if kind in (
        "national_id",
        "masked_id",
        "phone",
        "email",
        "name",
        "address",
        "customer",
        "account",
        "secret",
        "agent",
    ):
        return "C2-id"
    if typed.type not in ("string", "boolean"):
        return "C2-fin"
    if is_code and typed.type == "string":
        return "C1"
    if kind in ("birth", "balance", "amount", "money", "booked", "opened") or typed.type == "boolean":
        return "C2-fin"
    return "C2-id"


def are_codes(words: Counter[str]) -> bool:
    """Few short words that repeat within one file, none with eight digits: a list of codes, not something said of one person.

    Words in hanzi must be shorter than what people write and repeat more often, and none may look like a person's name.
    """
    rows = sum(words.values())
    is_short = all(len(w) <= (20 if w.isascii() else 8) and sum(c.isdigit() for c in w) < 8 for w in words)
    if any(_is_person(w) for w in words if len(w) > 2):
        return False
    repeats = 2 if all(w.isascii() for w in words) else 4
    return 0 < len(words) <= max(3, min(60, rows // 4)) and is_short and rows >= repeats * len(words)
