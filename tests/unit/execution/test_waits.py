"""A person reads what a run waits for, and for how long at most: no long wait passes in silence."""

import pytest
from attrs import evolve

from portinfra import Environment, Role, Topology, allow, apply, plan
from portinfra.execution.connection import Connection
from portinfra.execution.waits import LONG_SECONDS
from portinfra.model.address import Scope
from portinfra.model.progress import wait_text
from portinfra.model.record import Record
from portinfra.records.lease import read_leases, to_text
from portinfra.render.console.progress import line
from portinfra.testing.fake import AWS
from portinfra.testing.simulation import simulate

WEB = Role("web", count=2)
SHOP = Topology("shop", [WEB])
LARGER = Topology("shop", [evolve(WEB, size="large")])
"""Its last step waits for a host."""
OPEN = Topology("shop", [WEB], [allow("web", "web", tcp=443, why="to measure")])
"""Its last step waits for nothing."""
PRODUCTION = Environment("production", on="fake:us-east-1")
SLOW_LISTS = evolve(AWS, visibility_seconds=15.0)


def rewrite_lease(**changed):
    """Let the newest lease be that of a run on another machine, with other attributes."""
    with Connection.to(PRODUCTION) as here:
        scope = Scope(SHOP.name, PRODUCTION.name)
        last = read_leases(here.reader, scope)[-1]
        elsewhere = evolve(last.holder_identity, user="eve", host="elsewhere", machine="another")
        lease = evolve(last, holder_identity=elsewhere, renew_time=here.now(), **changed)
        here.caller.with_retries(here.provider.records.write(scope, Record(lease.number, to_text(lease))))
        clock = here.provider.clock
        clock.sleep_until(clock.now() + SLOW_LISTS.visibility_seconds + 1)  # so that lists show it


def after_a_dead_run_elsewhere():
    rewrite_lease(released=False)


def after_a_run_elsewhere():
    rewrite_lease(released=True)


def after_nothing():
    pass


LEASE = "waiting for eve@elsewhere"
LAST_RUN = "waiting until lists show the last change of the last run, at most 15 s"
OWN = "waiting until lists show the changes of this run, at most"


@pytest.mark.parametrize(
    ("changed", "situation", "expected"),
    [
        (LARGER, after_a_dead_run_elsewhere, [LEASE, LAST_RUN, OWN]),
        (LARGER, after_a_run_elsewhere, [LAST_RUN, OWN]),
        (LARGER, after_nothing, [OWN]),
        (OPEN, after_nothing, [OWN]),
    ],
)
def test_no_long_wait_begins_without_a_line_that_says_how_long_it_takes_at_most(changed, situation, expected):
    with simulate() as cloud:
        cloud.shape = SLOW_LISTS
        apply(plan(SHOP, PRODUCTION), seed=0)
        cloud.clock.sleep_until(cloud.clock.now() + 100)
        made = plan(changed, PRODUCTION)
        situation()
        silent, reported, sleep_until = [], [], cloud.clock.sleep_until
        ends = [cloud.clock.now()]

        def listen(progress):
            reported.append(progress)
            if progress.limit is not None:
                ends.append(cloud.clock.now() - progress.waited + progress.limit)

        def sleep(moment):
            if moment - cloud.clock.now() >= LONG_SECONDS and moment > max(ends) + 0.01:
                silent.append(moment)
            sleep_until(moment)

        cloud.clock.sleep_until = sleep
        apply(made, seed=0, listen=listen)
    assert silent == []
    whole_run = [wait_text(each) for each in reported if each.step is None and each.limit is not None]
    assert len(whole_run) == len(expected)
    assert all(text.startswith(start) for text, start in zip(whole_run, expected, strict=True))
    assert all(line(each).plain.endswith(wait_text(each)) for each in reported if each.limit is not None)
