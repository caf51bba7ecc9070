"""The simulator's file: shared by processes and threads, and never torn by a killed one."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from attrs import evolve
from fake_client import Client

from portinfra import Environment
from portinfra.errors import Unavailable
from portinfra.testing.fake import AWS, FakeCloud, FakePlugin, MemoryStore, SqliteStore

PROGRAM = """
import sys
from fake_client import Client
from portinfra.testing.fake import FakeCloud, SqliteStore
client = Client(FakeCloud(SqliteStore(sys.argv[1])))
for number in range(int(sys.argv[2])):
    client.network(f"{sys.argv[3]}{number}")
    client("DeleteNetwork", id=client.network(f"{sys.argv[3]}-gone{number}"))
    client.wait(10)
"""


def other_process(path, count, name):
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), str(count), name], env=environment())


def environment():
    return {**os.environ, "PYTHONPATH": ":".join(sys.path)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cloud.db"


def on_file(path):
    return Client(FakeCloud(SqliteStore(path)))


def test_a_file_opened_again_holds_the_same_world(path):
    client = on_file(path)
    *_, instance = client.host()
    books, now = client.cloud.ground_truth(), client.cloud.clock.now()
    client.cloud.store.close()
    again = on_file(path)
    assert (again.cloud.ground_truth(), again.cloud.clock.now()) == (books, now)
    assert instance in again.listed("Instances")


def test_two_on_one_file_see_each_other_and_share_the_clock(path):
    one, two = on_file(path), on_file(path)
    network = one.network()
    two.wait(100)
    assert network in two.listed("Networks")
    assert one.cloud.clock.now() == two.cloud.clock.now()
    two("DeleteNetwork", id=network)
    assert one.refused("DeleteNetwork", id=network) == "NotFound"
    assert one.cloud.ground_truth() == two.cloud.ground_truth() == []


def test_what_is_set_on_a_cloud_lasts_as_long_as_its_file(path):
    on_file(path).cloud.unreachable.add("us-east-1a")
    assert list(on_file(path).cloud.unreachable) == ["us-east-1a"]


def half_a_request(client):
    client.network("half")
    client.cloud.store.now += 5
    raise RuntimeError("broken")


@pytest.mark.parametrize("make", [lambda path: MemoryStore(), SqliteStore], ids=["memory", "file"])
def test_a_request_that_breaks_in_the_middle_leaves_no_trace(path, make):
    store = make(path)
    client = Client(FakeCloud(store))
    client.network()
    before, now = client.cloud.ground_truth(), client.cloud.clock.now()
    with pytest.raises(RuntimeError, match="broken"), store.transaction():
        half_a_request(client)
    assert (client.cloud.ground_truth(), client.cloud.clock.now()) == (before, now)
    assert client.network("whole")


def test_many_threads_on_one_file_lose_nothing(path):
    client = on_file(path)
    threads = [
        threading.Thread(target=lambda name=name: [client.network(f"{name}{n}") for n in range(5)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({record["name"] for record in on_file(path).cloud.ground_truth()}) == 20


def test_many_processes_on_one_file_lose_nothing(path):
    processes = [other_process(path, 8, name) for name in "abc"]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    names = [record["name"] for record in on_file(path).cloud.ground_truth()]
    assert sorted(names) == sorted(f"{name}{number}" for name in "abc" for number in range(8))


def test_a_process_killed_at_any_moment_leaves_a_world_that_can_be_read_and_changed(path):
    for kill in range(4):
        process = other_process(path, 1000, f"k{kill}-")
        client = on_file(path)
        seen = len(client.cloud.ground_truth())
        deadline = time.monotonic() + 20
        while len(client.cloud.ground_truth()) < seen + 1 + kill and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        client.cloud.set_quota("network", 10_000)
        books = client.cloud.ground_truth()
        assert len(books) > seen
        assert {record["state"] for record in books} == {"available"}
        assert on_file(path).cloud.ground_truth() == books
        assert client.network(f"after-{kill}")
        client.cloud.store.close()


def test_every_page_of_a_list_is_whole_in_a_process_that_opens_the_file_later(tmp_path):
    first = FakeCloud(
        SqliteStore(tmp_path / "cloud.db"), evolve(AWS, page_size=2, visibility_seconds=0.0, rates={})
    )
    ids = []
    for number in range(7):
        answer = first.request("1", "us-east-1", "CreatePublicAddress", {"name": f"a{number}", "tags": {}})
        ids.append(answer["record"]["id"])
    given = {"kind": "public-address", "id": ids[0], "name": "renamed", "tags": {}}
    first.request("1", "us-east-1", "SetOwner", given)
    later = FakeCloud(SqliteStore(tmp_path / "cloud.db"), first.shape)
    seen, page = [], {}
    while page is not None:
        answer = later.request("1", "us-east-1", "ListPublicAddresses", page)
        seen += [record["id"] for record in answer["records"]]
        page = {"after": answer["next"]} if "next" in answer else None
    assert seen == ids


def damage(path, account, kind):
    """Cut off the end of every record of a kind of an account."""
    file = sqlite3.connect(path)
    with file:
        changed = file.execute(
            "UPDATE rows SET body = substr(body, 1, 20) WHERE tbl = ?", (f"{account}|us-east-1|{kind}",)
        )
    file.close()
    assert changed.rowcount


def connect(account):
    return FakePlugin().connect(Environment("production", on="fake:us-east-1", account=account))


@pytest.mark.parametrize("kind", ["network", "subnet", "firewall", "instance"])
def test_a_damaged_record_is_found_when_its_account_is_opened_and_only_then(path, monkeypatch, kind):
    monkeypatch.setenv("PORTINFRA_FAKE_CLOUD", str(path))
    for account in ("1", "2"):
        cloud = FakeCloud(SqliteStore(path))
        Client(cloud, account=account).host()
        cloud.store.close()
    damage(path, "2", kind)
    other = connect("1")
    assert len(other.cloud.ground_truth("1")) == 4
    other.close()
    with pytest.raises(Unavailable, match=r"cloud.db cannot be read: row .* is no JSON") as caught:
        connect("2")
    assert "Delete it to start again" in caught.value.fix
