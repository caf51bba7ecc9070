from attrs import evolve
from toy import PRODUCTION, applied, plan_of, topology

from portinfra import Role, Rule, Volume
from portinfra.planning.fingerprints import declaration_digest, fingerprints, is_covered

WEB = topology(Role("web", count=2))


def test_the_same_plan_has_the_same_fingerprints():
    assert fingerprints(plan_of(WEB)) == fingerprints(plan_of(WEB))


def test_another_end_is_another_plan():
    larger = topology(Role("web", count=2, size="large"))
    assert not is_covered(plan_of(larger), fingerprints(plan_of(WEB)))


def test_what_has_been_done_since_needs_no_doing():
    read = fingerprints(plan_of(topology(Role("web", count=3))))
    half = applied(WEB)
    assert is_covered(plan_of(topology(Role("web", count=3)), half), read)


def test_half_a_creation_may_be_done_already():
    read = fingerprints(plan_of(WEB))
    world = applied(WEB)
    rules = world.resources["firewall-rules.web"]
    half = evolve(rules, spec=evolve(rules.spec, egress=(Rule("tcp", 1, 9, "0.0.0.0/0"),)))
    world = evolve(world, resources={**world.resources, "firewall-rules.web": half})
    assert is_covered(plan_of(WEB, world), read)


def test_what_nobody_read_is_not_done():
    world = applied(topology(Role("web", count=2, volumes=[Volume("data", gib=1)])))
    read = fingerprints(plan_of(WEB, world))
    assert read
    more = applied(topology(Role("web", count=3, volumes=[Volume("data", gib=1)])))
    assert not is_covered(plan_of(WEB, more), read)


def test_waiting_is_no_change():
    world = applied(WEB)
    pending = evolve(world.resources["instance.web1"], state="pending")
    plan = plan_of(WEB, evolve(world, resources={**world.resources, "instance.web1": pending}))
    assert plan.changes
    assert fingerprints(plan) == ()


def test_user_data_goes_in_by_sixteen_bits_which_tell_a_change_and_no_secret():
    read = fingerprints(plan_of(topology(Role("web", count=2, user_data="one"))))
    assert not is_covered(plan_of(topology(Role("web", count=2, user_data="another"))), read)
    guesses = {
        fingerprints(plan_of(topology(Role("web", count=1, user_data=str(secret))))) for secret in range(400)
    }
    assert len(guesses) < 400  # many secrets look alike


def test_other_user_data_is_another_declaration():
    one, another = (plan_of(topology(Role("web", count=2, user_data=text))) for text in ("one", "another"))
    assert declaration_digest(one) != declaration_digest(another)
    assert declaration_digest(one) == declaration_digest(plan_of(one.placed.topology, applied(WEB)))


def test_another_account_or_place_is_another_plan():
    read = fingerprints(plan_of(WEB))
    for elsewhere in (evolve(PRODUCTION, account="other"), evolve(PRODUCTION, on="toy:island")):
        assert not is_covered(plan_of(WEB, environment=elsewhere), read)


def test_a_host_is_not_taken_down_for_what_was_gentle_when_it_was_read():
    tagged = topology(Role("web", count=2, tags={"team": "blue"}))
    read = fingerprints(plan_of(tagged, applied(WEB)))
    resized = applied(topology(Role("web", count=2, size="large")))
    assert not is_covered(plan_of(tagged, resized), read)


def test_what_was_replaced_since_is_not_replaced_again():
    asked = {"replace": frozenset({"instance.web1"})}
    world = applied(WEB)
    read = fingerprints(plan_of(WEB, world, **asked))
    assert is_covered(plan_of(WEB, world, **asked), read)
    anew = evolve(world.resources["instance.web1"], parts={"id": "another"})
    later = evolve(world, resources={**world.resources, "instance.web1": anew})
    assert not is_covered(plan_of(WEB, later, **asked), read)


def test_half_a_replacement_may_be_done_already():
    world = applied(WEB)
    read = fingerprints(plan_of(topology(Role("web", count=2, image="ubuntu-24.04")), world))
    gone = {a: seen for a, seen in world.resources.items() if a != "instance.web1"}
    half = evolve(world, resources=gone)
    assert is_covered(plan_of(topology(Role("web", count=2, image="ubuntu-24.04")), half), read)


class Counted(tuple):
    """Fingerprints that count how often they are read from the beginning."""

    readings = 0

    def __iter__(self):
        self.readings += 1
        return super().__iter__()


def test_the_cost_of_a_comparison_grows_with_the_plan_and_not_with_its_square():
    read = Counted(fingerprints(plan_of(topology(Role("web", count=9)))))
    assert is_covered(plan_of(topology(Role("web", count=9))), read)
    assert read.readings == 1
