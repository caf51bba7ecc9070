"""Each rule: what breaks it, what does not, and what waives it."""

import pytest
from attrs import evolve

from portinfra import (
    INTERNET,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Service,
    Topology,
    Volume,
    allow,
    rule,
)
from portinfra.declaration.load import load
from portinfra.errors import DeclarationError
from portinfra.model.address import Address
from portinfra.model.finding import Severity
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Rule
from portinfra.model.rule_classes import OURS
from portinfra.placement import place
from portinfra.policy import BUILT_IN, check
from portinfra.policy.context import PolicyContext
from portinfra.reach import of

PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16")
VPN, BASTION = Role("vpn", public="administrators"), Role("bastion")
WEB, DB = Role("web", public="customers"), Role("db")
FLOWS = (
    allow(INTERNET, VPN, udp=1194, why="administrators"),
    allow(VPN, BASTION, tcp=22, why="administration"),
    allow(BASTION, [WEB, DB], tcp=22, why="administration"),
    allow(INTERNET, WEB, tcp=443, why="customers"),
    allow(WEB, DB, tcp=5432, why="orders"),
)


def shop(*flows, roles=(VPN, BASTION, WEB, DB), environment=PRODUCTION):
    return place(Topology("shop", roles, [*FLOWS, *flows]), environment)


def found(placed, **more):
    return {(one.rule, one.subject): one for one in check(placed, **more).findings}


def rules_of(placed, **more):
    return {rule for rule, _ in found(placed, **more)}


def there(placed, changes):
    """What a cloud would show of it, with the specs of some addresses changed; None: it is gone."""
    resources = {address: Observed(address, spec) for address, spec in placed.resources.items()}
    for name, fields in changes.items():
        address = Address(name)
        if fields is None:
            del resources[address]
        else:
            resources[address] = evolve(resources[address], spec=evolve(resources[address].spec, **fields))
    return Observation(resources)


def test_a_sound_platform_breaks_no_rule():
    placed = shop()
    assert check(placed).findings == ()
    assert check(placed, observation=there(placed, {})).findings == ()
    assert check(placed, observation=Observation()).findings == ()


@pytest.mark.parametrize("reason", [" ", "-", "x", "yes", "true", "To do", "TBD."])
def test_a_public_role_needs_a_reason_that_says_something(reason):
    finding = found(shop(roles=(VPN, BASTION, Role("web", public=reason), DB)))[
        "check/public-without-reason", "role.web"
    ]
    assert finding.severity is Severity.ERROR
    assert finding.location.file == __file__


@pytest.mark.parametrize("why", ["", "  ", "-"])
def test_a_flow_says_why(why):
    flow = allow(WEB, DB, tcp=1, why=why)
    finding = found(shop(flow))["check/flow-without-why", "flow web → db"]
    assert finding.severity is Severity.ERROR
    assert finding.location == flow.location


@pytest.mark.parametrize(
    ("sources", "ports", "breaks"),
    [
        ([INTERNET], {"tcp": 22}, True),
        ([INTERNET], {"tcp": "1-1000"}, True),
        ([INTERNET], {"tcp": 3389}, True),
        ([INTERNET], {"udp": 3389}, True),
        ([INTERNET], {"udp": 22}, False),
        ([INTERNET], {"tcp": [21, 23]}, False),
        (["0.0.0.0/1", "128.0.0.0/1"], {"tcp": 22}, True),
        (["203.0.0.0/15"], {"tcp": 22}, True),
        (["203.0.0.0/16"], {"tcp": 22}, False),
        (["203.0.0.0/16", "204.0.0.0/32"], {"tcp": 22}, True),
        (["203.0.0.0/16", "203.0.113.0/24"], {"tcp": 22}, False),
        (["192.168.0.0/16", "172.16.0.0/12"], {"tcp": 22}, False),
    ],
)
def test_nobody_logs_in_from_the_world(sources, ports, breaks):
    flow = allow(sources, WEB, **ports, why="administration")
    broken = [one for one in check(shop(flow)).findings if one.rule == "check/login-from-internet"]
    assert bool(broken) == breaks
    assert all(one.severity is Severity.ERROR and one.location == flow.location for one in broken)


