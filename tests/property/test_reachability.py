"""What reach says is what the simulator's network does, packet for packet, at every boundary there is."""

from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from near_and_far import CIDRS, ports, worlds

from portinfra import Topology, allow, apply, observe, place, plan, reach
from portinfra.testing import strategies
from portinfra.testing.fake import SHAPES, FakeCloud, FakeError, plugin
from portinfra.testing.fake.packets import Packets

costly = settings(
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
clouds = st.sampled_from(sorted(SHAPES)).map(lambda name: FakeCloud(shape=SHAPES[name]))


@contextmanager
def on(cloud):
    plugin.cloud = cloud
    try:
        yield cloud
    finally:
        plugin.cloud = None


def settled(cloud):
    cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)


def packets_of(cloud, environment):
    return Packets(cloud, environment.account, environment.region)


def probes(cloud):
    """The packets at each end of each rule's ports, and the addresses at each end of each range."""
    books = cloud.ground_truth()
    rules = [
        rule
        for record in books
        if record["kind"] == "firewall"
        for rule in record["ingress"] + record["egress"]
    ]
    edges = {port for rule in rules for port in (rule["first"], rule["last"])} | {0, 65_535}
    near = {port + step for port in edges for step in (-1, 0, 1) if 0 <= port + step <= 65_535}
    packets = [("icmp", 0), *((protocol, port) for protocol in ("tcp", "udp") for port in sorted(near))]
    ranges = {rule["peer"] for rule in rules if "/" in rule["peer"]}
    ranges |= {record["cidr"] for record in books if record["kind"] == "subnet"}
    addresses = {"203.0.113.77", "8.8.8.8"}
    for network in map(IPv4Network, ranges):
        first, last = int(network.network_address), int(network.broadcast_address)
        addresses |= {str(IPv4Address(n)) for n in (first - 1, first, last, last + 1) if 0 <= n < 2**32}
    return packets, addresses


def differences(found, packets, cloud):
    """Each packet about which the two disagree, by addresses; every host is asked about with everybody."""
    every, addresses = probes(cloud)
    wrong = []
    for host in packets.hosts:
        for other in packets.hosts.keys() | addresses:
            for source, target in ((host, other), (other, host)):
                traffic = found.direct(source, target)
                wrong += [
                    (source, target, packet)
                    for packet in every
                    if (packet in traffic) != packets.arrives(source, target, *packet)
                ]
    return wrong


def broken(found):
    """Each hop of each shortest chain that is none, by the walls' own answer."""
    return [
        hop
        for source in found.names
        for chain in found.chains_from(source).values()
        for hop in chain
        if not hop.traffic or hop.traffic - found.direct(hop.source, hop.target)
    ]


@pytest.mark.slow
@costly
@given(worlds(), strategies.environments(), clouds)
def test_what_is_placed_lets_through_what_arrives_once_it_is_applied(topology, environment, cloud):
    with on(cloud):
        apply(plan(topology, environment), seed=0)
        settled(cloud)
        intent = reach.of(place(topology, environment))
        there = reach.observed_reach(observe(topology, environment))
        packets = packets_of(cloud, environment)
        assert differences(intent, packets, cloud) == []
        assert differences(there, packets, cloud) == []
        assert broken(intent) == broken(there) == []


rules = st.builds(
    lambda protocol, between, peer: {
        "protocol": protocol,
        "first": between[0],
        "last": between[1],
        "peer": peer,
    },
    st.sampled_from(["tcp", "udp", "icmp", "all"]),
    st.one_of(ports, st.just((0, 65_535)), st.just((0, 0))),
    st.sampled_from(["0.0.0.0/0", *CIDRS]),
)


@st.composite
def tampering(draw):
    """Something that somebody does in the console: an action, and which of the things there it is done to."""
    action = draw(
        st.sampled_from(
            [
                *["AllowTraffic"] * 2,
                *["SetInstanceFirewall"] * 2,
                "RevokeTraffic",
                "SetSubnetPublic",
                "DeletePublicAddress",
                "AssociatePublicAddress",
                "DeleteInstance",
                "StopInstance",
            ]
        )
    )
    return action, draw(rules), draw(st.booleans()), draw(st.integers(0, 99)), draw(st.integers(0, 99))


def tamper(cloud, environment, deed):
    """Do it, if there is anything to do it to and the cloud does not refuse."""
    action, rule, flag, first, second = deed
    kinds = {}
    for record in cloud.ground_truth():
        kinds.setdefault(record["kind"], []).append(record)
    kind = {"Traffic": "firewall", "Firewall": "instance", "Public": "subnet", "Address": "public-address"}
    ours = kinds.get(next((k for word, k in kind.items() if action.endswith(word)), "instance"), [])
    others = kinds.get("firewall" if "Traffic" in action or "Firewall" in action else "instance", [])
    if not ours or not others:
        return
    one, other = ours[first % len(ours)], others[second % len(others)]
    way = "ingress" if flag else "egress"
    given_ = {"id": one["id"], "firewall": other["id"], "instance": other["id"], "public": flag}
    if action == "AllowTraffic":
        given_ |= {"direction": way, "rules": [rule | ({"peer": other["id"]} if second % 3 == 0 else {})]}
    elif action == "RevokeTraffic":
        given_ |= {"direction": way, "rules": one[way][:1]}
    try:
        cloud.request(environment.account, environment.region, action, given_)
    except FakeError:
        return


@costly
@given(worlds(), strategies.environments(), clouds, st.lists(tampering(), min_size=3, max_size=10))
def test_what_is_seen_lets_through_what_arrives_whatever_was_done_by_hand(
    topology, environment, cloud, deeds
):
    with on(cloud):
        apply(plan(topology, environment), seed=0)
        settled(cloud)
        for deed in deeds:
            tamper(cloud, environment, deed)
        settled(cloud)
        there = reach.observed_reach(observe(topology, environment))
        assert differences(there, packets_of(cloud, environment), cloud) == []
        assert broken(there) == []


@pytest.mark.parametrize("loosened", ["AllowTraffic", "SetInstanceFirewall"])
def test_the_comparison_sees_a_difference(loosened):
    """The test of the tests: what was done by hand is not in the intent."""
    from portinfra import INTERNET, Environment, Role

    environment = Environment("production", on="fake:us-east-1", account="111122223333")
    roles = [Role("web", public="customers"), Role("db")]
    topology = Topology("sample", roles, [allow(INTERNET, "web", tcp=443, why="customers")])
    with on(FakeCloud()) as cloud:
        apply(plan(topology, environment), seed=0)
        ids = {
            record["name"].split("-")[2]: record["id"]
            for record in cloud.ground_truth()
            if record["kind"] in ("firewall", "instance")
        }
        rule = {"protocol": "tcp", "first": 22, "last": 22, "peer": "0.0.0.0/0"}
        given_ = {"id": ids["web"], "direction": "ingress", "rules": [rule]}
        if loosened == "SetInstanceFirewall":
            given_ = {"id": ids["web1"], "firewall": ids["db"]}
        cloud.request(environment.account, environment.region, loosened, given_)
        settled(cloud)
        wrong = differences(reach.of(place(topology, environment)), packets_of(cloud, environment), cloud)
        assert wrong
