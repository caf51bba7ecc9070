"""Requests without pause while servers, hosts and zones fail and return: how many are lost, and who answers.

On each host of web one client opens a connection for each request, and one keeps its connection. In these
tests counts and the order of servers decide; the soak measures seconds.
"""

import socket
import time
from contextlib import contextmanager

import pytest
from service_shop import PAYMENTS, PRODUCTION, SHOP, platform

from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.fabric import PROGRAMS, Fabric, Load, wait_until, why_impossible

pytestmark = [pytest.mark.tools(*PROGRAMS), pytest.mark.slow]

PLACED = place(SHOP, PRODUCTION)
OWN = {"web1": ("app1", "app4"), "web2": ("app2", "app5"), "web3": ("app3", "app6")}
"""The servers in the zone of each client."""


def others(client):
    """Return the servers of other zones."""
    return tuple(server for servers in OWN.values() for server in servers if server not in OWN[client])


@pytest.fixture(scope="module")
def fabric(tmp_path_factory):
    """Every host of web and app has its firewall and HAProxy, and each app its application."""
    if why := why_impossible():
        pytest.skip(why)
    files, folder = render(PLACED, platform), tmp_path_factory.mktemp("fabric")
    with Fabric(PLACED, files, folder, roles=["web", "app"]) as made:
        for host in made.hosts:
            made.load_firewall(host)
            if host.startswith("app"):
                made.start_application(host, PAYMENTS.port_of_app)
            made.start_proxy(host)
        yield made


@pytest.fixture
def load(fabric):
    with Load(fabric, OWN, PAYMENTS.local_port) as running:
        running.settle(OWN)
        running.begin()
        yield running


@contextmanager
def killed(fabric, server):
    """The application of a server is dead."""
    fabric.kill_application(server)
    try:
        yield
    finally:
        fabric.start_application(server, PAYMENTS.port_of_app)


@contextmanager
def vanished(fabric, load, server):
    """A host is gone. No request was on its way to it: that would be lost, whatever a proxy does."""
    with load.between_requests():
        fabric.detach(server)
    try:
        yield
    finally:
        fabric.detach(server, detached=False)


def answer_in_order(load, client, *groups):
    """Return whether these groups of servers answered the requests of a client one after the other."""
    left = [request.answer for request in load.requests(client) if request.answer]
    for group in groups:
        while left and left[0] in group:
            left.pop(0)
    return not left


def assert_lost_at_most(load, most, *, on):
    """Only clients whose names begin like this lost requests, each no more than `most`."""
    lost = load.failures()
    assert all(name.startswith(on) for name in lost), lost
    assert max(lost.values(), default=0) <= most, lost


def assert_stays_home(load):
    """No request was lost, and the own zone answered each one."""
    assert load.failures() == {}
    for client in load.clients:
        assert {*load.answers()[client.name]} <= {*OWN[client.host]}


def test_the_own_zone_answers_each_request(load):
    load.run(40)
    assert_stays_home(load)
    for client in load.clients[::2]:
        answered = load.answers()[client.name]
        assert min(answered[server] for server in OWN[client.host]) >= 10, "one after the other"


def test_a_zone_that_is_cut_off_and_connected_again_loses_no_request(fabric, load):
    fabric.cut_off(0)
    try:
        assert not can_connect(fabric, "web1", "app2")
        load.run(30)
    finally:
        fabric.cut_off(0, cut=False)
    wait_until(lambda: can_connect(fabric, "web1", "app2"))
    load.run(30)
    assert_stays_home(load)


def can_connect(fabric, source, target):
    with fabric.inside(source):
        try:
            socket.create_connection((fabric.hosts[target].private_address, PAYMENTS.tcp), 1).close()
        except OSError:
            return False
    return True


def test_reloads_of_proxies_and_firewalls_lose_no_request(fabric, load):
    """A control run first: a proxy that stops and starts loses some."""
    fabric.stop_proxy("web1")
    load.run(2)
    fabric.start_proxy("web1")
    assert load.failures().keys() == {"web1", "web1, kept connection"}
    load.settle(OWN)
    load.begin()
    for _ in range(10):
        fabric.reload_proxy("web1")
        fabric.reload_proxy("app1")
        for _ in range(5):
            fabric.load_firewall("web1")
            fabric.load_firewall("app1")
    load.run(20)
    assert_stays_home(load)


def test_a_dead_application_costs_a_client_of_its_zone_two_requests_at_most(fabric, load):
    with killed(fabric, "app1"):
        load.settle({**OWN, "web1": ["app4"]})
        assert_lost_at_most(load, 2, on="web1")
        load.begin()
        with killed(fabric, "app4"):
            load.settle({**OWN, "web1": others("web1")})
            assert_lost_at_most(load, 2, on="web1")
            load.begin()
    load.settle(OWN)
    assert_lost_at_most(load, 1, on="web1")
    assert all(answer_in_order(load, client, others("web1"), OWN["web1"]) for client in load.clients[:2])


