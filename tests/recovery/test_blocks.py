"""Block export: where a provider hands out what a snapshot holds, helpers read that, and need no volume."""

import json
import re

import pytest
from attrs import evolve
from turning import dies_at
from vaults import by, needs_tools
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, volumes, write, written

from portinfra import dr
from portinfra.errors import ValidationError
from portinfra.execution.connection import Connection
from portinfra.model.recovery import DataPolicy
from portinfra.provider.abilities import BlockExport, BlockReader
from portinfra.provider.registry import substitute
from portinfra.recovery.vault.store import Store
from portinfra.testing.fake.plugin import FakePlugin
from portinfra.testing.faults import Crash
from portinfra.testing.local_scripts import LocalScriptRunner

pytestmark = needs_tools
BLOCKS = "198.51.100.0/28:443"


class Exporting(FakePlugin, BlockExport):
    """A built-in cloud that hands out blocks: a file for each snapshot that anybody has asked about."""

    def __init__(self, cloud, folder):
        super().__init__(cloud)
        self.folder, self.asked, self.problem = folder, [], ""

    @property
    def capabilities(self):
        return evolve(super().capabilities, block_export=True)

    def block_reader(self, environment, snapshot, gib):
        self.asked.append((environment.name, snapshot, gib))
        file = self.folder / snapshot
        file.write_bytes(self.cloud.read(snapshot))
        return BlockReader(f"{{ cat {file}; }}", ("cat",))

    def block_problem(self, native):
        return self.problem

    def block_grants(self, environment, taken):
        return json.dumps({"role": f"reads {taken} in {environment.name}"})


@pytest.fixture
def exporting(cloud, tmp_path):
    (folder := tmp_path / "snapshots").mkdir()
    with substitute(plugin := Exporting(cloud, folder)):
        yield plugin


@pytest.fixture
def helpers(monkeypatch):
    """All that there is in each scope of helpers while these work, by the name of the scope's environment."""
    seen, original = {}, LocalScriptRunner.run

    def noted(stand, script, volume):
        about = recovery()
        for environment, scope in ((PRODUCTION, about.sending), (RECOVERY, about.receiving)):
            with Connection.to(environment) as place:
                if there := place.observe(scope).resources:
                    seen[scope.environment] = {address: found.spec for address, found in there.items()}
        original(stand, script, volume)

    monkeypatch.setattr(LocalScriptRunner, "run", noted)
    return seen


def kinds(resources):
    return {address.kind for address in resources}


@pytest.mark.parametrize("engine", ["age", "restic"])
def test_the_blocks_of_a_snapshot_are_sent_and_come_back(engine, home, cloud, exporting, helpers):
    about = by(engine, home, cloud, blocks=BLOCKS)
    write(cloud, PRODUCTION, "ledger")
    made = dr.replicate(about, run_options=ONE)
    assert made.succeeded, made
    assert [(name, gib) for name, _, gib in exporting.asked] == [("production", 10)] * 2
    assert {id[:5] for _, id, _ in exporting.asked} == {"snap-"}
    assert "instance" in kinds(helpers["production+sending"])
    assert not kinds(helpers["production+sending"]) & {"volume", "attachment"}
    assert dr.drill(about, run_options=ONE).result == "passed"
    evidence = dr.failover(about, dr.FailoverOptions(lost=True, run_options=ONE))
    assert evidence.result == "passed", evidence.reasons
    assert set(written(cloud, RECOVERY).values()) == {f"ledger of volume.db{n}-data" for n in (1, 2)}
    assert {"volume", "attachment"} <= kinds(helpers["recovery+receiving"])  # it writes to one


def ways_out(resources):
    """Where a helper may go."""
    (rules,) = [spec for address, spec in resources.items() if address.kind == "firewall-rules"]
    return {rule.peer for rule in rules.egress}


