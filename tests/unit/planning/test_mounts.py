"""A host that runs mounts a volume at its next start: the plan that attaches one says so."""

from attrs import evolve
from toy import applied, plan_of, topology

from portinfra import Role, Volume
from portinfra.planning.mounts import RULE

DB = Role("db", count=1, volumes=[Volume("data", gib=1, mount="/srv"), Volume("log", gib=1)])


def without(observation, *addresses):
    left = {each: seen for each, seen in observation.resources.items() if each not in addresses}
    return evolve(observation, resources=left)


def notes(observation=None, **options):
    plan = plan_of(topology(DB), observation, **options)
    return [(each.message, each.fix) for each in plan.findings if each.rule == RULE]


def test_a_host_that_lost_a_mounted_volume_while_it_runs_has_to_restart():
    lost = without(applied(topology(DB)), "attachment.db1-data", "attachment.db1-log")
    assert notes(lost) == [
        (
            "db1 runs while 1 volume of its mounts (/srv) is attached to it",
            "It mounts them when it starts: restart db1 afterwards.",
        )
    ]


def test_a_host_that_starts_in_the_same_run_needs_no_note():
    assert notes() == [], "a new host waits for its volumes"
    lost = without(applied(topology(DB)), "attachment.db1-data")
    assert notes(lost, replace=frozenset({"instance.db1"})) == []
