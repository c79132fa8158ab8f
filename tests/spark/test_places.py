"""Where customers live: from an address as delivered to the city that the one view shows."""

from pyspark.sql import functions as F

from spark_jobs.columns.divisions import city_code, city_of
from spark_jobs.silver.party import derive_places
from spark_jobs.silver.reference import own_cities
from tests.support.tables import table

REGION = "region_code string, region_name string, level_code string, _gone boolean"
PARTY = "party_id string, address string, region_code string"


def test_a_party_is_placed_by_its_source_then_by_the_standard_then_by_the_banks_own_list(spark):
    # 339800 is no division of the standard. Two cities of the list are called 云栖市: the name places nobody.
    regions = table(
        spark,
        REGION,
        """
        330000 | 浙江省 | province | false
        339800 | 滨江市 | city     | false
        339700 | 云栖市 | city     | false
        619700 | 云栖市 | city     | false
        339801 | 望潮区 | county   | false
    """,
    )
    parties = table(
        spark,
        PARTY,
        """
        a | 浙江省杭州市西湖区文三路90号3号楼 |
        b | 滨江市望潮区云栖路１２号 |
        c | 浙江滨江市云栖路12号 |
        d | 江苏省滨江市云栖路12号 |
        e | 云栖市听涛巷3号 |
        f | 滨江市云栖路12号 | 110105
        g | 苏州工业园区星湖街8号 |
        h | 朝阳区光明路8号 |
        i | |
        j | | 330100
    """,
    )

    placed = derive_places(parties, own_cities(regions)).orderBy("party_id").collect()

    assert [(r["party_id"], r["region_code"], r["address_norm"]) for r in placed] == [
        ("a", "330106", "330106|文三路90-3"),
        ("b", "339800", "339800|望潮区云栖路12"),
        ("c", "339800", "339800|云栖路12"),
        ("d", "320000", "320000|滨江市云栖路12"),
        ("e", None, "云栖市|听涛巷3"),
        ("f", "110105", "110105|云栖路12"),
        ("g", "320500", "320500|工业园区星湖街8"),
        ("h", None, "|朝阳区光明路8"),
        ("i", None, None),
        ("j", "330100", "330100|"),
    ]  # fmt: skip


def test_the_city_of_a_division_is_told_alike_in_python_and_on_spark(spark):
    codes = ["330106", "330100", "110105", "110000", "429004", "810000", "710000", "339801", "330000", None]
    rows = spark.createDataFrame([(n, code) for n, code in enumerate(codes)], "n int, code string")

    told = rows.select("n", city_code(F.col("code")).alias("city")).orderBy("n").collect()

    # A province, and Taiwan, stay what they are: no finer place is known.
    assert [r["city"] for r in told] == [code and (city_of(code) or code) for code in codes]
    assert told[0]["city"] == "330100"
    assert told[2]["city"] == "110000"
