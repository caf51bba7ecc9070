"""What an environment changes of roles and names: for several topologies, and misspelled."""

import pytest
from attrs import evolve

from portinfra import Role, Topology
from portinfra.declaration.declared import Declared

STORE = Topology("store", roles=[Role("shelf", count=1)])


@pytest.fixture
def several(world):
    """Two topologies, and one environment that differs for a role of each."""
    topology, environment = world.selection
    place = evolve(environment, roles={"web": {"count": 1}, "shelf": {"count": 2}})
    return evolve(world, declared=Declared((topology, STORE), (place,)))


@pytest.mark.parametrize(
    "command", ["plan", "apply --yes", "check", "render", "inventory", "status", "destroy --yes"]
)
def test_one_environment_may_differ_for_roles_of_several_topologies(several, command):
    for topology in ("shop", "store"):
        result = several.run(*command.split(), "--topology", topology)
        assert result.exit_code in (0, 2, 3), result.output
        assert "there is no role" not in result.output


@pytest.mark.parametrize("command", ["plan", "apply --yes", "check"])
@pytest.mark.parametrize("changes", [{"roles": {"wbe": {"count": 1}}}, {"sizes": {"smal": "large"}}])
def test_a_misspelled_name_in_an_environment_is_an_error(world, command, changes):
    topology, environment = world.selection
    misspelled = evolve(world, declared=Declared((topology,), (evolve(environment, **changes),)))
    result = misspelled.run(*command.split())
    assert result.exit_code != 0
    assert "Did you mean" in result.output + str(result.exception) + getattr(result.exception, "fix", "")


def test_a_misspelled_size_stops_no_destroy(world):
    topology, environment = world.selection
    assert world.run("apply", "--yes").exit_code == 0
    place = evolve(environment, sizes={"smal": "large"})
    misspelled = evolve(world, declared=Declared((topology,), (place,)))
    assert misspelled.run("destroy", "--yes", "--allow-data-loss", "all").exit_code == 0
