"""A role's walls as libvirt has them: what is written is read back, and whatever somebody adds is noticed."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from portinfra_libvirt import filters, xml
from portinfra_libvirt.filters import ANYWHERE, Allowed

OWNER = "firewall.web web 10.0.0.0/22 attempt"


@st.composite
def allowed(draw):
    protocol = draw(st.sampled_from(["tcp", "udp", "icmp"]))
    first = draw(st.integers(1, 65_535)) if protocol != "icmp" else 0
    last = draw(st.integers(first, 65_535)) if protocol != "icmp" else 0
    network = draw(st.ip_addresses(v=4))
    cidr = draw(
        st.sampled_from([ANYWHERE, str(ipaddress.ip_network(f"{network}/22", strict=False)), f"{network}/32"])
    )
    peer = draw(st.sampled_from([cidr, "firewall.app"]))
    return Allowed(draw(st.sampled_from(["ingress", "egress"])), protocol, first, last, cidr, peer)


SERVER = "10.30.255.254"


@given(st.sets(allowed(), max_size=6), st.sampled_from(["", SERVER]))
def test_what_is_let_through_is_read_back(rules, dhcp):
    seen = filters.read(filters.document("n", OWNER, rules, dhcp))
    assert (seen.name, seen.owner, seen.allowed, seen.dhcp) == ("n", OWNER, tuple(sorted(rules)), dhcp)
    assert seen.sound


@given(st.sets(allowed(), max_size=6), st.sampled_from(["", SERVER]))
def test_a_filter_that_is_renewed_lets_the_same_through_and_is_no_equal_definition(rules, dhcp):
    before = filters.document("n", OWNER, rules, dhcp)
    after = filters.renew(before, "later")
    assert after != before, "libvirt instantiates no filter again whose definition is equal"
    assert filters.read(after) == filters.read(before)._replace(owner="firewall.web web 10.0.0.0/22 later")


def test_dhcp_is_spoken_with_its_server_alone_and_where_there_is_none_not_at_all():
    assert "'67'" not in filters.document("n", OWNER)
    for rule in xml.parse(filters.document("n", OWNER, dhcp=SERVER)).iter("rule"):
        for traffic in rule:
            if "67" in (traffic.get("srcportstart"), traffic.get("dstportstart")):
                far = traffic.get("srcipaddr" if rule.get("direction") == "in" else "dstipaddr")
                assert far == SERVER or (far == "255.255.255.255" and rule.get("direction") == "out")


def test_dhcp_that_is_opened_to_somebody_else_is_a_difference():
    document = filters.document("n", OWNER, dhcp=SERVER)
    for opened in (
        document.replace(f"srcipaddr='{SERVER}'", "", 1),
        document.replace(SERVER, "192.0.2.1", 1),
    ):
        assert not filters.read(opened).sound
    assert filters.read(document.replace(SERVER, "192.0.2.1")).dhcp == "192.0.2.1"


@given(st.sets(allowed(), max_size=3), st.sampled_from(["in", "out", "inout"]), st.integers(-1000, 1000))
def test_a_rule_that_somebody_adds_is_a_difference(rules, direction, priority):
    document = filters.document("n", OWNER, rules)
    for traffic in ("<all/>", "<ip/>", "<tcp dstportstart='22'/>", "<tcp state='NEW' dstportstart='22'/>"):
        added = (
            f"<rule action='accept' direction='{direction}' priority='{priority}'>{traffic}</rule></filter>"
        )
        seen = filters.read(document.replace("</filter>", added))
        assert not seen.sound or seen.allowed != tuple(sorted(rules))


def test_a_wall_that_somebody_takes_out_is_a_difference():
    document = filters.document("n", OWNER)
    for wall in ("<mac/>", "match='no' srcipaddr='$IP'", "match='no' srcmacaddr='$MAC'", "<all "):
        lines = [line for line in document.removesuffix("</filter>").splitlines() if wall not in line]
        assert not filters.read("\n".join([*lines, "</filter>"])).sound, wall


def test_what_is_not_let_through_is_not_let_through_on_the_wire_either():
    """The lower layer has a rule each way for each of the upper layer's, and no other for IPv4 but DHCP."""
    document = filters.document("n", OWNER, [Allowed("ingress", "tcp", 443, 443, ANYWHERE, ANYWHERE)])
    assert document.count("<ip protocol='tcp'") == 2
    assert "<ip/>" not in document
    assert "dstportstart='443' dstportend='443'" in document
    assert "srcportstart='443' srcportend='443'" in document
