"""Law: a recovery command that meets a silent zone never advises an option that it does not have."""

import pytest
from begun import begun
from turning import HOW, silent
from worlds import ONE, recovery, shop_has_a_point

from portinfra.errors import PortinfraError
from portinfra.execution.run import Run
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.takeover.refresh import refresh
from portinfra.recovery.takeover.takeover import failover

VERBS = {
    "failover": lambda say: failover(recovery(), HOW, say=say),
    "drill": lambda say: drill(recovery(), run_options=ONE, say=say),
    "refresh": lambda say: refresh(recovery(standby="running"), HOW, say=say),
}


@pytest.mark.parametrize("plan", range(3))
@pytest.mark.parametrize("verb", VERBS)
def test_no_text_advises_to_leave_a_zone_out(verb, plan, monkeypatch):
    """A zone falls silent before one of the first plans that a run makes under its lease."""
    texts, made, plan_changes = [], [], Run.plan
    with begun(shop_has_a_point) as cloud:

        def plan_in_silence(run, *given, **more):
            made.append(given)
            with silent(cloud, *(["eu-west-1a"] if len(made) == plan + 1 else [])):
                return plan_changes(run, *given, **more)

        monkeypatch.setattr(Run, "plan", plan_in_silence)
        try:
            texts += VERBS[verb](texts.append).reasons
        except PortinfraError as error:
            texts.append(str(error))
    assert len(made) > plan
    assert [each for each in texts if "--without-zone" in each] == []
