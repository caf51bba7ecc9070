"""Volumes, which are always encrypted, and their attachments."""

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api import contents
from portinfra.testing.fake.api.admission import admit, reachable, repeat_answer, zone_of
from portinfra.testing.fake.api.keys import check_key
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.store import Record
from portinfra.testing.fake.time_line import FOREVER, attachment_at, leaving, state_at

PROVIDER_KEY = ""
"""The cloud's own key, for volumes without a key. No volume is ever unencrypted."""


def create_volume(book: Book, given: Given) -> Answer:
    """Create a volume with `name`, owner, `zone`, `gib`, `key`, and the contents of `snapshot`, if any."""
    if answer := repeat_answer(book, "volume", given):
        return answer
    zone = zone_of(book, given)
    snapshot = given["snapshot"]
    if snapshot:
        source = book.get("snapshot", snapshot)
        if state_at(source, book.now) != "available":
            raise FakeError("IncorrectState", f"snapshot {snapshot} is not complete")
        if given["gib"] < source["body"]["gib"]:
            raise FakeError("InvalidRequest", f"{given['gib']} GiB is smaller than snapshot {snapshot}")
    check_key(book, given["key"])
    body = admit(book, "volume", given)
    body |= {"zone": zone, "gib": given["gib"], "key": given["key"] or PROVIDER_KEY, "encrypted": True}
    body |= {"snapshot": snapshot, "instance": "", "device": "", "attached_at": 0.0, "detached_at": FOREVER}
    answer = book.add("volume", body)
    if snapshot:
        contents.copy(book.store, snapshot, answer["record"]["id"])
    return answer


def grow_volume(book: Book, given: Given) -> Answer:
    """Grow the volume `id` to `gib`, which is never less than before."""
    volume = _reachable(book, given["id"])
    if given["gib"] < volume["body"]["gib"]:
        raise FakeError("InvalidRequest", f"volume {given['id']} cannot shrink")
    return book.change(volume, gib=given["gib"])


def attach_volume(book: Book, given: Given) -> Answer:
    """Attach the volume `id` to an `instance` of the same zone as `device`. It has one instance at a time."""
    volume = _reachable(book, given["id"])
    instance = book.get("instance", given["instance"])
    if state_at(volume, book.now) != "available" or attachment_at(volume["body"], book.now):
        raise FakeError("InUse", f"volume {given['id']} is attached, or not ready")
    state = state_at(instance, book.now)
    if state not in ("running", "stopped"):
        raise FakeError("IncorrectState", f"instance {given['instance']} is {state}")
    if volume["body"]["zone"] != instance["body"]["zone"]:
        raise FakeError("InvalidRequest", f"{given['id']} and {given['instance']} are in different zones")
    for other in book.find("volume", "instance", given["instance"]):
        attached = attachment_at(other["body"], book.now)
        if attached and attached["device"] == given["device"]:
            raise FakeError("InUse", f"{given['instance']} has a device {given['device']!r}")
    return book.change(
        volume,
        instance=given["instance"],
        device=given["device"],
        attached_at=book.now + book.shape.pending.get("attach", 0.0),
        detached_at=FOREVER,
    )


def detach_volume(book: Book, given: Given) -> Answer:
    """Detach the volume `id` from its `instance`."""
    volume = _reachable(book, given["id"])
    attached = attachment_at(volume["body"], book.now)
    if attached is None or attached["instance"] != given["instance"]:
        raise FakeError("NotFound", f"volume {given['id']} is not attached to {given['instance']}")
    gone = book.now + book.shape.deleting.get("detach", 0.0)
    return book.change(volume, detached_at=min(gone, volume["body"]["detached_at"]))


def delete_volume(book: Book, given: Given) -> Answer:
    """Delete the volume `id` with its contents. Refused while it is attached."""
    volume = _reachable(book, given["id"])
    if attachment_at(volume["body"], book.now):
        raise FakeError("InUse", f"volume {given['id']} is attached to {volume['body']['instance']}")
    contents.lose(book.store, given["id"])
    return book.remove(volume)


def _reachable(book: Book, id: str) -> Record:
    volume = book.get("volume", id)
    reachable(book, volume["body"]["zone"])
    if leaving(volume):
        raise FakeError("IncorrectState", f"volume {id} is being deleted")
    return volume
