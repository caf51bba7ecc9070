"""Each run that leaves evidence has a number and a digest in the ledger, and each evidence names the run
before. So what is forged, renumbered, dropped or signed anew is found.
"""

from copy import deepcopy

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from turning import HOW, dies_at, lost, stuck, unpassed
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery

from portinfra.errors import Unavailable
from portinfra.execution.connection import Connection
from portinfra.recovery.drills.drill import drill
from portinfra.recovery.drills.history import compare_to_ledger, list_runs
from portinfra.recovery.drills.sweep import sweep
from portinfra.recovery.evidence import evidence_document, evidence_of
from portinfra.recovery.ledger import runs as chain
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.runs import KEPT, read_runs
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.rollout.evidence import digest_of, sign, verify
from portinfra.testing.simulation import apply_and_check, simulate

KEY, ANOTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def signed(evidence, key=KEY):
    return sign(evidence_document(evidence), key)


def listed(*evidence, about=None):
    """Number → what is known of its evidence, where these are here."""
    files = [(f"{each.id}.json", signed(each)) for each in evidence]
    found = list_runs(about or recovery(), files)
    return {each.number: each.evidence for each in found if each.environment == RECOVERY.name}


def delete(number, environment=RECOVERY):
    """Delete the entry of a run, as an operator of the cloud can."""
    with Connection.to(environment) as target:
        ledger = Ledger.after_settling(target, recovery().ledger)
        (run,) = [run for run in read_runs(ledger.entries()) if run.number == number]
        ledger.remove(run.entry)


def test_each_evidence_names_its_predecessor(ready):
    first, second = drill(recovery(), run_options=ONE), drill(recovery(probes=[]), run_options=ONE)
    third = failover(recovery(), HOW)
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert (first.previous_number, first.previous_digest) == (0, "")
    for before, after in ((first, second), (second, third)):
        assert after.previous_number == before.number
        assert after.previous_digest == digest_of(signed(before))
    found = list_runs(recovery(), [("second.json", signed(second))])
    assert [(run.number, run.kind, run.id, run.result, run.evidence, run.file) for run in found] == [
        (1, "drill", first.id, "passed", "elsewhere", ""),
        (2, "drill", second.id, "inconclusive", "here", "second.json"),
        (3, "failover", third.id, "passed", "elsewhere", ""),
    ]


def test_each_run_of_a_takeover_has_a_number_and_a_way_back_has_those_of_its_own_end(ready):
    first = stuck()
    second = failover(recovery(), HOW)
    assert (first.id, first.number, second.number) == (second.id, 1, 2)
    assert second.previous_digest == digest_of(signed(first))
    back = failback(recovery(), HOW)
    assert (back.number, back.previous_number) == (1, 0)
    assert compare_to_ledger(recovery(), back, signed(back)) == ""
    assert listed(first, second, back) == {1: "here", 2: "here"}


def test_a_run_that_died_has_a_number_and_no_evidence(ready):
    dies_at("AttachVolume", lambda: drill(recovery(), run_options=ONE))
    sweep(recovery(), run_options=ONE)
    after = drill(recovery(), run_options=ONE)
    assert (after.number, after.previous_number) == (2, 0)
    dies_at("AttachVolume", lambda: failover(recovery(), HOW))
    assert failover(recovery(), HOW).previous_number == 2
    assert listed(after) == {1: "none", 2: "here", 3: "none", 4: "elsewhere"}


def test_two_drills_at_once_have_different_numbers(ready):
    inner = []

    def another_drill(inventory):
        inner.append(drill(recovery(), run_options=ONE))

    waves = [["db"], ["web"]]
    probe = evolve(recovery().plan.probes[0], run=another_drill)
    outer = drill(recovery(waves=waves, probes=[probe]), run_options=ONE)
    assert (outer.number, inner[0].number) == (1, 2)
    assert (outer.previous_number, inner[0].previous_number) == (0, 0)
    assert listed(outer, *inner) == {1: "here", 2: "here"}


