"""The life cycle of one resource: which call comes next, from each state."""

import pytest
from attrs import evolve

from portinfra.errors import NoCapacity
from portinfra.model.address import Address, Scope
from portinfra.model.observed import Fault, Observed
from portinfra.model.resources import Attachment, Volume
from portinfra.provider.interface import DONE, Call, Refs, Refuse, Wait
from portinfra.provider.lifecycle import AttachmentDriver, Copy, LifecycleDriver, with_owner

SCOPE = Scope("sample", "production")
WANT = Volume("log", 10, zone="zone-a", tags={"team": "web"})
NAME = SCOPE.native_name("log")
READY = Observed(WANT.address, WANT, {"id": "v-1", "name": NAME})
REFS = Refs(SCOPE, "attempt-1", {})


class VolumeDriver(LifecycleDriver[Volume]):
    """A kind that grows in place."""

    spec = Volume

    def survey(self, scope, only=()):
        return ()

    def assemble(self, answers, names):
        return []

    def create(self, want, refs):
        return Call("Create", {}, want.address, Observed(want.address, want))

    def delete(self, seen):
        return Call("Delete", {"id": seen.id}, seen.address)

    def own(self, want, seen, refs):
        return Call("Own", {"id": seen.id}, want.address, with_owner(seen, want))

    def finish(self, want, seen, refs):
        if "raw" not in seen.parts:
            return None
        return Call("Format", {"id": seen.id}, want.address, READY)

    def update(self, want, seen, refs):
        if want.gib == seen.spec.gib:
            return super().update(want, seen, refs)
        return Call("Grow", {"id": seen.id}, want.address, evolve(seen, spec=want))


class Strict(VolumeDriver):
    """A kind of a provider that accepts no request about what is pending."""

    waits_for_pending = True


def answer(want, seen, driver=VolumeDriver):
    """The action, or the kind of answer, that comes next."""
    found = driver().next_call(want, seen, REFS)
    return found.action if isinstance(found, Call) else found if found is DONE else type(found)


PENDING, LEAVING = evolve(READY, state="pending"), evolve(READY, state="deleting")
BROKEN = evolve(READY, state="pending", fault=Fault(NoCapacity, "no machine"))
RAW = evolve(PENDING, parts={**READY.parts, "raw": "yes"})
DOUBLED = evolve(PENDING, extras=({"id": "v-2"},))
RENAMED = evolve(READY, parts={"id": "v-1", "name": "a-copy"})
SMALL = evolve(READY, spec=evolve(WANT, gib=5))
UNTAGGED = evolve(SMALL, spec=evolve(SMALL.spec, tags={}))
OTHER = evolve(READY, address=Address("volume.old"), spec=evolve(WANT, name="old"))


@pytest.mark.parametrize(
    ("want", "seen", "next"),
    [
        (None, None, DONE),
        (WANT, None, "Create"),
        (WANT, READY, DONE),
        (None, READY, "Delete"),
        (None, LEAVING, Wait),
        (WANT, LEAVING, Wait),
        (WANT, PENDING, Wait),
        (None, PENDING, "Delete"),
        (WANT, BROKEN, "Delete"),
        (WANT, DOUBLED, "Delete"),
        (WANT, RAW, "Format"),
        (None, RAW, "Delete"),
        (None, RENAMED, Refuse),
        (WANT, RENAMED, "Own"),
        (WANT, UNTAGGED, "Own"),
        (WANT, OTHER, "Own"),
        (WANT, SMALL, "Grow"),
        (evolve(WANT, zone="zone-b"), READY, Refuse),
    ],
)
def test_the_next_call_follows_from_what_is_wanted_and_what_is_seen(want, seen, next):
    assert answer(want, seen) == next


@pytest.mark.parametrize(
    ("want", "seen", "next"), [(None, PENDING, Wait), (None, RAW, Wait), (None, BROKEN, "Delete")]
)
def test_a_strict_provider_is_asked_nothing_about_what_is_pending(want, seen, next):
    assert answer(want, seen, Strict) == next


