"""A fingerprint changes with what is declared, and with nothing else."""

from attrs import evolve, field, frozen

from portinfra import Role, Topology, Volume, allow
from portinfra.model.fingerprint import fingerprint

SHOP = Topology(
    "shop",
    [Role("web", tags={"a": "1", "b": "2"}), Role("db", volumes=[Volume("data", gib=10)])],
    [allow("web", "db", tcp=5432, why="orders")],
)


def test_equal_values_have_equal_ones():
    again = SHOP.with_role(evolve(SHOP.role("web"), tags={"b": "2", "a": "1"}))
    assert again == SHOP
    assert fingerprint(again) == fingerprint(SHOP)
    assert len(fingerprint(SHOP)) == 16


def test_whatever_is_declared_otherwise_changes_it():
    others = [
        SHOP.with_role(evolve(SHOP.role("web"), count=4)),
        SHOP.with_role(evolve(SHOP.role("db"), volumes=[Volume("data", gib=11)])),
        evolve(SHOP, flows=[allow("web", "db", tcp=5433, why="orders")]),
        evolve(SHOP, roles=SHOP.roles[::-1]),  # its place decides a role's addresses
    ]
    assert len({fingerprint(each) for each in (SHOP, *others)}) == 5


def test_what_is_secret_is_not_in_it():
    assert fingerprint(Role("web", user_data="s3cret")) == fingerprint(Role("web"))


def test_a_field_that_a_later_version_adds_changes_nothing():
    @frozen
    class Before:
        name: str

    @frozen
    class After:
        name: str
        more: tuple = field(factory=tuple)

    assert fingerprint(Before("web")) == fingerprint(After("web"))
    assert fingerprint(After("web", ("one",))) != fingerprint(After("web"))