def test_a_number_that_two_runs_took_is_given_to_the_first(ready):
    """A list that lags behind does not show the other run yet."""
    told = {"kind": "drill", "began": "2030-01-01T00:00:00+00:00", "open": True, "run": 1}
    with Connection.to(RECOVERY) as target:
        ledger = Ledger.after_settling(target, recovery().ledger)
        first, second = (ledger.add({**told, "id": id}) for id in ("a", "b"))
        assert chain.link_run(ledger, first).number == 1
        assert chain.link_run(ledger, second).number == 2


def test_a_ledger_that_does_not_answer_hides_no_evidence_of_a_run_that_is_over(ready, monkeypatch):
    def silent(ledger):
        raise Unavailable("no answer")

    drill(recovery(), run_options=ONE)
    with Connection.to(RECOVERY) as target:
        ledger = Ledger.after_settling(target, recovery().ledger)
        entry = chain.begin_run(ledger, {"kind": "drill", "id": "a", "began": "2030-01-01T00:00:00+00:00"})
        assert chain.link_run(ledger, entry).previous_number == 1
        monkeypatch.setattr(Ledger, "entries", silent)
        assert chain.link_run(ledger, entry) == chain.Link(2, 0, "")


def test_a_deleted_failure_shows_as_a_gap(ready):
    first = drill(recovery(), run_options=ONE)
    failed = drill(unpassed("drill"), run_options=ONE)
    last = drill(recovery(), run_options=ONE)
    assert failed.result == "failed"
    assert listed(first, last) == {1: "here", 2: "elsewhere", 3: "here"}, (
        "its file is gone, the ledger has it"
    )
    delete(2)
    assert listed(first, last) == {1: "here", 2: "missing", 3: "here"}
    assert listed() == {1: "elsewhere", 2: "missing", 3: "elsewhere"}
    assert "has no run 2" in compare_to_ledger(recovery(), failed, signed(failed))


def test_evidence_of_a_run_that_the_ledger_should_have_and_does_not_have_is_doubtful(ready):
    first, last = drill(recovery(), run_options=ONE), drill(recovery(), run_options=ONE)
    delete(2)
    assert listed(first, last) == {1: "here", 2: "differs"}
    invented = evolve(last, number=7)
    assert listed(first, invented)[7] == "differs"


def test_evidence_of_another_target_is_no_evidence_of_this_ledger(ready):
    first = drill(recovery(), run_options=ONE)
    elsewhere = evolve(first, id="e1se", number=5, target="recovery (fake:eu-central-1)")
    assert listed(first, elsewhere) == {1: "here"}


def test_old_runs_leave_the_ledger_and_their_evidence_stays_listed(ready, monkeypatch):
    monkeypatch.setattr(chain, "KEPT", 2)
    monkeypatch.setattr("portinfra.recovery.drills.history.KEPT", 2)
    evidence = [drill(recovery(), run_options=ONE) for _ in range(4)]
    assert listed() == {3: "elsewhere", 4: "elsewhere"}
    assert listed(*evidence[1:]) == {1: "missing", 2: "here", 3: "here", 4: "here"}, "run 2 names run 1"
    old = compare_to_ledger(recovery(), evidence[0], signed(evidence[0]))
    assert old == "the ledger shop/recovery+ledger has no run 1: the ledger keeps the newest 2"


def test_evidence_of_an_older_version_is_not_confirmed(ready):
    old = evolve(drill(recovery(), run_options=ONE), number=0)
    assert "older version" in compare_to_ledger(recovery(), old, signed(old))


@pytest.fixture(scope="module")
def three():
    """Three drills in one world, of which the second failed."""
    with simulate():
        apply_and_check(SHOP, PRODUCTION)
        assert replicate(recovery(), run_options=ONE).succeeded
        plans = [recovery(), unpassed("drill"), recovery(probes=[])]
        yield [drill(about, run_options=ONE) for about in plans]


def _paths(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))
    else:
        yield path


