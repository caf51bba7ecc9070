"""A placed topology as tables: hosts, subnets, rules."""

from collections.abc import Iterable

from portinfra.hosts.inventory import list_hosts
from portinfra.misplaced_hosts import as_declared
from portinfra.model.placed import Placed
from portinfra.model.resources import Attachment, FirewallRules, Rule, Subnet, Volume
from portinfra.render.console.differences import peer, traffic
from portinfra.render.console.styled import Table, table
from portinfra.render.console.terminal import Console


def show_placed(placed: Placed, console: Console) -> None:
    """Print the resources of a topology. Zones are ordinals: `plan` binds them to names."""
    console.print(f"{placed.scope} on {placed.environment.on}, {placed.environment.cidr}")
    for shown in (_hosts(placed), _subnets(placed), _rules(placed)):
        console.print()
        console.print(shown)
    console.print()
    console.print("All other traffic is dropped.")
    console.print(as_declared(placed.scope))


def _hosts(placed: Placed) -> Table:
    shown = table("host", "zone", "address", "size", "image", "public", "volumes")
    volumes: dict[str, list[str]] = {}
    for spec in placed.resources.values():
        if isinstance(spec, Attachment) and spec.volume and spec.instance:
            volume = placed.resources[spec.volume]
            assert isinstance(volume, Volume)
            volumes.setdefault(spec.instance.name, []).append(f"{spec.device} {volume.gib} GiB")
    for host in list_hosts(placed):
        shown.add_row(
            host.name,
            *host.columns,
            "yes" if host.public else "",
            ", ".join(volumes.get(host.name, ())),
        )
    return shown


def _subnets(placed: Placed) -> Table:
    shown = table("subnet", "zone", "CIDR", "internet access")
    for spec in placed.resources.values():
        if isinstance(spec, Subnet):
            shown.add_row(spec.name, str(spec.zone), spec.cidr, "yes" if spec.public else "")
    return shown


def _rules(placed: Placed) -> Table:
    shown = table("role", "direction", "traffic", "peers")
    for spec in placed.resources.values():
        if isinstance(spec, FirewallRules):
            for direction, rules in (("in", spec.ingress), ("out", spec.egress)):
                for what, peers in _by_traffic(rules).items():
                    shown.add_row(spec.name, direction, what, ", ".join(peers))
    return shown


def _by_traffic(rules: Iterable[Rule]) -> dict[str, list[str]]:
    by_traffic: dict[str, list[str]] = {}
    for rule in rules:
        by_traffic.setdefault(traffic(rule), []).append(peer(rule))
    return by_traffic
