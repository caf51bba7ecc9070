"""Checks of services: their names and ports, who calls them, and how files reach hosts."""

from collections.abc import Iterator, Mapping

from portinfra.format import suggestion
from portinfra.model.finding import Finding
from portinfra.model.service import BALANCES, TLS, Service
from portinfra.model.topology import DELIVERIES, INTERNET, Flow, Role, Topology
from portinfra.validation.names import name_findings, repeated_names
from portinfra.validation.types import flow_subject

SERVICE_NAME_MAX = 32
"""The maximal length of the name of a service. HAProxy's log has it in each line."""

LOCAL_PORT_MIN = 1024
"""Lower ports are for programs of the system: a client's proxy must not take one of them."""

HEALTH_MAX = 256
"""The maximal length of `health`. A line of haproxy.cfg has 2,048 characters."""

_PATH = "/"


def service_findings(topology: Topology) -> Iterator[Finding]:
    """Yield what is wrong with the services of a topology, and with the flows that call them."""
    yield from _delivery_findings(topology)
    offered = topology.services
    names = repeated_names(service.name for _, service in offered)
    locals_ = repeated_names(str(service.local_port) for _, service in offered)
    for role, service in offered:
        if service.name in names:
            message = f"more than one service is named {service.name!r}"
            yield _wrong(role, service, "duplicate", "name", message, "Rename one.")
        if str(service.local_port) in locals_:
            message = f"more than one service has the local_port {service.local_port}"
            yield _wrong(role, service, "local-port", "local_port", message, "Give each service another.")
        yield from _lone_service_findings(role, service)
    for role in topology.roles:
        yield from _port_findings(role)
    known = {service.name: role.name for role, service in offered}
    for flow in topology.flows:
        if flow.service:
            yield from _flow_findings(flow, known)
    yield from _client_findings(topology)


def _delivery_findings(topology: Topology) -> Iterator[Finding]:
    if topology.delivery in DELIVERIES:
        return
    message = f"{topology.delivery!r} is no known delivery of files"
    fix = suggestion(topology.delivery, filter(None, DELIVERIES), "")
    yield Finding(
        "service/delivery",
        message,
        fix,
        subject=f"topology.{topology.name}.delivery",
        location=topology.location,
    )


def _wrong(role: Role, service: Service, rule: str, attribute: str, message: str, fix: str) -> Finding:
    subject = f"role.{role.name}.service.{service.name}.{attribute}"
    location = service.location.attributes.get(attribute, service.location)
    return Finding(f"service/{rule}", message, fix, subject=subject, location=location)


def _lone_service_findings(role: Role, service: Service) -> Iterator[Finding]:
    """Yield what is wrong with a service by itself."""
    subject = f"role.{role.name}.service.{service.name}"
    yield from name_findings(service.name, SERVICE_NAME_MAX, "service/name", subject, service.location)
    ports = {name: getattr(service, name) for name in ("tcp", "local_port", "app_port", "health_port")}
    for name, port in ports.items():
        if port is not None and not 1 <= port <= 65535:
            yield _wrong(role, service, "port", name, f"{port} is no port", "Ports go from 1 to 65535.")
    if 1 <= service.local_port < LOCAL_PORT_MIN:
        message = f"its local_port {service.local_port} is below {LOCAL_PORT_MIN}"
        fix = f"Choose a port from {LOCAL_PORT_MIN} on."
        yield _wrong(role, service, "local-port", "local_port", message, fix)
    for name, known in (("tls", TLS), ("balance", BALANCES)):
        if (value := getattr(service, name)) not in known:
            yield _wrong(role, service, name, name, f"{value!r} is unknown", suggestion(value, known, ""))
    yield from _health_findings(role, service)