def test_a_login_that_was_opened_by_hand_is_an_error_too():
    placed = shop()
    opened = {"ingress": (*placed.resources["firewall-rules.web"].ingress, Rule("tcp", 22, 22, "0.0.0.0/0"))}
    broken = found(placed, observation=there(placed, {"firewall-rules.web": opened}))
    assert {id for id, _ in broken} == {"check/login-from-internet", "check/undeclared-from-internet"}
    finding = broken["check/undeclared-from-internet", "role.web"]
    assert finding.message == "internet → web: no flow declares tcp 22 from internet to web"


def test_a_range_that_holds_ones_own_hosts_makes_a_way_that_nobody_declared():
    flows = (
        allow("10.10.0.0/16", DB, tcp="5000-6000", why="our own"),
        allow(WEB, "10.0.0.0/8", tcp=5555, why="our own"),
    )
    finding = found(shop(*flows))["check/undeclared-from-internet", "role.db"]
    assert finding.severity is Severity.ERROR
    assert finding.message == "internet → web → db: no flow declares tcp 5555 from web to db"
    assert rules_of(shop(*flows, allow(WEB, DB, tcp=5555, why="declared"))) == set()


def test_a_way_that_the_internet_cannot_take_is_a_warning():
    flows = (
        allow("10.10.0.0/16", BASTION, tcp=1, why="our own"),
        allow(DB, "10.10.0.0/16", tcp=1, why="our own"),
    )
    placed = place(Topology("shop", [BASTION, DB], flows), PRODUCTION)
    assert rules_of(placed) == {"check/undeclared-way"}
    assert {one.severity for one in check(placed).findings} == {Severity.WARNING}


def test_who_may_go_out_to_everybody_may_come_to_who_lets_everybody_in():
    proxy = Role("proxy", public="calls the card network")
    flow = allow(proxy, INTERNET, tcp=443, why="card network")
    assert rules_of(shop(flow, roles=(VPN, BASTION, WEB, DB, proxy))) == set()


@pytest.mark.parametrize(("count", "breaks"), [(0, False), (1, True), (2, True), (3, False)])
def test_fewer_than_three_hosts_are_a_warning(count, breaks):
    broken = found(shop(roles=(VPN, BASTION, WEB, Role("db", count=count))))
    assert (("check/fewer-than-three", "role.db") in broken) == breaks


def test_counts_are_those_of_the_environment():
    environment = evolve(PRODUCTION, roles={"db": {"count": 1}})
    assert ("check/fewer-than-three", "role.db") in found(shop(environment=environment))


def test_hosts_that_are_gone_are_counted_where_they_are():
    placed = shop()
    broken = found(placed, observation=there(placed, {"instance.db2": None}))
    finding = broken["check/fewer-than-three", "role.db"]
    assert finding.message == "2 of 3 declared hosts exist"
    assert finding.fix == "Let `portinfra apply` create the others."
    assert finding.observed


def test_two_zones_are_not_three():
    environment = evolve(PRODUCTION, zones=("a", "b"))
    assert rules_of(shop(environment=environment)) == {"check/unbalanced-zones"}


def test_hosts_in_the_wrong_zone_are_a_warning():
    placed = shop()
    moved = there(placed, {"instance.db2": {"zone": 0}, "instance.db3": {"zone": 0}})
    assert found(placed, observation=moved)["check/unbalanced-zones", "role.db"].message == (
        "its zones have 3, 0, 0 hosts"
    )


def test_two_roles_in_one_subnet_are_an_error():
    placed = shop()
    moved = there(placed, {"instance.db2": {"subnet": Address("subnet.web-1")}})
    finding = found(placed, observation=moved)["check/shared-subnet", "subnet.web-1"]
    assert finding.message == "it holds hosts of db and web"
    assert finding.severity is Severity.ERROR


def test_subnets_that_overlap_are_an_error():
    placed = shop()
    wide = there(placed, {"subnet.web-0": {"cidr": "10.10.8.0/22"}})
    assert ("check/shared-subnet", "subnet.web-1") in found(placed, observation=wide)


def test_a_private_role_has_no_way_to_addresses_outside():
    assert rules_of(shop(allow(DB, "203.0.113.0/24", tcp=443, why="backups"))) == {"check/leads-nowhere"}
    assert rules_of(shop(allow("203.0.113.0/24", DB, tcp=443, why="reports"))) == {"check/leads-nowhere"}
    assert rules_of(shop(allow(WEB, "203.0.113.0/24", tcp=443, why="reports"))) == set()


