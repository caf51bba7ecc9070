"""haproxy.cfg: whom a host calls, in which order, and whom it lets in."""

import pytest
from attrs import evolve
from service_shop import CACHE, PAYMENTS, SHOP, rendered, with_count

from portinfra import Role, Service, Topology, allow
from portinfra.hosts.haproxy import PATH

CERTIFICATES = "crt /etc/portinfra/tls/host.pem ca-file /etc/portinfra/tls/ca.pem verify required"
LEAVE = "on-marked-down shutdown-sessions"


def sections(text):
    """Return section → its lines; comments are left out."""
    found, current = {}, []
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            current = found[line] = []
        elif line.strip() and not line.strip().startswith("#"):
            current.append(line.strip())
    return found


def of_host(host, topology=SHOP):
    return sections(rendered(topology)[host][PATH])


def servers(lines):
    """Return server → whether it is a backup, in the order of the file."""
    return {line.split()[1]: line.endswith(" backup") for line in lines if line.startswith("server ")}


def test_a_client_has_a_port_of_127_0_0_1_for_each_service_that_it_calls():
    web = of_host("web1")
    assert "bind 127.0.0.1:8002" in web["listen payments"]
    assert "bind 127.0.0.1:8003" in web["listen cache"]
    assert [name for name in web if name.startswith("listen")] == ["listen payments", "listen cache"]


@pytest.mark.parametrize(
    ("host", "order"),
    [
        ("web1", ["app1", "app4", "app2", "app5", "app3", "app6"]),
        ("web2", ["app2", "app5", "app3", "app6", "app1", "app4"]),
        ("web3", ["app3", "app6", "app1", "app4", "app2", "app5"]),
    ],
)
def test_servers_of_the_own_zone_come_first_and_the_others_are_backups(host, order):
    found = servers(of_host(host)["listen payments"])
    assert list(found) == order
    assert [name for name, is_backup in found.items() if not is_backup] == order[:2]
    assert "option allbackups" in of_host(host)["listen payments"]


def test_where_the_own_zone_has_no_server_all_others_answer():
    """db has hosts in the first two zones only."""
    assert servers(of_host("app3")["listen ledger"]) == {"db1": False, "db2": False}
    assert servers(of_host("app2")["listen ledger"]) == {"db2": False, "db1": True}


def test_a_client_proves_who_it_is_and_checks_whom_it_calls():
    first = next(line for line in of_host("web1")["listen payments"] if line.startswith("server"))
    assert first == (
        f"server app1 10.10.4.4:8443 check tcp-ut 3s ssl {CERTIFICATES} verifyhost app1 sni str(app1)"
    )


def test_a_listener_admits_the_roles_whose_flows_reach_its_port():
    """A role may reach a port by a flow that names no service: it speaks TLS itself."""
    refused = "tcp-request content reject unless {{ ssl_c_s_dn(CN) -m reg ^({})[1-9][0-9]*$ }}"
    app, db = of_host("app2"), of_host("db1")
    assert f"bind 10.10.5.4:8443 ssl {CERTIFICATES} tcp-ut 3s" in app["frontend payments.listener"]
    assert refused.format("web") in app["frontend payments.listener"]
    assert refused.format("app|db") in db["frontend ledger.listener"]


def test_a_listener_that_no_flow_reaches_admits_no_client():
    lonely = Topology("shop", [Role("app", offers=PAYMENTS)])
    assert "tcp-request content reject" in of_host("app1", lonely)["frontend payments.listener"]


def test_a_host_offers_a_service_and_calls_one_that_is_named_like_a_part_of_it():
    """HAProxy refuses a file in which two sections have one name."""
    carts = Service("carts", tcp=8443, local_port=8002)
    like = [Service(f"carts-{part}", tcp=n, local_port=n) for n, part in enumerate(("app", "listener"), 9001)]
    roles = [Role("api", offers=carts), Role("db", offers=like)]
    flows = [allow("api", service, why="carts") for service in like]
    names = [line.split()[1] for line in of_host("api1", Topology("shop", roles, flows)) if " " in line]
    assert sorted(names) == ["carts-app", "carts-listener", "carts.app", "carts.listener"]


def test_a_listener_refuses_while_its_application_is_dead():
    app, db = of_host("app1"), of_host("db1")
    assert (
        "tcp-request connection reject if { nbsrv(payments.app) lt 1 }" in app["frontend payments.listener"]
    )
    assert app["backend payments.app"] == [
        "option httpchk GET /health",
        f"server app 127.0.0.1:18443 check inter 500ms fall 1 rise 1 {LEAVE}",
    ]
    ledger = f"server app 127.0.0.1:5432 check port 8008 inter 500ms fall 1 rise 1 {LEAVE}"
    assert ledger in db["backend ledger.app"]


def test_where_only_clients_check_an_application_their_connections_leave_it():
    """Elsewhere its own host does, and a client's new connections wait for another server."""
    app = of_host("app1")
    assert f"default-server {LEAVE}" in app["listen queue"]
    assert not [line for line in (*app["listen ledger"], *app["defaults"]) if LEAVE in line]


def test_a_reload_ends_the_process_before_it_in_an_hour():
    assert "hard-stop-after 1h" in of_host("app1")["global"]


def test_an_application_that_ends_tls_itself_is_called_and_checked_as_it_is():
    queue = of_host("app1")["listen queue"]
    assert "option httpchk GET /up" in queue
    server = (
        f"server db1 10.10.8.4:5671 check tcp-ut 3s check-ssl {CERTIFICATES} verifyhost db1 check-sni db1"
    )
    assert server in queue
    assert "frontend queue.listener" not in of_host("db1")


def test_a_service_without_tls_is_called_without_tls():
    assert "server db1 10.10.8.4:6380 check tcp-ut 3s" in of_host("web1")["listen cache"]
    assert "frontend cache.listener" not in of_host("db1")


def test_more_than_fifty_clients_check_less_often():
    """50 checks a second are as many as a server answers without notice."""
    few, many = with_count(SHOP, "web", 50), with_count(SHOP, "web", 120)
    assert not [line for line in of_host("web1", few)["listen payments"] if "inter" in line]
    assert "default-server inter 3s downinter 3s" in of_host("web1", many)["listen payments"]


def test_a_host_without_services_has_no_proxy():
    assert PATH not in rendered()["logs1"]
    only_plain = Topology("shop", [Role("web"), Role("db", offers=CACHE)], [allow("web", CACHE, why="x")])
    assert PATH in rendered(only_plain)["web1"]
    assert PATH not in rendered(only_plain)["db1"]


def test_the_order_of_flows_changes_no_file():
    assert rendered(evolve(SHOP, flows=tuple(reversed(SHOP.flows)))) == rendered()


def test_a_service_that_is_called_twice_has_one_port():
    twice = Topology(
        "shop",
        [Role("web"), Role("app", offers=Service("api", tcp=1, local_port=8001))],
        [allow("web", Service("api", tcp=1, local_port=8001), why=why) for why in ("one", "two")],
    )
    assert rendered(twice)["web1"][PATH].count("listen api\n") == 1