@given(data=st.data())
def test_whatever_is_changed_and_signed_anew_is_found(three, data):
    """Signed by a stranger: the signer is unknown. By the operator: the ledger has another digest."""
    document = evidence_document(data.draw(st.sampled_from(three)))
    changed = deepcopy(document)
    *folder, name = data.draw(st.sampled_from(sorted(_paths(document), key=str)))
    holder = changed
    for step in folder:
        holder = holder[step]
    value = holder[name]
    numbers = st.integers(0, 9) if isinstance(value, int | float) else st.text(max_size=5)
    holder[name] = data.draw((numbers if not isinstance(value, bool) else st.booleans()) | st.none())
    by_stranger, by_operator = sign(changed, ANOTHER), sign(changed, KEY)
    signer = sign(document, KEY)["signed"]["public_key"]
    assert verify(by_stranger, signers=[signer]).found == "unknown signer"
    assert verify(by_operator, signers=[signer]).good
    if changed != document:
        about = evolve(evidence_of(document), number=_number(changed), id=str(changed["id"]))
        assert compare_to_ledger(recovery(), about, by_operator) != ""


def _number(document):
    return document["number"] if isinstance(document["number"], int) else 0


@given(data=st.data())
def test_renumbered_evidence_is_found(three, data):
    evidence = data.draw(st.sampled_from(three))
    number = data.draw(st.integers(0, 9).filter(lambda number: number != evidence.number))
    other = evolve(evidence, number=number)
    assert compare_to_ledger(recovery(), other, signed(other)) != ""
    assert compare_to_ledger(recovery(), evidence, signed(evidence)) == ""


@given(forged=st.sets(st.integers(0, 2), min_size=1))
def test_files_that_replace_evidence_differ_from_the_ledger(three, forged):
    files = [
        evolve(each, result="passed", reasons=("approved",)) if number in forged else each
        for number, each in enumerate(three)
    ]
    assert listed(*files) == {n + 1: "differs" if n in forged else "here" for n in range(3)}


def test_a_way_back_is_listed_at_the_environment_that_it_leads_to(ready):
    first = failover(recovery(), HOW)
    back = failback(recovery(), HOW)

    def found(*evidence):
        files = [(f"{each.kind}.json", signed(each)) for each in evidence]
        runs = list_runs(recovery(), files)
        return [(each.environment, each.number, each.kind, each.evidence) for each in runs]

    assert found(first, back) == [
        ("recovery", 1, "failover", "here"),
        ("production", 1, "failback", "here"),
    ]
    assert found()[-1] == ("production", 1, "failback", "elsewhere")
    with lost(PRODUCTION, untouched=False):
        assert found(back)[-1] == ("production", 0, "", "unread")


def test_the_evidence_of_a_way_back_that_was_deleted_is_missed(ready):
    failover(recovery(), HOW)
    failback(recovery(), HOW)
    failover(recovery(), HOW)
    second = failback(recovery(), HOW)
    with Connection.to(PRODUCTION) as source:
        ledger = Ledger.after_settling(source, recovery().reversed.ledger)
        (run,) = [run for run in read_runs(ledger.entries()) if run.number == 1]
        ledger.remove(run.entry)
    runs = list_runs(recovery(), [("back.json", signed(second))])
    assert [each.evidence for each in runs if each.environment == "production"] == ["missing", "here"]


def test_a_number_that_two_dead_runs_took_makes_no_older_run_look_deleted(ready):
    """Pruning goes by numbers, as what is expected does."""
    with Connection.to(RECOVERY) as target:
        ledger = Ledger.after_settling(target, recovery().ledger)
        for number in [*range(1, KEPT + 1), KEPT, KEPT]:
            said = {"kind": "drill", "id": f"{number}-{len(ledger.entries())}", "open": False}
            began = "2030-01-01T00:03:25+00:00"
            ledger.add({**said, "began": began, "result": "swept", "run": number})
    drill(recovery(), run_options=ONE)
    assert "missing" not in listed().values()
