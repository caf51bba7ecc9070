"""What makes no sense in a recovery plan is found, at its line, with what to do."""

import inspect

import pytest
from attrs import evolve

from portinfra.errors import ValidationError
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.recovery import Action, DataPolicy, EvidenceCopy, Probe, RecoveryPlan, Wave
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.model.vault import Vault
from portinfra.validation import validate_declared

HERE = Environment("production", on="aws:us-east-1", account="1", key="alias/shop")
NEAR = Environment("recovery", on="aws:eu-west-1", account="2", cidr="10.20.0.0/16", key="alias/dr")
FAR = Environment("recovery", on="gcp:europe-west1", account="1", cidr="10.20.0.0/16", key="shop/volumes")
DB = Role("db", volumes=[Volume("data", gib=1), Volume("log", gib=1)])
QUEUE = Role("queue", volumes=[Volume("data", gib=1)])
SHOP = Topology("shop", roles=[Role("app"), DB, QUEUE])
PLAN = {"name": "shop", "source": HERE, "rpo": "4h", "rto": "30m", "waves": [["db", "queue"], ["app"]]}


@pytest.fixture
def found(declared):
    """What is found in a plan that differs so from a sound one."""

    def find(target=NEAR, topologies=(SHOP,), environments=(), **changes) -> tuple[Finding, ...]:
        plan = RecoveryPlan(**PLAN | {"target": target} | changes)
        places = environments or (HERE, target)
        try:
            return validate_declared(declared(*topologies, environments=places, recoveries=[plan]))
        except ValidationError as error:
            return error.findings

    return find


def policies(*given: DataPolicy, **more) -> dict:
    return {"data": given, **more}


VAULT = Vault(
    "vault:shop",
    "203.0.113.7:22",
    sender="sender.conf",
    receiver="receiver.conf",
    recipient="age1sf6f004q54per4vc9u3um7jjchzmv276axn4u96nehdy08425vws5xrvmr",
    identity="identity",
    password="password",
)
OVER_THERE = {"target": FAR, "vault": VAULT}


