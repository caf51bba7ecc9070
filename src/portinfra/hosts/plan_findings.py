"""Findings of a plan about the files of hosts: errors, needs, files without room, and files that change."""

from collections.abc import Callable, Iterator

from portinfra.command_text import command
from portinfra.format import join_runs
from portinfra.hosts.boot_script import BootScript
from portinfra.hosts.findings import host_findings, need_findings
from portinfra.hosts.first_boot import boot_scripts
from portinfra.hosts.hosts_file import find_peers
from portinfra.model.finding import Finding, Severity
from portinfra.model.plan import Plan
from portinfra.model.resources import FirewallRules, Instance
from portinfra.provider.interface import ProviderPlugin

_NEXT = {
    "files": "Copy the files that differ to the hosts.",
    "puppet": "Commit what changed there, and deploy it with r10k.",
    "ansible": "Then run ansible-playbook there.",
}
"""What brings changed files to the hosts, by delivery. The command that renders has the same name."""


def plan_findings(plan: Plan, plugin: ProviderPlugin, authority: str = "") -> Iterator[Finding]:
    """Yield the findings of a plan whose topology has a delivery, and whose hosts trust this authority.

    If the plan has errors, its changes may be wrong, so only errors follow.
    """
    if not plan.placed.topology.delivery:
        return
    yield from host_findings(plan.placed)
    if plan.errors:
        return
    created = _hosts_to_create(plan)
    if created:
        yield from need_findings(plan.placed)
    yield from _without_room(plan, boot_scripts(plan.placed, plugin, authority), plugin.name, created)
    yield from _roles_with_changes(plan)


def _hosts_to_create(plan: Plan) -> list[Instance]:
    wanted = (plan.wanted.get(each.address) for each in plan.changes if each.action in ("create", "replace"))
    return [spec for spec in wanted if isinstance(spec, Instance)]


def _without_room(
    plan: Plan, script: Callable[[Instance], BootScript], provider: str, created: list[Instance]
) -> Iterator[Finding]:
    """Yield an error for each role whose new hosts have no room for the script.

    Yield a warning for each role whose new hosts do not have all files at first.
    """
    full: dict[str, str] = {}
    lacking: dict[str, dict[str, None]] = {}
    for host in created:
        role, made = plan.placed.roles[host.address], script(host)
        if not made.fits:
            full.setdefault(role, host.name)
        if made.left_out:
            lacking.setdefault(role, {}).update(dict.fromkeys(made.left_out))
    for role, name in full.items():
        yield Finding(
            "hosts/no-room",
            f"{name} cannot be created: its own user data and the script that writes its firewall are larger "
            f"than {provider} accepts",
            "Give the role less user data: put the rest into its image, or let the host fetch it.",
            subject=f"role.{role}",
            location=plan.placed.topology.role(role).location,
        )
    for role, missing in lacking.items():
        if role in full:
            continue
        yield Finding(
            "hosts/left-out",
            f"user data of {provider} has no room for all files; new hosts lack {', '.join(missing)}",
            "Copy the files to the hosts as soon as they run.",
            Severity.WARNING,
            subject=f"role.{role}",
            location=plan.placed.topology.role(role).location,
        )


def _roles_with_changes(plan: Plan) -> Iterator[Finding]:
    """Yield a note with the roles whose hosts stay, and whose files depend on a resource that changes.

    portinfra keeps no record of files. A repair of a change by hand changes no file, but looks the same here.
    """
    topology, environment = plan.placed.topology, plan.placed.environment.name
    rendering = command("hosts", topology.delivery, environment, "--into", "DIR")
    stay = plan.wanted.keys() - {each.address for each in plan.changes if each.action != "update"}
    inhabited = {plan.placed.roles[address] for address in stay if address.kind == Instance.kind}
    affected: set[str] = set()
    for change in plan.changes:
        role = plan.placed.roles.get(change.address, "")
        if change.address.kind == FirewallRules.kind:
            affected.add(role)
        elif change.address.kind == Instance.kind and change.action in ("create", "delete"):
            affected |= find_peers(topology, role or change.address.name.rstrip("0123456789"))
    names = [role.name for role in topology.roles if role.name in affected & inhabited]
    if names:
        yield Finding(
            "hosts/changed",
            f"files on existing hosts of {join_runs(names)} may differ from the declaration: firewall rules "
            "or hosts that they depend on change",
            f"After the apply, render them: {rendering}. {_NEXT[topology.delivery]}",
            Severity.NOTE,
            subject=f"topology.{topology.name}.delivery",
            location=topology.location,
        )
