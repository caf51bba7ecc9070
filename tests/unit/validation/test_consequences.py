"""One wrong attribute gives one finding: none judges the value that replaces a wrong one. Of two independent
errors, both are printed.

A name that is wrong, and a list that lacks a member, are the exception: what looks there finds nothing, and
no check can tell that from a name that is misspelt elsewhere.
"""

import re
from itertools import combinations

import pytest
from attrs import evolve

from portinfra import (
    INTERNET,
    Action,
    DataPolicy,
    DrillSettings,
    Environment,
    EvidenceCopy,
    Probe,
    RecoveryPlan,
    Role,
    Service,
    Topology,
    Vault,
    Volume,
    Wave,
    allow,
)
from portinfra.declaration.declared import Declared
from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.finding import Severity
from portinfra.model.schema import UNNAMED, Kind, attributes
from portinfra.validation import validate, validate_declared
from portinfra.validation.consequences import LOOKUPS

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ5x5x5x5x5x5x5x5x5x5x5x5x5x5x5x5x5x5x5x5x5 ada"
PAY = Service("payments", tcp=8443, local_port=8002, app_port=8003, health="/health", health_port=8003)
OTHER = Service("ledger", tcp=8444, local_port=8012)
WEB = Role(
    "web",
    public="customers",
    size="f1.small",
    slot=5,
    ssh_keys=[KEY],
    user_data="#!/bin/sh\n",
    tags={"team": "shop"},
    ready=["true"],
    ignore=["tags"],
    waive={"check/fewer-than-three": "a copy is made in minutes"},
    offers=[PAY, OTHER],
    renamed_from="front",
)
DATA = Volume("data", gib=10, mount="/srv/data", key="alias/shop")
DB = Role("orders", volumes=[DATA, Volume("log", gib=10, mount="/srv/log")], slot=6)
FLOWS = [
    allow(INTERNET, WEB, tcp=443, why="customers"),
    allow(WEB, INTERNET, tcp=443, why="packages"),
    allow(WEB, DB, tcp=5432, udp=53, icmp=True, why="orders"),
    allow(DB, PAY, why="payments"),
    allow("203.0.113.0/24", WEB, tcp=22, why="administration"),
]
SHOP = Topology("shop", roles=[WEB, DB], flows=FLOWS, retired={"old": 0}, delivery="files", tags={"a": "b"})
HOME = Environment(
    "home",
    on="fake:us-east-1",
    account="1",
    cidr="10.1.0.0/16",
    key="alias/home",
    zones=["us-east-1a", "us-east-1b", "us-east-1c"],
    roles={"orders": {"count": 3}},
    sizes={"f1.small": "f1.large"},
    keys={"alias/shop": "alias/home"},
)
AWAY = evolve(HOME, name="away", on="fake:eu-west-1", account="2", cidr="10.2.0.0/16", zones=())
VAULT = Vault(
    "vault:shop", "203.0.113.7:22", "sender", "receiver", recipient=f"age1{'a' * 58}", identity="identity"
)
PLAN = RecoveryPlan(
    "shop",
    "home",
    "away",
    rpo="4h",
    rto="1h",
    waves=[Wave([DB], gates=["true"]), Wave([WEB])],
    data=[
        DataPolicy("orders/data", engine="age", schedule="1h", before="true", after="true", keep=3),
        DataPolicy("orders/log", engine="age", group="logs"),
    ],
    vault=VAULT,
    probes=[Probe("rows", "true", reads=["orders"], calls=["payments"], from_role="web")],
    actions=[Action("tell", "true", on=["failover"], after="orders")],
    drill=DrillSettings(cidr="10.9.0.0/16", limit="3h", reach=["203.0.113.7/32"], through="web", every="90d"),
    evidence=EvidenceCopy("vault:shop/evidence"),
    contacts=["Ada"],
    signers=[f"{'A' * 43}="],
    approve=["failover"],
    standby="running",
    refresh_every="30d",
)

WRONG = [object(), -1, "a\x07b"]

LOOKS = LOOKUPS | {"recovery/no-volumes", "recovery/standby-closed", "recovery/unknown-environment"}
"""The rules that look for something by its name, or in a list."""


def in_shop(**changes):
    return {"topology": evolve(SHOP, **changes)}


def in_plan(**changes):
    return {"plan": evolve(PLAN, **changes)}


