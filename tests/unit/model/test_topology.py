import pytest

from portinfra import INTERNET, Environment, Role, Topology, Volume, allow, place
from portinfra.errors import ValidationError
from portinfra.model.resources import Attachment, FirewallRules, Instance, Rule, public_fields, traits


def test_ports_become_sorted_ranges_that_do_not_touch():
    flow = allow(INTERNET, "web", tcp=[443, "8000-8100", 80, 81, "8050-8200"])
    assert flow.tcp == ((80, 81), (443, 443), (8000, 8200))


def test_one_port_alone_needs_no_list():
    assert allow("a", "b", udp=53).udp == ((53, 53),)
    assert allow("a", "b", tcp="1-5").tcp == ((1, 5),)


@pytest.mark.parametrize("port", [0, 65536, "x", "5-", "9-3", True, -1])
def test_what_is_no_port_is_reported_with_all_else(port):
    flow = allow("a", "a", tcp=port, why="x")
    with pytest.raises(ValidationError) as error:
        place(Topology("shop", [Role("a", count="3")], [flow]), Environment("demo", on="fake:us-east-1"))
    wrong = {each.subject: each for each in error.value.findings}
    assert set(wrong) == {"flow a → a.tcp", "role.a.count"}, "nothing that follows from them"
    assert "must be ports between 1 and 65535: 443, '8000-8100'" in wrong["flow a → a.tcp"].message
    assert wrong["flow a → a.tcp"].location == flow.location


def test_roles_and_names_make_equal_flows():
    web, db = Role("web"), Role("db")
    assert allow(web, [db, "cache"], tcp=1) == allow(["web"], ["db", "cache"], tcp=1)


def test_values_remember_the_line_that_made_them_and_are_equal_all_the_same():
    first = Role("web")
    second = Role("web")
    assert first == second
    assert second.location.line == first.location.line + 1
    assert first.location.file == __file__


def test_one_alone_is_one_of_several():
    web = Role("web", volumes=Volume("data", gib=1), ssh_keys="ssh-ed25519 A")
    assert Topology("t", roles=web).roles == (web,)
    assert web.volumes[0].name == "data"
    assert web.ssh_keys == ("ssh-ed25519 A",)


def test_a_resource_that_is_gone_is_no_longer_referred_to():
    attachment = Attachment("db1-data", "instance.db1", "volume.db1-data", "data")
    assert attachment.references() == ("instance.db1", "volume.db1-data")
    assert attachment.without("instance.db1").references() == ("volume.db1-data",)


def test_rules_refer_to_the_firewalls_of_their_peers():
    rules = FirewallRules(
        "web",
        "firewall.web",
        ingress=(Rule("tcp", 443, 443, "0.0.0.0/0"), Rule("tcp", 80, 80, "firewall.bastion")),
        egress=(Rule("tcp", 1, 1, "firewall.web"),),
    )
    assert rules.references() == ("firewall.web", "firewall.bastion")
    assert rules.without("firewall.bastion").ingress == (Rule("tcp", 443, 443, "0.0.0.0/0"),)


def test_rules_are_sorted_and_without_doubles_in_whatever_order_they_are_given():
    http, https = Rule("tcp", 80, 80, "0.0.0.0/0"), Rule("tcp", 443, 443, "0.0.0.0/0")
    rules = FirewallRules("web", "firewall.web", [https, http, https], (https, http))
    assert rules.ingress == rules.egress == (http, https)
    assert rules == FirewallRules("web", "firewall.web", (http, https), [http, https])


def test_user_data_is_never_shown_nor_compared():
    instance = Instance("web1", None, None, 0, "10.0.0.4", user_data="canary")
    assert "canary" not in repr(instance)
    assert "canary" not in str(public_fields(instance))
    assert "user_data" not in traits(Instance).compared
    assert instance == Instance("web1", None, None, 0, "10.0.0.4", user_data="other")
    assert "canary" not in repr(Role("web", user_data="canary"))
