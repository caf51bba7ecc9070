"""What could not be listed is unknown, never absent: for every kind of object, a look that fails in part
fails whole, and then the zone of the hypervisor is unknown. Only an object that went since it was listed is
left out.
"""

import libvirt
import pytest

from portinfra.model.address import Scope
from portinfra_libvirt import disks
from portinfra_libvirt.actions.survey import survey

SCOPE = Scope("shop", "production")
SITE_DIRECTORY = "/var/lib/libvirt/portinfra"
DIRECTORY = disks.directory(SITE_DIRECTORY, SCOPE)
PATH = f"{DIRECTORY}/volume.db1-data.1-2.qcow2"

KINDS = {
    "network": ("listAllNetworks", libvirt.VIR_ERR_NO_NETWORK),
    "filter": ("listAllNWFilters", libvirt.VIR_ERR_NO_NWFILTER),
    "domain": ("listAllDomains", libvirt.VIR_ERR_NO_DOMAIN),
    "secret": ("listAllSecrets", libvirt.VIR_ERR_NO_SECRET),
    "volume": ("listAllVolumes", libvirt.VIR_ERR_NO_STORAGE_VOL),
    "pool": ("listAllStoragePools", libvirt.VIR_ERR_NO_STORAGE_POOL),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def failure(code):
    error = libvirt.libvirtError("failed")
    error.err = (code, 0, "failed", 2, None, None, None, -1, -1)
    return error


class Thing:
    """An object of the scope whose description fails."""

    def __init__(self, code):
        self.code = code

    def name(self):
        return SCOPE.native_name("db1")

    def isActive(self):
        return True

    def usageType(self):
        raise failure(self.code)

    def XMLDesc(self, flags=0):
        raise failure(self.code)


class Pool:
    def __init__(self, machine):
        self.machine = machine

    def name(self):
        return disks.pool_name(SCOPE)

    def isActive(self):
        return True

    def XMLDesc(self):
        return disks.pool_document(SITE_DIRECTORY, SCOPE)

    def listAllVolumes(self):
        return self.machine.list("listAllVolumes")


class Machine:
    """A hypervisor without objects, but for what `listed` says: method → its answer."""

    def __init__(self, **listed):
        self.listed = listed

    def list(self, name):
        answer = self.listed.get(name, [])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def storagePoolLookupByName(self, name):
        if "listAllStoragePools" in self.listed:
            raise failure(libvirt.VIR_ERR_NO_STORAGE_POOL)
        return Pool(self)

    def __getattr__(self, name):
        return lambda *flags: self.list(name)


@each_kind
def test_a_list_that_fails_leaves_nothing_known(kind):
    method, _ = KINDS[kind]
    with pytest.raises(libvirt.libvirtError):
        survey(Machine(**{method: failure(libvirt.VIR_ERR_NO_SUPPORT)}), str(SCOPE), SITE_DIRECTORY)


@each_kind
def test_a_description_that_fails_leaves_nothing_known(kind):
    method, _ = KINDS[kind]
    with pytest.raises(libvirt.libvirtError):
        survey(Machine(**{method: [Thing(libvirt.VIR_ERR_INTERNAL_ERROR)]}), str(SCOPE), SITE_DIRECTORY)


@each_kind
def test_an_object_that_went_since_it_was_listed_is_left_out(kind):
    method, gone = KINDS[kind]
    found = survey(Machine(**{method: [Thing(gone)]}), str(SCOPE), SITE_DIRECTORY)
    assert [found[name] for name in ("networks", "filters", "domains", "disks", "secrets")] == [[]] * 5