VALUES = {
    "topology": (SHOP, lambda value: {"topology": value}),
    "role": (WEB, lambda value: in_shop(roles=[value, DB])),
    "role with data": (DB, lambda value: in_shop(roles=[WEB, value])),
    "volume": (DATA, lambda value: in_shop(roles=[WEB, evolve(DB, volumes=[value, DB.volumes[1]])])),
    "service": (PAY, lambda value: in_shop(roles=[evolve(WEB, offers=[value, OTHER]), DB])),
    **{
        f"flow {number}": (
            flow,
            lambda value, number=number: in_shop(flows=[*FLOWS[:number], value, *FLOWS[number + 1 :]]),
        )
        for number, flow in enumerate(FLOWS)
    },
    "environment": (HOME, lambda value: {"home": value}),
    "recovery plan": (PLAN, lambda value: {"plan": value}),
    "wave": (PLAN.waves[0], lambda value: in_plan(waves=[value, PLAN.waves[1]])),
    "data policy": (PLAN.data[0], lambda value: in_plan(data=[value, PLAN.data[1]])),
    "vault": (VAULT, lambda value: in_plan(vault=value)),
    "probe": (PLAN.probes[0], lambda value: in_plan(probes=[value])),
    "action": (PLAN.actions[0], lambda value: in_plan(actions=[value])),
    "drill": (PLAN.drill, lambda value: in_plan(drill=value)),
    "evidence": (PLAN.evidence, lambda value: in_plan(evidence=value)),
}
"""A value of each class, and the declaration with another one in its place."""


def find(topology=SHOP, home=HOME, plan=PLAN):
    """What the two stages of validation find, but for the warnings that a right declaration has."""
    found = {}
    for stage in (
        lambda: validate_declared(Declared((topology,), (home, AWAY), (plan,))),
        lambda: validate(topology, home, Capabilities(public_addresses=False), {"aws": {}}),
    ):
        try:
            findings = stage()
        except ValidationError as error:
            findings = error.findings
        found |= {(each.rule, each.subject, each.message): each for each in findings}
    right = ("recovery/standby-closed", "provider/public")
    return [each for each in found.values() if each.rule not in right or "not known" in each.message]


def change(value, attribute, wrong):
    """The value with a wrong attribute; None where its converter accepts or refuses it at once."""
    try:
        return evolve(value, **{attribute: wrong})
    except (TypeError, ValueError):
        return None


def test_the_declaration_is_right_before_it_is_changed():
    assert find() == []


@pytest.mark.slow
@pytest.mark.parametrize("named", VALUES)
def test_a_wrong_attribute_gives_one_finding(named):
    value, put = VALUES[named]
    for each in attributes(type(value)):
        for wrong in WRONG:
            if (changed := change(value, each.name, wrong)) is None:
                continue
            found = find(**put(changed))
            if any(one.rule.endswith(("/wrong-type", "/character")) for one in found):
                is_looked_up = each.is_label or each.kind is Kind.PARTS
                others = [one for one in found if not (is_looked_up and one.rule in LOOKS)]
                assert len(others) == 1, (each.name, wrong, found)


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        (in_shop(roles=[evolve(WEB, public=5), DB]), "role.web.public"),
        (in_shop(roles=[evolve(WEB, public="a\x07"), DB]), "role.web.public"),
        (in_shop(roles=[]), "topology.shop"),
        (in_plan(waves=[]), "recovery.shop.waves"),
        (in_plan(waves=[Wave(["oders"]), Wave([WEB])]), "recovery.shop.wave 1.roles"),
        (in_plan(target="aawy"), "recovery.shop.target"),
        (in_plan(vault=None), "recovery.shop.vault"),
        ({"home": evolve(HOME, subnet_prefix=3)}, "environment.home.subnet_prefix"),
        (
            in_shop(roles=[evolve(WEB, offers=[evolve(PAY, tcp=70000), OTHER]), DB]),
            "role.web.service.payments.tcp",
        ),
    ],
    ids=[
        "type of public",
        "character in public",
        "no roles",
        "no waves",
        "misspelt role",
        "misspelt environment",
        "no vault",
        "prefix",
        "port of service",
    ],
)
def test_a_wrong_value_gives_one_finding(changes, subject):
    assert [each.subject for each in find(**changes)] == [subject]


def test_each_wave_of_wrong_roles_gives_one_finding():
    plan = evolve(PLAN, waves=[Wave([5]), Wave([6])])
    assert [each.subject for each in find(plan=plan)] == [f"recovery.shop.wave {n}.roles" for n in (1, 2)]


