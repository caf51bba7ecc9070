"""The drivers of the simulator, one small file for each kind: the model for those of a real cloud."""

from collections.abc import Mapping
from typing import Any

from portinfra.model.resources import Spec
from portinfra.provider.interface import Driver
from portinfra.testing.fake.drivers.attachment import AttachmentDriver
from portinfra.testing.fake.drivers.firewall import FirewallDriver
from portinfra.testing.fake.drivers.firewall_rules import FirewallRulesDriver
from portinfra.testing.fake.drivers.instance import InstanceDriver
from portinfra.testing.fake.drivers.network import NetworkDriver
from portinfra.testing.fake.drivers.public_address import PublicAddressDriver
from portinfra.testing.fake.drivers.snapshot import SnapshotDriver
from portinfra.testing.fake.drivers.subnet import SubnetDriver
from portinfra.testing.fake.drivers.volume import VolumeDriver
from portinfra.testing.fake.shapes import Shape


def drivers(shape: Shape, zones: tuple[str, ...]) -> Mapping[type[Spec], Driver[Any]]:
    """Return kind → driver, in order of dependency."""
    in_order: tuple[Driver[Any], ...] = (
        NetworkDriver(shape, zones),
        SubnetDriver(shape, zones),
        FirewallDriver(shape, zones),
        FirewallRulesDriver(shape, zones),
        InstanceDriver(shape, zones),
        VolumeDriver(shape, zones),
        AttachmentDriver(shape, zones),
        PublicAddressDriver(shape, zones),
        SnapshotDriver(shape, zones),
    )
    return {driver.spec: driver for driver in in_order}
