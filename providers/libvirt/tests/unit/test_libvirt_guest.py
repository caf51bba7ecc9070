"""What is known of a guest, as the parts of an observed instance."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portinfra.model.observed import Observed
from portinfra.model.resources import Instance
from portinfra_libvirt.drivers.guest import GuestParts

READY = GuestParts(
    id="instance:web1",
    name="web1",
    at="rack",
    root_bytes=1,
    seeded=True,
    pin="main",
    autostart=True,
    starts=True,
)


def observed(parts):
    spec = Instance("web1", None, None, "a", "10.30.0.4")
    return Observed(spec.address, spec, parts)


@given(st.builds(GuestParts, id=st.text(min_size=1), at=st.text(min_size=1)))
def test_parts_are_read_as_they_were_written(guest):
    parts = guest.to_parts()
    assert all(isinstance(value, str) and value for value in parts.values())
    assert GuestParts.of(observed(parts)) == guest


def test_what_a_guest_does_not_have_is_not_among_its_parts():
    assert GuestParts(id="instance:web1", at="rack").to_parts() == {"id": "instance:web1", "at": "rack"}
    assert READY.to_parts()["seeded"] == "yes"


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"unknown": "no pool lists it"}, "no pool lists it"),
        ({"cut": True}, "was removed from its definition"),
        ({"root_missing": True, "root_path": "/r.img"}, "the file /r.img is gone"),
        ({"root_bytes": None}, "no root disk"),
        ({"seeded": False}, "no seed"),
        ({"transient": True}, "ends when it stops"),
        ({"halted": "it halts"}, "it halts"),
        ({"pin": ""}, "DHCP has no address for it"),
        ({"autostart": False}, "would not start with its hypervisor"),
    ],
)
def test_a_guest_is_ready_when_it_lacks_nothing(missing, reason):
    assert READY.obstacle(pinned=True, runs=True) == ""
    assert reason in evolve(READY, **missing).obstacle(pinned=True, runs=True)


def test_a_guest_on_a_bridge_needs_no_name_in_dhcp():
    assert evolve(READY, pin="").obstacle(pinned=False, runs=True) == ""


def test_a_guest_that_an_earlier_version_defined_need_not_start_with_its_hypervisor():
    assert evolve(READY, autostart=False, starts=False).obstacle(pinned=True, runs=True) == ""


def test_a_guest_that_is_off_must_not_start_with_its_hypervisor():
    assert evolve(READY, autostart=False).obstacle(pinned=True, runs=False) == ""
    assert READY.obstacle(pinned=True, runs=False) == "it would start with its hypervisor"
