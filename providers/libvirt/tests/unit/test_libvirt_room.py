"""Guests are started where there is room for them, and room is given once."""

import threading
import time

import libvirt
import pytest

from portinfra.errors import NoCapacity
from portinfra_libvirt.actions.guests import start_domain
from portinfra_libvirt.actions.hypervisor import Hand
from portinfra_libvirt.site import Hypervisor, Site

SITE = Site("laptop", (Hypervisor("laptop", "qemu:///system", ("a",)),))


class Domain:
    def __init__(self, name):
        self._name = name
        self.active = False

    def name(self):
        return self._name

    def isActive(self):
        return self.active

    def state(self):
        return libvirt.VIR_DOMAIN_RUNNING if self.active else libvirt.VIR_DOMAIN_SHUTOFF, 0

    def maxMemory(self):
        return 600 * 1024

    def setAutostart(self, starts):
        self.starts_with_its_hypervisor = bool(starts)

    def create(self):
        time.sleep(0.05)
        self.active = True


class Machine:
    """A hypervisor with so many MiB, of which so many are free."""

    def __init__(self, memory, free):
        self.memory, self.free = memory, free
        self.domains = {name: Domain(name) for name in "abc"}

    def lookupByName(self, name):
        return self.domains[name]

    def listAllDomains(self, flags):
        return [each for each in self.domains.values() if each.active]

    def getInfo(self):
        return ["x86_64", self.memory, 1, 1, 1, 1, 1, 1]

    def getMemoryStats(self, cells):
        return {"total": self.memory * 1024, "free": 1024, "buffers": 1024, "cached": (self.free - 2) * 1024}


def test_three_at_once_get_what_is_there_for_one():
    machine, refused = Machine(1200, 1000), []
    hand = Hand(machine, SITE, threading.RLock())

    def start(name):
        try:
            start_domain(hand, name)
        except NoCapacity as error:
            refused.append(error)

    threads = [threading.Thread(target=start, args=(name,)) for name in "abc"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(each.active for each in machine.domains.values()) == 1
    assert len(refused) == 2


def test_what_others_than_guests_have_taken_is_not_given_again():
    with pytest.raises(NoCapacity, match="the hypervisor has 500 MiB free"):
        start_domain(Hand(Machine(4000, 500), SITE, threading.RLock()), "a")
    start_domain(Hand(Machine(4000, 700), SITE, threading.RLock()), "a")