def _health_findings(role: Role, service: Service) -> Iterator[Finding]:
    if service.health and (not service.health.startswith(_PATH) or not _is_plain(service.health)):
        message = f"its health {service.health!r} is no path of a URL"
        fix = (
            "Begin it with a slash, and leave out blanks, quotes, backslashes, # and characters beyond ASCII."
        )
        yield _wrong(role, service, "health", "health", message, fix)
    if len(service.health) > HEALTH_MAX:
        message = f"its health has {len(service.health)} characters; {HEALTH_MAX} are the most"
        yield _wrong(role, service, "health", "health", message, "Choose a shorter path.")
    tls = service.location.write("tls", f'"{service.tls}"')
    has_no_proxy = service.tls in TLS and service.tls != "proxy"
    if service.health_port is not None and has_no_proxy:
        message = f"its health_port is on 127.0.0.1, and with {tls} clients check the application"
        yield _wrong(role, service, "health-port", "health_port", message, "Remove health_port.")
    if service.app_port is not None and has_no_proxy:
        message = f"with {tls} the application listens on tcp itself, not on an app_port"
        yield _wrong(role, service, "app-port", "app_port", message, "Remove app_port.")


def _is_plain(path: str) -> bool:
    """Return whether HAProxy reads a path as one word without quotes."""
    return path.isascii() and path.isprintable() and not set(path) & set(" \"'\\#{}$")


def _port_findings(role: Role) -> Iterator[Finding]:
    """Yield a finding for ports that two services of one role share, on their hosts' addresses or on
    127.0.0.1.
    """
    proxied = [service for service in role.offers if service.tls == "proxy"]
    for name, attribute, services in (("tcp", "tcp", role.offers), ("port_of_app", "app_port", proxied)):
        shared = repeated_names(str(getattr(service, name)) for service in services)
        for service in services:
            if str(port := getattr(service, name)) in shared:
                message = f"the role offers more than one service on its port {port} ({attribute})"
                yield _wrong(
                    role, service, "port-twice", attribute, message, "Give each service another port."
                )


def _flow_findings(flow: Flow, offered: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with a flow to a service. `offered`: service → role."""
    if flow.service not in offered:
        message, fix = f"no role offers a service {flow.service!r}", suggestion(flow.service, offered, "")
        yield _wrong_flow(flow, "unknown", message, fix or "Add it to the role that offers it.", "service")
        return
    for source in flow.sources:
        if source == offered[flow.service]:
            message = f"the role {source!r} calls its own service {flow.service!r}"
            fix = "Connect its hosts by a flow with to and tcp, or move the service to another role."
            yield _wrong_flow(flow, "own", message, fix, "sources")
        elif source == INTERNET or "/" in source:
            message = f"{source!r} has no host of this topology, and so no proxy that calls {flow.service!r}"
            fix = "Open the port by a flow with to and tcp, or name roles only."
            yield _wrong_flow(flow, "outside", message, fix, "sources")


def _wrong_flow(flow: Flow, rule: str, message: str, fix: str, attribute: str) -> Finding:
    location = flow.location.attributes.get(attribute, flow.location)
    return Finding(f"service/{rule}", message, fix, subject=flow_subject(flow), location=location)


def _client_findings(topology: Topology) -> Iterator[Finding]:
    """Yield a finding for ports of 127.0.0.1 that an application and the proxy of the same host would both
    use.
    """
    services = {service.name: service for _, service in topology.services}
    called: dict[str, set[str]] = {}
    for flow in topology.flows:
        for source in flow.sources if flow.service in services else ():
            called.setdefault(source, set()).add(flow.service)
    for role, own in topology.services:
        for name in sorted(called.get(role.name, ())):
            port = services[name].local_port
            if name != own.name and (attribute := _attribute_of(own, port)):
                what = "its application listens on" if attribute == "app_port" else "its health_port is on"
                message = f"{what} 127.0.0.1:{port}, where its hosts call {name!r}"
                fix = f"Give {name!r} another local_port, or this service another {attribute}."
                yield _wrong(role, own, attribute.replace("_", "-"), attribute, message, fix)


def _attribute_of(service: Service, port: int) -> str:
    """Return the attribute by which the application uses a port of 127.0.0.1; empty for none.

    With another `tls` than `proxy` the application listens on `tcp` of its host's address.
    """
    if service.tls != "proxy":
        return ""
    if port == service.port_of_app:
        return "app_port"
    return "health_port" if port == service.port_of_health else ""
