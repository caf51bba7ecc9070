"""Probes that run on one more host of a role, which reports by its serial console."""

import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import evolve
from turning import dies_at
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, there

from portinfra import workflow
from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.receipts import find_summary
from portinfra.model.recovery import DataPolicy, Probe, Wave
from portinfra.model.resources import Instance
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch import probers
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.testing.fake import plugin
from portinfra.testing.fake.errors import FakeError

ROWS = Probe("rows", "psql -c 'select count(*) from orders'", reads="db", from_role="web")


def created(cloud):
    """The parameters of each host that is created from now on, by the host's name."""
    found = {}

    def note(action, parameters):
        if action == "CreateInstance":
            found[parameters["name"].rpartition("-")[0].rpartition("-")[2]] = dict(parameters)

    cloud.before_request = note
    return found


def test_a_probe_runs_on_one_more_host_of_its_role_and_leaves_nothing(ready):
    before, hosts = there(ready), created(ready)
    evidence = drill(recovery(probes=[ROWS]), run_options=ONE)
    assert (evidence.result, evidence.reasons) == ("passed", ())
    (checked,) = evidence.probes
    assert (checked.name, checked.passed, checked.from_role) == ("rows", True, "web")
    assert checked.told.startswith("SIMULATED: ")
    assert checked.command == ROWS.run
    assert [(each.group, each.looked) for each in evidence.looked] == [("db", "data")]
    assert set(hosts) == {"db1", "db2", "web1", "web2"}, "the topology has one web"
    alike = ("subnet", "firewall", "image_id", "machine_type", "ends_after")
    web1, prober = hosts["web1"], hosts["web2"]
    assert prober["firewall"] == web1["firewall"]
    assert [prober[name] for name in alike[2:]] == [web1[name] for name in alike[2:]]
    assert len(find_summary(prober["user_data"]).reads[0]) == 2, "the volumes of db1 and db2"
    assert there(ready) == before


def test_a_blank_volume_fails_the_probe_that_reads_it(cloud):
    assert replicate(recovery(), run_options=ONE).succeeded
    for record in cloud.ground_truth(RECOVERY.account):
        if record["kind"] == "snapshot":
            cloud.write(record["id"], "")
    evidence = drill(recovery(probes=[ROWS]), run_options=ONE)
    (checked,) = evidence.probes
    assert (checked.passed, evidence.result) == (False, "failed")
    assert "is blank" in checked.told


def test_it_waits_no_longer_than_the_last_wave_may_take(ready, monkeypatch):
    monkeypatch.setattr(type(plugin), "console_text", lambda self, answer: "[    0.0] Linux\n")
    began = ready.clock.now()
    evidence = drill(recovery(probes=[ROWS], waves=[["db"], Wave(["web"], limit="7m")]), run_options=ONE)
    (checked,) = evidence.probes
    assert (checked.passed, checked.tries, checked.told) == (False, 0, "no receipt came within 7m")
    assert evidence.result == "failed"
    assert 7 * 60 <= ready.clock.now() - began < 40 * 60


def test_the_evidence_says_what_keeps_a_console_from_being_read(ready):
    def refuse(action, parameters):
        if action == "ReadConsole":
            raise FakeError("AccessDenied", "ReadConsole is not allowed")

    ready.before_request = refuse
    evidence = drill(recovery(probes=[ROWS]), run_options=ONE)
    assert "ReadConsole is not allowed" in evidence.probes[0].told
    assert evidence.left_behind == 0


def test_a_drill_stays_closed_while_probes_run_in_it(ready):
    open_ways = []

    def note(action, parameters):
        if action == "AllowTraffic" and any("/" in str(rule) for rule in parameters["rules"]):
            open_ways.append(parameters)
        if action == "CreatePublicAddress":
            open_ways.append(parameters)

    ready.before_request = note
    assert drill(recovery(probes=[ROWS]), run_options=ONE).result == "passed"
    assert open_ways == []


def test_probes_from_several_roles_keep_the_order_of_the_plan(ready):
    here = Probe("page", "true")
    from_db = Probe("replica", "true", reads="db", from_role="db")
    evidence = drill(recovery(probes=[from_db, here, ROWS]), run_options=ONE)
    assert [(each.name, each.from_role, each.passed) for each in evidence.probes] == [
        ("replica", "db", True),
        ("page", "", True),
        ("rows", "web", True),
    ]


def test_of_sensitive_data_no_evidence_has_what_a_probe_printed(ready):
    evidence = drill(recovery(probes=[ROWS], data=[DataPolicy("db", sensitive=True)]), run_options=ONE)
    assert [(each.passed, each.told) for each in evidence.probes] == [(True, "")]