@pytest.mark.parametrize(
    ("changes", "rule", "subject", "words"),
    [
        ({"name": "Shop"}, "name", "", "'shop'"),
        (
            {"probes": Probe("a", "true", from_role="ap")},
            "unknown-role",
            "probe.a.from_role",
            "Did you mean 'app'?",
        ),
        ({"probes": Probe("a", print, from_role="app")}, "prober", "probe.a.run", "runs on this machine"),
        ({"probes": Probe("a", "true", files="./a")}, "prober", "probe.a.files", "runs on this machine"),
        ({"probes": Probe("a", "true", (), "app", "../a")}, "prober", "probe.a.files", "within this folder"),
        (
            {"probes": Probe("a", "true", (), "app", "/etc/a")},
            "prober",
            "probe.a.files",
            "within this folder",
        ),
        ({"source": "prduction"}, "unknown-environment", "source", "Did you mean 'production'?"),
        ({"source": "recovery"}, "same-environment", "target", "another"),
        ({"target": evolve(NEAR, on=HERE.on)}, "same-place", "target", "one disaster can affect both"),
        ({"rpo": "4 hours"}, "duration", "rpo", "30m, 4h or 1d"),
        ({"rto": "0h"}, "duration", "rto", "30m, 4h or 1d"),
        ({"rto": "9" * 5000 + "s"}, "duration", "rto", "30m, 4h or 1d"),
        ({"drill_limit": ""}, "duration", "drill_limit", "30m, 4h or 1d"),
        (
            {"waves": [Wave(["db", "queue"], limit="half an hour"), ["app"]]},
            "duration",
            "wave 1.limit",
            "30m, 4h",
        ),
        (policies(DataPolicy("db", schedule="often")), "duration", "data.db.schedule", "30m, 4h"),
        (policies(DataPolicy("db", freeze_limit="1")), "duration", "data.db.freeze_limit", "30m, 4h"),
        (policies(DataPolicy("db", schedule="5h")), "schedule", "data.db.schedule", "an rpo of 4h"),
        ({"waves": [["db", "queue"], ["app", "db"]]}, "role-twice", "waves", "one wave"),
        ({"waves": [["db", "queue"], ["app", "ap"]]}, "unknown-role", "wave 2.roles", "Did you mean 'app'?"),
        (policies(DataPolicy("dbb")), "unknown-role", "data.dbb", "Did you mean 'db'?"),
        (policies(DataPolicy("db/dat")), "unknown-volume", "data.db/dat", "Did you mean 'data'?"),
        (policies(DataPolicy("db"), DataPolicy("db/")), "policy-twice", "data.db/", "Keep one"),
        (
            policies(DataPolicy("db", engine="rsync")),
            "unknown-engine",
            "data.db.engine",
            "age, native, restic",
        ),
        (policies(DataPolicy("db", seed="first")), "unknown-seed", "data.db.seed", "each, one"),
        (policies(DataPolicy("db", retention=0)), "retention", "data.db.retention", "Keep one at least"),
        (policies(DataPolicy("db", keep=0)), "keep", "data.db.keep", "Keep one at least"),
        (policies(DataPolicy("db", keep={})), "keep", "data.db.keep", "Keep one at least"),
        (policies(DataPolicy("db", keep={"last": 1, "daily": -1})), "keep", "data.db.keep", "daily = -1"),
        (
            policies(DataPolicy("db", keep={"last": 1, "dayly": 3})),
            "unknown-keep",
            "data.db.keep",
            "Did you mean 'daily'?",
        ),
        (
            policies(DataPolicy("db", keep=3, retention=3)),
            "keep-twice",
            "data.db.retention",
            "Leave retention out",
        ),
        (policies(DataPolicy("db", engine="native"), **OVER_THERE), "engine", "data.db.engine", "for age"),
        (policies(DataPolicy("db", engine="age")), "no-vault", "vault", "the data of db travels"),
        ({"target": FAR}, "no-vault", "vault", "the data of db, queue travels"),
        (
            policies(DataPolicy("db", engine="restic", sensitive=True), **OVER_THERE),
            "writer-reads",
            "data.db.engine",
            "Use age",
        ),
        (
            {"actions": [Action("a", "true", on=["drill", "failbak"])]},
            "unknown-occasion",
            "action.a.on",
            "'failback'",
        ),
        ({"actions": [Action("a", "true", after="dbb")]}, "unknown-role", "action.a.after", "'db'"),
        ({"actions": [Action("a", "true"), Action("a", "ls")]}, "duplicate-name", "action.a", "Rename"),
        ({"probes": [Probe("a", "true"), Probe("a", "ls")]}, "duplicate-name", "probe.a", "Rename"),
        ({"probes": [Probe("a", " ")]}, "no-command", "probe.a.run", "Name a command"),
        ({"actions": [Action("a", "")]}, "no-command", "action.a.run", "Name a command"),
        ({"notify": [" "]}, "no-command", "notify", "Name a command"),
        ({"probes": [Probe("a", "true", reads=["dbb"])]}, "unknown-role", "probe.a.reads", "mean 'db'?"),
        ({"probes": [Probe("a", "true", reads="app")]}, "no-data", "probe.a.reads", "db, queue"),
        ({"probes": [Probe("a", "true", calls="payments")]}, "unknown-service", "probe.a.calls", "Add it to"),
        ({"accept": "host"}, "unknown-accept", "accept", "Did you mean 'hosts'?"),
        ({"signers": ["ada"]}, "signer", "signers", "44 characters"),
        (
            {"evidence": EvidenceCopy("vault", "f")},
            "evidence-remote",
            "evidence.remote",
            "vault:shop/evidence",
        ),
        ({"evidence": EvidenceCopy("v:x")}, "evidence-remote", "evidence.configuration", "Name the file"),
        ({"actions": [Action("a", "true", on=[])]}, "no-occasion", "action.a.on", "drill, failover"),
        ({"waves": []}, "no-waves", "waves", "Name every role in a wave"),
        ({"waves": [["queue"], ["app"]]}, "role-in-no-wave", "waves", "db, whose data would not be restored"),
        ({"without": ["ap"]}, "unknown-role", "without", "Did you mean 'app'?"),
        ({"without": DB}, "role-twice", "without", "in a wave or in without"),
        ({"waves": [["db", "queue"], [], ["app"]]}, "wrong-type", "wave 2.roles", "is an empty list"),
        (
            {"waves": [Wave(["db", "queue"], gates=["true", ""]), ["app"]]},
            "no-command",
            "wave 1.gates",
            "always passes",
        ),
        (policies(DataPolicy("db", before="  ")), "no-command", "data.db.before", "Name a command"),
        (policies(DataPolicy("db", after=["sync", ""])), "no-command", "data.db.after", "Name a command"),
        ({"drill_limit": "5s"}, "drill-limit", "drill_limit", "as long as the rto"),
        ({"drill_cidr": "ten"}, "drill-cidr", "drill_cidr", "10.99.0.0/16"),
        ({"drill_cidr": "::/16"}, "drill-cidr", "drill_cidr", "10.99.0.0/16"),
        ({"drill_cidr": "10.99.0.0/17"}, "drill-cidr", "drill_cidr", "/16 or larger"),
    ],
)
def test_what_makes_no_sense_is_an_error(changes, rule, subject, words, found):
    (finding,) = found(**changes)
    assert (finding.rule, finding.severity) == (f"recovery/{rule}", Severity.ERROR)
    name = changes.get("name", "shop")
    assert finding.subject == (f"recovery.{name}.{subject}" if subject else f"recovery.{name}")
    assert words in f"{finding.message}. {finding.fix}"
    assert finding.location
    assert finding.location.file == __file__


