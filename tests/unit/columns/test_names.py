"""Spellings of one name meet in one key; people with different names do not."""

import pytest

from spark_jobs.columns.names import fold_name, parse_name, pinyin_keys


@pytest.mark.parametrize("dot", ["·", "•", "・", "‧", "∙", ".", ""])
def test_a_minority_name_is_one_key_under_any_dot(dot):
    assert fold_name(f"阿卜杜拉{dot}买买提") == "阿卜杜拉买买提"


@pytest.mark.parametrize(
    ("one", "other"),
    [("張偉", "张伟"), ("鍾國強", "鐘國強"), ("林瑋", "林玮"), ("肖红", "蕭紅"), ("闫明", "阎明"), ("付军", "傅军"),
     ("代维", "戴维"), ("兰天", "蓝天"), ("王小明", "王　小明"), ("zhang wei", "ＺＨＡＮＧ ＷＥＩ")],
)  # fmt: skip
def test_spellings_of_one_name_fold_together(one, other):
    assert fold_name(one) == fold_name(other)


def test_twins_of_surnames_are_folded_in_front_only():
    assert fold_name("王代") != fold_name("王戴")


@pytest.mark.parametrize(
    ("name", "key"),
    [("单雄信", "SHANXIONGXIN"), ("解缙", "XIEJIN"), ("查良镛", "ZHALIANGYONG"), ("仇英", "QIUYING"), ("区元", "OUYUAN"),
     ("曾国藩", "ZENGGUOFAN"), ("朴成", "PIAOCHENG"), ("尉迟恭", "YUCHIGONG"), ("翟方", "ZHAIFANG"), ("盖林", "GELIN"),
     ("缪云", "MIAOYUN"), ("覃明", "QINMING"), ("乐言", "YUEYAN"), ("员半千", "YUNBANQIAN"), ("欧阳修", "OUYANGXIU")],
)  # fmt: skip
def test_a_surname_is_read_as_a_surname(name, key):
    assert key in pinyin_keys(name)


@pytest.mark.parametrize("spelling", ["LYU BU", "LV BU", "LU BU"])
def test_lu_with_umlaut_is_met_in_all_spellings(spelling):
    assert set(pinyin_keys("吕布")) & set(pinyin_keys(spelling))


@pytest.mark.parametrize(
    ("chinese", "latin"),
    [("张伟", "CHEUNG WAI"), ("張偉", "ZHANG WEI"), ("张伟", "WEI ZHANG"), ("陈大文", "CHAN TAI MAN"), ("黄明", "WONG MING"),
     ("许美", "HSU MEI"), ("曾志强", "TSENG CHIH CHIANG"), ("单小明", "SHAN XIAOMING")],
)  # fmt: skip
def test_romanised_names_meet_the_chinese_one(chinese, latin):
    assert set(pinyin_keys(chinese)) & set(pinyin_keys(latin))


def test_different_names_share_no_reading():
    assert not set(pinyin_keys("王芳")) & set(pinyin_keys("李娜"))


@pytest.mark.parametrize(
    ("text", "script", "quality"),
    [("张伟", "hans", "full"), ("張偉", "hant", "full"), ("李*明", "hans", "masked"), ("ZHANG WEI", "latn", "latin"),
     ("王?明", "hans", "damaged"), ("王\ufffd明", "hans", "damaged"), ("王\ue863", "hans", "damaged"), ("张Wei", "mixed", "full")],
)  # fmt: skip
def test_script_and_quality(text, script, quality):
    found = parse_name(text)
    assert (found.script_code, found.quality_code) == (script, quality)


def test_masked_and_blank_names_have_no_reading():
    assert parse_name("李*明").pinyin_keys == []
    assert parse_name(None).folded is None
    assert parse_name("　").quality_code == "empty"


def test_rare_characters_are_read():
    assert "WANGYAN" in pinyin_keys("王䶮")
