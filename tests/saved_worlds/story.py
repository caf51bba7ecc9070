"""What happens in every saved world: a shop runs, is drilled, fails over, and its way back is cut short.

At the end production is fenced, recovery is active, and a failback has begun that is not done. So a world
holds every kind of text that portinfra keeps in a cloud: owners, leases, points, drills and takeovers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

from portinfra import INTERNET, Environment, Probe, RecoveryPlan, Role, Topology, Volume, allow, dr, workflow
from portinfra.model.evidence import Evidence
from portinfra.model.lease import Holder
from portinfra.records import holder
from portinfra.recovery.recovery import Recovery

ONE = dr.RunOptions(seed=0)

FEW = {"R6": "as small as can be"}
SHOP = Topology(
    "shop",
    [
        Role("web", count=1, public="customers", tags={"team": "shop"}, waive=FEW),
        Role("db", count=2, volumes=[Volume("data", gib=10, mount="/srv")], waive=FEW),
    ],
    [
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", "db", tcp=5432, why="orders"),
        allow("db", "db", tcp=5432, why="replicas follow the first"),
    ],
)


Beginning = tuple[Recovery, Callable[[], Any]]
"""What a new world yields: the recovery that it is for, and the function that saves it."""


class CutShort(BaseException):
    """The end of a run in the middle of it."""


def plan_recovery(production: Environment, recovery: Environment, **more: Any) -> Recovery:
    """Return the recovery of the shop from one environment to the other; `more` is of its plan."""
    given = {"rpo": "4h", "rto": "1h", "waves": [["db"], ["web"]], **more}
    plan = RecoveryPlan("shop", production, recovery, probes=[Probe("rows", "true", reads="db")], **given)
    return dr.recovery(SHOP, plan, [production, recovery])


def tell(about: Recovery) -> list[Evidence]:
    """Let the story happen in an empty world; return the evidence of the drill and of the failover."""
    with _run_by("ada", "desk"):
        workflow.apply(workflow.plan(SHOP, about.source), seed=0)
        made = dr.replicate(about, run_options=ONE)
        assert made.succeeded, made
        evidence = [dr.drill(about, run_options=ONE), dr.failover(about, dr.FailoverOptions(run_options=ONE))]
        assert [each.result for each in evidence] == ["passed", "passed"], evidence
        with suppress(CutShort):
            dr.failback(about, dr.FailoverOptions(run_options=ONE), say=_cut_short_at("fencing "))
    return evidence


def _cut_short_at(beginning: str) -> Callable[[str], None]:
    def say(line: str) -> None:
        if line.startswith(beginning):
            raise CutShort(line)

    return say


@contextmanager
def _run_by(user: str, host: str) -> Iterator[None]:
    """Let every run say that this person ran it, on a machine that is not the reader's."""

    def this_run(attempt: str) -> Holder:
        return Holder(user, host, "boot-1", f"100:1:{attempt}")

    with mock.patch.object(holder, "this_run", this_run):
        yield