def test_helpers_that_read_blocks_reach_the_vault_and_the_blocks_and_nothing_else(
    home, cloud, exporting, helpers
):
    about = by("age", home, cloud, blocks=[BLOCKS, "203.0.113.0/24:443"])
    assert dr.replicate(about, run_options=ONE).succeeded
    assert dr.drill(about, run_options=ONE).result == "passed"
    assert ways_out(helpers["production+sending"]) == {"192.0.2.7/32", "198.51.100.0/28", "203.0.113.0/24"}
    assert ways_out(helpers["recovery+receiving"]) == {"192.0.2.7/32"}


def test_blocks_are_read_only_where_the_vault_says_so(home, cloud, exporting, helpers):
    assert dr.replicate(by("age", home, cloud), run_options=ONE).succeeded
    assert exporting.asked == []
    assert "volume" in kinds(helpers["production+sending"])


def test_a_provider_that_hands_out_none_is_read_by_a_clone_and_told_of(home, cloud, helpers):
    about = by("age", home, cloud, blocks=BLOCKS)
    assert dr.replicate(about, run_options=ONE).succeeded
    assert "volume" in kinds(helpers["production+sending"])
    (finding,) = [each for each in dr.make_forecast(about).findings if each.rule == "recovery/no-blocks"]
    assert finding.subject == "recovery.shop.vault.blocks"
    assert "neither fake:us-east-1 nor fake:eu-west-1" in finding.message


def test_a_reader_that_fails_costs_the_point_and_says_why(home, cloud, exporting, monkeypatch):
    about = by("age", home, cloud, blocks=BLOCKS)
    broken = BlockReader("{ echo half of it; echo 'block 7 cannot be had' >&2; false; }", ())
    with monkeypatch.context() as patched:
        patched.setattr(exporting, "block_reader", lambda *of: broken)
        (group,) = dr.replicate(about, run_options=ONE).groups
    assert group.fate == "failed"
    assert "could not be sent" in group.problem
    assert "block 7 cannot be had" in group.problem
    assert dr.status(about).points == ()


def test_a_tool_that_the_image_lacks_is_named(home, cloud, exporting, monkeypatch):
    about = by("age", home, cloud, blocks=BLOCKS)
    monkeypatch.setattr(exporting, "block_reader", lambda *of: BlockReader("true", ("no-such-tool",)))
    (group,) = dr.replicate(about, run_options=ONE).groups
    assert "this image has no no-such-tool" in group.problem


def test_cut_short_it_goes_on_with_what_its_helpers_have_sent(home, cloud, exporting, monkeypatch):
    about, sent = by("age", home, cloud, blocks=BLOCKS), []

    def cut_short(store, name, text):
        sent.append(name)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", cut_short)
        dies_at(lambda *of: bool(sent), lambda: dr.replicate(about, run_options=ONE))
    exporting.asked.clear()
    (group,) = dr.replicate(about, run_options=ONE).groups
    assert group.fate == "carried", group.problem
    with Connection.to(PRODUCTION) as source:
        assert not source.observe(about.sending).resources
    assert len(volumes(PRODUCTION)) == 2


def left_at_work(about, monkeypatch):
    """A replication that dies while its helpers work; the objects that they would store."""
    begun = []
    with monkeypatch.context() as patched:
        patched.setattr(LocalScriptRunner, "run", lambda stand, script, volume: begun.append(stored(script)))
        dies_at(lambda *of: len(begun) == 2, lambda: dr.replicate(about, run_options=ONE))
    return begun


def stored(script):
    return re.search(r"db\d-data\.age-\w+", script)[0]


@pytest.fixture
def ran(monkeypatch):
    """What the scripts that are run from here on store."""
    seen, original = [], LocalScriptRunner.run

    def noted(stand, script, volume):
        seen.append(stored(script))
        original(stand, script, volume)

    monkeypatch.setattr(LocalScriptRunner, "run", noted)
    return seen


