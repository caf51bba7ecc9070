"""Networks and subnets."""

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api.admission import admit, repeat_answer, zone_of
from portinfra.testing.fake.api.ranges import bounds
from portinfra.testing.fake.errors import FakeError


def create_network(book: Book, given: Given) -> Answer:
    """Create a network with `name`, the owner, and `cidr` where networks have one."""
    if answer := repeat_answer(book, "network", given):
        return answer
    body = admit(book, "network", given)
    if book.shape.network_cidr:
        bounds(given.get("cidr", ""))
        body["cidr"] = given["cidr"]
    elif "cidr" in given:
        raise FakeError("InvalidRequest", "a network has no CIDR here; its subnets have")
    return book.add("network", body)


def delete_network(book: Book, given: Given) -> Answer:
    """Delete the network `id`. Refused while a resource lies in it."""
    network = book.get("network", given["id"])
    for kind in ("subnet", "firewall"):
        for record in book.find(kind, "network", given["id"]):
            raise FakeError("InUse", f"{record['body']['id']} is in network {given['id']}")
    return book.remove(network)


def create_subnet(book: Book, given: Given) -> Answer:
    """Create a subnet with `name`, owner, `network`, `cidr`, `public`, and `zone` where subnets are zonal."""
    if answer := repeat_answer(book, "subnet", given):
        return answer
    network = book.get("network", given["network"])["body"]
    zone = zone_of(book, given) if book.shape.zonal_subnets else ""
    first, last = bounds(given["cidr"])
    if last - first + 1 < 1 << (32 - book.shape.smallest_subnet):
        raise FakeError("InvalidRequest", f"{given['cidr']} is smaller than a /{book.shape.smallest_subnet}")
    if book.shape.network_cidr:
        lowest, highest = bounds(network["cidr"])
        if first < lowest or last > highest:
            raise FakeError("InvalidRequest", f"{given['cidr']} lies outside of {network['cidr']}")
    for other in book.find("subnet", "network", given["network"]):
        lowest, highest = bounds(other["body"]["cidr"])
        if first <= highest and lowest <= last:
            raise FakeError("AddressConflict", f"{given['cidr']} overlaps {other['body']['id']}")
    body = admit(book, "subnet", given)
    body |= {"network": given["network"], "cidr": given["cidr"], "zone": zone, "public": given["public"]}
    return book.add("subnet", body)


def set_subnet_public(book: Book, given: Given) -> Answer:
    """Set whether the subnet `id` is `public`: whether it has a route to and from the internet."""
    return book.change(book.get("subnet", given["id"]), public=given["public"])


def delete_subnet(book: Book, given: Given) -> Answer:
    """Delete the subnet `id`. Refused while an instance lies in it."""
    subnet = book.get("subnet", given["id"])
    for instance in book.find("instance", "subnet", given["id"]):
        raise FakeError("InUse", f"{instance['body']['id']} is in subnet {given['id']}")
    return book.remove(subnet)