@pytest.mark.parametrize(
    ("changes", "rule", "subject"),
    [
        ({"waves": [["db", "queue"]]}, "role-in-no-wave", "waves"),
        ({"waves": [Wave(["db", "queue"], limit="31m"), ["app"]]}, "limit", "wave 1.limit"),
        (policies(DataPolicy("app")), "no-volumes", "data.app"),
        (policies(DataPolicy("db", retention=7)), "former-name", "data.db.retention"),
        (policies(DataPolicy("db", engine="restic"), **OVER_THERE), "writer-reads", "data.db.engine"),
    ],
)
def test_what_is_doubtful_is_a_warning(changes, rule, subject, found):
    (finding,) = found(**changes)
    assert (finding.rule, finding.severity) == (f"recovery/{rule}", Severity.WARNING)
    assert finding.subject == f"recovery.shop.{subject}"
    assert finding.fix


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"waves": [["db"]], "without": ["queue", "app"]},
        {"drill_cidr": "10.99.0.0/16"},
        {"drill_cidr": "10.96.0.0/12"},
        {"rto": "10m"},  # shorter than a limit that nobody chose
        {"waves": [Wave(["db", "queue"], gates="true", limit="30m"), Wave("app", gates=print)]},
        {"rto": "20m", "waves": [Wave(["db", "queue"], limit="20m"), ["app"]]},
        policies(DataPolicy("db", schedule="4h", seed="one", before="sync", after=print, sensitive=True)),
        policies(DataPolicy("db", keep={"hourly": 24, "weekly": 8})),
        policies(DataPolicy("db", engine="age"), vault=VAULT),
        policies(DataPolicy("db"), **OVER_THERE),
        {"actions": [Action("a", "true", on=["drill", "failover", "failback"], after="db")]},
        {"actions": [Action("a", "true")], "probes": [Probe("a", "true")]},
        {"target": evolve(NEAR, account="")},
        {"target": evolve(FAR, account="2"), "vault": VAULT},
    ],
)
def test_what_makes_sense_is_not_found_fault_with(changes, found):
    assert found(**changes) == ()


def test_one_account_for_both_is_an_error(found):
    warning_of_any_two = "environment/shared-account"
    error, _ = sorted(found(target=evolve(NEAR, account="1")), key=lambda f: f.rule == warning_of_any_two)
    assert (error.rule, error.subject) == ("recovery/same-account", "recovery.shop.target")
    assert error.severity is Severity.ERROR


def test_two_places_without_accounts_need_only_be_apart(found):
    here = Environment("production", on="libvirt:rack", key="a")
    there = Environment("recovery", on="libvirt:cellar", key="b", cidr="10.20.0.0/16")
    assert found(target=there, environments=(here, there)) == ()
    there = evolve(there, on="libvirt:rack")
    assert [f.rule for f in found(target=there, environments=(here, there))] == ["recovery/same-place"]


