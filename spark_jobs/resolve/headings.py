"""What columns of people are called, and the role that follows. English, Chinese in both scripts, some German and Spanish."""

from __future__ import annotations

import re

from spark_jobs.identity.engine import people

# Beside the roles: what says who is who, numbers of records, sources, parts of a name, and what is known to say nothing of a person.
TRUTH, RECORD, SOURCE, MIDDLE, SUFFIX, UNUSED = "truth", "record", "source", "middle", "suffix", "unused"
# The first that fits is meant. Words of a heading are parted by `_`.
_HEADINGS: tuple[tuple[str, str], ...] = (
    (
        TRUTH,
        r"(^|_)(ground_?)?truth($|_)|(^|_)true_(id|person|customer|entity|cluster)|(^|_)golden($|_)|(^|_)(cluster|entity|person|individual|match|dup|duplicate|golden|master)_?(id|key|group|no|label)($|_)"
        r"|^(cluster|entity|person|who|label)$|真实|真實|聚类|同一人",
    ),
    (
        UNUSED,
        r"(^|_)(pass(word|wd)?|pwd|pin|cvv2?|ip|mac|url|web_?site)($|_)|密码|口令|(cert|id|doc\w*)_?(type|kind)($|_)|证件类|證件類|(^|_)(company|branch|bank|product|file|user|login|plan|card_type)_?name($|_)"
        r"|(emergency|next_of_kin|spouse)|紧急|配偶",
    ),
    (SUFFIX, r"(^|_)(name_)?suff?ix($|_)|^name_?sfx$|(^|_)generation($|_)"),
    (people.E_MAIL, r"e_?mail|邮箱|郵箱|邮件|電子郵件|電郵"),
    (
        people.OTHER,
        r"(^|_)(birth_?place|place_of_birth|pob)($|_)|出生地|籍贯|籍貫|geburtsort|(mother|father)\w*name|(^|_)maiden|geburtsname|(^|_)(nationality|citizenship|ethnic\w*|race)($|_)|国籍|國籍|民族|staatsang"
        r"|(^|_)(state|province|county|country)(_?(code|name|desc|cd))?($|_)|^省份?$|(^|_)(occupation|profession|employer|job_?title)($|_)|职业|職業|工作单位",
    ),
    (
        people.BIRTH_DATE,
        r"birth|(^|_)dob($|_)|(^|_)born($|_)|(^|_)b_?day($|_)|出生|生日|geburt|geboren|nacimiento",
    ),
    (people.SEX, r"(^|_)(sex|gender|m_f|sexo)(_?(code|cd))?($|_)|性别|性別|geschlecht"),
    (
        people.PHONE,
        r"mobile|phone|(^|_)(tel|cell|msisdn|fax)\d?($|_)|contact_?(no|num)|telefon|handy|teléfono|movil|móvil|手机|手機|手提|电话|電話|联系方式",
    ),
    (
        people.OTHER_ID,
        r"passport|护照|護照|(driver|driving)\w*(licen[cs]e|no|num)|(^|_)(dl|licen[cs]e)_?(no|num)|medicare|(^|_)nhs|insurance_?(no|num)|社保|医保",
    ),
    (
        people.NATIONAL_ID,
        r"(^|_)ssn|soc(ial)?_?sec|national_?(id|ins)|(^|_)(id|identity)_?card|(^|_)cert_?(no|num|id)|(^|_)(nric|hkid|aadhaar|dni|nif|nino|tfn|cpf|nin)($|_)|(^|_)(tax|id)_?(no|num|number|nr)($|_)|身份证|身分證|证件|證件|ausweis|steuer",
    ),
    (
        people.GIVEN,
        r"(^|_)(first|given|fore|christian)_?(names?)?($|_)|^(f_?name|fst_?name|vorname|nombres?|pr[eé]nom|名|名字)$",
    ),
    (MIDDLE, r"(^|_)(middle|second|mid)_?(names?|initial)?($|_)|^(m_?name|mi)$"),
    (
        people.SURNAME,
        r"(^|_)(last|sur|family)_?(names?)?($|_)|^(l_?name|lst_?name|nachname|familienname|apellidos?|nom|姓|姓氏)$|(^|_)apellido",
    ),
    (people.POSTCODE, r"(^|_)(zip|post(al)?)_?(code|cd|no)?\d?($|_)|(^|_)(zip5|pcode|plz)($|_)|邮编|邮政编码|郵遞區號|郵編"),
    (people.CITY, r"(^|_)(city|town|suburb|locality|district|village|municipality|ort|stadt|ciudad)(_?(name|desc))?($|_)|城市|区县|市区|^市$|^地区$|^區域?$"),
    (
        people.ADDRESS,
        r"addr|(^|_)(street|house|unit|apt|apartment|flat|building|road|str)(_?(no|num|number|name|nr|type|line))?\d?($|_)|straße|strasse|anschrift|wohnort|hausn|calle|domicilio|地址|住址|街道|门牌",
    ),
    (
        people.FULL_NAME,
        r"(^|_)(name|full_?name|holder|insured|card_?holder|policy_?holder)\d?($|_)|(full|cust\w*|client|member|patient|legal|display|holder|embossed|account|acct|insured|person)_?name|姓名|户名|戶名|客户名|客戶名|(^|_)名称|名稱",
    ),
    (SOURCE, r"(^|_)(source|src|system|origin)(_?(code|system|name|id|cd))?($|_)|来源|來源|系统|系統"),
    (
        UNUSED,
        r"(^|_)(bal(ance)?|amt|amount|limit|income|salary|score|status|plan|product|segment|tier|currency|ccy|open(ed|ing)?_?(dt|date|day)|(created?|updated?|modified|reg\w*|load)(_?(at|on|by|dt|date|time|ts))?|party|branch|channel)($|_)"
        r"|余额|餘額|金额|金額|币种|开户|開戶|更新|渠道|机构|等级|状态",
    ),
    (
        RECORD,
        r"(^|_)(id|no|nr|num|number|key|uuid|guid|index|idx|seq|rownum|row|ref|reference)($|_)|(rec|row|cust|customer|client|member|unique|record)_?(id|no|nr|num)|(编|編|序|流水)[号號]|客户号|客戶號|^(acct|account|member|policy|customer)$",
    ),
)  # fmt: skip


def said_by(heading: str) -> list[str]:
    """The roles (or TRUTH, RECORD, …) that a column's heading may say, the likeliest first: `name as on passport` says a document, and a name."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", heading.strip())
    words = re.sub(r"\W+", "_", words).strip("_").lower()
    return [role for role, pattern in _HEADINGS if re.search(pattern, words)]
