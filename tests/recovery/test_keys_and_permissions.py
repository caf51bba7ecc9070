"""Before its first write, a takeover knows whether its keys can be used, and what its credentials may do."""

import pytest
from attrs import evolve
from turning import HOW, LOST, passed_later, powers, refused
from worlds import PRODUCTION, RECOVERY, recovery, there

from portinfra import dr
from portinfra.execution.connection import Connection
from portinfra.model.finding import Severity
from portinfra.provider import registry
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.permission_checks import permission_findings
from portinfra.recovery.watch.usable_keys import key_findings
from portinfra.testing.call_wrapper import wrap_calls

KEY, DENIED = "recovery/unusable-key", "recovery/denied"


def of(**more):
    return recovery(rto="9h", rpo="99h", **more)


def found(rule, options=HOW, about=None):
    return [each for each in make_forecast(about or of(), options).findings if each.rule == rule]


def is_refused_before_the_first_write(cloud, rule):
    passed_later(cloud, 3600)
    before = there(cloud), there(cloud, PRODUCTION)
    assert refused(failover, of(), HOW) == [rule]
    assert (there(cloud), there(cloud, PRODUCTION)) == before
    return powers(cloud, PRODUCTION) == {"running"}


def test_a_world_in_which_all_may_be_done_has_no_finding(ready):
    assert not [
        each for each in make_forecast(of()).findings if "key" in each.rule or "permission" in each.rule
    ]


# Keys.


@pytest.mark.parametrize(
    ("state", "message", "fix"),
    [("disabled", "it is disabled", "Enable"), ("missing", "there is no such key", "Create")],
)
def test_a_key_that_cannot_be_used_refuses_a_takeover_and_is_in_status(ready, state, message, fix):
    ready.set_key("alias/recovery", state)
    (finding,) = found(KEY)
    assert finding.severity is Severity.ERROR
    assert finding.message == f"key alias/recovery of recovery: {message}"
    assert finding.fix.startswith(f"{fix} alias/recovery")
    assert KEY in {each.rule for each in dr.status(of()).readiness}
    assert is_refused_before_the_first_write(ready, KEY)


def test_a_key_is_read_once_though_many_disks_have_it(ready):
    calls = []

    def note(provider, call):
        calls.append(call.action)
        return provider.perform(call)

    with wrap_calls("fake", note):
        dr.status(of())
    assert calls.count("DescribeKey") == 1
    assert calls.count("ReadPermissions") == 0, "status makes few calls"
    assert len(calls) <= 45


def test_the_key_of_a_point_counts_too_although_no_disk_is_to_have_it(ready):
    ready.set_key("alias/recovery", "disabled")
    other = of(target=evolve(RECOVERY, key="alias/new"))
    assert [each.message for each in found(KEY, evolve(HOW, insist=True), other)] == [
        "key alias/recovery of recovery: it is disabled"
    ]


def test_the_way_back_reads_the_keys_of_the_source(ready):
    failover(of(), HOW)
    ready.set_key("alias/data", "disabled")
    assert KEY in refused(failback, of(), HOW)


def test_with_the_source_lost_a_key_is_a_warning(ready):
    ready.set_key("alias/recovery", "disabled")
    assert [each.severity for each in found(KEY, LOST)] == [Severity.WARNING]


def test_a_key_that_may_not_be_read_is_a_warning(ready):
    ready.deny("DescribeKey")
    (finding,) = found("recovery/key-unread")
    assert finding.severity is Severity.WARNING
    assert "whether it can be used is not known" in finding.message


# Permissions.


def test_an_action_that_is_denied_refuses_a_takeover_and_is_named(ready):
    ready.deny("CreateVolume")
    (finding,) = found(DENIED)
    assert finding.severity is Severity.ERROR
    assert finding.message == "the credentials of recovery may not do CreateVolume, which a takeover needs"
    assert finding.fix == "Allow CreateVolume."
    assert is_refused_before_the_first_write(ready, DENIED)


def test_each_denied_action_is_a_finding_of_its_own(ready):
    ready.deny("CreateVolume")
    ready.deny("StartInstance")
    assert len(found(DENIED)) == 2


def test_a_denied_action_that_this_takeover_does_not_need_refuses_nothing(ready):
    """After one takeover the network exists: nothing creates it again."""
    ready.deny("CreateNetwork")
    assert [each.severity for each in found(DENIED)] == [Severity.ERROR]
    ready.deny("CreateNetwork", denied=False)
    failover(of(), HOW)
    ready.deny("CreateNetwork")
    assert found(DENIED, LOST) == []


def test_a_denial_that_the_provider_is_not_sure_of_is_a_warning(ready, monkeypatch):
    """As on Google Cloud, which tells of the whole project, and not of single resources."""
    monkeypatch.setattr(type(registry.plugin("fake")), "is_sure_to_be_needed", lambda *_: False)
    ready.deny("CreateVolume")
    (finding,) = found(DENIED)
    assert finding.severity is Severity.WARNING
    assert finding.message == (
        "a takeover may need CreateVolume, which is not granted to the credentials of recovery"
    )


def test_with_the_source_lost_a_denied_action_is_a_warning(ready):
    ready.deny("CreateVolume")
    assert [each.severity for each in found(DENIED, LOST)] == [Severity.WARNING]


def test_permissions_that_cannot_be_read_refuse_nothing_and_plan_says_so(ready):
    ready.deny("ReadPermissions")
    (finding,) = found("recovery/permissions-unknown")
    assert finding.severity is Severity.NOTE
    assert "may not call ReadPermissions" in finding.message
    assert failover(of(), HOW).result == "passed"


def test_plan_says_where_a_provider_cannot_tell_and_reads_no_key_there(ready):
    with Connection.to(RECOVERY) as target:
        elsewhere = evolve(target, environment=evolve(RECOVERY, on="libvirt:rack", account=None))
        (finding,) = permission_findings(of(), elsewhere, {})
        assert list(key_findings(of(), elsewhere, ["alias/recovery"])) == []
    assert (finding.rule, finding.severity) == ("recovery/permissions-unknown", Severity.NOTE)
    assert "libvirt does not tell what credentials may do" in finding.message