def test_data_under_a_providers_own_key_cannot_leave_its_account(found):
    (finding,) = found(target=evolve(NEAR, key=None))
    assert (finding.rule, finding.subject) == ("recovery/no-key", "environment.recovery.key")
    assert "db/data, db/log, queue/data" in finding.message


@pytest.mark.parametrize("volumes", [[], [Volume("data", gib=1, key="alias/db")]])
def test_where_no_data_lies_under_a_providers_own_key_none_need_be_named(volumes, found):
    topology = Topology("shop", roles=[Role("app"), Role("queue"), Role("db", volumes=volumes)])
    assert found(target=evolve(NEAR, key=None), topologies=(topology,)) == ()


def test_what_does_not_come_back_needs_no_key_no_vault_and_agrees_with_nobody(found):
    different = [
        DataPolicy("db", group="money", seed="one", engine="age"),
        DataPolicy("queue", group="money"),
    ]
    stays = {"waves": [["app"]], "without": [DB, QUEUE], "data": different}
    assert found(target=evolve(NEAR, key=None), **stays) == ()


GROUPED = DataPolicy("queue", group="money")


@pytest.mark.parametrize(
    ("others", "attribute", "words"),
    [
        ([DataPolicy("db", group="money", engine="age"), GROUPED], "engine", "age, the default"),
        ([DataPolicy("db", group="money", seed="one"), GROUPED], "seed", "each, one"),
        ([DataPolicy("db", group="money", schedule="1h"), GROUPED], "schedule", "1h, the default"),
        ([DataPolicy("db/data", seed="one")], "seed", "each, one"),  # db/log has the default
        ([DataPolicy("db", seed="one"), DataPolicy("db/log")], "seed", "each, one"),
        ([DataPolicy("queue", group="db", seed="one")], "seed", "each, one"),  # a role is a group
    ],
)
def test_volumes_of_one_moment_travel_alike(others, attribute, words, found):
    (finding,) = found(data=others, vault=VAULT)
    assert (finding.rule, finding.severity) == ("recovery/group", Severity.ERROR)
    assert finding.subject in [f"recovery.shop.data.{each.of}.{attribute}" for each in others]
    assert finding.location in [each.location for each in others]
    assert words in finding.message


@pytest.mark.parametrize(
    "alike",
    [
        [DataPolicy("db", group="money", schedule="2h"), GROUPED],  # half of the rpo, as the default
        [DataPolicy("db", group="money", schedule="60m"), evolve(GROUPED, schedule="1h")],
        [DataPolicy("db", group="money", engine="native"), GROUPED],
        [DataPolicy("db", seed="one"), DataPolicy("db/log", group="logs")],
    ],
)
def test_what_is_alike_in_other_words_is_alike(alike, found):
    assert found(data=alike) == ()


def test_each_finding_is_at_its_own_line(found):
    first = inspect.currentframe().f_lineno
    waves = [
        ["db", "queue"],
        Wave(["app", "web"]),
    ]
    policy = DataPolicy("db", keep=0)
    action = Action("a", "true", on="disaster")
    again = Action("a", "ls")
    lines = [f.location.line - first for f in found(waves=waves, data=policy, actions=[action, again])]
    assert sorted(lines) == [3, 5, 6, 7]


def test_all_that_is_wrong_is_told_at_once(found):
    nonsense = found(
        target=evolve(NEAR, account="1", on=HERE.on),
        rpo="soon",
        rto="later",
        waves=[Wave(["db", "web"], limit="x")],
        data=[DataPolicy("web"), DataPolicy("db", engine="x", seed="y", schedule="z", retention=-1)],
        actions=[Action("a", "true", on="x", after="y")],
        probes=[Probe("a", "true"), Probe("a", "true")],
        drill_cidr="x",
    )
    rules = {finding.rule.removeprefix("recovery/") for finding in nonsense}
    assert rules >= {"same-place", "same-account", "duration", "role-in-no-wave", "unknown-role"}
    assert rules >= {"unknown-engine", "unknown-seed", "retention", "unknown-occasion", "duplicate-name"}
    assert "drill-cidr" in rules


ELSEWHERE = Environment("elsewhere", on="aws:eu-north-1", account="3", cidr="10.30.0.0/16", key="alias/dr")
STAGING = Environment("staging", on="aws:us-west-2", account="4", cidr="10.40.0.0/16", key="alias/shop")


