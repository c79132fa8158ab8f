"""Addresses as people write them. Codes: GB/T 2260; streets of the table are real or made up, houses and rooms are made up."""

import pytest

from spark_jobs.columns.addresses import Address, parse_address
from spark_jobs.columns.divisions import (
    COUNTY,
    city_of,
    current,
    division_in,
    divisions,
    names,
    place_of,
    stem,
)

# address | province | city | district | finest code | rest; an empty cell is null
CASES = """
浙江省杭州市西湖区文三路90号3号楼2单元501室 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90-3-2-501
杭州市西湖区文三路９０号３栋２单元５０１ | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90-3-2-501
杭州西湖文三路90号3-2-501 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90-3-2-501
浙江省杭州市西湖区文三路九十号三号楼二单元五〇一室 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90-3-2-501
浙江省 杭州市 西湖区 文三路 90号 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90
浙江省/杭州市/西湖区，文三路90号 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90
310013 浙江省杭州市西湖区文三路90号 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90
中国浙江省杭州市西湖区文三路90号（邮编：310013） | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90
浙江省杭州市浙江省杭州市西湖区文三路90号 | 浙江省 | 杭州市 | 西湖区 | 330106 | 文三路90
浙江杭州西湖路12号 | 浙江省 | 杭州市 | | 330100 | 西湖路12
杭州市上城区中山中路三号二楼201 | 浙江省 | 杭州市 | 上城区 | 330102 | 中山中路3-201
北京市朝阳区建国路甲88号 | 北京市 | 北京市 | 朝阳区 | 110105 | 建国路甲88
北京市市辖区朝阳区建国路88号 | 北京市 | 北京市 | 朝阳区 | 110105 | 建国路88
北京北京市朝阳区建国路88号 | 北京市 | 北京市 | 朝阳区 | 110105 | 建国路88
北京朝阳北路7号 | 北京市 | 北京市 | | 110000 | 朝阳北路7
海淀区中关村大街27号 | 北京市 | 北京市 | 海淀区 | 110108 | 中关村大街27
朝阳区建国路88号 | | | | | 朝阳区建国路88
鼓楼区中山北路5号 | | | | | 鼓楼区中山北路5
东区光明路1号 | | | | | 东区光明路1
老城区光明路1号 | | | | | 老城区光明路1
四川省攀枝花市东区光明路1号 | 四川省 | 攀枝花市 | 东区 | 510402 | 光明路1
杭州市翠苑一区12幢2单元 | 浙江省 | 杭州市 | | 330100 | 翠苑一区12-2
物美超市3楼 | | | | | 物美超市3
吉林省长春市朝阳区工农大路8号 | 吉林省 | 长春市 | 朝阳区 | 220104 | 工农大路8
辽宁省朝阳市双塔区文化路2号 | 辽宁省 | 朝阳市 | 双塔区 | 211302 | 文化路2
吉林市船营区解放大路1号 | 吉林省 | 吉林市 | 船营区 | 220204 | 解放大路1
上海市浦东新区世纪大道100号 | 上海市 | 上海市 | 浦东新区 | 310115 | 世纪大道100
上海浦东世纪大道100号 | 上海市 | 上海市 | 浦东新区 | 310115 | 世纪大道100
上海市黄浦区南京东路100弄5号301室 | 上海市 | 上海市 | 黄浦区 | 310101 | 南京东路100弄5-301
上海南京西路1266号 | 上海市 | 上海市 | | 310000 | 南京西路1266
南京东路100号 | | | | | 南京东路100
中山路12号 | | | | | 中山路12
天津市河北区中山路1号 | 天津市 | 天津市 | 河北区 | 120105 | 中山路1
河北省石家庄市长安区中山东路1号 | 河北省 | 石家庄市 | 长安区 | 130102 | 中山东路1
重庆市渝中区民权路1号 | 重庆市 | 重庆市 | 渝中区 | 500103 | 民权路1
重庆市云阳县双江街道3号 | 重庆市 | 重庆市 | 云阳县 | 500235 | 双江街道3
四川省重庆市江北区建新路1号 | 重庆市 | 重庆市 | 江北区 | 500105 | 建新路1
湖北省恩施土家族苗族自治州恩施市施州大道1号 | 湖北省 | 恩施土家族苗族自治州 | 恩施市 | 422801 | 施州大道1
恩施州利川市清江大道5号 | 湖北省 | 恩施土家族苗族自治州 | 利川市 | 422802 | 清江大道5
云南省大理白族自治州大理市人民路1号 | 云南省 | 大理白族自治州 | 大理市 | 532901 | 人民路1
湖北宜昌长阳县龙舟坪镇4号 | 湖北省 | 宜昌市 | 长阳土家族自治县 | 420528 | 龙舟坪镇4
广西壮族自治区桂林市龙胜各族自治县兴龙路1号 | 广西壮族自治区 | 桂林市 | 龙胜各族自治县 | 450328 | 兴龙路1
广西南宁市青秀区民族大道1号 | 广西壮族自治区 | 南宁市 | 青秀区 | 450103 | 民族大道1
广西省南宁市青秀区民族大道1号 | 广西壮族自治区 | 南宁市 | 青秀区 | 450103 | 民族大道1
内蒙古自治区锡林郭勒盟正蓝旗上都镇6号 | 内蒙古自治区 | 锡林郭勒盟 | 正蓝旗 | 152530 | 上都镇6
内蒙古呼伦贝尔市鄂温克旗巴彦托海镇3号 | 内蒙古自治区 | 呼伦贝尔市 | 鄂温克族自治旗 | 150724 | 巴彦托海镇3
西藏拉萨市城关区八廓街1号 | 西藏自治区 | 拉萨市 | 城关区 | 540102 | 八廓街1
宁夏银川市兴庆区解放西街2号 | 宁夏回族自治区 | 银川市 | 兴庆区 | 640104 | 解放西街2
新疆乌鲁木齐市天山区光明路1号 | 新疆维吾尔自治区 | 乌鲁木齐市 | 天山区 | 650102 | 光明路1
新疆维吾尔自治区石河子市北三路1号 | 新疆维吾尔自治区 | 石河子市 | | 659001 | 北三路1
新疆伊犁州霍城县水定镇5号 | 新疆维吾尔自治区 | 伊犁哈萨克自治州 | 霍城县 | 654023 | 水定镇5
河南省开封市顺河区曹门大街9号 | 河南省 | 开封市 | 顺河回族区 | 410203 | 曹门大街9
湖北省仙桃市沔阳大道3号 | 湖北省 | 仙桃市 | | 429004 | 沔阳大道3
湖北省省直辖县级行政区划仙桃市沔阳大道3号 | 湖北省 | 仙桃市 | | 429004 | 沔阳大道3
海南省海口市龙华区滨海大道2号 | 海南省 | 海口市 | 龙华区 | 460106 | 滨海大道2
海南省五指山市河北路8号 | 海南省 | 五指山市 | | 469001 | 河北路8
青海省海南州共和县恰卜恰镇1号 | 青海省 | 海南藏族自治州 | 共和县 | 632521 | 恰卜恰镇1
义乌市稠州北路66号 | 浙江省 | 金华市 | 义乌市 | 330782 | 稠州北路66
浙江义乌稠州北路66号 | 浙江省 | 金华市 | 义乌市 | 330782 | 稠州北路66
江苏省昆山市人民路1号A座1201室 | 江苏省 | 苏州市 | 昆山市 | 320583 | 人民路1-A-1201
广东省中山市石岐街道1号 | 广东省 | 中山市 | | 442000 | 石岐街道1
广东省东莞市虎门镇太平路2号 | 广东省 | 东莞市 | | 441900 | 虎门镇太平路2
广州天河体育西路11号2楼 | 广东省 | 广州市 | 天河区 | 440106 | 体育西路11-2
山东省青岛市市南区香港中路10号 | 山东省 | 青岛市 | 市南区 | 370202 | 香港中路10
青岛市南区香港中路10号 | 山东省 | 青岛市 | 市南区 | 370202 | 香港中路10
青岛市南京路10号 | 山东省 | 青岛市 | | 370200 | 南京路10
成都武侯祠大街231号 | 四川省 | 成都市 | | 510100 | 武侯祠大街231
江苏省苏州市工业园区星湖街328号 | 江苏省 | 苏州市 | 工业园区 | 320500 | 星湖街328
苏州工业园区星湖街328号 | 江苏省 | 苏州市 | 工业园区 | 320500 | 星湖街328
山东省烟台市经济技术开发区长江路7号 | 山东省 | 烟台市 | 经济技术开发区 | 370600 | 长江路7
浙江省萧山市城厢镇1号 | 浙江省 | 杭州市 | 萧山区 | 330109 | 城厢镇1
北京市昌平县城关镇1号 | 北京市 | 北京市 | 昌平区 | 110114 | 城关镇1
湖北省襄樊市檀溪路5号 | 湖北省 | 襄阳市 | | 420600 | 檀溪路5
北京市崇文区磁器口3号 | 北京市 | 北京市 | 崇文区 | 110000 | 磁器口3
湖北省武昌县纸坊镇1号 | 湖北省 | 武汉市 | 武昌县 | 420100 | 纸坊镇1
香港灣仔軒尼詩道88號3樓A室 | 香港特别行政区 | 香港特别行政区 | 湾仔区 | 810000 | 轩尼诗道88-3-A
香港特别行政区油尖旺区弥敦道100号 | 香港特别行政区 | 香港特别行政区 | 油尖旺区 | 810000 | 弥敦道100
香港九龍彌敦道100號 | 香港特别行政区 | 香港特别行政区 | | 810000 | 九龙弥敦道100
香港中路10号 | | | | | 香港中路10
澳門大堂區新馬路1號 | 澳门特别行政区 | 澳门特别行政区 | 大堂区 | 820000 | 新马路1
臺北市大安區忠孝東路四段1號5樓之2 | 台湾省 | 台北市 | 大安区 | 710000 | 忠孝东路四段1-5之2
台湾省高雄市苓雅区中正路3号 | 台湾省 | 高雄市 | 苓雅区 | 710000 | 中正路3
福建省福州市连江县凤城镇2号 | 福建省 | 福州市 | 连江县 | 350122 | 凤城镇2
廣東省深圳市福田區深南大道1號 | 广东省 | 深圳市 | 福田区 | 440304 | 深南大道1
滨江市云栖路12号 | | 滨江市 | | | 云栖路12
滨江市望潮区云栖路12号 | | 滨江市 | 望潮区 | | 云栖路12
安徽省杭州市文三路1号 | | | | | 安徽省杭州市文三路1
城市花园3栋301室 | | | | | 城市花园3-301
12 Baker Street,  London | | | | | 12 BAKER STREET, LONDON
"""


