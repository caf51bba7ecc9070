"""The quota of records at the end that takes over: a shortage is known before the first write.

Records are health checks on Compute Engine. Without room for them, a takeover would stop the source and end.
"""

import pytest
from attrs import evolve
from turning import HOW, LOST, lost, passed_later, powers, refused
from worlds import ONE, PRODUCTION, RECOVERY, recovery, there

from portinfra import dr
from portinfra.execution.connection import Connection
from portinfra.model.catalogue import Quota
from portinfra.model.finding import Severity
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.record_quota import record_findings, takeover_records

RULE = "recovery/record-quota"


def of():
    return recovery(rto="9h", rpo="99h")


NEEDED = takeover_records(of())


def leave_room(cloud, free):
    """Let the account of the target have so many more records."""
    cloud.set_quota(
        "claim", free + sum(each["kind"] == "claim" for each in cloud.ground_truth(RECOVERY.account))
    )


def severity(found):
    return {each.rule: each.severity for each in found}.get(RULE)


def test_a_shortage_refuses_a_takeover_before_the_first_write_and_status_has_it(ready):
    leave_room(ready, NEEDED - 1)
    passed_later(ready, 3600)
    before = there(ready), there(ready, PRODUCTION)
    assert refused(failover, of(), HOW) == [RULE]
    assert (there(ready), there(ready, PRODUCTION)) == before
    assert powers(ready, PRODUCTION) == {"running"}
    status = dr.status(of())
    assert severity(status.readiness) is Severity.ERROR
    assert status.exit_code == 2


def test_with_room_for_one_takeover_there_is_a_warning_and_the_takeover_passes(ready):
    leave_room(ready, NEEDED)
    assert severity(dr.status(of()).readiness) is Severity.WARNING
    assert failover(of(), HOW).result == "passed"


def test_room_for_two_takeovers_is_no_finding(ready):
    leave_room(ready, 2 * NEEDED)
    assert severity(make_forecast(of()).findings) is None


def test_with_the_source_lost_a_shortage_refuses_nothing(ready):
    leave_room(ready, NEEDED - 1)
    passed_later(ready, 3600)
    with lost(PRODUCTION, untouched=False):
        assert severity(make_forecast(of(), LOST).findings) is Severity.WARNING
        assert failover(of(), LOST).result == "passed"


def test_the_message_names_the_quota_and_how_much_to_ask_for(ready):
    leave_room(ready, 3)
    (finding,) = (each for each in make_forecast(of()).findings if each.rule == RULE)
    assert "claim" in finding.message
    assert "its records do not fit" in finding.message
    assert "now there is room for 3 records" in finding.fix


@pytest.mark.parametrize(
    "quota",
    [Quota("instance", 1, 1), Quota("claim", None, 1), Quota("claim", 1, None)],
    ids=["another kind", "a limit that is not read", "a use that is not told"],
)
def test_what_says_nothing_about_records_is_no_finding(ready, quota):
    with Connection.to(RECOVERY) as target:
        catalogue = evolve(target.catalogue(), quotas=(quota,))
        assert list(record_findings(of(), target.provider.records, catalogue)) == []


def test_a_replication_without_room_fails_and_removes_no_point(ready):
    leave_room(ready, 0)
    with pytest.raises(Exception, match="may have"):
        replicate(of(), now=True, run_options=ONE)
    leave_room(ready, 9)
    assert len(dr.status(of()).points) == 1
