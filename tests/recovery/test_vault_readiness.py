"""What is lacking so that helpers carry anything is told before anything is frozen or taken."""

import pytest
from attrs import evolve
from vaults import by, needs_tools
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, WAVES, recovery

from portinfra import dr, workflow
from portinfra.errors import PolicyError, ValidationError
from portinfra.model.recovery import DataPolicy

pytestmark = needs_tools


def test_where_hosts_run_nothing_no_vault_is_of_any_use(home, cloud):
    about = by("age", home, cloud, stand=None)
    with pytest.raises(ValidationError) as error:
        dr.recovery(SHOP, about.plan, [PRODUCTION, RECOVERY])
    (finding,) = [each for each in error.value.findings if each.rule == "recovery/no-helpers"]
    assert "LocalStand" in finding.fix
    native = evolve(about.plan, data=[DataPolicy("db", engine="native")])
    assert dr.recovery(SHOP, native, [PRODUCTION, RECOVERY])  # no data of it goes by the vault


@pytest.mark.parametrize(("engine", "file"), [("age", "sender.conf"), ("restic", "password")])
def test_a_file_that_is_not_there_costs_no_freeze(engine, file, home, cloud):
    frozen = []
    about = by(engine, home, cloud)
    data = [evolve(about.plan.data[0], before=lambda given: frozen.append(given) or True)]
    about = evolve(about, plan=evolve(about.plan, data=data))
    (home / file).unlink()
    (group,) = dr.replicate(about, run_options=ONE).groups
    assert group.fate == "failed"
    assert file in group.problem
    assert frozen == []
    assert dr.status(about).points == ()


def test_a_plan_warns_of_a_sender_that_is_not_here(home, cloud):
    about = by("age", home, cloud)
    (home / "sender.conf").unlink()
    found = {f.message: f.fix for f in dr.make_forecast(about).findings if f.rule == "recovery/not-ready"}
    assert found["~/sender.conf, the vault's sender, is not on this machine"].startswith(
        "The machine that runs"
    )


@pytest.mark.parametrize("file", ["receiver.conf", "identity"])
def test_a_file_that_who_takes_over_lacks_stops_no_source(file, home, cloud):
    about = by("age", home, cloud)
    assert dr.replicate(about, run_options=ONE).succeeded
    cloud.clock.sleep_until(cloud.clock.now() + 3600)
    (home / file).unlink()
    before = cloud.ground_truth()
    with pytest.raises(PolicyError) as error:
        dr.failover(about, dr.FailoverOptions(run_options=ONE))
    assert [each.rule for each in error.value.findings] == ["recovery/not-ready"]
    assert file in error.value.findings[0].message
    assert cloud.ground_truth() == before


def test_what_one_engine_lacks_keeps_no_group_of_another_from_being_carried(home, cloud):
    about = by("age", home, cloud, evolve(recovery(), topology=TWO))
    data = [DataPolicy("db", engine="age"), DataPolicy("files", engine="restic")]
    about = evolve(about, plan=evolve(about.plan, data=data, waves=WAVES))
    workflow.apply(workflow.plan(TWO, PRODUCTION), seed=0)
    (home / "password").unlink()
    made = {group.group: group.fate for group in dr.replicate(about, run_options=ONE).groups}
    assert made == {"db": "carried", "files": "failed"}
