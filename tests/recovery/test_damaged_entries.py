"""A ledger entry that is damaged, or that a newer version wrote, ends no verb with an internal error.

It is counted and named, and no recovery point is removed while it exists.
"""

import io
import json
import re

import pytest
from attrs import evolve
from begun import begun
from clocks import HOUR
from rich.console import Console
from sweeps import one_in_quick
from turning import HOW, LOST, lost, passed_later, rules
from worlds import FEW, ONE, PRODUCTION, RECOVERY, recovery, write, written

from portinfra.errors import PolicyError, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.format import iso, moment
from portinfra.model.finding import Severity
from portinfra.model.record import Record
from portinfra.model.recovery import DataPolicy, Wave
from portinfra.model.resources import Volume
from portinfra.model.topology import Role, Topology
from portinfra.records.lease import NOTE, read_records
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.ledger.approvals import read_approvals
from portinfra.recovery.ledger.drills import ended_drills
from portinfra.recovery.ledger.entries import FORMS, VERSION, unreadable
from portinfra.recovery.ledger.kept_snapshots import read_kept
from portinfra.recovery.ledger.ledger import Entry, Ledger
from portinfra.recovery.ledger.points import points
from portinfra.recovery.ledger.runs import read_runs
from portinfra.recovery.ledger.takeovers import active_since, list_takeovers
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.takeover.abandon import abandon
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.recovery.watch.forecast import make_forecast
from portinfra.recovery.watch.status import status
from portinfra.render.console.recovery import show_evidence, show_swept
from portinfra.render.evidence.page import report_html
from portinfra.render.recovery_documents import prometheus
from portinfra.testing.simulation import apply_and_check

TINY = Topology("shop", [Role("db", count=1, waive=FEW, volumes=[Volume("data", gib=1, mount="/srv")])])
WRONG = [None, "", "soon", -1, 7, 1e300, float("nan"), True, [], {}, ["x"]]
"""Values of many types. Each field refuses most of them."""

EXAMPLES = {
    "point": {
        "kind": "point",
        "id": "70dbd8b0",
        "group": "db",
        "taken": 1893456048.0,
        "open": False,
        "count": 1,
        "digest": "0" * 16,
        "engine": "native",
        "topology": "0" * 16,
        "key": "alias/recovery",
    },
    "standby": {"kind": "standby", "id": "standby-70dbd999"},
    "left": {"kind": "left", "id": "left-70dbd999", "epoch": 1_893_456_000, "until": 1_893_456_281},
    "drill": {
        "kind": "drill",
        "id": "70dbd94dfa",
        "began": "2030-01-01T00:03:25+00:00",
        "open": False,
        "result": "passed",
        "rto": 73.0,
        "run": 1,
        "digest": "0" * 64,
    },
    "run": {
        "kind": "run",
        "id": "70dbd9992c4f",
        "of": "failover",
        "takeover": "70dbd999",
        "began": "2030-01-01T00:05:43+00:00",
        "open": False,
        "run": 2,
        "result": "passed",
        "digest": "0" * 64,
    },
    "failover": {
        "kind": "failover",
        "id": "70dbd999",
        "occasion": "failover",
        "epoch": 1893456052,
        "began": 1893456052.0,
        "open": True,
        "points": "70dbd8b0",
    },
    "stood": {"kind": "stood", "id": "70dbd999"},
    "approved": {
        "kind": "approved",
        "id": "70dbd9b2",
        "what": "failover",
        "principal": "ada@laptop",
        "at": 1893456050.0,
        "until": 1893459650.0,
        "takeover": "",
        "data": "",
    },
    "kept": {"kind": "kept", "id": "70dbd9a1", "takeover": "70dbd999", "data": "b0a3", "until": 1894060852.0},
}


def damages(kind):
    """An entry of a kind: without each field that it needs, with values of other types, and newer."""
    whole = EXAMPLES[kind]
    for name in whole:
        if name in ("kind", *FORMS[kind].required):
            yield f"{kind} without {name}", {n: value for n, value in whole.items() if n != name}
        for value in WRONG:
            yield f"{kind} with {name} = {value!r}", {**whole, name: value}
    yield f"{kind} of a newer version", {**whole, "v": VERSION + 1}
    yield f"{kind} of version soon", {**whole, "v": "soon"}


def test_every_kind_has_a_form_and_each_form_reads_its_example():
    assert EXAMPLES.keys() == FORMS.keys()
    for said in EXAMPLES.values():
        assert unreadable(1, said) is None
        assert unreadable(1, {**said, "v": VERSION, "a field of a later version": 1}) is None


def test_what_is_missing_or_of_another_type_has_a_number_a_kind_and_a_reason():
    for kind in FORMS:
        for name in FORMS[kind].required:
            found = unreadable(7, {n: v for n, v in EXAMPLES[kind].items() if n != name})
            assert (found.number, found.kind, found.reason) == (7, kind, f"{name} is missing")
            found = unreadable(7, {**EXAMPLES[kind], name: {}})
            assert (found.kind, found.reason) == (kind, f"{name} has a value of another form")
    assert unreadable(7, {"kind": "hologram"}).reason == "its kind is not known"
    assert unreadable(7, {**EXAMPLES["stood"], "v": VERSION + 1}).newer
    assert not unreadable(7, {}).newer