def test_data_that_reaches_the_internet_by_itself_is_a_note():
    store = Role("store", public="customers", volumes=[Volume("data", gib=1)])
    roles = (VPN, BASTION, WEB, DB, store)
    finding = found(shop(allow(store, INTERNET, tcp=443, why="updates"), roles=roles))[
        "check/data-with-way-out", "role.store"
    ]
    assert finding.severity is Severity.NOTE
    assert rules_of(shop(roles=roles)) == set()


def test_what_a_cloud_could_not_tell_is_told():
    placed = shop()
    foreign = {"instance.db1": {"firewall": None}}
    observation = evolve(there(placed, foreign), unknown=frozenset({"us-east-1b"}))
    told = {subject for id, subject in found(placed, observation=observation) if id == "check/not-told"}
    assert told == {"instance.db1", "environment.production"}


def test_a_waiver_of_a_role_holds_for_its_hosts_beyond_its_count():
    before = there(shop(), {"instance.db3": {"firewall": None}})
    waiving = evolve(DB, count=2, waive={"check/not-told": "it is moved by hand", **FEW})
    report = check(shop(roles=(VPN, BASTION, WEB, waiving)), observation=before)
    assert "check/not-told" not in {each.rule for each in report.findings}
    assert ("db", "instance.db3") in {(each.role, each.finding.subject) for each in report.waived}


FEW = {"check/fewer-than-three": "a copy is made in minutes"}
ALONE = Role("db", count=1, waive={"check/fewer-than-three": "a copy is made in minutes"})


def test_a_waiver_with_a_reason_is_kept_and_listed():
    report = check(shop(roles=(VPN, BASTION, WEB, ALONE)))
    assert report.findings == ()
    (waived,) = report.waived
    assert (waived.role, waived.reason) == ("db", "a copy is made in minutes")
    assert waived.finding.rule == "check/fewer-than-three"


def test_a_blank_reason_waives_nothing():
    blank = evolve(ALONE, waive={"check/fewer-than-three": " "})
    assert "check/fewer-than-three" in rules_of(shop(roles=(VPN, BASTION, WEB, blank)))


def test_a_finding_about_a_flow_is_waived_by_a_role_that_it_touches():
    flow = allow(INTERNET, WEB, tcp=22, why="training")
    waive = {"check/login-from-internet": "a training machine without data"}
    assert check(shop(flow, roles=(VPN, BASTION, evolve(WEB, waive=waive), DB))).findings == ()
    elsewhere = check(shop(flow, roles=(VPN, BASTION, WEB, evolve(DB, waive=waive))))
    assert {one.rule for one in elsewhere.findings} == {"check/login-from-internet"}


@pytest.mark.parametrize(
    ("id", "severity", "fix"),
    [
        ("check/fewer-then-three", Severity.WARNING, "Did you mean 'check/fewer-than-three'?"),
        ("R6", Severity.WARNING, "R6 is checked by check/fewer-than-three and check/unbalanced-zones"),
        ("r6", Severity.WARNING, "R6 is checked by check/fewer-than-three and check/unbalanced-zones"),
        ("R1", Severity.WARNING, "Remove it: only rules of check can be waived."),
        ("r25", Severity.WARNING, "Remove it: only rules of check can be waived."),
        ("acme/own", Severity.NOTE, "If it is a rule of your own, let the script pass it on"),
        ("plan/quota", Severity.NOTE, "Remove it. The finding itself"),
        ("topology/mount", Severity.NOTE, "Remove it. The finding itself"),
    ],
)
def test_a_waiver_of_a_rule_that_there_is_not_is_told(id, severity, fix):
    finding = found(shop(roles=(VPN, BASTION, WEB, evolve(DB, waive={id: "because of x"}))))[
        "check/unknown-rule", "role.db.waive"
    ]
    assert finding.severity is severity
    assert finding.fix.startswith(fix)


UNNEEDED = evolve(DB, waive={"check/service-without-tls": "its clients encrypt"})


def test_a_waiver_that_nothing_needs_is_a_note():
    finding = found(shop(roles=(VPN, BASTION, WEB, UNNEEDED)))["check/unused-waiver", "role.db.waive"]
    assert finding.severity is Severity.NOTE


