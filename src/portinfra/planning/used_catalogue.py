"""The catalogue of used names: enough to see that there is nothing to do."""

from collections.abc import Mapping

from portinfra.model.catalogue import Catalogue, MachineType, Zone
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.planning.retention import zone_of


def used_catalogue(
    placed: Placed, observation: Observation, sizes: Mapping[str, str], account: str
) -> Catalogue | None:
    """Return a catalogue that offers exactly what exists; None where a placed resource does not exist.

    If a plan made with it is empty and has no findings, it is final. Any other plan is made again, with what
    the location offers.
    """
    if any(address not in observation.resources for address in placed.resources):
        return None
    specs = [observation.resources[address].spec for address in placed.resources]
    zones = dict.fromkeys(filter(None, map(zone_of, specs)))
    if any(zone not in zones for zone in placed.environment.zones):
        return None  # whether the location has it is not known
    hosts = [spec for spec in specs if isinstance(spec, Instance)]
    types = {*sizes.values(), *(host.machine_type for host in hosts)}
    return Catalogue(
        region=placed.environment.region,
        account=account,
        zones=tuple(map(Zone, zones)),
        sizes=sizes,
        machine_types={name: MachineType(name, 0, 0.0, frozenset(zones)) for name in types},
        images={host.image: host.image_id for host in hosts},
    )
