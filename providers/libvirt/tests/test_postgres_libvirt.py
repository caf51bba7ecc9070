"""PostgreSQL on an encrypted volume, some hundred MB of it, from one site to another by way of a vault.

Every guest is a Debian as `portinfra image build` makes it, the helpers too. Figures are printed; those of
docs/reliability.md come from here.
"""

import time
from contextlib import ExitStack

import pytest
from attrs import evolve

from hypervisors.agent import Debian
from hypervisors.site import site
from hypervisors.vault import vault
from portinfra import DataPolicy, Environment, Probe, RecoveryPlan, Role, Topology, Volume, Wave, dr, workflow
from portinfra_libvirt import images
from test_encryption_libvirt import files_with

CANARY = "a-row-that-rings-8f3e20"
SCALE = 20
"""Of pgbench: 100,000 rows, some 15 MB, each."""
SET_UP = """#!/bin/sh
# The configuration lies beside the data: what comes back from a point is then a whole cluster. Debian takes
# data without its configuration for no cluster of its own.
pg_dropcluster --stop 15 main
install -d /srv/postgresql/etc
rm -rf /etc/postgresql
ln -s /srv/postgresql/etc /etc/postgresql
[ -d /etc/postgresql/15/shop ] || pg_createcluster -d /srv/postgresql/shop 15 shop
pg_ctlcluster 15 shop start
"""
SHOP = Topology(
    "shop",
    [
        Role(
            "db",
            count=1,
            size="c1-m1024",
            disk_gib=4,
            volumes=[Volume("data", gib=2, mount="/srv/postgresql")],
            user_data=SET_UP,
            waive={"R6": "as small as can be"},
        )
    ],
)
SQL = 'psql --cluster 15/shop --no-psqlrc --tuples-only --no-align --command "{}" postgres'


@pytest.fixture(scope="module")
def sites(tmp_path_factory, shared):
    """Two sites, and a vault that their guests can reach."""
    directory = tmp_path_factory.mktemp("postgres")
    packages = ("postgresql", "qemu-guest-agent", "age", "rclone", "restic")
    image = images.build(directory / "image", packages=packages, name="postgres").path
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        here, there = (
            stack.enter_context(
                site(name, directory / name, shared=shared, zones=("a",), image=image, account=name)
            )
            for name in ("east", "west")
        )
        (directory / "sites.hcl").write_text(here.hcl() + there.hcl())
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        hypervisors = [*here.zones.values(), *there.zones.values()]
        kept = stack.enter_context(
            vault(directory / "vault", hypervisors, image="debian-12", size="c1-m1024", limit="1h")
        )
        yield here, there, kept, directory / "vault"


def database(running, scope):
    """The database host of a scope."""
    (hypervisor,) = running.zones.values()
    return Debian(hypervisor, scope.native_name("db1"))


def asked(host, sql):
    """What the database answers."""
    return host.told(f"runuser -u postgres -- {SQL.format(sql)}").strip()


@pytest.mark.soak  # three quarters of an hour under emulation
def test_the_last_committed_row_comes_back(sites):
    here, there, kept, folder = sites
    production = Environment(
        "production", on="libvirt:east", account="east", zones=("a",), key="payments", cidr="10.10.0.0/16"
    )
    recovery = evolve(production, name="recovery", on="libvirt:west", account="west")
    read = []

    def last_row(inventory):
        topology, _, environment = inventory["scope"].partition("/")
        host = database(there, evolve(about.target_scope, topology=topology, environment=environment))
        host.waited_for(f"runuser -u postgres -- {SQL.format('select 1')}")
        read.append(asked(host, "select said from rows order by number desc limit 1"))
        assert asked(host, "select count(*) from pgbench_accounts") == str(SCALE * 100_000)

    def by(engine):
        plan = RecoveryPlan(
            "shop",
            production,
            recovery,
            rpo="4h",
            rto="1h",
            waves=[Wave(["db"], limit="20m")],
            data=[DataPolicy("db", engine=engine, keep=2)],
            probes=[Probe("last row", last_row, reads="db")],
            drill_cidr="10.99.0.0/16",
            vault=kept,
        )
        return dr.recovery(SHOP, plan, (production, recovery))

    about = by("age")
    workflow.apply(workflow.plan(SHOP, production))
    host = database(here, about.source_scope)
    host.told("cloud-init status --wait > /dev/null")  # the cluster starts again until all is set up
    host.waited_for(f"runuser -u postgres -- {SQL.format('select 1')}")
    host.told(f"runuser -u postgres -- pgbench --cluster 15/shop -q -i -s {SCALE} postgres", 1200)
    asked(host, "create table rows (number int, said text)")
    print(f"database: {asked(host, 'select pg_database_size(current_database())')} bytes")

    number = 0
    for engine in ("restic", "age"):
        about = by(engine)
        for _ in range(2):
            number += 1
            asked(host, f"insert into rows values ({number}, '{CANARY} {number}')")
            host.told("runuser -u postgres -- pgbench --cluster 15/shop -t 100 postgres")
            began = time.monotonic()
            made = dr.replicate(about, now=True)
            assert made.succeeded, made
            print(f"{engine}: moved {made.groups[0].moved} bytes in {time.monotonic() - began:.0f} s")
        evidence = dr.drill(about)
        assert evidence.result == "passed", (evidence.reasons, evidence.probes)
        assert read.pop() == f"{CANARY} {number}"
        assert evidence.left_behind == 0
        assert {point.engine for point in evidence.points} == {engine}
        print(f"{engine}: rto {evidence.rto_measured} s, rpo {evidence.rpo_measured} s")
    for running in (here, there):
        for each in running.zones.values():
            assert files_with(CANARY, each.directory) == []
    assert files_with(CANARY, folder) == []