@pytest.fixture
def found_in_two(declared):
    """What is found in two sound plans, beside one another."""

    def find(first, second, topologies=(SHOP,)) -> tuple[Finding, ...]:
        plans = [RecoveryPlan(**PLAN | first), RecoveryPlan(**PLAN | {"name": "other"} | second)]
        places = (HERE, NEAR, ELSEWHERE, STAGING)
        try:
            return validate_declared(declared(*topologies, environments=places, recoveries=plans))
        except ValidationError as error:
            return error.findings

    return find


@pytest.mark.parametrize(
    ("source", "target", "shared"),
    [
        (STAGING, NEAR, ["target"]),  # staging's points would be restored for production
        (HERE, ELSEWHERE, ["source"]),  # both targets could stand at once
        (NEAR, HERE, ["source", "target"]),  # the first one's way back
        (NEAR, ELSEWHERE, ["source"]),
        (STAGING, HERE, ["target"]),
    ],
)
def test_an_environment_is_in_one_plan(source, target, shared, found_in_two):
    findings = found_in_two({"target": NEAR}, {"source": source, "target": target})
    assert [f.subject for f in findings] == [f"recovery.other.{attribute}" for attribute in shared]
    assert {(f.rule, f.severity) for f in findings} == {("recovery/shared-environment", Severity.ERROR)}
    assert all("recovery plan 'shop'" in f.message and f.fix for f in findings)
    assert {f.location.file for f in findings} == {__file__}


def test_plans_that_share_no_environment_or_no_topology_go_together(found_in_two):
    assert found_in_two({"target": NEAR}, {"source": STAGING, "target": ELSEWHERE}) == ()
    other = evolve(SHOP, name="other")
    assert found_in_two({"target": NEAR}, {"target": NEAR}, (SHOP, other)) == ()


def test_a_bad_address_of_the_target_is_no_fault_of_the_drills(found):
    rules = [f.rule for f in found(target=evolve(NEAR, cidr="ten"), drill_cidr="10.99.0.0/16")]
    assert rules == ["environment/cidr"]


def test_a_plan_belongs_to_the_topology_of_its_name(found):
    other = Topology("other", roles=[Role("x")])
    assert found(topologies=(SHOP, other)) == ()
    (finding,) = found(topologies=(SHOP, other), name="shp")
    assert (finding.rule, finding.fix) == ("recovery/unknown-topology", "Did you mean 'shop'?")


def test_the_only_topology_is_every_plans(found):
    assert found(name="disaster") == ()


COUNTS = [(None, None), (3, 3), (2, 3), (3, 2), (None, 2), (0, 3), (3, 0), (0, 0)]
"""How many databases production and recovery have; None: as many as the role says."""


@pytest.mark.parametrize("seed", ["each", "one"])
@pytest.mark.parametrize(("here", "there"), COUNTS)
def test_a_role_with_data_has_one_count_in_both_environments(found, here, there, seed):
    role = evolve(DB, count=3)
    ends = [
        evolve(end, roles={"db": {"count": count}} if count is not None else {})
        for end, count in ((HERE, here), (NEAR, there))
    ]
    counts = [3 if count is None else count for count in (here, there)]
    sound = counts[0] == counts[1] or (seed == "one" and 0 not in counts)
    topologies = (evolve(SHOP, roles=[Role("app"), role, QUEUE]),)
    findings = found(ends[1], topologies, tuple(ends), source=ends[0], data=[DataPolicy("db", seed=seed)])
    unequal = [each for each in findings if each.rule == "recovery/unequal-counts"]
    assert len(unequal) == (not sound)
    for each in unequal:
        assert each.severity is Severity.ERROR
        assert f"has {counts[0]} hosts in 'production'" in each.message
        assert f"{counts[1]} in 'recovery'" in each.message
        assert __file__.rpartition("/")[2] in str(each.location)


def test_a_role_without_data_or_that_is_left_behind_may_have_other_counts(found):
    fewer = evolve(NEAR, roles={"app": {"count": 1}, "db": {"count": 1}})
    waves = {"waves": [["queue"], ["app"]], "without": ["db"]}
    rules = [each.rule for each in found(fewer, **waves)]
    assert "recovery/unequal-counts" not in rules
