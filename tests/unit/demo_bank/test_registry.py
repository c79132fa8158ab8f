"""Who is who in the demo bank: fixed people, unmistakable people, and one registry for all systems."""

from __future__ import annotations

import numpy as np
import pytest

from demo_bank import cast, names
from demo_bank.population import World, make_world
from demo_bank.registry import Registry
from demo_bank.sizes import SIZES


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(make_world(SIZES["tiny"]))


@pytest.mark.parametrize(("size", "seed"), [("nano", 1), ("nano", 20260930), ("tiny", 7)])
def test_the_cast_has_the_same_numbers_names_and_certificates_in_every_size_and_seed(size: str, seed: int):
    world = make_world(SIZES[size], seed)
    assert world.cust_numbers()[:30].tolist() == [f"C9000000{n:02d}" for n in range(1, 31)]
    assert world.names[:30].tolist() == [member.name for member in cast.MEMBERS[:30]]
    assert world.certs[[1, 2]].tolist() == ["339801198512013026", "339801198512013018"]


def test_twins_share_phone_and_address_but_not_the_id():
    world = make_world(SIZES["nano"])
    first, second = cast.person(2), cast.person(3)
    assert world.mobiles[first] == world.mobiles[second]
    assert world.addresses[first] == world.addresses[second]
    assert world.certs[first] != world.certs[second]


def test_nobody_shares_a_certificate_or_a_customer_number(registry: Registry):
    world = registry.world
    assert len(set(world.certs.tolist())) == world.people
    keys = registry.records("CORE").keys
    assert len(set(keys.tolist())) == len(keys)
    assert not set(registry.outsiders.certs.tolist()) & set(world.certs.tolist())


def test_residents_have_ids_of_a_division_that_does_not_exist_and_canaries_look_like_nobody(
    registry: Registry,
):
    world = registry.world
    residents = world.cert_kinds == "01"
    assert np.char.startswith(world.certs[residents], "3398").all()
    canaries = cast.canaries(world.people)
    assert len(canaries) == 20
    assert np.flatnonzero(np.char.startswith(world.names, "金雀")).tolist() == canaries.tolist()
    assert np.char.startswith(world.mobiles, "154").all()


def test_digit_17_tells_the_sex(registry: Registry):
    world = registry.world
    residents = world.cert_kinds == "01"
    seventeenth = np.array([int(cert[16]) for cert in world.certs[residents]])
    assert ((seventeenth % 2 == 1) == (world.sexes[residents] == "1")).all()


def test_half_of_the_people_live_with_others_and_children_are_younger_than_their_head(registry: Registry):
    world: World = registry.world
    together = np.bincount(world.heads, minlength=world.people)[world.heads] > 1
    assert together.mean() == pytest.approx(0.52, abs=0.05)
    children = np.flatnonzero(world.roles == 2)
    assert (world.births[children] > world.births[world.heads[children]]).all()


def test_member_01_has_a_record_everywhere_and_products_have_their_shares(registry: Registry):
    for system in ("CORE", "ECIF", "LOAN", "WEALTH", "CARD", "MBANK", "CRM"):
        assert registry.records(system).key_of(np.array([0]))[0] != ""
    assert registry.records("CORE").person.tolist().count(0) == 2
    shares = {product: has.mean() for product, has in registry.has.items()}
    for product, share in {"app": 0.70, "card": 0.45, "wealth": 0.22, "loan": 0.18}.items():
        assert shares[product] == pytest.approx(share, abs=0.04)


def test_names_are_spelled_as_passports_and_old_scripts_do():
    assert names.latin("单丽芳") == "SHAN LIFANG"
    assert names.latin("吕伟") == "LYU WEI"
    assert names.latin(cast.MEMBERS[6].name) == names.latin(cast.MEMBERS[7].name)
    assert names.traditional("张伟") == "張偉"
