"""What makes no sense in services and in the flows to them is found, with its subject and what to do."""

import pytest
from attrs import evolve

from portinfra import INTERNET, Environment, Role, Service, Topology, allow
from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.topology import DELIVERIES, PROFILES, Flow
from portinfra.validation import validate

PLACE = Environment("test", on="fake:a")
WEB = Role("web", public="customers")


def found(topology):
    """Return the findings, as (rule, subject) → message and fix."""
    try:
        findings = validate(topology, PLACE, Capabilities())
    except ValidationError as error:
        findings = error.findings
    return {(each.rule, each.subject): f"{each.message}. {each.fix}" for each in findings}


def payments(**changes):
    return Service(**{"name": "payments", "tcp": 8443, "local_port": 8002} | changes)


def of_service(**changes):
    """Return the findings about a service with these attributes, which web calls."""
    service = payments(**changes)
    return found(Topology("shop", [WEB, Role("app", offers=service)], [allow(WEB, service, why="orders")]))


def test_a_sound_service_has_no_findings():
    sound = {"app_port": 18443, "health": "/health?deep=1", "health_port": 8008, "balance": "leastconn"}
    assert of_service(**sound) == {}
    assert of_service(tls="app", health="/health") == {}
    assert of_service(health="/" + "a" * 255) == {}


@pytest.mark.parametrize(
    ("rule", "attribute", "value", "fix"),
    [
        ("local-port", "local_port", 1023, "from 1024 on"),
        ("port", "local_port", 65536, "from 1 to 65535"),
        ("port", "tcp", 0, "from 1 to 65535"),
        ("port", "app_port", 70000, "from 1 to 65535"),
        ("port", "health_port", -1, "from 1 to 65535"),
        ("health", "health", "health", "slash"),
        ("health", "health", "/a b", "blanks"),
        ("health", "health", "/a\\x", "backslashes"),
        ("health", "health", "/" + "a" * 256, "256 are the most"),
        ("tls", "tls", "proxi", "'proxy'"),
        ("balance", "balance", "random", "Known are"),
    ],
)
def test_a_wrong_attribute_of_a_service_is_an_error(rule, attribute, value, fix):
    subject = f"role.app.service.payments.{attribute}"
    assert fix in of_service(**{attribute: value})[f"service/{rule}", subject]


@pytest.mark.parametrize("tls", ["app", "none"])
def test_without_a_proxy_on_the_server_the_ports_of_127_0_0_1_mean_nothing(tls):
    """Clients connect to the application itself."""
    wrong = of_service(tls=tls, app_port=18443, health_port=8008)
    assert {rule for rule, _ in wrong} == {"service/app-port", "service/health-port"}


def test_a_misspelt_tls_is_one_error():
    wrong = of_service(tls="proxi", app_port=18443, health_port=8008)
    assert {rule for rule, _ in wrong} == {"service/tls"}


def test_a_name_and_a_local_port_are_unique_in_the_topology():
    other = payments(tcp=9443)
    wrong = found(Topology("shop", [Role("app", offers=payments()), Role("db", offers=other)]))
    assert wrong.keys() == {
        (f"service/{rule}", f"role.{role}.service.payments.{attribute}")
        for role in ("app", "db")
        for rule, attribute in (("duplicate", "name"), ("local-port", "local_port"))
    }


def test_services_of_one_role_share_no_port():
    services = [payments(), payments(name="refunds", local_port=8003)]
    wrong = found(Topology("shop", [Role("app", offers=services)]))
    assert {rule for rule, _ in wrong} == {"service/port-twice"}


def test_an_unknown_service_is_answered_with_the_nearest():
    app = Role("app", offers=payments())
    wrong = found(Topology("shop", [WEB, app], [allow(WEB, payments(name="paymens"), why="x")]))
    assert wrong == {("service/unknown", "flow web → paymens"): "no role offers a service 'paymens'. "
                     "Did you mean 'payments'?"}  # fmt: skip


def test_a_role_calls_a_service_of_another_role_only():
    app = Role("app", offers=payments())
    wrong = found(Topology("shop", [WEB, app], [allow([WEB, app], payments(), why="x")]))
    assert wrong.keys() == {("service/own", "flow web, app → app")}


