"""A hypervisor as it was: the texts and states that libvirt told, told again by the same calls.

`save` reads them from a connection of libvirt's binding; `SavedHypervisor` takes such a connection's place.
It can only be read: to change it is an AttributeError.
"""

import re
from collections.abc import Iterable
from typing import Any

import libvirt
from attrs import frozen


def save(connection: Any) -> dict[str, Any]:
    """Return everything on a hypervisor, in texts and plain values."""
    return {
        "hostname": connection.getHostname(),
        "info": connection.getInfo(),
        "networks": [_network(each) for each in _sorted(connection.listAllNetworks())],
        "filters": [_lines(each.XMLDesc()) for each in _sorted(connection.listAllNWFilters()) if _ours(each)],
        "domains": [_domain(each) for each in _sorted(connection.listAllDomains())],
        "pools": [_pool(each) for each in _sorted(connection.listAllStoragePools())],
        "secrets": sorted(
            (_secret(each) for each in connection.listAllSecrets()), key=lambda one: one["usage"]
        ),
    }


def _sorted(listed: Iterable[Any]) -> list[Any]:
    return sorted(listed, key=lambda each: each.name())


def _ours(filter: Any) -> bool:
    """libvirt has filters of its own, which no world needs."""
    return str(filter.name()).startswith("shop-")


_BY_LIBVIRT = re.compile(
    r"\n *<(controller|permissions|timestamps|seclabel|resource|(serial|console)(?= type))\b"
    r"[^>]*(?<!/)>.*?</\1>"
    r"|\n *<(alias|audio|controller|address type='pci')[^>]*/>",
    re.DOTALL,
)
"""What libvirt adds by itself and portinfra does not read: more than half of a text."""


def _lines(text: str) -> list[str]:
    return _BY_LIBVIRT.sub("", text).splitlines()


def _network(network: Any) -> dict[str, Any]:
    return {
        "active": network.isActive(),
        "autostart": network.autostart(),
        "kept": _lines(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)),
    }


def _domain(domain: Any) -> dict[str, Any]:
    running = {"live": _lines(domain.XMLDesc())} if domain.isActive() else {}
    return {
        **running,
        "active": domain.isActive(),
        "persistent": domain.isPersistent(),
        "autostart": domain.autostart(),
        "state": domain.state(),
        "kept": _lines(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)),
    }


def _pool(pool: Any) -> dict[str, Any]:
    volumes = [_lines(each.XMLDesc()) for each in _sorted(pool.listAllVolumes())]
    return {"active": pool.isActive(), "kept": _lines(pool.XMLDesc()), "volumes": volumes}


def _secret(secret: Any) -> dict[str, Any]:
    return {
        "type": secret.usageType(),
        "usage": secret.usageID(),
        "kept": _lines(secret.XMLDesc()),
    }


@frozen
class SavedHypervisor:
    """What `libvirt.open` returned when it was saved."""

    saved: dict[str, Any]

    def isAlive(self) -> int:
        """Return that it answers."""
        return 1

    def setKeepAlive(self, interval: int, count: int) -> int:
        """Return that this is not needed."""
        return 1

    def close(self) -> int:
        """Keep what was saved."""
        return 0

    def getLibVersion(self) -> int:
        """Return the version of the library that is installed here."""
        return int(libvirt.getVersion())

    def getHostname(self) -> str:
        """Return the name of the machine."""
        return str(self.saved["hostname"])

    def getInfo(self) -> list[Any]:
        """Return what the machine has."""
        return list(self.saved["info"])

    def listAllInterfaces(self, flags: int = 0) -> list[Any]:
        """Return no interfaces: only the offer of the site lists them."""
        return []

    def listAllNetworks(self, flags: int = 0) -> list["SavedObject"]:
        """Return the networks, with the leases among them."""
        return [SavedObject(each) for each in self.saved["networks"]]

    def listAllNWFilters(self, flags: int = 0) -> list["SavedObject"]:
        """Return the filters of the shop."""
        return [SavedObject({"kept": each}) for each in self.saved["filters"]]

    def listAllDomains(self, flags: int = 0) -> list["SavedObject"]:
        """Return the guests."""
        return [SavedObject(each) for each in self.saved["domains"]]

    def listAllSecrets(self, flags: int = 0) -> list["SavedObject"]:
        """Return the secrets, without their values."""
        return [SavedObject(each) for each in self.saved["secrets"]]

    def listAllStoragePools(self, flags: int = 0) -> list["SavedObject"]:
        """Return the pools."""
        return [SavedObject(each) for each in self.saved["pools"]]

    def storagePoolLookupByName(self, name: str) -> "SavedObject":
        """Return a pool. Raises libvirtError where there is none."""
        return _find(self.listAllStoragePools(), name, libvirt.VIR_ERR_NO_STORAGE_POOL)

    def networkLookupByName(self, name: str) -> "SavedObject":
        """Return a network. Raises libvirtError where there is none."""
        return _find(self.listAllNetworks(), name, libvirt.VIR_ERR_NO_NETWORK)

    def lookupByName(self, name: str) -> "SavedObject":
        """Return a guest. Raises libvirtError where there is none."""
        return _find(self.listAllDomains(), name, libvirt.VIR_ERR_NO_DOMAIN)


@frozen
class SavedObject:
    """A network, filter, guest, secret, pool or volume."""

    saved: dict[str, Any]

    def XMLDesc(self, flags: int = 0) -> str:
        """Return its text: as it runs, unless what is kept is asked for."""
        live = self.saved.get("live") if not flags else None
        return "\n".join(live or self.saved["kept"])

    def name(self) -> str:
        """Return its name, which most kinds have as an element and filters as an attribute."""
        return self._find(r"<name>(.*?)</name>|<filter name='(.*?)'")

    def UUIDString(self) -> str:
        """Return its UUID."""
        return self._find(r"<uuid>(.*?)</uuid>")

    def usageType(self) -> int:
        """Return what a secret is for."""
        return int(self.saved["type"])

    def usageID(self) -> str:
        """Return the path of the disk that a secret opens."""
        return str(self.saved["usage"])

    def isActive(self) -> int:
        """Return whether it runs."""
        return int(self.saved["active"])

    def isPersistent(self) -> int:
        """Return whether it is kept when it stops."""
        return int(self.saved["persistent"])

    def autostart(self) -> int:
        """Return whether it starts with its machine."""
        return int(self.saved["autostart"])

    def state(self) -> list[int]:
        """Return the state of a guest, and its reason."""
        return list(self.saved["state"])

    def listAllVolumes(self, flags: int = 0) -> list["SavedObject"]:
        """Return the volumes of a pool."""
        return [SavedObject({"kept": each}) for each in self.saved["volumes"]]

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.XMLDesc())
        return next(filter(None, found.groups())) if found else ""


def _find(listed: list[SavedObject], name: str, code: int) -> SavedObject:
    for each in listed:
        if each.name() == name:
            return each
    error = libvirt.libvirtError(f"there is no {name}")
    error.err = (code, 0, f"there is no {name}", 0, "", "", "", 0, 0)
    raise error
