"""Compute Engine's drivers, one file for each kind."""

from collections.abc import Mapping
from typing import Any

from portinfra.model.resources import Spec
from portinfra.provider.interface import Driver
from portinfra_gcp.drivers.attachment import AttachmentDriver
from portinfra_gcp.drivers.firewall import FirewallDriver
from portinfra_gcp.drivers.firewall_rules import FirewallRulesDriver
from portinfra_gcp.drivers.instance import InstanceDriver
from portinfra_gcp.drivers.network import NetworkDriver
from portinfra_gcp.drivers.public_address import PublicAddressDriver
from portinfra_gcp.drivers.snapshot import SnapshotDriver
from portinfra_gcp.drivers.subnet import SubnetDriver
from portinfra_gcp.drivers.volume import VolumeDriver
from portinfra_gcp.keys import Keyring


def drivers(keyring: Keyring) -> Mapping[type[Spec], Driver[Any]]:
    """Return kind → driver, in the order of creation."""
    in_order: tuple[Driver[Any], ...] = (
        NetworkDriver(keyring),
        SubnetDriver(keyring),
        FirewallDriver(keyring),
        FirewallRulesDriver(),
        InstanceDriver(keyring),
        VolumeDriver(keyring),
        AttachmentDriver(),
        PublicAddressDriver(keyring),
        SnapshotDriver(keyring),
    )
    return {driver.spec: driver for driver in in_order}
