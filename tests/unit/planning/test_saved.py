from attrs import evolve
from toy import applied, plan_of, topology

from portinfra import Role, Rule, Volume
from portinfra.planning.saved import covered, digest, fingerprints

WEB = topology(Role("web", count=2))


def test_the_same_plan_has_the_same_fingerprints():
    assert fingerprints(plan_of(WEB)) == fingerprints(plan_of(WEB))
    assert digest(plan_of(WEB)) == digest(plan_of(WEB))


def test_another_end_is_another_plan():
    larger = topology(Role("web", count=2, size="large"))
    assert not covered(plan_of(larger), fingerprints(plan_of(WEB)))


def test_what_has_been_done_since_needs_no_doing():
    read = fingerprints(plan_of(topology(Role("web", count=3))))
    half = applied(WEB)
    assert covered(plan_of(topology(Role("web", count=3)), half), read)


def test_half_a_creation_may_be_done_already():
    read = fingerprints(plan_of(WEB))
    world = applied(WEB)
    rules = world.resources["firewall-rules.web"]
    half = evolve(rules, spec=evolve(rules.spec, egress=(Rule("tcp", 1, 9, "0.0.0.0/0"),)))
    world = evolve(world, resources={**world.resources, "firewall-rules.web": half})
    assert covered(plan_of(WEB, world), read)


def test_what_nobody_read_is_not_done():
    world = applied(topology(Role("web", count=2, volumes=[Volume("data", gib=1)])))
    read = fingerprints(plan_of(WEB, world))
    assert read
    more = applied(topology(Role("web", count=3, volumes=[Volume("data", gib=1)])))
    assert not covered(plan_of(WEB, more), read)


def test_waiting_is_no_change():
    world = applied(WEB)
    pending = evolve(world.resources["instance.web1"], state="pending")
    plan = plan_of(WEB, evolve(world, resources={**world.resources, "instance.web1": pending}))
    assert plan.changes
    assert fingerprints(plan) == ()


def test_no_secret_is_in_a_fingerprint():
    secret = topology(Role("web", count=2, user_data="canary"))
    assert fingerprints(plan_of(secret)) == fingerprints(plan_of(WEB))
