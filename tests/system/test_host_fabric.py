"""Real firewalls and proxies with the rendered files: who answers, and who is refused.

Counts and the order of servers decide, and no times.
"""

import ssl
from collections import Counter

import pytest
from attrs import evolve
from service_shop import PAYMENTS, PRODUCTION, SHOP, platform

from portinfra import Service, allow
from portinfra.hosts import haproxy
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.certificates import Authority
from portinfra.testing.fabric import PROGRAMS, Fabric, wait_until, why_impossible
from portinfra.testing.fabric.wait import PATIENCE

pytestmark = [pytest.mark.tools(*PROGRAMS), pytest.mark.slow]

REPORTS = Service("reports", tcp=9443, local_port=8009, app_port=19443)
"""A service without `health`: its port is checked."""

TOPOLOGY = evolve(
    SHOP.with_role(evolve(SHOP.role("logs"), offers=REPORTS)),
    flows=[*SHOP.flows, allow("web", REPORTS, why="reports")],
)
PLACED = place(TOPOLOGY, PRODUCTION)
APPS = [f"app{number}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """Every host has its firewall. web1, logs1 and each app run HAProxy; the servers their application."""
    if why := why_impossible():
        pytest.skip(why)
    with Fabric(PLACED, render(PLACED, platform), tmp_path_factory.mktemp("fabric")) as fabric:
        for host in fabric.hosts:
            fabric.load_firewall(host)
        for host in APPS:
            fabric.start_application(host, PAYMENTS.port_of_app)
        fabric.start_application("logs1", REPORTS.port_of_app)
        for host in ["web1", "logs1", *APPS]:
            fabric.start_proxy(host)
        yield fabric


def answers(fabric, count=12):
    return Counter(fabric.ask("web1", PAYMENTS.local_port) for _ in range(count))


def evenly(*hosts, count=12):
    return Counter(dict.fromkeys(hosts, count // len(hosts)))


def state_of(fabric, service, server):
    """Return what HAProxy of web1 says of a server: UP or DOWN, with the result of its last check."""
    head, *rows = fabric.tell_proxy("web1", "show stat").strip().lstrip("# ").splitlines()
    named = (dict(zip(head.split(","), row.split(","), strict=True)) for row in rows)
    (found,) = (row for row in named if (row["pxname"], row["svname"]) == (service, server))
    return found["status"], found["check_status"]


@pytest.mark.parametrize(("host", "path"), [("web9", haproxy.PATH), ("web1", "/etc/motd")])
def test_a_file_that_no_host_has_is_an_error_with_the_host_and_the_path(proxied, host, path):
    with pytest.raises(LookupError, match=f"{host} has no file {path}"):
        proxied.content(host, path)


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


def test_a_proxy_that_runs_is_not_started_again(proxied):
    """The first one would run on, and nothing could end it."""
    with pytest.raises(RuntimeError, match="HAProxy of web1 runs already"):
        proxied.start_proxy("web1")


SERVERS = {"by HTTP": (PAYMENTS, "app1"), "by its port": (REPORTS, "logs1")}
"""How a server's own host checks its application, with a service and one of its servers."""


@pytest.mark.parametrize(("service", "server"), SERVERS.values(), ids=SERVERS)
def test_a_dead_application_is_down_at_its_clients(proxied, service, server):
    """Its listener is alive, and refuses."""
    assert seconds_until_down(proxied, service, server) < PATIENCE


@pytest.mark.soak
@pytest.mark.parametrize(("service", "server"), SERVERS.values(), ids=SERVERS)
def test_a_dead_application_is_down_at_its_clients_within_two_seconds(proxied, service, server):
    assert max(seconds_until_down(proxied, service, server) for _ in range(10)) <= 2


def seconds_until_down(fabric, service, server):
    """Kill an application, and start it again when HAProxy of web1 knows. Return the seconds until then."""
    wait_until(lambda: state_of(fabric, service.name, server)[0] == "UP")
    fabric.kill_application(server)
    seconds = wait_until(lambda: state_of(fabric, service.name, server)[0] == "DOWN")
    fabric.start_application(server, service.port_of_app)
    wait_until(lambda: state_of(fabric, service.name, server)[0] == "UP")
    return seconds


def test_a_zone_that_is_cut_off_goes_on_working(proxied):
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))
    certificate = proxied.authority.write(proxied.folder / "test", "web1")

    def ask_elsewhere():
        return ask_by_tls(proxied, "app2", certificate)

    assert ask_elsewhere() == "app2"
    proxied.cut_off(0)
    assert ask_elsewhere() == "timed out", "the zone is cut off"
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


def ask_by_tls(fabric, target, certificate=None, **versions):
    """Return who answers web1 at the port of a host, or why no server does; "" where the host hangs up."""
    context = ssl.create_default_context(cadata=fabric.authority.pem)
    context.check_hostname = False
    context.set_ciphers("ALL:@SECLEVEL=0")  # the client could speak old versions: only the server refuses
    for name, value in versions.items():
        setattr(context, name, value)
    if certificate:
        context.load_cert_chain(certificate / "host.pem", certificate / "host.pem.key")
    try:
        return fabric.ask_by_tls("web1", target, PAYMENTS.tcp, context)
    except ssl.SSLError as error:
        return error.reason
    except OSError as error:
        return str(error)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_a_listener_admits_the_declared_role_of_the_own_authority_only(proxied, tmp_path):
    """Each refusal has its own reason: no other one is in its way."""
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))

    def ask(host, authority=proxied.authority, **versions):
        certificate = authority.write(tmp_path / host / str(id(authority)), host)
        return ask_by_tls(proxied, "app1", certificate, **versions)

    assert ask("web7") == ask("web1", maximum_version=ssl.TLSVersion.TLSv1_2) == "app1"
    for other_role in ("logs1", "web", "webs1", "xweb1", "web01"):
        assert ask(other_role) in ("", "[Errno 104] Connection reset by peer")
    assert ask("web1", Authority.create()) == "TLSV1_ALERT_DECRYPT_ERROR", "an authority of the same name"
    assert ask_by_tls(proxied, "app1") == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    old = {"minimum_version": ssl.TLSVersion.TLSv1_1, "maximum_version": ssl.TLSVersion.TLSv1_1}
    assert ask("web1", **old) == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_a_client_refuses_a_server_with_the_name_of_another_one(proxied):
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))
    proxied.stop_proxy("app1")
    proxied.start_proxy("app1", identity="app4")
    wait_until(lambda: state_of(proxied, "payments", "app1") == ("DOWN", "L6RSP"))  # TLS itself was refused
    assert answers(proxied) == evenly("app4")
    proxied.stop_proxy("app1")
    proxied.start_proxy("app1")
    wait_until(lambda: answers(proxied) == evenly("app1", "app4"))