@pytest.mark.parametrize("outside", [INTERNET, "203.0.113.0/24"])
def test_only_hosts_call_services(outside):
    app = Role("app", offers=payments(), public="customers")
    wrong = found(Topology("shop", [app], [allow(outside, payments(), why="x")]))
    assert {rule for rule, _ in wrong} == {"service/outside"}
    assert "by a flow with to and tcp" in next(iter(wrong.values()))


@pytest.mark.parametrize(
    ("attribute", "words"),
    [("app_port", "its application listens on 127.0.0.1:8002"), ("health_port", "its health_port is on")],
)
def test_a_client_listens_on_no_port_where_its_own_proxy_listens(attribute, words):
    web = Role("web", offers=Service("pages", tcp=8443, local_port=8001, **{attribute: 8002}))
    app = Role("app", offers=payments())
    wrong = found(Topology("shop", [web, app], [allow(web, payments(), why="x")]))
    ((key, text),) = wrong.items()
    assert key == (f"service/{attribute.replace('_', '-')}", f"role.web.service.pages.{attribute}")
    assert words in text
    assert f"or this service another {attribute}." in text


@pytest.mark.parametrize("tls", ["app", "none"])
def test_an_application_without_a_proxy_takes_no_port_of_127_0_0_1(tls):
    """It listens on `tcp` of its host's address."""
    pages = Service("pages", tcp=9443, local_port=8001, tls=tls)
    beside = Service("files", tcp=9444, local_port=8003, app_port=9443)
    called = payments(local_port=9443)
    web, app = Role("web", offers=pages), Role("app", offers=called)
    assert found(Topology("shop", [web, app], [allow(web, called, why="x")])) == {}
    assert found(Topology("shop", [Role("web", offers=[pages, beside])])) == {}


def test_a_name_with_a_new_line_or_a_colour_is_one_line_of_plain_text():
    wrong = found(Topology("shop", [Role("we\x1b[31mb", offers=payments(name="rows\nx"))]))
    subjects = {subject for _, subject in wrong}
    assert r"role.we\x1b[31mb.service.rows\nx" in subjects
    assert all(subject.isprintable() for subject in subjects)


def test_an_unknown_delivery_is_an_error():
    wrong = found(Topology("shop", [WEB], delivery="file"))
    assert "Did you mean 'files'?" in wrong["service/delivery", "topology.shop.delivery"]


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_every_delivery_is_valid(delivery):
    assert found(Topology("shop", [WEB], delivery=delivery)) == {}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid(profile):
    assert found(Topology("shop", [evolve(WEB, profile=profile)])) == {}


def test_an_unknown_profile_is_an_error():
    wrong = found(Topology("shop", [evolve(WEB, profile="puppet-serve")]))
    assert "Did you mean 'puppet-server'?" in wrong["topology/profile", "role.web.profile"]


def test_wrong_types_are_reported_and_hide_nothing_else():
    app = Role("app", offers=[payments(tcp="8443"), "payments"])
    wrong = found(Topology("shop", [WEB, app], [Flow("web", (), service=payments()), "flow"], delivery=3))
    subjects = {subject for rule, subject in wrong if rule == "topology/wrong-type"}
    assert {"role.app.service.payments.tcp", "role.app.offers", "topology.shop.delivery"} <= subjects


def test_a_flow_to_a_service_follows_the_role_that_offers_it():
    topology = Topology("shop", [WEB, Role("app", offers=payments())], [allow(WEB, payments(), why="x")])
    (flow,) = topology.flows
    assert (flow.sources, flow.targets, flow.tcp) == (("web",), ("app",), ((8443, 8443),))
    moved = topology.with_role(Role("app", offers=payments(tcp=9443)))
    assert moved.flows[0].tcp == ((9443, 9443),)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_flow_to_a_service_has_no_port_of_its_own(protocol):
    with pytest.raises(ValueError, match=f"'payments' has the port; leave {protocol} out"):
        allow(WEB, payments(), **{protocol: 8443})
