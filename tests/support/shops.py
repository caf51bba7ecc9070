"""A shop in the simulator's file, for tests that start processes and for those processes."""

from portinfra import Environment, Role, Topology, Volume, allow

PRODUCTION = Environment("production", on="fake:us-east-1", account="111122223333", cidr="10.10.0.0/16")


def shop(web: int, db: int = 2) -> Topology:
    return Topology(
        "shop",
        roles=[
            Role("web", count=web, public="customers"),
            Role("db", count=db, volumes=[Volume("data", gib=10)]),
        ],
        flows=[allow("web", "db", tcp=5432, why="orders")],
    )
