"""A drill as a test of one's own: it passes, or says why not."""

import pytest
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra import Probe, dr
from portinfra.errors import ValidationError
from portinfra.testing import drill


def test_a_recovery_is_made_of_what_it_names(cloud):
    about = dr.recovery(SHOP, recovery().plan, [PRODUCTION, RECOVERY])
    assert dr.replicate(about, run_options=ONE).succeeded
    assert drill(about, seed=0).result == "passed"


def test_one_that_fails_says_every_reason(cloud):
    plan = recovery(probes=[Probe("page", "false"), Probe("row", "false")])
    dr.replicate(plan, run_options=ONE)
    with pytest.raises(AssertionError, match="probe 'page' failed\nprobe 'row' failed"):
        drill(plan, seed=0)


def test_a_plan_that_makes_no_sense_is_refused():
    with pytest.raises(ValidationError):
        dr.recovery(SHOP, recovery().plan, [PRODUCTION])


def test_what_a_probe_said_is_part_of_the_message(cloud):
    def last_order(inventory):
        raise RuntimeError("last order missing")

    plan = recovery(probes=[Probe("orders", last_order)])
    dr.replicate(plan, run_options=ONE)
    with pytest.raises(AssertionError, match=r"orders said: .*last order missing"):
        drill(plan, seed=0)