def cases() -> list[tuple[str | None, ...]]:
    rows = [[cell.strip() or None for cell in line.split(" |")] for line in CASES.strip().splitlines()]
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(("text", "province", "city", "district", "code", "rest"), cases())
def test_an_address_falls_into_divisions_and_a_rest(text, province, city, district, code, rest):
    found = parse_address(text)
    assert (found.province, found.city, found.district) == (province, city, district)
    assert (found.region_code, found.rest) == (code, rest)


def test_a_city_has_the_code_that_its_districts_begin_with():
    found = parse_address("浙江省金华市义乌市稠州北路66号")
    assert (found.province_code, found.city_code, found.district_code) == ("330000", "330700", "330782")


@pytest.mark.parametrize(
    ("text", "city_code"),
    [("北京市海淀区中关村大街27号", "110000"), ("湖北省仙桃市沔阳大道3号", "429004"), ("香港湾仔区轩尼诗道88号", "810000"),
     ("台湾省高雄市苓雅区中正路3号", None), ("浙江省文三路1号", None)],
)  # fmt: skip
def test_a_municipality_is_its_own_city_and_taiwans_cities_have_no_code(text, city_code):
    assert parse_address(text).city_code == city_code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("文三路90号3号楼2单元501室", "文三路90号3栋2单元501"),
        ("文三路90号3幢二单元五〇一室", "文三路90号3-2-501"),
        ("世纪城A座12层1203室", "世纪城Ａ座1203"),
        ("建国路88#-12", "建国路88号12室"),
        ("建国路88号院3号楼", "建国路88号3栋"),
        ("建国路八十八号附3号", "建国路88号附3"),
        ("一号路十一号", "一号路11号"),
        ("南京東路100號", "南京东路100号"),
    ],
)
def test_spellings_of_one_house_meet(one, other):
    assert parse_address(f"上海市黄浦区{one}").norm == parse_address(f"上海黄浦区{other}").norm


