"""`dns` of an environment: it keeps names, and gets the addresses of the hosts that are there."""

import json

import pytest
from attrs import evolve

from portinfra import PlanOptions, Role, Topology, apply, destroy, plan
from portinfra.errors import UserCodeError
from portinfra.testing.simulation import SOMEWHERE, simulate

SHOP = Topology("shop", [Role("web", count=2, public="customers"), Role("db", count=1)])


@pytest.fixture
def cloud():
    with simulate() as cloud:
        yield cloud


def run(make, environment, topology=SHOP, options=None):
    return apply(make(topology, environment, options), seed=0)


def keeper(heard):
    """An environment whose `dns` notes what it gets."""
    return evolve(SOMEWHERE, dns=lambda hosts: heard.append(dict(hosts)))


def test_it_gets_the_private_and_public_address_of_every_host(cloud):
    heard = []
    run(plan, keeper(heard))
    ((web1, web2, db1),) = [(hosts["web1"], hosts["web2"], hosts["db1"]) for hosts in heard]
    assert web1["private"] == "10.0.0.4"
    assert web1["public"]
    assert web1["public"] != web2["public"]
    assert db1 == {"private": "10.0.4.4", "public": None}


def test_it_gets_what_is_observed_and_not_what_was_selected(cloud):
    heard = []
    run(plan, keeper(heard), options=PlanOptions(only="web"))
    run(plan, keeper(heard), options=PlanOptions(only="db"))
    assert [sorted(hosts) for hosts in heard] == [["web1", "web2"], ["db1", "web1", "web2"]]


def test_a_destroy_gives_it_an_empty_mapping(cloud):
    heard = []
    run(plan, keeper(heard))
    run(destroy, keeper(heard))
    assert heard[1:] == [{}]


def test_it_is_called_where_nothing_had_to_change(cloud):
    heard = []
    run(plan, SOMEWHERE)
    run(plan, keeper(heard))
    assert len(heard) == 1


def test_a_command_reads_the_same_from_a_file(cloud, tmp_path):
    run(plan, evolve(SOMEWHERE, dns=f"cp $PORTINFRA_INVENTORY {tmp_path}/hosts"))
    hosts = json.loads((tmp_path / "hosts").read_text())
    assert hosts["db1"] == {"private": "10.0.4.4", "public": None}


def refuse(hosts):
    """Change the names."""
    raise LookupError("no zone shop.example")


@pytest.mark.parametrize(
    ("dns", "whose"),
    [
        (refuse, "'Change the names.' (" + __file__),
        (lambda hosts: False, "it returned False and printed nothing"),
        ("echo no zone shop.example; exit 3", "exit code 3"),
        (lambda hosts: exit("no zone shop.example"), "SystemExit: no zone shop.example"),
    ],
    ids=["an exception", "False", "an exit code", "an exit"],
)
@pytest.mark.parametrize("make", [plan, destroy])
def test_its_failure_is_an_error_once_all_is_done_and_the_next_run_calls_it_again(cloud, dns, whose, make):
    run(plan, SOMEWHERE)
    with pytest.raises(UserCodeError, match="dns of environment test, ") as failed:
        run(make, evolve(SOMEWHERE, dns=dns), evolve(SHOP, tags={"stage": "blue"}))
    assert whose in str(failed.value)
    assert "run the same command again" in failed.value.fix
    heard = []
    again = make(evolve(SHOP, tags={"stage": "blue"}), keeper(heard))
    assert again.empty
    apply(again, seed=0)
    assert len(heard) == 1


def test_an_apply_that_failed_calls_it_not(cloud):
    heard = []
    role = Role("web", count=1, ready="false", ready_limit="5s")
    with pytest.raises(Exception, match="was not ready"):
        run(plan, keeper(heard), Topology("shop", [role]))
    assert heard == []
