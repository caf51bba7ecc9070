"""EC2's drivers, one file for each kind."""

from collections.abc import Mapping
from typing import Any

from portinfra.model.resources import Spec
from portinfra.provider.interface import Driver
from portinfra_aws.drivers.attachment import AttachmentDriver
from portinfra_aws.drivers.firewall import FirewallDriver
from portinfra_aws.drivers.firewall_rules import FirewallRulesDriver
from portinfra_aws.drivers.instance import InstanceDriver
from portinfra_aws.drivers.network import NetworkDriver
from portinfra_aws.drivers.public_address import PublicAddressDriver
from portinfra_aws.drivers.snapshot import SnapshotDriver
from portinfra_aws.drivers.subnet import SubnetDriver
from portinfra_aws.drivers.volume import VolumeDriver


def drivers() -> Mapping[type[Spec], Driver[Any]]:
    """Return kind → driver, in the order of creation."""
    in_order: tuple[Driver[Any], ...] = (
        NetworkDriver(),
        SubnetDriver(),
        FirewallDriver(),
        FirewallRulesDriver(),
        InstanceDriver(),
        VolumeDriver(),
        AttachmentDriver(),
        PublicAddressDriver(),
        SnapshotDriver(),
    )
    return {driver.spec: driver for driver in in_order}