@pytest.mark.parametrize(
    ("one", "other"),
    [("南京东路90弄5号", "南京东路90号5室"), ("文三路12号", "文二路12号"), ("文三路9号01室", "文三路90号1室"),
     ("工业园区星湖街1号", "高新区星湖街1号"), ("一号路1号", "号路1号")],
)  # fmt: skip
def test_two_houses_stay_two(one, other):
    assert parse_address(f"江苏省苏州市{one}").norm != parse_address(f"江苏省苏州市{other}").norm


def test_cities_without_a_code_are_told_by_their_names():
    taiwan = (
        parse_address("台湾省高雄市苓雅区中正路3号").norm,
        parse_address("台湾省台南市苓雅区中正路3号").norm,
    )
    assert taiwan == ("710000|高雄市苓雅区中正路3", "710000|台南市苓雅区中正路3")
    assert parse_address("滨江市望潮区云栖路12号").norm == "滨江市望潮区|云栖路12"


def test_a_masked_address_says_so_and_keeps_what_is_seen():
    found = parse_address("浙江省杭州市西湖区****")
    assert (found.region_code, found.rest, found.reason_code) == ("330106", None, "address_masked")


def test_a_city_of_another_province_is_a_contradiction():
    assert parse_address("安徽省杭州市文三路1号").reason_code == "address_contradiction"


