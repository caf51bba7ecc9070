"""Firewall rules are compared by the traffic that they let through."""

import pytest

from portinfra.model.resources import Rule
from portinfra.model.rule_sets import common, covers, difference, intersection, is_needed, without

ROLES = {"firewall.web": "10.10.0.0/22", "firewall.db": "10.10.4.0/22"}


def tcp(first, last=None, peer="0.0.0.0/0"):
    return Rule("tcp", first, last or first, peer)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (tcp(443), tcp(443, 444), tcp(443)),
        (tcp(440, 445), tcp(443, 450), tcp(443, 445)),
        (tcp(443), tcp(444), None),
        (tcp(53), Rule("udp", 53, 53, "0.0.0.0/0"), None),
        (Rule("all", 0, 0, "0.0.0.0/0"), tcp(443), tcp(443)),
        (Rule("icmp", 0, 0, "0.0.0.0/0"), Rule("icmp", 0, 0, "10.0.0.0/8"), Rule("icmp", 0, 0, "10.0.0.0/8")),
        (tcp(443, peer="10.0.0.0/8"), tcp(443, peer="10.1.0.0/16"), tcp(443, peer="10.1.0.0/16")),
        (tcp(443, peer="10.0.0.0/9"), tcp(443, peer="10.128.0.0/9"), None),
        (tcp(443, peer="::/0"), tcp(443, peer="0.0.0.0/0"), None),
        (tcp(443, peer="firewall.web"), tcp(443, peer="10.10.0.0/16"), tcp(443, peer="firewall.web")),
        (tcp(443, peer="firewall.web"), tcp(443, peer="10.10.1.0/24"), tcp(443, peer="10.10.1.0/24")),
        (tcp(443, peer="firewall.web"), tcp(443, peer="10.10.4.0/22"), None),
        (tcp(443, peer="firewall.web"), tcp(443, peer="firewall.db"), None),
        (tcp(443, peer="pl-1234"), tcp(443, peer="0.0.0.0/0"), None),
    ],
)
def test_what_two_rules_have_in_common(one, other, expected):
    assert common(one, other, ROLES) == expected
    assert common(other, one, ROLES) == expected


def test_a_role_whose_addresses_are_not_known_may_be_in_any_range():
    assert common(tcp(443, peer="firewall.web"), tcp(443, peer="10.0.0.0/8")) is not None


def test_a_rule_covers_narrower_ones():
    assert covers(tcp(443, 444), tcp(443))
    assert covers(tcp(443, peer="10.0.0.0/8"), tcp(443, peer="10.1.2.3/32"))
    assert covers(tcp(443, peer="10.10.0.0/16"), tcp(443, peer="firewall.web"), ROLES)
    assert not covers(tcp(443, peer="10.10.0.0/16"), tcp(443, peer="firewall.web"))
    assert not covers(tcp(443), tcp(443, 444))


def test_a_rule_is_needed_until_another_lets_its_wanted_traffic_through():
    assert is_needed(tcp(443), wanted=[tcp(443, 444)], left=[])
    assert not is_needed(tcp(443), wanted=[tcp(443, 444)], left=[tcp(443, 444)])
    assert not is_needed(tcp(22), wanted=[tcp(443, 444)], left=[])


def test_the_intersection_is_what_both_sets_let_through_without_redundant_rules():
    rules = intersection(
        [tcp(20, 24), tcp(443), tcp(22)], [tcp(22, 30), tcp(440, 445, peer="10.0.0.0/8")], ROLES
    )
    assert rules == (tcp(22, 24), tcp(443, peer="10.0.0.0/8"))


def test_the_difference_is_exact_in_ports_and_keeps_a_peer_of_which_only_a_part_is_covered():
    assert difference([tcp(20, 30)], [tcp(22, 24), tcp(28, 40)], ROLES) == (tcp(20, 21), tcp(25, 27))
    assert difference([tcp(22, peer="firewall.web")], [tcp(20, 30, peer="10.10.0.0/16")], ROLES) == ()
    assert difference([tcp(22)], [tcp(22, peer="10.0.0.0/8")], ROLES) == (tcp(22),)
    assert difference([Rule("all", 0, 0, "0.0.0.0/0")], [tcp(22)], ROLES) == (Rule("all", 0, 0, "0.0.0.0/0"),)


def test_of_two_rules_that_cover_each_other_one_is_left():
    one, same = tcp(443, peer="10.0.0.0/8"), tcp(443, peer="10.0.0.1/8")
    assert intersection([one, same], [tcp(443)], ROLES) in ((one,), (same,))
    assert without([one], [same]) == ()
