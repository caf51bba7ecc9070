from hypothesis import given
from hypothesis import strategies as st

from portinfra.model.resources import Rule
from portinfra.reach.traffic import EVERYTHING, NOTHING, Traffic

PORTS = range(12)
ranges = st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(0, 11), st.integers(0, 11)).map(
    lambda drawn: (drawn[0], min(drawn[1:]), max(drawn[1:]))
)
several = st.lists(ranges, max_size=5)


def packets(traffic):
    return {(name, port) for name in ("tcp", "udp") for port in PORTS if (name, port) in traffic}


def spelled(drawn):
    return {(name, port) for name, first, last in drawn for port in range(first, last + 1)}


@given(several, several)
def test_union_intersection_and_difference_are_those_of_sets_of_packets(some, others):
    one, other = Traffic.of(some), Traffic.of(others)
    assert packets(one) == spelled(some)
    assert packets(one | other) == spelled(some) | spelled(others)
    assert packets(one & other) == spelled(some) & spelled(others)
    assert packets(one - other) == spelled(some) - spelled(others)
    assert bool(one - other) == bool(spelled(some) - spelled(others))


@given(several, several)
def test_equal_packets_are_equal_values(some, others):
    assert (Traffic.of(some) == Traffic.of(others)) == (spelled(some) == spelled(others))


def test_a_rule_for_every_protocol_is_everything():
    assert Traffic.of_rule(Rule("all", 0, 0, "0.0.0.0/0")) == EVERYTHING
    assert ("icmp", 0) in EVERYTHING
    assert ("tcp", 0) in EVERYTHING
    assert ("udp", 65_535) in EVERYTHING


def test_icmp_is_one_thing_whatever_its_types():
    assert Traffic.of_rule(Rule("icmp", 8, 8, "x")) == Traffic.of_rule(Rule("icmp", 0, 0, "x"))


def test_traffic_reads_as_one_would_say_it():
    drawn = Traffic.of([("tcp", 443, 443), ("tcp", 8000, 8100), ("udp", 53, 53), ("icmp", 0, 0)])
    assert str(drawn) == "icmp, tcp 443, 8000-8100, udp 53"
    assert str(NOTHING) == "nothing"
    assert str(EVERYTHING) == "icmp, tcp any port, udp any port"