def test_no_address_is_empty():
    assert parse_address(None) == parse_address("　 ") == Address()


def test_every_division_is_found_by_its_full_name():
    lost = []
    for division in current().values():
        city, province = city_of(division.code), current()[f"{division.code[:2]}0000"]
        between = current()[city].name if city not in (None, division.code, province.code) else ""
        path = province.name + between + (division.name if division != province else "")
        if parse_address(f"{path}光明路1号").region_code != division.code:
            lost.append(division.code)
    assert not lost


def test_shorter_names_are_read_rightly_or_not_at_all():
    """Without 省 and 市, without the province, without the city, and the county alone: the county, what holds it, or nothing."""
    wrong, read, asked = [], 0, 0
    for county in (d for d in current().values() if d.level == COUNTY):
        province, city = current()[f"{county.code[:2]}0000"], city_of(county.code)
        between = "" if city in (county.code, province.code) else stem(current()[city].name)
        for path in (f"{stem(province.name)}{between}", between, stem(province.name), ""):
            found = parse_address(f"{path}{county.name}解放东路1号").region_code
            asked, read = asked + 1, read + (found == county.code)
            if found not in (county.code, city, province.code, None):
                wrong.append((path, county.code, found))
    assert not wrong
    assert read / asked > 0.98


@pytest.mark.parametrize("street", ["路", "东路", "中路", "南大街", "二路"])
def test_a_street_called_after_a_place_is_no_place(street):
    called = {stem(d.name) for d in current().values() if d.level != COUNTY and d.name != stem(d.name)}
    assert [name for name in called if parse_address(f"{name}{street}8号").region_code] == []


def test_a_name_that_two_places_share_is_none():
    shared = {name: codes for name, codes in names(COUNTY).spelled.items() if len(codes) > 1}
    assert len(shared["鼓楼区"]) == 4  # Nanjing, Xuzhou, Fuzhou, Kaifeng
    assert {parse_address(f"{name}光明路1号").district_code for name in shared} == {None}


@pytest.mark.parametrize(
    ("code", "year", "name"),
    [("110103", 1995, "崇文区"), ("330181", 1999, "萧山市"), ("510200", 1990, "重庆市"), ("419001", 1988, "义马市"),
     ("419001", 2020, "济源市"), ("420600", 2000, "襄樊市"), ("420600", 2015, "襄阳市"), ("339800", 2000, None)],
)  # fmt: skip
def test_a_code_means_what_it_meant_in_its_year(code, year, name):
    found = division_in(code, year)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("code", "name", "heir"),
    [("330181", "萧山市", "330109"), ("110221", "昌平县", "110114"), ("420122", "武昌县", "420100"), ("420600", "襄樊市", "420600"),
     ("422100", "黄冈地区", "421100"), ("110103", "崇文区", "110000")],
)  # fmt: skip
def test_a_withdrawn_division_leads_to_its_heir_or_to_its_city(code, name, heir):
    # 武昌区 stood beside 武昌县: the county went to 江夏区, which no name tells.
    assert {place_of(d) for d in divisions() if (d.code, d.name) == (code, name)} == {heir}
