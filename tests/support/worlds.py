"""A small platform with data, in one account, and another account that it can come back in."""

from portinfra import workflow
from portinfra.model.environment import Environment
from portinfra.model.recovery import Probe, RecoveryPlan
from portinfra.model.resources import Volume
from portinfra.model.topology import INTERNET, Role, Topology, allow
from portinfra.recovery.options import RunOptions
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.watch.guard import GuardedRecovery
from portinfra.testing.simulation import apply_and_check

ONE = RunOptions(seed=0)

PRODUCTION = Environment("production", on="fake:us-east-1", account="111111111111", key="alias/data")
RECOVERY = Environment("recovery", on="fake:eu-west-1", account="222222222222", key="alias/recovery")

FEW = {"R6": "as small as can be"}
web = Role("web", count=1, public="customers", waive=FEW)
db = Role("db", count=2, volumes=[Volume("data", gib=10, mount="/srv")], waive=FEW)
SHOP = Topology(
    "shop",
    [web, db],
    [
        allow(INTERNET, web, tcp=443, why="customers"),
        allow(web, db, tcp=5432, why="orders"),
        allow(db, db, tcp=5432, why="replicas follow the first"),
    ],
)
TWO = Topology(
    "shop",
    [
        *SHOP.roles,
        Role("files", count=1, waive={"R6": "x"}, volumes=[Volume("data", gib=10, mount="/srv")]),
    ],
    SHOP.flows,
)
"""The same with two roles that have data."""
WAVES = [["db", "files"], ["web"]]
"""The order in which those come up."""


def rows(topology=SHOP):
    """A probe that reads the data of every role, and passes: a drill is inconclusive without one."""
    with_data = [role.name for role in topology.roles if role.volumes]
    return Probe("rows", lambda inventory: None, reads=with_data)


def recovery(source=PRODUCTION, target=RECOVERY, topology=SHOP, **more):
    given = {"rpo": "4h", "rto": "1h", "waves": [["db"], ["web"]], "probes": [rows(topology)], **more}
    plan = RecoveryPlan("shop", source, target, **given)
    return GuardedRecovery(plan, topology, source, target)


def volumes(environment):
    """The data volumes of an environment, by the name of their owner."""
    resources = workflow.observe(SHOP, environment).resources
    return {address: seen.id for address, seen in resources.items() if address.kind == "volume"}


def write(cloud, environment, text):
    """Let every host write something on its volume."""
    for address, id in volumes(environment).items():
        cloud.write(id, f"{text} of {address}")


def written(cloud, environment):
    """What is on every volume."""
    return {a: cloud.read(id).decode() for a, id in volumes(environment).items()}


def shop_runs(cloud):
    """Bring the shop up in production, with something written on every volume."""
    apply_and_check(SHOP, PRODUCTION)
    write(cloud, PRODUCTION, "ledger")


def shop_has_a_point(cloud):
    """Bring it up there, with a point to come back from."""
    shop_runs(cloud)
    assert replicate(recovery(), run_options=ONE).succeeded


def there(cloud, environment=RECOVERY):
    """What is in an account besides claims."""
    cloud.clock.sleep_until(cloud.clock.now() + 1800)
    return sorted(
        (record["kind"], record["name"])
        for record in cloud.ground_truth(environment.account)
        if record["kind"] != "claim"
    )
