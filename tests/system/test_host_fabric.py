"""Real firewalls and proxies with the rendered files: who reaches whom, who answers, and who is refused.

Counts and the order of servers decide, and no times.
"""

import select
import socket
from collections import Counter

import pytest
from attrs import evolve
from fabric import PROGRAMS, Fabric, wait_until, why_impossible
from host_checkers import write_certificates
from service_shop import PAYMENTS, PRODUCTION, SHOP, platform

from portinfra import INTERNET, allow, reach
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.certificates import Authority

pytestmark = [pytest.mark.tools(*PROGRAMS), pytest.mark.slow]

PORTS = (22, 80, 443, 514, 5432, 5671, 6380, 8443, 9999)
"""Every port that a flow names, and some that none does."""

TOPOLOGY = evolve(SHOP, flows=[*SHOP.flows, allow("web", INTERNET, tcp=80, why="packages")])
"""With a way in from everywhere and a way out to everywhere, each chain alone lets too much through."""

PLACED = place(TOPOLOGY, PRODUCTION)
APPS = [f"app{number}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def fabric(tmp_path_factory):
    if why := why_impossible():
        pytest.skip(why)
    made = Fabric(PLACED, render(PLACED, platform), tmp_path_factory.mktemp("fabric"))
    try:
        yield made
    finally:
        made.close()


def passing(fabric):
    """Return every (source, target, protocol, port) that passes between two hosts."""
    addresses = {name: host.private_address for name, host in fabric.hosts.items()}
    sockets, listening, datagrams = [], [], {}
    try:
        for name, address in addresses.items():
            with fabric.inside(name):
                for port in PORTS:
                    listening.append(socket.create_server((address, port), backlog=256))
                    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    receiver.setblocking(False)
                    receiver.bind((address, port))
                    datagrams[receiver] = (name, port)
        tried = {}
        for source in addresses:
            with fabric.inside(source):
                sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sockets.append(sender)
                for target, address in addresses.items():
                    for port in PORTS if target != source else ():
                        caller = socket.socket()
                        caller.setblocking(False)
                        caller.connect_ex((address, port))
                        tried[caller] = (source, target, "tcp", port)
                        try:
                            sender.sendto(source.encode(), (address, port))
                        except PermissionError:  # the firewall of the source drops it at once
                            continue
        return {*_connected(tried), *_received(datagrams)}
    finally:
        for each in [*sockets, *listening, *datagrams, *tried]:
            each.close()


def _connected(tried):
    poll, by_number = select.poll(), {caller.fileno(): caller for caller in tried}
    for number in by_number:
        poll.register(number, select.POLLOUT)
    while found := poll.poll(1500):  # until nothing more comes
        for number, _ in found:
            poll.unregister(number)
            if by_number[number].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                yield tried[by_number[number]]


def _received(datagrams):
    for receiver, (target, port) in datagrams.items():
        while True:
            try:
                yield receiver.recv(100).decode(), target, "udp", port
            except BlockingIOError:
                break


def declared():
    """Return what `reach` says, in the same form."""
    who = reach.of(PLACED)
    hosts = [name for name in who.names if name[-1].isdigit()]
    return {
        (source, target, protocol, port)
        for source in hosts
        for target in hosts
        if source != target
        for protocol in ("tcp", "udp")
        for port in PORTS
        if (protocol, port) in who.direct(source, target)
    }


@pytest.fixture(scope="module")
def walled(fabric):
    """Every firewall is loaded, after a control run without any."""
    everything = len(fabric.hosts) * (len(fabric.hosts) - 1) * len(PORTS) * 2
    assert len(passing(fabric)) >= 0.95 * everything
    for chains in (("input",), ("output",), ("input", "output")):
        for host in fabric.hosts:
            fabric.load_firewall(host, chains=chains)
        found = passing(fabric)
        assert found >= declared()
        if len(chains) == 1:
            assert found > declared(), "one chain alone lets more through"
    return found


def test_between_hosts_passes_exactly_what_reach_says(walled):
    assert walled == declared()


@pytest.fixture(scope="module")
def proxied(fabric, walled):
    """web1 and every app run HAProxy, and every app its application."""
    for host in APPS:
        fabric.start_application(host, PAYMENTS.port_of_app)
    for host in ["web1", *APPS]:
        fabric.start_proxy(host)
    return fabric


def answers(fabric, count=12):
    return Counter(fabric.ask("web1", PAYMENTS.local_port) for _ in range(count))


def evenly(*hosts, count=12):
    return Counter(dict.fromkeys(hosts, count // len(hosts)))


def test_the_own_zone_answers_then_the_others_and_then_the_own_zone_again(proxied):
    """A server is dead while its application is: then its listener refuses, and its clients see it."""
    own, others = ("app1", "app4"), ("app2", "app5", "app3", "app6")
    wait_until(lambda: answers(proxied) == evenly(*own))
    proxied.kill_application("app1")
    wait_until(lambda: answers(proxied) == evenly("app4"))
    proxied.kill_application("app4")
    wait_until(lambda: answers(proxied) == evenly(*others))
    proxied.start_application("app4", PAYMENTS.port_of_app)
    wait_until(lambda: answers(proxied) == evenly("app4"))
    proxied.start_application("app1", PAYMENTS.port_of_app)
    wait_until(lambda: answers(proxied) == evenly(*own))


def test_a_zone_that_is_cut_off_goes_on_working(proxied):
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))
    certificate = (proxied.folder / "web1/tls/host.pem", proxied.folder / "web1/tls/host.pem.key")

    def ask_elsewhere():
        authority = proxied.authority.pem
        return proxied.ask_by_tls("web1", "app2", PAYMENTS.tcp, certificate, authority, patience=1)

    assert ask_elsewhere() == "app2"
    proxied.cut_off(0)
    assert ask_elsewhere() == "", "the zone is cut off"
    assert answers(proxied, 24) == evenly("app1", "app4", count=24)
    proxied.cut_off(0, cut=False)
    wait_until(lambda: ask_elsewhere() == "app2")
    assert answers(proxied, 24) == evenly("app1", "app4", count=24)


def test_a_drained_server_stays_drained_until_its_address_changes(proxied):
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))
    proxied.tell_proxy("web1", "set server payments/app1 state drain")
    assert " app1 10.10.4.4 " in proxied.save_state("web1")
    proxied.stop_proxy("web1")
    proxied.start_proxy("web1")
    wait_until(lambda: answers(proxied) == evenly("app4"))
    configuration = proxied.folder / "web1" / "haproxy.cfg"
    configuration.write_text(configuration.read_text().replace("10.10.4.4:8443", "10.10.4.4:9443"))
    saved = proxied.save_state("web1")
    assert " app1 " not in saved
    assert " app4 10.10.4.5 " in saved
    proxied.stop_proxy("web1")
    (proxied.folder / "web1" / "state").unlink()
    proxied.start_proxy("web1")
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))


def test_a_listener_admits_the_declared_role_of_the_own_authority_only(proxied, tmp_path):
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))

    def ask(host, authority=proxied.authority):
        folder = write_certificates(tmp_path / host / str(id(authority)), authority, host)
        files = (folder / "host.pem", folder / "host.pem.key")
        return proxied.ask_by_tls("web1", "app1", PAYMENTS.tcp, files, proxied.authority.pem)

    assert ask("web7") == "app1"
    assert ask("logs1") == ""
    assert ask("web") == ask("webs1") == ask("xweb1") == ask("web01") == ""
    assert ask("web1", Authority.create()) == ""
    assert proxied.ask_by_tls("web1", "app1", PAYMENTS.tcp, None, proxied.authority.pem) == ""