def test_a_waiver_that_another_environment_may_need_says_where_nothing_needs_it():
    finding = found(shop(roles=(VPN, BASTION, WEB, UNNEEDED)))["check/unused-waiver", "role.db.waive"]
    rule = "check/service-without-tls"
    assert finding.message == f"it waives {rule}, which finds nothing about this role in production"
    assert "another environment" in finding.fix


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.id)
def test_a_waiver_is_unused_without_an_observation_only_if_none_can_need_it(one):
    placed = shop(roles=(VPN, BASTION, WEB, evolve(DB, waive={one.id: "the office's own machine"})))
    unused = ("check/unused-waiver", "role.db.waive")
    assert (unused in found(placed)) is one.declaration_only
    assert unused in found(placed, observation=there(placed, {}))


def test_a_host_that_is_missing_needs_a_waiver_that_the_declaration_does_not():
    few = evolve(DB, waive={"check/fewer-than-three": "two are enough while we grow"})
    placed = shop(roles=(VPN, BASTION, WEB, few))
    seen = there(placed, {"instance.db3": None})
    assert check(placed).findings == ()
    (waived,) = check(placed, observation=seen).waived
    assert waived.finding.rule == "check/fewer-than-three"


class DeclarationAlone:
    """A context that has what is declared, and raises for what an observation may change."""

    def __init__(self, context):
        self._context = context

    def __getattr__(self, name):
        if name in ("hosts", "resources", "reach", "observation"):
            raise LookupError(name)
        return getattr(self._context, name)


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.id)
def test_a_rule_of_the_declaration_alone_reads_nothing_that_an_observation_changes(one):
    placed = shop(roles=(VPN, BASTION, WEB, evolve(DB, volumes=[Volume("data", gib=1)])))
    context = DeclarationAlone(PolicyContext(placed, of(placed), placed.resources))
    if one.declaration_only:
        list(one.find(context))
    else:
        with pytest.raises(LookupError):
            list(one.find(context))


@rule("acme/no-large", "error", fix="Use medium.")
def no_large(context):
    """Nothing large."""
    for role in context.roles:
        if role.size == "large":
            yield role, "large"


def test_a_rule_of_ones_own_is_held_to_and_waived_like_any_other():
    large = Role("db", size="large")
    finding = found(shop(roles=(VPN, BASTION, WEB, large)), rules=[no_large])["acme/no-large", "role.db"]
    assert (finding.severity, finding.fix) == (Severity.ERROR, "Use medium.")
    waived = evolve(large, waive={"acme/no-large": "years of history"})
    assert found(shop(roles=(VPN, BASTION, WEB, waived)), rules=[no_large]) == {}


def test_a_rule_of_ones_own_may_read_what_exists_unless_it_says_otherwise():
    placed = shop(roles=(VPN, BASTION, WEB, evolve(DB, waive={"acme/no-large": "years of history"})))
    unused = ("check/unused-waiver", "role.db.waive")
    assert unused not in found(placed, rules=[no_large])
    assert unused in found(placed, rules=[no_large], observation=there(placed, {}))
    assert unused in found(placed, rules=[evolve(no_large, declaration_only=True)])


def test_a_rule_about_what_exists_is_called_only_with_an_observation():
    @rule("acme/old", observed_only=True)
    def old(context):
        yield context.environment, f"{len(context.observation.resources)} resources are old"

    placed = shop()
    assert found(placed, rules=[old]) == {}
    assert rules_of(placed, rules=[old], observation=there(placed, {})) == {"acme/old"}


def test_a_rule_cannot_be_about_the_declaration_alone_and_about_what_exists_alone():
    with pytest.raises(ValueError, match="exclude each other"):
        rule("acme/old", declaration_only=True, observed_only=True)


def test_a_rule_that_fails_is_an_error_at_its_own_line():
    @rule("acme/broken")
    def broken(context):
        yield context.nothing

    with pytest.raises(DeclarationError, match="acme/broken fails: AttributeError") as raised:
        check(shop(), rules=[broken])
    assert raised.value.location.file == __file__


def test_a_rule_that_yields_no_pairs_is_an_error():
    @rule("acme/broken")
    def broken(context):
        yield "a text alone"

    with pytest.raises(DeclarationError, match="acme/broken fails"):
        check(shop(), rules=[broken])


