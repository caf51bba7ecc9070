"""The declared way into a drill: one public address, and rules for the declared ranges."""

import pytest
from attrs import evolve
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, there

from portinfra import dr
from portinfra.declaration.load import load
from portinfra.errors import ValidationError
from portinfra.model.recovery import DrillSettings, RecoveryPlan
from portinfra.model.resources import FirewallRules, PublicAddress, Rule, Subnet
from portinfra.recovery.drills.drill import drill, place_drill

ADA = "203.0.113.7/32"
OPEN = DrillSettings(cidr="10.99.0.0/16", limit="2h", reach=[ADA], through="web")


def rules_with_outside(placed):
    found = []
    for spec in placed.resources.values():
        if isinstance(spec, FirewallRules):
            found += [(spec.name, "in", rule) for rule in spec.ingress if rule.peer_firewall is None]
            found += [(spec.name, "out", rule) for rule in spec.egress if rule.peer_firewall is None]
    return found


def test_a_drill_has_one_public_address_and_one_rule_for_the_declared_range():
    two = evolve(SHOP, roles=[evolve(role, count=2) for role in SHOP.roles])
    placed = place_drill(recovery(topology=two, drill=OPEN), "d1")
    (address,) = [spec for spec in placed.resources.values() if isinstance(spec, PublicAddress)]
    assert address.instance == "instance.web1"
    assert rules_with_outside(placed) == [("web", "in", Rule("tcp", 443, 443, ADA))]
    public = {spec.name[:3] for spec in placed.resources.values() if isinstance(spec, Subnet) and spec.public}
    assert public == {"web"}


def test_without_it_nothing_gets_in_or_out():
    placed = place_drill(recovery(drill=DrillSettings()), "d1")
    assert rules_with_outside(placed) == []
    assert not [spec for spec in placed.resources.values() if isinstance(spec, PublicAddress)]


def test_evidence_lists_it_and_nothing_of_it_is_left(ready):
    before, said = there(ready), []
    evidence = drill(recovery(drill=OPEN), run_options=ONE, say=said.append)
    assert evidence.result == "passed"
    assert (evidence.way_in.ranges, evidence.way_in.through) == ((ADA,), "web1")
    assert f"web1 can be reached from {ADA}" in said
    assert there(ready) == before
    assert drill(recovery(), run_options=ONE).way_in is None


def test_the_block_and_the_former_names_say_the_same():
    old = place_drill(recovery(drill_cidr="10.99.0.0/16", drill_limit="2h"), "d1")
    new = place_drill(recovery(drill=DrillSettings(cidr="10.99.0.0/16", limit="2h")), "d1")
    assert old.resources == new.resources
    assert recovery(accept="hosts").plan.drills.accept == "hosts"
    assert recovery(drill=DrillSettings(accept="hosts")).plan.drills.accept == "hosts"


def test_it_is_declared_in_hcl_as_in_python(tmp_path):
    (tmp_path / "shop.hcl").write_text(
        """
        recovery "shop" {
          source = "production"
          target = "recovery"
          rpo    = "4h"
          rto    = "1h"
          waves  = [["web"]]
          drill {
            cidr    = "10.99.0.0/16"
            limit   = "2h"
            reach   = ["203.0.113.7/32"]
            through = "web"
          }
        }
        """
    )
    (declared,) = load(tmp_path / "shop.hcl").recoveries
    assert declared == RecoveryPlan(
        "shop", PRODUCTION, RECOVERY, rpo="4h", rto="1h", waves=[["web"]], drill=OPEN
    )


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"reach": ["0.0.0.0/0"]}, "recovery/reach"),
        ({"reach": ["10.0.0.0/8"]}, "recovery/reach"),
        ({"reach": ["people"]}, "recovery/reach"),
        ({"reach": ["fd00::/64"]}, "recovery/reach"),
        ({"reach": []}, "recovery/reach"),
        ({"through": ""}, "recovery/reach"),
        ({"through": "db"}, "recovery/reach"),
        ({"through": "wbe"}, "recovery/unknown-role"),
        ({"limit": "5m"}, "recovery/drill-limit"),
        ({"cidr": "ten"}, "recovery/drill-cidr"),
        ({"accept": "luck"}, "recovery/unknown-accept"),
    ],
)
def test_what_would_open_too_much_or_nothing_is_refused(more, rule):
    assert rules(DrillSettings(**{"reach": [ADA], "through": "web", **more})) == {rule}


def test_a_setting_is_given_once():
    assert rules(DrillSettings(cidr="10.99.0.0/16"), drill_cidr="10.98.0.0/16") == {"recovery/drill-twice"}


def rules(settings, **more):
    plan = RecoveryPlan(
        "shop", PRODUCTION, RECOVERY, rpo="4h", rto="1h", waves=[["db"], ["web"]], drill=settings, **more
    )
    with pytest.raises(ValidationError) as error:
        dr.recovery(SHOP, plan, [PRODUCTION, RECOVERY])
    return {finding.rule for finding in error.value.findings if finding.severity.name == "ERROR"}
