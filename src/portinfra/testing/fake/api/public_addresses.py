"""Public addresses, of the ranges for documentation and benchmarks (RFC 5737, RFC 2544)."""

from ipaddress import IPv4Address

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api.admission import admit, repeat_answer
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.time_line import leaving, state_at

_FIRST = int(IPv4Address("198.18.0.0"))


def create_public_address(book: Book, given: Given) -> Answer:
    """Create a public address with `name` and the owner. It belongs to no instance yet."""
    if answer := repeat_answer(book, "public-address", given):
        return answer
    body = admit(book, "public-address", given)
    body |= {"ip": str(IPv4Address(_FIRST + (book.store.serial + 1) % (1 << 17))), "instance": ""}
    return book.add("public-address", body)


def associate_public_address(book: Book, given: Given) -> Answer:
    """Associate the address `id` with an `instance` that is not starting. Another instance may lose it."""
    address = book.get("public-address", given["id"])
    instance = book.get("instance", given["instance"])
    state = state_at(instance, book.now)
    if leaving(address) or state not in ("running", "stopped"):
        raise FakeError("IncorrectState", f"instance {given['instance']} is {state}")
    for other in book.find("public-address", "instance", given["instance"]):
        if other is not address:
            raise FakeError("InUse", f"{given['instance']} has the public address {other['body']['ip']}")
    return book.change(address, instance=given["instance"])


def delete_public_address(book: Book, given: Given) -> Answer:
    """Delete the public address `id`. Its instance, if any, loses it."""
    return book.remove(book.get("public-address", given["id"]))
