"""Each declared group that comes up has data that its takeover decided on. Where the groups are edited while
a takeover is open, the next run is refused before a write, and names the volumes.
"""

import pytest
from attrs import evolve
from begun import begun
from sweeps import one_in_quick
from turning import HOW, before, passed_later
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, TWO, WAVES, recovery

from portinfra.errors import PolicyError
from portinfra.model.recovery import DataPolicy
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.steps import Step
from portinfra.recovery.takeover.takeover import failback, failover
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.faults import Crash
from portinfra.testing.simulation import apply_and_check

JOINED = [DataPolicy("db", group="all"), DataPolicy("files", group="all")]
DB = {"volume.db1-data", "volume.db2-data"}
FILES = {"volume.files1-data"}


def about(*data, **more):
    return recovery(**{"topology": TWO, "waves": WAVES, "rto": "99h", "rpo": "99h", "data": data, **more})


APART, TOGETHER = about(), about(*JOINED)
LEFT_BEHIND = about(waves=[["db"], ["web"]], without=["files"])
WITHOUT_FILES = about(topology=SHOP, waves=[["db"], ["web"]])
EDITS = {
    "a group is renamed": (APART, about(DataPolicy("files", group="documents")), FILES),
    "two groups are joined": (APART, TOGETHER, DB | FILES),
    "one group joins another one": (APART, about(DataPolicy("files", group="db")), FILES),
    "a joined group is split": (TOGETHER, APART, DB | FILES),
    "a role with data is added": (WITHOUT_FILES, APART, FILES),
    "a role that was left behind is declared": (
        about(waves=[["db"], ["web"]], without=["files"]),
        APART,
        FILES,
    ),
}


def shop_with_files(cloud):
    apply_and_check(TWO, PRODUCTION)
    contents(cloud, PRODUCTION, write_all="ledger")


def contents(cloud, environment, write_all=""):
    """What the data volumes of an account hold; with `write_all`, write that on each before."""
    found = [each for each in cloud.ground_truth(environment.account) if each["kind"] == "volume"]
    for each in found if write_all else ():
        cloud.write(each["id"], f"{write_all} of {each['name']}")
    return {cloud.read(each["id"]).decode() for each in found}


def dies(verb, options=HOW):
    """A takeover has decided on its data, and dies before it changes a volume."""

    def die():
        raise Crash

    with pytest.raises(Crash):
        verb(before(Step.BRING_UP, die, options))


def reads_only(provider, call):
    assert call.reads, f"{call.action} before the refusal"
    return provider.perform(call)


def is_refused(cloud, verb, edited, volumes):
    """The edited topology is refused without a write, and the error names exactly these volumes."""
    passed_later(cloud, 4000)
    with wrap_calls("fake", reads_only), pytest.raises(PolicyError) as error:
        verb(edited, HOW)
    text = " ".join(f"{each.message} {each.fix}" for each in error.value.findings)
    assert {each for each in DB | FILES if each in text} == volumes
    assert "dr abandon" in text or "Declare" in text


@pytest.mark.parametrize("edit", one_in_quick(*EDITS))
def test_a_failover_of_edited_groups_is_refused_and_goes_on_as_it_was_declared(edit):
    earlier, edited, volumes = EDITS[edit]
    with begun(shop_with_files) as cloud:
        assert replicate(earlier, run_options=ONE).succeeded
        dies(lambda options: failover(earlier, options))
        is_refused(cloud, failover, edited, volumes)
        assert failover(earlier, HOW).result == "passed"
        assert contents(cloud, RECOVERY) <= contents(cloud, PRODUCTION)


def test_a_failback_of_a_renamed_group_is_refused_and_goes_on_as_it_was_declared():
    with begun(shop_with_files) as cloud:
        assert replicate(APART, run_options=ONE).succeeded
        assert failover(APART, HOW).result == "passed"
        contents(cloud, RECOVERY, write_all="orders")
        dies(lambda options: failback(APART, options))
        is_refused(cloud, failback, about(DataPolicy("files", group="documents")), FILES)
        assert failback(APART, HOW).result == "passed"
        assert contents(cloud, PRODUCTION) == contents(cloud, RECOVERY)


def fails(inventory):
    raise RuntimeError("no freeze")


def files_came_back_from_a_point_and_db_has_own_volumes(cloud):
    """A failback that carries no last point has decided so, as only the point of the files was made."""
    shop_with_files(cloud)
    assert replicate(APART, run_options=ONE).succeeded
    assert failover(APART, HOW).result == "passed"
    contents(cloud, RECOVERY, write_all="orders")
    replicate(about(DataPolicy("db", before=[fails])), now=True, run_options=ONE)
    dies(lambda options: failback(APART, options), evolve(HOW, planned=False))


def test_a_group_that_joins_one_with_own_volumes_does_not_keep_its_old_volumes():
    with begun(files_came_back_from_a_point_and_db_has_own_volumes) as cloud:
        is_refused(cloud, failback, about(DataPolicy("files", group="db")), FILES)


def test_a_volume_without_data_that_is_added_to_a_group_with_own_volumes_is_named():
    more = evolve(TWO, roles=[with_logs(role) if role.name == "db" else role for role in TWO.roles])
    with begun(files_came_back_from_a_point_and_db_has_own_volumes) as cloud, wrap_calls("fake", reads_only):
        passed_later(cloud, 4000)
        with pytest.raises(PolicyError, match=r"volume\.db1-logs"):
            failback(about(topology=more), HOW)


def with_logs(role):
    logs = evolve(role.volumes[0], name="logs", mount="/logs")
    return evolve(role, volumes=[*role.volumes, logs])
