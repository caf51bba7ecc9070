"""The built-in cloud by its books, and its own packets."""

from typing import Any

from clouds.world import Disk, Host, World, called
from portinfra.testing.fake import FakeCloud
from portinfra.testing.fake.packets import Packets


def world(cloud: FakeCloud, account: str, region: str, scope: str) -> World:
    """What is there in one account and region. `scope` begins the names: `payments-production`."""
    books = cloud.ground_truth(account, region)

    def of(kind: str) -> list[Any]:
        return [record for record in books if record["kind"] == kind and record["state"] != "terminated"]

    bound = {record["instance"] for record in of("public-address")}
    names = {record["id"]: called(record["name"], scope) for record in of("instance")}
    return World(
        {
            names[record["id"]]: Host(
                record["private_address"],
                record["zone"],
                record["disk_gib"],
                record["id"] in bound,
                record["state"] == "running",
            )
            for record in of("instance")
        },
        {
            called(record["name"], scope): Disk(
                record["gib"], record["zone"], names[record["attachment"]["instance"]], bool(record["key"])
            )
            for record in of("volume")
        },
        {called(record["name"], scope): record["cidr"] for record in of("subnet")},
        Packets(cloud, account, region).arrives,
    )
