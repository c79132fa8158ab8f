"""Spellings of one name meet in one key; people with different names do not."""

import pytest

from spark_jobs.columns.names import fold_name, parse_name, pinyin_keys


@pytest.mark.parametrize("dot", ["·", "•", "・", "‧", "∙", ".", ""])
def test_a_minority_name_is_one_key_under_any_dot(dot):
    assert fold_name(f"阿卜杜拉{dot}买买提") == "阿卜杜拉买买提"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # traditional and simplified script; several traditional characters of one simplified
        ("張偉", "张伟"), ("鍾國強", "鐘國強"), ("鍾國強", "钟国强"), ("林瑋", "林玮"), ("陳麗華", "陈丽华"), ("劉曉東", "刘晓东"), ("葉劍雲", "叶剑云"),
        ("歐陽鋒", "欧阳锋"), ("鄭發財", "郑发财"), ("薛寶釵", "薛宝钗"), ("龍應台", "龙应台"), ("盧溝曉", "卢沟晓"), ("關羽飛", "关羽飞"),
        # surnames of the second simplification
        ("肖红", "蕭紅"), ("闫明", "阎明"), ("付军", "傅军"), ("代维", "戴维"), ("兰天", "蓝天"), ("邱少云", "丘少云"),
        # spaces, width, titles
        ("王小明", "王　小明"), ("王 小 明", "王小明"), ("王小明先生", "王小明"), ("zhang wei", "ＺＨＡＮＧ ＷＥＩ"), ("王\u200b小明", "王小明"),
        # accents
        ("José García", "JOSE GARCIA"), ("Müller", "MULLER"), ("Søren Ångström", "Soren Angstrom"), ("Łukasz Đorđević", "LUKASZ DORDEVIC"),
        ("Nguyễn Thị Hương", "NGUYEN THI HUONG"), ("François Lefèvre", "Franc\u0327ois Lefe\u0300vre"), ("Strauß", "STRAUSS"), ("Lü Bu", "LU BU"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_fold_together(one, other):
    assert fold_name(one) == fold_name(other)


def test_twins_of_surnames_are_folded_in_front_only():
    assert fold_name("王代") != fold_name("王戴")


@pytest.mark.parametrize(
    ("name", "key"),
    [("单雄信", "SHANXIONGXIN"), ("解缙", "XIEJIN"), ("查良镛", "ZHALIANGYONG"), ("仇英", "QIUYING"), ("区元", "OUYUAN"),
     ("曾国藩", "ZENGGUOFAN"), ("朴成", "PIAOCHENG"), ("朴成", "PUCHENG"), ("尉迟恭", "YUCHIGONG"), ("尉明", "WEIMING"), ("翟方", "ZHAIFANG"),
     ("翟方", "DIFANG"), ("盖林", "GELIN"), ("盖林", "GAILIN"), ("缪云", "MIAOYUN"), ("覃明", "QINMING"), ("覃明", "TANMING"), ("乐言", "YUEYAN"),
     ("乐言", "LEYAN"), ("员半千", "YUNBANQIAN"), ("任明", "RENMING"), ("华英", "HUAYING"), ("宁明", "NINGMING"), ("冼星", "XIANXING"),
     ("洗英", "XIANYING"), ("召明", "SHAOMING"), ("种明", "CHONGMING"), ("秘明", "BIMING"), ("繁明", "POMING"), ("黑明", "HEMING"),
     ("隗明", "WEIMING"), ("隗明", "KUIMING"), ("宓明", "MIMING"), ("纪明", "JIMING"), ("折明", "SHEMING"), ("逄明", "PANGMING"),
     ("那英", "NAYING"), ("车明", "CHEMING"), ("晟明", "CHENGMING"), ("万俟明", "MOQIMING"), ("长孙明", "ZHANGSUNMING"),
     ("欧阳修", "OUYANGXIU"), ("單雄信", "SHANXIONGXIN"), ("單于明", "CHANYUMING"), ("澹台明", "TANTAIMING"),
     ("闾丘明", "LUQIUMING"), ("卜明", "BUMING"), ("阚明", "KANMING"), ("薄明", "BOMING"), ("都明", "DUMING"), ("牟明", "MOUMING"),
     ("牟明", "MUMING"), ("费明", "FEIMING"), ("谌明", "CHENMING"), ("谌明", "SHENMING"), ("莘明", "SHENMING"), ("郗明", "XIMING"),
     ("郇明", "XUNMING"), ("柏明", "BAIMING"), ("祭明", "ZHAIMING"), ("句明", "GOUMING"), ("眭明", "SUIMING"), ("逢明", "PANGMING"),
     ("占明", "ZHANMING"), ("乜明", "NIEMING"), ("厍明", "SHEMING"), ("撒明", "SAMING")],
)  # fmt: skip
def test_a_surname_is_read_as_a_surname(name, key):
    assert key in pinyin_keys(name)


@pytest.mark.parametrize("spelling", ["LYU BU", "LV BU", "LU BU"])
def test_lu_with_umlaut_is_met_in_all_spellings(spelling):
    assert set(pinyin_keys("吕布")) & set(pinyin_keys(spelling))


@pytest.mark.parametrize(
    ("chinese", "latin"),
    [
        # pinyin in both orders, in one word and in two
        ("張偉", "ZHANG WEI"), ("张伟", "WEI ZHANG"), ("单小明", "SHAN XIAOMING"), ("单小明", "Xiao Ming Shan"), ("单小明", "Shan, Xiao-Ming"),
        ("欧阳娜", "OUYANG NA"),
        # Hong Kong
        ("张伟", "CHEUNG WAI"), ("陈大文", "CHAN TAI MAN"), ("黄明", "WONG MING"), ("王明", "WONG MING"), ("梁国强", "LEUNG KWOK KEUNG"),
        ("何志明", "HO CHI MING"), ("郭丽珍", "KWOK LAI CHUN"), ("谢家文", "TSE KA MAN"), ("叶永红", "YIP WING HUNG"), ("吴家", "NG KA"),
        # Taiwan
        ("许美", "HSU MEI"), ("曾志强", "TSENG CHIH CHIANG"), ("谢志强", "HSIEH CHIH CHIANG"), ("郭建", "KUO CHIEN"), ("蔡子明", "TSAI TZU MING"),
        ("赵秀英", "CHAO HSIU YING"), ("邓杰", "TENG CHIEH"),
        # accents
        ("吕布", "LÜ BU"),
    ],
)  # fmt: skip
def test_romanised_names_meet_the_chinese_one(chinese, latin):
    assert set(pinyin_keys(chinese)) & set(pinyin_keys(latin))


def test_different_names_share_no_reading():
    assert not set(pinyin_keys("王芳")) & set(pinyin_keys("李娜"))


@pytest.mark.parametrize(
    ("text", "script", "quality"),
    [("张伟", "hans", "full"), ("張偉", "hant", "full"), ("李*明", "hans", "masked"), ("ZHANG WEI", "latn", "latin"),
     ("张＊", "hans", "masked"), ("锟斤拷明", "hans", "damaged"), ("José García", "latn", "latin"),
     ("王?明", "hans", "damaged"), ("王\ufffd明", "hans", "damaged"), ("王\ue863", "hans", "damaged"), ("张Wei", "mixed", "full")],
)  # fmt: skip
def test_script_and_quality(text, script, quality):
    found = parse_name(text)
    assert (found.script_code, found.quality_code) == (script, quality)


def test_masked_and_blank_names_have_no_reading():
    assert parse_name("李*明").pinyin_keys == []
    assert parse_name(None).folded is None
    assert parse_name("　").quality_code == "empty"


@pytest.mark.parametrize(
    ("rare", "reading"),
    [("䶮", "YAN"), ("㛃", "JIE"), ("喆", "ZHE"), ("堃", "KUN"), ("犇", "BEN"), ("祎", "YI"), ("赟", "YUN"), ("頔", "DI"), ("骉", "BIAO"),
     ("彧", "YU"), ("翀", "CHONG"), ("珺", "JUN"), ("玥", "YUE"), ("芃", "PENG")],
)  # fmt: skip
def test_rare_characters_are_read(rare, reading):
    assert f"WANG{reading}" in pinyin_keys(f"王{rare}")


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("阿卜杜热合曼买买提依", "truncated"),  # ten hanzi: all twenty bytes
        ("阿卜杜热合曼.买买提", "truncated"),  # nine and a dot of one byte: half of the tenth was dropped
        ("阿卜杜热合曼·买买提", "truncated"),  # nine and a dot of two bytes
        ("阿卜杜热合曼买买提", "full"),  # eighteen bytes: two more were free
        ("阿卜杜热合曼·买买提依明", "full"),  # longer: this system keeps more
        ("JOSE LUIS GARCIA DIA", "latin"),
        ("阿卜杜热合曼买买提?", "damaged"),
    ],
)
def test_a_chinese_name_as_long_as_old_systems_keep_may_have_lost_its_end(text, quality):
    assert parse_name(text).quality_code == quality


def test_a_cut_name_begins_the_whole_one():
    cut, whole = (fold_name(n) for n in ("阿卜杜热合曼·买买提", "阿卜杜热合曼·买买提依明"))
    assert whole.startswith(cut)
