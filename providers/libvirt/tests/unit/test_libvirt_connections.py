"""A hypervisor that is silent, or gone, keeps nobody from another."""

import socket
import threading
import time
from contextlib import contextmanager

import libvirt
import pytest

from portinfra.errors import NotFound, Unavailable
from portinfra_libvirt import connections, sites
from portinfra_libvirt.actions import other_sites
from portinfra_libvirt.actions.all_hypervisors import Together
from portinfra_libvirt.connections import Connections
from portinfra_libvirt.site import Hypervisor, Site

PATH = "/var/lib/libvirt/portinfra/x/volume.db1-data.qcow2"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Hypervisor `a` takes connections and says nothing; `b` is not there."""
    monkeypatch.setattr(connections, "OPEN_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "a"))
        silent.listen(5)
        uris = {zone: f"qemu+unix:///system?socket={tmp_path}/{zone}" for zone in "ab"}
        yield Site("rack", tuple(Hypervisor(zone, uri, (zone,)) for zone, uri in uris.items()))


def test_who_says_nothing_is_unavailable_and_keeps_nobody_waiting_but_the_first(site):
    opened = Connections(site)
    with pytest.raises(Unavailable, match="did not open a connection within") as caught:
        opened.to("a")
    assert caught.value.unreachable
    began = time.monotonic()
    with pytest.raises(Unavailable):
        opened.to("a")
    opened.close()
    assert time.monotonic() - began < 0.4
    assert sum(thread.name.startswith("open ") for thread in threading.enumerate()) == 1


def test_while_one_is_waited_for_another_is_asked(site, monkeypatch):
    monkeypatch.setattr(connections, "OPEN_SECONDS", 5.0)
    opened = Connections(site)

    def wait():
        with pytest.raises(Unavailable):
            opened.to("a")

    waiting = threading.Thread(target=wait)
    waiting.start()
    began = time.monotonic()
    with pytest.raises(libvirt.libvirtError):
        opened.to("b")
    assert time.monotonic() - began < 2
    opened.close()
    waiting.join()


def test_one_that_was_given_up_is_waited_for_shortly_the_next_time(site, monkeypatch):
    monkeypatch.setattr(connections, "AGAIN_SECONDS", 0.1)
    for longest, limit in ((1.0, "0.5"), (0.4, "0.1")):
        began, opened = time.monotonic(), Connections(site)
        with pytest.raises(Unavailable, match=rf"did not open a connection within {limit} s"):
            opened.to("a")
        opened.close()
        assert time.monotonic() - began < longest


def test_connections_that_begin_together_are_waited_for_together(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "OPEN_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen(5)
        uri = f"qemu+unix:///system?socket={tmp_path}/silent"
        opened = Connections(Site("rack", tuple(Hypervisor(zone, uri, (zone,)) for zone in "abc")))
        opened.begin()
        began = time.monotonic()
        for zone in "abc":
            with pytest.raises(Unavailable):
                opened.to(zone)
        opened.close()
        assert time.monotonic() - began < 1


def test_where_nobody_answers_the_last_ones_reason_is_told(site):
    with pytest.raises(libvirt.libvirtError, match="No such file"):
        Together(site, Connections(site).to).perform("Identify", {})


class Volume:
    def infoFlags(self, flags):
        return 0, 0, 4

    def download(self, stream, offset, length, flags):
        pass


class There:
    """A hypervisor, with or without the disk; or with the disk's secret, and no active pool that lists it."""

    def __init__(self, has):
        self.has = has

    def storageVolLookupByPath(self, path):
        if self.has is not True:
            raise gone(libvirt.VIR_ERR_NO_STORAGE_VOL)
        return Volume()

    def storagePoolLookupByTargetPath(self, path):
        raise gone(libvirt.VIR_ERR_NO_STORAGE_POOL)

    def secretLookupByUsage(self, kind, path):
        if not self.has:
            raise gone(libvirt.VIR_ERR_NO_SECRET)
        return self

    def value(self):
        return b"open sesame"

    def newStream(self, flags):
        return self


def gone(code):
    error = libvirt.libvirtError("gone")
    error.err = (code, 0, "gone", 2, None, None, None, -1, -1)
    return error


@pytest.fixture
def other_site(monkeypatch):
    """What the hypervisors of another site are, by their zones."""

    @contextmanager
    def told(**there):
        class Fake(Connections):
            def to(self, at):
                if there[at] is None:
                    raise Unavailable(f"{at} is down", provider="libvirt")
                return There(there[at])

        hypervisors = tuple(Hypervisor(at, f"qemu+ssh://{at}/system", (at,)) for at in there)
        with monkeypatch.context() as patch:
            patch.setattr(other_sites, "Connections", Fake)
            patch.setattr(sites, "find", lambda name: Site(name, hypervisors))
            yield

    return told


def test_a_disk_of_another_site_is_found_past_a_hypervisor_that_is_down(other_site):
    with other_site(a=None, b=False, c=True), other_sites.elsewhere("rack", PATH) as original:
        assert (original.length, original.passphrase) == (4, b"open sesame")


def test_a_disk_that_may_be_where_nobody_answers_is_not_said_to_be_gone(other_site):
    with other_site(a=None, b=False), pytest.raises(Unavailable, match="a: a is down"):  # noqa: SIM117
        with other_sites.elsewhere("rack", PATH):
            raise AssertionError
    with other_site(a=False, b=False), pytest.raises(NotFound, match="has no disk"):  # noqa: SIM117
        with other_sites.elsewhere("rack", PATH):
            raise AssertionError


def test_a_disk_of_another_site_that_no_pool_lists_is_not_said_to_be_gone(other_site):
    with other_site(a="unlisted"), pytest.raises(Unavailable, match="a: no active pool lists"):  # noqa: SIM117
        with other_sites.elsewhere("rack", PATH):
            raise AssertionError
    with other_site(a="unlisted", b=True), other_sites.elsewhere("rack", PATH) as original:
        assert original.length == 4


def test_what_fails_while_a_disk_is_read_is_not_taken_for_its_absence(other_site):
    with other_site(a=True, b=True), pytest.raises(libvirt.libvirtError):  # noqa: SIM117
        with other_sites.elsewhere("rack", PATH):
            raise gone(libvirt.VIR_ERR_NO_STORAGE_VOL)