def tiny():
    return recovery(topology=TINY, waves=[["db"]], rto="9h", data=[DataPolicy("db", keep=1)])


def drill_once(cloud):
    apply_and_check(TINY, PRODUCTION)
    write(cloud, PRODUCTION, "one")
    replicate(tiny(), run_options=ONE)
    assert drill(tiny(), run_options=ONE).result == "passed"
    passed_later(cloud, HOUR)


@pytest.fixture
def ready():
    """A cloud with one point and one drill."""
    with begun(drill_once) as cloud:
        yield cloud


def put(said, end=RECOVERY, about=None, number=None):
    """Write an entry as it is, after all others or over one of them; its number."""
    with Connection.to(end) as there:
        ledger = Ledger.after_settling(there, (about or tiny()).ledger)
        records = read_records(there.reader, ledger.scope)
        envelope = json.loads(records[-1].text)
        driver = there.provider.records
        create = number is None
        number = records[-1].number + 1 if create else number
        text = json.dumps({**envelope, "number": number, NOTE: json.dumps(said)})
        call = (driver.create if create else driver.write)(ledger.scope, Record(number, text))
        there.caller.with_retries(call)
        ledger.settle()
    return number


def snapshots(cloud):
    return sum(record["kind"] == "snapshot" for record in cloud.ground_truth(RECOVERY.account))


def attempt(verb):
    """Call a verb. It may refuse; an internal error fails the test."""
    try:
        return verb()
    except PortinfraError as error:
        return error


@pytest.mark.parametrize("kind", FORMS)
def test_whatever_is_readable_can_be_derived_from(kind):
    for name, said in damages(kind):
        if unreadable(1, said) is None:
            known = [Entry(1, said)]
            assert all(iso(point.taken) for point in points(known)), name
            assert all(iso(turn.epoch) for turn in list_takeovers(known)), name
            assert all(moment(each.began) for each in ended_drills(known)), name
            assert all(moment(each.began) for each in read_runs(known)), name
            assert all(iso(each.until) for each in read_kept(known)), name
            assert all(iso(each.at) for each in read_approvals(known)), name
            assert active_since(known) == (kind == "stood")


@pytest.mark.parametrize("kind", one_in_quick(*FORMS))
def test_no_damage_of_an_entry_ends_a_verb_with_an_internal_error(ready, kind):
    number, whole = put(EXAMPLES[kind]), EXAMPLES[kind]
    for name in ("kind", *FORMS[kind].required):
        said = {**whole, name: {}} if len(name) % 2 else {n: value for n, value in whole.items() if n != name}
        put(said, number=number)
        found = status(tiny())
        assert [each.number for each in found.unreadable] == [number], name
        assert prometheus(found)
        assert make_forecast(tiny()).findings, name
        with Connection.to(RECOVERY) as there:
            ledger = Ledger(there, tiny().ledger)
            assert len(ledger.read().entries) == 2, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("damage", ["missing", "newer version"])
def test_verbs_that_write_go_on_or_refuse_beside_a_damaged_entry(ready, kind, damage):
    field = "id" if damage == "missing" else None
    said = {name: value for name, value in EXAMPLES[kind].items() if name != field}
    put(said if field else {**said, "v": VERSION + 1})
    before = snapshots(ready)
    made = attempt(lambda: replicate(tiny(), now=True, run_options=ONE))
    assert isinstance(made, PolicyError) or made.succeeded
    assert snapshots(ready) >= before, "nothing is pruned"
    assert len(status(tiny()).points) == 1 + (not isinstance(made, PolicyError))
    assert drill(tiny(), run_options=ONE).left_behind == 0
    assert sweep(tiny(), run_options=ONE) == []
    attempt(lambda: abandon(tiny(), HOW))
    attempt(lambda: failover(tiny(), HOW))
    attempt(lambda: failback(tiny(), HOW))


@pytest.mark.parametrize("said", [{}, {"kind": "drill"}], ids=["of no kind", "of a drill"])
def test_a_sweep_says_that_a_damaged_entry_may_be_of_a_drill_that_left_something(ready, said):
    ready.fail_later("DeleteVolume", times=1000)
    assert drill(tiny(), run_options=ONE).left_behind
    ready.fail_later("DeleteVolume", times=0)
    with Connection.to(RECOVERY) as there:
        number = Ledger.after_settling(there, tiny().ledger).entries("drill")[-1].number
    put(said, number=number)
    left = [
        each["name"] for each in ready.ground_truth(RECOVERY.account) if "-drill-" in each.get("name", "")
    ]
    text = printed_sweep()
    assert "has left anything" not in text
    assert f"entry {number}" in text
    (start,) = re.findall(r"begin with (\S+)\.", text)
    assert all(name.startswith(start) for name in left)
    assert left

    put({**EXAMPLES["drill"]}, number=number)
    assert "has left anything" in printed_sweep(), "nothing else is hidden once the record is repaired"