@pytest.mark.parametrize("lock", ["4h", "36h", "7", "0d", "7x"])
def test_the_advice_about_a_wrong_lock_is_right_at_the_first_time(lock):
    (finding,) = find(plan=evolve(PLAN, lock=lock))
    assert (finding.subject, finding.fix) == ("recovery.shop.lock", "Write whole days: 7d, for example.")


@pytest.mark.parametrize("named", VALUES)
def test_each_of_several_wrong_attributes_gives_one_finding(named):
    value, put = VALUES[named]
    wrong = object()
    names = [each.name for each in attributes(type(value)) if change(value, each.name, wrong) is not None]
    several = value
    for name in names:
        several = change(several, name, wrong) or several
    found = [each for each in find(**put(several)) if each.rule not in LOOKS]
    assert all(each.rule.endswith("/wrong-type") for each in found)
    assert len({each.subject for each in found}) == len(found)


def declare(
    roles=(), offers=(), calls=(), web=None, flows=(), home=None, waves=(), data=(), probes=(), **plan
):
    """The declaration with more roles, services of orders, flows, policies and probes, and other values."""
    changed = {"waves": [*PLAN.waves, *waves], "data": [*PLAN.data, *data], "probes": [*PLAN.probes, *probes]}
    topology = evolve(
        SHOP,
        roles=[evolve(WEB, **(web or {})), evolve(DB, offers=offers), *roles],
        flows=[*FLOWS, *flows],
    )
    return {
        "topology": topology,
        "home": evolve(HOME, **(home or {})),
        "plan": evolve(PLAN, **changed, **plan),
    }


FAULTS = {
    "a role with a wrong name": {"roles": [Role(5)]},
    "what is no role": {"roles": [5]},
    "a service with a wrong port": {"web": {"offers": [evolve(PAY, tcp="x"), OTHER]}},
    "a service with a wrong local port": {"web": {"offers": [PAY, evolve(OTHER, local_port="x")]}},
    "a service with a wrong name": {"web": {"offers": [PAY, OTHER, Service(5, tcp=8500, local_port=8020)]}},
    "two services with one port": {"offers": [Service("a", 5000, 8030), Service("b", 5000, 8031)]},
    "a low local port": {"offers": [Service("c", 5001, 443)]},
    "a flow to no role": {"flows": [allow("orders", "nosuch", tcp=5, why="none")]},
    "a flow to no service": {"flows": [allow("orders", evolve(PAY, name="nothing"), why="none")]},
    "a flow with a wrong port": {"flows": [allow("orders", "web", tcp="x", why="none")]},
    "what is no flow": {"flows": [5]},
    "a wrong cidr": {"home": {"cidr": 5}},
    "a size of no role": {"home": {"roles": {"nobody": {"count": 3}}}},
    "a wrong wave": {"waves": [Wave([5])]},
    "a role of a wave that nothing declares": {"waves": [Wave(["nowhere"])]},
    "data of no role": {"data": [DataPolicy("nobody/data", engine="age")]},
    "data of no text": {"data": [DataPolicy(5)]},
    "a probe that calls nothing": {"probes": [Probe("pays", "true", calls=["nothing"], from_role="web")]},
    "a wrong standby": {"standby": 5},
    "an unknown occasion": {"actions": [Action("tell", "true", on=["never"])]},
}
"""Errors at different places, each as it changes the declaration."""


def both(first, second):
    """The change that makes both errors; None where both set one attribute."""
    merged = {**first, **second}
    for name in first.keys() & second.keys():
        if isinstance(first[name], dict):
            if first[name].keys() & second[name].keys():
                return None
            merged[name] = {**first[name], **second[name]}
        else:
            merged[name] = [*first[name], *second[name]]
    return merged


def errors(changes):
    """The errors, but for those about the name that replaces a wrong one. Waves have no names."""
    topology, home, plan = declare(**changes).values()
    with pytest.raises(ValidationError) as caught:
        validate_declared(Declared((topology,), (home, AWAY), (plan,)))
    return {
        (each.rule, re.sub(r"wave \d+", "wave", each.subject), each.message)
        for each in caught.value.findings
        if each.severity is Severity.ERROR and UNNAMED not in each.message
    }


@pytest.mark.slow
def test_of_two_independent_errors_both_are_printed():
    alone = {name: errors(changes) for name, changes in FAULTS.items()}
    assert all(alone.values())
    for first, second in combinations(FAULTS, 2):
        if changes := both(FAULTS[first], FAULTS[second]):
            hidden = (alone[first] | alone[second]) - errors(changes)
            assert not hidden, (first, second, hidden)
