"""Contracts are the only schema: what does not fit together is refused, what is rendered from them is fresh."""

from pathlib import Path

import pytest
import yaml

from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.render import rendered, stale
from spark_jobs.errors import ContractError
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF

FIELDS = """
customer_id: {type: string, zh: 客户, en: Customer, description: Who., class: C2-fin}
phone: {type: string, zh: 电话, en: Phone, description: Number., class: C2-id}
business_date: {type: date, zh: 日期, en: Date, description: Day., class: C1}
"""
TABLE = "{{table: mart.t, zh: 表, description: D., grain: one row per customer, key: [customer_id], {more}}}"


def conf(tmp_path: Path, more: str, fields: str = FIELDS) -> tuple[Path]:
    (tmp_path / "fields").mkdir()
    (tmp_path / "fields" / "a.yml").write_text(fields, encoding="utf-8")
    (tmp_path / "contracts" / "tables").mkdir(parents=True)
    (tmp_path / "contracts" / "tables" / "t.yml").write_text(TABLE.format(more=more), encoding="utf-8")
    return (tmp_path,)


def test_shipped_contracts_fit_together():
    contracts = load((SHIPPED_CONF,))

    assert contracts.table("ops.release").key == ("release_id",)


def test_every_rendered_file_is_fresh():
    assert stale(REPOSITORY, rendered(load((SHIPPED_CONF,)))) == [], "run `make contracts`"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "write: replace_whole, columns: [customer_id, phoen]",
            "`phoen` is not explained.*did you mean `phone`",
        ),
        ("write: replace_whole, columns: [customer_id, phone]", "phone identify a person .* not sealed"),
        ("write: replace_hole, columns: [customer_id]", "did you mean `replace_whole`"),
        ("write: replace_range, columns: [customer_id]", "needs the column business_date"),
        ("write: append, columns: [customer_id, customer_id]", "listed twice: customer_id"),
        ("write: append, colums: [customer_id]", "unknown key `colums`; did you mean `columns`"),
        ("write: append, columns: [business_date]", "`customer_id` in `key` is no column"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused_with_the_way_out(tmp_path, more, said):
    with pytest.raises(ContractError, match=said):
        load(conf(tmp_path, more))


@pytest.mark.requirement("R-PRV-10")
@pytest.mark.parametrize("key", ["recipient", "place", "ground", "purpose"])
def test_nothing_leaves_the_lake_without_recipient_place_ground_and_purpose(tmp_path, key):
    package = SHIPPED_CONF / "contracts" / "tables" / "export" / "crm__worklist_v1.yml"
    told = yaml.safe_load(package.read_text("utf-8"))
    (told if key == "purpose" else told["leaves"]).pop(key)
    (tmp_path / "contracts" / "tables" / "export").mkdir(parents=True)
    (tmp_path / "contracts" / "tables" / "export" / package.name).write_text(yaml.safe_dump(told), "utf-8")
    fields = dict.fromkeys(told["columns"], "{type: string, zh: 列, en: x, description: x, class: C1}")
    (tmp_path / "fields").mkdir()
    (tmp_path / "fields" / "x.yml").write_text("\n".join(f"{c}: {f}" for c, f in fields.items()), "utf-8")

    with pytest.raises(ContractError, match=f"`{key}` is missing"):
        load((tmp_path,))


@pytest.mark.requirement("R-PRV-10")
def test_every_package_that_leaves_says_to_whom():
    leaving = [c for c in load((SHIPPED_CONF,)).tables.values() if c.leaves]

    assert {c.thing for c in leaving} == {
        "crm__customer_full_v1",
        "crm__customer_delta_v1",
        "crm__worklist_v1",
    }
    assert all(c.layer == "export" and c.leaves["recipient"] for c in leaving)


@pytest.mark.requirement("R-ACT-29")
def test_a_work_order_holds_no_name_number_or_amount_of_a_person():
    contracts = load((SHIPPED_CONF,))
    order = contracts.table("export.crm__worklist_v1")
    fields = [contracts.field(c) for c in order.columns]

    assert not order.sealed
    assert not [
        f.name for f in fields if f.privacy is PrivacyClass.IDENTIFYING or f.type.startswith("decimal")
    ]


def test_a_name_with_two_meanings_is_refused(tmp_path):
    dirs = conf(tmp_path, "write: append, columns: [customer_id]")
    (tmp_path / "fields" / "b.yml").write_text(FIELDS, encoding="utf-8")

    with pytest.raises(ContractError, match="explained a second time"):
        load(dirs)


def test_secrets_have_no_class_because_they_never_enter(tmp_path):
    fields = "pin: {type: string, zh: 密码, en: Pin, description: Secret., class: C3}"

    with pytest.raises(ContractError, match="C3 data is refused at the door"):
        load(conf(tmp_path, "write: append, columns: [pin]", fields))


def test_a_line_of_a_code_list_with_a_column_too_many_is_told_with_its_place(tmp_path: Path):
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "colour.csv").write_text(
        "code,zh,en\nred,红,Red\nblue,蓝,Blue,\n", encoding="utf-8"
    )

    with pytest.raises(ContractError, match="codes/colour.csv, line 3"):
        load_codes((tmp_path,), "colour")
