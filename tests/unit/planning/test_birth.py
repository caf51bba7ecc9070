"""What hosts were born with: the note, and what the text that they keep gives away."""

import pytest
from attrs import evolve

from portinfra import Environment, PlanOptions, Role, Topology, Volume, apply, plan
from portinfra.model.resources import Instance, Mount
from portinfra.planning.creation import RULE, birth_text, changes_since_birth
from portinfra.testing.simulation import simulate

DEMO = Environment("demo", on="fake:instant/us-east-1")
DB = Role(
    "db",
    count=2,
    volumes=[Volume("data", gib=1, mount="/srv")],
    user_data="#!/bin/sh\n",
    waive={"R6": "a test"},
)
HOST = Instance(
    "db1", None, None, 0, "10.0.0.4", user_data="#!a", ssh_keys=["k"], mounts=[Mount("data", "/srv")]
)


def topology(role=DB):
    return Topology("shop", [role])


def notes(role, **options):
    made = plan(topology(role), DEMO, PlanOptions(**options))
    return made, [finding for finding in made.findings if finding.rule == RULE]


@pytest.fixture(scope="module")
def shop():
    with simulate() as cloud:
        apply(plan(topology(), DEMO), seed=0)
        yield cloud


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"user_data": "#!/bin/sh\necho\n"}, "2 hosts were created with other user data (db1, db2)"),
        ({"ssh_keys": ["ssh-ed25519 AAAA ada"]}, "2 hosts were created with other SSH keys (db1, db2)"),
        (
            {"volumes": [Volume("data", gib=1, mount="/data")]},
            "2 hosts were created with other mounts (db1, db2)",
        ),
    ],
)
def test_a_change_of_what_applies_at_birth_is_a_note_and_no_change(shop, changed, words):
    made, found = notes(evolve(DB, **changed))
    assert made.changes == ()
    assert [(each.message, str(each.severity)) for each in found] == [(words, "note")]
    assert "--replace instance.db1 --replace instance.db2" in found[0].fix


def test_without_a_change_there_is_no_note(shop):
    assert notes(DB)[1] == []


def test_a_new_host_and_one_that_is_replaced_are_left_out(shop):
    more = evolve(DB, count=3, user_data="#!/bin/sh\necho\n")
    _, found = notes(more, replace={"instance.db1"})
    assert [each.message for each in found] == ["1 host was created with other user data (db2)"]


def test_a_host_of_an_older_version_has_no_note():
    assert changes_since_birth(HOST, evolve(HOST, birth="", user_data="")) == []
    assert changes_since_birth(HOST, evolve(HOST, birth="yesterday")) == []


def test_the_text_is_of_what_is_declared_and_not_of_what_a_recovery_makes_of_it():
    text = birth_text(HOST, "a1")
    assert birth_text(evolve(HOST, mounts=[Mount("data", "/srv", restored=True)]), "a1") == text
    assert birth_text(evolve(HOST, image_id="img-2", private_address="10.0.0.9"), "a1") == text


def test_equal_hosts_have_different_texts_and_none_shows_a_secret(shop):
    hosts = [seen.spec for seen in plan(topology(), DEMO).observation.of(Instance).values()]
    assert len({host.birth for host in hosts}) == len(hosts) == 2
    assert len(hosts[0].birth) <= 63  # the limit of a label
    assert hosts[0].birth not in repr(hosts[0])
