"""What others have in a network of ours, on a bridge of its own and on one that environments share."""

import json

import pytest

from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Network
from portinfra.provider.interface import Names
from portinfra_libvirt.drivers import drivers, foreign
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
NETWORK, WEB = Address("network.main"), Address("subnet.web-0")
SAID = {
    "scope": str(SCOPE),
    "cidr": "10.1.0.0/16",
    "subnets": {"web-0": {"address": WEB, "cidr": "10.1.0.0/24"}},
}
NAMES = Names(
    SCOPE,
    {
        "network:ours": NETWORK,
        "firewall:web": Address("firewall.web"),
        "instance:web1": Address("instance.web1"),
    },
)
HERE = Hypervisor("a", "qemu:///system", ("a",))
ALONE = Site("laptop", (HERE,))
SHARED = Site("rack", (HERE, Hypervisor("b", "qemu+ssh://b/system", ("b",))), bridge="br0")


def network(name, bridge, said=None, pins=()):
    return {"name": name, "bridge": bridge, "said": json.dumps(said or {}), "pins": list(pins)}


def card(**changes):
    return {**dict.fromkeys(("mac", "network", "link", "filter", "address", "more"), ""), **changes}


def found(site, *cards, networks=(), filters=(), pins=()):
    """Return what is listed as foreign, beside our network and one domain of others with these cards."""
    ours = network("ours", site.bridge or "pi1234", SAID, pins)
    told = {
        "networks": [ours, *networks],
        "filters": list(filters),
        "domains": [{"name": "theirs", "cards": list(cards)}],
    }
    answers = {foreign.survey(site)[0]: [told]}
    every = drivers(site).values()
    return [str(each) for driver in every for each in driver.foreign(answers, NAMES)]


@pytest.mark.parametrize("site", [ALONE, SHARED], ids=["own bridge", "shared bridge"])
def test_a_card_in_our_network_is_in_the_subnet_of_its_address(site):
    assert found(site, card(network="ours", address="10.1.0.9")) == ["domain theirs in subnet.web-0"]
    assert found(site, card(network="ours", address="10.1.9.9")) == ["domain theirs in network.main"]
    assert found(site, card(network="ours", address="$IP")) == ["domain theirs in network.main"]


def test_the_address_of_a_card_may_be_known_from_dhcp_alone():
    pins = [{"mac": "52:00:00:00:00:01", "ip": "10.1.0.9"}]
    theirs = card(network="ours", mac="52:00:00:00:00:01")
    assert found(ALONE, theirs, pins=pins) == ["domain theirs in subnet.web-0"]


def test_on_a_bridge_of_our_own_every_card_and_network_is_within_ours():
    theirs = network("their-net", "pi1234")
    assert found(ALONE, card(link="pi1234", filter="f")) == ["domain theirs in network.main"]
    assert found(ALONE, card(network="their-net", filter="f"), networks=[theirs]) == [
        "network their-net in network.main",
        "domain theirs in network.main",
    ]


def test_on_a_shared_bridge_only_who_can_use_our_addresses_is_within_ours():
    theirs, inside = network("their-net", "br0"), card(link="br0", filter="f", address="10.1.0.9")
    assert found(SHARED, card(link="br0", filter="f", address="10.2.0.9"), networks=[theirs]) == []
    assert found(SHARED, inside) == ["domain theirs in subnet.web-0"]
    assert found(SHARED, card(network="their-net"), networks=[theirs]) == ["domain theirs in network.main"]
    assert found(SHARED, card(link="br-other")) == []


def test_a_domain_behind_our_filter_is_bound_to_it_wherever_its_card_is():
    assert found(ALONE, card(network="default", filter="web")) == [
        "domain theirs in firewall.web, bound to firewall.web"
    ]


def test_a_filter_that_ours_refers_to_and_one_that_refers_to_ours_are_listed():
    filters = [
        {"name": "web", "refers": ["beneath"]},
        {"name": "beneath", "refers": ["clean-traffic"]},
        {"name": "above", "refers": ["web"]},
        {"name": "clean-traffic", "refers": []},
    ]
    assert found(ALONE, filters=filters) == [
        "nwfilter above in network.main, bound to firewall.web",
        "nwfilter beneath in network.main, bound to firewall.web",
    ]


def test_all_kinds_share_one_read_of_each_hypervisor():
    seen = {NETWORK: Observed(NETWORK, Network("main", "10.1.0.0/16"))}
    reads = {call for driver in drivers(SHARED).values() for call in driver.survey_foreign(seen)}
    assert sorted((call.parameters["at"], call.place) for call in reads) == [("a", "a"), ("b", "b")]
    assert not [call for driver in drivers(SHARED).values() for call in driver.survey_foreign({})]
