"""What every contender makes: so many hosts of three roles in three zones, each role in subnets of its own.

A network with a way to the internet for the first role alone; each role closed outwards but for what is
declared; hosts with fixed addresses, encrypted disks, and something that says whose they are.
"""

ROLES = ("front", "app", "data")
NETWORK = "10.40.0.0/16"
FLOWS = (("front", "app", 8080), ("app", "data", 5432))
"""Role → role, by which TCP port."""
FRONT_PORT = 443
"""What the internet may reach of the first role."""


def subnet(role: str, zone: int) -> str:
    """The CIDR of a role's subnet in a zone: room for a thousand hosts in each."""
    return f"10.40.{(ROLES.index(role) * 4 + zone) * 4}.0/22"


def hosts(count: int) -> list[tuple[str, str, int, str]]:
    """Role, name, number of the zone and address of each host."""
    found = []
    for number in range(count):
        role, place = ROLES[number % 3], number // 3
        zone, rank = place % 3, place // 3
        third = (ROLES.index(role) * 4 + zone) * 4 + (rank + 4) // 256
        found.append((role, f"{role}{place + 1}", zone, f"10.40.{third}.{(rank + 4) % 256}"))
    return found