def test_ids_are_two_names_and_used_once():
    with pytest.raises(ValueError, match="no id of a rule"):
        rule("no-large")
    with pytest.raises(DeclarationError, match="two rules are called 'acme/no-large'"):
        check(shop(), rules=[no_large, no_large])


def test_every_rule_says_what_it_is_for():
    assert len({one.id for one in BUILT_IN}) == len(BUILT_IN)
    for one in BUILT_IN:
        assert one.id.startswith("check/")
        assert one.what.endswith(".")
        assert one.fix.endswith(".")
        assert one.enforces.startswith("R")


def test_a_function_that_is_no_rule_is_told_how_to_become_one():
    def no_friday(context):
        yield context.topology, "never on a Friday"

    with pytest.raises(DeclarationError, match="no_friday is no rule") as caught:
        check(shop(), rules=[no_friday])
    assert '@rule("acme/no-friday"' in caught.value.fix


def test_a_rule_may_name_a_role_and_is_waived_by_it():
    @rule("acme/no-db", "error", "Use a file.")
    def no_db(context):
        """There is a database."""
        yield "db", "it is one"

    finding = found(shop(), rules=[no_db])["acme/no-db", "role.db"]
    assert finding.location
    waived = shop(roles=(VPN, BASTION, WEB, evolve(DB, waive={"acme/no-db": "customers asked for one"})))
    assert "acme/no-db" not in rules_of(waived, rules=[no_db])


def test_a_rule_that_names_nothing_that_there_is_fails():
    @rule("acme/no-ghosts")
    def no_ghosts(context):
        """There is a ghost."""
        yield "ghost", "it is one"

    with pytest.raises(DeclarationError, match="'ghost' is neither a role nor the address"):
        check(shop(), rules=[no_ghosts])


def test_a_rule_that_misspells_a_name_is_told_the_name():
    @rule("acme/no-db")
    def no_db(context):
        """No databases."""
        yield "instance.db11", "it is one"

    with pytest.raises(DeclarationError, match="There are instance"):
        check(shop(), rules=[no_db])


@pytest.mark.parametrize("subject", ["db", "instance.db1", "firewall.db", "firewall-rules.db", "subnet.db-0"])
def test_a_finding_about_a_name_is_waived_by_the_role_that_has_it(subject):
    @rule("acme/no-db", "error")
    def no_db(context):
        """No databases."""
        yield subject, "it is one"

    assert "acme/no-db" in rules_of(shop(), rules=[no_db])
    waived = shop(roles=(VPN, BASTION, WEB, evolve(DB, waive={"acme/no-db": "customers asked for one"})))
    assert "acme/no-db" not in rules_of(waived, rules=[no_db])


@pytest.mark.parametrize("first", sorted(OURS))
def test_a_rule_of_ones_own_does_not_read_like_a_built_in_one(first):
    @rule(f"{first}/no-large")
    def no_large(context):
        """Nothing is large."""
        yield from ()

    with pytest.raises(DeclarationError, match="reads like a built-in rule") as caught:
        check(shop(), rules=[no_large])
    assert "'acme/no-large'" in caught.value.fix


def test_a_severity_is_one_of_three():
    with pytest.raises(ValueError, match="'fatal' is no severity; there are error, warning, note"):
        rule("acme/no-large", severity="fatal")


def test_what_is_found_only_in_what_is_there_says_so():
    placed = shop(roles=(VPN, BASTION, WEB, evolve(DB, count=2)))
    world = there(placed, {"firewall-rules.web": {"ingress": (Rule("tcp", 22, 22, "0.0.0.0/0"),)}})
    seen = {one.subject: one.observed for one in check(placed, observation=world).findings}
    assert seen == {"role.web": True, "role.db": False}


@pytest.mark.parametrize(
    ("tls", "waive", "expected"),
    [
        ("proxy", {}, set()),
        ("app", {}, set()),
        ("none", {}, {"check/service-without-tls"}),
        ("none", {"check/service-without-tls": "read-only, and public anyway"}, set()),
    ],
)
def test_traffic_between_services_is_encrypted(tls, waive, expected):
    cache = evolve(DB, offers=Service("cache", tcp=6380, local_port=8003, tls=tls), waive=waive)
    found_rules = rules_of(shop(roles=(VPN, BASTION, WEB, cache)))
    assert {rule for rule in found_rules if "service" in rule} == expected


