"""Instances: create, start, stop, resize, move to another firewall, terminate."""

from typing import Any

from portinfra.provider.cloud_init import compress
from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api.admission import admit, reachable, repeat_answer, zone_of
from portinfra.testing.fake.api.catalogue import MACHINE_TYPES, images
from portinfra.testing.fake.api.keys import check_key
from portinfra.testing.fake.api.ranges import bounds, number
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.store import Record
from portinfra.testing.fake.time_line import FOREVER, leaving, state_at

_COPIED = (
    "private_address",
    "machine_type",
    "image_id",
    "disk_gib",
    "key",
    "user_data",
    "ssh_keys",
    "native",
)
USER_DATA_MAX = 16_384


def birth_bytes(user_data: str, boot_script: str) -> int:
    """Return how many bytes of `USER_DATA_MAX` a host needs. Its boot script is compressed, as on EC2."""
    return len(user_data.encode()) + (len(compress(boot_script)) if boot_script else 0)


def create_instance(book: Book, given: Given) -> Answer:
    """Accept a new instance at once. It runs a while later, or fails."""
    if answer := repeat_answer(book, "instance", given):
        return answer
    zone = zone_of(book, given)
    subnet = book.get("subnet", given["subnet"])
    firewall = book.get("firewall", given["firewall"])
    _check_place(book, subnet, firewall, zone)
    _check_address(book, subnet["body"], given["private_address"])
    _check_offer(book, given)
    _check_capacity(book, zone, given["machine_type"])
    check_key(book, given["key"])
    body = admit(book, "instance", given)
    body |= {name: given[name] for name in _COPIED}
    body |= {
        "network": subnet["body"]["network"],
        "subnet": given["subnet"],
        "firewall": given["firewall"],
        "zone": zone,
        "power": "running",
        "power_at": 0.0,
        "started_at": book.now,
        "ends_at": book.now + given["ends_after"] if given.get("ends_after") else FOREVER,
    }
    if given.get("boot_script"):
        body["boot_script"] = given["boot_script"]
    code, fault = _next_fault(book)
    return book.add("instance", body, fault, code)


def start_instance(book: Book, given: Given) -> Answer:
    """Start the stopped instance `id`. A running one stays as it is."""
    instance = _steady(book, given["id"], "running", "stopped")
    if instance["body"]["power"] == "running":
        return book.change(instance)
    _check_capacity(book, instance["body"]["zone"], instance["body"]["machine_type"])
    return _power(book, instance, "running", "start", started_at=book.now)


def stop_instance(book: Book, given: Given) -> Answer:
    """Stop the running instance `id`. A stopped one stays as it is."""
    instance = _steady(book, given["id"], "running", "stopped")
    if instance["body"]["power"] == "stopped":
        return book.change(instance)
    return _power(book, instance, "stopped", "stop")


def resize_instance(book: Book, given: Given) -> Answer:
    """Change the `machine_type` of the stopped instance `id`."""
    instance = _steady(book, given["id"], "stopped")
    if given["machine_type"] not in MACHINE_TYPES:
        raise FakeError("InvalidRequest", f"there is no machine type {given['machine_type']!r}")
    return book.change(instance, machine_type=given["machine_type"])


def set_instance_firewall(book: Book, given: Given) -> Answer:
    """Move the instance `id` to another `firewall` of the same network."""
    instance = book.get("instance", given["id"])
    firewall = book.get("firewall", given["firewall"])
    if leaving(firewall) or firewall["body"]["network"] != instance["body"]["network"]:
        raise FakeError("IncorrectState", f"firewall {given['firewall']} is not in the instance's network")
    return book.change(instance, firewall=given["firewall"])


def delete_instance(book: Book, given: Given) -> Answer:
    """Delete the instance `id` with its root disk. Its volumes are detached, its public addresses freed."""
    instance = book.get("instance", given["id"])
    reachable(book, instance["body"]["zone"])
    gone = min(instance["gone"], book.now + book.shape.deleting.get("instance", 0.0))
    answer = book.remove(instance)
    for volume in list(book.find("volume", "instance", given["id"])):
        book.change(volume, detached_at=min(volume["body"]["detached_at"], gone))
    for address in list(book.find("public-address", "instance", given["id"])):
        book.change(address, instance="")
    return answer


def _check_place(book: Book, subnet: Record, firewall: Record, zone: str) -> None:
    if leaving(subnet) or leaving(firewall):
        raise FakeError("IncorrectState", "its subnet or firewall is being deleted")
    if subnet["body"]["network"] != firewall["body"]["network"]:
        raise FakeError("InvalidRequest", "subnet and firewall are in different networks")
    if subnet["body"]["zone"] not in ("", zone):
        raise FakeError("InvalidRequest", f"the subnet is in {subnet['body']['zone']}, not in {zone}")


def _check_address(book: Book, subnet: dict[str, Any], address: str) -> None:
    first, last = bounds(subnet["cidr"])
    head, tail = book.shape.reserved
    if not first + head <= number(address) <= last - tail:
        raise FakeError("InvalidRequest", f"{address} is no usable address of {subnet['cidr']}")
    for other in book.find("instance", "private_address", address):
        if other["body"]["network"] == subnet["network"]:
            raise FakeError("AddressConflict", f"{other['body']['id']} has the address {address}")


def _check_offer(book: Book, given: Given) -> None:
    if given["machine_type"] not in MACHINE_TYPES:
        raise FakeError("InvalidRequest", f"there is no machine type {given['machine_type']!r}")
    if given["image_id"] not in images(book):
        raise FakeError("InvalidRequest", f"there is no image {given['image_id']!r}")
    if birth_bytes(given["user_data"], given.get("boot_script", "")) > USER_DATA_MAX:
        raise FakeError("InvalidRequest", f"user data is longer than {USER_DATA_MAX} bytes")


def _check_capacity(book: Book, zone: str, machine_type: str) -> None:
    limit = book.settings("capacity").get(f"{zone} {machine_type}")
    if limit is None:
        return
    used = sum(
        record["body"]["zone"] == zone
        and record["body"]["machine_type"] == machine_type
        and record["body"]["power"] == "running"
        for record in book.existing("instance")
    )
    if used >= limit:
        raise FakeError("InsufficientCapacity", f"{zone} has no {machine_type} left")


def _next_fault(book: Book) -> tuple[str, str]:
    """Return code and reason of a failure after acceptance; empty if the instance will not fail."""
    faults = book.settings("faults")
    waiting = faults.get("instance", [])
    if not waiting:
        return "", ""
    book.store.put("settings", "faults", {**faults, "instance": waiting[1:]})
    code, reason = waiting[0]
    return code, reason


def _steady(book: Book, id: str, *states: str) -> Record:
    instance = book.get("instance", id)
    reachable(book, instance["body"]["zone"])
    state = state_at(instance, book.now)
    if state not in states:
        raise FakeError("IncorrectState", f"instance {id} is {state}")
    return instance


def _power(book: Book, instance: Record, power: str, what: str, **more: float) -> Answer:
    power_at = book.now + book.shape.pending.get(what, 0.0)
    return book.change(instance, power=power, power_at=power_at, **more)
