"""Evidence says how deeply each group was looked at; a drill that read no data is inconclusive."""

import pytest
from attrs import evolve
from worlds import ONE, PRODUCTION, SHOP, TWO, WAVES, recovery, write

from portinfra.model.recovery import DataPolicy, Probe, Wave
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.testing.simulation import apply_and_check, simulate

READS = Probe("rows", "true", reads="db")
PAGE = Probe("page", "true")


def looked(evidence):
    return {each.group: each.looked for each in evidence.looked}


@pytest.mark.parametrize(
    ("probes", "level", "result"),
    [
        ([READS], "data", "passed"),
        ([PAGE], "service", "inconclusive"),
        ([], "hosts", "inconclusive"),
        ([READS, Probe("page", "false")], "data", "failed"),
        ([evolve(READS, run="false")], "hosts", "failed"),
        ([evolve(READS, run="false"), PAGE], "service", "failed"),
    ],
)
def test_a_drill_passes_only_if_a_passed_probe_read_the_data(ready, probes, level, result):
    evidence = drill(recovery(probes=probes), run_options=ONE)
    assert (looked(evidence), evidence.result) == ({"db": level}, result)
    if result == "inconclusive":
        assert evidence.reasons == ("no probe has read the data of db",)


def test_where_waves_do_not_come_up_nothing_was_looked_at(ready):
    closed = Wave(["db"], gates="false", limit="5s")
    evidence = drill(recovery(waves=[closed, ["web"]], probes=[READS]), run_options=ONE)
    assert (looked(evidence), evidence.result) == ({"db": "nothing"}, "failed")


@pytest.fixture(scope="module")
def two():
    """Two roles with data, and points of both, in groups of their own and in one."""
    with simulate() as cloud:
        apply_and_check(TWO, PRODUCTION)
        yield cloud


def one_group(*policies):
    return {"topology": TWO, "waves": WAVES, "data": policies}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ((), {"db": "data", "files": "service"}),
        ((DataPolicy("db", group="all"), DataPolicy("files", group="all")), {"all": "service"}),
    ],
)
def test_a_group_is_read_when_the_data_of_each_of_its_roles_is(two, data, expected):
    half = recovery(**one_group(*data), probes=[READS])
    assert replicate(half, now=True, run_options=ONE).succeeded
    evidence = drill(half, run_options=ONE)
    assert (looked(evidence), evidence.result) == (expected, "inconclusive")
    whole = recovery(**one_group(*data), probes=[READS, Probe("files", "true", reads="files")])
    assert drill(whole, run_options=ONE).result == "passed"


def test_a_blank_volume_fails_a_probe_that_reads_it(cloud):
    def last_row(inventory):
        return all(cloud.read(v["id"]) for host in inventory["hosts"] for v in host["volumes"])

    about = recovery(probes=[Probe("last row", last_row, reads="db")])
    replicate(about, run_options=ONE)
    assert drill(about, run_options=ONE).result == "passed"
    write_nothing(cloud)
    replicate(about, now=True, run_options=ONE)
    evidence = drill(about, run_options=ONE)
    assert (evidence.result, evidence.reasons) == ("failed", ("probe 'last row' failed",))
    assert looked(evidence) == {"db": "hosts"}


def write_nothing(cloud):
    write(cloud, PRODUCTION, "")
    for record in cloud.ground_truth(PRODUCTION.account):
        if record["kind"] == "volume":
            cloud.write(record["id"], b"")


def test_a_takeover_says_what_was_looked_at_and_passes_by_its_waves(ready):
    evidence = failover(recovery(probes=[]), FailoverOptions(run_options=ONE))
    assert (looked(evidence), evidence.result) == ({"db": "hosts"}, "passed")


def test_the_ledger_and_the_plan_tell_of_an_inconclusive_drill(ready):
    about = recovery(probes=[PAGE])
    id = drill(about, run_options=ONE).id
    assert status(about).last_drill.result == "inconclusive"
    rules = {finding.rule: finding.message for finding in make_forecast(about).findings}
    assert rules["recovery/drill-inconclusive"] == f"the last drill ({id}) was inconclusive"
    assert "no probe reads the data of db" in rules["recovery/unread-data"]
    accepting = {
        finding.rule for finding in make_forecast(recovery(probes=[PAGE], accept="service")).findings
    }
    assert not accepting & {"recovery/drill-inconclusive", "recovery/unread-data"}


def test_evidence_names_the_plan_and_the_principals(ready):
    evidence = drill(recovery(), run_options=ONE)
    assert (evidence.source_principal, evidence.target_principal) == ("", "fake:222222222222")
    assert evidence.simulated
    assert len(evidence.plan_digest) == 16
    longer = drill(recovery(rto="2h"), run_options=ONE)
    assert longer.plan_digest != evidence.plan_digest
    assert longer.topology_digest == evidence.topology_digest
    taken = failover(recovery(), FailoverOptions(run_options=ONE))
    assert (taken.source_principal, taken.target_principal) == ("fake:111111111111", "fake:222222222222")
    assert recovery().reversed.plan_digest == taken.plan_digest == evidence.plan_digest
    assert recovery(topology=SHOP.with_role(evolve(SHOP.role("web"), count=2))).plan_digest == (
        evidence.plan_digest
    )