API = Service("api", tcp=8443, local_port=8002)


def shop_with_api(environment=PRODUCTION, **role):
    app = Role("app", offers=API, **role)
    topology = Topology("shop", [VPN, BASTION, WEB, DB, app], [*FLOWS, allow(WEB, API, why="orders")])
    return place(topology, environment)


@pytest.mark.parametrize(
    ("here", "there", "line"),
    [
        ({"count": 0}, {}, "count=3 in the role 'app'"),
        ({}, {"app": {"count": 0}}, 'roles={"app": {"count": 3}} in the environment \'production\''),
    ],
    ids=["in the role", "in the environment"],
)
def test_a_service_that_is_called_has_a_host(here, there, line):
    without = shop_with_api(evolve(PRODUCTION, roles=there), **here)
    finding = found(without)["check/service-without-host", "flow web → app"]
    assert finding.message == "'web' calls the service 'api', which no host of 'app' offers in production"
    assert f"Write {line} (" in finding.fix
    assert finding.location.file == __file__
    nobody = evolve(PRODUCTION, roles={**there, "web": {"count": 0}})
    for sound in (shop_with_api(), shop_with_api(nobody, **here)):
        assert "check/service-without-host" not in rules_of(sound)


@pytest.mark.parametrize(
    ("probe", "is_watched"),
    [
        ({"calls": API}, True),
        ({"calls": ["api"]}, True),
        ({"reads": "app"}, True),
        ({"reads": "db"}, False),
        (None, False),
    ],
)
def test_a_service_is_watched_by_a_probe_of_its_recovery_plan(probe, is_watched):
    probes = [] if probe is None else [Probe("a page", "true", **probe)]
    waves = [["db"], ["app"], ["web", "vpn", "bastion"]]
    plan = RecoveryPlan("shop", "production", "recovery", rpo="4h", rto="1h", waves=waves, probes=probes)
    key = ("check/service-without-probe", "role.app.service.api")
    assert (key not in found(shop_with_api(), recoveries=[plan])) == is_watched
    if not is_watched:
        finding = found(shop_with_api(), recoveries=[plan])[key]
        assert 'calls=["api"]' in finding.fix
        assert finding.location == API.location
    elsewhere = evolve(PRODUCTION, name="development")
    assert key not in found(shop_with_api(elsewhere), recoveries=[plan])
    waived = shop_with_api(waive={"check/service-without-probe": "each page calls it"})
    assert key not in found(waived, recoveries=[plan])


HCL = """\
topology "shop" {
  role "web" {}
  role "app" {
    service "api" {
      tcp        = 8443
      local_port = 8002
      tls        = "none"
    }
  }
  allow {
    from    = "web"
    service = "api"
    why     = "orders"
  }
}
environment "production" {
  on = "fake:us-east-1"
  role "app" {
    count = 0
  }
}
recovery "shop" {
  source = "production"
  target = "production"
  rpo    = "4h"
  rto    = "1h"
  waves  = [["app"], ["web"]]
  probe "a page" {
    run = "true"
  }
}
"""


def test_findings_about_services_in_hcl_have_the_line_and_what_to_write_there(tmp_path):
    file = tmp_path / "shop.hcl"
    file.write_text(HCL, encoding="utf-8")
    declared = load(file)
    report = check(place(declared.topologies[0], declared.environments[0]), recoveries=declared.recoveries)
    found = {each.rule: each for each in report.findings if "service" in each.rule}
    assert {name: (each.location.line, each.subject) for name, each in found.items()} == {
        "check/service-without-tls": (7, "role.app.service.api.tls"),
        "check/service-without-host": (10, "flow web → app"),
        "check/service-without-probe": (4, "role.app.service.api"),
    }
    assert 'tls = "proxy"' in found["check/service-without-tls"].fix
    assert 'waive = { "check/service-without-tls" = "…" }' in found["check/service-without-tls"].fix
    where = f"in the environment 'production' ({file}:16)."
    assert found["check/service-without-host"].fix == f'Write role "app" {{ count = 3 }} {where}'
    assert found["check/service-without-probe"].fix.endswith(f"'a page' ({file}:28): calls = [\"api\"].")
