"""A service of a topology at work: real firewalls and proxies, in network namespaces of this machine.

    python examples/zones.py examples/payments.hcl production web1 payments

A host asks a service by a port of its own 127.0.0.1. Then its zone is cut off, the servers in it vanish, and
come back. It takes root, and the programs haproxy, nft, ip and socat. Nothing of it is left on the machine.
"""

import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from attrs import evolve

from portinfra import placed, render_hosts
from portinfra.declaration.load import load
from portinfra.testing.fabric import Fabric, wait_until, why_impossible


def main(file: str, name: str, client: str, service_name: str) -> None:
    if why := why_impossible():
        print(f"Not shown here: {why}.")
        return
    declared = load(Path(file))
    topology = declared.topologies[0]
    environment = next(each for each in declared.environments if each.name == name)
    here = evolve(environment, on="fake:us-east-1", account="")  # its addresses, in no cloud
    owner, service = next(pair for pair in topology.services if pair[1].name == service_name)
    placement, files = placed(topology, here), render_hosts(topology, here)
    roles = (client.rstrip("0123456789"), owner.name)

    with (
        tempfile.TemporaryDirectory(prefix="portinfra-zones-") as folder,
        Fabric(placement, files, Path(folder), roles=roles) as fabric,
    ):
        servers = [host for host in fabric.hosts if host.startswith(owner.name)]
        for host in fabric.hosts:
            fabric.load_firewall(host)
        for host in servers:
            fabric.start_application(host, service.port_of_app)
            fabric.start_proxy(host)
        fabric.start_proxy(client)
        zone = int(fabric.hosts[client].zone)
        own = {host for host in servers if fabric.hosts[host].zone == zone}
        others = {*servers} - own

        def answers() -> Counter[str]:
            return Counter(fabric.ask(client, service.local_port) for _ in range(12))

        def show(event: str, expected: set[str]) -> None:
            wait_until(lambda: answers().keys() == expected)
            by = ", ".join(f"{host} {count}" for host, count in sorted(answers().items()))
            print(f"{event:<44} {client} asks 127.0.0.1:{service.local_port}, answered by {by}")

        print(
            f"{len(fabric.hosts)} hosts in three zones, each with a firewall; HAProxy and TLS at both ends."
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


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C does: everything ends in order
    main(*sys.argv[1:])
