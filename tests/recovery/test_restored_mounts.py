"""A host is told which of its volumes come with data: those are never formatted."""

import pytest
from attrs import evolve
from turning import HOW
from worlds import ONE, PRODUCTION, RECOVERY, SHOP, recovery, write

from portinfra import Volume, workflow
from portinfra.execution.connection import Connection
from portinfra.model.recovery import DataPolicy
from portinfra.placement import place
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.points.restore import place_with_data
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.vault.data_selection import choose


def hosts_of(placed):
    return [placed.resources[name] for name in ("instance.db1", "instance.db2")]


@pytest.mark.parametrize(("seed", "restored"), [("each", [True, True]), ("one", [True, False])])
def test_only_what_a_point_has_data_for_is_taken_for_data(cloud, seed, restored):
    data = Volume("data", gib=10, mount="/srv")
    shop = evolve(SHOP, roles=[evolve(r, volumes=[data] if r.volumes else []) for r in SHOP.roles])
    workflow.apply(workflow.plan(shop, PRODUCTION), seed=0)
    write(cloud, PRODUCTION, "row")
    about = recovery(topology=shop, data=[DataPolicy("db", seed=seed)])
    assert replicate(about, now=True, run_options=ONE).succeeded
    with Connection.to(RECOVERY) as target:
        chosen = choose(about, target, Ledger(target, about.ledger), HOW).points
        placed = place_with_data(about, place(shop, RECOVERY), chosen, target.observe(about.points))
    assert [host.mounts[0].restored for host in hosts_of(placed)] == restored
    assert not any(host.mounts[0].restored for host in hosts_of(place(shop, RECOVERY)))
    assert placed.resources["instance.web1"].mounts == ()