@pytest.mark.parametrize("verb", [failover, failback])
def test_a_takeover_asks_on_a_host_of_its_own_and_leaves_its_environment_as_it_is(ready, verb):
    about, end = recovery(probes=[Probe("page", "true"), ROWS]), RECOVERY
    if verb is failback:
        assert failover(recovery(), FailoverOptions(run_options=ONE)).result == "passed"
        end = PRODUCTION
    hosts, said = created(ready), []
    evidence = verb(about, FailoverOptions(run_options=ONE), say=said.append)
    assert (evidence.result, evidence.reasons) == ("passed", ())
    assert [(each.name, each.passed, each.from_role) for each in evidence.probes] == [
        ("page", True, ""),
        ("rows", True, "web"),
    ]
    assert [(each.group, each.looked) for each in evidence.looked] == [("db", "data")]
    assert "prober web2: rows" in said
    assert hosts["web2"]["ends_after"] > 0
    assert len(workflow.observe(SHOP, end).of(Instance)) == 3
    assert workflow.plan(SHOP, end, guards=[about]).empty
    assert not [name for kind, name in there(ready, end) if kind == "instance" and "web2" in name]


@pytest.mark.parametrize("verb", [drill, failover])
def test_a_prober_runs_where_hosts_get_their_files_at_their_first_boot(ready, verb):
    about = recovery(probes=[ROWS], topology=evolve(SHOP, delivery="files"))
    hosts = created(ready)
    evidence = (
        verb(about, run_options=ONE) if verb is drill else verb(about, FailoverOptions(run_options=ONE))
    )
    assert (evidence.result, [each.passed for each in evidence.probes]) == ("passed", [True])
    assert "load_firewall" in hosts["web1"]["boot_script"]
    assert not hosts["web2"].get("boot_script")


def test_a_prober_whose_takeover_died_is_swept(ready):
    about = recovery(probes=[ROWS], rto="9h")
    dies_at("ReadConsole", lambda: failover(about, FailoverOptions(run_options=ONE)))
    assert [name for kind, name in there(ready) if kind == "instance" and "web2" in name]
    sweep(about, run_options=ONE)
    assert not [name for kind, name in there(ready) if kind == "instance" and "web2" in name]
    assert failover(about, FailoverOptions(run_options=ONE)).result == "passed"
    assert not [name for kind, name in there(ready) if kind == "instance" and "web2" in name]


def test_a_prober_that_does_not_report_fails_its_probe_and_no_host(ready, monkeypatch):
    monkeypatch.setattr(type(plugin), "console_text", lambda self, answer: "[    0.0] Linux\n")
    evidence = failover(recovery(probes=[ROWS], rto="9h"), FailoverOptions(run_options=ONE))
    assert evidence.reasons == ("probe 'rows' failed",)
    assert evidence.rto_measured is not None
    assert not [name for kind, name in there(ready) if kind == "instance" and "web2" in name]


@pytest.mark.parametrize(
    ("size", "message"),
    [(None, "big, a file of a probe, cannot be read"), (40_000, "bytes, and fake takes 16,384")],
)
def test_a_file_that_cannot_be_brought_is_refused_before_anything(
    ready, tmp_path, monkeypatch, size, message
):
    monkeypatch.chdir(tmp_path)
    if size:
        Path("big").write_bytes(random.Random(0).randbytes(size))
    here = recovery(probes=[evolve(ROWS, files="./big")])
    books = there(ready)
    with pytest.raises(ValidationError) as caught:
        drill(here, run_options=ONE)
    assert message in caught.value.findings[0].message
    assert message in " ".join(finding.message for finding in make_forecast(here).findings)
    assert there(ready) == books


@pytest.mark.parametrize(
    ("capabilities", "message"),
    [
        (Capabilities(runs_user_data=False), "run no user data"),
        (Capabilities(), "portinfra reads no serial console of fake"),
    ],
)
def test_a_provider_whose_hosts_cannot_report_is_named_offline(monkeypatch, capabilities, message):
    monkeypatch.setattr(probers.registry, "plugin", lambda name: SimpleNamespace(capabilities=capabilities))
    (finding,) = probers.prober_support_findings(recovery(probes=[ROWS]))
    assert message in finding.message
    assert finding.subject == "recovery.shop.probe.rows.from"
    assert list(probers.prober_support_findings(recovery(probes=[Probe("page", "true")]))) == []


def test_a_prober_costs_one_host_and_few_calls(ready):
    plain = drill(recovery(probes=[Probe("rows", "true", reads="db")]), run_options=ONE)
    inside = drill(recovery(probes=[ROWS]), run_options=ONE)
    assert (plain.result, inside.result) == ("passed", "passed")
    assert inside.calls - plain.calls <= 40
