"""libvirt's drivers, one file for each kind."""

from collections.abc import Mapping
from typing import Any

from portinfra.model.resources import Spec
from portinfra.provider.interface import Driver
from portinfra_libvirt.drivers.attachment import AttachmentDriver
from portinfra_libvirt.drivers.firewall import FirewallDriver
from portinfra_libvirt.drivers.firewall_rules import FirewallRulesDriver
from portinfra_libvirt.drivers.instance import InstanceDriver
from portinfra_libvirt.drivers.network import NetworkDriver
from portinfra_libvirt.drivers.public_address import PublicAddressDriver
from portinfra_libvirt.drivers.snapshot import SnapshotDriver
from portinfra_libvirt.drivers.subnet import SubnetDriver
from portinfra_libvirt.drivers.volume import VolumeDriver
from portinfra_libvirt.site import Site


def drivers(site: Site) -> Mapping[type[Spec], Driver[Any]]:
    """Return kind → driver, in the order of creation."""
    in_order: tuple[Driver[Any], ...] = (
        NetworkDriver(site),
        SubnetDriver(site),
        FirewallDriver(site),
        FirewallRulesDriver(site),
        InstanceDriver(site),
        VolumeDriver(site),
        AttachmentDriver(site),
        PublicAddressDriver(site),
        SnapshotDriver(site),
    )
    return {driver.spec: driver for driver in in_order}