CHECKS = {"once a second": "inter 1s", "once a minute": "inter 1m"}


@pytest.mark.parametrize("interval", CHECKS.values(), ids=CHECKS)
def test_a_host_that_vanishes_costs_a_kept_connection_and_no_new_one(fabric, load, interval):
    """New connections wait for another server, also where the whole zone has vanished, and where many clients
    check the same servers: then each client checks them less often.
    """
    settings = fabric.folder / "web2" / "haproxy.cfg"
    listen = "listen payments\n"
    settings.write_text(settings.read_text().replace(listen, f"{listen}    default-server {interval}\n"))
    fabric.reload_proxy("web2")
    load.settle(OWN)
    load.begin()
    with vanished(fabric, load, "app2"):
        load.settle({**OWN, "web2": ["app5"]})
        assert_lost_at_most(load, 1, on="web2, kept connection")
        load.begin()
        with vanished(fabric, load, "app5"):
            load.settle({**OWN, "web2": others("web2")})
            assert_lost_at_most(load, 1, on="web2, kept connection")
            load.begin()
    load.settle(OWN)
    assert_lost_at_most(load, 1, on="web2")


def test_a_kept_connection_leaves_a_vanished_host_after_a_reload_too(fabric, load):
    """The process that keeps it checks no servers any more."""
    kept = load.clients[1]
    fabric.reload_proxy("web1")
    load.run(5)
    server = kept.requests[-1].answer
    load.begin()
    with vanished(fabric, load, server):
        load.settle({**OWN, "web1": [other for other in OWN["web1"] if other != server]})
        assert_lost_at_most(load, 1, on="web1, kept connection")
    load.settle(OWN)


def test_a_server_forgets_the_connections_of_a_client_that_vanished(fabric, load):
    """A database would otherwise keep them until an hour has passed."""
    client = fabric.hosts["web3"].private_address
    servers = [server for server in OWN["web3"] if connections(fabric, server, client)]
    assert servers
    with vanished(fabric, load, "web3"):
        wait_until(lambda: not any(connections(fabric, server, client) for server in servers))
    load.settle(OWN)


def connections(fabric, server, client):
    """Return what `ss` says of connections that a client has to a server."""
    return fabric.run(server, "ss", "-Htn", "state", "established", "dst", client).splitlines()


def test_a_drained_server_stays_drained_over_a_reload(fabric, load):
    fabric.tell_proxy("web1", "set server payments/app1 state drain")
    fresh = load.clients[0]
    load.run(2)
    load.begin()
    fabric.reload_proxy("web1")
    load.run(30)
    assert load.failures() == {}
    assert {*load.answers()[fresh.name]} == {"app4"}
    fabric.tell_proxy("web1", "set server payments/app1 state ready")
    load.run(30)
    assert {*load.answers()[fresh.name]} == {"app1", "app4"}


@pytest.mark.soak
def test_seconds_of_each_event(fabric):
    """Each event five times, with a request of each client every 10 ms. The figures are printed."""
    with Load(fabric, OWN, PAYMENTS.local_port, pause=0.01) as load:
        for _ in range(5):
            with killed(fabric, "app1"):
                assert measure(load, "an application dies", {**OWN, "web1": ["app4"]}) <= 1.5
                with killed(fabric, "app4"):
                    assert (
                        measure(load, "the last one of a zone dies", {**OWN, "web1": others("web1")}) <= 1.5
                    )
            assert measure(load, "both run again", OWN) <= 3
            with vanished(fabric, load, "app2"):
                assert measure(load, "a host vanishes", {**OWN, "web2": ["app5"]}) <= 4
                with vanished(fabric, load, "app5"):
                    assert (
                        measure(load, "the last one of a zone vanishes", {**OWN, "web2": others("web2")}) <= 4
                    )
            assert measure(load, "both are back", OWN) <= 3


def measure(load, event, expected):
    """Return the seconds from here to the last request that failed or that another server answered."""
    began = time.monotonic()
    load.begin()
    load.settle(expected, count=40)
    found = [(client, request) for client in load.clients for request in load.requests(client)]
    late = [request.ended - began for client, request in found if request.answer not in expected[client.host]]
    lost = max(load.failures().values(), default=0)
    longest = max(request.ended - request.began for _, request in found)
    print(f"{event}: lost {lost} a client, {max(late, default=0):.2f} s, longest request {longest:.2f} s")
    return max(late, default=0)