def printed_sweep():
    out = io.StringIO()
    show_swept(sweep(tiny(), run_options=ONE), Console(file=out, width=1000))
    return out.getvalue()


def test_a_damaged_entry_is_a_warning_and_a_newer_one_stops_no_source(ready):
    number = put({"kind": "point"})
    found = {each.rule: each.severity for each in make_forecast(tiny()).findings}
    assert found["recovery/unreadable-entry"] is Severity.WARNING
    put({**EXAMPLES["failover"], "v": VERSION + 1}, number=number)
    with pytest.raises(PolicyError) as error:
        failover(tiny(), HOW)
    assert rules(error) == ["recovery/newer-entry"]
    with lost(PRODUCTION):
        assert failover(tiny(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == {"one of volume.db1-data"}


@pytest.mark.parametrize(
    "verb", [lambda about: failover(about, HOW), lambda about: drill(about, run_options=ONE)]
)
def test_evidence_names_the_unreadable_entries_that_are_newer_than_its_points(ready, verb):
    put({"kind": "point", "id": "older than the point"})
    assert replicate(tiny(), now=True, run_options=ONE).succeeded
    number = put({"kind": "point", "id": "newer than the point"})
    evidence = verb(tiny())
    (named,) = evidence.unreadable_entries
    assert named.startswith(f"entry {number} (point): ")
    console = Console(record=True, width=300)
    show_evidence(evidence, console)
    assert f"may be of newer data: {named}." in console.export_text()
    assert named in report_html(evidence_document(evidence))


@pytest.mark.parametrize("verb", [failover, failback])
def test_no_point_is_made_beside_a_damaged_takeover_that_may_be_half_done(ready, verb):
    """Of both directions: old data of a half-finished takeover must not become the newest point."""
    if verb is failback:
        failover(tiny(), HOW)
    gate = [Wave(["db"], gates=lambda inventory: False, limit="10s")]
    verb(evolve(tiny(), plan=evolve(tiny().plan, waves=gate)), HOW)
    way, end = (tiny(), RECOVERY) if verb is failover else (tiny().reversed, PRODUCTION)
    with Connection.to(end) as there:
        (takeover,) = Ledger.after_settling(there, way.ledger).entries("failover")
    put({**takeover.said, "began": "soon"}, end, way, takeover.number)
    for about in (tiny(), tiny().reversed):
        with pytest.raises(PolicyError) as error:
            replicate(about, now=True, run_options=ONE)
        assert rules(error) == ["recovery/takeover-unreadable"]


@pytest.mark.parametrize("way_out", ["taking over again", "abandon"])
@pytest.mark.parametrize("verb", one_in_quick(failover, failback))
def test_there_is_a_way_out_of_a_damaged_takeover_that_is_half_done(ready, verb, way_out):
    write(ready, PRODUCTION, "two")
    replicate(tiny(), now=True, run_options=ONE)
    if verb is failback:
        failover(tiny(), HOW)
        write(ready, RECOVERY, "three")
    gate = [Wave(["db"], gates=lambda inventory: False, limit="10s")]
    verb(evolve(tiny(), plan=evolve(tiny().plan, waves=gate)), HOW)
    way, end = (tiny(), RECOVERY) if verb is failover else (tiny().reversed, PRODUCTION)
    with Connection.to(end) as there:
        (takeover,) = Ledger.after_settling(there, way.ledger).entries("failover")
    put({**takeover.said, "began": "soon"}, end, way, takeover.number)
    if way_out == "abandon":
        abandon(tiny(), HOW)
    else:
        assert verb(tiny(), HOW).result == "passed"
    now = read_facts(tiny())
    assert now.is_calm
    assert (now.active == "target") == ((verb is failover) == (way_out == "taking over again"))
    newest = "two" if verb is failover else "three"
    active = RECOVERY if now.active == "target" else PRODUCTION
    assert set(written(ready, active).values()) == {f"{newest} of volume.db1-data"}
    assert replicate(
        tiny() if now.active == "source" else tiny().reversed, now=True, run_options=ONE
    ).succeeded


def test_a_damaged_entry_of_own_data_protects_it_all_the_same(ready):
    """The number of the entry decides, and it can be read."""
    failover(tiny(), HOW)
    write(ready, RECOVERY, "two")
    failback(tiny(), HOW)
    with Connection.to(RECOVERY) as there:
        (stood,) = Ledger.after_settling(there, tiny().ledger).entries("stood")
    put({"kind": "stood"}, number=stood.number)
    with lost(PRODUCTION):
        assert failover(tiny(), LOST).result == "passed"
    assert set(written(ready, RECOVERY).values()) == {"two of volume.db1-data"}


def test_a_damaged_takeover_that_was_finished_stops_no_replication(ready):
    number = put({**EXAMPLES["failover"], "epoch": "soon", "open": False})
    assert replicate(tiny(), now=True, run_options=ONE).succeeded
    put({**EXAMPLES["failover"], "epoch": "soon"}, number=number)
    failover(tiny(), HOW)
    assert failback(tiny(), HOW).result == "passed"
    assert replicate(tiny(), now=True, run_options=ONE).succeeded, "a takeover was finished since"
