"""One read of all that a scope has on a hypervisor, as plain values. libvirt needs several calls for it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import libvirt

from portinfra.model.address import Scope
from portinfra.model.resources import Instance
from portinfra_libvirt import disks, domains, networks, xml
from portinfra_libvirt.actions import pools
from portinfra_libvirt.actions.hypervisor import read_each
from portinfra_libvirt.site import Site

MIB = 2**20


def survey(connection: Any, scope: str, site_directory: str) -> dict[str, Any]:
    """Return networks, filters, domains, disks and secrets of the scope, and the pool of the disks.

    An inactive pool lists no disks: a read starts nothing. A domain of the scope has a name of the scope.
    Under another name, it has a root disk of the scope that no such domain has.
    """
    ours = Scope.parse(scope)
    directory = disks.directory(site_directory, ours)
    pool = pools.find(connection, ours, directory)
    listed = pools.describe(ours, pool)
    files = list(_disks(pool)) if listed["state"] == "active" else []
    secrets = list(_secrets(connection, scope, directory))
    roots = {each["path"] for each in (*files, *secrets) if _is_root(each["file"])}
    return {
        "networks": read_each(_of(ours, connection.listAllNetworks()), _network, libvirt.VIR_ERR_NO_NETWORK),
        "filters": read_each(_of(ours, connection.listAllNWFilters()), _filter, libvirt.VIR_ERR_NO_NWFILTER),
        "domains": list(_domains(connection, ours, directory, roots)),
        "pool": listed,
        "disks": files,
        "secrets": secrets,
    }


def machine(connection: Any, site: Site) -> dict[str, Any]:
    """Return the identity of a hypervisor, and the resources that it offers.

    Only a shared bridge needs the list of interfaces: that takes a libvirt driver which not every machine
    has.
    """
    _, memory_mib, processors, *_ = connection.getInfo()
    pool = _images(connection, site.images)
    interfaces = connection.listAllInterfaces() if site.bridge else ()
    return {
        "hostname": connection.getHostname(),
        "memory_mib": memory_mib,
        "processors": processors,
        "interfaces": sorted(each.name() for each in interfaces),
        "images": sorted(each.name() for each in pool.listAllVolumes()) if pool else [],
        "has_images": pool is not None,
    }


def _images(connection: Any, name: str) -> Any:
    try:
        pool = connection.storagePoolLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
            return None
        raise
    if not pool.isActive():
        pool.create()
    return pool


def _of(scope: Scope, listed: Iterable[Any]) -> Iterator[Any]:
    return (each for each in listed if _is_of(scope, each.name()))


def _network(network: Any) -> dict[str, Any]:
    record = networks.record(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), bool(network.isActive()))
    return {**record, "autostart": bool(network.autostart())}


def _filter(filter: Any) -> str:
    return str(filter.XMLDesc())


def _domains(connection: Any, scope: Scope, directory: str, roots: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the domains of the scope. It reads those of other names only if one of the scope's is missing."""

    def read(domain: Any) -> dict[str, Any]:
        return _domain(domain, directory)

    listed = connection.listAllDomains()
    missing = set(roots)
    for domain in read_each(_of(scope, listed), read, libvirt.VIR_ERR_NO_DOMAIN):
        missing -= _paths(domain)
        yield domain
    others = [each for each in listed if not _is_of(scope, each.name())] if missing else []
    yield from (each for each in read_each(others, read, libvirt.VIR_ERR_NO_DOMAIN) if _paths(each) & missing)


def _paths(domain: dict[str, Any]) -> set[str]:
    return {disk["path"] for disk in domain["disks"] + domain["live_disks"]}


def _domain(domain: Any, directory: str) -> dict[str, Any]:
    active = bool(domain.isActive())
    kept = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    live = domain.XMLDesc() if active else kept
    record = domains.record(kept, live, persistent=bool(domain.isPersistent()), directory=directory)
    starts = bool(domain.autostart())
    return {**record, "active": active, "autostart": starts, "halted": _halt_reason(*domain.state())}


def _halt_reason(state: int, reason: int) -> str:
    """Return why an active guest does not run; empty if it runs."""
    if state == libvirt.VIR_DOMAIN_CRASHED:
        return "it has crashed"
    if state != libvirt.VIR_DOMAIN_PAUSED:
        return ""
    full = reason == libvirt.VIR_DOMAIN_PAUSED_IOERROR
    return "it is paused: one of its disks failed or is full" if full else "it is paused"


def _disks(pool: Any) -> Iterator[dict[str, Any]]:
    for text in read_each(
        pool.listAllVolumes(), lambda volume: volume.XMLDesc(), libvirt.VIR_ERR_NO_STORAGE_VOL
    ):
        root = xml.parse(text)
        yield {
            "file": xml.text(root, "name"),
            "path": xml.text(root, "target/path"),
            "bytes": int(xml.text(root, "capacity") or 0),
            "allocated": int(xml.text(root, "allocation") or 0),
            "format": xml.attribute(root, "target/format", "type"),
            "encrypted": root.find("target/encryption") is not None,
        }


def _secrets(connection: Any, scope: str, directory: str) -> Iterator[Mapping[str, Any]]:
    """Yield the secrets of the scope: by their mark, or by a file in the scope's directory."""
    for id, usage, text in read_each(connection.listAllSecrets(), _secret, libvirt.VIR_ERR_NO_SECRET):
        says_so = f'"scope":{json.dumps(scope)}' in text
        if usage and (says_so or str(PurePosixPath(usage).parent) == directory):
            yield {"id": id, "path": usage, "file": PurePosixPath(usage).name, "said": text}


def _secret(secret: Any) -> tuple[str, str, str]:
    """Return its id, the path of the disk that it opens, if any, and its description."""
    if secret.usageType() != libvirt.VIR_SECRET_USAGE_TYPE_VOLUME:
        return secret.UUIDString(), "", ""
    return secret.UUIDString(), secret.usageID(), xml.text(xml.parse(secret.XMLDesc()), "description")


def _is_of(scope: Scope, name: str) -> bool:
    return scope.resource_name(name) is not None


def _is_root(file: str) -> bool:
    name = disks.read(file)
    return name is not None and (name.address.kind, name.ending) == (Instance.kind, disks.ENDING)