@pytest.mark.parametrize("first", [(), BLOCKS], ids=["by clone at first", "by blocks at first"])
def test_helpers_that_read_another_way_are_begun_anew(first, home, cloud, exporting, monkeypatch, ran):
    """Neither is a volume taken from under a script that reads it, nor is an object written twice."""
    begun = left_at_work(by("age", home, cloud, blocks=first), monkeypatch)
    (group,) = dr.replicate(by("age", home, cloud, blocks=() if first else BLOCKS), run_options=ONE).groups
    assert group.fate == "carried", group.problem
    assert len(begun) == len(ran) == 2
    assert not set(begun) & set(ran)


def test_helpers_at_work_the_same_way_are_waited_for(home, cloud, exporting, monkeypatch, ran):
    about = by("age", home, cloud, blocks=BLOCKS)
    begun = left_at_work(about, monkeypatch)
    assert dr.replicate(about, run_options=ONE).succeeded
    assert ran == begun


def test_what_one_helper_has_sent_is_not_sent_again_while_another_is_at_work(
    home, cloud, exporting, monkeypatch, ran
):
    about, original = by("age", home, cloud, blocks=BLOCKS), LocalScriptRunner.run
    with monkeypatch.context() as patched:
        first = []

        def run(stand, script, volume):
            first.append(stored(script))
            if len(first) == 1:
                original(stand, script, volume)

        patched.setattr(LocalScriptRunner, "run", run)
        dies_at(lambda *of: len(first) == 2, lambda: dr.replicate(about, run_options=ONE))
    ran.clear()
    assert dr.replicate(about, run_options=ONE).succeeded
    assert ran == first  # the same hosts, with the same work: of the first, the stand-in does it again
    (manifest,) = (home / "vault").rglob("manifest.json")
    told = json.loads(manifest.read_text())["volumes"]
    assert {each["object"].rpartition("/")[2] for each in told.values()} == set(first)


def test_only_helpers_that_read_blocks_have_the_options(home, cloud, exporting, helpers):
    about = by("age", home, cloud, blocks=BLOCKS, native={"fake": {"host_group": "apart"}})
    assert dr.replicate(about, run_options=ONE).succeeded
    assert dr.drill(about, run_options=ONE).result == "passed"
    assert groups(helpers["production+sending"]) == {"apart"}
    assert groups(helpers["recovery+receiving"]) == {""}


def groups(resources):
    """The host groups that helpers are in."""
    hosts = [spec for address, spec in resources.items() if address.kind == "instance"]
    return {host.native.get("host_group", "") for host in hosts}


def test_what_they_lack_is_told_before_anything_is_taken(home, cloud, exporting):
    about = by("age", home, cloud, blocks=BLOCKS)
    exporting.problem = "hosts that read blocks need a group"
    with pytest.raises(ValidationError, match="1 error") as error:
        dr.recovery(SHOP, about.plan, [PRODUCTION, RECOVERY])
    (finding,) = [each for each in error.value.findings if each.rule == "recovery/blocks"]
    assert finding.subject == "recovery.shop.vault.native.fake"


def test_an_option_that_no_provider_has_is_a_finding(home, cloud):
    about = by("age", home, cloud, native={"fake": {"host_grup": "apart"}})
    with pytest.raises(ValidationError) as error:
        dr.recovery(SHOP, about.plan, [PRODUCTION, RECOVERY])
    (finding,) = [each for each in error.value.findings if each.rule == "provider/unknown-option"]
    assert finding.subject == "recovery.shop.vault.native.fake.host_grup"
    assert "host_group" in finding.fix


def test_what_readers_of_blocks_need_is_among_the_grants(home, cloud, exporting):
    about = by("age", home, cloud, blocks=BLOCKS)
    told = json.loads(dr.grants(about))
    assert told["helpers of production"] == {"role": "reads shop/production+taken in production"}
    assert told["helpers of recovery"] == {"role": "reads shop/recovery+taken in recovery"}  # on the way back


def test_where_no_data_goes_by_the_vault_nobody_reads_blocks(home, cloud, exporting):
    about = by("age", home, cloud, blocks=BLOCKS)
    native = evolve(about, plan=evolve(about.plan, data=[DataPolicy("db", engine="native")]))
    assert dr.replicate(native, run_options=ONE).succeeded
    assert exporting.asked == []
