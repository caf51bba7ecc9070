"""What a move to another place means, for a program."""

from attrs import evolve

from portinfra import Environment, Role, Topology, Volume, lock_in, move, place
from portinfra.portability.move import destination
from portinfra.testing.simulation import simulate

SHOP = Topology("shop", [Role("web", count=2, volumes=[Volume("data", gib=10)], size="f1.small")])
HERE = Environment("here", on="fake:us-east-1", account="111122223333", cidr="10.0.0.0/16")
THERE = evolve(HERE, on="fake:eu-west-1", account="444455556666")


def test_a_move_names_what_carries_over_and_what_is_chosen():
    with simulate():
        found = move(place(SHOP, HERE), THERE)
    assert (found.carried_counts["instance"], found.carried_counts["volume"], found.data_gib) == (2, 2, 20)
    assert [tie.subject for tie in found.lost] == ["role.web.size", "environment.here.account"]
    (choice,) = found.choices
    assert (choice.role, choice.hosts, choice.here, choice.there) == ("web", 2, "f1.small", "f1.small")
    assert found.plan.placed.environment == THERE


def test_native_options_of_a_provider_that_is_not_installed_are_ties_too():
    topology = Topology("shop", [Role("web", native={"mars": {"dome": ["a", "b"]}})])
    (tie,) = [tie for tie in lock_in(topology, [HERE]) if tie.provider == "mars"]
    assert (tie.subject, tie.value) == ("role.web.native.dome", "['a', 'b']")


def test_a_destination_takes_account_and_key_of_what_is_declared_there():
    peer = Environment("peer", on="fake:eu-west-1", account="444455556666", key="alias/there")
    there = destination(evolve(HERE, zones=("us-east-1a",)), peer.on, [HERE, peer], "", None)
    assert (there.name, there.on, there.zones) == ("here", "fake:eu-west-1", ())
    assert (there.account, there.key) == ("444455556666", "alias/there")
    assert destination(HERE, peer.on, [HERE, peer], "777788889999", None).account == "777788889999"
