"""A guest is listened to for a while; what it prints too much is left out from its beginning."""

import libvirt
import pytest

from portinfra.errors import Conflict
from portinfra.provider.abilities import CONSOLE_MAX_BYTES
from portinfra_libvirt.actions import consoles
from portinfra_libvirt.actions.hypervisor import Hand

NOTHING_YET, ENDED = -2, b""


class Guest:
    """A domain, its connection and its stream."""

    def __init__(self, *parts, active=True, refuses=None):
        self.parts, self.active, self.refuses = list(parts), active, refuses
        self.aborted = False

    def lookupByName(self, name):
        return self

    def newStream(self, flags):
        assert flags == libvirt.VIR_STREAM_NONBLOCK
        return self

    def isActive(self):
        return self.active

    def openConsole(self, device, stream):
        if self.refuses is not None:
            error = libvirt.libvirtError("Active console session exists")
            error.err = (
                self.refuses,
                0,
                "Active console session exists for this domain",
                2,
                "",
                "",
                "",
                0,
                0,
            )
            raise error

    def recv(self, size):
        return self.parts.pop(0) if self.parts else ENDED

    def abort(self):
        self.aborted = True


def read(guest):
    return consoles.read_console(Hand(guest, None, None), "web1")["text"]


def test_what_a_guest_prints_is_one_text():
    guest = Guest(b"one ", NOTHING_YET, b"\xfftwo")
    assert read(guest) == "one \ufffdtwo"
    assert guest.aborted


def test_only_the_newest_is_kept():
    assert read(Guest(b"x" * CONSOLE_MAX_BYTES, b"newest")) == "x" * (CONSOLE_MAX_BYTES - 6) + "newest"


def test_a_guest_that_is_off_prints_nothing():
    assert read(Guest(b"one", active=False)) == ""


def test_listening_has_an_end(monkeypatch):
    monkeypatch.setattr(consoles, "LISTEN_SECONDS", 0.0)
    assert read(Guest(b"never read")) == ""


def test_a_session_of_a_person_is_named_and_stays():
    with pytest.raises(Conflict, match="Active console session exists") as caught:
        read(Guest(refuses=libvirt.VIR_ERR_OPERATION_FAILED))
    assert "virsh console" in caught.value.fix