def test_an_empty_double_goes_before_anything_else_and_takes_nothing_with_it():
    call = VolumeDriver().next_call(None, DOUBLED, REFS)
    assert call.parameters == {"id": "v-2"}
    assert call.after == PENDING


def test_a_resource_that_bears_another_name_is_not_deleted_and_the_error_says_both_names():
    refused = VolumeDriver().next_call(None, RENAMED, REFS)
    assert "'a-copy'" in refused.reason
    assert NAME in refused.reason


def test_where_names_never_change_a_new_owner_needs_no_new_name():
    class Fixed(VolumeDriver):
        name_follows_owner = False

    assert answer(None, RENAMED, Fixed) == "Delete"
    assert answer(WANT, RENAMED, Fixed) is DONE


def test_what_can_never_be_created_is_refused_before_any_call():
    class Full(VolumeDriver):
        def cannot_create(self, want, refs):
            return Refuse("the site is full")

    assert answer(WANT, None, Full) is Refuse
    assert answer(WANT, SMALL, Full) == "Grow"


def test_without_a_request_of_its_own_the_owner_is_written_by_the_update():
    class Patched(VolumeDriver):
        own = LifecycleDriver.own

        def update(self, want, seen, refs):
            return Call("Patch", {}, want.address, evolve(seen, spec=want))

    assert answer(WANT, UNTAGGED, Patched) == "Patch"


def seen(id, **changes):
    return evolve(READY, parts={"id": id, "name": NAME}, **changes)


def kept(*copies, doubled=False, holds_data=False):
    """The ids of what is kept, and of the doubles to be deleted."""
    driver = VolumeDriver()
    driver.doubled, driver.holds_data = doubled, holds_data
    found = driver.keep_one(copies)
    return [each.id for each in found], [extra["id"] for each in found for extra in each.extras]


def test_of_doubles_the_one_in_use_is_kept_else_the_first_attempt():
    first, second = Copy(seen("v-1"), "attempt-1"), Copy(seen("v-2"), "attempt-2")
    assert kept(second, first) == (["v-1"], ["v-2"])
    assert kept(first, evolve(second, used=True)) == (["v-2"], ["v-1"])


def test_a_double_that_is_not_empty_is_reported_and_not_deleted():
    first, second = Copy(seen("v-1"), "attempt-1", used=True), Copy(seen("v-2"), "attempt-2")
    assert kept(first, evolve(second, used=True)) == (["v-1", "v-2"], [])
    assert kept(first, second, holds_data=True) == (["v-1", "v-2"], [])


def test_one_attempt_explains_a_double_only_where_its_creation_can_be_repeated():
    copies = Copy(seen("v-1"), "attempt-1"), Copy(seen("v-2"), "attempt-1")
    assert kept(*copies) == (["v-1", "v-2"], [])
    assert kept(*copies, doubled=True) == (["v-1"], ["v-2"])


def test_what_is_being_deleted_or_bears_another_name_counts_only_while_it_is_alone():
    good = Copy(seen("v-2"), "attempt-2")
    leaving = Copy(seen("v-1", state="deleting"), "attempt-1", used=True)
    renamed = Copy(seen("v-0"), "attempt-1", used=True, named=False)
    assert kept(leaving, renamed, good) == (["v-2"], [])
    assert kept(leaving) == (["v-1"], [])
    assert kept(renamed) == (["v-0"], [])


class Disks(AttachmentDriver):
    """Attachments of some provider."""

    survey, assemble = VolumeDriver.survey, VolumeDriver.assemble
    create, delete = VolumeDriver.create, VolumeDriver.delete


def test_an_attachment_is_attached_detached_and_never_changed():
    want = Attachment("log", Address("instance.web1"), WANT.address, "log")
    there = Observed(want.address, want)
    old = evolve(there, address=Address("attachment.old"), spec=evolve(want, name="old"))
    assert answer(want, None, Disks) == "Create"
    assert answer(want, there, Disks) is answer(want, old, Disks) is DONE
    assert answer(None, there, Disks) == "Delete"
    for state, reason in (("pending", "being attached"), ("deleting", "being detached")):
        assert Disks().next_call(None, evolve(there, state=state), REFS) == Wait(reason)
