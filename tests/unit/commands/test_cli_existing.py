"""The commands for what exists work though the declaration has what no new host may have."""

import pytest


@pytest.mark.parametrize("odd", [{"user_data": "echo hi"}, {"tags": {f"tag-{n}": "x" for n in range(99)}}])
def test_no_command_for_what_exists_is_refused_by_checks_of_new_resources(applied, odd):
    world = applied.changing("web", **odd)
    checked = world.run("check")
    assert checked.exit_code != 0
    assert "role.web." in checked.stderr
    for command in ("inventory", "lease"):
        assert world.run(command).exit_code == 0, command
    assert "The declaration: 1 error" not in world.run("status").stderr
    destroyed = world.run("destroy", "--yes", "--allow-data-loss", "all")
    assert destroyed.exit_code == 0, destroyed.stderr
