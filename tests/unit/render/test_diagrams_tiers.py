"""The order in which roles are drawn."""

from portinfra.model.topology import INTERNET, Role, Topology, allow
from portinfra.render.diagrams.tiers import tiers


def arranged(topology: Topology) -> dict[str, list[str]]:
    return {title: [role.name for role in roles] for title, roles in tiers(topology)}


WEB, APP, DB = Role("web", public="customers"), Role("app"), Role("db")
PATH = [
    allow(INTERNET, WEB, tcp=443),
    allow(WEB, APP, tcp=8443),
    allow(APP, DB, tcp=5432),
]


def test_roles_stand_from_the_internet_inwards_whatever_their_order_in_the_topology():
    expected = {"Public": ["web"], "Services": ["app"], "Back end": ["db"]}
    assert arranged(Topology("t", [DB, APP, WEB], PATH)) == expected


def test_a_store_that_talks_with_itself_is_still_the_back_end():
    topology = Topology("t", [DB, APP, WEB], [*PATH, allow(DB, DB, tcp=5432)])
    assert arranged(topology)["Back end"] == ["db"]


def test_who_calls_or_is_called_by_most_roles_is_operations_and_shortens_no_path():
    cache, mail, queue, search = Role("cache"), Role("mail"), Role("queue"), Role("search")
    logs, bastion = Role("logs"), Role("bastion")
    everybody = [WEB, APP, DB, cache, mail, queue, search]
    flows = [
        *PATH,
        allow(WEB, bastion, tcp=22),
        allow(bastion, everybody, tcp=22),
        allow(everybody, logs, tcp=6514),
        allow(APP, queue, tcp=1),
        allow(queue, mail, tcp=1),
        allow(mail, [cache, search], tcp=1),
    ]
    found = arranged(Topology("t", [bastion, logs, search, cache, mail, queue, DB, APP, WEB], flows))
    assert found == {
        "Public": ["web"],
        "Services": ["app", "queue", "mail"],  # equally near to the bastion, which does not count
        "Back end": ["db", "search", "cache"],
        "Operations": ["bastion", "logs"],
    }


def test_of_few_roles_none_is_operations():
    assert "Operations" not in arranged(Topology("t", [DB, APP, WEB], [allow(DB, [WEB, APP], tcp=1)]))


def test_every_role_is_drawn_once_even_without_flows():
    topology = Topology("t", [Role(f"role-{letter}") for letter in "abcdefghij"])
    assert arranged(topology) == {"Services": [role.name for role in topology.roles]}
