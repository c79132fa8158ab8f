"""Names of the defects that the demo bank plants, by code (docs/demo-bank.md)."""

from __future__ import annotations

from collections.abc import Mapping

# code → what it is, in English and Chinese
NAMES: Mapping[str, tuple[str, str]] = {
    "D01": (".OK missing", "缺 .OK 文件"), "D02": (".OK before the package", ".OK 先到"), "D03": ("rows differ from the control", "行数不符"),
    "D04": ("amounts differ from the control", "金额不符"), "D05": ("the same package twice", "重复包"), "D06": ("corrected delivery", "更正重传"),
    "D07": ("another day's content", "日期不符"), "D08": ("days late", "迟到"), "D09": ("records in another order", "乱序"),
    "D10": ("no rows", "空文件"), "D11": ("column inserted", "插列"), "D12": ("columns swapped", "列互换"), "D13": ("CRLF line ends", "CRLF 换行"),
    "D14": ("line break in a quoted field", "字段内换行"), "D15": ("separator in a text", "字段内分隔符"), "D16": ("byte order mark", "BOM"),
    "D17": ("another encoding", "编码不符"), "D18": ("half a hanzi", "半个汉字"), "D19": ("private-use hanzi", "私有区字"),
    "D20": ("damaged name", "姓名残缺"), "D21": ("id rounded by a spreadsheet", "证件号精度丢失"), "D22": ("phone rounded by a spreadsheet", "手机号精度丢失"),
    "D23": ("full-width digits", "全角数字"), "D24": ("lower x, inner spaces", "小写 x 与空格"), "D25": ("15-digit id", "15 位证件号"),
    "D26": ("check digit wrong", "校验位错误"), "D27": ("placeholder", "占位值"), "D28": ("shared phone", "共用电话"), "D29": ("recycled phone", "换主号码"),
    "D30": ("prefixes of phones", "电话前缀"), "D31": ("masked values", "脱敏值"), "D32": ("polyphonic surnames", "多音姓"),
    "D33": ("southern spellings", "港台拼写"), "D34": ("traditional and second-round script", "繁体与二简"), "D35": ("middle dots", "间隔号"),
    "D36": ("name cut at 20 bytes", "姓名截断"), "D37": ("document renewed", "换证"), "D38": ("dates of many kinds", "日期写法"),
    "D39": ("units, signs, currencies", "单位与符号"), "D40": ("deleted or not sent", "删除与缺行"), "D41": ("two people under one number", "误合并"),
    "D42": ("event before its account", "先事件后账户"), "D43": ("answered twice", "重复作答"), "D44": ("another shape of JSON", "JSON 结构变化"),
    "D45": ("overlapping managers, reused codes", "重叠与复用"), "D46": ("clock one hour wrong", "时钟偏差"), "D47": ("reversal across days", "跨日冲正"),
    "D48": ("one person, two numbers", "一人两号"),
}  # fmt: skip
