"""The volumes of the built-in cloud are written and read from a shell: a blank one fails a probe."""

import json

import pytest

from portinfra import Environment, Role, Topology, Volume, apply, observe, plan
from portinfra.testing.fake import plugin, volumes

SHOP = Topology("shop", [Role("web", count=1), Role("db", count=2, volumes=[Volume("data", gib=1)])])
PRODUCTION = Environment("production", on="fake:instant/us-east-1", account="111122223333")


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads the volumes of hosts, as a probe does."""
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(tmp_path / "cloud.db"))
    monkeypatch.setattr(plugin, "cloud", None)
    apply(plan(SHOP, PRODUCTION))
    resources = observe(SHOP, PRODUCTION).resources
    ids = {address.name: seen.id for address, seen in resources.items() if address.kind == "volume"}
    hosts = [{"name": "web1", "volumes": []}]
    hosts += [
        {"name": name, "volumes": [{"name": f"{name}-data", "id": ids[f"{name}-data"]}]}
        for name in ("db1", "db2")
    ]
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"on": PRODUCTION.on, "hosts": hosts}))
    monkeypatch.setenv("PORTINFRA_INVENTORY", str(inventory))
    return lambda *names: volumes.main(["read", *names])


def write(region="instant/us-east-1"):
    return volumes.main(["write", PRODUCTION.account, region, "orders"])


def test_a_blank_volume_fails_the_probe(read, capsys):
    assert read("db1") == 1
    assert capsys.readouterr().out == "db1 db1-data: BLANK\n"


def test_what_hosts_wrote_is_read_from_every_volume(read, capsys):
    assert write() == 0
    assert read("db1", "db2") == 0
    told = capsys.readouterr().out
    assert "db1 db1-data: orders (shop-production-db1-data-" in told
    assert "db2 db2-data: orders (shop-production-db2-data-" in told


def test_a_host_without_a_volume_fails_the_probe(read, capsys):
    write()
    assert read("db1", "web1", "db3") == 1
    assert "web1 has no volume\ndb3 has no volume\n" in capsys.readouterr().out


def test_where_no_host_has_a_volume_nothing_is_written(read):
    assert write("instant/eu-west-1") == 1


@pytest.mark.parametrize("arguments", [[], ["read"], ["write", "111122223333"], ["delete", "db1"]])
def test_bad_usage_prints_what_is_right(read, arguments, capsys):
    assert volumes.main(arguments) == 2
    assert "portinfra.testing.fake.volumes" in capsys.readouterr().err
