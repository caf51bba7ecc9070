"""Claims, on libvirt's own test driver: they are definitions of networks, and of those it is faithful."""

import libvirt
import pytest
from attrs import frozen

from portinfra.errors import AlreadyExists, NotFound
from portinfra.model.address import Scope
from portinfra.model.claim import Claim, Holder
from portinfra_libvirt.actions.together import Together
from portinfra_libvirt.claims import LibvirtClaims
from portinfra_libvirt.connections import Connections
from portinfra_libvirt.errors import classified
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
ME = Holder("ada", "desk", "boot-1", "1:1")
OTHER = Holder("grace", "rack", "boot-2", "2:2")
NODE = """\
<node>
  <network><name>somebody</name><bridge name='somebr'/></network>
</node>
"""
CLAIMS = LibvirtClaims()


@pytest.fixture
def site(tmp_path):
    """Two hypervisors, each in a world of its own."""
    zones = []
    for zone in "ab":
        (tmp_path / f"{zone}.xml").write_text(NODE)
        zones.append(Hypervisor(zone, f"test://{tmp_path}/{zone}.xml", (zone,)))
    return Site("rack", tuple(zones))


@frozen
class Rack:
    """Both, as a provider has them."""

    connections: Connections
    together: Together

    def perform(self, call):
        return self.together.perform(call.action, call.parameters)


@pytest.fixture
def rack(site):
    connections = Connections(site)
    yield Rack(connections, Together(site, connections.to))
    connections.close()


def there(rack):
    return CLAIMS.assemble([rack.perform(CLAIMS.survey(SCOPE))])


def test_a_claim_is_read_as_it_was_taken_and_as_it_was_written_last(rack):
    claim = Claim(3, ME, since="2026-11-28T10:00:00+00:00", active_at=7.5, epoch=2, fenced=True, note="{}")
    rack.perform(CLAIMS.take(SCOPE, claim))
    assert there(rack) == [claim]
    later = Claim(3, ME, beat=4, released=True, version="0.1.0")
    for _ in range(2):
        rack.perform(CLAIMS.write(SCOPE, later))
    assert there(rack) == [later]


def test_a_claim_of_an_older_version_has_no_peer(rack):
    older = CLAIMS.take(SCOPE, Claim(3, ME, epoch=2, fenced=True)).parameters["document"]
    assert "peer" not in older
    for zone in "ab":
        rack.connections.to(zone).networkDefineXML(older)
    assert there(rack) == [Claim(3, ME, epoch=2, fenced=True)]


def test_a_number_is_taken_once_whoever_asks(rack):
    rack.perform(CLAIMS.take(SCOPE, Claim(1, ME)))
    with pytest.raises(libvirt.libvirtError) as error:
        rack.perform(CLAIMS.take(SCOPE, Claim(1, OTHER)))
    assert isinstance(classified(error.value), AlreadyExists)
    assert [claim.holder for claim in there(rack)] == [ME]


def test_one_that_is_taken_on_the_second_hypervisor_only_is_given_back_on_the_first(rack):
    second = rack.connections.to("b")
    second.networkDefineXML(CLAIMS.take(SCOPE, Claim(1, OTHER)).parameters["document"])
    with pytest.raises(libvirt.libvirtError):
        rack.perform(CLAIMS.take(SCOPE, Claim(1, ME)))
    assert len(rack.connections.to("a").listAllNetworks()) == 1
    assert [claim.holder for claim in there(rack)] == [OTHER]


def test_what_is_dropped_is_gone_and_nothing_else_is(rack):
    rack.perform(CLAIMS.take(SCOPE, Claim(1, ME)))
    rack.perform(CLAIMS.take(Scope("shop", "recovery"), Claim(1, OTHER)))
    rack.perform(CLAIMS.drop(SCOPE, 1))
    assert there(rack) == []
    with pytest.raises(NotFound, match="no claim"):
        rack.perform(CLAIMS.drop(SCOPE, 1))
    assert {network.name() for network in rack.connections.to("a").listAllNetworks()} >= {"somebody"}


def test_one_that_somebody_made_unreadable_is_nobodys(rack):
    rack.perform(CLAIMS.take(SCOPE, Claim(2, ME)))
    for zone in "ab":
        network = next(n for n in rack.connections.to(zone).listAllNetworks() if n.name() != "somebody")
        document = network.XMLDesc().replace("holder", "h0lder")
        rack.connections.to(zone).networkDefineXML(document)
    (claim,) = there(rack)
    assert (claim.number, claim.holder.user, claim.released) == (2, "unknown", False)
