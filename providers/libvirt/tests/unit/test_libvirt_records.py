"""Records, on libvirt's own test driver: they are definitions of networks, and of those it is faithful."""

import libvirt
import pytest
from attrs import frozen

from portinfra.errors import AlreadyExists, NotFound
from portinfra.model.address import Scope
from portinfra.model.record import Record
from portinfra_libvirt import networks
from portinfra_libvirt.actions.all_hypervisors import Together
from portinfra_libvirt.connections import Connections
from portinfra_libvirt.errors import to_provider_error
from portinfra_libvirt.records import LibvirtRecords
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
NODE = """\
<node>
  <network><name>somebody</name><bridge name='somebr'/></network>
</node>
"""
RECORDS = LibvirtRecords()


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


def there(rack, scope=SCOPE):
    return RECORDS.assemble([rack.perform(RECORDS.survey(scope))])


def test_a_text_is_read_as_it_was_created_and_as_it_was_written_last(rack):
    rack.perform(RECORDS.create(SCOPE, Record(3, '{"note":"</p:owner>]]>&lt;\\"}')))
    assert there(rack) == [Record(3, '{"note":"</p:owner>]]>&lt;\\"}')]
    for _ in range(2):
        rack.perform(RECORDS.write(SCOPE, Record(3, "later")))
    assert there(rack) == [Record(3, "later")]


def test_a_text_of_version_0_1_0_is_read_and_written_as_it_was(rack):
    said = '{"scope":"shop/production","claim":{"number":3,"note":""}}'
    older = f"""<network><name>portinfra-{SCOPE.hash}-claim-3</name><metadata>\
<p:owner xmlns:p="{networks.URI}">{said}</p:owner></metadata></network>"""
    for zone in "ab":
        rack.connections.to(zone).networkDefineXML(older)
    (record,) = there(rack)
    assert record == Record(3, '{"number":3,"note":""}')
    assert RECORDS.create(SCOPE, record).parameters["document"] == older


def test_a_number_is_created_once_whoever_asks(rack):
    rack.perform(RECORDS.create(SCOPE, Record(1, "mine")))
    with pytest.raises(libvirt.libvirtError) as error:
        rack.perform(RECORDS.create(SCOPE, Record(1, "other")))
    assert isinstance(to_provider_error(error.value), AlreadyExists)
    assert there(rack) == [Record(1, "mine")]


def test_one_that_is_created_on_the_second_hypervisor_only_is_given_back_on_the_first(rack):
    second = rack.connections.to("b")
    second.networkDefineXML(RECORDS.create(SCOPE, Record(1, "other")).parameters["document"])
    with pytest.raises(libvirt.libvirtError):
        rack.perform(RECORDS.create(SCOPE, Record(1, "mine")))
    assert len(rack.connections.to("a").listAllNetworks()) == 1
    assert there(rack) == [Record(1, "other")]


def test_what_is_deleted_is_gone_and_nothing_else_is(rack):
    other = Scope("shop", "recovery")
    rack.perform(RECORDS.create(SCOPE, Record(1, "mine")))
    rack.perform(RECORDS.create(other, Record(1, "other")))
    rack.perform(RECORDS.delete(SCOPE, 1))
    assert there(rack) == []
    assert there(rack, other) == [Record(1, "other")]
    with pytest.raises(NotFound, match="does not exist"):
        rack.perform(RECORDS.delete(SCOPE, 1))
    assert {network.name() for network in rack.connections.to("a").listAllNetworks()} >= {"somebody"}


def test_metadata_that_was_damaged_is_a_record_without_a_text(rack):
    rack.perform(RECORDS.create(SCOPE, Record(2, "{}")))
    for zone in "ab":
        network = next(n for n in rack.connections.to(zone).listAllNetworks() if n.name() != "somebody")
        document = network.XMLDesc().replace('claim"', 'cl4im"').replace("claim&quot;", "cl4im&quot;")
        rack.connections.to(zone).networkDefineXML(document)
    assert there(rack) == [Record(2, "")]
