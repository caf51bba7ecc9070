"""A service of a topology in use: real firewalls and proxies, in network namespaces of this machine.

    python examples/zones.py examples/payments.hcl production web1 payments

A host calls a service by a local port. Then its zone is cut off, and the servers in the zone fail and come
back. It needs root, and the programs haproxy, nft, ip and socat. It leaves no process and no namespace.
"""

import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from attrs import evolve

from portinfra import Service, place, render_hosts
from portinfra.declaration.load import load
from portinfra.model.resources import Instance
from portinfra.testing.fabric import Fabric, wait_until, why_impossible


def main(file: str, name: str, client: str, service_name: str) -> None:
    declared = load(Path(file))
    topology = declared.topologies[0]
    here = evolve(declared.environment(name), on="fake:us-east-1", account="")  # its addresses, in no cloud
    owner, service = next(pair for pair in topology.services if pair[1].name == service_name)
    placement, files = place(topology, here), render_hosts(topology, here)
    hosts = {spec.name: spec for spec in placement.resources.values() if isinstance(spec, Instance)}
    role_of = {host: placement.roles[spec.address] for host, spec in hosts.items()}
    servers = [host for host in hosts if role_of[host] == owner.name]
    own = {host for host in servers if client in hosts and hosts[host].zone == hosts[client].zone}
    others = {*servers} - own
    calls = any(
        flow.service == service_name and role_of.get(client) in flow.sources for flow in topology.flows
    )
    if why := why_not_shown(client, service, calls=calls, own=own, others=others):
        print(f"Not shown here: {why}.")
        return

    with (
        tempfile.TemporaryDirectory(prefix="portinfra-zones-") as folder,
        Fabric(placement, files, Path(folder), roles=(role_of[client], owner.name)) as fabric,
    ):
        for host in fabric.hosts:
            fabric.load_firewall(host)
        for host in servers:
            for port in {service.port_of_app, service.port_of_health}:
                fabric.start_application(host, port)
        for host in {*servers, client}:
            fabric.start_proxy(host)
        zone = int(fabric.hosts[client].zone)

        def answers() -> Counter[str]:
            return Counter(fabric.ask(client, service.local_port) for _ in range(12))

        def show(event: str, expected: set[str]) -> None:
            wait_until(lambda: answers().keys() == expected)
            by = ", ".join(f"{host} {count}" for host, count in sorted(answers().items()))
            print(f"{event:<44} {client} asks 127.0.0.1:{service.local_port}, answered by {by}")

        count = len({host.zone for host in fabric.hosts.values()})
        print(
            f"{len(fabric.hosts)} hosts in {count} zones, each with a firewall; HAProxy and TLS at both ends."
        )
        show("All is well: its own zone answers.", own)
        fabric.cut_off(zone)
        show("Its zone is cut off, and goes on working.", own)
        fabric.cut_off(zone, cut=False)
        for host in own:
            fabric.detach(host)
        show("The servers of its zone vanish.", others)
        for host in own:
            fabric.detach(host, detached=False)
        show("They are back, and so are its requests.", own)


def why_not_shown(client: str, service: Service, *, calls: bool, own: set[str], others: set[str]) -> str:
    """Return why the failure of a zone cannot be shown for a client and a service; empty: it can."""
    if not calls:
        return f"no host {client} calls {service.name}"
    if service.tls != "proxy":
        return f"HAProxy of the servers does not end TLS for {service.name}"
    if not own or not others:
        return f"{service.name} needs a server in the zone of {client}, and one in another zone"
    return why_impossible()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C does: everything ends in order
    main(*sys.argv[1:])
